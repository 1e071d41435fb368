"""Writing JSON and event streams by hand: a token must cost no more than its own escaping."""

from __future__ import annotations

import json
import re
from typing import Any

from starlette.types import Send

from anxin.serve.bodies import readable

__all__ = ["PING", "quoted", "send_body", "send_json", "start_stream", "to_json"]

PING = b": ping\n\n"
_STREAM_HEADERS = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),  # nginx would hold the words back
)
_quote = json.encoder.encode_basestring
_quote_ascii = json.encoder.encode_basestring_ascii
# Lone surrogates have no UTF-8; the others end a line for some clients' line readers, though not by the standard.
_AWKWARD = re.compile("[\x85\u2028\u2029\ud800-\udfff]")


def quoted(text: str) -> bytes:
    """The text as a JSON string in UTF-8, whatever is in it."""
    if _AWKWARD.search(text):
        return _quote_ascii(readable(text)).encode()
    return _quote(text).encode()


def to_json(value: Any) -> bytes:
    """Compact JSON in UTF-8; a lone surrogate becomes a question mark."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


async def start_stream(send: Send) -> None:
    """Begin a `text/event-stream` answer."""
    await send({"type": "http.response.start", "status": 200, "headers": list(_STREAM_HEADERS)})


async def send_body(send: Send, body: bytes, *, more: bool = True) -> None:
    """One piece of the body; the last with `more=False`."""
    await send({"type": "http.response.body", "body": body, "more_body": more})


async def send_json(send: Send, value: Any, status: int = 200) -> None:
    """A whole JSON answer."""
    body = to_json(value)
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send_body(send, body, more=False)
