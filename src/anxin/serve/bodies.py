"""Reading a request's body: bounded while it arrives, parsed once, and refused in one clear line."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any, NoReturn

from starlette.requests import Request

from anxin.serve.options import ServeOptions
from anxin.serve.refusals import Refusal

__all__ = ["read_object", "readable"]

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_DRAIN = 16  # a body up to this many times the limit is read to its end, so that the client sees the answer


async def read_object(request: Request, options: ServeOptions) -> dict[str, Any]:
    """The body as a JSON object. Raises `Refusal`: 400 unreadable, 408 too slow, 413 too large."""
    return parse_object(await read_body(request, options.max_body_bytes, options.body_seconds))


async def read_body(request: Request, limit: int, seconds: float) -> bytes:
    """The body of at most `limit` bytes, however it is sent, within `seconds`."""
    parts: list[bytes] = []
    size = _declared(request)
    keep = size <= limit
    received = 0
    try:
        async with asyncio.timeout(seconds):
            while True:
                message = await request.receive()
                if message["type"] == "http.disconnect":
                    raise Refusal(400, "client_left", "the client left before its request was complete")
                part: bytes = message.get("body", b"")
                received += len(part)
                keep = keep and received <= limit
                if keep:
                    parts.append(part)
                if not message.get("more_body", False) or max(size, received) > limit * _DRAIN:
                    break
    except TimeoutError:
        raise Refusal(408, "too_slow", f"the request was not complete after {seconds:g} s; send it again") from None
    if not keep:
        close = {"connection": "close"}
        raise Refusal(413, "too_large", f"the request is too large; send at most {limit} bytes", headers=close)
    return b"".join(parts)


def _declared(request: Request) -> int:
    declared = request.headers.get("content-length", "0")
    return int(declared) if declared.isascii() and declared.isdigit() and len(declared) < 20 else 0


def parse_object(raw: bytes) -> dict[str, Any]:
    """Parse JSON that must be an object. Raises `Refusal` (400)."""
    try:
        parsed = json.loads(raw.decode("utf-8-sig"), parse_constant=_refuse_constant)
    except UnicodeDecodeError:
        raise Refusal(400, "not_utf8", "the body is not UTF-8; send JSON encoded as UTF-8") from None
    except RecursionError:
        raise Refusal(400, "too_deep", "the JSON is nested too deeply; send a flat object") from None
    except json.JSONDecodeError as fault:
        raise Refusal(400, "not_json", f"the body is not JSON (line {fault.lineno}, column {fault.colno})") from None
    except ValueError:  # an integer of more digits than Python converts
        raise Refusal(400, "not_json", "a number in the body is too long") from None
    if not isinstance(parsed, dict):
        raise Refusal(400, "not_an_object", "the body must be a JSON object")
    return parsed


def readable(text: str) -> str:
    """The text with lone surrogates, which no UTF-8 output can hold, replaced by U+FFFD."""
    return _LONE_SURROGATE.sub("\ufffd", text)


def _refuse_constant(name: str) -> NoReturn:
    raise Refusal(400, "not_json", f"{name} is not JSON; use a number or null")
