"""Who speaks and what a counsellor may not say: roles, machine, disclosures, persona, guard, crisis, template."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anxin.corpus import Aside, Drop, Sample
from anxin.corpus.clean import (
    COUNSELLING,
    DOCUMENTS,
    Crisis,
    Persona,
    Roles,
    Template,
    UnsafeCounsellor,
    clean,
    discloses,
    machine,
)
from anxin.corpus.clean.chain import CLEANING
from anxin.dialogue import Dialogue, Message
from tests.corpus.clean.samples import GOOD, page, said, talk


def reason(result: object) -> str:
    return result.reason if isinstance(result, Drop) else "aside" if isinstance(result, Aside) else "kept"


def reply(text: str) -> Sample:
    return talk(("来", "最近很累"), ("咨", text))


def test_a_dialogue_is_put_in_order() -> None:
    raw = talk(("系", "你是咨询师"), ("咨", "你好"), ("来", "累"), ("来", "真累"), ("咨", "嗯"), ("来", "再见"))
    assert said(Roles()(raw)) == ["来累\n真累", "咨嗯"]
    assert said(Roles()(talk(("来", "累"), ("咨", "嗯")))) == ["来累", "咨嗯"]


def test_thoughts_stay_with_their_messages() -> None:
    raw = (
        Message("client", "来访者：累"),
        Message("counsellor", "咨询师：嗯", "他累了"),
        Message("counsellor", "多久了？", "问时间"),
    )
    result = Roles()(Sample("1", Dialogue(raw)))
    assert isinstance(result, Sample)
    assert result.dialogue.messages == (
        Message("client", "累"),
        Message("counsellor", "嗯\n多久了？", "他累了\n问时间"),
    )


def test_labels_within_a_text_begin_new_messages() -> None:
    raw = talk(("来", "我很累。支持者：从什么时候开始的？求助者：上个月。"), ("咨", "**咨询师：** 那时发生了什么？"))
    assert said(Roles()(raw)) == ["来我很累。", "咨从什么时候开始的？", "来上个月。", "咨那时发生了什么？"]
    english = talk(
        ("来", "Client: I'm tired."), ("咨", "Counselor: Since when?\nClient: May.\nTherapist: What happened then?")
    )
    assert said(Roles()(english)) == ["来I'm tired.", "咨Since when?", "来May.", "咨What happened then?"]


@pytest.mark.parametrize("text", ["你问过咨询师：我会好吗", "这句话是在告诉来访者：你不是一个人。", "我跟她说：算了"])
def test_a_name_within_a_sentence_is_no_label(text: str) -> None:
    raw = talk(("来", "我在学咨询"), ("咨", text))
    assert Roles()(raw) == raw


def test_swapped_sides_are_swapped_back() -> None:
    swapped = talk(
        ("咨", "我最近总是失眠，我该怎么办"),
        ("来", "听起来你很累，能多说说吗？"),
        ("咨", "我每天都在想工作"),
        ("来", "我理解你的压力。你可以试着睡前写下来。"),
        ("咨", "谢谢你的建议，我会试试"),
        ("来", "谢谢你愿意说出来，慢慢来。"),
    )
    result = said(Roles()(swapped))
    assert result[0].startswith("来我最近总是失眠")
    assert result[-1].startswith("咨谢谢你愿意")
    assert reason(Roles(swap=False)(swapped)) == "kept"
    assert said(Roles(swap=False)(swapped))[0].startswith("来听起来")


@pytest.mark.parametrize(
    "sample", [talk(("来", "累"), ("来", "真的")), talk(("咨", "你好")), talk(("来", "累"), ("咨", "")), Sample("1")]
)
def test_a_dialogue_in_which_one_side_is_silent_is_dropped(sample: Sample) -> None:
    assert reason(Roles()(sample)) == "one_sided"


sides = st.sampled_from(["client", "counsellor", "system"])
words = st.text(alphabet="来访者咨询师：我累。\n Client:", max_size=20)


@given(st.lists(st.tuples(sides, words), max_size=8))
def test_whatever_is_kept_alternates(raw: list[tuple[str, str]]) -> None:
    result = Roles()(Sample("1", Dialogue(tuple(Message(role, text) for role, text in raw))))  # type: ignore[arg-type]
    if isinstance(result, Sample):
        roles = [message.role for message in result.dialogue]
        assert roles == ["client", "counsellor"] * (len(roles) // 2)
        assert all(message.text for message in result.dialogue)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("作为一个人工智能助手，我没有情绪。", "machine"),
        ("我只是一个AI，不能替你决定。", "machine"),
        ("I'm just an AI language model, so I can't feel that.", "machine"),
        ("你不是机器人，累了就要歇。", "kept"),
        ("你说他像个机器人，从不回应你。", "kept"),
        ("I am aiming for something smaller today.", "kept"),
    ],
)
def test_a_machine_that_says_so_is_dropped(text: str, why: str) -> None:
    assert reason(machine(reply(text))) == why


@pytest.mark.parametrize(
    "text",
    [
        "我以前也和你一样，天天睡不着。",
        "我自己也经历过离婚，知道那种滋味。",
        "这个问题很常见，我也曾经遇到过。",
        "我现在就是再婚家庭，也吵。",
        "我是你的辅导员，有什么都可以说。",
        "分享下我的方法吧，先深呼吸。",
        "我妈妈也是这样的人，我后来就不和她吵了。",
        "我今年35岁了，回头看这些都不算什么。",
        "我上大学的时候也挂过科。",
        "作为一个过来人，我想劝你一句。",
        "说说我自己的经历吧。",
        "我有个朋友也这样，后来好了。",
        "比如，我有个朋友是护士，后来转了行。",
        "和你一样，我也是学心理学的。",
        "When I was in college I felt the same.",
        "I've been there, and my own depression taught me a lot.",
        "My husband and I went through that too.",
    ],
)
def test_a_counsellor_with_a_life_of_its_own_is_dropped(text: str) -> None:
    assert reason(discloses(reply(text))) == "discloses"


@pytest.mark.parametrize(
    "text",
    [
        "我也能理解你为什么不想说。",
        "你可以对她说：我妈妈的话让我很难受。",
        "你心里想的是“我以前也和你一样”，可没有说出口。",
        "我之前提到过，可以先从小事做起。",
        "如果我是你妈妈，也许我会担心。",
        "你和你妈妈之间，最近有过一次好的谈话吗？",
        "我们都经历过低谷。",
        "换个角度看，比如：我准备过，也许还是会紧张，但我以前也被老师夸过。",
        "You could tell him: when I was in college, you were always there.",
        "It makes sense that my question stings.",
        "我曾在一本书里读到，难过的时候先别急着想通。",
    ],
)
def test_words_lent_to_the_client_are_no_disclosure(text: str) -> None:
    assert reason(discloses(reply(text))) == "kept"


def test_personas_are_dropped() -> None:
    cast = talk(("系", "现在你是温柔的邻家姐姐，名叫小满。"), ("来", "我累"), ("咨", "过来坐。"))
    staged = talk(("来", "我累"), ("咨", "（微笑）过来坐。"), ("来", "嗯"), ("咨", "（递上一杯水）慢慢说。"))
    plain = talk(
        ("系", "你是一位心理咨询师。"), ("来", "我累"), ("咨", "（停一下）我在听。"), ("来", "嗯"), ("咨", "慢慢说。")
    )
    assert [reason(Persona()(sample)) for sample in (cast, staged, plain)] == ["persona", "persona", "kept"]
    labelled = talk(("来", "累"), ("咨", "（共情）我在听。"), ("来", "嗯"), ("咨", "（澄清）你是说夜里？"))
    assert reason(Persona()(labelled)) == "kept"
    assert reason(Persona(names=("小满",))(talk(("来", "小满，我累"), ("咨", "过来坐。")))) == "persona"


def test_what_the_guard_would_stop_is_not_taught() -> None:
    assert reason(UnsafeCounsellor()(reply("你得了抑郁症，要去吃药。"))) == "unsafe_diagnosis"
    assert reason(UnsafeCounsellor()(reply("你打这个电话：13912345678。"))) == "unsafe_contact"
    assert reason(UnsafeCounsellor()(reply("听起来这阵子很不容易。"))) == "kept"
    assert reason(UnsafeCounsellor()(talk(("来", "你得了抑郁症"), ("咨", "是谁这样对你说的？")))) == "kept"


def test_a_kind_may_be_spared_and_what_comes_after_it_is_still_read() -> None:
    text = "你打这个电话：13912345678。你得了抑郁症，要去吃药。"
    assert reason(UnsafeCounsellor(spare=("contact",))(reply(text))) == "unsafe_diagnosis"
    assert reason(UnsafeCounsellor(spare=("contact", "diagnosis"))(reply(text))) == "kept"


def test_words_of_love_pass_in_quotation_marks_alone() -> None:
    assert reason(UnsafeCounsellor()(reply("我永远爱你。"))) == "unsafe_dependence"
    assert reason(UnsafeCounsellor()(reply("也许她想听的是“我永远爱你”，而不是道理。"))) == "kept"


def test_what_the_client_said_word_for_word_is_not_the_counsellors_life() -> None:
    told = "从我22岁起就一直受父亲的打骂，到现在也没有停"
    assert reason(discloses(talk(("来", told), ("咨", f"你说{told}，我听着很难过。")))) == "kept"
    assert reason(discloses(talk(("来", told), ("咨", "从我22岁起也是这样过来的，别怕。")))) == "discloses"


def test_the_clients_words_between_stars_are_no_stage_direction() -> None:
    asked = talk(("来", "胸口发闷，也睡不着"), ("咨", "*胸口发闷*多久了？"), ("来", "一周"), ("咨", "*也睡不着*呢？"))
    assert reason(Persona()(asked)) == "kept"
    played = talk(("来", "累"), ("咨", "*点点头*多久了？"), ("来", "一周"), ("咨", "*递过纸巾*慢慢说。"))
    assert reason(Persona()(played)) == "persona"


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ("我患有强迫症三年了，一直没好。", "kept"),
        ("去年医院确诊强迫症。", "kept"),
        ("我是不是得了强迫症？", "unsafe_diagnosis"),
        ("我怀疑自己患有强迫症。", "unsafe_diagnosis"),
        ("我得了强迫症吗", "unsafe_diagnosis"),
        ("我患有抑郁症三年了。", "unsafe_diagnosis"),
    ],
)
def test_an_illness_the_client_named_is_not_the_counsellors_diagnosis(told: str, why: str) -> None:
    assert reason(UnsafeCounsellor()(talk(("来", told), ("咨", "你患有强迫症，这几年很不容易。")))) == why


def test_a_harsh_word_that_is_denied_or_another_s_is_not_the_counsellor_s() -> None:
    assert reason(UnsafeCounsellor()(reply("你就是失败者。"))) == "unsafe_encourage"
    assert reason(UnsafeCounsellor()(reply("考砸一次，并不意味着你就是失败者。"))) == "kept"


def test_crisis_goes_to_a_shard_of_its_own() -> None:
    heard = Crisis()(talk(("来", "活着好没意思，想就这么睡过去再也不醒来"), ("咨", "我在听。")))
    assert isinstance(heard, Aside)
    assert heard.shard == "crisis"
    assert heard.sample.metadata["crisis"]["risk"] >= 2
    named = Crisis()(talk(("来", "我很好"), ("咨", "你有没有过自杀的念头？")))
    assert isinstance(named, Aside)
    assert named.sample.metadata["crisis"] == {"named": "自杀", "by": "counsellor"}
    hoped = Crisis()(talk(("来", "要是得了什么病，治不好，就解脱了吧"), ("咨", "我在听。")))
    assert isinstance(hoped, Aside)
    assert reason(Crisis()(talk(("来", "今天上班迟到了"), ("咨", "路上发生了什么？")))) == "kept"


def test_the_level_of_crisis_is_an_option() -> None:
    sad = talk(("来", "最近心情很差，总想哭"), ("咨", "我在听。"))
    assert reason(Crisis()(sad)) == "kept"
    assert reason(Crisis(level=1)(sad)) == "aside"


def test_template_replies_are_counted() -> None:
    same = "我理解你的感受。你可以试着和家人沟通，也建议你多运动。"
    result = Template()(talk(("来", "累"), ("咨", same), ("来", "嗯"), ("咨", "那天晚上你在想什么？")))
    assert isinstance(result, Sample)
    assert result.metadata["template"] == 0.5
    assert Template()(result) is result
    assert Template(most=0.4)(result) == Drop("template", "0.5")


@pytest.mark.parametrize("sample", GOOD)
def test_good_samples_pass_the_whole_chain(sample: Sample) -> None:
    kept: object = sample
    for name, options in COUNSELLING if len(sample.dialogue) else DOCUMENTS:
        step = CLEANING[name]
        assert isinstance(kept, Sample), kept
        kept = (step(**options) if isinstance(step, type) else step)(kept)
    assert isinstance(kept, Sample), kept
    assert (kept.dialogue, kept.document) == (sample.dialogue, sample.document)


def test_documents_pass_the_steps_that_are_about_dialogues() -> None:
    text = page("作为一个人工智能助手，我以前也和你一样。自杀。")
    for step in (Roles(), machine, discloses, Persona(), UnsafeCounsellor(), Crisis(), Template()):
        assert step(text) == text


def test_the_mini_s_own_cleaning_is_not_these_steps() -> None:
    # Its card was written with it: a dialogue with a telephone number is `contact` there, whatever the guard says here.
    assert clean(reply("打 010-82951332 吧"), []) == Drop("contact")
