from __future__ import annotations

import json
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("numpy")
pytest.importorskip("rensa")
pytest.importorskip("zstandard")

from anxin.config import parse
from anxin.corpus.dedup import Dedup, block, dedup, pairs
from anxin.corpus.files import DATA, DROPPED, Tally, read_records, shards
from anxin.errors import ConfigError, DataError

HAN = [chr(code) for code in range(0x4E00, 0x4E00 + 600)]


def words(seed: int, length: int = 300) -> str:
    return "".join(random.Random(seed).choices(HAN, k=length))


def changed(text: str, every: int, seed: int = 0) -> str:
    rng = random.Random(seed)
    letters = list(text)
    for place in range(every // 2, len(letters), every):
        letters[place] = rng.choice("甲乙丙丁")
    return "".join(letters)


def shard(path: Path, records: Iterable[Mapping[str, Any]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records), encoding="utf-8")
    return path


def said(id: str, text: str, source: str = "a", **more: Any) -> dict[str, Any]:
    return {"id": id, "source": source, "text": text, **more}


def records(place: Path) -> list[dict[str, Any]]:
    return [r for path in shards(place) for _, r in read_records(path) if isinstance(r, dict)]


def kept(out: Path) -> list[str]:
    return [record["id"] for record in records(out / DATA)]


def dropped(out: Path) -> dict[str, tuple[str, str]]:
    if not list((out / DROPPED).glob("*")):
        return {}
    return {r["id"]: (r["dropped"]["reason"], r["dropped"]["detail"]) for r in records(out / DROPPED)}


def contents(out: Path) -> dict[str, bytes]:
    return {str(path.relative_to(out)): path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file()}


def test_copies_across_shards_go_and_say_of_what(tmp_path: Path) -> None:
    text = words(1)
    one = shard(tmp_path / "one.jsonl", [said("1", text), said("2", words(2))])
    two = shard(tmp_path / "two.jsonl", [said("3", f" {text[:100]}，{text[100:]}！", "b"), said("4", words(4), "b")])

    tally = dedup([one, two], tmp_path / "out", Dedup())

    assert kept(tmp_path / "out") == ["1", "2", "4"]
    assert dropped(tmp_path / "out") == {"3": ("exact_duplicate", "of a/1")}
    assert (tally.read, tally.kept, dict(tally.dropped)) == (4, 3, {"exact_duplicate": 1})
    assert not (tmp_path / "out" / ".work").exists()


def test_a_dialogue_is_compared_by_what_both_sides_say(tmp_path: Path) -> None:
    turns = [{"role": "user", "content": words(1, 80)}, {"role": "assistant", "content": words(2, 80)}]
    other = [{"role": "user", "content": words(1, 80)}, {"role": "assistant", "content": words(3, 80)}]
    path = shard(
        tmp_path / "d.jsonl",
        [{"id": "1", "messages": turns}, {"id": "2", "messages": turns}, {"id": "3", "messages": other}],
    )

    dedup([path], tmp_path / "out", Dedup())

    assert kept(tmp_path / "out") == ["1", "3"]
    assert dropped(tmp_path / "out") == {"2": ("exact_duplicate", "of 1")}


def test_planted_near_duplicates_are_found_and_nothing_else(tmp_path: Path) -> None:
    originals = [said(f"o{n}", words(n)) for n in range(200)]
    again = [said(f"n{n}", changed(words(n), 100, n), "b") for n in range(200)]

    dedup([shard(tmp_path / "o.jsonl", originals), shard(tmp_path / "n.jsonl", again)], tmp_path / "out", Dedup())

    assert dropped(tmp_path / "out") == {f"n{n}": ("near_duplicate", f"of a/o{n}") for n in range(200)}


def test_half_the_same_is_not_a_duplicate(tmp_path: Path) -> None:
    texts = [words(0, 150) + words(n, 150) for n in range(1, 40)]
    path = shard(tmp_path / "d.jsonl", [said(str(n), text) for n, text in enumerate(texts)])

    dedup([path], tmp_path / "out", Dedup(cluster=0))

    assert len(kept(tmp_path / "out")) == 39


@pytest.mark.parametrize(
    ("options", "stays"),
    [
        (Dedup(), "1"),
        (Dedup(keep="longest"), "2"),
        (Dedup(keep="score"), "3"),
        (Dedup(keep="score", score="votes"), "1"),
        (Dedup(prefer=("c", "b")), "3"),
        (Dedup(prefer=("b",), keep="score"), "2"),
    ],
)
def test_the_better_one_stays(tmp_path: Path, options: Dedup, stays: str) -> None:
    text = words(1, 400)
    path = shard(
        tmp_path / "d.jsonl",
        [
            said("1", text, "a", score=-2),
            said("2", text + "再见", "b", score=1.5),
            said("3", changed(text, 300), "c", score=7),
        ],
    )

    dedup([path], tmp_path / "out", options)

    assert kept(tmp_path / "out") == [stays]
    assert {detail.rpartition("/")[2] for _, detail in dropped(tmp_path / "out").values()} == {stays}


def test_scores_are_in_order_and_none_is_lowest() -> None:
    scores: list[object] = [1e300, 3, 2.5, 0.0, -1, -1e300, None]
    places = [block._scored(score) for score in scores]
    assert places == sorted(places)
    assert len(set(places)) == len(places)
    assert block._scored(-0.0) == block._scored(0)
    assert block._scored(True) == block._scored("9") == block._scored(float("nan")) == block._scored(None)


def test_what_goes_is_alike_to_one_that_stays(tmp_path: Path) -> None:
    # Each link of the chain is alike to its neighbours, its ends are not alike to each other.
    chain = [words(1, 400)]
    for step in range(1, 12):
        letters = list(chain[-1])
        letters[(step - 1) * 30 : (step - 1) * 30 + 24] = words(1000 + step, 24)
        chain.append("".join(letters))
    path = shard(tmp_path / "d.jsonl", [said(str(n), text) for n, text in enumerate(chain)])

    dedup([path], tmp_path / "out", Dedup(similarity=0.7))

    def alike(one: str, other: str) -> float:
        left, right = ({text[n : n + 5] for n in range(len(text) - 4)} for text in (one, other))
        return len(left & right) / len(left | right)

    gone = dropped(tmp_path / "out")
    assert len(gone) >= 3
    assert "11" in kept(tmp_path / "out") or gone["11"][1] != "of a/0"
    for id, (_, detail) in gone.items():
        of = detail.rpartition("/")[2]
        assert of in kept(tmp_path / "out")
        assert alike(chain[int(id)], chain[int(of)]) > 0.55


def test_many_copies_of_a_form_leave_one(tmp_path: Path) -> None:
    form = words(5, 500)
    path = shard(tmp_path / "d.jsonl", [said(str(n), changed(form, 260, n) + HAN[n]) for n in range(300)])

    dedup([path], tmp_path / "out", Dedup())

    assert kept(tmp_path / "out") == ["0"]


def test_short_samples_are_duplicates_only_of_their_equals(tmp_path: Path) -> None:
    path = shard(
        tmp_path / "d.jsonl",
        [said(str(n), text) for n, text in enumerate(["好", "好。", "嗯", "……", "……", "？", "", "好的", "😀", "😀"])],
    )

    dedup([path], tmp_path / "out", Dedup())

    assert kept(tmp_path / "out") == ["0", "2", "3", "5", "6", "7", "8"]


def test_relatives_carry_the_same_cluster_others_none(tmp_path: Path) -> None:
    text = words(1, 300)
    relative = text[:240] + words(2, 60)
    path = shard(
        tmp_path / "d.jsonl",
        [said("z", text), said("m", relative), said("x", words(3)), said("copy", text, topic="kept")],
    )

    dedup([path], tmp_path / "out", Dedup())

    assert {r["id"]: r.get("cluster") for r in records(tmp_path / "out")} == {"z": "a/m", "m": "a/m", "x": None}
    dedup([path], tmp_path / "none", Dedup(cluster=0))
    assert all("cluster" not in record for record in records(tmp_path / "none"))


def test_names_that_collide_begin_with_the_place_of_their_input(tmp_path: Path) -> None:
    inputs = [
        shard(tmp_path / folder / name, [said(f"{folder}-{name}", words(seed))])
        for seed, (folder, name) in enumerate([("one", "part-0.jsonl"), ("two", "part-0.jsonl"), ("two", "x.jsonl")])
    ]

    dedup(inputs, tmp_path / "out", Dedup())

    assert [path.name for path in shards(tmp_path / "out")] == [
        "000-part-0.jsonl.zst",
        "001-part-0.jsonl.zst",
        "002-x.jsonl.zst",
    ]


def test_damage_is_counted_and_the_rest_is_read(tmp_path: Path) -> None:
    path = tmp_path / "d.jsonl"
    lines = [json.dumps(said(str(n), words(n // 2))) for n in range(4)]
    path.write_text("\n".join([lines[0], "{broken", lines[1], '{"id": "5"}', lines[2], lines[3]]) + "\n")

    tally = dedup([path], tmp_path / "out", Dedup())

    assert kept(tmp_path / "out") == ["0", "2"]
    assert tally.dropped["exact_duplicate"] == 2
    assert tally.read == 6
    assert sum(tally.dropped.values()) == 4


def test_empty_and_missing_inputs(tmp_path: Path) -> None:
    assert dedup([], tmp_path / "nothing", Dedup()) == Tally()
    empty = shard(tmp_path / "empty.jsonl", [])
    assert dedup([empty], tmp_path / "out", Dedup()).read == 0
    assert (tmp_path / "out" / DATA / "empty.jsonl.zst").is_file()
    with pytest.raises(DataError, match="does not exist"):
        dedup([tmp_path / "no.jsonl"], tmp_path / "out", Dedup())


def corpus(folder: Path) -> list[Path]:
    rng = random.Random(3)
    texts = [words(n, rng.randint(30, 400)) for n in range(240)]
    texts += [changed(text, 90, 1) for text in texts[:60]] + texts[60:90]
    texts += [text[:200] + words(9, 60) for text in texts[:9]]
    rng.shuffle(texts)
    return [
        shard(folder / f"s{place}.jsonl", [said(str(n), text) for n, text in enumerate(texts) if n % 4 == place])
        for place in range(4)
    ]


def test_the_result_does_not_hang_on_jobs_blocks_or_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inputs = corpus(tmp_path / "in")
    told: list[tuple[str, int, int]] = []
    one = dedup(inputs, tmp_path / "one", Dedup(), 1, lambda *step: told.append(step))
    two = dedup(inputs, tmp_path / "two", Dedup(), 2)
    monkeypatch.setattr(block, "_SAMPLES", 30)
    monkeypatch.setattr(block, "_CHARACTERS", 2000)
    monkeypatch.setattr(pairs, "_KEYS", 130)
    monkeypatch.setattr(pairs, "_COMPARED", 3)
    cut = dedup(inputs, tmp_path / "cut", Dedup())

    assert one == two == cut
    assert one.dropped["exact_duplicate"] >= 25
    assert one.dropped["near_duplicate"] >= 50
    assert contents(tmp_path / "one") == contents(tmp_path / "two") == contents(tmp_path / "cut")
    assert [phase for phase, done, of in told if done == of] == ["signatures", "pairs", "writing"]


def test_other_options_start_afresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inputs = corpus(tmp_path / "in")
    _killed(inputs, tmp_path / "out", monkeypatch, after=("pairs", 5), options=Dedup(keep="longest", similarity=0.99))
    dedup(inputs, tmp_path / "out", Dedup())
    dedup(inputs, tmp_path / "fresh", Dedup())
    assert contents(tmp_path / "out") == contents(tmp_path / "fresh")


@pytest.mark.parametrize("after", [("signatures", 1), ("signatures", 4), ("pairs", 1), ("pairs", 20), ("writing", 2)])
def test_interrupted_and_run_again_is_as_uninterrupted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: tuple[str, int]
) -> None:
    inputs = corpus(tmp_path / "in")
    _killed(inputs, tmp_path / "out", monkeypatch, after)
    again: list[tuple[str, int, int]] = []
    tally = dedup(inputs, tmp_path / "out", Dedup(), 1, lambda *step: again.append(step))
    assert tally == dedup(inputs, tmp_path / "whole", Dedup())
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


class _Stop(Exception):
    pass


def _killed(
    inputs: Sequence[Path],
    out: Path,
    monkeypatch: pytest.MonkeyPatch,
    after: tuple[str, int],
    options: Dedup | None = None,
) -> None:
    def report(phase: str, done: int, of: int) -> None:
        if (phase, done) == after:
            raise _Stop

    with pytest.raises(_Stop):
        dedup(inputs, out, options or Dedup(), 1, report)
    assert (out / ".work").is_dir()


_CHILD = """
import sys
from pathlib import Path
from anxin.corpus.dedup import Dedup, dedup
if __name__ == "__main__":
    dedup([Path(name) for name in sys.argv[2:]], Path(sys.argv[1]), Dedup(), 2)
"""


@pytest.mark.slow
def test_killed_at_any_moment_and_run_again_is_as_uninterrupted(tmp_path: Path) -> None:
    inputs = corpus(tmp_path / "in")
    script = tmp_path / "child.py"
    script.write_text(_CHILD)
    whole = dedup(inputs, tmp_path / "whole", Dedup())
    rng = random.Random(11)
    killed = 0
    for attempt in range(12):
        out = tmp_path / f"out{attempt}"
        child = subprocess.Popen([sys.executable, str(script), str(out), *map(str, inputs)], start_new_session=True)
        time.sleep(rng.uniform(0.3, 2.5))
        killed += child.poll() is None
        # Every other time the workers are left to find out by themselves that they are alone.
        (os.killpg if attempt % 2 else os.kill)(child.pid, signal.SIGKILL)
        child.wait()
        assert dedup(inputs, out, Dedup()) == whole
        assert contents(out) == contents(tmp_path / "whole")
    assert killed >= 3
    assert not multiprocessing.active_children()


def test_a_full_disk_is_one_clear_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inputs = corpus(tmp_path / "in")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("anxin.corpus.dedup.stage.save", full)
    with pytest.raises(DataError, match="No space left on device; make room and run again"):
        dedup(inputs, tmp_path / "out", Dedup())
    monkeypatch.undo()
    assert dedup(inputs, tmp_path / "out", Dedup()).kept > 200


def test_options_are_read_from_a_recipe_and_checked() -> None:
    table = {"keep": "longest", "prefer": ["own", "smilechat"], "similarity": 0.8, "cluster": 0}
    assert parse(Dedup, table) == Dedup(keep="longest", prefer=("own", "smilechat"), similarity=0.8, cluster=0)
    wrong: tuple[tuple[str, object], ...] = (("similarity", 0.0), ("similarity", 1.1), ("cluster", 0.9), ("ngram", 0))
    for key, value in (*wrong, ("bands", 0), ("keep", "x")):
        with pytest.raises(ConfigError, match=key):
            parse(Dedup, {key: value})
