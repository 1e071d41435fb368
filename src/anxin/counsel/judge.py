"""An optional second look at a borderline message: a model on this machine, which may raise a verdict and no more.

Off unless the operator names a model. The screen has spoken before it is asked, and whatever is not a plain answer in
time (a fault, a line to wait in, words around the number) leaves the verdict as it was.
"""

from __future__ import annotations

import json
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Final

from anxin.counsel.patience import within
from anxin.counsel.wording import wording
from anxin.dialogue import Language, Message
from anxin.errors import ConfigError
from anxin.model import Done, Generation, Model, Reply, Waiting
from anxin.safety import Concern, Evidence, Risk, Subject, Verdict

__all__ = ["Judge"]

_HIGHEST: Final = Risk.T4  # that something is happening at this moment is for the screen to say
_LONGEST_ANSWER: Final = 128  # tokens; the schema ends it sooner
_MOST_ANSWER: Final = 2_000  # characters; a server that keeps to no limit is not read to its end
_MOST_READ: Final = 1_200  # characters of the message: its beginning and its end
_GAP: Final = " […] "
_SCHEMA: Final = {
    "type": "object",
    "properties": {"risk": {"enum": [0, 1, 2, 3, 4, 5]}, "reason": {"type": "string", "maxLength": 80}},
    "required": ["risk", "reason"],
    "additionalProperties": False,
}


@dataclass(frozen=True, slots=True)
class Judge:
    """Asks `model` for at most `timeout` seconds about verdicts that might be too low.

    Those are T0 to T2 with a `likelihood` from `above` to `below`, and T1 or T2 with a concern beside the level. Raises
    `ConfigError` for a model that is not on this machine or too small to judge. Holds nothing of a conversation.
    """

    model: Model
    timeout: float = 3.0
    above: float = 0.25
    below: float = 0.9

    def __post_init__(self) -> None:
        info = self.model.info
        if info.outside:
            raise ConfigError(f"the judge {info.name} is not on this machine; name a local model or leave judge out")
        if info.demonstration or not info.instructable:
            raise ConfigError(f"{info.name} is too small to judge a message; name a larger model or leave judge out")
        if not self.timeout > 0:
            raise ConfigError("judge_timeout must be more than 0")

    async def prepare(self) -> None:
        """Load the model and let it read the instructions: a slow core would spend the whole timeout on them."""
        await self.model.prepare([wording(language).judge for language in self.model.info.languages])

    def doubts(self, verdict: Verdict) -> bool:
        """Whether the verdict is one to ask about."""
        if verdict.fault or verdict.risk > Risk.T2:
            return False
        if verdict.likelihood is not None and self.above <= verdict.likelihood <= self.below:
            return True
        return verdict.risk >= Risk.T1 and bool(verdict.concerns)

    async def weigh(self, text: str, verdict: Verdict, language: Language) -> Verdict:
        """The verdict on `text`, or a higher one. Total: never lower, and no fault of the model's comes through."""
        try:
            if not self.doubts(verdict) or language not in self.model.info.languages:
                return verdict
            heard = await within(self.timeout, self._ask(text, language), "the judge")
            return verdict if heard is None else _raised(verdict, heard, text)
        except Exception:  # an outer door: the screen's own verdict is the safe one here
            return verdict

    async def _ask(self, text: str, language: Language) -> Risk | None:
        messages = (Message("system", wording(language).judge), Message("client", _excerpt(text)))
        said = ""
        # At temperature 0 the same message is judged alike, also when a turn is tried again.
        asked = Generation(messages, _LONGEST_ANSWER, temperature=0.0, top_p=1.0, seed=0, schema=_SCHEMA)
        async with aclosing(self.model.stream(asked)) as pieces:
            async for piece in pieces:
                if isinstance(piece, Waiting):
                    return None  # others are being answered: nobody waits in line for a second opinion
                if isinstance(piece, Reply):
                    said += piece.text
                    if len(said) > _MOST_ANSWER:
                        return None
                elif isinstance(piece, Done):
                    return _read(said) if piece.reason == "stop" else None
        return None


def _excerpt(text: str) -> str:
    half = _MOST_READ // 2
    return text if len(text) <= _MOST_READ else text[:half] + _GAP + text[-half:]


def _read(said: str) -> Risk | None:
    """The level in an answer that is what was asked for and nothing else."""
    try:
        answer = json.loads(said, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        return None
    if not isinstance(answer, dict) or answer.keys() != {"risk", "reason"} or not isinstance(answer["reason"], str):
        return None
    risk = answer["risk"]
    return Risk(risk) if type(risk) is int and 0 <= risk <= 5 else None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object that names nothing twice: of two answers neither counts."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _raised(verdict: Verdict, heard: Risk, text: str) -> Verdict:
    risk = min(heard, _HIGHEST)
    if risk <= verdict.risk:
        return verdict
    concerns, subject = verdict.concerns, verdict.subject
    if risk >= Risk.T2:
        known = (Concern.SELF_HARM, Concern.ABUSE, Concern.HARM_TO_OTHERS)
        concerns = concerns if any(concern in known for concern in concerns) else (*concerns, Concern.SELF_HARM)
        subject = subject if subject in (Subject.SELF, Subject.OTHER, Subject.PAST) else Subject.SELF
    return verdict.raised(risk, concerns, subject, Evidence(0, len(text), "the judge model"))
