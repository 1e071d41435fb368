"""The noun everything reads or writes: a dialogue of immutable messages.

Standard library only. Nothing here knows of risk, prompts, models or storage.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from anxin.errors import DialogueError

__all__ = ["Dialogue", "Language", "Message", "Role"]

Role = Literal["system", "client", "counsellor"]
Language = Literal["zh", "en"]

_FROM_WIRE: Mapping[str, Role] = {
    "system": "system",
    "developer": "system",
    "user": "client",
    "client": "client",
    "assistant": "counsellor",
    "counsellor": "counsellor",
    "counselor": "counsellor",
}
_TO_WIRE: Mapping[Role, str] = {"system": "system", "client": "user", "counsellor": "assistant"}


@dataclass(frozen=True, slots=True)
class Message:
    """One utterance: who speaks and what they say.

    `thought` is the counsellor's reasoning before the words, where training data has it. It is read and written by the
    corpus alone: nothing that reaches a client or comes from one carries it.
    """

    role: Role
    text: str
    thought: str = ""


@dataclass(frozen=True, slots=True)
class Dialogue:
    """Messages in the order they were spoken. Every change makes a new dialogue."""

    messages: tuple[Message, ...] = ()
    id: str = ""

    def says(self, role: Role, text: str) -> Dialogue:
        """The dialogue with one more message at its end."""
        return replace(self, messages=(*self.messages, Message(role, text)))

    def __iter__(self) -> Iterator[Message]:
        return iter(self.messages)

    def __len__(self) -> int:
        return len(self.messages)

    def by(self, role: Role) -> tuple[Message, ...]:
        """The messages of one side, in order."""
        return tuple(message for message in self.messages if message.role == role)

    @property
    def last(self) -> Message | None:
        """The newest message, or None in an empty dialogue."""
        return self.messages[-1] if self.messages else None

    @classmethod
    def from_wire(cls, messages: Iterable[Mapping[str, Any]], id: str = "") -> Dialogue:
        """Read messages in OpenAI's shape (`role`, `content`) or a corpus' own (`client`, `counselor`).

        `content` may be a string, None (read as empty) or OpenAI's list of parts, of which the text parts are
        joined. Raises `DialogueError` naming the first message that cannot be read.
        """
        return cls(tuple(_message(place, raw) for place, raw in enumerate(messages)), id)

    def to_wire(self) -> list[dict[str, str]]:
        """The messages in OpenAI's shape."""
        return [{"role": _TO_WIRE[message.role], "content": message.text} for message in self.messages]


def _message(place: int, raw: object) -> Message:
    if not isinstance(raw, Mapping):
        raise DialogueError(f'messages[{place}] is not an object; give {{"role": "user", "content": "..."}}')
    role = _FROM_WIRE.get(str(raw.get("role")))
    if role is None:
        raise DialogueError(f"messages[{place}].role must be one of system, user, assistant")
    return Message(role, _text(place, raw.get("content")))


def _text(place: int, content: object) -> str:
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        parts: list[str] = []
        for part in content:
            if not isinstance(part, Mapping) or part.get("type") != "text" or not isinstance(part.get("text"), str):
                raise DialogueError(f"messages[{place}].content may hold text parts only; no images, no audio")
            parts.append(part["text"])
        return "".join(parts)
    raise DialogueError(f"messages[{place}].content must be text")
