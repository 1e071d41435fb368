"""Pages that say one thing about their bytes and are another."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anxin.corpus.crawl.encoding import decode, repaired

SIMPLE = "睡前半小时放下手机，听一会儿雨声，也许就不那么难受了。"
FULL = "睡前半小時放下手機，聽一會兒雨聲，也許就不那麼難受了。"
PAGE = '<html><head><meta charset="{}"></head><body>{}</body></html>'
LABELS = ("utf-8", "gb2312", "gbk", "big5", "iso-8859-1", "windows-1252", "no-such-thing", "")


@pytest.mark.parametrize(
    ("text", "true", "said"),
    [
        *((SIMPLE, true, said) for true, said in itertools.product(("utf-8", "gb18030"), LABELS)),
        *((FULL, true, said) for true, said in itertools.product(("utf-8", "big5", "gb18030"), LABELS)),
    ],
)
def test_chinese_is_read_whatever_the_page_says(text: str, true: str, said: str) -> None:
    body = PAGE.format(said, text).encode(true)
    for header in ("", f"text/html; charset={said}"):
        found, _ = decode(body, header)
        assert text in found


def test_western_pages_are_left_western() -> None:
    text = "“Déjà vu”, she said — the café’s naïve señor, über alles früh."
    for header in ("", "text/html; charset=iso-8859-1"):
        assert decode(PAGE.format("windows-1252", text).encode("cp1252"), header)[0].count(text) == 1


def test_what_gb2312_has_no_room_for_is_read_under_its_name() -> None:
    body = PAGE.format("gb2312", "心里堵得慌，囧，镕，㐂").encode("gb18030")
    assert "囧，镕，㐂" in decode(body, "text/html; charset=gb2312")[0]


def test_a_few_broken_characters_are_marked_and_a_broken_page_is_told() -> None:
    body = bytearray(PAGE.format("gbk", SIMPLE * 20).encode("gb18030"))
    body[-60] = 0xFF
    text, encoding = decode(bytes(body))
    assert encoding == "gb18030" and SIMPLE in text
    assert decode(bytes(range(128, 256)) * 40 + b"\xff\xff\x80" * 400)[1] == ""


@pytest.mark.parametrize("wrong", ["latin-1", "cp1252"])
def test_utf8_that_was_read_as_something_else_is_read_again(wrong: str) -> None:
    raw = SIMPLE.encode("utf-8")
    spoilt = raw.decode("latin-1") if wrong == "latin-1" else "".join(
        bytes([byte]).decode("cp1252", "ignore") or chr(byte) for byte in raw)  # fmt: skip
    page = f"好的一行，没有坏。\n{spoilt}\nplain"
    assert repaired(page) == f"好的一行，没有坏。\n{SIMPLE}\nplain"
    assert SIMPLE in decode(PAGE.format("utf-8", spoilt).encode("utf-8"))[0]


@pytest.mark.parametrize(
    "text", [SIMPLE, FULL, "Ã la carte", "naïve café – “ok”", "30 °C ± 2 µm ×3", "鎴愬", "€5 für Ä"]
)
def test_what_is_sound_is_left_alone(text: str) -> None:
    assert repaired(text) == text


def test_bom_and_override_come_first() -> None:
    assert decode("你好".encode("utf-8-sig")) == ("你好", "utf-8")
    assert decode("你好".encode("utf-16")) == ("你好", "utf-16")
    assert decode("ソフト".encode("cp932"), override="cp932") == ("ソフト", "cp932")


@given(st.binary(max_size=300), st.sampled_from(("", "text/html; charset=gbk", "text/html; charset=idna")))
def test_any_bytes_are_read(body: bytes, header: str) -> None:
    text, encoding = decode(body, header)
    assert isinstance(text, str) and isinstance(encoding, str)
