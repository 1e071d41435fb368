from __future__ import annotations

import pickle
from dataclasses import replace
from itertools import permutations
from pathlib import Path

import pytest

from anxin.config import parse
from anxin.corpus.review import Reviewed
from anxin.corpus.review.decision import Choice
from anxin.corpus.sample import Drop, Sample, from_record, to_record
from anxin.dialogue import Dialogue, Message
from anxin.errors import ConfigError

from .parts import decide, sample


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "decisions.jsonl"


def _reworded(what: Sample, text: str = "说说看，躺下以后是什么样的？") -> Sample:
    first, second = what.dialogue.messages
    return replace(what, dialogue=replace(what.dialogue, messages=(first, replace(second, text=text))))


def _voted(file: Path, *choices: Choice) -> Sample:
    what = sample("1")
    for number, choice in enumerate(choices):
        decide(
            file, f"r{number}", what, choice, why="harmful" if choice == "reject" else "",
            fixed=_reworded(what) if choice == "fix" else None,
        )  # fmt: skip
    return what


def test_accept_keeps_reject_drops_and_says_why(file: Path) -> None:
    good, bad = sample("good"), sample("bad")
    decide(file, "lin", good, "accept")
    decide(file, "lin", bad, "reject", why="poor_advice", note="劝人忍")
    step = Reviewed(str(file))
    assert step(good) is good
    assert step(bad) == Drop("rejected_by_review", "poor_advice: 劝人忍")


def test_a_fix_puts_its_words_in_place_and_keeps_all_else(file: Path) -> None:
    what = replace(sample("1"), metadata={"topic": "sleep"})
    thinking = Dialogue((Message("client", "你好"), Message("counsellor", "在。", "先接住")), "1")
    decide(file, "lin", what, "fix", fixed=replace(what, dialogue=thinking))
    made = Reviewed(str(file))(what)
    assert isinstance(made, Sample)
    assert made == replace(what, dialogue=thinking)
    assert Reviewed(str(file))(made) == made, "the step may be run again on its own result"


def test_a_document_is_fixed_too(file: Path) -> None:
    what = Sample("d", document="旧的", source="web")
    decide(file, "lin", what, "fix", fixed=replace(what, document="新的"))
    made = Reviewed(str(file))(what)
    assert isinstance(made, Sample) and made.document == "新的"


def test_the_last_decision_of_a_reviewer_holds_and_an_undone_one_is_none(file: Path) -> None:
    what = sample("1")
    decide(file, "lin", what, "reject", why="harmful")
    assert isinstance(Reviewed(str(file))(what), Drop)
    decide(file, "lin", what, "accept")
    assert Reviewed(str(file))(what) == what
    decide(file, "lin", what, "reject", why="harmful")
    decide(file, "lin", what, "undo")
    assert Reviewed(str(file), only_reviewed=True)(what) == Drop("not_reviewed")


@pytest.mark.parametrize(
    ("choices", "ties", "result"),
    [
        (("accept", "accept", "reject"), "drop", "keep"),
        (("accept", "reject", "reject"), "drop", "drop"),
        (("accept", "reject"), "drop", "drop"),
        (("accept", "reject"), "keep", "keep"),
        (("accept", "fix"), "drop", "fix"),
        (("accept", "accept", "fix"), "drop", "keep"),
        (("fix", "reject"), "drop", "drop"),
        (("fix", "reject"), "keep", "drop"),  # a fix alone brings nothing back
        (("fix", "fix", "reject"), "drop", "fix"),
        (("accept", "fix", "reject", "reject"), "keep", "drop"),
        (("unsure", "reject"), "keep", "drop"),
        (("unsure",), "drop", "keep"),
    ],
)
def test_the_majority_decides_whatever_the_order(
    tmp_path: Path, choices: tuple[Choice, ...], ties: str, result: str
) -> None:
    for number, order in enumerate(permutations(choices)):
        file = tmp_path / f"{number}.jsonl"
        what = _voted(file, *order)
        made = Reviewed(str(file), ties=ties)(what)  # type: ignore[arg-type]
        found = "drop" if isinstance(made, Drop) else "keep" if made == what else "fix"
        assert found == result, order


def test_of_several_fixes_the_wording_of_most_is_taken_else_the_latest(file: Path) -> None:
    what = sample("1")
    for reviewer, text in (("a", "一"), ("b", "二"), ("c", "一"), ("d", "三")):
        decide(file, reviewer, what, "fix", fixed=_reworded(what, text))
    assert Reviewed(str(file))(what) == _reworded(what, "一")
    decide(file, "b", what, "fix", fixed=_reworded(what, "三"))
    assert Reviewed(str(file))(what) == _reworded(what, "三")


def test_fewer_than_needed_are_none(file: Path) -> None:
    what = _voted(file, "reject", "unsure")
    assert Reviewed(str(file), needs=2)(what) == what
    assert Reviewed(str(file), needs=2, only_reviewed=True)(what) == Drop("not_reviewed")
    assert isinstance(Reviewed(str(file), needs=1)(what), Drop)


def test_words_that_have_changed_since_are_not_what_was_accepted(file: Path) -> None:
    accepted, rejected, fixed = sample("a"), sample("b"), sample("c")
    decide(file, "lin", accepted, "accept")
    decide(file, "lin", rejected, "reject", why="harmful")
    decide(file, "lin", fixed, "fix", fixed=_reworded(fixed))
    step = Reviewed(str(file), only_reviewed=True)
    assert step(_reworded(accepted, "别的话")) == Drop("not_reviewed")
    assert step(_reworded(rejected, "别的话")) == Drop("rejected_by_review", "in other words; harmful")
    made = step(_reworded(fixed, "别的话"))
    assert isinstance(made, Drop) and made.reason == "outdated_review"


def test_what_was_said_of_a_part_left_out_says_nothing_of_the_rest_that_was_kept(file: Path) -> None:
    whole = sample("1")
    left_out = replace(whole, dialogue=replace(whole.dialogue, messages=whole.dialogue.messages[:1]))
    decide(file, "lin", left_out, "reject", why="as_the_rule", where="dropped")
    assert Reviewed(str(file))(whole) == whole
    assert isinstance(Reviewed(str(file))(left_out), Drop)


def test_ids_of_different_sources_are_different_samples(file: Path) -> None:
    decide(file, "lin", sample("1", "books"), "reject", why="harmful")
    assert Reviewed(str(file))(sample("1", "forum")) == sample("1", "forum")


def test_it_holds_after_being_written_read_and_sent_to_another_process(file: Path) -> None:
    what = replace(sample("1"), metadata={"topic": "睡眠"})
    decide(file, "lin", what, "reject", why="harmful")
    step = pickle.loads(pickle.dumps(Reviewed(str(file.parent))))
    assert isinstance(step(from_record(to_record(what))), Drop)


def test_a_recipe_names_its_options(file: Path) -> None:
    decide(file, "lin", sample("1"), "accept")
    table = {"decisions": str(file), "needs": 2, "ties": "keep", "only_reviewed": True}
    assert parse(Reviewed, table) == Reviewed(str(file), 2, "keep", True)
    for wrong in ({"ties": "both"}, {"needs": 0}, {"need": 1}, {"decisions": 3}):
        with pytest.raises(ConfigError):
            parse(Reviewed, {"decisions": str(file)} | wrong)


def test_decisions_that_are_not_there_are_said_before_anything_runs(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="anxin corpus review makes them"):
        Reviewed(str(tmp_path))
