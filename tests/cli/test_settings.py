from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from anxin.cli import settings
from anxin.cli.settings import Config, SafetyOptions, configured
from anxin.config import home, parse
from anxin.errors import AnxinError, ConfigError
from anxin.model import EchoModel, ModelOptions
from anxin.retrieve import Nearest
from anxin.serve import ServeOptions
from anxin.store import StoreOptions

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
    assert config.safety == SafetyOptions(), "nothing is added that was not asked for"
    assert config.store == StoreOptions(), "nothing is recorded that was not asked for"
    for field in (*fields(Config), *fields(SafetyOptions), *fields(ServeOptions), *fields(StoreOptions)):
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


def test_a_judge_is_off_until_named_and_is_a_local_one() -> None:
    talking = EchoModel()
    assert Config().judge("echo", talking) is None
    same = parse(Config, {"safety": {"judge": "echo", "judge_timeout": 1}}).judge("echo", talking)
    assert same is not None and same.model is talking and same.timeout == 1
    own = parse(Config, {"base_url": "https://far.example/v1", "safety": {"judge": "ollama/qwen3"}})
    other = own.judge("openai/gpt", talking)
    assert other is not None and other.model is not talking and not other.model.info.outside


@pytest.mark.parametrize(
    ("safety", "why"),
    [
        ({"judge": "openai/gpt"}, "judge_url"),
        ({"judge": "openai/gpt", "judge_url": "https://far.example/v1"}, "not on this machine"),
        ({"judge": "mini"}, "too small"),
        ({"judge": "echo", "judge_timeout": 0}, "judge_timeout"),
        ({"judge": "echo", "judge_timeout": 60}, "body_seconds"),
        ({"judge": "nothing-of-this-name"}, "no model"),
    ],
)
def test_a_judge_that_cannot_be_had_stops_the_start(safety: dict[str, object], why: str) -> None:
    with pytest.raises(AnxinError, match=why) as told:
        parse(Config, {"safety": safety}).judge("echo", EchoModel())
    assert "\n" not in str(told.value)


def test_the_key_of_the_talks_endpoint_is_not_sent_to_the_judges(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANXIN_API_KEY", "of-the-talk")
    asked: list[ModelOptions] = []

    def watched(name: str, home: Path, options: ModelOptions) -> EchoModel:
        asked.append(options)
        return EchoModel()

    monkeypatch.setattr(settings, "resolve", watched)
    url = "http://127.0.0.1:8080/v1"
    config = {"endpoints": [{"base_url": url, "api_key": "of-the-judge"}]}
    parse(Config, {**config, "safety": {"judge": "openai/q", "judge_url": url}}).judge("echo", EchoModel())
    parse(Config, {**config, "safety": {"judge": "ollama/q"}}).judge("echo", EchoModel())
    assert [(option.base_url, option.api_key) for option in asked] == [(url, "of-the-judge"), ("", "")]
