"""The streaming matcher knows where every live match began."""

from __future__ import annotations

import pytest

from anxin.safety.machine import build
from anxin.safety.pattern import nodes_of


def _run(sources: list[str], text: str) -> list[tuple[int, int, int]]:
    machine = build((nodes_of(source, {}), rule) for rule, source in enumerate(sources))
    live: dict[int, int] = {}
    found = []
    for place, char in enumerate(text):
        live = machine.advance(live, char, place, starts=True)
        found += [(machine.accepts[s], start, place) for s, start in live.items() if machine.accepts[s] >= 0]
    return found


def test_literals_choices_and_gaps() -> None:
    assert _run(["你(该|要)去死"], "好你该去死") == [(0, 1, 4)]
    assert _run(["药~2克"], "药一二克") == [(0, 0, 3)]
    assert _run(["药~2克"], "药一二三克") == []


def test_a_gap_ends_with_its_sentence() -> None:
    assert _run(["药~3克"], "药。三克") == []


def test_shared_beginnings_keep_their_own_rules() -> None:
    assert _run(["abc", "abd"], "abd") == [(1, 0, 2)]


def test_the_earliest_beginning_wins() -> None:
    assert _run(["a~3b"], "aab")[0] == (0, 0, 2)


@pytest.mark.parametrize("source", ["~3药", "(药)?"])
def test_phrases_that_would_match_everywhere_are_refused(source: str) -> None:
    with pytest.raises(ValueError, match="phrase"):
        build([(nodes_of(source, {}), 0)])
