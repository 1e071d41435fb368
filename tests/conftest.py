"""For every test: no state outside a temporary home, no socket beyond this machine."""

from __future__ import annotations

import os
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


@pytest.fixture
def data() -> Path:
    """The real data where it is at hand; tests that want it are left out elsewhere."""
    folder = Path(os.environ.get("ANXIN_DATA", "../shared/data"))
    if not folder.is_dir():
        pytest.skip("ANXIN_DATA is not here")
    return folder
