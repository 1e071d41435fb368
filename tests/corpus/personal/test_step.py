"""Personal data replaced in a whole sample."""

from __future__ import annotations

import pickle
import re

from hypothesis import given
from hypothesis import strategies as st

from anxin.corpus import Sample
from anxin.corpus.personal import Personal, find
from anxin.corpus.personal.reading import plain, table
from anxin.corpus.personal.span import KINDS
from anxin.dialogue import Dialogue, Message

_TALK = Dialogue(
    (
        Message("client", "我叫李明轩，在青山市第三中学读书。同桌王雨桐总笑我，电话13900001234。"),
        Message("counsellor", "明轩，王雨桐笑你的时候，你心里是什么感觉？", "李明轩被王雨桐嘲笑，很难过。"),
        Message("client", "李老师让我别理她。139 0000 1234打不通就算了。"),
    )
)


def said(sample: Sample) -> str:
    return "\n".join(f"{message.text}\n{message.thought}" for message in sample.dialogue)


def clean(style: str = "stand_in", id: str = "a") -> Sample:
    cleaned = Personal(style=style)(Sample(id, _TALK, source="s", metadata={"topic": "school"}))  # type: ignore[arg-type]
    assert isinstance(cleaned, Sample)
    return cleaned


def test_nobodys_name_is_left_in_messages_or_thoughts() -> None:
    assert not re.search("明轩|雨桐|李老师|139|第三中学", said(clean()))


def test_one_person_has_one_stand_in_and_two_have_two() -> None:
    first, second, third = clean().dialogue
    me = re.search("我叫(.)(..)，", first.text)
    other = re.search("同桌(...)总", first.text)
    assert me is not None and other is not None
    surname, given = me.groups()
    assert surname + given != other[1] and not other[1].endswith(given)
    assert second.text.startswith(f"{given}，{other[1]}笑你")
    assert second.thought == f"{surname}{given}被{other[1]}嘲笑，很难过。"
    assert third.text.startswith(f"{surname}老师")


def test_placeholders_number_people_and_numbers() -> None:
    first, second, third = clean("placeholder").dialogue
    assert first.text == "我叫〔姓名1〕，在〔学校1〕读书。同桌〔姓名2〕总笑我，电话〔电话1〕。"
    assert second.text == "〔姓名1〕，〔姓名2〕笑你的时候，你心里是什么感觉？"
    assert third.text == "〔姓名3〕让我别理她。〔电话1〕打不通就算了。"


def test_the_sample_id_alone_decides_who_stands_for_whom() -> None:
    assert said(clean()) == said(clean())
    assert len({said(clean(id=str(place))) for place in range(8)}) > 1


def test_counts_are_noted_and_no_text_with_them() -> None:
    assert clean().metadata == {"topic": "school", "personal": {"name": 7, "phone": 2, "school": 1}}


def test_english_keeps_titles_and_the_two_halves_of_a_name() -> None:
    talk = Dialogue(
        (Message("client", "I'm Karen Hughes. Mr. Hughes left us."), Message("counsellor", "I hear you, Karen."))
    )
    cleaned = Personal()(Sample("b", talk))
    assert isinstance(cleaned, Sample)
    names = re.search(r"I'm (\w+) (\w+)\. Mr\. (\w+) left", cleaned.dialogue.messages[0].text)
    assert names is not None
    assert names[2] == names[3] and "Karen" not in said(cleaned) and "Hughes" not in said(cleaned)
    assert cleaned.dialogue.messages[1].text == f"I hear you, {names[1]}."


def test_a_sample_with_nothing_personal_is_the_same_object() -> None:
    sample = Sample("c", Dialogue((Message("client", "最近总是睡不好。"), Message("counsellor", "多久了呢？"))))
    assert Personal()(sample) is sample


def test_only_the_kinds_asked_for_are_replaced() -> None:
    cleaned = Personal(kinds=("phone",))(Sample("d", _TALK))
    assert isinstance(cleaned, Sample)
    assert "李明轩" in said(cleaned) and "139" not in said(cleaned)
    assert cleaned.metadata["personal"] == {"phone": 2}


def test_a_document_is_read_too_and_the_step_can_be_pickled() -> None:
    step = pickle.loads(pickle.dumps(Personal(style="placeholder")))
    cleaned = step(Sample("e", document="来访者郑美玲，已婚。郑美玲说她很累。"))
    assert cleaned.document == "来访者〔姓名1〕，已婚。〔姓名1〕说她很累。"


def test_stand_ins_share_no_last_character_and_look_like_no_one_else() -> None:
    zh = table("stand_ins")["zh"]
    lasts = [given[-1] for given in zh["given"].split()]
    assert len(lasts) == len(set(lasts))
    assert plain(zh["given"] + zh["surnames"]) == zh["given"] + zh["surnames"]
    for language in ("zh", "en"):
        assert set(table("stand_ins")["words"][language]) == set(KINDS)


_PIECES = st.sampled_from(
    [
        "我叫李明轩。",
        "王雨桐说",
        "今天很累，",
        "电话13900001234。",
        "My name is Tom Hughes. ",
        "I feel low. ",
        "在青山市第三中学读书。",
        "🙂",
        "\n",
        " Ａ",
        "陳老師",
    ]
)


@given(st.lists(_PIECES, max_size=12))
def test_nothing_outside_the_spans_changes(pieces: list[str]) -> None:
    """What stands between two spans stands between their stand-ins, character for character."""
    text = "".join(pieces)
    cleaned = Personal(style="placeholder")(Sample("f", document=text))
    assert isinstance(cleaned, Sample)
    at, kept = 0, []
    for span in find(text):
        kept.append(text[at : span.start])
        at = span.end
    between = re.split(r"〔[^〔〕]+〕|\[[a-zA-Z ]+ \d+\]", cleaned.document)
    assert between == [*kept, text[at:]]
