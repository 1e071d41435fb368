"""From a model's name, as people write it, to the model."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from anxin.errors import ConfigError, ModelNotFound
from anxin.model.answer import Timeouts
from anxin.model.echo import EchoModel
from anxin.model.embedded import EmbeddedModel
from anxin.model.endpoint import EndpointModel
from anxin.model.found import gguf_files, mini_file, model_folders
from anxin.model.protocol import Model

__all__ = ["OLLAMA_URL", "ModelOptions", "resolve"]

OLLAMA_URL: Final = "http://127.0.0.1:11434/v1"


@dataclass(frozen=True, slots=True)
class ModelOptions:
    """What may be set for a model beside its name; each backend takes what concerns it.

    `context` in tokens caps an embedded model's window and tells an endpoint's. `places` is how many answers an
    embedded model gives at once, `threads` its threads (0: physical cores).
    """

    base_url: str = ""
    api_key: str = ""
    context: int = 4096
    places: int = 1
    threads: int = 0
    repeat_penalty: float = 1.1
    timeouts: Timeouts = field(default_factory=Timeouts)


def resolve(name: str, home: Path, options: ModelOptions | None = None) -> Model:
    """The model called `name`: `mini`, `echo`, a `.gguf` file, `ollama/<name>` or `openai/<name>` with a base URL.

    A file may be a path, or the name of one under `home`'s `models`. Nothing is loaded and no server is asked yet.
    Raises `ModelNotFound` naming what can be used, `ModelFileError`, or `ConfigError` for a missing base URL.
    """
    options = options or ModelOptions()
    kind, slash, rest = name.partition("/")
    if name == "echo":
        return EchoModel(context=options.context)
    if name == "mini":
        return _embedded(mini_file(), options, "mini", trusted=True)
    if slash and rest and kind in ("ollama", "openai"):
        return _endpoint(name, rest, options.base_url or (OLLAMA_URL if kind == "ollama" else ""), options)
    path = _file(name, home)
    if path is None:
        raise ModelNotFound(f"no model {name!r} here; can be used: {_usable(home)}")
    return _embedded(path, options, path.stem)


def _embedded(path: Path, options: ModelOptions, name: str, trusted: bool = False) -> EmbeddedModel:
    return EmbeddedModel(
        path,
        name=name,
        context=options.context,
        places=options.places,
        threads=options.threads,
        repeat_penalty=options.repeat_penalty,
        trusted=trusted,
    )


def _endpoint(name: str, model: str, base_url: str, options: ModelOptions) -> EndpointModel:
    if not base_url:
        raise ConfigError(f"{name!r} needs the address of its server: --base-url https://.../v1")
    return EndpointModel(
        model, base_url, api_key=options.api_key, context=options.context, timeouts=options.timeouts, name=name
    )


def _file(name: str, home: Path) -> Path | None:
    """The file of that path, or of that name in a models folder."""
    if not name or "\0" in name:
        return None
    for place in (Path(name).expanduser(), *(folder / name for folder in model_folders(home))):
        if place.suffix == ".gguf" and place.is_file():
            return place
    return next((path for path in gguf_files(home) if name in (path.name, path.stem)), None)


def _usable(home: Path) -> str:
    files = [str(path) for path in gguf_files(home)][:20]
    return ", ".join(["mini", *files, "a path to a .gguf file", "ollama/<name>", "openai/<name> with --base-url"])
