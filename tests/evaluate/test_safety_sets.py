"""Reading labelled sets: what is taken, what is refused and how it is said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from anxin.corpus import PSYSUICIDE
from anxin.errors import DataError
from anxin.evaluate.safety import Sets, bundled, read
from anxin.evaluate.safety.sets import Labelled


def lines(folder: Path, *records: Any) -> Path:
    path = folder / "mine.jsonl"
    written = [one if isinstance(one, str) else json.dumps(one, ensure_ascii=False) for one in records]
    path.write_text("\n".join(written) + "\n", encoding="utf-8")
    return path


def one(folder: Path, record: Any) -> Labelled:
    (found,) = read([lines(folder, record)]).sentences
    return found


def test_a_full_record(tmp_path: Path) -> None:
    found = one(
        tmp_path,
        {"id": "a", "lang": "zh-TW", "text": "再见了", "risk": 4, "subject": "self", "kind": "goodbye",
         "concerns": ["self_harm"], "register": "teen"},
    )  # fmt: skip
    assert (found.id, found.lang, found.level, found.positive) == ("a", "zh", 4, True)
    assert found.own and found.acute and found.register == "teen"


def test_the_least_that_is_needed(tmp_path: Path) -> None:
    found = one(tmp_path, {"text": "cannot sleep", "positive": False})
    assert (found.id, found.lang, found.level, found.positive, found.own) == ("mine:1", "en", None, False, False)
    assert one(tmp_path, {"text": "睡不着", "level": 1}).lang == "zh"


@pytest.mark.parametrize(
    ("label", "own", "acute"),
    [
        ({"risk": 2}, True, False),
        ({"risk": 4}, True, True),
        ({"risk": 4, "kind": "plan", "subject": "self"}, True, True),
        ({"risk": 3, "kind": "self_harm", "subject": "self"}, True, True),
        ({"risk": 3, "kind": "active", "subject": "self", "concerns": ["self_harm"]}, True, False),
        ({"risk": 2, "kind": "past", "subject": "past"}, True, False),
        ({"risk": 3, "kind": "other", "subject": "other", "concerns": ["self_harm"]}, False, False),
        ({"risk": 3, "kind": "abuse", "subject": "self", "concerns": ["abuse"]}, False, False),
        ({"risk": 5, "kind": "minor", "subject": "self", "concerns": ["minor", "self_harm"]}, True, False),
        ({"risk": 1, "kind": "denied", "subject": "self", "concerns": []}, False, False),
        ({"positive": True}, True, False),
    ],
)
def test_whose_danger_it_is(tmp_path: Path, label: dict[str, Any], own: bool, acute: bool) -> None:
    found = one(tmp_path, {"text": "x", **label})
    assert (found.own, found.acute) == (own, acute)


def test_messages_a_dialogue_and_a_reply(tmp_path: Path) -> None:
    talk = [
        {"role": "client", "text": "hi"},
        {"role": "counsellor", "text": "hello"},
        {"role": "user", "content": "bye"},
    ]
    sets = read([lines(
        tmp_path,
        {"messages": talk, "risk": 1},
        {"id": "d", "messages": talk, "risk": [0, 4], "kind": "sudden"},
        {"text": "do it tonight", "forbidden": True, "span": "do it"},
    )])  # fmt: skip
    assert sets.sentences[0].text == "bye" and sets.sentences[0].dialogue is not None
    assert sets.conversations[0].levels == (0, 4)
    assert sets.replies[0].forbidden and sets.replies[0].span == "do it"
    assert sets.sources[0].records == 3 and len(sets.sources[0].sha256) == 64


@pytest.mark.parametrize(
    ("record", "says"),
    [
        ("{oops", "not JSON"),
        ("[1]", "not a JSON object"),
        ({"risk": 1}, 'no "text"'),
        ({"text": "x"}, "no label"),
        ({"text": "x", "risk": 6}, "0 to 5"),
        ({"text": "x", "risk": True}, "0 to 5"),
        ({"text": "x", "risk": 1, "kind": 3}, '"kind" must be a string'),
        ({"text": "x", "risk": 1, "concerns": "self_harm"}, '"concerns" must be a list'),
        ({"text": "x", "labels": ["未知"]}, "PsySUICIDE"),
        ({"messages": [], "risk": 1}, "nothing the client said"),
        ({"messages": [{"role": "user", "content": "x"}], "risk": [1, 2]}, "2 levels for 1 message"),
        ({"messages": [{"role": "nobody", "content": "x"}], "risk": 1}, "role must be"),
        ({"text": "x", "forbidden": "yes"}, "forbidden"),
        ({"text": "x", "forbidden": True, "span": "y"}, "word for word"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, record: Any, says: str) -> None:
    path = lines(tmp_path, {"text": "fine", "risk": 0}, "", record)
    with pytest.raises(DataError, match=r"mine\.jsonl line 3: ") as caught:
        read([path])
    assert says in str(caught.value)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        read([tmp_path / "none.jsonl"])
    (tmp_path / "empty.jsonl").write_text("\n", encoding="utf-8")
    with pytest.raises(DataError, match="holds no records"):
        read([tmp_path / "empty.jsonl"])
    (tmp_path / "old.jsonl").write_bytes(b'{"text": "a", "risk": 0}\n\xff\n')
    with pytest.raises(DataError, match="line 2: not UTF-8"):
        read([tmp_path / "old.jsonl"])


def psysuicide(folder: Path, *labels: list[str]) -> Sets:
    path = folder / "valid.json"
    records = [{"idx": place, "text": "某句话", "labels": given} for place, given in enumerate(labels)]
    path.write_text(json.dumps(records, ensure_ascii=False), encoding="utf-8")
    return read([path])


def test_psysuicide_labels_are_read_by_the_gravest(tmp_path: Path) -> None:
    found = psysuicide(
        tmp_path,
        ["自伤行为", "自杀未遂"],
        ["主动自杀意图", "自伤行为"],
        ["用户攻击行为", "被动自杀意图"],
        ["与自杀/自伤/攻击行为无关"],
        ["关于自杀的探索"],
    ).sentences
    assert [(one.kind, one.level, one.positive) for one in found] == [
        ("attempt", 4, True),
        ("self_harm", 3, True),
        ("passive", 2, True),
        ("unrelated", 0, False),
        ("exploration", None, None),
    ]
    assert [one.acute for one in found] == [True, True, False, False, False]
    assert [one.own for one in found] == [True, True, True, False, False]


def test_psysuicide_has_eleven_labels_and_no_own_one_is_apart() -> None:
    assert len(PSYSUICIDE) == 11
    assert sum(level is None for _, level in PSYSUICIDE.values()) == 3


def test_a_json_file_that_is_no_list(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("{}", encoding="utf-8")
    with pytest.raises(DataError, match="not a list"):
        read([tmp_path / "x.json"])


def test_the_authored_development_half_can_be_read() -> None:
    sets = bundled("dev")
    assert {one.lang for one in sets.sentences} == {"zh", "en"}
    assert all(one.level is not None and one.kind for one in sets.sentences)
    assert len({one.id for one in sets.sentences}) == len(sets.sentences)
