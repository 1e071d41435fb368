"""Files that are damaged, packed, long or in another encoding: one complaint for each fault, all else is read."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anxin.corpus.files import Damage
from anxin.corpus.sources import raw
from anxin.corpus.sources.encoding import guess
from anxin.errors import DataError

SIMPLIFIED = "我这几天睡得不好，总是在想工作上的事，也不知道能和谁说。"
TRADITIONAL = "我這幾天睡得不好，總是在想工作上的事，也不知道能和誰說。"


def reasons(found: list[tuple[int, Any]]) -> list[str]:
    return [value.reason for _, value in found if isinstance(value, Damage)]


@pytest.mark.parametrize(
    ("text", "encoding", "found"),
    [
        (SIMPLIFIED, "utf-8", "utf-8"),
        (SIMPLIFIED, "utf-8-sig", "utf-8-sig"),
        (SIMPLIFIED, "gb18030", "gb18030"),
        (TRADITIONAL, "big5", "big5"),
        (TRADITIONAL, "gb18030", "gb18030"),
        (SIMPLIFIED, "utf-16", "utf-16"),
        ("您好", "gb18030", "gb18030"),
        ("plain", "ascii", "utf-8"),
        ("It’s naïve, isn’t it? “Yes” — déjà vu", "cp1252", ""),
        ("Здравствуйте, как вы себя чувствуете сегодня?", "cp1251", ""),
    ],
)
def test_an_encoding_is_recognised_or_admitted_to_be_unknown(text: str, encoding: str, found: str) -> None:
    assert guess(text.encode(encoding)) == found


def test_an_encoding_is_recognised_although_a_letter_is_cut_or_damaged() -> None:
    assert guess(SIMPLIFIED.encode()[:-1]) == "utf-8"
    assert guess((SIMPLIFIED * 4).encode() + b"\xff") == "utf-8"
    assert guess((SIMPLIFIED * 4).encode("gb18030") + b"\xff\xff\n") == "gb18030"


def test_lines_in_another_encoding_cost_only_themselves(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(SIMPLIFIED.encode() * 3 + b"\n\xff\xfe\xfa\nlast")
    found = list(raw.lines(path))
    assert [value if isinstance(value, str) else value.reason for _, value in found] == [
        SIMPLIFIED * 3 + "\n",
        "wrong_encoding",
        "last",
    ]
    assert isinstance(found[1][1], Damage) and found[1][1].where == "a.txt line 2 is in another encoding"


def test_a_file_in_no_known_encoding_asks_for_it(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes("It’s déjà vu".encode("cp1252"))
    ((_, damage),) = raw.lines(path)
    assert isinstance(damage, Damage) and 'say which: encoding = "..."' in damage.where
    assert [text for _, text in raw.lines(path, "cp1252")] == ["It’s déjà vu"]
    with pytest.raises(DataError, match="klingon is no encoding"):
        list(raw.lines(path, "klingon"))


def test_a_line_of_100_megabytes_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    with path.open("wb") as file:
        file.write(b"first\n")
        for _ in range(100):
            file.write(b"x" * (1 << 20))
        file.write(b"\nlast\n")
    found = list(raw.lines(path))
    assert [text for _, text in found if isinstance(text, str)] == ["first\n", "last\n"]
    assert reasons(found) == ["too_long"] and found[1][1].where == "a.txt line 2 has 100 Mi characters"  # type: ignore[union-attr]


@pytest.mark.parametrize("cut", [1, 9, 40])
def test_a_packed_file_that_breaks_off_gives_what_was_whole(tmp_path: Path, cut: int) -> None:
    elements = [{"number": number, "text": SIMPLIFIED + chr(0x4E00 + number)} for number in range(400)]
    path = tmp_path / "a.json.gz"
    path.write_bytes(gzip.compress(json.dumps(elements).encode())[:-cut])
    found = list(raw.elements(path))
    assert reasons(found) == ["truncated"] and isinstance(found[-1][1], Damage)
    whole = [value for _, value in found[:-1]]
    assert whole == elements[: len(whole)] and len(whole) > (300 if cut < 40 else 200)


def test_a_broken_zst_file_gives_what_was_whole(tmp_path: Path) -> None:
    zstandard = pytest.importorskip("zstandard")
    rows = "id,text\n" + "".join(f"{number},{hash(str(number))}\n" for number in range(60_000))
    path = tmp_path / "a.csv.zst"
    packed = zstandard.compress(rows.encode())
    path.write_bytes(packed[: len(packed) // 2])
    found = list(raw.rows(path))
    assert "truncated" in reasons(found) and len(found) > 10_000
    assert found[0][1] == {"id": "0", "text": str(hash("0"))}


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)


@given(st.lists(values, max_size=8), st.booleans(), st.sampled_from([None, 2]), st.integers(1, 40))
@settings(deadline=None)
def test_a_json_list_is_read_as_json_reads_it(
    tmp_path_factory: pytest.TempPathFactory, elements: list[Any], ascii_only: bool, indent: int | None, piece: int
) -> None:
    path = tmp_path_factory.mktemp("json") / "a.json"
    path.write_text(json.dumps(elements, ensure_ascii=ascii_only, indent=indent), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(raw, "_CHUNK", piece)
        patch.setattr(raw, "_HEAD", 1)
        assert [value for _, value in raw.elements(path)] == elements


def test_a_bad_element_costs_only_itself(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b'[{"a": 1}, {"a": tru}, {"a": "\xff"}, [1, "]"], {"a": 2}]')
    found = list(raw.elements(path))
    assert [value for _, value in found if not isinstance(value, Damage)] == [{"a": 1}, [1, "]"], {"a": 2}]
    assert reasons(found) == ["not_json", "not_utf8"]
    assert [number for number, _ in found] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("inside", ['"%s"', '["%s"]', "[%s]"])
@pytest.mark.parametrize("length", [900, 1100, 5000])
@pytest.mark.parametrize("piece", [7, 64, 8192])
def test_an_element_that_is_too_long_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, inside: str, length: int, piece: int
) -> None:
    for name, value in (("LONGEST_LINE", 1000), ("_CHUNK", piece), ("_HEAD", piece)):
        monkeypatch.setattr(raw, name, value)
    long = ("1," * length)[: length - 1 + length % 2] if inside == "[%s]" else ('x\\"\\\\' * length)[: length // 5 * 5]
    path = tmp_path / "a.json"
    path.write_text("[1, " + inside % long.rstrip(",") + ', {"b": 2}]')
    found = list(raw.elements(path))
    assert found[0] == (1, 1) and found[-1] == (3, {"b": 2})
    assert reasons(found) == (["too_long"] if length > 1000 else [])


def test_a_list_that_breaks_off_gives_what_was_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('[{"a": 1}, {"a": 2}, {"a": ')
    found = list(raw.elements(path))
    assert [value for _, value in found[:2]] == [{"a": 1}, {"a": 2}] and reasons(found) == ["truncated"]


def test_what_is_no_list_is_said_to_be_none_or_read_by_lines(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('"words"')
    assert reasons(list(raw.elements(path))) == ["not_json"]
    path.write_text('{"a": 1}\n{"a": 2}\n')
    assert [value for _, value in raw.elements(path)] == [{"a": 1}, {"a": 2}]


def test_rows_of_a_wrong_length_cost_only_themselves(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('a,b\n1,"two\nlines"\n3\n4,5,6\n\n7,8\n')
    found = list(raw.rows(path, columns=("a",)))
    assert [row for _, row in found if isinstance(row, dict)] == [{"a": "1", "b": "two\nlines"}, {"a": "7", "b": "8"}]
    assert reasons(found) == ["ragged", "ragged"]
    with pytest.raises(DataError, match="has no column c; it has a, b"):
        list(raw.rows(path, columns=("c",)))


def test_a_damaged_row_does_not_hide_the_next(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    text = "a,b\n" + f"1,{SIMPLIFIED}\n" * 20
    path.write_bytes(text.encode() + b"2,\xff\xff\n3,ok\n")
    found = list(raw.rows(path))
    assert reasons(found) == ["wrong_encoding"] and {"a": "3", "b": "ok"} in [row for _, row in found]
