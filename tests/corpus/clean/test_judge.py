"""What is dropped for what it is: adverts, other languages, lengths, loops, spam. And what must not be."""

from __future__ import annotations

import pytest

from anxin.corpus import Drop, Sample
from anxin.corpus.clean import Adverts, Languages, Length, Quality, Repetition
from tests.corpus.clean.samples import GOOD, page, said, talk


def reason(result: object) -> str:
    return result.reason if isinstance(result, Drop) else "kept"


@pytest.mark.parametrize("sample", GOOD)
def test_good_text_is_kept_as_it_stands(sample: Sample) -> None:
    for step in (Adverts(), Length(), Repetition(), Quality()):
        assert step(sample) == sample
    assert isinstance(Languages()(sample), Sample)


@pytest.mark.parametrize(
    "text",
    [
        "如果还有困惑，随时可以私信我。",
        "欢迎关注我的公众号：心里有光。",
        "觉得有帮助请点“有用”，感恩遇见。",
        "你可以点击我的头像预约咨询。",
        "加我微信，我慢慢跟你说。",
        "扫描下方二维码，免费领取测评。",
        "You can email me at the address on my page to set up a session with me.",
        "Please check out my website for more tips.",
    ],
)
def test_a_counsellor_who_advertises_is_dropped(text: str) -> None:
    assert reason(Adverts()(talk(("来", "我很累"), ("咨", "听起来很累。" + text)))) == "advert"


@pytest.mark.parametrize(
    "text",
    [
        "如果愿意，随时可以回来找我说说。",
        "你可以给她发个微信，问问她最近怎么样。",
        "他让你加他的微信，你当时怎么想？",
        "给自己点个赞吧，你已经走了这么远。",
        "老公和女同事私聊，让你心里很不安。",
        "你可以预约一位咨询师，当面谈谈。",
        "关注一下自己的呼吸，就一分钟。",
        "Have you thought about calling a friend?",
    ],
)
def test_talk_of_messages_and_appointments_is_no_advert(text: str) -> None:
    assert reason(Adverts()(talk(("来", "我很累"), ("咨", text)))) == "kept"


def test_an_advert_may_be_cut_out_instead_and_goes_from_documents_by_the_line() -> None:
    result = Adverts(cut=True)(talk(("来", "我很累"), ("咨", "先歇一歇。有事可以私信我。祝你好梦。")))
    assert said(result) == ["来我很累", "咨先歇一歇。祝你好梦。"]
    kept = Adverts()(page("睡前少看手机。\n扫描二维码，限时优惠领取课程\n联系电话：13800000000\n早一点关灯。"))
    assert isinstance(kept, Sample)
    assert kept.document == "睡前少看手机。\n早一点关灯。"


@pytest.mark.parametrize(
    ("sample", "language"),
    [
        (talk(("来", "我 emo 了，deadline 前 brain 一片空白"), ("咨", "嗯。")), "zh"),
        (talk(("来", "ok"), ("咨", "hi")), "en"),
        (talk(("来", "我真的很累，谁也不想见"), ("咨", "I hear you. Tell me more.")), "zh"),
        (page("媽媽說她聽見了雨聲，可是外面沒有下雨。"), "zh"),
        (page("I feel like nobody would notice if I just stopped answering."), "en"),
    ],
)
def test_the_language_is_noted(sample: Sample, language: str) -> None:
    result = Languages()(sample)
    assert isinstance(result, Sample)
    assert result.metadata["language"] == language
    assert Languages()(result) is result


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("最近ずっと眠れなくて、仕事のことばかり考えてしまいます。", "ja"),
        ("요즘 계속 잠을 못 자고 있어요. 일 생각만 나요.", "ko"),
        ("Я совсем не сплю, и всё время думаю о работе.", "ru"),
        ("Je n'arrive pas à dormir et je pense toujours à mon travail, même le soir.", "fr"),
        ("1234 5678 !!!", "und"),
    ],
)
def test_other_languages_are_dropped_by_name(text: str, language: str) -> None:
    assert Languages()(page(text)) == Drop("language", language)
    assert isinstance(Languages(keep=("zh", "en", language))(page(text)), Sample)


