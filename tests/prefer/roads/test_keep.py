"""What every pair must be."""

from __future__ import annotations

from dataclasses import replace

import pytest

from anxin.corpus.sample import Drop
from anxin.dialogue import Dialogue
from anxin.errors import ConfigError
from anxin.prefer import Pair, Side
from anxin.prefer.roads import Keep

GOOD = "That sounds exhausting. What weighs on you most right now?"
BAD = "Just stop thinking about it and get on with your day."


def pair(chosen: str = GOOD, rejected: str = BAD, prompt: str = "I can't sleep before exams.") -> Pair:
    return Pair("1", "1", Dialogue().says("client", prompt), Side(chosen), Side(rejected))


def why(pair: Pair, keep: Keep | None = None) -> str:
    found = (keep or Keep())(pair)
    return found.reason if isinstance(found, Drop) else "kept"


def test_a_good_pair_stays_and_its_language_is_noted() -> None:
    kept = Keep()(pair())
    assert isinstance(kept, Pair) and kept.metadata["language"] == "en"
    assert replace(kept, metadata={}) == pair()


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (pair(rejected=" \n"), "empty_reply"),
        (pair(rejected="..."), "empty_reply"),
        (pair(rejected=f"  {GOOD.upper()}!"), "same_reply"),
        (pair(rejected=GOOD.replace("right now", "just now")), "kept"),
        (pair(rejected=GOOD + " So?"), "alike"),
        (pair(rejected="你可以先休息一下，再慢慢想这件事。"), "language"),
        (pair(prompt="我考试前总是睡不着"), "language"),
        (pair(chosen="You can call me at 555-123-4567 any time you like."), "chosen_unsafe_contact"),
        (pair(chosen="I am a licensed therapist, so trust me on this one."), "chosen_unsafe_human"),
        (pair(rejected="I am a licensed therapist, so trust me on this one."), "kept"),
        (pair(prompt="I want to die, I can't do this any more."), "crisis"),
    ],
)  # fmt: skip
def test_each_filter_says_why(given: Pair, reason: str) -> None:
    assert why(given) == reason


def test_any_message_of_the_client_may_be_a_crisis() -> None:
    prompt = Dialogue().says("client", "I want to kill myself.").says("counsellor", "Are you safe?")
    assert why(replace(pair(), prompt=prompt.says("client", "What is the weather like?"))) == "crisis"


def test_options() -> None:
    assert why(pair(prompt="I want to die, I can't do this any more."), Keep(crisis=True)) == "kept"
    assert why(pair(), Keep(languages=("zh",))) == "language"
    assert why(pair(rejected="No. " * 60), Keep(ratio=2)) == "lengths_apart"
    assert why(pair(rejected="No way at all."), Keep(shortest=30)) == "too_short"
    assert why(pair(), Keep(longest=5)) == "too_long" == why(pair(), Keep(longest_prompt=3))
    assert why(pair(rejected=GOOD + " So?"), Keep(alike=1.0)) == "kept"
    assert why(pair(chosen="I am a licensed therapist, so trust me."), Keep(spare=("human",))) == "kept"


@pytest.mark.parametrize("wrong", [{"alike": 0.0}, {"ratio": 0.5}, {"shortest": 9, "longest": 3}])
def test_options_that_make_no_sense(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigError):
        Keep(**wrong)  # type: ignore[arg-type]
