"""Mixing: the ratio comes out, the order is shuffled, and the seed decides both."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from anxin.corpus.files import Shard, read_samples, shards
from anxin.corpus.mix import Mix, Part, mix
from anxin.corpus.sample import Sample
from anxin.errors import ConfigError, DataError


def quiet(what: str, done: int, of: int) -> None:
    pass


def _part(folder: Path, source: str, count: int, length: int = 10) -> Path:
    with Shard(folder, source) as shard:
        for number in range(count):
            shard.put(Sample(str(number), document="字" * length, source=source))
    return folder / "data"


def _mixed(tmp_path: Path, options: Mix, name: str = "out") -> list[Sample]:
    folders = [tmp_path / part.of / "data" for part in options.parts]
    mix(folders, tmp_path / name, options, quiet)
    return [s for file in shards(tmp_path / name) for s in read_samples(file) if isinstance(s, Sample)]


def test_psylite_mixes_ten_to_three(tmp_path: Path) -> None:
    _part(tmp_path / "general", "general", 1000)
    _part(tmp_path / "psychology", "psychology", 900)
    options = Mix((Part("general", 10), Part("psychology", 3)))
    counts = Counter(sample.source for sample in _mixed(tmp_path, options))
    assert counts == {"general": 1000, "psychology": 300}


def test_a_small_part_is_repeated_as_often_as_allowed(tmp_path: Path) -> None:
    _part(tmp_path / "a", "a", 100)
    _part(tmp_path / "b", "b", 1000)
    mixed = _mixed(tmp_path, Mix((Part("a", 1, most=2.5), Part("b", 1))))
    assert Counter(sample.source for sample in mixed) == {"a": 250, "b": 250}
    ids = [sample.id for sample in mixed if sample.source == "a"]
    assert len(set(ids)) == 250 and sum("#" in id for id in ids) == 150


def test_a_size_that_is_asked_for_comes_out(tmp_path: Path) -> None:
    _part(tmp_path / "a", "a", 400)
    _part(tmp_path / "b", "b", 400)
    counts = Counter(sample.source for sample in _mixed(tmp_path, Mix((Part("a", 3), Part("b", 1)), samples=200)))
    assert counts == {"a": 150, "b": 50}
    with pytest.raises(ConfigError, match="do not hold 2000 samples"):
        _mixed(tmp_path, Mix((Part("a", 3), Part("b", 1)), samples=2000), "more")


def test_a_ratio_may_count_characters(tmp_path: Path) -> None:
    _part(tmp_path / "long", "long", 100, 100)
    _part(tmp_path / "short", "short", 2000, 10)
    mixed = _mixed(tmp_path, Mix((Part("long", 1), Part("short", 1)), unit="characters"))
    characters: Counter[str] = Counter()
    for sample in mixed:
        characters[sample.source] += len(sample.document)
    assert characters == {"long": 10_000, "short": 10_000}


def test_the_seed_decides_the_order_and_nothing_else_does(tmp_path: Path) -> None:
    _part(tmp_path / "a", "a", 300)
    options = Mix((Part("a", 1),))
    first = [sample.id for sample in _mixed(tmp_path, options, "first")]
    again = [sample.id for sample in _mixed(tmp_path, options, "again")]
    other = [sample.id for sample in _mixed(tmp_path, Mix((Part("a", 1),), seed=2), "other")]
    assert first == again != other
    assert sorted(first) == sorted(other) and first != sorted(first, key=int)


def test_an_order_in_several_buckets_is_still_one_shuffle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _part(tmp_path / "a", "a", 300)
    whole = [sample.id for sample in _mixed(tmp_path, Mix((Part("a", 1),)), "whole")]
    monkeypatch.setattr("anxin.corpus.mix._BUCKET", 50)
    pieces = [sample.id for sample in _mixed(tmp_path, Mix((Part("a", 1),)), "pieces")]
    assert len(shards(tmp_path / "pieces")) > 1 and pieces == whole


def test_a_part_that_is_empty_is_told(tmp_path: Path) -> None:
    _part(tmp_path / "a", "a", 3)
    with pytest.raises(DataError, match="no samples in a of nobody"):
        _mixed(tmp_path, Mix((Part("a", 1, sources=("nobody",)),)))
    with pytest.raises(ConfigError, match="ratio"):
        Mix((Part("a", 0),))
