"""What the steps of cleaning drop from SmileChat, how fast each is, and a sample of both sides to be read by a person.

    ANXIN_DATA=... python bench/clean.py [--limit N] [--every K] [--first I] [--sample 100 --seed 1 --out FOLDER]
    ANXIN_DATA=... python bench/clean.py --path FILE --reader NAME

Runs the chain `COUNSELLING` over the set, prints a row for each step (how many samples it saw, changed, dropped and set
aside, its speed in MB of UTF-8 a second on one core) and for each reason, then the peak memory of the process and one
line of JSON. `--sample` writes `drops.txt`, as many of each reason as of the others as far as they go, `keeps.txt`, and
`asides.txt`. Never write them into a repository: they hold the set's own text.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from anxin.config import parse
from anxin.corpus import Aside, Drop, Sample, Step, read
from anxin.corpus.clean import CLEANING, COUNSELLING

DATA = Path(os.environ.get("ANXIN_DATA", "."))
SMILECHAT = "smilechat/smilechat.jsonl.zst"


@dataclass
class Timed:
    """One step of the chain and what it did."""

    name: str
    step: Step
    seen: int = 0
    changed: int = 0
    bytes: int = 0
    seconds: float = 0.0
    left: Counter[str] = field(default_factory=Counter)


@dataclass
class Reservoir:
    """At most `size` of what is put, each with the same chance (Vitter 1985, algorithm R)."""

    size: int
    chance: random.Random
    kept: list[tuple[str, Sample]] = field(default_factory=list)
    put: int = 0

    def add(self, why: str, sample: Sample) -> None:
        self.put += 1
        if len(self.kept) < self.size:
            self.kept.append((why, sample))
        elif (place := self.chance.randrange(self.put)) < self.size:
            self.kept[place] = (why, sample)


def chain() -> list[Timed]:
    steps = []
    for name, options in COUNSELLING:
        found = CLEANING[name]
        made: Step = parse(found, options) if isinstance(found, type) else found
        steps.append(Timed(name, made))
    return steps


def clean(sample: Sample, steps: list[Timed]) -> Sample | Drop | Aside:
    weight = len(sample.text.encode("utf-8", "replace"))
    for timed in steps:
        began = time.process_time()
        result = timed.step(sample)
        timed.seconds += time.process_time() - began
        timed.seen += 1
        timed.bytes += weight
        if not isinstance(result, Sample):
            timed.left[result.reason if isinstance(result, Drop) else f"aside: {result.shard}"] += 1
            return result
        timed.changed += result != sample
        sample = result
    return sample


def source(path: Path, reader: str, first: int, every: int, limit: int) -> Iterator[Sample]:
    for number, sample in enumerate(read(reader, path)):
        if limit and number >= first + limit * every:
            return
        if number % every == first:
            yield sample


def shown(why: str, sample: Sample) -> str:
    lines = [f"{message.role[:2]}: {message.text}" for message in sample.dialogue] or [sample.document]
    return "\n".join([f"### {sample.id} {why}", *lines, ""])


def spread(found: dict[str, Reservoir], wanted: int) -> list[tuple[str, Sample]]:
    """As many of each reason as of the others, those that have fewer all."""
    piles = [list(pile.kept) for _, pile in sorted(found.items())]
    chosen: list[list[tuple[str, Sample]]] = [[] for _ in piles]
    while sum(map(len, chosen)) < wanted and any(piles):
        for pile, into in zip(piles, chosen, strict=True):
            if pile and sum(map(len, chosen)) < wanted:
                into.append(pile.pop())
    return [pair for into in chosen for pair in into]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    options.add_argument("--path", type=Path, default=DATA / SMILECHAT)
    options.add_argument("--reader", default="dialogues")
    options.add_argument("--limit", type=int, default=0, help="samples read; 0 for all")
    options.add_argument("--every", type=int, default=1, help="take one in so many")
    options.add_argument("--first", type=int, default=0, help="the place of the first one taken")
    options.add_argument("--sample", type=int, default=0, help="so many drops and keeps are written to --out")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--out", type=Path)
    asked = options.parse_args()
    if asked.sample and asked.out is None:
        options.error("--sample needs --out FOLDER, outside the repository")
    steps, total, kept = chain(), 0, 0
    chance = random.Random(asked.seed)
    drops: dict[str, Reservoir] = {}
    asides = Reservoir(asked.sample, chance)
    keeps = Reservoir(asked.sample, chance)
    began = time.monotonic()
    for sample in source(asked.path, asked.reader, asked.first, asked.every, asked.limit):
        total += 1
        result = clean(sample, steps)
        if isinstance(result, Drop):
            pile = drops.setdefault(result.reason, Reservoir(asked.sample, chance))
            pile.add(f"{result.reason}: {result.detail}", sample)
        elif isinstance(result, Aside):
            asides.add(json.dumps(result.sample.metadata.get("crisis"), ensure_ascii=False), sample)
        else:
            kept += 1
            keeps.add("kept", result)
        if total % 5000 == 0:
            print(f"{total} read, {kept} kept, {time.monotonic() - began:.0f} s", file=sys.stderr)
    report(steps, total, kept, time.monotonic() - began)
    if asked.sample:
        asked.out.mkdir(parents=True, exist_ok=True)
        for name, found in (("drops", spread(drops, asked.sample)), ("keeps", keeps.kept), ("asides", asides.kept)):
            (asked.out / f"{name}.txt").write_text("\n".join(shown(*pair) for pair in found), encoding="utf-8")


def report(steps: list[Timed], total: int, kept: int, seconds: float) -> None:
    print(f"{'step':<20}{'seen':>8}{'changed':>9}{'left':>8}{'MB/s':>9}  reasons")
    for timed in steps:
        speed = timed.bytes / 1e6 / timed.seconds if timed.seconds else 0.0
        reasons = ", ".join(f"{reason} {count}" for reason, count in timed.left.most_common())
        left = timed.left.total()
        print(f"{timed.name:<20}{timed.seen:>8}{timed.changed:>9}{left:>8}{speed:>9.1f}  {reasons}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    work = sum(timed.seconds for timed in steps)
    whole = steps[0].bytes / 1e6
    print(f"{total} read, {kept} kept ({kept / max(1, total):.1%}); {whole:.1f} MB in {work:.0f} s of steps: ", end="")
    print(f"{whole / max(work, 1e-9):.2f} MB/s a core; {seconds:.0f} s in all; peak memory {peak:.0f} MiB")
    gone = Counter[str]()
    for timed in steps:
        gone.update(timed.left)
    print(json.dumps({"read": total, "kept": kept, "left": dict(gone.most_common())}, ensure_ascii=False))


if __name__ == "__main__":
    main()
