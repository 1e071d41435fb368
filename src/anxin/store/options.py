"""What an operator can set about records. This dataclass is the only source of the defaults."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from anxin.errors import ConfigError

__all__ = ["StoreOptions"]

_POSTGRES = ("postgresql://", "postgres://", "postgresql+psycopg://")


@dataclass(frozen=True, slots=True)
class StoreOptions:
    """What is recorded and how it is sealed. Raises `ConfigError` for a value that cannot be used.

    `database` empty keeps conversations in memory alone; else it is `sqlite` (a file under `ANXIN_HOME`), a path or
    the address of a PostgreSQL database. The master key comes from `key_command`, else from the environment variable
    named by `key_variable`, else from `key_file` (default `store.key` under `ANXIN_HOME`). A conversation idle for
    `retention_days` is erased; 0 keeps conversations in memory alone whatever `database` says. `tidy_seconds` lie
    between two looks at what is to be forgotten. `anchors` is the file in which heads of the audit log are noted.
    """

    database: str = ""
    key_file: str = ""
    key_variable: str = ""
    key_command: tuple[str, ...] = ()
    retention_days: int = 30
    tidy_seconds: float = 600.0
    anchors: str = ""

    def __post_init__(self) -> None:
        if not 0 <= self.retention_days <= 36500:
            raise ConfigError("retention_days must lie between 0 (nothing beyond memory) and 36500")
        if self.tidy_seconds <= 0:
            raise ConfigError("tidy_seconds must be more than 0")
        if "://" in self.database and not self.database.startswith(("sqlite:///", *_POSTGRES)):
            scheme = self.database.partition("://")[0]
            raise ConfigError(f"database {scheme}://... is not known; give a path or postgresql://user@host/name")

    @property
    def recording(self) -> bool:
        """Whether conversations outlive this process."""
        return bool(self.database) and self.retention_days > 0

    def url(self, home: Path) -> str:
        """The database's address for SQLAlchemy."""
        for scheme in _POSTGRES:
            if self.database.startswith(scheme):
                return "postgresql+psycopg://" + self.database.removeprefix(scheme)
        return f"sqlite+aiosqlite:///{self._path(home)}"

    def _path(self, home: Path) -> Path:
        if self.database in ("", "sqlite"):
            return home / "anxin.sqlite"
        return Path(self.database.removeprefix("sqlite:///")).expanduser().absolute()
