"""Pairs by votes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from anxin.errors import ConfigError
from anxin.prefer.roads import Keep, Sorting, Votes, votes_stage
from anxin.prefer.roads.groups import Groups

from .parts import answer, everything, pairs, quiet, written

WARM = "That sounds heavy, and it makes sense that you are tired. What would a small first step look like"
COLD = "Everybody has worries like that, so try to keep yourself busy with something else for now"
ALL = Sorting(test_share=0)


def test_the_margin_decides_and_the_widest_come_first(tmp_path: Path) -> None:
    place = tmp_path / "in"
    written(place / "a.jsonl", answer("work", f"{WARM}?", 7, "1"), answer("home", f"{WARM}?", 2, "4"))
    written(
        place / "b.jsonl", answer("work", f"{COLD}.", 1, "2"), answer("work", f"{COLD}, maybe tomorrow.", 3, "3"),
        answer("home", f"{COLD}.", 0, "5"), answer("alone", f"{COLD}.", 9, "6"),
    )  # fmt: skip
    done = votes_stage(place, tmp_path / "out", Votes(margin=3), ALL, report=quiet)
    found = pairs(tmp_path / "out")
    assert [pair.id for pair in found] == ["forum/work#1-2", "forum/work#1-3"]
    assert found[0].chosen.text == f"{WARM}?" and found[0].metadata["votes"] == {"chosen": 7, "rejected": 1}
    assert found[0].prompt.messages[0].text == "I keep worrying about work, what can I do?"
    assert dict(done.tally.dropped) == {"too_close": 1, "one_answer": 1}
    assert done.manifest["couples"] == {"too_close": 2, "paired": 2}
    votes_stage(place, tmp_path / "one", Votes(margin=3, most=1), ALL, report=quiet)
    assert [pair.id for pair in pairs(tmp_path / "one")] == ["forum/work#1-2"]
    votes_stage(place, tmp_path / "times", Votes(margin=1, times=2.5), ALL, report=quiet)
    assert [pair.id for pair in pairs(tmp_path / "times")] == ["forum/work#1-2", "forum/work#3-2", "forum/home#4-5"]


def test_who_was_only_seen_more_often_is_not_better(tmp_path: Path) -> None:
    place = written(
        tmp_path / "in.jsonl",
        answer("work", f"{WARM}?", 6, "1", views=4000),
        answer("work", f"{COLD}.", 2, "2", views=100),
    )
    assert votes_stage(place, tmp_path / "a", report=quiet).tally.kept == 1
    assert dict(votes_stage(place, tmp_path / "b", Votes(by_views=True), report=quiet).tally.dropped) == {
        "only_seen_more": 1
    }


def test_answers_are_cleaned_and_names_are_the_same_in_all_of_them(tmp_path: Path) -> None:
    links = " Read www.some-page.org for more. Call my office today at 555-867-5309!"
    first = f"<p>Dear Margaret Hollis, {WARM}?</p>{links}"
    place = written(
        tmp_path / "in.jsonl", answer("work", first, 5, "1"), answer("work", f"Margaret Hollis, {COLD}.", 0, "2")
    )
    votes_stage(place, tmp_path / "out", Votes(), ALL, report=quiet)
    (pair,) = pairs(tmp_path / "out")
    text = everything(tmp_path / "out")
    assert not any(word in text for word in ("Hollis", "<p>", "some-page", "867-5309"))
    name = pair.rejected.text.partition(",")[0]
    assert len(name.split()) == 2 and name in pair.chosen.text and WARM in pair.chosen.text


def test_who_tells_of_a_life_of_their_own_is_not_chosen(tmp_path: Path) -> None:
    own = f"When I was going through my divorce I felt the same. {WARM}?"
    place = written(tmp_path / "in.jsonl", answer("work", own, 9, "1"), answer("work", f"{COLD}.", 0, "2"))
    assert dict(votes_stage(place, tmp_path / "out", report=quiet).tally.dropped) == {"chosen_discloses": 1}


def test_lengths_may_be_held_together(tmp_path: Path) -> None:
    place = written(tmp_path / "in.jsonl", answer("work", f"{WARM}? " * 4, 9, "1"), answer("work", f"{COLD}.", 0, "2"))
    how = Votes(keep=Keep(ratio=2))
    assert dict(votes_stage(place, tmp_path / "out", how, report=quiet).tally.dropped) == {"lengths_apart": 1}


def test_what_has_no_votes_is_said(tmp_path: Path) -> None:
    sample = answer("work", WARM, 1, "1")
    known = {key: value for key, value in sample.metadata.items() if key != "votes"}
    place = written(tmp_path / "in.jsonl", type(sample)("1", sample.dialogue, "", "forum", known))
    done = votes_stage(place, tmp_path / "out", report=quiet)
    assert dict(done.tally.dropped) == {"no_votes": 1} and "no votes" in done.damage[0]


@pytest.mark.parametrize("wrong", [{"margin": 0}, {"times": 0.5}, {"most": -1}])
def test_options_that_make_no_sense(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        Votes(**wrong)


def test_groups_come_back_in_the_order_of_their_first_record(tmp_path: Path) -> None:
    groups = Groups(tmp_path / "g.sqlite")
    for name, body in (("b", "1"), ("a", "2"), ("b", "3")):
        groups.add(name, body)
    groups.close()
    assert list(groups) == [("b", ["1", "3"]), ("a", ["2"])] == list(groups)