def test_lengths_are_counted_in_chinese_characters() -> None:
    short = talk(("来", "累"), ("咨", "嗯"))
    assert Length()(short) == Drop("too_short", "the dialogue has 2")
    assert Length(least=2)(short) == short
    assert Length(least=1, fewest=2)(short) == Drop("few_turns", "1")
    assert Length(least=1, turns=1)(talk(*[("来", "累"), ("咨", "嗯")] * 2)) == Drop("many_turns", "2")
    assert Length(least=1, longest=8)(talk(("来", "我 really 累了"), ("咨", "嗯" * 9))) == Drop(
        "too_long", "a message has 9"
    )
    assert Length(least=1)(talk(("来", "……"), ("咨", "嗯"))) == Drop("too_short", "a message has 0")
    assert Length()(page("短")) == Drop("too_short", "the document has 1")
    twenty_words = "I could not sleep again last night and the birds were already singing when I finally closed my eyes"
    assert Length(least_document=28)(page(twenty_words)) == page(twenty_words)


def test_loops_are_dropped() -> None:
    assert reason(Repetition()(page("我理解你的感受，你可以试着放松。" * 12))) == "repeats"
    assert reason(Repetition()(page("I understand how you feel and I am here. " * 12))) == "repeats"
    assert reason(Repetition()(page("我想说的是啊" + "哈" * 60))) == "repeats"
    lines = [f"今天第{n}次想起那件旧事，还是一样" for n in "一二三四五六七八"]
    assert reason(Repetition()(page("\n".join(lines[:4] * 3)))) == "repeats"


def test_a_counsellor_who_says_the_same_again_and_again_is_dropped() -> None:
    again = "我能理解你现在的感受，你可以试着跟家人沟通一下。"
    looping = talk(("来", "一"), ("咨", again), ("来", "二"), ("咨", again), ("来", "三"), ("咨", again + "好吗？"))
    assert reason(Repetition()(looping)) == "same_reply"
    thanks = talk(*[("来", "谢谢"), ("咨", "不客气，慢慢来。")] * 5)
    assert reason(Repetition()(thanks)) == "kept"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("失眠 治疗 北京 医院 抑郁 焦虑 专家 电话 价格 排名 哪家 好 心理 咨询 中心 " * 4, "keywords"),
        ("anxiety depression therapy clinic cheap best price london doctor online sleep pills review " * 3, "keywords"),
        ("★★★☆☆ ▲▲▼▼ ◆◆◆ ■■■ ※※※ §§§ ￥￥￥ " * 6 + "推荐阅读", "symbols"),
        ("01 23 45 67 89 10 11 12 13 14 第一期 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33", "digits"),
        ("看看 https://a.example/very/long/path 还有 https://b.example/very/long/path 和 https://c.example", "links"),
        ("好的。<|im_end|> 我们继续。", "debris"),
        ("[你的名字]，你好，很高兴认识你。", "debris"),
        ("以下是一段多轮对话：\n我很累。", "debris"),
        ("Sure, here is the translation you asked for.", "debris"),
    ],
)  # fmt: skip
def test_what_is_no_prose_is_dropped(text: str, why: str) -> None:
    assert reason(Quality()(page(text))) == why


def test_a_last_reply_that_breaks_off_is_dropped() -> None:
    whole = "我听到了。你说夜里最难熬。我们可以先看看，最近哪一晚稍微好一点，那天发生了什么，身边有谁。慢慢来，不急。"
    reply = whole + "如果你愿意，也可以从今天晚上开始，先把手机放在另一个房间，然后试着"
    assert reason(Quality()(talk(("来", "睡不着"), ("咨", reply)))) == "cut_off"
    assert reason(Quality()(talk(("来", "睡不着"), ("咨", reply + "深呼吸。")))) == "kept"
    assert reason(Quality()(talk(("来", reply), ("咨", "嗯，我在听。")))) == "kept"
    english = "I hear you. Nights are hard. What helped last time? "
    whole = english + "Please write again when you feel ready to.\nWarmly, Ann"
    assert reason(Quality()(talk(("来", "I can't sleep"), ("咨", whole)))) == "kept"
    cut = english + "If you like, we could look at what you do in the hour before"
    assert reason(Quality()(talk(("来", "I can't sleep"), ("咨", cut)))) == "cut_off"
