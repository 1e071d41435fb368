from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anxin.corpus import Drop, Sample, clean
from anxin.dialogue import Dialogue, Message

LONG = "这是一段很长的话。" * 20


def dialogue(*turns: tuple[str, str]) -> Sample:
    spoken = Dialogue()
    for side, text in turns:
        spoken = spoken.says("client" if side == "来" else "counsellor", text)
    return Sample("1", spoken)


def test_markup_and_spacing_are_repaired_and_neighbours_joined() -> None:
    result = clean(dialogue(("来", "我<br>很\u3000累 \n\n 睡不着"), ("来", "怎么办"), ("咨", " 辛苦了 ")), [])
    assert isinstance(result, Sample)
    assert [message.text for message in result.dialogue] == ["我 很\u3000累\n睡不着\n怎么办", "辛苦了"]


def test_a_dialogue_begins_with_the_client_and_ends_with_the_counsellor() -> None:
    result = clean(dialogue(("咨", "你好"), ("来", "累"), ("咨", "嗯"), ("来", "再见")), [])
    assert isinstance(result, Sample)
    assert [message.text for message in result.dialogue] == ["累", "嗯"]


@pytest.mark.parametrize(
    ("sample", "reason"),
    [
        (dialogue(("来", "累"), ("来", "真的")), "one_sided"),
        (dialogue(("来", "我不想活了"), ("咨", "我在")), "crisis"),
        (dialogue(("来", "I WANT TO DIE"), ("咨", "ok")), "crisis"),
        (dialogue(("来", "累"), ("咨", "加我微信：abc")), "contact"),
        (dialogue(("来", "累"), ("咨", "打 010-82951332 吧")), "contact"),
        (dialogue(("来", "累"), ("咨", "作为一个AI，我不能")), "machine"),
        (Sample("1", Dialogue(), "短"), "short"),
    ],
)
def test_a_drop_says_why(sample: Sample, reason: str) -> None:
    assert clean(sample, ["不想活", "want to die"]) == Drop(reason)


def test_a_client_may_mention_their_phone() -> None:
    assert isinstance(clean(dialogue(("来", "我加了他微信"), ("咨", "后来呢")), []), Sample)


def test_documents_are_kept_whole() -> None:
    assert clean(Sample("1", Dialogue(), LONG), []) == Sample("1", Dialogue(), LONG)


turns = st.lists(st.tuples(st.sampled_from(["client", "counsellor", "system"]), st.text(max_size=20)), max_size=8)


@given(turns)
def test_whatever_is_kept_alternates(raw: list[tuple[str, str]]) -> None:
    sample = Sample("1", Dialogue(tuple(Message(role, text) for role, text in raw)))  # type: ignore[arg-type]
    result = clean(sample, [])
    if isinstance(result, Sample):
        roles = [message.role for message in result.dialogue]
        assert roles == ["client", "counsellor"] * (len(roles) // 2)
        assert clean(result, []) == result
