"""What the operator has set, in `config.toml` under `ANXIN_HOME`; options of the command line come before it."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from pathlib import Path

from anxin.config import home, load_toml, parse
from anxin.counsel import Judge
from anxin.errors import ConfigError
from anxin.model import Model
from anxin.model.catalogue import Endpoint
from anxin.model.embedding import EmbeddedEmbedder, EndpointEmbedder
from anxin.model.resolve import ModelOptions, resolve
from anxin.retrieve import Nearest
from anxin.serve import ServeOptions
from anxin.store import StoreOptions

__all__ = ["Config", "SafetyOptions", "configured"]


@dataclass(frozen=True, slots=True)
class SafetyOptions:
    """What may be added to the screen and the authored words; nothing here takes anything away from them.

    `judge` is a local model, named as elsewhere, that may raise a borderline verdict within `judge_timeout` seconds;
    `judge_url` is the server of one named openai/NAME. `crisis_model_words` lets the model say a sentence between the
    authored words of a crisis, where the protocol allows it.
    """

    judge: str = ""
    judge_url: str = ""
    judge_timeout: float = 3.0
    crisis_model_words: bool = False


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
    safety: SafetyOptions = field(default_factory=SafetyOptions)
    serve: ServeOptions = field(default_factory=ServeOptions)
    store: StoreOptions = field(default_factory=StoreOptions)
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

    def judge(self, name: str, model: Model) -> Judge | None:
        """What judges borderline messages: `model` itself where its `name` is the judge's, else one of its own.

        Nothing is loaded yet. Raises `ConfigError` for a judge that is not on this machine or too small, and what
        `resolve` raises.
        """
        asked = self.safety
        if not asked.judge:
            return None
        # While a message is judged nothing is shown, and serving gives up a turn that shows nothing for that long.
        if not 0 < asked.judge_timeout < self.serve.body_seconds:
            raise ConfigError(
                f"judge_timeout must be more than 0 and less than body_seconds ({self.serve.body_seconds:g})"
            )
        if asked.judge == name and not asked.judge_url:
            return Judge(model, asked.judge_timeout)
        if asked.judge.startswith("openai/") and not asked.judge_url:
            raise ConfigError(f"the judge {asked.judge} needs judge_url, the address of its server with /v1")
        key = next((known.api_key for known in self.endpoints if known.base_url == asked.judge_url), "")
        options = replace(self.model_options(), base_url=asked.judge_url, api_key=key)
        return Judge(resolve(asked.judge, home(), options), asked.judge_timeout)

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
