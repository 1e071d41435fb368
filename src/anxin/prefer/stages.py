"""The three stages: generate, score, pair. Folder in, folder out; killed and begun again, the same files.

A stage's folder holds `data/`, `dropped/` with what was left out and why, and, once it is complete, `manifest.json`. A
stage whose inputs and options are those of its manifest is not done again. Answers are kept in the cache, so that a
stage that is done again asks only what was not answered.
"""

from __future__ import annotations

import asyncio
import hashlib
import shutil
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final

from anxin.corpus.files import DATA, DROPPED, Damage, Shard, Tally, read_samples, shards
from anxin.corpus.manifest import MANIFEST, File, digest, file_facts, read_manifest, write_atomically, write_manifest
from anxin.corpus.sample import Drop, Sample, to_record
from anxin.corpus.stage import DONE, Report, finished, mark, names
from anxin.errors import ConfigError, DataError
from anxin.prefer.agreement import Agreement, Directions
from anxin.prefer.asking import Asking
from anxin.prefer.candidate import candidates_of, item_of, with_candidates
from anxin.prefer.generate import Answering, Voice, answered
from anxin.prefer.length import Balance, Lengths
from anxin.prefer.pair import pair_record
from anxin.prefer.pairing import Pairing, pairs_of
from anxin.prefer.prompts import words_digest
from anxin.prefer.rating import Rating, read_ratings
from anxin.prefer.score import Judge, scored
from anxin.prefer.statement import Statements, same_words
from anxin.prefer.table import Lines, read_pairs

__all__ = ["BATCH", "pair_stage", "reply_stage", "score_stage", "summary"]

BATCH: Final = 64
"""Statements asked about before any of them is written: what memory holds of a corpus."""
_RECIPE: Final = "recipe"
_SHOWN: Final = 20  # places that could not be read, named in a manifest
_SPLITS: Final = ("train", "test")


def reply_stage(
    inputs: Sequence[Path],
    out: Path,
    speaking: Sequence[Voice],
    *,
    statements: Statements = Statements(),  # noqa: B008 - frozen
    answering: Answering = Answering(),  # noqa: B008 - frozen
    limit: int = 0,
    asking: Asking,
    report: Report,
    again: bool = False,
) -> dict[str, Any]:
    """Ask every voice for a reply to every statement at `inputs` (files or folders of samples); the manifest.

    `limit` ends it after so many statements (0: all). `again` does a complete stage with failures once more.
    """
    if not speaking:
        raise ConfigError("no model is named to answer; give --model")
    paths = _files(inputs)
    table = {
        "stage": "generate",
        "words": words_digest(),
        "speaking": [voice.name for voice in speaking],
        "statements": asdict(statements),
        "answering": asdict(answering),
        "limit": limit,
    }
    return asyncio.run(_generate(paths, out, table, speaking, statements, answering, limit, asking, report, again))


async def _generate(
    paths: Sequence[Path],
    out: Path,
    table: Mapping[str, Any],
    speaking: Sequence[Voice],
    statements: Statements,
    answering: Answering,
    limit: int,
    asking: Asking,
    report: Report,
    again: bool,
) -> dict[str, Any]:
    seen: set[bytes] = set()
    items: set[bytes] = set()

    def first(sample: Sample) -> Sample | Drop:
        if limit and len(seen) >= limit:
            return Drop("past_limit")
        made = statements(sample)
        if isinstance(made, Drop):
            return made
        words, known = same_words(made, seen)
        if known:
            return Drop("same_statement")
        seen.add(words)
        # Files without ids number their records alike; ratings and pairs need one name for one statement.
        name = hashlib.blake2b(item_of(made).encode("utf-8", "surrogatepass"), digest_size=8).digest()
        if name in items:
            made = replace(made, id=f"{made.id}-{words.hex()[:8]}")
        items.add(name)
        return made

    async def then(batch: Sequence[Sample]) -> Sequence[Sample | Drop]:
        return await answered(batch, speaking, answering, asking)

    async def close() -> None:
        for model in {id(voice.model): voice.model for voice in speaking}.values():
            await model.close()

    return await _stage(paths, out, table, first, then, close, _told_of_candidates, asking, report, again)


