"""Several models, at several temperatures, answer each statement."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from anxin.corpus.sample import Drop, Sample
from anxin.dialogue import Language, Message
from anxin.model import Generation, Model
from anxin.model.many import Answer, Failed
from anxin.prefer.asking import Asking, side_by_side
from anxin.prefer.candidate import Candidate, item_of, reply_id, with_candidates
from anxin.prefer.prompts import language_of, prompts
from anxin.safety import Guard

__all__ = ["Answering", "Voice", "answered", "voices"]


@dataclass(frozen=True, slots=True)
class Voice:
    """One way of answering."""

    model: Model
    temperature: float
    seed: int

    @property
    def name(self) -> str:
        """For tables: model, temperature, seed."""
        return f"{self.model.info.name}@{self.temperature:g}#{self.seed}"


@dataclass(frozen=True, slots=True)
class Answering:
    """`voices` is how many of all voices answer one statement, chosen by its hash (0: all; Zhang et al. take 4).

    `any_language` also asks models that do not speak the client's. `prompted` gives models the system prompt of
    `prompts_*.toml`, where they follow one. `max_tokens` in tokens.
    """

    voices: int = 0
    max_tokens: int = 512
    any_language: bool = False
    prompted: bool = True


def voices(models: Sequence[Model], temperatures: Sequence[float], samples: int, seed: int) -> tuple[Voice, ...]:
    """Every model at every temperature `samples` times; without temperatures, at what suits each model."""
    return tuple(
        Voice(model, temperature, seed + number)
        for model in models
        for temperature in (temperatures or (model.info.temperature,))
        for number in range(samples)
    )


async def answered(
    batch: Sequence[Sample], speaking: Sequence[Voice], how: Answering, asking: Asking
) -> list[Sample | Drop]:
    """Each statement with its candidates, in order, or a drop where nobody answered.

    What a voice failed to answer is noted as `unanswered`; a reply in the same words as another is one candidate.
    """
    asked: dict[int, list[tuple[str, Generation]]] = {place: [] for place in range(len(speaking))}
    missing: list[list[dict[str, Any]]] = [[] for _ in batch]
    for number, sample in enumerate(batch):
        language = language_of(sample.dialogue, sample.metadata.get("language"))
        for place in _chosen(item_of(sample), len(speaking), how.voices):
            if language not in speaking[place].model.info.languages and not how.any_language:
                missing[number].append(_missing(speaking[place], "language"))
            else:
                asked[place].append((f"{number}:{place}", _generation(sample, speaking[place], language, how)))
    answers = await _ask(speaking, asked, asking)
    return [_with_answers(sample, number, speaking, answers, missing[number]) for number, sample in enumerate(batch)]


async def _ask(
    speaking: Sequence[Voice], asked: Mapping[int, list[tuple[str, Generation]]], asking: Asking
) -> dict[str, Answer | Failed]:
    """Voices of one model are asked together, so that its server meets no more than `at_once`."""
    by_model: dict[int, tuple[Model, list[tuple[str, Generation]]]] = {}
    for place, questions in asked.items():
        model = speaking[place].model
        by_model.setdefault(id(model), (model, []))[1].extend(questions)
    found = await side_by_side([asking.of(model, questions) for model, questions in by_model.values() if questions])
    return {name: answer for answers in found for name, answer in answers.items()}


def _generation(sample: Sample, voice: Voice, language: Language, how: Answering) -> Generation:
    messages = sample.dialogue.messages
    if how.prompted and voice.model.info.instructable and not sample.dialogue.by("system"):
        messages = (Message("system", prompts(language).counsellor), *messages)
    return Generation(messages, how.max_tokens, temperature=voice.temperature, seed=voice.seed)


def _with_answers(
    sample: Sample,
    number: int,
    speaking: Sequence[Voice],
    answers: Mapping[str, Answer | Failed],
    missing: list[dict[str, Any]],
) -> Sample | Drop:
    item = item_of(sample)
    language = language_of(sample.dialogue, sample.metadata.get("language"))
    candidates: dict[str, Candidate] = {}
    for place, voice in enumerate(speaking):
        answer = answers.get(f"{number}:{place}")
        if answer is None:
            continue
        if isinstance(answer, Failed):
            missing.append(_missing(voice, answer.code))
            continue
        text = answer.text.strip()
        id = reply_id(item, text)
        if not text or id in candidates:
            missing.append(_missing(voice, "same_words" if text else "empty"))
            continue
        model = voice.model.info.name
        unsafe, cut = _unsafe(text, language), answer.reason == "length"
        candidates[id] = Candidate(id, model, voice.temperature, voice.seed, text, unsafe, cut)
    if missing:
        sample = sample.noting(unanswered=missing)
    if candidates:
        return with_candidates(sample, list(candidates.values()))
    # That no model speaks the language is nobody's failure, and asking again would not help.
    return Drop("language") if _why(missing) == "language" else Drop("no_reply", _why(missing))


def _unsafe(text: str, language: Language) -> str:
    """The guard's rule that the reply breaks, or nothing."""
    guard = Guard(language)
    guard.feed(text)
    guard.finish()
    return guard.tripped or ""


def _chosen(item: str, of: int, wanted: int) -> list[int]:
    """Which voices answer this statement: the same ones on every run."""
    if not 0 < wanted < of:
        return list(range(of))
    return sorted(sorted(range(of), key=lambda place: hashlib.sha256(f"{item}\0{place}".encode()).digest())[:wanted])


def _missing(voice: Voice, why: str) -> dict[str, Any]:
    return {"model": voice.model.info.name, "temperature": voice.temperature, "seed": voice.seed, "why": why}


def _why(missing: Sequence[Mapping[str, Any]]) -> str:
    return ", ".join(sorted({str(one["why"]) for one in missing}))
