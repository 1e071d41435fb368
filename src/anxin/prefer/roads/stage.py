"""How every road becomes a stage: input by input into parts, then all parts into the pairs for training and testing.

    data/train.jsonl.zst, data/test.jsonl.zst   pairs, as `anxin.prefer.table` reads and writes them
    dropped/<input>.jsonl.zst                   samples that gave no pair, with the reason
    dropped/pairs.jsonl.zst                     pairs left out of the whole: the same once more, or one too many
    manifest.json                               counts, reasons, length balance

An input that was done before a kill is not done again.
"""

from __future__ import annotations

import hashlib
import heapq
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from anxin.corpus.complete import Done, complete
from anxin.corpus.files import DATA, DROPPED, Damage, Tally
from anxin.corpus.manifest import file_facts, write_atomically
from anxin.corpus.sample import Drop, Sample, to_record
from anxin.corpus.stage import Report, finished, mark
from anxin.errors import ConfigError, DataError
from anxin.prefer.figures import summary
from anxin.prefer.length import Balance
from anxin.prefer.pair import Pair, pair_record
from anxin.prefer.roads.taking import Input, Licences
from anxin.prefer.table import Lines, read_pairs

__all__ = ["WORK", "Made", "Road", "Sorting", "licensed", "run_road", "split_of"]

WORK = ".work"
"""The folder of a stage's unfinished work; it goes when the stage is complete."""
_PAIRS = f"{DATA}/train.jsonl.zst", f"{DATA}/test.jsonl.zst"


@dataclass(frozen=True, slots=True)
class Made:
    """The pairs of one sample, and what became of the couples that are none of them, by reason."""

    pairs: tuple[Pair, ...]
    left: Counter[str]


Road = Callable[[Sample], Made | Drop]
"""Makes pairs of a sample: pure, the same for the same sample."""


@dataclass(frozen=True, slots=True)
class Sorting:
    """Where pairs go once all are known. `test_share` of the conversations, by a hash of their first words with `seed`,
    is for testing. `balance` thins training pairs until length tells nothing; `even` until there are as many of each
    kind in a language ("kinds"), or of each kind in every language ("both")."""

    test_share: float = 0.1
    balance: bool = False
    even: Literal["no", "kinds", "both"] = "no"
    seed: int = 1

    def __post_init__(self) -> None:
        if not 0 <= self.test_share <= 1:
            raise ConfigError("test_share must be from 0 to 1")


def run_road(
    name: str,
    table: Mapping[str, Any],
    inputs: Sequence[Input],
    files: Sequence[Path],
    out: Path,
    road: Road,
    sorting: Sorting,
    report: Report,
    *,
    counted: Callable[[Pair], Iterable[str]] = lambda pair: (),
    told: Callable[[], Mapping[str, Any]] = dict,
    private: bool = False,
) -> Done:
    """Do the stage `name` in `out` unless it is complete.

    `table` holds what decides the result, beside the content of `files`; `counted` names what a pair is counted under
    in the manifest, `told` what else that shall tell. `private` keeps what is left out from being written: only its
    number and reason are.
    """
    known: dict[str, Any] = {}

    def work() -> Tally:
        tally, couples = Tally(), Counter[str]()
        report(name, 0, len(inputs))
        for number, one in enumerate(inputs, start=1):
            done, left = _part(one, out, road, private)
            tally.add(done)
            couples.update(left)
            report(name, number, len(inputs))
        parts = [_part_file(out, one.name) for one in inputs]
        by, left_out = _sorted(parts, out, sorting, counted)
        known["couples"] = dict(couples.most_common())
        known["left_out"] = dict(left_out.most_common())
        known["by"] = dict(sorted(by.items()))
        known["report"] = summary([out / path for path in _PAIRS if (out / path).exists()])
        return tally

    whole = {"stage": name, **table, "sorting": asdict(sorting)}
    return complete(name, whole, file_facts(files), out, work, lambda: {**known, **told()})


def licensed(road: Road, accept: Collection[str]) -> Road:
    """The road for samples whose source may be trained on, or is named by `accept`; the others drop (`licence`)."""
    licences = Licences(accept)

    def each(sample: Sample) -> Made | Drop:
        why = licences.why_not(sample.source)
        return Drop("licence", why) if why else road(sample)

    return each


