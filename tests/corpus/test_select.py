"""Choosing by hash: stable, in the shares asked for, near twins together."""

from __future__ import annotations

import pytest

from anxin.corpus.sample import Aside, Drop, Sample
from anxin.corpus.select import Only, Share, Split, Where, place
from anxin.dialogue import Dialogue
from anxin.errors import ConfigError

MANY = [Sample(str(number), document="x", source="a" if number % 4 else "b") for number in range(4000)]


def test_the_shares_of_a_split_come_out() -> None:
    results = [Split(test=0.1, valid=0.05)(sample) for sample in MANY]
    shards = [result.shard for result in results if isinstance(result, Aside)]
    assert 340 < shards.count("test") < 460 and 150 < shards.count("valid") < 250


def test_a_cluster_is_never_divided() -> None:
    split = Split(test=0.5, valid=0)
    sides = {isinstance(split(sample.noting(cluster="a/17")), Aside) for sample in MANY}
    assert len(sides) == 1
    assert {isinstance(split(sample), Aside) for sample in MANY} == {True, False}


def test_where_a_sample_stands_depends_on_nothing_but_itself() -> None:
    assert place(MANY[0], "split") == place(Sample("0", document="y", source="b"), "split") != place(MANY[0], "share")
    assert 0 <= min(place(sample, "x") for sample in MANY) < max(place(sample, "x") for sample in MANY) < 1


def test_a_share_of_one_source_leaves_the_others_alone() -> None:
    kept = [sample for sample in MANY if Share(of=0.5, sources=("b",))(sample) is sample]
    assert sum(sample.source == "a" for sample in kept) == 3000
    assert 420 < sum(sample.source == "b" for sample in kept) < 580


def test_only_some() -> None:
    dialogue = Sample("1", Dialogue().says("client", "你好"), source="a")
    assert Only(sources=("a",))(dialogue) is dialogue
    assert Only(sources=("b",))(dialogue) == Only(without=("a",))(dialogue) == Drop("other_source")
    assert Only(without=("b",))(dialogue) is dialogue
    assert Only(kind="document")(dialogue) == Drop("other_kind")
    assert Only(kind="dialogue")(dialogue) is dialogue


@pytest.mark.parametrize(
    ("known", "kept"),
    [
        ({"field": "coig/general", "score": 9}, True),
        ({"field": "general", "score": 9.5}, True),
        ({"field": "general", "score": 8}, False),
        ({"field": "general", "score": "9"}, False),
        ({"field": "maths", "score": 10}, False),
        ({"score": 10}, False),
        ({"field": "general"}, False),
    ],
)
def test_where_an_entry_is_as_wanted(known: dict[str, object], kept: bool) -> None:
    sample = MANY[0].noting(**known)
    results = [step(sample) for step in (Where("field", has=("general",)), Where("score", least=9))]
    assert all(result is sample for result in results) == kept
    assert Where("score", least=9, sources=("other",))(sample) is sample


@pytest.mark.parametrize("wrong", [{"test": 0.6, "valid": 0.6}, {"test": -0.1}])
def test_shares_that_cannot_be_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigError):
        Split(**wrong)  # type: ignore[arg-type]
    with pytest.raises(ConfigError):
        Share(of=1.5)
    with pytest.raises(ConfigError):
        Only(kind="song")
