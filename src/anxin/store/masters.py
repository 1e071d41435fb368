"""Where master keys come from: a file of mode 0600, an environment variable or a command.

All three give the same text: one key a line, 32 bytes in base64, the newest first; `#` begins a comment. Older keys
stay until nothing is sealed with them.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import os
import secrets
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from anxin.errors import StoreKeyError
from anxin.store.options import StoreOptions
from anxin.store.sealing import Keyring, Master

__all__ = ["KeyCommand", "KeyFile", "KeySource", "KeyVariable", "key_source"]

_COMMAND_SECONDS = 60.0
_HEAD = (
    "# Master keys of Anxin's records, the newest first. Without them nothing that was recorded can be read again.\n"
)


class KeySource(Protocol):
    """Where the keyring is read from."""

    @property
    def where(self) -> str:
        """In words, for messages."""
        ...

    def read(self) -> Keyring | None:
        """The keys, or None where none were ever put. Raises `StoreKeyError` for what cannot be read."""
        ...

    def create(self) -> Keyring:
        """The first key. Raises `StoreKeyError` where this source cannot be written."""
        ...

    def turn(self) -> Keyring:
        """A new key before the others. Raises `StoreKeyError` where this source cannot be written."""
        ...

    def drop(self, ids: frozenset[str]) -> None:
        """Destroy these keys. Raises `StoreKeyError` where this source cannot be written."""
        ...


@dataclass(frozen=True, slots=True)
class KeyFile:
    """A file that only its owner may read. Made on first use; `warn` is then told to keep a copy elsewhere."""

    path: Path
    warn: Callable[[str], None] = lambda _: None

    @property
    def where(self) -> str:
        return str(self.path)

    def read(self) -> Keyring | None:
        try:
            mode = self.path.stat().st_mode
            text = self.path.read_text(encoding="ascii")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise StoreKeyError(f"the key file {self.path} cannot be read: {error}") from None
        if os.name == "posix" and mode & 0o077:
            raise StoreKeyError(f"others may read the key file {self.path}; run: chmod 600 {self.path}")
        return _keyring(text, self.where)

    def create(self) -> Keyring:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = self._part(_text([Master.new()]))
        try:
            os.link(part, self.path)  # unlike a rename this never replaces a key that another process has just made
        except FileExistsError:
            pass
        else:
            self.warn(
                f"A new master key was written to {self.path}. Keep a copy of it elsewhere, apart from the backups: "
                "whoever loses it loses every record, and whoever has it and the database can read them."
            )
        finally:
            part.unlink()
        self._settle()
        ring = self.read()
        assert ring is not None
        return ring

    def turn(self) -> Keyring:
        ring = self.read()
        self._write([Master.new(), *(ring.masters if ring is not None else ())])
        changed = self.read()
        assert changed is not None
        return changed

    def drop(self, ids: frozenset[str]) -> None:
        ring = self.read()
        if ring is not None:
            self._write([master for master in ring.masters if master.id not in ids])

    def _write(self, masters: list[Master]) -> None:
        self._part(_text(masters)).replace(self.path)
        self._settle()

    def _part(self, text: str) -> Path:
        part = self.path.with_name(f"{self.path.name}.{secrets.token_hex(8)}")
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        return part

    def _settle(self) -> None:
        # The name is as much a part of the file as its bytes: a key lost with the power is lost for ever.
        with contextlib.suppress(OSError):
            folder = os.open(self.path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)


@dataclass(frozen=True, slots=True)
class KeyVariable:
    """An environment variable; keys are separated by lines, spaces or commas."""

    name: str

    @property
    def where(self) -> str:
        return f"the environment variable {self.name}"

    def read(self) -> Keyring:
        text = os.environ.get(self.name, "")
        if not text.strip():
            raise StoreKeyError(f"{self.where} is empty; it must hold the master key (32 bytes in base64)")
        return _keyring(text.replace(",", "\n"), self.where)

    def create(self) -> Keyring:
        return self.read()

    def turn(self) -> Keyring:
        raise StoreKeyError(
            f"put the new key before the old one in {self.where}, restart what serves, and run this again"
        )

    def drop(self, ids: frozenset[str]) -> None:
        raise StoreKeyError(f"take the old keys ({', '.join(sorted(ids))}) out of {self.where} yourself")


@dataclass(frozen=True, slots=True)
class KeyCommand:
    """A command that prints the keys, such as a password manager's or a vault's."""

    command: tuple[str, ...]

    @property
    def where(self) -> str:
        return f"what {self.command[0]} prints"

    def read(self) -> Keyring:
        try:
            done = subprocess.run(self.command, capture_output=True, timeout=_COMMAND_SECONDS, check=False)
            text = done.stdout.decode("ascii")
        except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError) as error:
            # The command's own words may hold the key.
            raise StoreKeyError(f"the key command {self.command[0]} failed: {type(error).__name__}") from None
        if done.returncode:
            raise StoreKeyError(f"the key command {self.command[0]} failed with exit code {done.returncode}")
        return _keyring(text, self.where)

    def create(self) -> Keyring:
        return self.read()

    def turn(self) -> Keyring:
        raise StoreKeyError(
            f"let the new key come before the old one in {self.where}, restart what serves, and run this again"
        )

    def drop(self, ids: frozenset[str]) -> None:
        raise StoreKeyError(f"take the old keys ({', '.join(sorted(ids))}) out of {self.where} yourself")


def key_source(options: StoreOptions, home: Path, warn: Callable[[str], None] = lambda _: None) -> KeySource:
    """The source that the operator named, else the file under `home`."""
    if options.key_command:
        return KeyCommand(options.key_command)
    if options.key_variable:
        return KeyVariable(options.key_variable)
    return KeyFile(Path(options.key_file).expanduser() if options.key_file else home / "store.key", warn)


def _keyring(text: str, where: str) -> Keyring:
    masters: list[Master] = []
    for number, line in enumerate(text.splitlines(), 1):
        for word in line.partition("#")[0].split():
            try:
                key = base64.b64decode(word, validate=True)
            except binascii.Error:
                key = b""
            if len(key) != 32:
                raise StoreKeyError(f"line {number} of {where} is not a master key (32 bytes in base64)")
            masters.append(Master(key))
    if not masters:
        raise StoreKeyError(f"{where} holds no master key; put your copy of it back")
    return Keyring(tuple(masters), where)


def _text(masters: list[Master]) -> str:
    return _HEAD + "".join(f"{base64.b64encode(master.key).decode()}  # {master.id}\n" for master in masters)
