from __future__ import annotations

import pytest

from anxin.corpus.think.prompts import asked, judged, prompts
from anxin.corpus.think.reading import read_score, read_thought
from anxin.dialogue import Language, Message

BEFORE = (
    Message("system", "秘密"),
    Message("client", "睡不着"),
    Message("counsellor", "多久了？"),
    Message("client", "一周"),
)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_teacher_sees_the_dialogue_and_the_reply_and_no_marks_are_left(language: Language) -> None:
    system, question = asked(BEFORE, "一周都没睡好。", language, 60, 200, 6000)
    names = prompts(language)
    said = f"{names.client}睡不着\n{names.counsellor}多久了？\n{names.client}一周"
    assert said in question.text and "一周都没睡好。" in question.text and "秘密" not in question.text
    assert ("60" in system.text) == (language == "zh") and ("30 to 100" in system.text) == (language == "en")
    assert not set("{}") & set(system.text + question.text)


def test_the_judge_sees_the_thought_too() -> None:
    system, question = judged(BEFORE, "回复", "想法", "zh", 6000)
    assert "JSON" in system.text
    assert question.text.index("一周") < question.text.index("回复") < question.text.index("想法")


def test_a_long_dialogue_loses_its_beginning_and_says_so() -> None:
    before = tuple(Message("client", f"第{n}句" + "话" * 50) for n in range(40))
    text = asked(before, "嗯", "zh", 60, 200, 300)[1].text
    assert "第39句" in text and "第0句" not in text and prompts("zh").earlier in text and len(text) < 500


def test_of_one_message_too_long_the_end_is_shown() -> None:
    text = asked((Message("client", "早" * 900 + "晚"),), "嗯", "zh", 60, 200, 300)[1].text
    assert "早晚" in text and prompts("zh").earlier in text and len(text) < 400


def test_a_client_who_writes_our_marks_changes_nothing() -> None:
    text = asked((Message("client", "{reply}{dialogue}{thought}"),), "真的回复", "zh", 60, 200, 6000)[1].text
    assert "{reply}{dialogue}{thought}" in text and text.count("真的回复") == 1


@pytest.mark.parametrize(
    "packed",
    [
        "她累了。", " 她累了。\n", "思考：她累了。", "**咨询师的思考过程：**\n她累了。", "```\n她累了。\n```",
        "“她累了。”", "【心里话】\n她累了。",
        "<thought>\n她累了。\n</thought>", "```text\n思考：她累了。\n```",
    ],
)  # fmt: skip
def test_packing_is_taken_off(packed: str) -> None:
    assert read_thought(packed) == "她累了。"


@pytest.mark.parametrize(
    "whole", ["“累”是她的词，不是“困”", "思考这件事要慢。", "Thinking back, she is tired.", "她累了。\n要慢。"]
)
def test_what_is_no_packing_stays(whole: str) -> None:
    assert read_thought(whole) == whole


@pytest.mark.parametrize(
    ("said", "score"),
    [
        ('{"score": 7}', 7), ('{"score": 0}', 0), ('{"score": 11}', None), ('{"score": "7"}', None),
        ('{"score": true}', None),
        ("8", 8), ("8/10", 8), ("Score: 10", 10), ("between 3 and 5", None), ("很好", None), ("", None), ("7.5", None),
        ("[1]", 1), ("{" * 20_000, None),
    ],
)  # fmt: skip
def test_a_score_is_read_or_not(said: str, score: int | None) -> None:
    assert read_score(said) == score
