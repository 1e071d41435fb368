from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from anxin.cli.settings import Config, configured
from anxin.config import home, parse
from anxin.errors import AnxinError, ConfigError
from anxin.retrieve import Nearest
from anxin.serve import ServeOptions

PAGE = Path(__file__).parents[2] / "docs" / "settings.md"


def test_without_a_file_the_defaults_hold() -> None:
    assert configured() == Config()


def test_the_example_in_the_documents_is_valid_and_complete(monkeypatch: pytest.MonkeyPatch) -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    home().mkdir(parents=True)
    (home() / "config.toml").write_text(example, encoding="utf-8")
    config = configured()
    assert config.model == "ollama/qwen3:4b"
    assert config.serve == ServeOptions(language="zh")
    for field in (*fields(Config), *fields(ServeOptions)):
        assert re.search(rf"^\[*{field.name}\b", example, re.MULTILINE), field.name


def test_the_key_of_an_endpoint_comes_from_the_environment_or_its_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    url = "http://127.0.0.1:8080/v1"
    config = parse(Config, {"base_url": url, "endpoints": [{"base_url": url, "api_key": "from-file"}]})
    assert config.model_options().api_key == "from-file"
    monkeypatch.setenv("ANXIN_API_KEY", "from-environment")
    assert config.model_options(context=99).api_key == "from-environment"
    assert config.model_options(context=99).context == 99


def test_an_embedder_is_off_until_named_and_needs_its_server() -> None:
    assert Config().nearest() is None
    with pytest.raises(ConfigError, match="embedder_url"):
        parse(Config, {"embedder": "bge-m3"}).nearest()
    assert isinstance(parse(Config, {"embedder": "bge-m3", "embedder_url": "http://127.0.0.1:9/v1"}).nearest(), Nearest)
    with pytest.raises(AnxinError, match=r"none\.gguf"):
        parse(Config, {"embedder": "/none.gguf"}).nearest()
