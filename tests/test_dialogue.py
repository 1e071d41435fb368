from __future__ import annotations

from dataclasses import FrozenInstanceError
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anxin.dialogue import Dialogue, Message
from anxin.errors import DialogueError, UserError


def test_a_change_makes_a_new_dialogue() -> None:
    before = Dialogue().says("client", "睡不着")
    after = before.says("counsellor", "多久了？")
    assert len(before) == 1
    assert [message.role for message in after] == ["client", "counsellor"]
    with pytest.raises(FrozenInstanceError):
        after.messages = ()  # type: ignore[misc]


def test_wire_names_of_every_kind_are_read() -> None:
    wire: list[dict[str, Any]] = [
        {"role": "developer", "content": "be kind"},
        {"role": "user", "content": [{"type": "text", "text": "hel"}, {"type": "text", "text": "lo"}]},
        {"role": "counselor", "content": "hi"},
        {"role": "assistant", "content": None},
    ]
    dialogue = Dialogue.from_wire(wire, id="d1")
    assert [(message.role, message.text) for message in dialogue] == [
        ("system", "be kind"),
        ("client", "hello"),
        ("counsellor", "hi"),
        ("counsellor", ""),
    ]
    assert dialogue.id == "d1"
    assert dialogue.by("client") == (Message("client", "hello"),)


@pytest.mark.parametrize(
    ("wire", "complaint"),
    [
        (["hello"], r"messages\[0\] is not an object"),
        ([{"role": "tool", "content": "x"}], r"messages\[0\]\.role must be one of"),
        ([{"role": "user", "content": 3}], r"messages\[0\]\.content must be text"),
        ([{"role": "user", "content": [{"type": "image_url"}]}], r"text parts only"),
    ],
)
def test_what_cannot_be_read_is_named(wire: Any, complaint: str) -> None:
    with pytest.raises(DialogueError, match=complaint) as caught:
        Dialogue.from_wire(wire)
    assert isinstance(caught.value, UserError)


messages = st.lists(st.builds(Message, st.sampled_from(["system", "client", "counsellor"]), st.text()))


@given(messages)
def test_the_wire_loses_nothing(spoken: list[Message]) -> None:
    dialogue = Dialogue(tuple(spoken))
    assert Dialogue.from_wire(dialogue.to_wire()) == dialogue
