from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

from anxin.model import Available, Endpoint, available
from anxin.model import catalogue as catalogue_module

from .fake_server import Answer, Asked, serving
from .tiny import CONTEXT

pytestmark = pytest.mark.anyio


async def nothing(asked: Asked, writer: asyncio.StreamWriter) -> None:
    """These servers are only asked for their list."""


def _home(tmp_path: Path, tiny_gguf: Path) -> Path:
    (tmp_path / "models").mkdir()
    shutil.copy(tiny_gguf, tmp_path / "models/a.gguf")
    (tmp_path / "models/b.gguf").write_bytes(b"<html>")
    return tmp_path


@pytest.fixture
def home(tmp_path: Path, tiny_gguf: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with a good and a bad file; the packaged model is the tiny one."""
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setattr(catalogue_module, "mini_file", lambda: tiny_gguf)
    return _home(tmp_path, tiny_gguf)


@pytest.fixture
def answer() -> Answer:
    return nothing


@pytest.fixture
def size(tiny_gguf: Path) -> int:
    return tiny_gguf.stat().st_size


async def test_everything_that_can_be_used(home: Path, size: int, answer: Answer) -> None:
    async with serving(answer) as ollama, serving(answer) as set_one:
        found = await available(home, [Endpoint(set_one.url, "key")], ollama_url=ollama.url)
    assert found == (
        Available("mini", "embedded", "tiny-random", size, CONTEXT),
        Available(str(home / "models/a.gguf"), "file", "tiny-random", size, CONTEXT),
        Available(str(home / "models/b.gguf"), "file", problem=found[2].problem),
        Available("ollama/qwen3", "ollama", base_url=ollama.url),
        Available("ollama/glm4", "ollama", base_url=ollama.url),
        Available("openai/qwen3", "endpoint", base_url=set_one.url),
        Available("openai/glm4", "endpoint", base_url=set_one.url),
    )
    assert "b.gguf cannot be used" in found[2].problem


async def test_an_ollama_that_does_not_run_is_not_listed_and_a_set_endpoint_says_so(home: Path, answer: Answer) -> None:
    async with serving(answer) as gone:
        pass
    found = await available(home, [Endpoint(gone.url), Endpoint("no address")], ollama_url=gone.url)
    assert [model.kind for model in found] == ["embedded", "file", "file", "endpoint", "endpoint"]
    assert "gives no list of models" in found[-2].problem
    assert "must look like" in found[-1].problem


async def test_a_server_that_hangs_costs_no_more_than_its_seconds(home: Path) -> None:
    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(hang, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    async with asyncio.timeout(5):
        found = await available(home, [Endpoint(url)], ollama_url=url, seconds=0.1)
    assert found[-1].problem
    server.close()
    await server.wait_closed()


async def test_a_missing_mini_is_a_problem_not_a_failure(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue_module, "mini_file", lambda: home / "nowhere.gguf")
    found = await available(home, ollama_url="http://127.0.0.1:9/v1")
    assert found[0].name == "mini"
    assert "cannot be read" in found[0].problem
