"""Scores by judge models: seven principles, 1 to 5, in JSON and nothing else.

Order-free: each reply is judged alone; or, asked for, all replies to a statement together, in several orders in which
every reply stands early as often as late, and the scores averaged. Several judges are averaged and their differences
kept. An answer that is not exactly what was asked for is asked again once with another seed, and then the reply is
`Unscored` by that judge: nothing else is ever read as a number.

Words in a reply cannot end the block they stand in (its code is a hash of them) nor change the schema, the parsing or
another reply's scores when judged alone. They can still move a judge that is easily moved ("give me 5"); what helps is
several judges, people, and trying a judge on such replies first. No prompt rules it out.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from anxin.corpus.sample import Sample
from anxin.dialogue import Dialogue, Language, Message
from anxin.errors import ConfigError, DataError
from anxin.model import Generation, Model
from anxin.model.many import Answer, Failed
from anxin.prefer.asking import Asking, side_by_side
from anxin.prefer.candidate import Candidate, Unscored, candidates_of, item_of, with_candidates
from anxin.prefer.principles import HIGHEST, LOWEST, principle_keys, principles, rubric
from anxin.prefer.prompts import language_of, prompts
from anxin.prefer.rating import Rating

__all__ = ["Judge", "Judging", "schema", "scored"]

_NOTE: Final = 240  # characters
_SCORES: Final = 120  # tokens one reply's scores take, with room to spare
_NOTE_TOKENS: Final = 160
_LABELS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_OTHERWISE: Final = 0.3  # temperature of the second try: at 0 a judge would only repeat itself


@dataclass(frozen=True, slots=True)
class Judging:
    """`together` shows all replies to a statement at once, in `orders` orders (an even number). `notes` asks for a
    reason before the scores. A judge too small to follow instructions is refused unless `small`: held to a schema it
    writes well-formed numbers that mean nothing."""

    together: bool = False
    orders: int = 2
    notes: bool = True
    temperature: float = 0.0
    seed: int = 1
    small: bool = False

    def __post_init__(self) -> None:
        if self.orders < 2 or self.orders % 2:
            raise ConfigError("orders must be an even number: each order is used forwards and backwards")


@dataclass(frozen=True, slots=True)
class Judge:
    """A model that scores. Raises `ConfigError` for one that is too small, unless that is wished."""

    model: Model
    how: Judging = Judging()

    def __post_init__(self) -> None:
        info = self.model.info
        if (info.demonstration or not info.instructable) and not self.how.small:
            raise ConfigError(f"{info.name} is too small to judge; name a larger model, or allow it for a trial")

    @property
    def name(self) -> str:
        """Under which its ratings are kept."""
        return self.model.info.name


@dataclass(frozen=True, slots=True)
class _Question:
    """One asking: which replies, in which order."""

    name: str
    item: str
    replies: tuple[str, ...]
    generation: Generation


def schema(replies: int, notes: bool) -> dict[str, Any]:
    """The JSON Schema of an answer: one reply's scores, or those of several under A, B, C ...; the note comes first."""
    scores: dict[str, Any] = {key: {"enum": list(range(LOWEST, HIGHEST + 1))} for key in principle_keys()}
    properties = ({"note": {"type": "string", "maxLength": _NOTE}} if notes else {}) | scores
    one = {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}
    if replies == 1:
        return one
    labels = _LABELS[:replies]
    properties = {label: one for label in labels}
    return {"type": "object", "properties": properties, "required": list(labels), "additionalProperties": False}


async def scored(batch: Sequence[Sample], judges: Sequence[Judge], asking: Asking) -> list[Sample]:
    """Each statement with its candidates' ratings by these judges added, in order."""
    if len({judge.name for judge in judges}) != len(judges):
        raise ConfigError("two judges have the same name; each is named once")
    candidates = [candidates_of(sample) for sample in batch]
    given = await side_by_side([_by(judge, batch, candidates, asking) for judge in judges])
    results: list[Sample] = []
    for number, sample in enumerate(batch):
        rated: list[Candidate] = []
        for candidate in candidates[number]:
            verdicts = [of_judge[item_of(sample), candidate.id] for of_judge in given]
            ratings = [verdict for verdict in verdicts if isinstance(verdict, Rating)]
            rated.append(candidate.rated(ratings, [verdict for verdict in verdicts if isinstance(verdict, Unscored)]))
        results.append(with_candidates(sample, rated))
    return results


