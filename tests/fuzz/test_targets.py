"""A few hundred inputs through each target on every run of the tests, and the plain driver itself."""

from __future__ import annotations

from itertools import islice

import pytest

from tests.fuzz.mutate import drive, mutations, smallest
from tests.fuzz.seeds import seeds, words
from tests.fuzz.targets import TARGETS


@pytest.mark.parametrize("name", TARGETS)
def test_every_promise_holds_for_seeds_and_some_mutations_of_them(name: str) -> None:
    inputs = mutations(seeds()[-40:], words(), seed=17)
    ran, broken = drive(TARGETS[name], inputs, seconds=60, most=200)
    assert broken is None, (broken.fault, broken.data.hex())
    assert ran == 200


def test_a_broken_promise_is_found_and_made_small() -> None:
    def broken(data: bytes) -> None:
        assert b"\x00" not in data or b"\xff" not in data

    ran, found = drive(broken, mutations(seeds()[-40:], words(), seed=3), seconds=60)
    assert found is not None and ran > 1
    assert sorted(found.data) == [0, 255]
    assert found.fault.startswith("AssertionError")


def test_the_same_seed_gives_the_same_inputs() -> None:
    first, again, other = (list(islice(mutations(seeds(), words(), seed), len(seeds()) + 99)) for seed in (1, 1, 2))
    assert first == again != other
    assert first[: len(seeds())] == list(seeds())


def test_an_input_that_breaks_nothing_is_left_alone() -> None:
    assert smallest(lambda _: None, b"abc") == b"abc"
