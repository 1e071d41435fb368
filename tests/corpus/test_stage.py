"""Steps over shards: the same files whatever the processes and the interruptions."""

from __future__ import annotations

from pathlib import Path

import pytest

from anxin.corpus.files import Shard, Tally, read_samples, shards
from anxin.corpus.sample import Aside, Drop, Result, Sample
from anxin.corpus.stage import Steps, names, run_shard, run_steps, through
from anxin.errors import DataError


def even(sample: Sample) -> Result:
    return sample if int(sample.id) % 2 == 0 else Drop("odd")


def shout(sample: Sample) -> Result:
    return sample.rewritten(lambda text: text + "！")


def tens(sample: Sample) -> Result:
    return Aside("tens", sample) if int(sample.id) % 10 == 0 else sample


def breaks(sample: Sample) -> Result:
    raise KeyError(sample.id)


def refuses(sample: Sample) -> Result:
    raise DataError("the index is missing")


STEPS = Steps((("even", even), ("tens", tens), ("shout", shout)))


def quiet(what: str, done: int, of: int) -> None:
    pass


def _corpus(folder: Path, shards_: int = 5, each: int = 40) -> list[Path]:
    for number in range(shards_):
        with Shard(folder, f"s-{number}") as shard:
            for place in range(each):
                shard.put(Sample(str(number * each + place), document=f"第{place}篇"))
    return shards(folder)


def _contents(out: Path) -> dict[str, bytes]:
    found = out.rglob("*.zst")
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in found}


def test_each_result_goes_its_way(tmp_path: Path) -> None:
    tally = run_steps(_corpus(tmp_path / "in"), tmp_path / "out", STEPS, 1, quiet)
    assert tally == Tally(200, 80, 80, tally.dropped, tally.aside)
    assert tally.dropped == {"odd": 100} and tally.aside == {"tens": 20}
    first = next(iter(read_samples(tmp_path / "out" / "data" / "s-0.jsonl.zst")))
    assert first == Sample("2", document="第2篇！")


def test_two_processes_write_what_one_writes(tmp_path: Path) -> None:
    inputs = _corpus(tmp_path / "in")
    one = run_steps(inputs, tmp_path / "one", STEPS, 1, quiet)
    two = run_steps(inputs, tmp_path / "two", STEPS, 2, quiet)
    assert one == two and _contents(tmp_path / "one") == _contents(tmp_path / "two")


def test_a_shard_that_is_complete_is_not_read_again(tmp_path: Path) -> None:
    inputs = _corpus(tmp_path / "in", 2)
    before = run_shard(inputs[0], tmp_path / "out", "s-0", STEPS)
    inputs[0].write_bytes(b"")
    assert run_shard(inputs[0], tmp_path / "out", "s-0", STEPS) == before


def test_a_step_that_fails_lets_nothing_pass_unseen(tmp_path: Path) -> None:
    result = through(Sample("7", document="x"), (("breaks", breaks),))
    assert result == Drop("failed_breaks", "KeyError: '7'")


def test_a_mistake_of_the_user_stops_the_stage(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="index is missing"):
        run_steps(_corpus(tmp_path / "in"), tmp_path / "out", Steps((("refuses", refuses),)), 2, quiet)


def test_shards_of_one_name_are_told_apart() -> None:
    assert names([Path("a/x.jsonl"), Path("a/y.jsonl")]) == ["x", "y"]
    assert names([Path("a/x.jsonl"), Path("b/x.jsonl")]) == ["000-x", "001-x"]
