from __future__ import annotations

import importlib.resources
import shutil
from pathlib import Path

import pytest

from anxin.errors import ConfigError, ModelFileError, ModelNotFound
from anxin.model import EchoModel, EmbeddedModel, EndpointModel, ModelOptions, resolve
from anxin.model.found import gguf_files, mini_file


@pytest.fixture
def home(tmp_path: Path, tiny_gguf: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with one model, and an empty working folder."""
    (tmp_path / "home/models/owner").mkdir(parents=True)
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    shutil.copy(tiny_gguf, tmp_path / "home/models/owner/calm.gguf")
    return tmp_path / "home"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout whose package holds nothing."""
    package = tmp_path / "checkout/src/anxin"
    package.mkdir(parents=True)
    monkeypatch.setattr(importlib.resources, "files", lambda _: package)
    return package


def test_echo(home: Path) -> None:
    assert isinstance(resolve("echo", home), EchoModel)


@pytest.mark.parametrize("name", ["calm", "calm.gguf", "owner/calm.gguf"])
def test_a_file_by_its_name(home: Path, name: str) -> None:
    model = resolve(name, home, ModelOptions(context=300))
    assert isinstance(model, EmbeddedModel)
    assert (model.info.name, model.info.context) == ("calm", 300)


def test_a_file_by_its_path(home: Path, tiny_gguf: Path) -> None:
    shutil.copy(tiny_gguf, "here.gguf")
    for name in ("here.gguf", "./here.gguf", str(tiny_gguf)):
        assert isinstance(resolve(name, home), EmbeddedModel)


def test_ollama_has_an_address_and_others_need_one(home: Path) -> None:
    model = resolve("ollama/qwen3:8b", home)
    assert isinstance(model, EndpointModel)
    assert model.info.name == "ollama/qwen3:8b"
    assert isinstance(
        resolve("openai/deepseek-chat", home, ModelOptions(base_url="https://x.example/v1")), EndpointModel
    )
    with pytest.raises(ConfigError, match="--base-url"):
        resolve("openai/deepseek-chat", home)
    with pytest.raises(ConfigError, match="must look like"):
        resolve("ollama/x", home, ModelOptions(base_url="localhost:11434"))


@pytest.mark.parametrize("name", ["", "gpt-9", "no.gguf", "ollama/", "a\0b", "mini ", "../calm", "~nobody/x.gguf"])
def test_an_unknown_name_says_what_can_be_used(home: Path, name: str) -> None:
    with pytest.raises(ModelNotFound, match="can be used: mini, ") as raised:
        resolve(name, home)
    assert str(home / "models/owner/calm.gguf") in str(raised.value)
    assert "ollama/<name>" in str(raised.value)


def test_a_damaged_file(home: Path) -> None:
    (home / "models/bad.gguf").write_bytes(b"nothing")
    with pytest.raises(ModelFileError, match=r"bad\.gguf"):
        resolve("bad", home)


def test_mini_in_the_package_and_in_a_checkout(home: Path, package: Path, tiny_gguf: Path) -> None:
    with pytest.raises(ModelFileError, match="missing from this installation"):
        resolve("mini", home)
    checkout = package.parents[1] / "models/mini.gguf"
    checkout.parent.mkdir()
    shutil.copy(tiny_gguf, checkout)
    assert mini_file() == checkout
    installed = package / "models/mini.gguf"
    installed.parent.mkdir()
    shutil.copy(tiny_gguf, installed)
    assert mini_file() == installed
    assert resolve("mini", home).info.name == "mini"


def test_projectors_later_parts_and_doubles_are_no_models(home: Path, tiny_gguf: Path) -> None:
    folder = home / "models"
    for name in ("mmproj-x.gguf", "big-00001-of-00002.gguf", "big-00002-of-00002.gguf", "readme.txt"):
        (folder / name).touch()
    (folder / "again.gguf").symlink_to(folder / "owner/calm.gguf")
    (folder / "gone.gguf").symlink_to(folder / "nowhere")
    assert [path.name for path in gguf_files(home)] == ["again.gguf", "big-00001-of-00002.gguf"]
