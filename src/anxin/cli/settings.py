"""What the operator has set, in `config.toml` under `ANXIN_HOME`; options of the command line come before it."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from anxin.config import home, load_toml, parse
from anxin.model.catalogue import Endpoint
from anxin.model.resolve import ModelOptions
from anxin.serve import ServeOptions

__all__ = ["Config", "configured"]


@dataclass(frozen=True, slots=True)
class Config:
    """The whole of `config.toml`; every key may be left out.

    `model` is used where no `--model` is given. `context` is in tokens.
    """

    model: str = "mini"
    base_url: str = ""
    context: int = 4096
    places: int = 1
    threads: int = 0
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


def configured() -> Config:
    """The operator's settings, or the defaults where there is no file. Raises `ConfigError` naming a bad key."""
    path = home() / "config.toml"
    return parse(Config, load_toml(path), "") if path.exists() else Config()
