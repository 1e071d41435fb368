"""The stage: shard after shard the teacher is asked, the judge is asked, and only then anything is written.

Answers go into the cache as they come, so that a kill costs what was in flight. What is written is a function of the
shard and the cache alone, in the shard's order: interrupted or not, at whatever speed, the same files.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Literal

from anxin.corpus.files import Damage, Shard, Tally, read_samples
from anxin.corpus.manifest import write_atomically
from anxin.corpus.sample import Drop, Result, Sample
from anxin.corpus.stage import DONE, Report, finished, mark, names
from anxin.corpus.think.checks import Bounds, Thinking, bounds, fault
from anxin.corpus.think.prompts import asked, judged
from anxin.corpus.think.reading import read_score, read_thought
from anxin.corpus.think.text import language_of
from anxin.dialogue import Language, Message
from anxin.errors import ConfigError, ContextTooLong, ModelUnavailable
from anxin.model.many import Answer, Budget, Cache, Failed, Spent, ask_many
from anxin.model.protocol import Generation, Model
from anxin.model.text import estimate

__all__ = ["REPORT", "Asking", "Think", "table", "think"]

REPORT: Final = "thoughts.json"
"""Beside the stage's data: questions, tokens (whenever they were paid), thoughts given and rejected by reason."""

_SCORE: Final = {
    "type": "object",
    "properties": {"score": {"type": "integer", "minimum": 0, "maximum": 10}},
    "required": ["score"],
    "additionalProperties": False,
}
_SCORE_TOKENS: Final = 64
_LEAST_SHOWN: Final = 200  # characters; where not even they fit, the model says so
_PER_TOKEN: Final = 3  # English letters, as `estimate` counts
_DEAD: Final = 20  # questions in a row without an answer: the server is gone, not unlucky


@dataclass(frozen=True, slots=True)
class Asking:
    """How the teacher is asked; none of it changes what is written.

    `questions` and `tokens` bound what is asked in one run, teacher and judge together, 0 without bound. `cache` is the
    file of answers, beside the stage's folder where none is named. Seconds for `patience` and `backoff`.
    """

    at_once: int = 4
    tries: int = 6
    patience: float = 300.0
    backoff: float = 1.0
    questions: int = 0
    tokens: int = 0
    cache: str = ""


@dataclass(frozen=True, slots=True)
class Think:
    """What is thought about and what may stand.

    `every`: 0 thinks before the last reply only, 1 before each, k before every k-th, counted back from the last. Only
    replies that follow something the client said are thought about; a thought already there is kept. `rejects`: a
    sample with a thought that may not stand, or with no such reply, is dropped, or goes on `plain`, without it.
    `unasked`: where the budget ends, the shard waits for another run, or its samples not asked about are dropped or go
    on plain. `shortest` and `longest` bound a thought and `shown` what the teacher sees of the dialogue, in characters;
    `least` is the judge's number below which a thought is rejected.
    """

    every: int = 0
    rejects: Literal["drop", "plain"] = "drop"
    unasked: Literal["wait", "drop", "plain"] = "wait"
    shortest: int = 40
    longest: int = 600
    shown: int = 6000
    least: int = 6
    max_tokens: int = 2048
    temperature: float = 0.6
    seed: int = 1
    asking: Asking = field(default_factory=Asking)

    def __post_init__(self) -> None:
        if self.every < 0:
            raise ConfigError("think: every is 0 for the last reply only, 1 for each, k for every k-th")
        if not 0 < self.shortest < self.longest:
            raise ConfigError("think: shortest is more than 0 and less than longest")
        if not 0 <= self.least <= 10:
            raise ConfigError("think: least is between 0 and 10")
        if self.asking.at_once < 1 or self.asking.tries < 1 or self.asking.patience <= 0:
            raise ConfigError("think: at_once and tries are at least 1, patience is more than 0")


def table(options: Think, teacher: Model, judge: Model | None) -> dict[str, Any]:
    """What decides the stage's result, for its digest: everything but how the asking is done."""
    decides = {name: value for name, value in asdict(options).items() if name != "asking"}
    models = {"teacher": teacher, "judge": judge}
    known = {who: {"name": model.info.name, "context": model.info.context} for who, model in models.items() if model}
    return {"think": decides, **known}


