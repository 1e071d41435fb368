"""A desk for people: one page on this machine that shows one thing at a time and writes down what they say of it.

It listens on the loopback interface alone and answers only who holds the token of its address. What is shown and what
an answer means belongs to the `Work`: reviewing a corpus (`reviewing.py`), rating replies (`prefer/people.py`).
"""

from __future__ import annotations

import errno
import hmac
import json
import secrets
import socket
import threading
import unicodedata
from collections.abc import Callable, Mapping
from importlib.resources import files
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from anxin.errors import ConfigError, DataError
from anxin.model.address import is_loopback

__all__ = ["Desk", "Work", "create_app", "named"]

_HOST: Final = "127.0.0.1"
_LARGEST: Final = 32 << 20  # bytes of an answer: the longest record of a corpus, escaped
_LONGEST_NAME: Final = 60
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS: Final = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}
_PARTS: Final = {
    "/": ("desk.html", "text/html"),
    "/desk.js": ("desk.js", "text/javascript"),
    "/desk.css": ("desk.css", "text/css"),
}


class Work(Protocol):
    """What people do at the desk. `answer` returns once the answer is on the disk."""

    @property
    def script(self) -> str: ...

    def begin(self, person: str) -> Mapping[str, Any]: ...

    def show(self, key: str) -> Mapping[str, Any]: ...

    def answer(self, person: str, key: str, body: Mapping[str, Any]) -> Mapping[str, Any] | None: ...


def named(name: str) -> str:
    """A person's name as it is kept: one spelling of it. Raises `DataError` where it is none."""
    found = " ".join(unicodedata.normalize("NFC", name).split())
    if not found or len(found) > _LONGEST_NAME or not found.isprintable():
        raise DataError(f"a name has 1 to {_LONGEST_NAME} characters")
    return found


def create_app(work: Work, token: str, person: str = "") -> FastAPI:
    """The page and its API. `person` is whom all answers are from; without one the page asks for a name."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.add_middleware(_Door, token=token)

    def part(name: str, kind: str) -> Callable[[], Response]:
        def answer() -> Response:
            text = files("anxin.corpus.review").joinpath("page", name).read_text("utf-8")
            return Response(text, media_type=f"{kind}; charset=utf-8")

        return answer

    for path, (name, kind) in _PARTS.items():
        app.add_api_route(path, part(name, kind), methods=["GET"], response_model=None)

    @app.get("/work.js")
    def script() -> Response:
        return Response(work.script, media_type="text/javascript; charset=utf-8")

    @app.post("/api/begin")
    async def begin(request: Request) -> Response:
        given = await _body(request)
        name = person or named(str(given.get("person", "")))
        return _json({"person": name, **await run_in_threadpool(work.begin, name)})

    @app.get("/api/desk")
    def desk() -> Response:
        return _json({"person": person})

    @app.get("/api/items/{key}")
    def show(key: str) -> Response:
        return _json(work.show(key))

    @app.post("/api/answers")
    async def answer(request: Request) -> Response:
        given = await _body(request)
        name = person or named(str(given.get("person", "")))
        kept = await run_in_threadpool(work.answer, name, str(given.get("item", "")), given)
        return _json({"answer": kept})

    @app.exception_handler(DataError)
    def refused(_: Request, error: DataError) -> Response:
        return _json({"message": str(error)}, 422)

    @app.exception_handler(KeyError)
    def unknown(_: Request, __: KeyError) -> Response:
        return _json({"message": "there is no such item here"}, 404)

    return app


class Desk:
    """The server of a work on a free port, or on `port`. `address` holds the token; nobody else's page knows it."""

    def __init__(self, work: Work, port: int = 0, person: str = "") -> None:
        name = named(person) if person else ""
        self._listener = _bound(port)
        token = secrets.token_urlsafe(24)
        self.address = f"http://{_HOST}:{self._listener.getsockname()[1]}/#{token}"
        config = uvicorn.Config(
            create_app(work, token, name),
            log_config=None,
            access_log=False,
            server_header=False,
            ws="none",
            lifespan="off",
            timeout_graceful_shutdown=2,
        )
        self._server = uvicorn.Server(config)

    def run(self) -> None:
        """Serve until interrupted."""
        with self._listener:
            try:
                self._server.run(sockets=[self._listener])
            except KeyboardInterrupt:
                return

    def close(self) -> None:
        """Give the port back without having served."""
        self._listener.close()

    def __enter__(self) -> Desk:
        """Serve from a thread of its own until the block ends."""
        self._thread = threading.Thread(target=self.run, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(timeout=10)


class _Door:
    """Lets in requests that name this machine as their host, come from the page itself and, for the API, bring the
    token; puts the headers on every answer."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app, self._token = app, token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_on(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_HEADERS)
            await send(message)

        refusal = self._stranger(scope)
        if refusal:
            await _json({"message": refusal}, 403)(scope, receive, send_on)
        else:
            await self._app(scope, receive, send_on)

    def _stranger(self, scope: Scope) -> str:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        # A name that somebody's page has rebound to this machine is not this machine's.
        if not is_loopback(_authority(f"//{host}")[1]):
            return "this desk answers under its own address only"
        origin = headers.get("origin")
        if origin is not None and _authority(origin)[0] != host:
            return "another page may not write here"
        if headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
            return "another page may not read here"
        if not scope["path"].startswith("/api/"):
            return ""
        given = headers.get("authorization", "").removeprefix("Bearer ").encode()
        return "" if hmac.compare_digest(given, self._token) else "open the address that the terminal shows"


def _json(body: Mapping[str, Any], status: int = 200) -> Response:
    """All in ASCII: half a surrogate pair, which a corpus may hold, has no other form."""
    return Response(json.dumps(body), status, media_type="application/json")


def _authority(origin: str) -> tuple[str, str]:
    """`host[:port]` of an origin, and its host; empty where it is none."""
    try:
        parts = urlsplit(origin)
        return parts.netloc, parts.hostname or ""
    except ValueError:
        return "", ""


async def _body(request: Request) -> Mapping[str, Any]:
    """The JSON object sent. Raises `DataError` for anything else, before a large one is held."""
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > _LARGEST:
            raise DataError("that is too long")
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        raise DataError("that is no JSON") from None
    if not isinstance(found, dict):
        raise DataError("that is no JSON object")
    return found


def _bound(port: int) -> socket.socket:
    try:
        return socket.create_server((_HOST, port))
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise ConfigError(f"port {port} is in use; leave --port away to take a free one") from None
        raise ConfigError(f"port {port} cannot be listened on ({error.strerror}); leave --port away") from None
