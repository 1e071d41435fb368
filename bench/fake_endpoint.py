"""A model server that says the same sentences to everyone, as fast as the socket takes them.

One OpenAI chunk a token, each written by itself and without delay, so that what is measured around it is not its own.

    python bench/fake_endpoint.py --tokens 200      # prints its address and serves until interrupted
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Callable

__all__ = ["FakeEndpoint", "reply", "serve"]

_SENTENCES = (
    "听起来这段时间你真的很不容易，白天要撑着，晚上又睡不好。",
    "能和我说说，最近一次觉得喘不过气，是在什么时候吗？",
    "你愿意把它讲出来，这本身就需要力气。",
    "我们可以先不急着找办法，先看看是什么让你这么累。",
    "如果把今天的疲惫从一到十打分，你会给几分？",
    "有没有哪一小会儿，哪怕只有几分钟，你觉得稍微松了一点？",
    "那一刻身边有谁，或者你在做什么？",
    "也许那里藏着一点对你有用的东西。",
)
_TOKEN = 2  # characters


def reply(tokens: int) -> list[str]:
    """The reply in `tokens` pieces of two characters."""
    text = "".join(_SENTENCES)
    text *= tokens * _TOKEN // len(text) + 1
    return [text[place * _TOKEN : place * _TOKEN + _TOKEN] for place in range(tokens)]


def _chunks(tokens: int) -> list[bytes]:
    head = {"id": "chatcmpl-fake", "object": "chat.completion.chunk", "created": 0, "model": "fake"}

    def event(delta: dict[str, str], finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return b"data: " + json.dumps({**head, "choices": [choice]}, ensure_ascii=False).encode() + b"\n\n"

    usage = {"prompt_tokens": 1, "completion_tokens": tokens, "total_tokens": tokens + 1}
    return [
        event({"role": "assistant", "content": ""}),
        *(event({"content": piece}) for piece in reply(tokens)),
        event({}, "stop"),
        b"data: " + json.dumps({**head, "choices": [], "usage": usage}).encode() + b"\n\n",
        b"data: [DONE]\n\n",
    ]


class FakeEndpoint(asyncio.Protocol):
    """One connection; requests are read only as far as needed to know where they end."""

    def __init__(self, frames: list[bytes]) -> None:
        self._frames = frames
        self._read = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._read += data
        while True:
            head, mark, rest = self._read.partition(b"\r\n\r\n")
            length = _length(head)
            if not mark or len(rest) < length:
                return
            self._read = rest[length:]
            self._answer()

    def _answer(self) -> None:
        assert self._transport is not None
        for frame in self._frames:
            self._transport.write(frame)


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


def _frames(tokens: int) -> list[bytes]:
    begin = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
    chunks = _chunks(tokens)
    return [begin, *(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks), b"0\r\n\r\n"]


async def serve(tokens: int, announce: Callable[[str], None], port: int = 0) -> None:
    """Serve until cancelled; `announce` is told the base URL."""
    frames = _frames(tokens)
    server = await asyncio.get_running_loop().create_server(lambda: FakeEndpoint(frames), "127.0.0.1", port)
    announce(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1")
    await server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokens", type=int, default=200)
    parser.add_argument("--port", type=int, default=0)
    options = parser.parse_args()

    def announce(address: str) -> None:
        sys.stdout.write(address + "\n")
        sys.stdout.flush()

    try:
        asyncio.run(serve(options.tokens, announce, options.port))
    except KeyboardInterrupt:
        return


if __name__ == "__main__":
    main()
