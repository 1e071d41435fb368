from __future__ import annotations

import pytest

from anxin.counsel import language_of
from anxin.dialogue import Dialogue, Language


def spoken(*texts: str) -> Dialogue:
    dialogue = Dialogue()
    for text in texts:
        dialogue = dialogue.says("client", text).says("counsellor", "…")
    return Dialogue(dialogue.messages[:-1])


@pytest.mark.parametrize(
    ("texts", "language"),
    [
        (["我今天很累"], "zh"),
        (["I am so tired today"], "en"),
        (["老板说我的 report 不行"], "zh"),
        (["我很累", "ok"], "zh"),
        (["我很累", "actually I would rather write in English"], "en"),
        (["I feel alone", "。。。"], "en"),
        (["I feel alone", "其实我会中文"], "zh"),
        (["123"], "zh"),
        (["🙂"], "zh"),
    ],
)
def test_the_language_follows_the_client(texts: list[str], language: Language) -> None:
    assert language_of(spoken(*texts)) == language


def test_a_preference_decides_where_the_text_does_not() -> None:
    assert language_of(spoken("...?"), "en") == "en"
    assert language_of(spoken("你好"), "en") == "zh"
    assert language_of(Dialogue()) == "zh"
