from __future__ import annotations

import pytest

from anxin.counsel import Stage, stage_of
from anxin.dialogue import Dialogue, Language
from anxin.safety import Risk


def after(turns: int, newest: str) -> Dialogue:
    dialogue = Dialogue()
    for _ in range(turns - 1):
        dialogue = dialogue.says("client", "嗯").says("counsellor", "我在听")
    return dialogue.says("client", newest)


@pytest.mark.parametrize(
    ("turns", "newest", "language", "stage"),
    [
        (1, "我该怎么办", "zh", Stage.EXPLORATION),  # not heard yet
        (2, "最近总失眠", "zh", Stage.EXPLORATION),
        (3, "那我该怎么办", "zh", Stage.ACTION),
        (3, "What should I do now", "en", Stage.ACTION),
        (4, "我发现我总是在讨好别人", "zh", Stage.INSIGHT),
        (4, "I keep doing this", "en", Stage.INSIGHT),
        (5, "嗯", "zh", Stage.INSIGHT),
        (9, "嗯", "zh", Stage.ACTION),
    ],
)
def test_explore_first_then_insight_then_action(turns: int, newest: str, language: Language, stage: Stage) -> None:
    assert stage_of(after(turns, newest), language, Risk.T1, Risk.T1) is stage


def test_rising_pain_goes_back_to_exploring() -> None:
    assert stage_of(after(9, "怎么办"), "zh", Risk.T2, Risk.T0) is Stage.EXPLORATION
    assert stage_of(after(9, "怎么办"), "zh", Risk.T2, Risk.T2) is Stage.ACTION
