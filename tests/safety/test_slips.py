"""English slips and codes are read as the word; words that only look like slips stay."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anxin.safety import Risk, screen
from anxin.safety.normal import fold
from anxin.safety.slips import slipped, thrown_in


def _read(text: str) -> str:
    plain = fold(text).text
    for change in reversed(slipped(plain)):
        plain = plain[: change.start] + change.new + plain[change.end :]
    return plain


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("suicde", "suicide"),
        ("kil myself", "kill myself"),
        ("kill myslef", "kill myself"),
        ("took an overdsoe", "took an overdose"),
        ("wanna dei", "wanna die"),
        ("i want to hut myself", "i want to hurt"),
        ("hag myself", "hang myself"),
        ("gonna unlive myself", "gonna unalive myself"),
        ("i cu7 myself", "i cut myself"),
        ("relapsed on sh", "relapsed on self harm"),
        ("吃了一瓶💊", "吃了一瓶药"),
        ("took all the 💊💊", "took all the pills"),
        ("i want to 🪦", "i want to die"),
    ],
)
def test_what_is_meant(text: str, meant: str) -> None:
    assert _read(text) == meant


@pytest.mark.parametrize(
    "text",
    [
        "my dad and his cat",
        "a nice hat and a hug",
        "we live by the beach",
        "she is the bride",
        "the hut in the mountains",
        "they dye their hair",
        "table for 2, room 17",
    ],
)
def test_words_of_their_own_stay(text: str) -> None:
    assert _read(text) == fold(text).text


@pytest.mark.parametrize(
    "text",
    [
        "i want to🥺 kill myself",
        "want 唉 to kill myself",
        "我 just 想死",
        "k*i*l*l myself",
        "i want to d-i-e",
        "I wanna suicde",
    ],
)
def test_danger_is_heard_through(text: str) -> None:
    assert screen(text).risk >= Risk.T2


def test_evidence_is_what_the_client_wrote() -> None:
    text = "I’m going to kil myslef"
    assert any(text[found.start : found.end].endswith("kil myslef") for found in screen(text).evidence)


@given(
    st.lists(
        st.one_of(st.sampled_from(["kil", "suicde", " ", "💊", "just", "想", "唉", "7", "die"]), st.text(max_size=6))
    )
)
@settings(max_examples=300, deadline=None)
def test_changes_lie_in_the_text_in_order(pieces: list[str]) -> None:
    plain = fold("".join(pieces)).text
    end = 0
    for change in slipped(plain):
        assert end <= change.start < change.end <= len(plain)
        end = change.end
    assert all(0 <= start < stop <= len(plain) for start, stop in thrown_in(plain))
