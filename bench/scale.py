"""The same cleaning by processes, by datatrove's local executor and by a local Ray: seconds, and whether files differ.

    ANXIN_DATA=... python bench/scale.py [--megabytes 8] [--shards 16] [--workers 2] [--only processes,local,ray]

Takes the first megabytes of SmileChat, else makes up as many, cuts them into shards, and runs the stage `clean` over
them once by each, in a process of its own, so that starting is part of it. `wall` and `cpu` are seconds; the second is
of the process and all it starts, a Ray's own servers included, sampled ten times a second. Prints one line of JSON
each, and the ratio to the first.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import psutil

from anxin.corpus import Sample, read
from anxin.corpus.files import Shard, Tally, shards
from anxin.corpus.scale import Local, Ray
from anxin.corpus.stage import Processes, Steps, Workers, run_steps
from anxin.corpus.steps import step

EXECUTORS: dict[str, Callable[[int], Workers]] = {"processes": Processes, "local": Local, "ray": Ray}


def samples(data: Path) -> Iterator[Sample]:
    path = data / "smilechat" / "smilechat.jsonl.zst"
    if path.is_file():
        yield from read("dialogues", path)
        return
    chance = random.Random(1)
    words = ["清晨", "河边", "雨后", "旧书", "车站", "窗台", "邻居", "橘子", "操场", "月亮", "毛衣", "信件", "面馆"]
    for number in range(1 << 30):
        text = "，".join(f"那天他说起{chance.choice(words)}和{chance.choice(words)}" for _ in range(40))
        yield Sample(str(number), document=text + "。", source="made up")


def cut(data: Path, folder: Path, megabytes: float, pieces: int) -> tuple[int, float]:
    """Shards of about the same size; how many samples, and how many MB of UTF-8."""
    each, found, size, total = megabytes * 1e6 / pieces, samples(data), 0.0, 0
    for number in range(pieces):
        weight = 0.0
        with Shard(folder, f"s-{number:04}") as shard:
            while weight < each and (taken := list(islice(found, 1))):
                weight += len(taken[0].text.encode("utf-8", "replace"))
                shard.put(taken[0])
        size, total = size + weight, total + shard.tally.read
    return total, size / 1e6


def go(executor: str, workers: int, folder: Path, out: Path) -> Tally:
    steps = Steps((("clean", step("clean", {})),))
    return run_steps(shards(folder), out, steps, workers, lambda what, done, of: None, EXECUTORS[executor](workers))


def timed(executor: str, workers: int, folder: Path, out: Path) -> dict[str, object]:
    """One run in a process of its own; its CPU seconds and those of everything it starts, sampled while they live."""
    words = [sys.executable, __file__, "--one", executor, str(workers), str(folder), str(out)]
    began = time.monotonic()
    child = subprocess.Popen(words, start_new_session=True)
    seen: dict[int, float] = {}
    root = psutil.Process(child.pid)
    while child.poll() is None:
        for process in [root, *_below(root)]:
            try:
                times = process.cpu_times()
            except psutil.Error:
                continue
            seen[process.pid] = times.user + times.system
        time.sleep(0.1)
    if child.returncode:
        sys.exit(f"{executor} failed")
    wall = time.monotonic() - began
    files = sorted(path for path in out.rglob("*.zst"))
    names = [(path.relative_to(out).as_posix(), path.read_bytes()) for path in files]
    digest = hashlib.sha256(repr(names).encode()).hexdigest()[:12]
    return {"executor": executor, "wall": round(wall, 1), "cpu": round(sum(seen.values()), 1), "files": digest}


def _below(root: psutil.Process) -> list[psutil.Process]:
    try:
        return root.children(recursive=True)
    except psutil.Error:
        return []


def main() -> None:
    options = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    options.add_argument("--megabytes", type=float, default=8)
    options.add_argument("--shards", type=int, default=16)
    options.add_argument("--workers", type=int, default=2)
    options.add_argument("--only", default="processes,local,ray")
    asked = options.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        count, size = cut(Path(os.environ.get("ANXIN_DATA", ".")), folder / "in", asked.megabytes, asked.shards)
        print(json.dumps({"samples": count, "MB": round(size, 1), "shards": asked.shards, "workers": asked.workers}))
        rows = []
        for executor in asked.only.split(","):
            rows.append(timed(executor, asked.workers, folder / "in", folder / executor / "clean"))
            print(json.dumps(rows[-1]), flush=True)
        for row in rows[1:]:
            wall, cpu = (float(str(row[key])) / float(str(rows[0][key])) for key in ("wall", "cpu"))
            same = row["files"] == rows[0]["files"]
            print(
                f"{row['executor']}: {wall:.2f} of the wall time, {cpu:.2f} of the CPU time of {rows[0]['executor']},"
            )
            print(f"    {'the same files' if same else 'OTHER FILES'}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        go(sys.argv[2], int(sys.argv[3]), Path(sys.argv[4]), Path(sys.argv[5]))
    else:
        main()
