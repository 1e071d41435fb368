"""The client's side of OpenAI's streaming chat protocol, as endpoints speak it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from anxin.errors import ConfigError, ModelBroken, ModelError, ModelNotFound, ModelUnavailable
from anxin.model.address import is_loopback
from anxin.model.answer import Again, Answer, Timeouts
from anxin.model.protocol import Done, Generation, Piece
from anxin.model.refusals import of_status
from anxin.model.text import to_wire, whole
from anxin.model.watch import Watch

__all__ = ["ChatClient", "checked_url", "list_models", "on_this_machine", "request_body"]

_ERROR_BODY: Final = 16_384  # bytes read of a refusal


class ChatClient:
    """Streams answers of `model` from the server at `url`, which ends in `/v1`.

    Asks again up to `retries` times, only while no piece has come, waiting `backoff` seconds and then twice as long.
    Belongs to the event loop that first uses it.
    """

    def __init__(
        self,
        url: str,
        model: str,
        *,
        key: str = "",
        timeouts: Timeouts | None = None,
        retries: int = 2,
        backoff: float = 0.25,
    ) -> None:
        self._url = checked_url(url)
        self._model = model
        self._key = key
        self._place = f"the model server at {self._url}"
        self._timeouts = timeouts or Timeouts()
        self._retries = retries
        self._backoff = backoff
        self._open_client: httpx.AsyncClient | None = None

    async def stream(
        self, generation: Generation, prompt_tokens: int, more: Mapping[str, Any] | None = None
    ) -> AsyncGenerator[Piece]:
        """`Thought`s and `Reply`s, then `Done`, which falls back on `prompt_tokens` where the server does not count.

        `more` joins the request's body.
        """
        body = {**request_body(self._model, generation), **(more or {})}
        wait = self._backoff
        for left in range(self._retries, -1, -1):
            try:
                async with aclosing(self._attempt(body, prompt_tokens)) as pieces:
                    async for piece in pieces:
                        yield piece
                return
            except Again as again:
                if not left:
                    raise again.error from again.__cause__
            await asyncio.sleep(wait)
            wait *= 2

    async def close(self) -> None:
        if self._open_client is not None:
            await self._open_client.aclose()
            self._open_client = None

    @property
    def _client(self) -> httpx.AsyncClient:
        if self._open_client is None:
            self._open_client = _new_client(self._url, self._key, self._timeouts.connect)
        return self._open_client

    async def _attempt(self, body: dict[str, Any], prompt_tokens: int) -> AsyncGenerator[Piece]:
        """One request. Raises `Again` where another may help, which is never once a piece has come."""
        answer = Answer(self._model, self._timeouts)
        try:
            async with aclosing(self._chunks(body, answer)) as chunks:
                async for chunk in chunks:
                    for piece in answer.read(chunk):
                        yield piece
            for piece in answer.close():
                yield piece
        except TimeoutError as error:
            raise answer.silent() from error
        except httpx.RequestError as error:
            if answer.begun:
                raise ModelBroken("the model server broke off in mid-answer") from error
            raise Again(self._down(error)) from error
        prompt, tokens = answer.usage
        yield Done("length" if answer.finish == "length" else "stop", prompt or prompt_tokens, tokens or answer.events)

    async def _chunks(self, body: dict[str, Any], answer: Answer) -> AsyncGenerator[bytes]:
        """The answer's bytes, each waited for no longer than `answer` allows."""
        request = self._client.build_request("POST", "chat/completions", json=body)
        async with asyncio.timeout_at(answer.deadline()):
            response = await self._client.send(request, stream=True)
        try:
            if response.status_code != 200:
                async with asyncio.timeout_at(answer.deadline()):
                    await self._refused(response)
            watch = Watch(answer)
            try:
                chunks = response.aiter_bytes()
                while (chunk := await watch.read(chunks)) is not None:
                    yield chunk
            finally:
                watch.stop()
        finally:
            await response.aclose()

    async def _refused(self, response: httpx.Response) -> None:
        body = b""
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) >= _ERROR_BODY:
                break
        refusal = of_status(response.status_code, body, self._place, self._model)
        if isinstance(refusal.error, ModelNotFound):
            raise ModelNotFound(f"{refusal.error}; {await self._what_there_is()}")
        if refusal.again:
            raise Again(refusal.error)
        raise refusal.error

    async def _what_there_is(self) -> str:
        try:
            names = await list_models(self._url, self._key)
        except ModelError:
            return "and no list of models either: does the base URL end in /v1?"
        return f"it has: {', '.join(names[:20])}" if names else "it has none yet"

    def _down(self, error: httpx.RequestError) -> ModelUnavailable:
        if isinstance(error, httpx.ConnectTimeout):
            how = "did not take the connection in time"
        elif isinstance(error, httpx.ConnectError):
            how = "is not running or not reachable"
        else:
            how = "hung up before the first word"
        return ModelUnavailable(f"{self._place} {how}; start it or check its address")


async def list_models(url: str, key: str = "", seconds: float = 2.0) -> tuple[str, ...]:
    """The names a server offers, in its order. Raises `ModelUnavailable` where there is none to ask."""
    url = checked_url(url)
    try:
        async with _new_client(url, key, seconds) as client:
            async with asyncio.timeout(seconds):
                response = await client.get("models")
            response.raise_for_status()
            return tuple(str(model["id"]) for model in response.json()["data"] or ())
    except (httpx.HTTPError, TimeoutError, ValueError, LookupError, TypeError, RecursionError) as error:
        raise ModelUnavailable(f"the server at {url} gives no list of models") from error


def checked_url(url: str) -> str:
    """The address without a slash at its end; raises `ConfigError` when it is no http(s) one."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or parts.scheme not in ("http", "https"):
        raise ConfigError(f"the base URL {url!r} must look like http://127.0.0.1:11434/v1")
    return url.rstrip("/")


def on_this_machine(url: str) -> bool:
    """Whether the address is this machine's own. A name other than localhost is taken for another machine."""
    return is_loopback(urlsplit(url).hostname or "")


def request_body(model: str, generation: Generation) -> dict[str, Any]:
    """A generation as the protocol asks for it."""
    body: dict[str, Any] = {
        "model": model,
        "messages": to_wire(generation.messages),
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_tokens": generation.max_tokens,
        "temperature": generation.temperature,
        "top_p": generation.top_p,
    }
    if generation.stop:
        body["stop"] = [whole(stop) for stop in generation.stop]
    if generation.seed is not None:
        body["seed"] = generation.seed
    if generation.schema is not None:
        # Understood alike by llama.cpp, Ollama and vLLM.
        schema = {"name": "answer", "strict": True, "schema": dict(generation.schema)}
        body["response_format"] = {"type": "json_schema", "json_schema": schema}
    return body


def _new_client(url: str, key: str, connect: float) -> httpx.AsyncClient:
    # A proxy from the environment must not see what is said to a server on this machine.
    outside = not on_this_machine(url)
    return httpx.AsyncClient(
        base_url=url + "/",
        headers={"Authorization": f"Bearer {key}"} if key else {},
        timeout=httpx.Timeout(None, connect=connect),
        limits=httpx.Limits(max_connections=None, max_keepalive_connections=20),
        trust_env=outside,
        verify=url.startswith("https"),
    )