def think(
    inputs: Sequence[Path],
    out: Path,
    options: Think,
    model: Model,
    judge: Model | None,
    report: Report,
    spent: Spent | None = None,
) -> Tally:
    """Give the counsellor's replies in `inputs` their thoughts by asking `model`; write the shards of a stage at `out`.

    Documents pass as they are. Complete shards are skipped, answers once given are not asked for again. Rejected
    thoughts stand in `dropped/` with the reason. Raises `ConfigError` where the budget ends before the work (unless
    `unasked` says otherwise) and `ModelUnavailable` where the teacher is gone: run again to go on. `spent` is filled
    with what this run asked. Closes both models, which belong to its event loop.
    """
    cache = Path(options.asking.cache) if options.asking.cache else out.with_name(f"{out.name}.answers.sqlite")
    with Cache(cache) as answers:
        work = _Work(options, model, judge, answers, spent if spent is not None else Spent(), report, out.name)
        return asyncio.run(work.all(inputs, out))


@dataclass(frozen=True, slots=True)
class _Place:
    """A reply to think about: its number in the dialogue, and the question."""

    number: int
    before: tuple[Message, ...]
    reply: str
    language: Language
    bounds: Bounds
    question: Generation


@dataclass(slots=True)
class _Shard:
    """What is known of the shard in work. `failed` holds why a question has no answer, by key."""

    path: Path
    name: str
    failed: dict[str, Failed] = field(default_factory=dict)
    tokens: int = 0
    questions: int = 0
    given: int = 0
    rejected: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class _Work:
    options: Think
    teacher: Model
    judge: Model | None
    cache: Cache
    spent: Spent
    report: Report
    what: str

    async def all(self, inputs: Sequence[Path], out: Path) -> Tally:
        total = Tally()
        try:
            for done, (path, name) in enumerate(zip(inputs, names(inputs), strict=True)):
                if (tally := finished(out, name)) is None:
                    tally = await self._shard(path, out, name)
                total.add(tally)
                self.report(self.what, done + 1, len(inputs))
        finally:
            await self.teacher.close()
            if self.judge is not None:
                await self.judge.close()
        _summary(out, inputs, self)
        return total

    async def _shard(self, path: Path, out: Path, name: str) -> Tally:
        shard = _Shard(path, name)
        await self._ask(shard, self.teacher, self._questions(path))
        if self.judge is not None:
            await self._ask(shard, self.judge, self._doubts(shard, self.judge))
        damaged: list[str] = []
        with Shard(out, name) as writer:
            for sample in read_samples(path):
                if isinstance(sample, Damage):
                    damaged.append(sample.where)
                    writer.put(sample)
                    continue
                rejects, after = self._thought(shard, sample)
                read = sample.noting(rejected_thoughts=[asdict(reject) for reject in rejects]) if rejects else sample
                if rejects and isinstance(after, Sample):
                    writer.reject(read, Drop(rejects[0].reason, rejects[0].detail))
                    read = sample
                writer.put(read, after)
        counts = {"questions": shard.questions, "tokens": shard.tokens, "given": shard.given}
        note = {**counts, "rejected": dict(sorted(shard.rejected.items()))}
        write_atomically(_note(out, name), json.dumps(note))
        mark(out, name, writer.tally, damaged[:20])
        return writer.tally

    async def _ask(self, shard: _Shard, model: Model, questions: Iterator[tuple[str, Generation]]) -> None:
        """Bring every answer into the cache; note what has none."""
        how = self.options.asking
        budget = Budget(how.questions or None, how.tokens or None)
        in_a_row = came = 0
        over = False

        def until_over() -> Iterator[tuple[str, Generation]]:
            for question in questions:
                if over:  # those on their way are still heard: they are paid for
                    return
                yield question

        heard = False
        asking = ask_many(
            model,
            until_over(),
            cache=self.cache,
            at_once=how.at_once,
            budget=budget,
            tries=how.tries,
            patience=how.patience,
            backoff=how.backoff,
            spent=self.spent,
        )
        async with aclosing(asking) as results:
            async for key, answer in results:
                came += 1
                self.report(f"{self.what}: {shard.name}, {model.info.name}", came, 0)
                if isinstance(answer, Answer):
                    in_a_row, heard = 0, True
                    continue
                shard.failed[key] = answer
                if answer.code == "budget":
                    over = self.options.unasked == "wait"
                elif answer.code != ContextTooLong.code:
                    in_a_row += 1
                    if in_a_row >= _DEAD:
                        raise ModelUnavailable(
                            f"{model.info.name} failed {in_a_row} times in a row ({answer.error}); "
                            "what was answered is kept: run again to go on"
                        )
                    last = answer
        if in_a_row > 1 and not heard:
            raise ModelUnavailable(f"{model.info.name} answered nothing ({last.error}); run again to go on")
        if over:
            raise ConfigError(
                f"the budget is spent ({self.spent.questions} questions, {self.spent.tokens} tokens) and {shard.name} "
                "is not done; what was answered is kept: run again with more to go on"
            )

    def _questions(self, path: Path) -> Iterator[tuple[str, Generation]]:
        for sample in read_samples(path):
            if isinstance(sample, Sample):
                for place in self._places(sample):
                    yield self._key(self.teacher, place.question), place.question

    def _doubts(self, shard: _Shard, judge: Model) -> Iterator[tuple[str, Generation]]:
        for sample in read_samples(shard.path):
            if isinstance(sample, Sample):
                for place in self._places(sample):
                    thought, reject = self._answered(shard, place)
                    if reject is None:
                        question = self._judging(place, thought)
                        yield self._key(judge, question), question

    def _places(self, sample: Sample) -> Iterator[_Place]:
        """The replies to think about, in order."""
        options, messages = self.options, sample.dialogue.messages
        replies = [
            number
            for number, message in enumerate(messages)
            if message.role == "counsellor" and message.text.strip() and _follows(messages[:number])
        ]
        step = options.every or len(replies) or 1
        for number in replies[::-1][::step][::-1]:
            if messages[number].thought:
                continue
            before, reply = messages[:number], messages[number].text
            language = language_of(reply) or language_of("\n".join(message.text for message in before)) or "zh"
            room = bounds(reply, options.shortest, options.longest)
            # Asked for a narrower band than is allowed: no model counts its characters.
            low, high = room.low + (room.high - room.low) // 8, room.high - (room.high - room.low) // 3
            shown = self._shown(self.teacher, asked((), reply, language, low, high, 0), options.max_tokens, language)
            question = Generation(
                asked(before, reply, language, low, high, shown),
                options.max_tokens,
                options.temperature,
                seed=options.seed,
            )
            yield _Place(number, before, reply, language, room, question)

    def _thought(self, shard: _Shard, sample: Sample) -> tuple[list[_Reject], Result]:
        """The rejected thoughts of a sample, and what becomes of it."""
        options, messages = self.options, list(sample.dialogue.messages)
        rejects: list[_Reject] = []
        given = 0
        for place in self._places(sample):
            thought, reject = self._answered(shard, place, count=True)
            if reject is None and self.judge is not None:
                reject = self._judged(shard, place, thought)
            if reject is None:
                messages[place.number] = replace(messages[place.number], thought=thought)
                given += 1
            else:
                rejects.append(_Reject(place.number, reject.reason, reject.detail, thought))
                shard.rejected[reject.reason] += 1
        shard.given += given
        if not given and not rejects:
            kept = sample.document or options.rejects == "plain" or any(message.thought for message in messages)
            return [], sample if kept else Drop("no_reply")
        for why in rejects:
            allowed = options.unasked if why.reason == "over_budget" else options.rejects
            if allowed == "drop":
                return rejects, Drop(why.reason, why.detail)
        noted = {"by": self.teacher.info.name, "given": given, "rejected": [why.reason for why in rejects]}
        dialogue = replace(sample.dialogue, messages=tuple(messages))
        return rejects, replace(sample, dialogue=dialogue).noting(thoughts=noted)

    def _answered(self, shard: _Shard, place: _Place, count: bool = False) -> tuple[str, Drop | None]:
        """The teacher's thought about a reply, and what is wrong with it."""
        key = self._key(self.teacher, place.question)
        answer = self.cache.get(key)
        if answer is None:
            return "", _missing(shard.failed.get(key), "teacher")
        if count:
            shard.questions, shard.tokens = shard.questions + 1, shard.tokens + _cost(answer)
        thought = read_thought(answer.text)
        cut = answer.reason == "length"
        return thought, fault(Thinking(thought, place.before, place.reply, place.language, place.bounds, cut))

    def _judged(self, shard: _Shard, place: _Place, thought: str) -> Drop | None:
        assert self.judge is not None
        key = self._key(self.judge, self._judging(place, thought))
        answer = self.cache.get(key)
        if answer is None:
            return _missing(shard.failed.get(key), "judge")
        shard.questions, shard.tokens = shard.questions + 1, shard.tokens + _cost(answer)
        score = read_score(answer.text)
        if score is None:
            return Drop("judge_unclear", answer.text[:80])
        return Drop("thought_unconvincing", f"{score} < {self.options.least}") if score < self.options.least else None

    def _judging(self, place: _Place, thought: str) -> Generation:
        assert self.judge is not None
        bare = judged((), place.reply, thought, place.language, 0)
        shown = self._shown(self.judge, bare, _SCORE_TOKENS, place.language)
        messages = judged(place.before, place.reply, thought, place.language, shown)
        return Generation(messages, _SCORE_TOKENS, temperature=0.0, top_p=1.0, seed=self.options.seed, schema=_SCORE)

    def _shown(self, model: Model, bare: Sequence[Message], reply: int, language: Language) -> int:
        """Characters of the dialogue that fit beside the `bare` prompt and a reply of so many tokens.

        Some servers cut a prompt that is too long at its beginning, without a word: that is where the instructions are.
        The estimate, not the model's own count, which may change once it is loaded and the question with it.
        """
        room = model.info.context - reply - estimate(bare)
        return max(_LEAST_SHOWN, min(self.options.shown, room * (_PER_TOKEN if language == "en" else 1)))

    def _key(self, model: Model, question: Generation) -> str:
        return self.cache.key(model.info.name, question)


