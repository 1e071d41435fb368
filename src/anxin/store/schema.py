"""The schema of a database: which revision it has, and bringing it to another."""

from __future__ import annotations

from importlib import resources

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from anxin.errors import StoreError

__all__ = ["newest_revision", "revision_of", "revisions", "upgrade"]


def revisions() -> tuple[str, ...]:
    """Every revision, oldest first."""
    walked = ScriptDirectory.from_config(_config()).walk_revisions()
    return tuple(reversed([script.revision for script in walked]))


def newest_revision() -> str:
    """What this release writes."""
    return revisions()[-1]


def revision_of(connection: Connection, /) -> str | None:
    """What the database has; None where it is empty."""
    return MigrationContext.configure(connection).get_current_revision()


def upgrade(connection: Connection, to: str = "head") -> None:
    """Bring the database to a revision, in the connection's transaction: wholly or not at all.

    Raises `StoreError` for a database made by a newer release.
    """
    if connection.dialect.name == "postgresql":
        # Two replicas that start together do this one after the other; on SQLite BEGIN IMMEDIATE sees to it.
        connection.execute(text("SELECT pg_advisory_xact_lock(4711061011)"))
    has = revision_of(connection)
    if has is not None and has not in revisions():
        raise StoreError(f"this database was made by a newer Anxin (revision {has}); install that or a later one")
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, to)


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(resources.files("anxin.store") / "migrations").replace("%", "%%"))
    return config
