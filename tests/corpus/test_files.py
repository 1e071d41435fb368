"""Samples in files: whole or not at all, and one bad record costs only itself."""

from __future__ import annotations

import errno
import gzip
import json
from pathlib import Path

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from anxin.corpus import files
from anxin.corpus.files import Damage, Shard, Tally, read_records, read_samples, shard_name, shards, to_line
from anxin.corpus.sample import Aside, Drop, Sample, from_record, to_record
from anxin.dialogue import Dialogue, Message
from anxin.errors import DataError


def _sample(id: str = "1", text: str = "你好") -> Sample:
    messages = (Message("client", text), Message("counsellor", "我在听。", "他刚开口，先听。"))
    return Sample(id, Dialogue(messages, id), "", "ours", {"votes": 3})


def _lines(path: Path, count: int) -> bytes:
    raw = b"".join(to_line(to_record(_sample(str(number)))) for number in range(count))
    path.write_bytes(raw)
    return raw


@given(st.text(), st.text(), st.text(), st.text(min_size=1))
def test_a_record_read_back_is_the_sample_written(client: str, reply: str, thought: str, id: str) -> None:
    dialogue = Dialogue((Message("client", client), Message("counsellor", reply, thought)), id)
    sample = Sample(id, dialogue, "", "ours", {"votes": 3})
    assert from_record(json.loads(to_line(to_record(sample)))) == sample


@given(st.text(min_size=1), st.characters(categories=["Cs"]))
def test_half_a_surrogate_pair_survives_a_file(text: str, half: str) -> None:
    sample = Sample("1", document=text + half)
    assert from_record(json.loads(to_line(to_record(sample)).decode())) == sample


@pytest.mark.parametrize("record", [{}, {"id": 1}, {"text": 3}, {"messages": "x"}, {"messages": [{"role": "nobody"}]}])
def test_what_is_no_sample_is_told(record: dict[str, object]) -> None:
    with pytest.raises(DataError):
        from_record(record)


def test_a_shard_puts_each_result_where_it_belongs(tmp_path: Path) -> None:
    kept, changed = _sample("1"), _sample("2")
    with Shard(tmp_path, "a") as shard:
        shard.put(kept, kept)
        shard.put(changed, changed.rewritten(lambda text: text + "！"))
        shard.put(_sample("3"), Drop("too_short", "2 characters"))
        shard.put(_sample("4"), Aside("crisis", _sample("4")))
        shard.put(Damage("not_json", "x.jsonl line 9", "{"))
    assert shard.tally.to_json() == {
        "read": 5,
        "kept": 2,
        "changed": 1,
        "dropped": {"too_short": 1, "not_json": 1},
        "aside": {"crisis": 1},
    }
    assert Tally.from_json(shard.tally.to_json()) == shard.tally
    (data,) = shards(tmp_path)
    assert [sample.id for sample in read_samples(data) if isinstance(sample, Sample)] == ["1", "2"]
    dropped = [record for _, record in read_records(tmp_path / "dropped" / "a.jsonl.zst")]
    assert dropped[0] == {**to_record(_sample("3")), "dropped": {"reason": "too_short", "detail": "2 characters"}}
    assert dropped[1] == {"reason": "not_json", "where": "x.jsonl line 9", "excerpt": "{"}
    assert [record for _, record in read_records(tmp_path / "crisis" / "a.jsonl.zst")] == [to_record(_sample("4"))]


def test_an_error_leaves_no_file_that_looks_complete(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), Shard(tmp_path, "a") as shard:
        shard.put(_sample())
        raise RuntimeError
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_full_disk_is_one_clear_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with (
        pytest.raises(DataError, match="No space left on device; make room and run again"),
        Shard(tmp_path, "a") as shard,
    ):
        shard._open["data"].write = full  # type: ignore[assignment]
        shard.put(_sample())
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
@pytest.mark.parametrize("keep", [0.2, 0.6, 0.99])
def test_of_a_packed_file_that_breaks_off_the_rest_is_read(tmp_path: Path, suffix: str, keep: float) -> None:
    raw = _lines(tmp_path / "whole.jsonl", 3000)
    packed = gzip.compress(raw) if suffix == ".gz" else zstandard.ZstdCompressor().compress(raw)
    path = tmp_path / f"broken.jsonl{suffix}"
    path.write_bytes(packed[: int(len(packed) * keep)])
    found = list(read_samples(path))
    assert isinstance(found[-1], Damage) and found[-1].reason in ("truncated", "not_json")
    assert any(isinstance(one, Damage) and one.reason == "truncated" for one in found)
    ids = [one.id for one in found if isinstance(one, Sample)]
    assert ids == [str(number) for number in range(len(ids))]
    whole = tmp_path / f"whole.jsonl{suffix}"
    whole.write_bytes(packed)
    assert [one for one in read_samples(whole) if isinstance(one, Damage)] == []


def test_several_zstandard_frames_are_one_file(tmp_path: Path) -> None:
    raw = _lines(tmp_path / "whole.jsonl", 10)
    path = tmp_path / "two.jsonl.zst"
    path.write_bytes(zstandard.ZstdCompressor().compress(raw) * 2)
    assert len(list(read_samples(path))) == 20


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"id": 1, "text": "\xc4\xe3\xba\xc3"}', "not_utf8"),
        (b'{"id": 1, "text"', "not_json"),
        (b"[1, 2]", "not_json"),
        (b"[" * 100_000, "not_json"),
        (b'{"id": 1}', "unreadable"),
    ],
)
def test_a_bad_line_costs_only_itself(tmp_path: Path, line: bytes, reason: str) -> None:
    path = tmp_path / "some.jsonl"
    good = to_line(to_record(_sample()))
    path.write_bytes(good + line + b"\n" + good)
    first, bad, last = read_samples(path)
    assert first == last == _sample()
    assert isinstance(bad, Damage) and bad.reason == reason and "some.jsonl" in bad.where and "2" in bad.where


def test_a_line_of_a_hundred_megabytes_is_read_past(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "LONGEST_LINE", 1 << 12)
    path = tmp_path / "some.jsonl"
    good = to_line(to_record(_sample()))
    path.write_bytes(good + b'{"text": "' + b"a" * (5 << 12) + b'"}\n' + good)
    first, bad, last = read_samples(path)
    assert first == last == _sample()
    assert isinstance(bad, Damage) and bad.reason == "too_long"


def test_parquet_is_read_by_rows_and_told_when_broken(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    path = tmp_path / "some.parquet"
    parquet.write_table(pyarrow.Table.from_pylist([{"id": "1", "text": "一"}, {"id": "2", "text": "二"}]), path)
    assert list(read_samples(path)) == [Sample("1", document="一"), Sample("2", document="二")]
    path.write_bytes(path.read_bytes()[:-20])
    (bad,) = read_samples(path)
    assert isinstance(bad, Damage) and bad.reason == "truncated"


def test_a_folder_without_data_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no"):
        shards(tmp_path)
    with pytest.raises(DataError, match="does not exist"):
        list(read_samples(tmp_path / "none.jsonl"))


@pytest.mark.parametrize(
    ("name", "shard"), [("a.jsonl.zst", "a"), ("a.b.jsonl", "a.b"), ("a.parquet", "a"), ("a.txt", "a")]
)
def test_the_name_of_a_shard(name: str, shard: str) -> None:
    assert shard_name(Path(name)) == shard
