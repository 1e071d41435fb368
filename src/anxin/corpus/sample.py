"""One record of a corpus, and what a step may make of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from anxin.dialogue import Dialogue, Message
from anxin.errors import DataError, DialogueError

__all__ = ["Aside", "Drop", "Result", "Sample", "Step", "from_record", "to_record"]

_OWN = frozenset({"id", "source", "messages", "text"})


@dataclass(frozen=True, slots=True)
class Sample:
    """One record of a corpus: a dialogue, or a document (general text) where `dialogue` is empty.

    `id` is unique in its source, `source` the name under which the licence is known, `metadata` whatever else is known
    of it (topic, address, votes ...): JSON values only, kept by every step that does not mean to change them.
    """

    id: str
    dialogue: Dialogue = field(default_factory=Dialogue)
    document: str = ""
    source: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """Everything said in it, a message a line, thoughts left out; or the document."""
        return self.document or "\n".join(message.text for message in self.dialogue)

    @property
    def counselling(self) -> str:
        """What the counsellor says in it, a message a line; empty for a document."""
        return "\n".join(message.text for message in self.dialogue.by("counsellor"))

    def rewritten(self, change: Callable[[str], str]) -> Sample:
        """The sample with `change` applied to each text in it: every message, every thought, the document."""
        messages = tuple(
            Message(message.role, change(message.text), change(message.thought) if message.thought else "")
            for message in self.dialogue
        )
        document = change(self.document) if self.document else ""
        if messages == self.dialogue.messages and document == self.document:
            return self
        return replace(self, dialogue=replace(self.dialogue, messages=messages), document=document)

    def noting(self, **known: Any) -> Sample:
        """The sample with these entries in its metadata."""
        return replace(self, metadata={**self.metadata, **known})


@dataclass(frozen=True, slots=True)
class Drop:
    """Why a sample does not go on. `reason` is one word for the manifest's table; `detail` tells a reader more."""

    reason: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Aside:
    """The sample goes on in a shard of its own (`crisis`, `test` ...), apart from the main one, past later steps."""

    shard: str
    sample: Sample


Result = Sample | Drop | Aside
Step = Callable[[Sample], Result]
"""Keeps (the same sample), changes (another one), sets aside or drops. A step knows nothing but the sample it is given,
so that it may run in any order of samples, in any process, on any machine, with the same result. One with options is a
frozen dataclass with `__call__`; it is pickled to worker processes, so what is heavy is loaded at its first call. One
whose result depends on files names them in `reads`, so that a stage is done again when they change."""


def to_record(sample: Sample) -> dict[str, Any]:
    """The sample as it stands in a file: chat messages in OpenAI's shape, thoughts as `reasoning_content`."""
    record: dict[str, Any] = {"id": sample.id}
    if sample.source:
        record["source"] = sample.source
    if sample.document:
        record["text"] = sample.document
    else:
        record["messages"] = [
            wire | ({"reasoning_content": message.thought} if message.thought else {})
            for wire, message in zip(sample.dialogue.to_wire(), sample.dialogue, strict=True)
        ]
    return record | {key: value for key, value in sample.metadata.items() if key not in _OWN}


def from_record(record: Mapping[str, Any], id: str = "", source: str = "") -> Sample:
    """The sample of a record as `to_record` wrote it, or of `{"messages"}` or `{"text"}` in a corpus' own words.

    `id` and `source` stand in where the record has none. Raises `DataError` without naming a file: the caller knows it.
    """
    id, source = str(record.get("id", id)), str(record.get("source", source))
    metadata = {key: value for key, value in record.items() if key not in _OWN}
    messages = record.get("messages")
    if messages is None:
        if not isinstance(record.get("text"), str):
            raise DataError("neither messages nor text in it")
        return Sample(id, Dialogue(), record["text"], source, metadata)
    if not isinstance(messages, list):
        raise DataError("messages is not a list")
    try:
        dialogue = Dialogue.from_wire(messages, id)
    except DialogueError as error:
        raise DataError(str(error)) from None
    thoughts = [str(raw.get("reasoning_content") or "") for raw in messages]
    if any(thoughts):
        dialogue = Dialogue(
            tuple(Message(m.role, m.text, thought) for m, thought in zip(dialogue, thoughts, strict=True)), id
        )
    return Sample(id, dialogue, "", source, metadata)
