from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anxin.model.loopback import _unchunk, posting

from .fake_server import Answer, Asked, refusal, serving

pytestmark = pytest.mark.anyio

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


async def post(answer: Answer) -> tuple[int, bytes]:
    async with serving(answer) as fake, posting(fake.url.removesuffix("/v1"), "/v1/x", "k-1", {"a": "好"}) as response:
        async with aclosing(response.blocks()) as blocks:
            body = b"".join([block async for block in blocks])
        assert fake.asked[0].headers["authorization"] == "Bearer k-1"
        assert fake.asked[0].body == {"a": "好"}
        return response.status, body


async def test_a_chunked_answer() -> None:
    async def answer(asked: Asked, writer: asyncio.StreamWriter) -> None:
        for part in (CHUNKED + b"3\r\nab", b"c\r\nA\r\n0123456789\r", b"\n0\r\n\r\n"):
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(0.01)

    assert await post(answer) == (200, b"abc0123456789")


async def test_a_refusal_with_its_body() -> None:
    async def answer(asked: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(refusal(400, "no"))

    assert await post(answer) == (400, b"no")


async def test_an_answer_cut_short_ends_early() -> None:
    async def answer(asked: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(CHUNKED + b"3\r\nabc\r\n9\r\nx")

    assert await post(answer) == (200, b"abc")


@pytest.mark.parametrize("said", [b"", b"SSH-2.0\r\n\r\n", CHUNKED + b"zz\r\n\r\n"])
async def test_what_is_no_answer(said: bytes) -> None:
    async def answer(asked: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(said)

    with pytest.raises((OSError, EOFError, ValueError)):
        await post(answer)


@given(st.lists(st.binary(min_size=1, max_size=20), max_size=6), st.integers(1, 9))
def test_where_the_bytes_break_changes_nothing(parts: list[bytes], size: int) -> None:
    stream = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
    held, out, ended = bytearray(), b"", False
    for start in range(0, len(stream), size):
        assert not ended or stream[start:].strip(b"\r\n") == b""
        if not ended:
            held += stream[start : start + size]
            body, ended = _unchunk(held)
            out += body
    assert (out, ended) == (b"".join(parts), True)
