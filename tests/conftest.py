"""For every test: no state outside a temporary home, no socket beyond this machine."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytest_socket import socket_allow_hosts


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANXIN_HOME", str(tmp_path / "home"))
    for name in ("ANXIN_API_KEY", "HF_ENDPOINT", "HF_TOKEN", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def _this_machine_only() -> None:
    socket_allow_hosts(["127.0.0.1", "::1", "localhost"], allow_unix_socket=True)
