"""One answer in OpenAI's streaming shape, read from bytes: its pieces, its faults and how long to wait for more."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from anxin.errors import ModelBroken, ModelError, ModelUnavailable
from anxin.model.protocol import Reply, Thought
from anxin.model.refusals import in_stream
from anxin.model.sse import DataLines, LineTooLong
from anxin.model.text import whole
from anxin.model.thinking import ThinkSplitter

__all__ = ["Again", "Answer", "Timeouts"]


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds. `first` is long because a server may load the model at the first request."""

    connect: float = 5.0
    first: float = 120.0
    between: float = 60.0
    total: float = 600.0


class Again(Exception):
    """Nothing has been said yet and another attempt may help; `error` is what to raise when none is left."""

    def __init__(self, error: ModelError) -> None:
        super().__init__()
        self.error = error


class Answer:
    """What is known of one answer while it streams."""

    def __init__(self, model: str, timeouts: Timeouts | None = None) -> None:
        self.begun = False
        self.ended = False
        self.finish = ""
        self.events = 0
        self.usage = (0, 0)
        self._model = model
        self._timeouts = timeouts or Timeouts()
        self._lines = DataLines()
        self._splitter = ThinkSplitter()
        self._started = self._heard = asyncio.get_running_loop().time()

    def read(self, chunk: bytes) -> list[Thought | Reply]:
        """The pieces in the next bytes."""
        try:
            payloads = self._lines.feed(chunk)
        except LineTooLong:
            raise _garbage() from None
        pieces: list[Thought | Reply] = []
        for payload in payloads:
            pieces += self._event(payload)
        if pieces:
            self.begun = True
            self._heard = asyncio.get_running_loop().time()
        return _joined(pieces) if len(pieces) > 1 else pieces

    def deadline(self) -> float:
        """The loop's time by which more must have come. Keep-alive comments do not put it off."""
        wait = self._timeouts.between if self.begun else self._timeouts.first
        return min(self._heard + wait, self._started + self._timeouts.total)

    def close(self) -> list[Thought | Reply]:
        """What is left when the server has no more; raises where the answer is not whole."""
        pieces: list[Thought | Reply] = []
        for payload in self._lines.end():
            pieces += self._event(payload)
        if not self.finish and not self.ended:
            if not self.begun and not pieces:
                raise Again(ModelUnavailable("the model server hung up before the first word; try again"))
            raise ModelBroken("the model server broke off in mid-answer")
        return pieces + self._splitter.end()

    def silent(self) -> ModelError:
        """The error for a server that has not gone on in time."""
        if self.begun:
            return ModelBroken("the model server fell silent in mid-answer")
        return ModelUnavailable(
            "the model server did not begin to answer in time; it may be overloaded or still loading"
        )

    def _event(self, payload: bytes) -> list[Thought | Reply]:
        if payload == b"[DONE]" or self.ended:
            self.ended = True
            return []
        try:
            event = json.loads(payload.decode())  # told, json need not guess the encoding
        except (ValueError, RecursionError):
            raise _garbage() from None
        if not isinstance(event, dict):
            raise _garbage()
        if event.get("error"):
            raise in_stream(event, self._model, self.begun)
        usage = event.get("usage")
        if isinstance(usage, dict):
            self.usage = (_positive(usage.get("prompt_tokens")), _positive(usage.get("completion_tokens")))
        choices = event.get("choices")
        if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
            return []
        return self._choice(choices[0])

    def _choice(self, choice: dict[str, Any]) -> list[Thought | Reply]:
        finish = choice.get("finish_reason")
        if isinstance(finish, str):
            self.finish = finish
        delta = choice.get("delta")
        if not isinstance(delta, dict):
            return []
        pieces: list[Thought | Reply] = []
        thought = delta.get("reasoning_content") or delta.get("reasoning")
        if isinstance(thought, str) and thought:
            pieces.append(Thought(whole(thought)))
        text = delta.get("content")
        if isinstance(text, str) and text:
            pieces += self._splitter.feed(whole(text))
        if thought or text:
            self.events += 1
        return pieces


def _joined(pieces: list[Thought | Reply]) -> list[Thought | Reply]:
    """The pieces with neighbours of one kind made one: what came together is handed on together."""
    out: list[Thought | Reply] = []
    for kind, run in groupby(pieces, type):
        out.append(kind("".join([piece.text for piece in run])))
    return out


def _garbage() -> ModelBroken:
    return ModelBroken(
        "the model server sent something that is not an answer; is the base URL an OpenAI-compatible one?"
    )


def _positive(value: object) -> int:
    return value if isinstance(value, int) and value > 0 else 0
