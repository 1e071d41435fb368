"""Texts to vectors, for search by meaning: an OpenAI-compatible endpoint, or a GGUF embedding model in this process."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Protocol

import httpx

from anxin.errors import ModelBroken, ModelUnavailable
from anxin.model.chat import checked_url
from anxin.model.cores import usable_cores
from anxin.model.runtime import Runtime, check_loadable

__all__ = ["EmbeddedEmbedder", "Embedder", "EndpointEmbedder"]

_CONTEXT: Final = 512  # tokens of one text; what embedding models are trained on
_SECONDS: Final = 10.0  # for one request; whoever is waiting for it sets a shorter limit

Vector = tuple[float, ...]


class Embedder(Protocol):
    """Gives each text a vector; texts of like meaning get vectors of like direction."""

    async def embed(self, texts: Sequence[str]) -> list[Vector]:
        """One vector a text, all of one length. Raises `ModelError`."""
        ...

    async def close(self) -> None: ...


class EndpointEmbedder:
    """The embedding model `model` behind `base_url` (the address that ends in `/v1`). Raises `ConfigError` for no URL.

    Belongs to the event loop that first uses it.
    """

    def __init__(self, model: str, base_url: str, *, api_key: str = "") -> None:
        self._url = checked_url(base_url).rstrip("/") + "/embeddings"
        self._model = model
        self._headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._client: httpx.AsyncClient | None = None

    async def embed(self, texts: Sequence[str]) -> list[Vector]:
        if self._client is None:
            self._client = httpx.AsyncClient(timeout=_SECONDS, headers=self._headers)
        body = {"model": self._model, "input": list(texts), "encoding_format": "float"}
        try:
            answer = await self._client.post(self._url, json=body)
        except httpx.HTTPError:
            raise ModelUnavailable("the embedding server does not answer") from None
        if answer.status_code != 200:
            raise ModelUnavailable(f"the embedding server refused with {answer.status_code}")
        return _vectors(answer, len(texts))

    async def close(self) -> None:
        if self._client is not None:
            await self._client.aclose()


class EmbeddedEmbedder:
    """A GGUF embedding model in this process. Loads when made, which blocks; raises `ModelFileError`."""

    def __init__(self, path: Path, *, threads: int = 0) -> None:
        check_loadable(path)
        self._runtime: Runtime | None = Runtime(
            path, context=_CONTEXT, slots=1, threads=threads or usable_cores(), embedding=True
        )

    async def embed(self, texts: Sequence[str]) -> list[Vector]:
        if self._runtime is None:
            raise ModelUnavailable("the embedding model is closed")
        answer = await asyncio.to_thread(self._runtime.ask, "/v1/embeddings", {"input": list(texts)})
        return _read(answer, len(texts))

    async def close(self) -> None:
        if self._runtime is not None:
            await asyncio.to_thread(self._runtime.stop)
            self._runtime = None


def _vectors(answer: httpx.Response, count: int) -> list[Vector]:
    try:
        return _read(answer.json(), count)
    except ValueError:
        raise ModelBroken("the embedding server's answer is not JSON") from None


def _read(answer: Any, count: int) -> list[Vector]:
    try:
        rows = sorted(answer["data"], key=lambda row: int(row["index"]))
        vectors = [tuple(float(number) for number in row["embedding"]) for row in rows]
    except (KeyError, TypeError, ValueError):
        raise ModelBroken("the answer holds no embeddings; is this an embedding model?") from None
    if len(vectors) != count or len({len(vector) for vector in vectors}) > 1 or not all(vectors):
        raise ModelBroken("the answer does not hold one vector for every text")
    return vectors
