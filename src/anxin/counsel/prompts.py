"""The system prompt of a turn: who Anxin is, the stage of helping, and care when there is risk."""

from __future__ import annotations

from itertools import product

from anxin.counsel.events import Stage
from anxin.counsel.wording import wording
from anxin.dialogue import Language
from anxin.retrieve import Piece
from anxin.safety import Risk

__all__ = ["disclosure", "system_prompt", "system_prompts"]


def disclosure(language: Language) -> str:
    """What a client is told at the start: this is an AI, and not a therapist."""
    return wording(language).disclosure


def system_prompt(language: Language, stage: Stage, risk: Risk, offered: Piece | None = None) -> str:
    """The instructions for one turn; `offered` is shown after it. They never hold anything of the client's."""
    words = wording(language)
    parts = [words.system, {"exploration": words.exploration, "insight": words.insight, "action": words.action}[stage]]
    if risk >= Risk.T2:
        parts.append(words.death)
    elif risk >= Risk.T1:
        parts.append(words.distress)
    if offered is not None:
        parts.append({"crosstalk": words.crosstalk, "exercise": words.exercise, "card": words.card}[offered.kind])
    return ("" if language == "zh" else " ").join(parts)


def system_prompts(language: Language) -> tuple[str, ...]:
    """Every prompt a calm or distressed turn may use, so that a backend can read them before they are needed."""
    return tuple(system_prompt(language, stage, risk) for stage, risk in product(Stage, (Risk.T0, Risk.T1)))