@dataclass(frozen=True, slots=True)
class _Reject:
    """As it stands in `dropped/`. `reply` is the message's number in the dialogue, from 0."""

    reply: int
    reason: str
    detail: str
    thought: str


def _follows(before: Sequence[Message]) -> bool:
    """Whether the client has spoken since the counsellor last did."""
    spoken = [message.role for message in before if message.role != "system"]
    return bool(spoken) and spoken[-1] == "client"


def _missing(failed: Failed | None, who: str) -> Drop:
    if failed is None:
        return Drop(f"{who}_failed", "the answer is gone from the cache")
    if failed.code == "budget":
        return Drop("over_budget")
    return Drop("context_too_long" if failed.code == ContextTooLong.code else f"{who}_failed", failed.error)


def _cost(answer: Answer) -> int:
    return answer.prompt_tokens + answer.reply_tokens


def _note(out: Path, name: str) -> Path:
    return out / DONE / f"{name}.thoughts.json"


def _summary(out: Path, inputs: Sequence[Path], work: _Work) -> None:
    """The shards' notes together: the same whichever run each was done in."""
    whole: dict[str, Any] = {"teacher": work.teacher.info.name, "judge": work.judge.info.name if work.judge else ""}
    numbers: Counter[str] = Counter()
    rejected: Counter[str] = Counter()
    for name in names(inputs):
        note: Mapping[str, Any] = json.loads(_note(out, name).read_text(encoding="utf-8"))
        numbers.update({key: note[key] for key in ("questions", "tokens", "given")})
        rejected.update(note["rejected"])
    whole |= {key: numbers[key] for key in ("questions", "tokens", "given")}
    whole["rejected"] = dict(sorted(rejected.items(), key=lambda item: (-item[1], item[0])))
    write_atomically(out / REPORT, json.dumps(whole, ensure_ascii=False, indent=2) + "\n")
