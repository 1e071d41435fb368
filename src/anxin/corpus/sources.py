"""Adapters: one function reads one released format and yields samples as they stand, nothing changed.

A sample is a dialogue or, for general text, a single system-less document. Formats are described in each docstring.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from anxin.corpus.sample import Sample
from anxin.dialogue import Dialogue
from anxin.errors import DataError, DialogueError, MissingExtra

__all__ = ["READERS", "Reader", "read"]


Reader = Callable[[Path], Iterator[Sample]]


def read(reader: str, path: Path) -> Iterator[Sample]:
    """Read `path` with the named reader. Raises `DataError` for a missing file or a record that cannot be read."""
    if reader not in READERS:
        raise DataError(f"no reader {reader}; known are {', '.join(sorted(READERS))}")
    if not path.exists():
        raise DataError(f"{path} does not exist; name the data folder with --data or ANXIN_DATA")
    yield from READERS[reader](path)


def _lines(path: Path) -> Iterator[str]:
    if path.suffix != ".zst":
        with path.open(encoding="utf-8") as file:
            yield from file
        return
    try:
        import zstandard
    except ImportError:
        raise MissingExtra("reading .zst files", "train") from None
    with path.open("rb") as packed, zstandard.ZstdDecompressor().stream_reader(packed) as stream:
        try:
            yield from io.TextIOWrapper(stream, encoding="utf-8")
        except (zstandard.ZstdError, UnicodeDecodeError) as error:
            raise DataError(f"{path} is damaged: {error}") from None


def _records(path: Path) -> Iterator[tuple[int, dict[str, object]]]:
    for number, line in enumerate(_lines(path), start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except json.JSONDecodeError as error:
            raise DataError(f"{path} line {number} is not JSON: {error.msg}") from None
        if not isinstance(record, dict):
            raise DataError(f"{path} line {number} is not an object")
        yield number, record


def dialogues(path: Path) -> Iterator[Sample]:
    """`{"id", "messages": [{"role": "client|counselor", "content"}]}` a line (SmileChat, CPsyCounD, our own)."""
    for number, record in _records(path):
        messages = record.get("messages")
        if not isinstance(messages, list):
            raise DataError(f"{path} line {number} has no messages")
        try:
            yield Sample(str(record.get("id", number)), Dialogue.from_wire(messages))
        except DialogueError as error:
            raise DataError(f"{path} line {number}: {error}") from None


def emollm(path: Path) -> Iterator[Sample]:
    """EmoLLM: a JSON list of `{"conversation": [{"system"?, "input", "output"}]}`."""
    for number, record in enumerate(json.loads(path.read_text(encoding="utf-8"))):
        dialogue = Dialogue()
        for turn in record["conversation"]:
            dialogue = dialogue.says("client", turn["input"]).says("counsellor", turn["output"])
        yield Sample(str(number), dialogue)


def psyeval(path: Path) -> Iterator[Sample]:
    """PsyEval sessions: `dialogue` is text, `speaker：words` a line; 来访者 is the client, any other the counsellor."""
    for number, record in _records(path):
        dialogue = Dialogue()
        for line in str(record.get("dialogue", "")).splitlines():
            speaker, colon, words = line.strip().lstrip("*#").partition("：")
            if colon and len(speaker) <= 8 and words.strip():
                dialogue = dialogue.says("client" if "来访者" in speaker else "counsellor", words.strip(" *"))
        yield Sample(str(number), dialogue)


def counsel_chat(path: Path) -> Iterator[Sample]:
    """CounselChat CSV: a question (`questionTitle`, `questionText`) and one therapist's `answerText` a row."""
    csv.field_size_limit(1 << 24)
    with path.open(encoding="utf-8", newline="") as file:
        for number, row in enumerate(csv.DictReader(file)):
            question = (row.get("questionText") or "").strip() or (row.get("questionTitle") or "").strip()
            dialogue = Dialogue().says("client", question).says("counsellor", (row.get("answerText") or "").strip())
            yield Sample(str(number), dialogue)


def documents(path: Path) -> Iterator[Sample]:
    """`{"text"}` a line: general text."""
    for number, record in _records(path):
        yield Sample(str(record.get("path", number)), Dialogue(), str(record.get("text", "")))


READERS: Mapping[str, Reader] = {
    "counsel_chat": counsel_chat,
    "dialogues": dialogues,
    "documents": documents,
    "emollm": emollm,
    "psyeval": psyeval,
}
