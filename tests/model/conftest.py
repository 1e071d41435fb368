from __future__ import annotations

from pathlib import Path

import pytest

from .tiny import write_tiny


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def tiny_gguf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A GGUF of random weights that the real runtime loads in a moment."""
    return write_tiny(tmp_path_factory.mktemp("models") / "tiny.gguf")
