"""One turn of counselling as a pure function over immutable inputs. Keeps no state and never touches the store."""

from anxin.counsel.counsellor import Answer, Counsellor
from anxin.counsel.events import (
    Ended,
    Event,
    Failed,
    Lines,
    Notice,
    Offered,
    Reasoning,
    Route,
    Screened,
    Spoken,
    Stage,
    Truncated,
    Waiting,
)
from anxin.counsel.judge import Judge
from anxin.counsel.language import language_of
from anxin.counsel.prompts import disclosure, system_prompt, system_prompts
from anxin.counsel.stages import stage_of
from anxin.counsel.turn import Settings, Turn, turn

__all__ = [
    "Answer",
    "Counsellor",
    "Ended",
    "Event",
    "Failed",
    "Judge",
    "Lines",
    "Notice",
    "Offered",
    "Reasoning",
    "Route",
    "Screened",
    "Settings",
    "Spoken",
    "Stage",
    "Truncated",
    "Turn",
    "Waiting",
    "disclosure",
    "language_of",
    "stage_of",
    "system_prompt",
    "system_prompts",
    "turn",
]
