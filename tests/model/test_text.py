from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from anxin.dialogue import Message
from anxin.model.text import estimate, to_wire, whole


def test_surrogates_are_joined_or_replaced() -> None:
    assert whole("a\ud83d\ude00b") == "a😀b"
    assert whole("a\ud83db") == "a\ufffdb"


@given(st.text(st.characters(), max_size=20))
def test_whatever_is_sent_is_unicode(text: str) -> None:
    (wire,) = to_wire([Message("client", text)])
    wire["content"].encode()
    assert wire["role"] == "user"


@given(st.text(max_size=40))
def test_an_estimate_is_never_less_than_a_token_for_three_letters(text: str) -> None:
    assert estimate([Message("client", text)]) >= len(text) / 3


def test_an_estimate_by_its_rule() -> None:
    assert estimate([Message("client", "我好累"), Message("counsellor", "hello 😀")]) == (3 + 4) + (2 + 3 + 4)