def _part(one: Input, out: Path, road: Road, private: bool) -> tuple[Tally, Counter[str]]:
    """One input's pairs, into a part of their own; what became of its samples and of the couples in them."""
    noted = out / WORK / f"{one.name}.couples"
    done = finished(out, one.name)
    if done is not None and noted.exists():
        return done, Counter(json.loads(noted.read_text(encoding="utf-8")))
    tally, couples, damaged = Tally(), Counter[str](), list[str]()
    with Lines(_part_file(out, one.name)) as part, Lines(out / DROPPED / f"{one.name}.jsonl.zst") as dropped:
        for sample in one.read():
            tally.read += 1
            if isinstance(sample, Damage):
                damaged.append(sample.where)
            if isinstance(sample, Damage):
                made: Made | Drop = Drop(sample.reason, sample.where)
            else:
                made = sample if isinstance(sample, Drop) else _made(sample, road)
            if isinstance(made, Made):
                couples.update(made.left)
                if not made.pairs:
                    made = Drop(made.left.most_common(1)[0][0] if made.left else "no_pair")
            if isinstance(made, Drop):
                tally.dropped[made.reason] += 1
                dropped.write(_left(sample, made, tally.read, private))
                continue
            tally.kept += 1
            couples["paired"] += len(made.pairs)
            for pair in made.pairs:
                part.write(pair_record(pair))
    write_atomically(noted, json.dumps(couples) + "\n")
    mark(out, one.name, tally, damaged[:20])
    return tally, couples


def _made(sample: Sample, road: Road) -> Made | Drop:
    """What the road makes of it; a fault in the road costs the sample, which then is not trained on."""
    try:
        return road(sample)
    except DataError as error:
        return Drop("unreadable", str(error))


def _left(sample: Sample | Damage | Drop, why: Drop, number: int, private: bool) -> dict[str, Any]:
    if private or isinstance(sample, Drop):
        return {"record": number, "dropped": {"reason": why.reason}}
    before = {"excerpt": sample.excerpt} if isinstance(sample, Damage) else to_record(sample)
    return {**before, "dropped": {"reason": why.reason, "detail": why.detail}}


def _part_file(out: Path, name: str) -> Path:
    return out / WORK / f"{name}.jsonl.zst"


def _sorted(
    parts: Sequence[Path], out: Path, sorting: Sorting, counted: Callable[[Pair], Iterable[str]]
) -> tuple[Counter[str], Counter[str]]:
    """Write the pairs of all parts to their splits; what the written ones are counted under, and how many were left
    out and why."""
    balance = Balance() if sorting.balance else None
    spare = _uneven(parts, sorting)
    if balance is not None:
        for pair, why in _distinct(parts, spare):
            if not why and split_of(pair, sorting) == "train":
                balance.add(pair)
    too_long = balance.left_out() if balance is not None else ()
    by, left = Counter[str](), Counter[str]()
    train, test = (out / path for path in _PAIRS)
    with Lines(train) as rows, Lines(test) as others, Lines(out / DROPPED / "pairs.jsonl.zst") as dropped:
        for pair, why in _distinct(parts, spare):
            split = split_of(pair, sorting)
            if not why and split == "train" and Balance.is_in(pair, too_long):
                why = "balance"
            if why:
                left[why] += 1
                dropped.write({**pair_record(pair), "dropped": {"reason": why}})
                continue
            by.update(counted(pair))
            (rows if split == "train" else others).write(pair_record(pair))
    if not sorting.test_share:
        test.unlink()
    return by, left


def _distinct(parts: Sequence[Path], spare: set[int]) -> Iterator[tuple[Pair, str]]:
    """Every pair of the parts, with why it is left out: it came before, or there are too many of its kind."""
    seen: set[int] = set()
    for path in parts:
        for pair in read_pairs(path):
            if isinstance(pair, Damage):
                raise DataError(f"{path} was written and cannot be read: {pair.where}; delete the folder and run again")
            place = _place(pair)
            why = "duplicate" if place in seen else "even" if place in spare else ""
            seen.add(place)
            yield pair, why


def _uneven(parts: Sequence[Path], sorting: Sorting) -> set[int]:
    """The places of the pairs by which some kinds outnumber the others."""
    if sorting.even == "no":
        return set()
    cells: dict[tuple[str, str], set[int]] = defaultdict(set)
    for pair, _ in _distinct(parts, set()):
        cells[str(pair.metadata.get("language", "")), str(pair.metadata.get("failure", ""))].add(_place(pair))
    spare: set[int] = set()
    for (language, _), places in cells.items():
        most = min(len(other) for (of, _), other in cells.items() if sorting.even == "both" or of == language)
        spare.update(heapq.nlargest(len(places) - most, places))
    return spare


def split_of(pair: Pair, sorting: Sorting) -> Literal["train", "test"]:
    """Pairs of one conversation are in one split: what stands at its beginning decides."""
    first = str(pair.metadata.get("conversation") or " ".join(pair.prompt.by("client")[0].text.split()))
    return "test" if _hash(f"{sorting.seed}\0{first}") < sorting.test_share * 2**64 else "train"


def _place(pair: Pair) -> int:
    words = "\0".join([*(message.text for message in pair.prompt), "", pair.chosen.text, pair.rejected.text])
    return _hash(words)


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:8])
