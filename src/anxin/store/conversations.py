"""Conversations between a client and the counsellor, and the interface of whatever keeps them.

A conversation is immutable; the store hands out a new one after every change. The ledger stands beside each
utterance, so that answering again starts from the risk as it was before, and no truncation of text can lose it.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, Protocol

from anxin.dialogue import Dialogue, Message
from anxin.errors import StoreConflict
from anxin.safety import CrisisLine, Ledger, Notice, Times, Verdict

__all__ = ["Conversation", "Conversations", "MemoryConversations", "Utterance"]


@dataclass(frozen=True, slots=True)
class Utterance:
    """What one side said. `by` tells authored wording from a model's, `ledger` is the risk with this one folded in,
    `offered` the id of the piece that was shown after it, `notices` what was shown before it, `at` when it was said,
    `verdict` what the screen found in a client's message."""

    role: Literal["client", "counsellor"]
    text: str
    ledger: Ledger
    by: Literal["model", "anxin"] | None = None
    lines: tuple[CrisisLine, ...] = ()
    offered: str = ""
    notices: tuple[Notice, ...] = ()
    at: datetime | None = None
    verdict: Verdict | None = None


@dataclass(frozen=True, slots=True)
class Conversation:
    """Everything said so far, oldest first. `version` grows by one with every write."""

    id: str
    utterances: tuple[Utterance, ...] = ()
    version: int = 0

    @property
    def ledger(self) -> Ledger:
        """The conversation's risk so far."""
        return self.utterances[-1].ledger if self.utterances else Ledger()

    @property
    def times(self) -> Times:
        """When it began, was last spoken in, last disclosed and last rested, for the next turn."""
        times = Times()
        for said in self.utterances:
            if said.at is not None:
                times = times.heard(said.at) if said.role == "client" else times.told(said.notices, said.at)
        return times

    @property
    def dialogue(self) -> Dialogue:
        """The same as a dialogue, for the turn."""
        return Dialogue(tuple(Message(said.role, said.text) for said in self.utterances), self.id)

    def unanswered(self) -> Conversation:
        """Without the replies after the client's newest message; empty when the client has said nothing yet."""
        end = len(self.utterances)
        while end and self.utterances[end - 1].role == "counsellor":
            end -= 1
        return replace(self, utterances=self.utterances[:end])

    def before_last(self) -> Conversation:
        """Without the newest utterance."""
        return replace(self, utterances=self.utterances[:-1])


class Conversations(Protocol):
    """What keeps conversations.

    Erasure wins: a write to a conversation that is gone changes nothing and returns None. Every write is atomic. A
    write that names the `version` it was thought for raises `StoreConflict`, and changes nothing, where another came
    first. What cannot be read or written raises a `StoreError`.
    """

    async def create(self) -> Conversation:
        """A new, empty conversation under an id nobody can guess (192 bits)."""
        ...

    async def get(self, id: str) -> Conversation | None: ...

    async def append(self, id: str, utterance: Utterance, *, version: int | None = None) -> Conversation | None: ...

    async def replace_reply(self, id: str, reply: Utterance, *, version: int | None = None) -> Conversation | None:
        """Put `reply` in the place of whatever followed the client's newest message."""
        ...

    async def delete(self, id: str) -> bool:
        """Erase; False when there was nothing under this id."""
        ...

    async def tidy(self) -> None:
        """Forget what is kept no longer. Called when serving begins, and every now and then."""
        ...

    async def close(self) -> None:
        """Let go of files and connections."""
        ...


class MemoryConversations:
    """Conversations in this process' memory, forgotten when it ends.

    Holds at most `max_conversations` and about `max_characters` of text, dropping those idle longest, and forgets
    what was idle for `ttl` seconds. `clock` gives seconds that never run backwards.
    """

    def __init__(
        self,
        *,
        max_conversations: int = 10_000,
        max_characters: int = 50_000_000,
        ttl: float = 12 * 3600.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._max_conversations = max_conversations
        self._max_characters = max_characters
        self._ttl = ttl
        self._clock = clock
        self._kept: OrderedDict[str, tuple[float, Conversation]] = OrderedDict()  # idle longest first
        self._characters = 0
        self._lock = threading.Lock()  # no method awaits while it holds it

    def __len__(self) -> int:
        return len(self._kept)

    async def create(self) -> Conversation:
        with self._lock:
            conversation = Conversation(secrets.token_urlsafe(24))
            self._keep(conversation)
            return conversation

    async def get(self, id: str) -> Conversation | None:
        with self._lock:
            return self._find(id)

    async def append(self, id: str, utterance: Utterance, *, version: int | None = None) -> Conversation | None:
        with self._lock:
            found = self._find(id, version)
            return None if found is None else self._change(found, found, utterance)

    async def replace_reply(self, id: str, reply: Utterance, *, version: int | None = None) -> Conversation | None:
        with self._lock:
            found = self._find(id, version)
            return None if found is None else self._change(found, found.unanswered(), reply)

    async def delete(self, id: str) -> bool:
        with self._lock:
            return self._drop(id)

    async def tidy(self) -> None:
        with self._lock:
            self._forget()

    async def close(self) -> None:
        """Nothing to let go of."""

    def _find(self, id: str, version: int | None = None) -> Conversation | None:
        self._forget()
        if id not in self._kept:
            return None
        _, conversation = self._kept[id]
        if version not in (None, conversation.version):
            raise StoreConflict
        self._kept[id] = (self._clock(), conversation)
        self._kept.move_to_end(id)
        return conversation

    def _change(self, old: Conversation, start: Conversation, utterance: Utterance) -> Conversation:
        changed = replace(start, utterances=(*start.utterances, utterance), version=old.version + 1)
        self._characters -= _size(old)
        self._keep(changed)
        return changed

    def _keep(self, conversation: Conversation) -> None:
        self._kept[conversation.id] = (self._clock(), conversation)
        self._kept.move_to_end(conversation.id)
        self._characters += _size(conversation)
        self._forget()

    def _forget(self) -> None:
        earliest = self._clock() - self._ttl
        while self._kept:
            id, (touched, _) = next(iter(self._kept.items()))
            crowded = len(self._kept) > self._max_conversations or self._characters > self._max_characters
            # The newest stays even when it alone is too large: its client is in the middle of a turn.
            if touched >= earliest and not (crowded and len(self._kept) > 1):
                return
            self._drop(id)

    def _drop(self, id: str) -> bool:
        entry = self._kept.pop(id, None)
        if entry is None:
            return False
        self._characters -= _size(entry[1])
        return True


def _size(conversation: Conversation) -> int:
    return sum(len(said.text) for said in conversation.utterances)
