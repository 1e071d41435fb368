"""Events of a turn in OpenAI's shape, streamed or whole.

Beyond OpenAI's fields an answer carries `anxin`: `{"route", "language"}` first, with `"notice"` where a conversation
begins (`{"kind", "text"}`: that this is an AI), then `{"truncated"}`, `{"lines"}`,
`{"offered"}` and, where authored words stand though the model failed, `{"failed"}`, when there are any. Clients that do
not know the field ignore it; what matters is in the text as well, an offered piece as a folded block at its end.
"""

from __future__ import annotations

import secrets
import time
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from anxin.counsel import Ended, Event, Lines, Offered, Reasoning, Route, Spoken, Truncated, Turn, Waiting
from anxin.retrieve import folded
from anxin.serve.event_json import line_json, notice_json, piece_json, truncated_json
from anxin.serve.house import House
from anxin.serve.openai_request import ChatRequest
from anxin.serve.refusals import Refusal, model_failure, openai_error
from anxin.serve.replies import PING, quoted, send_body, send_json, start_stream, to_json
from anxin.serve.running import Running, running

__all__ = ["Completion", "ConstantCompletion"]

_FINISH = {"stop": "stop", "length": "length", "guarded": "content_filter", "failed": "stop"}
_DONE = b"data: [DONE]\n\n"


class _Frame:
    """The parts of an answer that do not change from chunk to chunk."""

    def __init__(self, chat: ChatRequest) -> None:
        self.id = f"chatcmpl-{secrets.token_hex(12)}"
        self.created = int(time.time())
        self.model = chat.model
        self.usage = chat.include_usage
        head = {"id": self.id, "object": "chat.completion.chunk", "created": self.created, "model": self.model}
        self._head = b"data: " + to_json(head)[:-1]
        self._tail = b',"usage":null}\n\n' if self.usage else b"}\n\n"
        self._choice = self._head + b',"choices":[{"index":0,"delta":{'
        self._open = b'},"finish_reason":null}]'
        self._content = self._choice + b'"content":'
        self._reasoning = self._choice + b'"reasoning_content":'
        self._text_end = self._open + self._tail

    def role(self, extra: dict[str, Any]) -> bytes:
        delta = b'"role":"assistant","content":""'
        return self._choice + delta + self._open + b',"anxin":' + to_json(extra) + self._tail

    def content(self, text: str) -> bytes:
        return self._content + quoted(text) + self._text_end

    def reasoning(self, text: str) -> bytes:
        return self._reasoning + quoted(text) + self._text_end

    def extra(self, extra: dict[str, Any]) -> bytes:
        return self._choice + self._open + b',"anxin":' + to_json(extra) + self._tail

    def end(self, finish: str, usage: dict[str, int]) -> bytes:
        closed = self._choice + b'},"finish_reason":"' + finish.encode() + b'"}]' + self._tail
        if self.usage:
            closed += self._head + b',"choices":[],"usage":' + to_json(usage) + b"}\n\n"
        return closed + _DONE

    def whole(
        self, message: dict[str, Any], finish: str, usage: dict[str, int], extra: dict[str, Any]
    ) -> dict[str, Any]:
        return {
            "id": self.id,
            "object": "chat.completion",
            "created": self.created,
            "model": self.model,
            "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": finish}],
            "usage": usage,
            "anxin": extra,
        }