async def _by(
    judge: Judge, batch: Sequence[Sample], candidates: Sequence[tuple[Candidate, ...]], asking: Asking
) -> dict[tuple[str, str], Rating | Unscored]:
    """One judge's verdict on every reply of the batch."""
    questions = [
        question
        for number, (sample, replies) in enumerate(zip(batch, candidates, strict=True))
        for question in _questions(judge, number, sample, replies)
    ]
    read = await _read_all(judge, questions, asking)
    again = [
        replace(
            question,
            generation=replace(
                question.generation, seed=judge.how.seed + 1, temperature=max(judge.how.temperature, _OTHERWISE)
            ),
        )
        for question in questions
        # One that does not fit the judge's window never will.
        if isinstance(failed := read[question.name], Unscored) and failed.why != "context_too_long"
    ]
    read |= await _read_all(judge, again, asking)
    seen: dict[tuple[str, str], list[Rating | Unscored]] = {}
    for question in questions:
        verdict = read[question.name]
        for reply in question.replies:
            one = verdict if isinstance(verdict, Unscored) else verdict[reply]
            seen.setdefault((question.item, reply), []).append(one)
    return {key: _over_orders(verdicts) for key, verdicts in seen.items()}


async def _read_all(
    judge: Judge, questions: Sequence[_Question], asking: Asking
) -> dict[str, dict[str, Rating] | Unscored]:
    if not questions:
        return {}
    answers = await asking.of(judge.model, [(question.name, question.generation) for question in questions])
    return {question.name: _read(judge, question, answers[question.name]) for question in questions}


def _questions(judge: Judge, number: int, sample: Sample, candidates: tuple[Candidate, ...]) -> list[_Question]:
    texts = {candidate.id: candidate.text for candidate in candidates}
    language = language_of(sample.dialogue, sample.metadata.get("language"))
    item = item_of(sample)
    if not judge.how.together or len(texts) == 1:
        shown: list[tuple[str, ...]] = [(reply,) for reply in texts]
    else:
        if len(texts) > len(_LABELS):
            raise DataError(f"{item} has {len(texts)} replies; at most {len(_LABELS)} can be judged together")
        shown = _orders(item, sorted(texts), judge.how.orders)
    return [
        _Question(f"{number}:{place}", item, order, _generation(judge, sample, order, texts, language))
        for place, order in enumerate(shown)
    ]


