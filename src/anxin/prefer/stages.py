"""The three stages: generate, score, pair. Folder in, folder out; killed and begun again, the same files.

A stage's folder holds `data/`, `dropped/` with what was left out and why, and, once it is complete, `manifest.json`. A
stage whose inputs and options are those of its manifest is not done again. Answers are kept in the cache, so that a
stage that is done again asks only what was not answered.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final

from anxin.corpus.files import DATA, DROPPED, Damage, Tally, read_samples
from anxin.corpus.manifest import digest, file_facts, write_manifest
from anxin.corpus.sample import Drop, Sample, to_record
from anxin.corpus.stage import DONE, Report
from anxin.errors import ConfigError, DataError
from anxin.prefer.asking import Asking
from anxin.prefer.candidate import candidates_of, item_of, with_candidates
from anxin.prefer.figures import of_candidates, of_scores, summary
from anxin.prefer.generate import Answering, Voice, answered
from anxin.prefer.length import Balance
from anxin.prefer.pair import pair_record
from anxin.prefer.pairing import Paired, Pairing, pairs_of
from anxin.prefer.prompts import words_digest
from anxin.prefer.rating import Rating, read_ratings
from anxin.prefer.score import Judge, scored
from anxin.prefer.stage import SHOWN, begun, data_files, outputs, run_stage
from anxin.prefer.statement import Statements, same_words
from anxin.prefer.table import Lines, read_pairs

__all__ = ["pair_stage", "reply_stage", "score_stage"]

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
    paths = data_files(inputs)
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

    return await run_stage(paths, out, table, first, then, close, of_candidates, asking, report, again)


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
    paths = data_files(inputs)
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
        body = of_scores(folder)
        if files:
            by_people = {rating.rater for given in people.values() for rating in given}
            matched = sum(body["agreement"]["raters"].get(rater, {}).get("ratings", 0) for rater in by_people)
            known = sum(len({rating.rater for rating in given}) for given in people.values())
            body["people"] = {"matched": matched, "of": known, "unread": list(unread[:SHOWN])}
        return body

    return await run_stage(paths, out, table, first, then, close, told, asking, report, again, files)


def pair_stage(inputs: Sequence[Path], out: Path, how: Pairing, *, report: Report) -> dict[str, Any]:
    """Pairs of the scored replies at `inputs`: `data/train.jsonl.zst`, `data/test.jsonl.zst`; the manifest, in which
    `report` is what `anxin prefer report` shows."""
    paths = data_files(inputs)
    table = {"stage": "pair", **asdict(how)}
    known = file_facts(paths)
    if (complete := begun(out, table, known, again=False)) is not None:
        return complete
    began = time.monotonic()
    data = {name: out / DATA / f"{name}.jsonl.zst" for name in _SPLITS}
    whole = out / DONE / "train.jsonl.zst" if how.balance else data["train"]
    balance = Balance() if how.balance else None
    tally, couples = _paired(
        paths, {**data, "train": whole}, out / DROPPED / "statements.jsonl.zst", how, balance, report
    )
    left = 0
    if balance is not None:
        left = _balanced(whole, data["train"], out / DROPPED / "balance.jsonl.zst", balance)
    body = {
        **table,
        "digest": digest(table, known),
        "counts": tally.to_json(),
        "couples": dict(couples.most_common()),
        "left_out_for_balance": left,
        "report": summary(list(data.values())),
        "seconds": round(time.monotonic() - began, 3),
    }
    write_manifest(out, body, known, file_facts(outputs(out), out))
    return body


def _paired(
    paths: Sequence[Path],
    data: Mapping[str, Path],
    left_out: Path,
    how: Pairing,
    balance: Balance | None,
    report: Report,
) -> tuple[Tally, Counter[str]]:
    """Write every statement's pairs to its split; how many statements gave some, and what became of all couples."""
    tally, couples = Tally(), Counter[str]()
    report("pair", 0, len(paths))
    with ExitStack() as held:
        splits = {name: held.enter_context(Lines(data[name])) for name in _SPLITS}
        dropped = held.enter_context(Lines(left_out))
        for number, path in enumerate(paths, start=1):
            for sample in read_samples(path):
                tally.read += 1
                made = Drop(sample.reason, sample.where) if isinstance(sample, Damage) else _pairs_of(sample, how)
                if isinstance(made, Drop):
                    tally.dropped[made.reason] += 1
                    before = {"excerpt": sample.excerpt} if isinstance(sample, Damage) else to_record(sample)
                    dropped.write({**before, "dropped": {"reason": made.reason, "detail": made.detail}})
                    continue
                tally.kept += 1
                couples.update(made.counts)
                for one in made.pairs:
                    splits[made.split].write(pair_record(one))
                    if balance is not None and made.split == "train":
                        balance.add(one)
            report("pair", number, len(paths))
    return tally, couples


def _pairs_of(sample: Sample, how: Pairing) -> Paired | Drop:
    try:
        return pairs_of(sample, how)
    except DataError as error:
        return Drop("unreadable", str(error))


def _balanced(whole: Path, kept: Path, left_out: Path, balance: Balance) -> int:
    """Move the pairs of `whole` to where they belong; how many were left out."""
    out, left = balance.left_out(), 0
    with Lines(kept) as train, Lines(left_out) as dropped:
        for one in read_pairs(whole):
            if isinstance(one, Damage):
                raise DataError(f"{whole} was written and cannot be read: {one.where}; run again")
            if balance.is_in(one, out):
                left += 1
                dropped.write({**pair_record(one), "dropped": {"reason": "balance"}})
            else:
                train.write(pair_record(one))
    whole.unlink()
    return left
