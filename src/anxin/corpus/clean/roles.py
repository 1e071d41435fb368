"""Who speaks: roles put in order."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from anxin.corpus.clean.phrases import phrases
from anxin.corpus.sample import Drop, Sample
from anxin.dialogue import Message, Role

__all__ = ["Roles", "in_turn"]

_CLIENT = "来访者?|来访|求助者|咨询者|倾诉者|求询者|client|patient|help-?seeker|seeker"
_COUNSELLOR = "心理咨询师|咨询师|心理治疗师|治疗师|支持者|倾听者|心理助手|counsell?or|therapist|supporter"
_WEAK_CLIENT = "用户|客户|患者|user|human"
_WEAK_COUNSELLOR = "助手|心理医生|医生|assistant|psychologist"
_MARK = r"[*【\[]{0,2}(?:(?P<client>%s)|(?P<counsellor>%s))[\]】*]{0,2} ?[:：][*]{0,2}[ \t]*"
_LABEL = re.compile(r"(?:^|(?<=[\n。！？!?…~～”\"）)]))[ \t]*" + _MARK % (_CLIENT, _COUNSELLOR), re.I | re.M)
_FIRST = re.compile(r"\A[ \t]*" + _MARK % (_WEAK_CLIENT, _WEAK_COUNSELLOR), re.I)
_OTHER: dict[Role, Role] = {"client": "counsellor", "counsellor": "client", "system": "system"}


@dataclass(frozen=True, slots=True)
class Roles:
    """Puts a dialogue in order: it begins with the client, alternates, and ends with the counsellor.

    Labels inside the text ("来访者：", "Counselor:") decide who speaks: one at the head of a message is taken off, one
    within it begins a new message. Where the two sides are swapped, one giving throughout what the other should ask
    for, they are swapped back. Neighbours of one side are joined, thoughts with them; system messages go. A dialogue in
    which one side never speaks is dropped (`one_sided`). Documents pass.

    `swap = false` trusts the roles as they are given.
    """

    swap: bool = True

    def __call__(self, sample: Sample) -> Sample | Drop:
        if not len(sample.dialogue):
            return sample if sample.document else Drop("one_sided", "empty")
        messages: Iterable[Message] = sample.dialogue
        if self.swap and _swapped(sample.dialogue.messages):
            messages = [replace(message, role=_OTHER[message.role]) for message in messages]
        found = in_turn(part for message in messages for part in _split(message))
        if not found:
            return Drop("one_sided")
        if found == sample.dialogue.messages:
            return sample
        return replace(sample, dialogue=replace(sample.dialogue, messages=found))


def in_turn(messages: Iterable[Message]) -> tuple[Message, ...]:
    """The messages in turn, from the first of the client to the last of the counsellor; none where one never speaks."""
    joined: list[Message] = []
    for message in messages:
        if not message.text or message.role == "system":
            continue
        if joined and joined[-1].role == message.role:
            last = joined[-1]
            thought = "\n".join(filter(None, (last.thought, message.thought)))
            joined[-1] = Message(message.role, f"{last.text}\n{message.text}", thought)
        elif joined or message.role == "client":
            joined.append(message)
    if joined and joined[-1].role == "client":
        joined.pop()
    return tuple(joined)


def _split(message: Message) -> list[Message]:
    """The message without its label, in as many parts as it holds labels of either side."""
    if message.role == "system" or (":" not in message.text and "：" not in message.text):
        return [message]
    text = message.text
    first = _FIRST.match(text)
    if first and first.lastgroup == message.role:
        text = text[first.end() :]
    parts: list[Message] = []
    role: Role = message.role
    end = 0
    for label in _LABEL.finditer(text):
        said = text[end : label.start()].strip()
        if said:
            parts.append(Message(role, said))
        role, end = ("client" if label["client"] else "counsellor"), label.end()
    if not end and not first:
        return [message]
    parts.append(Message(role, text[end:].strip()))
    own = next((place for place, part in enumerate(parts) if part.role == message.role and part.text), None)
    if message.thought and own is not None:
        parts[own] = replace(parts[own], thought=message.thought)
    return parts


def _swapped(messages: tuple[Message, ...]) -> bool:
    """Whether the sides are plainly the wrong way round, by what each asks and gives. Labels decide by themselves."""
    given = dict.fromkeys(("client", "counsellor"), 0)
    asked = dict.fromkeys(("client", "counsellor"), 0)
    for message in messages:
        if message.role != "system":
            given[message.role] += bool(phrases("counsels").search(message.text))
            asked[message.role] += bool(phrases("seeks").search(message.text))
    return given["client"] >= 3 and asked["counsellor"] >= 2 and not given["counsellor"] and not asked["client"]