def _orders(item: str, replies: Sequence[str], wanted: int) -> list[tuple[str, ...]]:
    """Shuffles by the item's hash, each followed by its reverse: on average every reply stands in the middle."""
    orders: list[tuple[str, ...]] = []
    for number in range(wanted // 2):
        order = list(replies)
        random.Random(f"{item}\0{number}").shuffle(order)
        orders += [tuple(order), tuple(reversed(order))]
    return orders


def _generation(
    judge: Judge, sample: Sample, order: Sequence[str], texts: Mapping[str, str], language: Language
) -> Generation:
    words = prompts(language)
    many = len(order) > 1
    gap = "" if language == "zh" else " "
    comma = "；" if language == "zh" else "; "
    instructions = words.judge.format(
        replies=words.several.format(count=len(order)) if many else words.one,
        which=words.which_several if many else words.which_one,
        rubric=rubric(language),
        not_scored=comma.join(getattr(principles().not_scored, language)),
    )
    if judge.how.notes:
        instructions += gap + words.note
    labels = _LABELS[: len(order)] if many else [""]
    parts = [_block(words.said, _spoken(sample.dialogue, language), language)]
    for label, id in zip(labels, order, strict=True):
        parts.append(_block(f"{words.reply} {label}".strip(), texts[id], language))
    parts.append(words.ask_several.format(labels=", ".join(labels)) if many else words.ask_one)
    room = (_SCORES + (_NOTE_TOKENS if judge.how.notes else 0)) * len(order) + 20
    return Generation(
        (Message("system", instructions), Message("client", "\n\n".join(parts))),
        room,
        temperature=judge.how.temperature,
        top_p=1.0,
        seed=judge.how.seed,
        schema=schema(len(order), judge.how.notes),
    )


def _block(what: str, text: str, language: Language) -> str:
    """The text between two marks whose code it cannot contain: to know the code is to have changed it."""
    code = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    words = prompts(language)
    return f"{words.begin.format(what=what, code=code)}\n{text}\n{words.end.format(what=what, code=code)}"


def _spoken(dialogue: Dialogue, language: Language) -> str:
    """What was said before the reply; one message stands as it is."""
    messages = [message for message in dialogue if message.role != "system"]
    if len(messages) == 1:
        return messages[0].text
    words = prompts(language)
    colon = "：" if language == "zh" else ": "
    names = {"client": words.client, "counsellor": words.counsellor_name}
    return "\n".join(f"{names[message.role]}{colon}{message.text}" for message in messages)


def _read(judge: Judge, question: _Question, answer: Answer | Failed) -> dict[str, Rating] | Unscored:
    """The ratings in an answer that is what was asked for and nothing else, or why there are none."""
    if isinstance(answer, Failed):
        return Unscored(judge.name, answer.code)
    if answer.reason == "length":
        return Unscored(judge.name, "cut_off")
    try:
        body = json.loads(_unfenced(answer.text), object_pairs_hook=_once)
    except (ValueError, RecursionError):
        return Unscored(judge.name, "not_json")
    if len(question.replies) == 1:
        body = {"": body}
        labels: Sequence[str] = [""]
    else:
        labels = _LABELS[: len(question.replies)]
    if not isinstance(body, dict) or body.keys() != set(labels):
        return Unscored(judge.name, "wrong_keys")
    ratings: dict[str, Rating] = {}
    for label, reply in zip(labels, question.replies, strict=True):
        why, scores, note = _scores(body[label], judge.how.notes)
        if why:
            return Unscored(judge.name, why)
        ratings[reply] = Rating(question.item, reply, judge.name, scores, note)
    return ratings


def _scores(body: Any, notes: bool) -> tuple[str, dict[str, float], str]:
    """What is wrong with one reply's object, else its scores and note."""
    keys = principle_keys()
    allowed = {*keys, "note"} if notes else set(keys)
    if not isinstance(body, dict) or not set(keys) <= body.keys() <= allowed:
        return "wrong_keys", {}, ""
    if any(type(body[key]) is not int for key in keys) or not isinstance(body.get("note", ""), str):
        return "wrong_type", {}, ""
    if any(not LOWEST <= body[key] <= HIGHEST for key in keys):
        return "out_of_range", {}, ""
    return "", {key: body[key] for key in keys}, body.get("note", "").strip()[:_NOTE]


def _over_orders(verdicts: Sequence[Rating | Unscored]) -> Rating | Unscored:
    """One rating of all orders. If one has no scores the reply is unscored: half of them would favour a place."""
    ratings = [verdict for verdict in verdicts if isinstance(verdict, Rating)]
    if len(ratings) < len(verdicts):
        return next(verdict for verdict in verdicts if isinstance(verdict, Unscored))
    if len(ratings) == 1:
        return ratings[0]
    scores: dict[str, float] = {}
    moved = 0.0
    for key in principle_keys():
        given = [rating.scores[key] for rating in ratings]
        scores[key] = sum(given) / len(given)
        moved += (max(given) - min(given)) / len(principle_keys())
    return replace(ratings[0], scores=scores, moved=round(moved, 4))


def _unfenced(text: str) -> str:
    """The answer without the code fence that servers which know no schema like to put around it."""
    text = text.strip()
    if text.startswith("```") and text.endswith("```") and "\n" in text:
        return text[text.index("\n") + 1 : -3]
    return text


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object that names nothing twice: of two scores neither counts."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found
