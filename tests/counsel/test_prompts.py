from __future__ import annotations

import pytest

from anxin.counsel import Stage, disclosure, system_prompt, system_prompts
from anxin.dialogue import Language
from anxin.safety import Risk

BOTH: tuple[Language, ...] = ("zh", "en")


@pytest.mark.parametrize("language", BOTH)
def test_prompts_differ_by_stage_and_risk_and_stay_short(language: Language) -> None:
    prompts = {system_prompt(language, stage, risk) for stage in Stage for risk in (Risk.T0, Risk.T1, Risk.T2)}
    assert len(prompts) == 9
    # A slow core reads 60 tokens a second: a character of Chinese or a word of English is about a token.
    assert all(len(prompt if language == "zh" else prompt.split()) <= 230 for prompt in prompts)


@pytest.mark.parametrize("language", BOTH)
def test_calm_prompts_are_known_beforehand_and_share_their_beginning(language: Language) -> None:
    known = system_prompts(language)
    assert system_prompt(language, Stage.ACTION, Risk.T1) in known
    beginning = known[0][:80]
    assert all(prompt.startswith(beginning) for prompt in known)


def test_people_are_told_that_it_is_an_ai_and_no_therapist() -> None:
    assert "人工智能" in disclosure("zh") and "不是真人" in disclosure("zh") and "治疗" in disclosure("zh")
    assert "an AI" in disclosure("en") and "not a person" in disclosure("en") and "therapist" in disclosure("en")