def score_stage(
    inputs: Sequence[Path],
    out: Path,
    judges: Sequence[Judge],
    *,
    ratings: Sequence[Path] = (),
    asking: Asking,
    report: Report,
    again: bool = False,
) -> dict[str, Any]:
    """Have every judge score every candidate at `inputs`, add the ratings that people gave (files of JSON lines); the
    manifest."""
    if not judges and not ratings:
        raise ConfigError("nobody is named to score; give --judge or --ratings")
    paths = _files(inputs)
    how = asdict(judges[0].how) if judges else {}
    named = [judge.name for judge in judges]
    table = {"stage": "score", "words": words_digest(), "judges": named, "judging": how}
    people: dict[tuple[str, str], list[Rating]] = defaultdict(list)
    unread: list[str] = []
    for rating in read_ratings(ratings):
        if isinstance(rating, Damage):
            unread.append(rating.where)
        else:
            people[rating.item, rating.reply].append(rating)
    return asyncio.run(_score(paths, out, table, judges, ratings, people, unread, asking, report, again))


async def _score(
    paths: Sequence[Path],
    out: Path,
    table: Mapping[str, Any],
    judges: Sequence[Judge],
    files: Sequence[Path],
    people: Mapping[tuple[str, str], Sequence[Rating]],
    unread: Sequence[str],
    asking: Asking,
    report: Report,
    again: bool,
) -> dict[str, Any]:
    def first(sample: Sample) -> Sample | Drop:
        try:
            return sample if candidates_of(sample) else Drop("no_candidates")
        except DataError as error:
            return Drop("unreadable", str(error))

    async def then(batch: Sequence[Sample]) -> Sequence[Sample]:
        rated = await scored(batch, judges, asking) if judges else batch
        return [
            with_candidates(
                sample, [one.rated(people.get((item_of(sample), one.id), ())) for one in candidates_of(sample)]
            )
            for sample in rated
        ]

    async def close() -> None:
        for judge in judges:
            await judge.model.close()

    def told(folder: Path) -> dict[str, Any]:
        body = _told_of_scores(folder)
        if files:
            by_people = {rating.rater for given in people.values() for rating in given}
            matched = sum(body["agreement"]["raters"].get(rater, {}).get("ratings", 0) for rater in by_people)
            known = sum(len({rating.rater for rating in given}) for given in people.values())
            body["people"] = {"matched": matched, "of": known, "unread": list(unread[:_SHOWN])}
        return body

    return await _stage(paths, out, table, first, then, close, told, asking, report, again, files)


def pair_stage(inputs: Sequence[Path], out: Path, how: Pairing, *, report: Report) -> dict[str, Any]:
    """Pairs of the scored replies at `inputs`: `data/train.jsonl.zst`, `data/test.jsonl.zst`; the manifest, in which
    `report` is what `anxin prefer report` shows."""
    paths = _files(inputs)
    table = {"stage": "pair", **asdict(how)}
    inputs_known = file_facts(paths)
    if (complete := _begun(out, table, inputs_known, again=False)) is not None:
        return complete
    began = time.monotonic()
    tally, couples, balance = Tally(), Counter[str](), Balance()
    data = {name: out / DATA / f"{name}.jsonl.zst" for name in _SPLITS}
    unbalanced = out / DONE / "train.jsonl.zst"
    report("pair", 0, len(paths))
    with (
        Lines(unbalanced if how.balance else data["train"]) as train,
        Lines(data["test"]) as test,
        Lines(out / DROPPED / "statements.jsonl.zst") as dropped,
    ):
        for number, path in enumerate(paths, start=1):
            for sample in read_samples(path):
                tally.read += 1
                made: Any
                if isinstance(sample, Damage):
                    tally.dropped[sample.reason] += 1
                    dropped.write({"reason": sample.reason, "where": sample.where, "excerpt": sample.excerpt})
                    continue
                try:
                    made = pairs_of(sample, how)
                except DataError as error:
                    made = Drop("unreadable", str(error))
                if isinstance(made, Drop):
                    tally.dropped[made.reason] += 1
                    dropped.write({**to_record(sample), "dropped": {"reason": made.reason, "detail": made.detail}})
                    continue
                tally.kept += 1
                couples.update(made.counts)
                for one in made.pairs:
                    (train if made.split == "train" else test).write(pair_record(one))
                    if made.split == "train" and how.balance:
                        balance.add(one)
            report("pair", number, len(paths))
    left = 0
    if how.balance:
        out_of = balance.left_out()
        with Lines(data["train"]) as train, Lines(out / DROPPED / "balance.jsonl.zst") as dropped:
            for one in _pairs(unbalanced):
                if balance.is_in(one, out_of):
                    left += 1
                    dropped.write({**pair_record(one), "dropped": {"reason": "balance"}})
                else:
                    train.write(pair_record(one))
        unbalanced.unlink()
    body = {
        **table,
        "digest": digest(table, inputs_known),
        "counts": tally.to_json(),
        "couples": dict(couples.most_common()),
        "left_out_for_balance": left,
        "report": summary(list(data.values())),
        "seconds": round(time.monotonic() - began, 3),
    }
    write_manifest(out, body, inputs_known, file_facts(_outputs(out), out))
    return body


