"""What the tests of a crawl share: profiles for sites on this machine, and no proxy between them and us."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

WriteProfile = Callable[..., Path]


@pytest.fixture(autouse=True)
def _directly(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def write_profile(tmp_path: Path) -> WriteProfile:
    """Write a profile: `write_profile("http://127.0.0.1:1/", seconds=0.0, extra='kind = "thread"')`."""

    def write(*start: str, name: str = "local", extra: str = "", tables: str = "", **limits: float) -> Path:
        path = tmp_path / f"{name}.toml"
        kind = "" if "kind =" in extra else 'kind = "article"\n'
        numbers = {"seconds": 0.0, "timeout": 10.0, "backoff": 0.05, "retries": 1, **limits}
        path.write_text(
            f'name = "{name}"\nstart = {json.dumps(list(start))}\n{kind}licence = "CC0-1.0"\n'
            f'terms = "Our own pages, served by the test itself."\n{extra}\n[limits]\n'
            + "".join(f"{key} = {value}\n" for key, value in numbers.items())
            + tables,
            encoding="utf-8",
        )
        return path

    return write
