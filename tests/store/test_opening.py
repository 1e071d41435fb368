from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from anxin.errors import MissingExtra
from anxin.store import StoreOptions, open_store


def test_the_door_opens_without_the_packages_of_a_database() -> None:
    """`anxin serve` without records needs none of them, and does not load them."""
    code = """
import sys
import anxin.serve, anxin.cli, anxin.cli.serve, anxin.cli.settings
heavy = {"sqlalchemy", "alembic", "aiosqlite", "cryptography", "psycopg"} & set(sys.modules)
assert not heavy, heavy
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_a_missing_package_is_told_with_the_line_that_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in list(sys.modules):
        if name.startswith("anxin.store.") and name not in ("anxin.store.options", "anxin.store.opening"):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    with pytest.raises(MissingExtra, match=r"anxin\[store\]"):
        open_store(StoreOptions(database="sqlite"), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_driver_is_told_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("sqlalchemy")
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(MissingExtra, match=r"anxin\[postgres\]"):
        open_store(StoreOptions(database="postgresql://x@y/z"), tmp_path)
