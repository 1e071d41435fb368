"""What can be used here: the embedded default, GGUF files, a local Ollama's models, the endpoints that are set."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from anxin.errors import AnxinError, ModelFileError
from anxin.model.chat import list_models
from anxin.model.found import gguf_files, mini_file
from anxin.model.gguf import read_header
from anxin.model.resolve import OLLAMA_URL

__all__ = ["Available", "Endpoint", "available"]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An OpenAI-compatible server that the operator has set."""

    base_url: str
    api_key: str = ""


@dataclass(frozen=True, slots=True)
class Available:
    """A model by the `name` that `resolve` takes, or why it cannot be used (`problem`).

    `title` is what the file says of itself; `context` in tokens and `size` in bytes are 0 where unknown.
    """

    name: str
    kind: Literal["embedded", "file", "ollama", "endpoint"]
    title: str = ""
    size: int = 0
    context: int = 0
    base_url: str = ""
    problem: str = ""


async def available(
    home: Path, endpoints: Sequence[Endpoint] = (), *, ollama_url: str = OLLAMA_URL, seconds: float = 1.0
) -> tuple[Available, ...]:
    """Every model that can be used here, in that order; servers get `seconds` to answer. Never raises for a model.

    An Ollama that does not run is no problem and not listed; a set endpoint that does not answer is one.
    """
    ollama, files, *served = await asyncio.gather(
        _served(Endpoint(ollama_url), "ollama", seconds),
        asyncio.to_thread(_files, home),
        *(_served(endpoint, "endpoint", seconds) for endpoint in endpoints),
    )
    running = tuple(model for model in ollama if not model.problem)
    return (*files, *running, *(model for models in served for model in models))


async def _served(endpoint: Endpoint, kind: Literal["ollama", "endpoint"], seconds: float) -> tuple[Available, ...]:
    prefix = "ollama" if kind == "ollama" else "openai"
    try:
        names = await list_models(endpoint.base_url, endpoint.api_key, seconds)
    except AnxinError as error:
        return (Available(f"{prefix}/", kind, base_url=endpoint.base_url, problem=str(error)),)
    return tuple(Available(f"{prefix}/{name}", kind, base_url=endpoint.base_url) for name in names)


def _files(home: Path) -> tuple[Available, ...]:
    try:
        mini = _described(mini_file(), "mini", "embedded")
    except ModelFileError as error:
        mini = Available("mini", "embedded", problem=str(error))
    packaged = () if mini.problem else (mini_file().resolve(),)
    rest = (path for path in gguf_files(home) if path.resolve() not in packaged)
    return (mini, *(_described(path, str(path), "file") for path in rest))


def _described(path: Path, name: str, kind: Literal["embedded", "file"]) -> Available:
    try:
        header = read_header(path)
        return Available(name, kind, header.name, path.stat().st_size, header.context)
    except (ModelFileError, OSError) as error:
        return Available(name, kind, problem=str(error))
