"""What `anxin screen` does with one record."""

from __future__ import annotations

from typing import Any

import pytest

from anxin.errors import DataError
from anxin.safety import judge


def test_a_text() -> None:
    found = judge({"id": "a", "text": "我朋友想自杀"})
    assert found["id"] == "a"
    assert (found["risk"], found["subject"], found["action"]) == (3, "other", "crisis")
    assert found["evidence"][0]["why"]
    assert found["microseconds"] >= 0
    assert set(found) == {"id", "risk", "concerns", "subject", "action", "evidence", "microseconds"}


def test_messages_are_judged_by_the_whole_conversation() -> None:
    messages = [
        {"role": "user", "content": "我想自杀"},
        {"role": "assistant", "content": "谢谢你告诉我"},
        {"role": "user", "content": "今天下雨了"},
    ]
    found = judge({"id": 1, "messages": messages})
    assert (found["risk"], found["action"]) == (3, "crisis")


def test_the_last_message_counts_when_it_is_the_gravest() -> None:
    found = judge({"messages": [{"role": "client", "content": "你好"}, {"role": "client", "content": "我今晚就自杀"}]})
    assert found["risk"] == 4
    assert found["evidence"]


@pytest.mark.parametrize(
    ("record", "word"),
    [
        ({"id": 1}, "text"),
        ({"text": 5}, "text"),
        ({"messages": "hi"}, "messages"),
        ({"messages": []}, "role user"),
        ({"messages": [{"role": "king", "content": "x"}]}, "role"),
        ({"messages": [{"role": "assistant", "content": "x"}]}, "role user"),
        (["text"], "object"),
    ],
)
def test_a_record_that_cannot_be_read_says_what_to_change(record: Any, word: str) -> None:
    with pytest.raises(DataError, match=word) as caught:
        judge(record)
    assert "\n" not in str(caught.value)
