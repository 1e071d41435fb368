from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from anxin.counsel.window import fit
from anxin.dialogue import Message, Role


def count(messages: Sequence[Message]) -> int:
    """A token a character and four for the frame."""
    return sum(len(message.text) + 4 for message in messages)


HEAD = (Message("system", "be kind"),)


def talk(*texts: str) -> list[Message]:
    roles: tuple[Role, Role] = ("client", "counsellor")
    return [Message(roles[place % 2], text) for place, text in enumerate(texts)]


def test_what_fits_is_left_alone() -> None:
    dialogue = talk("a", "b", "c")
    assert fit(HEAD, dialogue, 1000, count).messages == (*HEAD, *dialogue)


def test_the_middle_goes_first_and_is_counted() -> None:
    dialogue = talk("begin", *["m" * 20] * 7, "recent", "newest")
    dialogue = dialogue[:-1] if dialogue[-1].role == "counsellor" else dialogue
    window = fit(HEAD, dialogue, 90, count)
    assert window.messages[1].text == "begin"
    assert window.messages[-1] == dialogue[-1]
    assert window.dropped == len(dialogue) - (len(window.messages) - 1) > 0
    assert not window.shortened


def test_a_newest_message_too_long_loses_its_middle() -> None:
    window = fit(HEAD, talk("x" * 200 + "end"), 60, count)
    (newest,) = window.messages[1:]
    assert window.shortened and window.dropped == 0
    assert newest.text.startswith("xxx") and newest.text.endswith("end") and "[…]" in newest.text
    assert count(window.messages) <= 60


texts = st.lists(st.text(alphabet="好a🙂", max_size=60), min_size=1, max_size=15).filter(
    lambda many: len(many) % 2 == 1
)


@given(texts, st.integers(min_value=40, max_value=400))
def test_the_budget_holds_and_nothing_goes_unseen(spoken: list[str], budget: int) -> None:
    dialogue = talk(*spoken)
    window = fit(HEAD, dialogue, budget, count)
    kept = window.messages[1:]
    assert count(window.messages) <= budget
    assert window.messages[:1] == HEAD
    assert kept[0].role == "client"
    assert len(kept) + window.dropped == len(dialogue)
    assert window.shortened or kept[-1] == dialogue[-1]
