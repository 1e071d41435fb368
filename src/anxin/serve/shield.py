"""The outermost layer: who may call, headers on every answer, and the last catch for a fault.

Pure ASGI, so that a streamed piece passes without a copy or a task switch.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path
from types import FunctionType
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from anxin.model.address import is_loopback
from anxin.serve.metrics import Metrics
from anxin.serve.options import ServeOptions
from anxin.serve.refusals import Refusal, refusal_body

__all__ = ["Shield"]

_CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (b"content-security-policy", _CONTENT_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
)
_SAFE = frozenset({"GET", "HEAD"})
_PROBES = frozenset({"/healthz", "/readyz", "/metrics"})

logger = logging.getLogger("anxin.serve")


class Shield:
    """Refuses foreign hosts and origins, adds the security headers, and turns a fault into a 500 without its text."""

    def __init__(self, app: ASGIApp, *, options: ServeOptions, metrics: Metrics) -> None:
        self._app = app
        self._options = options
        self._metrics = metrics
        self._any_origin = "*" in options.allow_origins
        self._origins = frozenset(_authority(origin) for origin in options.allow_origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def send_on(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                message["headers"] = _with_defaults(message.get("headers", ()))
            await send(message)

        refusal = self._stranger(scope)
        if refusal is not None:
            await _answer(refusal, scope, receive, send_on)
            return
        try:
            await self._app(scope, receive, send_on)
        except Exception as fault:  # the room's outer door: whatever broke, its text may hold the client's
            self._metrics.faults.inc()
            logger.error("fault in %s: %s", _handler(scope), _where(fault))
            if not started:
                await _answer(Refusal(500, "fault", "something broke here; try again"), scope, receive, send_on)

    def _stranger(self, scope: Scope) -> Refusal | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        # A page that rebinds its name to this machine would otherwise reach a server meant for this machine only.
        if (
            self._options.on_loopback
            and not self._any_origin
            and scope["path"] not in _PROBES
            and not is_loopback(_name(host))
            and host not in self._origins
        ):
            message = (
                "this server answers as localhost only; add the address you use to serve.allow_origins in config.toml"
            )
            return Refusal(403, "unknown_host", message)
        origin = headers.get("origin")
        if origin is None or scope["method"] in _SAFE or self._any_origin:
            return None
        if _authority(origin) in self._origins or _authority(origin) == _authority(f"//{host}"):
            return None
        return Refusal(
            403, "unknown_origin", "pages of this origin may not call; add it to serve.allow_origins in config.toml"
        )


def _authority(origin: str) -> str:
    """`host[:port]` of an origin, without a port that its scheme implies; lower case."""
    try:
        parts = urlsplit(origin)
        port = parts.port
    except ValueError:
        return ""
    return f"{parts.hostname}:{port}" if port not in (None, 80, 443) else parts.hostname or ""


def _name(host: str) -> str:
    return host.partition("]")[0] + "]" if host.startswith("[") else host.partition(":")[0]


def _with_defaults(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    given = list(headers)
    names = {name for name, _ in given}
    given.extend(pair for pair in _HEADERS if pair[0] not in names)
    if b"cache-control" not in names:
        given.append((b"cache-control", b"no-store"))
    return given


def _handler(scope: Scope) -> str:
    """The handler's name rather than the path, which may hold what a client typed."""
    handler = scope.get("endpoint")
    return f"{handler.__module__}.{handler.__name__}" if isinstance(handler, FunctionType) else "no handler"


def _where(fault: BaseException) -> str:
    """Kind and place of a fault, without its message."""
    trace = fault.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return type(fault).__name__
    return f"{type(fault).__name__} at {Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"


async def _answer(refusal: Refusal, scope: Scope, receive: Receive, send: Send) -> None:
    body = refusal_body(scope["path"], refusal)
    await JSONResponse(body, refusal.status, headers=refusal.headers)(scope, receive, send)
