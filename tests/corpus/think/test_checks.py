from __future__ import annotations

from collections.abc import Iterable

import pytest

from anxin.corpus.think import Thinking, bounds, fault
from anxin.corpus.think.checks import related
from anxin.corpus.think.prompts import prompts
from anxin.dialogue import Message

from .pairs import PAIRS, VAGUE, Pair, of

ZH = next(pair for pair in PAIRS if pair.language == "zh")
EN = next(pair for pair in PAIRS if pair.language == "en")


def reason(it: Thinking) -> str:
    found = fault(it)
    return found.reason if found else ""


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.client[:20])
def test_an_authored_thought_may_stand(pair: Pair) -> None:
    assert fault(pair.thinking()) is None


def _wrong(half: int) -> Iterable[Thinking]:
    for language in ("zh", "en"):
        every = [pair for pair in PAIRS if pair.language == language]
        for pair in of(language, half):
            yield from (pair.thinking(other.thought) for other in every if other is not pair)
            yield from (pair.thinking(vague) for vague in VAGUE[language])


def test_thoughts_for_another_dialogue_or_for_any_do_not_lead_to_the_reply() -> None:
    """On the half that set the thresholds and on the other: the figures in `related`'s docstring."""
    for half in (1, 2):
        found = [related(it) for it in _wrong(half)]
        assert len(found) == 155 and None not in found
    elsewhere = [
        related(pair.thinking(reply=other.reply))
        for language in ("zh", "en")
        for pair in of(language, 2)
        for other in PAIRS
        if other.language == language and other is not pair
    ]
    assert (len(elsewhere), elsewhere.count(None)) == (111, 2)


@pytest.mark.parametrize(
    "thought",
    [
        "给定的回复是先表达理解。",
        "作为AI，我需要保持中立。",
        "按照要求写，先共情。",
        "参考答案里提到了母亲。",
        "以下是我的思考。",
        "咨询师接着说：手机一响。",
        "The given reply names the fear. ",
        "As an AI language model I cannot know. ",
        "Following the instructions, I stay brief. ",
        "The user wants a short thought. ",
    ],
)
def test_a_leak_is_found_in_a_thought_that_is_right_but_for_it(thought: str) -> None:
    pair = ZH if any("\u4e00" <= char <= "\u9fff" for char in thought) else EN
    assert reason(pair.thinking(thought + pair.thought)) == "thought_leak"


@pytest.mark.parametrize(
    "harmless",
    [
        "很多问题没有标准答案，", "先不急着给出回应，", "她按照妈妈的要求去相亲，", "他说要给我一个回答，",
        "我不能替她决定，",
        "what prompted this, ", "he uses, he is a user of sleeping aids, ", "she follows her mother's instructions, ",
    ],
)  # fmt: skip
def test_words_that_look_like_a_leak_are_none(harmless: str) -> None:
    pair = ZH if any("\u4e00" <= char <= "\u9fff" for char in harmless) else EN
    assert reason(pair.thinking(harmless + pair.thought)) == ""


@pytest.mark.parametrize("pair", [ZH, EN])
def test_each_check_has_its_reason(pair: Pair) -> None:
    zh = pair.language == "zh"
    told = prompts(pair.language).teacher
    sentence = pair.thought[: len(pair.thought) // 3]
    cases = {
        "thought_truncated": pair.thinking(cut=True),
        "thought_empty": pair.thinking(" 。…"),
        "thought_language": pair.thinking((EN if zh else ZH).thought),
        "thought_short": pair.thinking("她怕妈妈失望。" if zh else "She is lonely tonight."),
        "thought_long": pair.thinking(pair.thought * 6),
        "thought_repeats": pair.thinking(sentence * 3),
        "thought_leak": pair.thinking(pair.thought + told[100:260]),
        "thought_copied": pair.thinking(pair.thought + pair.reply),
        "thought_refused": pair.thinking(
            "抱歉，我无法完成这个请求。" + pair.thought
            if zh
            else "I'm sorry, but I can't help with that. " + pair.thought
        ),
        "thought_unsafe": pair.thinking(
            pair.thought + ("死了就解脱了，想死就去死吧。" if zh else " You should just kill yourself.")
        ),
        "thought_spoken": pair.thinking(
            "听到你这么说我很心疼，你愿意的话可以再多跟我说说，我会一直在这里陪着你，我们一起慢慢想办法，好吗？"
            if zh
            else "I'm so sorry you are going through this, and I want you to know that you can tell me anything, "
            "whenever you feel ready; we will take it one small step after another together."
        ),
        "thought_unrelated": pair.thinking(VAGUE[pair.language][0]),
    }
    assert {wanted: reason(it) for wanted, it in cases.items()} == {wanted: wanted for wanted in cases}


def test_repeating_the_client_is_no_thought() -> None:
    said = (
        "我妈天天打电话催我结婚，一接就是半小时，我现在看到她的来电就心慌，手机一响我就躲到阳台上去，跟谁也不想说话。"
    )
    it = Thinking(said + "怕听到哪一句？", (Message("client", said),), ZH.reply, "zh", bounds(ZH.reply, 40, 600))
    assert reason(it) == "thought_copied"


@pytest.mark.parametrize("played", ["\n来访者：好的，谢谢。", "咨询师: 那我们下次再谈。"])
def test_playing_the_conversation_on_is_no_thought(played: str) -> None:
    assert reason(ZH.thinking(ZH.thought + played)) == "thought_spoken"


def test_words_meant_for_the_client_may_be_quoted() -> None:
    quoting = ZH.thought + "也可以说“你不用急着回答，你想到什么就说什么，你说的我都听着”。"
    assert reason(ZH.thinking(quoting)) == ""
    quoting = EN.thought + ' Something like "you came, you stayed, you smiled; what did it take from you?" could do.'
    assert reason(EN.thinking(quoting)) == ""


def test_half_english_is_not_chinese_but_a_name_the_client_used_is() -> None:
    mixed = ZH.thought + "She feels anxious and deeply ashamed whenever mother calls about marriage again tonight"
    assert reason(ZH.thinking(mixed)) == "thought_language"
    before = (Message("client", ZH.client + "她总拿Jessica和Michael Thompson跟我比。"),)
    named = ZH.thought + "还有Jessica，Michael Thompson。"
    assert reason(Thinking(named, before, ZH.reply, "zh", bounds(ZH.reply, 40, 600))) == ""


def test_a_short_word_of_the_clients_asks_for_no_shared_words() -> None:
    before = (Message("client", "嗯。"),)
    assert reason(Thinking(ZH.thought, before, ZH.reply, "zh", bounds(ZH.reply, 40, 600))) == ""


@pytest.mark.parametrize(("reply", "low", "high"), [("嗯。", 40, 206), ("好" * 60, 40, 560), ("好" * 300, 100, 600)])
def test_bounds_follow_the_reply(reply: str, low: int, high: int) -> None:
    found = bounds(reply, 40, 600)
    assert (found.low, found.high) == (low, high)