def summary(paths: Sequence[Path]) -> dict[str, Any]:
    """Length balance, principles and agreement of raters in files of pairs, by file; or of scored replies."""
    found: dict[str, Any] = {}
    for path in paths:
        if _holds_candidates(path):
            found[path.name] = {"agreement": _agreement([path]).to_json()}
            continue
        lengths, directions, unread = Lengths(), Directions(), 0
        roads: Counter[str] = Counter()
        for one in read_pairs(path):
            if isinstance(one, Damage):
                unread += 1
                continue
            lengths.add(one)
            directions.add(one)
            roads[one.road or "unknown"] += 1
        found[path.name.split(".")[0] if len(paths) > 1 else path.name] = {
            "length": lengths.to_json(),
            **directions.to_json(),
            "roads": dict(roads),
            **({"unread": unread} if unread else {}),
        }
    return found


async def _stage(
    paths: Sequence[Path],
    out: Path,
    table: Mapping[str, Any],
    first: Callable[[Sample], Sample | Drop],
    then: Callable[[Sequence[Sample]], Awaitable[Sequence[Sample | Drop]]],
    close: Callable[[], Awaitable[None]],
    told: Callable[[Path], dict[str, Any]],
    asking: Asking,
    report: Report,
    again: bool,
    beside: Sequence[Path] = (),
) -> dict[str, Any]:
    """Shard by shard: `first` on each sample, `then` on batches of what it lets through."""
    inputs = file_facts([*paths, *beside])
    if (complete := _begun(out, table, inputs, again)) is not None:
        return complete
    began = time.monotonic()
    tally, what = Tally(), str(table["stage"])
    try:
        report(what, 0, len(paths))
        for number, (path, name) in enumerate(zip(paths, names(paths), strict=True), start=1):
            if (done := finished(out, name)) is not None:
                for sample in read_samples(path):  # what `first` has seen decides what it makes of later shards
                    if not isinstance(sample, Damage):
                        first(sample)
            else:
                done = await _shard(path, out, name, first, then, lambda read: report(f"{what}: {read} read", 0, 0))
            tally.add(done)
            report(what, number, len(paths))
    finally:
        await close()
    known = told(out)
    known["failures"] += tally.dropped["no_reply"]
    body = {
        **table,
        "digest": digest(table, inputs),
        "counts": tally.to_json(),
        **known,
        "asked": asdict(asking.spent),
        "seconds": round(time.monotonic() - began, 3),
    }
    write_manifest(out, body, inputs, file_facts(_outputs(out), out))
    return body


