from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest

from anxin.config import home, load_toml, override, parse
from anxin.errors import ConfigError


@dataclass(frozen=True)
class Inner:
    depth: int = 2
    rate: float = 0.5


@dataclass(frozen=True)
class Outer:
    name: str
    inner: Inner = field(default_factory=Inner)
    many: tuple[Inner, ...] = ()
    words: tuple[str, ...] = ()
    language: Literal["zh", "en"] | None = None
    on: bool = False


def test_tables_become_dataclasses_and_whole_numbers_become_floats() -> None:
    made = parse(Outer, {"name": "a", "inner": {"rate": 1}, "many": [{"depth": 3}], "words": ["x"], "language": "en"})
    assert made == Outer("a", Inner(rate=1.0), (Inner(3),), ("x",), "en")
    assert isinstance(made.inner.rate, float)


@pytest.mark.parametrize(
    ("table", "complaint"),
    [
        ({}, "name is missing"),
        ({"name": "a", "innner": {}}, "did you mean inner"),
        ({"name": "a", "zzz": 1}, "known are inner, language"),
        ({"name": 3}, "name must be str"),
        ({"name": "a", "inner": {"depth": True}}, r"inner\.depth must be int"),
        ({"name": "a", "inner": {"depht": 1}}, r"unknown key inner\.depht; did you mean depth"),
        ({"name": "a", "many": {"depth": 1}}, "many must be a list"),
        ({"name": "a", "many": [{"rate": "x"}]}, r"many\[0\]\.rate must be float"),
        ({"name": "a", "inner": 3}, "inner must be a table"),
        ({"name": "a", "language": "fr"}, "language must be one of zh, en"),
    ],
)
def test_a_mistake_is_named_with_the_nearest_key(table: dict[str, object], complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        parse(Outer, table)


def test_overrides_reach_into_tables() -> None:
    table = override({"name": "a"}, ["inner.depth=7", "name=plain words", "on=true"])
    assert parse(Outer, table) == Outer("plain words", Inner(7), on=True)


@pytest.mark.parametrize("setting", ["inner.depth", "=3", "name.x=1"])
def test_an_override_that_is_none_is_refused(setting: str) -> None:
    with pytest.raises(ConfigError):
        override({"name": "a"}, [setting])


def test_files_that_cannot_be_read_say_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="does not exist"):
        load_toml(tmp_path / "none.toml")
    with pytest.raises(ConfigError, match="folder"):
        load_toml(tmp_path)
    (tmp_path / "bad.toml").write_text("a = [")
    with pytest.raises(ConfigError, match="not valid TOML"):
        load_toml(tmp_path / "bad.toml")


def test_home_follows_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ANXIN_HOME", str(tmp_path / "here"))
    assert home() == tmp_path / "here"
    monkeypatch.delenv("ANXIN_HOME")
    assert home() == Path.home() / ".anxin"