class Completion(Response):
    """Answers one chat completion by running its turn. Raises `Refusal` while nothing has been sent."""

    def __init__(self, house: House, chat: ChatRequest, turn: Turn, excess: Refusal | None) -> None:
        self._house = house
        self._chat = chat
        self._turn = turn
        self._excess = excess
        self._frame = _Frame(chat)
        self.background = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with running(self._house, self._turn, receive, "v1", unless_at_risk=self._excess) as run:
            await (self._stream(run, send) if self._chat.stream else self._whole(run, send))

    async def _stream(self, run: Running, send: Send) -> None:
        begun = False
        while (batch := await run.next()) is not None:
            if not begun and run.wordless and run.failed is not None:
                raise model_failure(run.failed.code, run.failed.message)
            body = b"".join([self._encode(event, run) for event in batch]) if batch else PING
            if not body:
                continue
            if not begun:
                begun = True
                await start_stream(send)
                # The notices came before anything else that is sent: they are known here.
                body = self._opening(run) + body
            await send_body(send, body)
        if begun:
            await send_body(send, b"", more=False)

    def _opening(self, run: Running) -> bytes:
        first = self._frame.role(_extra(run))
        return first + self._frame.content(line) if (line := self._front(run)) else first

    def _front(self, run: Running) -> str:
        """The notice as text before the reply, where the operator wants it; never before words for a crisis."""
        wanted = self._house.options.disclose_in_text and run.screened.route is not Route.CRISIS
        return "".join(f"{notice.text}\n\n" for notice in run.notices) if wanted else ""

    def _encode(self, event: Event, run: Running) -> bytes:
        match event:
            case Spoken(text=text):
                return self._frame.content(text)
            case Reasoning(text=text):
                return self._frame.reasoning(text)
            case Lines(lines=lines):
                return self._frame.extra({"lines": [line_json(line) for line in lines]})
            case Offered(piece=piece):
                return self._frame.content(folded(piece)) + self._frame.extra({"offered": piece_json(piece)})
            case Waiting(place=place):
                return b": waiting %d\n\n" % place
            case Truncated():
                return b": truncated %d\n\n" % event.dropped + self._frame.extra({"truncated": truncated_json(event)})
            case Ended():
                return self._ending(event, run)
        return b""

    def _ending(self, ended: Ended, run: Running) -> bytes:
        failed = run.failed
        if failed is not None and not run.by_us:
            status = model_failure(failed.code, failed.message).status
            return b"data: " + to_json(openai_error(status, failed.code, failed.message)) + b"\n\n" + _DONE
        end = self._frame.end(_FINISH[ended.reason], _usage(ended))
        if failed is not None:
            end = self._frame.extra({"failed": failed.code}) + end
        return self._frame.content(missing) + end if (missing := _unsaid(run, ended)) else end

    async def _whole(self, run: Running, send: Send) -> None:
        reasoning: list[str] = []
        extra: dict[str, Any] = {}
        while (batch := await run.next()) is not None:
            for event in batch:
                if isinstance(event, Reasoning):
                    reasoning.append(event.text)
                elif isinstance(event, Truncated):
                    extra["truncated"] = truncated_json(event)
        if run.ended is None:
            return  # the client has left
        if run.failed is not None and not run.by_us:
            raise model_failure(run.failed.code, run.failed.message)
        extra = {**_extra(run), **extra}
        if run.failed is not None:
            extra["failed"] = run.failed.code
        if run.lines:
            extra["lines"] = [line_json(line) for line in run.lines]
        content = self._front(run) + run.text
        if run.offered is not None:
            extra["offered"] = piece_json(run.offered)
            content += folded(run.offered)
        message: dict[str, Any] = {"role": "assistant", "content": content, "refusal": None}
        if reasoning:
            message["reasoning_content"] = "".join(reasoning)
        await send_json(send, self._frame.whole(message, _FINISH[run.ended.reason], _usage(run.ended), extra))


class ConstantCompletion(Response):
    """Answers with a text that needs no turn."""

    def __init__(self, chat: ChatRequest, text: str) -> None:
        self._chat = chat
        self._text = text
        self.background = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        frame = _Frame(self._chat)
        usage = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
        if not self._chat.stream:
            message = {"role": "assistant", "content": self._text, "refusal": None}
            await send_json(send, frame.whole(message, "stop", usage, {}))
            return
        await start_stream(send)
        await send_body(send, frame.role({}) + frame.content(self._text) + frame.end("stop", usage), more=False)


def _extra(run: Running) -> dict[str, Any]:
    extra: dict[str, Any] = {"route": run.screened.route.value, "language": run.screened.language}
    return {**extra, "notice": notice_json(run.notices[0])} if run.notices else extra


def _usage(ended: Ended) -> dict[str, int]:
    return {
        "prompt_tokens": ended.prompt_tokens,
        "completion_tokens": ended.reply_tokens,
        "total_tokens": ended.prompt_tokens + ended.reply_tokens,
    }


def _unsaid(run: Running, ended: Ended) -> str:
    """What a guarded reply must still say: a stream cannot take back, it can only go on."""
    said = "".join(run.spoken)
    if ended.reason != "guarded" or said.endswith(ended.text):
        return ""
    return ended.text[len(said) :] if ended.text.startswith(said) else f"\n\n{ended.text}"
