"""Vectors from an endpoint and from a GGUF in this process; whatever is no vector is a `ModelBroken`."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from anxin.errors import ConfigError, ModelBroken, ModelError, ModelUnavailable
from anxin.model.embedding import EmbeddedEmbedder, EndpointEmbedder

from .fake_server import Asked, serving
from .tiny import write_tiny

pytestmark = pytest.mark.anyio


def answers(body: object, status: int = 200) -> Any:
    async def answer(asked: Asked, writer: asyncio.StreamWriter) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
        writer.write(head.encode() + content)

    return answer


def rows(*vectors: list[float]) -> dict[str, object]:
    return {"data": [{"index": place, "embedding": vector} for place, vector in enumerate(vectors)]}


async def test_an_endpoint_gives_vectors_in_the_order_asked() -> None:
    mixed = {"data": [{"index": 1, "embedding": [0, 1]}, {"index": 0, "embedding": [1, 0]}]}
    async with serving(answers(mixed)) as fake:
        embedder = EndpointEmbedder("bge-m3", fake.url + "/", api_key="k-1")
        assert await embedder.embed(["一", "二"]) == [(1.0, 0.0), (0.0, 1.0)]
        await embedder.close()
    (asked,) = fake.asked
    assert asked.path.endswith("/v1/embeddings") and asked.headers["authorization"] == "Bearer k-1"
    assert asked.body == {"model": "bge-m3", "input": ["一", "二"], "encoding_format": "float"}


@pytest.mark.parametrize(
    "body",
    [{}, {"data": []}, b"<html>", [], rows([1.0]), rows([1.0], [1.0, 2.0]), rows([], []), {"data": [{"index": 0}]}],
)
async def test_what_is_no_vector_for_every_text_is_broken(body: object) -> None:
    async with serving(answers(body)) as fake:
        embedder = EndpointEmbedder("bge-m3", fake.url)
        with pytest.raises(ModelBroken):
            await embedder.embed(["一", "二"])
        await embedder.close()


async def test_a_refusal_and_a_dead_server_are_told_without_the_text() -> None:
    async with serving(answers({"error": "秘密"}, 500)) as fake:
        embedder = EndpointEmbedder("bge-m3", fake.url)
        with pytest.raises(ModelUnavailable, match="500") as refused:
            await embedder.embed(["秘密"])
        assert "秘密" not in str(refused.value)
        await embedder.close()
    embedder = EndpointEmbedder("bge-m3", "http://127.0.0.1:9/v1")
    with pytest.raises(ModelUnavailable):
        await embedder.embed(["一"])
    await embedder.close()


def test_an_address_that_is_none_is_named() -> None:
    with pytest.raises(ConfigError):
        EndpointEmbedder("bge-m3", "somewhere")


async def test_a_gguf_gives_vectors_of_one_length(tmp_path: Path) -> None:
    embedder = EmbeddedEmbedder(write_tiny(tmp_path / "embed.gguf", pooling=True))
    try:
        one, same, other = await embedder.embed(["can't sleep", "can't sleep", "x" * 200])
        assert len(one) == len(other) > 1
        assert one == pytest.approx(same, abs=1e-3) and one != pytest.approx(other, abs=1e-3)
    finally:
        await embedder.close()
    with pytest.raises(ModelUnavailable):
        await embedder.embed(["x"])


async def test_a_model_that_only_talks_is_told_apart(tmp_path: Path) -> None:
    embedder = EmbeddedEmbedder(write_tiny(tmp_path / "talks.gguf"))
    try:
        with pytest.raises(ModelError):
            await embedder.embed(["x"])
    finally:
        await embedder.close()
