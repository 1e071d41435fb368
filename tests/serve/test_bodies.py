from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from anxin.serve.bodies import parse_object, read_body, readable
from anxin.serve.refusals import Refusal


def request(*parts: bytes, declared: int | None = None, pause: float = 0.0) -> Request:
    left = list(parts)

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(pause)
        if not left:
            return {"type": "http.disconnect"}
        part = left.pop(0)
        return {"type": "http.request", "body": part, "more_body": bool(left)}

    headers = [] if declared is None else [(b"content-length", str(declared).encode())]
    return Request({"type": "http", "method": "POST", "headers": headers}, receive)


@pytest.mark.anyio
async def test_a_body_in_parts_is_joined() -> None:
    assert await read_body(request(b"ab", b"cd"), 4, 1.0) == b"abcd"


@pytest.mark.anyio
@pytest.mark.parametrize(
    "sent",
    [
        request(b"abc", b"de"),
        request(b"abcde", declared=5),
        request(b"abcde", declared=3),
        request(b"a", declared=10**9),
    ],
    ids=["chunked", "declared", "declared too low", "declared far too high"],
)
async def test_a_body_over_the_limit_is_refused_however_it_is_sent(sent: Request) -> None:
    with pytest.raises(Refusal) as refused:
        await read_body(sent, 4, 1.0)
    assert refused.value.status == 413


@pytest.mark.anyio
async def test_a_body_without_end_is_not_read_to_its_end() -> None:
    parts = [b"x" * 100] * 1000
    with pytest.raises(Refusal):
        await read_body(endless := request(*parts), 100, 1.0)
    assert (await endless.receive())["body"]  # there is more, and nobody asked for it


@pytest.mark.anyio
async def test_a_slow_body_is_refused() -> None:
    with pytest.raises(Refusal) as refused:
        await read_body(request(b"a", b"b", pause=5), 10, 0.01)
    assert refused.value.status == 408


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "not_json"),
        (b"{", "not_json"),
        (b"[]", "not_an_object"),
        (b'"text"', "not_an_object"),
        (b"null", "not_an_object"),
        (b'{"a": NaN}', "not_json"),
        (b'{"a": -Infinity}', "not_json"),
        (b"\xff\xfe{}", "not_utf8"),
        (bytes(range(256)), "not_utf8"),
        (b'{"a": "\xed\xa0\x80"}', "not_utf8"),
        (b"[" * 200_000, "too_deep"),
        (b'{"a":' * 100_000, "too_deep"),
        (b'{"a": ' + b"9" * 5000 + b"}", "not_json"),
    ],
)
def test_what_is_not_a_json_object_is_refused_in_one_line(raw: bytes, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        parse_object(raw)
    assert refused.value.status == 400
    assert refused.value.code == code
    assert "\n" not in str(refused.value)


def test_a_byte_order_mark_is_forgiven() -> None:
    assert parse_object(b'\xef\xbb\xbf{"a": 1}') == {"a": 1}


@given(st.binary(max_size=200))
def test_any_bytes_end_in_an_object_or_a_refusal(raw: bytes) -> None:
    try:
        assert isinstance(parse_object(raw), dict)
    except Refusal as refused:
        assert refused.status == 400


def test_a_lone_surrogate_is_replaced_and_a_pair_kept() -> None:
    assert readable(json.loads(r'"a\ud800b\ud83d\ude00"')) == "a\ufffdb\U0001f600"