async def _shard(
    path: Path,
    out: Path,
    name: str,
    first: Callable[[Sample], Sample | Drop],
    then: Callable[[Sequence[Sample]], Awaitable[Sequence[Sample | Drop]]],
    read: Callable[[int], None],
) -> Tally:
    damaged: list[str] = []
    waiting: list[tuple[Sample, Sample]] = []
    with Shard(out, name) as shard:

        async def flush() -> None:
            made = await then([after for _, after in waiting])
            for (before, _), result in zip(waiting, made, strict=True):
                shard.put(before, result)
            waiting.clear()
            read(shard.tally.read)

        for sample in read_samples(path):
            if isinstance(sample, Damage):
                damaged.append(sample.where)
                shard.put(sample)
                continue
            result = first(sample)
            if isinstance(result, Drop):
                shard.put(sample, result)
                continue
            waiting.append((sample, result))
            if len(waiting) == BATCH:
                await flush()
        if waiting:
            await flush()
    mark(out, name, shard.tally, damaged[:_SHOWN])
    return shard.tally


def _begun(out: Path, table: Mapping[str, Any], inputs: Sequence[File], again: bool) -> dict[str, Any] | None:
    """The manifest of a stage that is complete; else its folder, ready to go on or to begin. Raises `ConfigError` where
    the folder holds something else."""
    key = digest(table, inputs)
    manifest = read_manifest(out)
    if manifest is not None and manifest.get("digest") == key and not (again and manifest.get("failures")):
        return manifest
    noted = out / DONE / _RECIPE
    known = noted.read_text(encoding="utf-8").strip() if noted.is_file() else None
    if known != key or manifest is not None:
        ours = known is not None or (manifest is not None and manifest.get("stage") == table["stage"])
        if not ours and (out.is_file() or ((out / DATA).exists() or manifest is not None)):
            raise ConfigError(f"{out} holds something else; name a new folder")
        for stale in (DATA, DROPPED, DONE):
            shutil.rmtree(out / stale, ignore_errors=True)
        (out / MANIFEST).unlink(missing_ok=True)
    write_atomically(noted, key + "\n")
    return None


def _files(inputs: Sequence[Path]) -> list[Path]:
    return [path for place in inputs for path in shards(place)]


def _outputs(out: Path) -> list[Path]:
    return sorted(path for folder in (out / DATA, out / DROPPED) if folder.is_dir() for path in folder.iterdir())


def _samples(out: Path) -> Iterator[Sample]:
    for path in shards(out):
        for sample in read_samples(path):
            if isinstance(sample, Sample):
                yield sample


def _pairs(path: Path) -> Iterator[Any]:
    for one in read_pairs(path):
        if isinstance(one, Damage):
            raise DataError(f"{path} was written and cannot be read: {one.where}")
        yield one


def _told_of_candidates(out: Path) -> dict[str, Any]:
    """Who answered how: read back from the data, so that a run that was interrupted tells the same."""
    by: dict[str, Counter[str]] = defaultdict(Counter)
    failures = 0
    for sample in _samples(out):
        for one in candidates_of(sample):
            counts = by[f"{one.model}@{one.temperature:g}#{one.seed}"]
            counts["replies"] += 1
            counts["characters"] += len(one.text)
            counts["unsafe"] += bool(one.unsafe)
            counts["cut"] += one.cut
        for missing in sample.metadata.get("unanswered", []):
            by[f"{missing['model']}@{missing['temperature']:g}#{missing['seed']}"][missing["why"]] += 1
            failures += missing["why"] not in ("language", "same_words")
    voices = {name: {key: value for key, value in counts.items() if value} for name, counts in sorted(by.items())}
    return {"replies": sum(counts["replies"] for counts in by.values()), "by_voice": voices, "failures": failures}


def _told_of_scores(out: Path) -> dict[str, Any]:
    agreement = _agreement(shards(out))
    return {"agreement": agreement.to_json(), "failures": sum(agreement.unscored.values())}


def _agreement(paths: Sequence[Path]) -> Agreement:
    agreement = Agreement()
    for path in paths:
        for sample in read_samples(path):
            if isinstance(sample, Sample):
                for one in candidates_of(sample):
                    agreement.add(one)
    return agreement


def _holds_candidates(path: Path) -> bool:
    """Whether a file holds statements with their replies, by its first record that can be read."""
    first = next((sample for sample in read_samples(path) if isinstance(sample, Sample)), None)
    return first is not None and "candidates" in first.metadata
