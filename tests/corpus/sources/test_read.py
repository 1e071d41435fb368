from __future__ import annotations

import json
from pathlib import Path

import pytest

from anxin.corpus import READERS, read
from anxin.errors import DataError


def test_dialogues_are_read_as_they_stand(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"id": 7, "messages": [{"role": "client", "content": "累"}]}\n\n', encoding="utf-8")
    (sample,) = read("dialogues", path)
    assert (sample.id, sample.dialogue.to_wire()) == ("7", [{"role": "user", "content": "累"}])


def test_compressed_lines_are_read(tmp_path: Path) -> None:
    zstandard = pytest.importorskip("zstandard")
    path = tmp_path / "a.jsonl.zst"
    path.write_bytes(zstandard.compress('{"text": "米饭要先淘"}\n'.encode()))
    (sample,) = read("documents", path)
    assert sample.document == "米饭要先淘"


def test_sessions_written_as_text_become_turns(tmp_path: Path) -> None:
    text = "##多轮对话##\n来访者：最近总失眠。\n\n**小林：听上去很累。**\n来访者：是的。"
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps({"dialogue": text}, ensure_ascii=False), encoding="utf-8")
    (sample,) = read("psyeval", path)
    assert sample.dialogue.to_wire() == [
        {"role": "user", "content": "最近总失眠。"},
        {"role": "assistant", "content": "听上去很累。"},
        {"role": "user", "content": "是的。"},
    ]


def test_a_question_and_its_answer_become_a_dialogue(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("questionTitle,questionText,answerText\nWhy?,,Because\n", encoding="utf-8")
    (sample,) = read("counsel_chat", path)
    assert [message.text for message in sample.dialogue] == ["Why?", "Because"]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [("{", "not json.*line 1"), ("[]", "line 1 is not an object"), ("{}", "record 1: has no messages")],
)
def test_a_record_that_cannot_be_read_is_named(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(text)
    with pytest.raises(DataError, match=complaint):
        list(read("dialogues", path))


def test_unknown_readers_and_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=f"known are {', '.join(sorted(READERS))}"):
        list(read("nothing", tmp_path))
    with pytest.raises(DataError, match="does not exist"):
        list(read("dialogues", tmp_path / "none.jsonl"))


def test_a_broken_archive_is_named(tmp_path: Path) -> None:
    pytest.importorskip("zstandard")
    path = tmp_path / "a.jsonl.zst"
    path.write_bytes(b"\x28\xb5\x2f\xfd broken")
    with pytest.raises(DataError, match="damaged"):
        list(read("dialogues", path))
