"""What the operator has set, in `config.toml` under `ANXIN_HOME`; options of the command line come before it."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from anxin.config import home, load_toml, parse
from anxin.errors import ConfigError
from anxin.model.catalogue import Endpoint
from anxin.model.embedding import EmbeddedEmbedder, EndpointEmbedder
from anxin.model.resolve import ModelOptions
from anxin.retrieve import Nearest
from anxin.serve import ServeOptions

__all__ = ["Config", "configured"]


@dataclass(frozen=True, slots=True)
class Config:
    """The whole of `config.toml`; every key may be left out.

    `model` is used where no `--model` is given. `context` is in tokens. `embedder` is a `.gguf` file or the name of a
    model behind `embedder_url`; without it what is offered is searched by words alone.
    """

    model: str = "mini"
    base_url: str = ""
    context: int = 4096
    places: int = 1
    threads: int = 0
    embedder: str = ""
    embedder_url: str = ""
    serve: ServeOptions = field(default_factory=ServeOptions)
    endpoints: tuple[Endpoint, ...] = ()

    def model_options(self, base_url: str = "", context: int = 0) -> ModelOptions:
        """What a model is opened with; the key of an endpoint comes from `ANXIN_API_KEY` or its `endpoints` entry."""
        url = base_url or self.base_url
        known = next((endpoint.api_key for endpoint in self.endpoints if endpoint.base_url == url), "")
        return ModelOptions(
            base_url=url,
            api_key=os.environ.get("ANXIN_API_KEY", known),
            context=context or self.context,
            places=self.places,
            threads=self.threads,
        )

    def nearest(self) -> Nearest | None:
        """What chooses among offers by meaning. Loads a file; raises `ConfigError` or `ModelFileError`."""
        if not self.embedder:
            return None
        if self.embedder.endswith(".gguf"):
            return Nearest(EmbeddedEmbedder(Path(self.embedder).expanduser(), threads=self.threads))
        if not self.embedder_url:
            raise ConfigError(f"embedder {self.embedder} needs embedder_url, the address of its server with /v1")
        key = next((known.api_key for known in self.endpoints if known.base_url == self.embedder_url), "")
        return Nearest(EndpointEmbedder(self.embedder, self.embedder_url, api_key=key))


def configured() -> Config:
    """The operator's settings, or the defaults where there is no file. Raises `ConfigError` naming a bad key."""
    path = home() / "config.toml"
    return parse(Config, load_toml(path), "") if path.exists() else Config()
