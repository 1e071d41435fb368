from __future__ import annotations

from pathlib import Path

import pytest

from anxin.cli import found
from anxin.cli.settings import Config
from anxin.model.catalogue import Available


def _here(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    async def available(*_: object) -> tuple[Available, ...]:
        return (Available("mini", "embedded"), *(Available(name, "ollama") for name in names))

    monkeypatch.setattr(found, "available", available)


def test_one_line_names_what_was_found_and_how_to_use_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    _here(monkeypatch, "ollama/qwen3:4b", "ollama/b", "ollama/c", "ollama/d", "ollama/e")
    line = found.what_else("mini", Config())
    assert "demonstration" in line and "--model ollama/qwen3:4b" in line and "1 more" in line
    assert "\n" not in line


def test_with_nothing_else_it_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    _here(monkeypatch)
    assert "anxin model pull" in found.what_else("mini", Config())
    assert "demonstration" not in found.what_else("other", Config())
