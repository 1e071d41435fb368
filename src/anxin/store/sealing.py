"""Sealing at rest: AES-256-GCM, one random data key for each owner, wrapped by a master key.

Additional data binds every blob to its place (owner, table, row), so that nobody who can write to the database can move
one client's words into another's conversation or to another place in it. Layout of a blob: one byte of format, a random
nonce of 12 bytes (NIST SP 800-38D, 8.2.2), ciphertext with its tag of 16 bytes.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from anxin.errors import StoreDamaged, StoreKeyError

__all__ = ["DataKey", "Keyring", "Master"]

_FORMAT = b"\x01"
_NONCE = 12
_KEY = 32


@dataclass(frozen=True, slots=True)
class DataKey:
    """What seals everything that belongs to one owner, such as `conversation:<reference>`."""

    owner: str
    key: bytes = field(repr=False)

    @classmethod
    def new(cls, owner: str) -> DataKey:
        """A random key of 256 bits."""
        return cls(owner, secrets.token_bytes(_KEY))

    def seal(self, clear: bytes, table: str, row: str) -> bytes:
        """The blob that can be opened in this place alone."""
        return _seal(self.key, clear, _bound("data", self.owner, table, row))

    def open(self, blob: bytes, table: str, row: str) -> bytes:
        """What was sealed. Raises `StoreDamaged` for a blob that was changed or belongs elsewhere."""
        try:
            return _open(self.key, blob, _bound("data", self.owner, table, row))
        except InvalidTag:
            raise StoreDamaged(f"{table} {row} of {self.owner} is damaged or was changed; restore a backup") from None


@dataclass(frozen=True, slots=True)
class Master:
    """What wraps data keys. Its id is a hash of it, so that the wrong one is known before anything is opened."""

    key: bytes = field(repr=False)

    @classmethod
    def new(cls) -> Master:
        """A random key of 256 bits."""
        return cls(secrets.token_bytes(_KEY))

    @property
    def id(self) -> str:
        """16 hexadecimal digits."""
        return hashlib.sha256(b"anxin master key\0" + self.key).hexdigest()[:16]

    def wrap(self, key: DataKey) -> bytes:
        """The data key, sealed under this master and bound to its owner."""
        return _seal(self.key, key.key, _bound("key", self.id, key.owner))

    def unwrap(self, owner: str, wrapped: bytes) -> DataKey:
        """The data key of `owner`. Raises `StoreDamaged`."""
        try:
            return DataKey(owner, _open(self.key, wrapped, _bound("key", self.id, owner)))
        except InvalidTag:
            raise StoreDamaged(f"the key of {owner} is damaged or was changed; restore a backup") from None


@dataclass(frozen=True, slots=True)
class Keyring:
    """Master keys at hand, the newest first. `where` says in words where they come from."""

    masters: tuple[Master, ...]
    where: str

    @property
    def newest(self) -> Master:
        return self.masters[0]

    def __contains__(self, id: str) -> bool:
        return any(master.id == id for master in self.masters)

    def get(self, id: str) -> Master:
        """The master key with this id. Raises `StoreKeyError`."""
        for master in self.masters:
            if master.id == id:
                return master
        raise StoreKeyError(
            f"these records are sealed with master key {id}, which is not in {self.where}; put that key back there "
            "(your own copy of it), nothing was changed"
        )


def _seal(key: bytes, clear: bytes, bound: bytes) -> bytes:
    nonce = secrets.token_bytes(_NONCE)
    return _FORMAT + nonce + AESGCM(key).encrypt(nonce, clear, bound)


def _open(key: bytes, blob: bytes, bound: bytes) -> bytes:
    if blob[:1] != _FORMAT or len(blob) < 1 + _NONCE + 16:
        raise InvalidTag
    return AESGCM(key).decrypt(blob[1 : 1 + _NONCE], blob[1 + _NONCE :], bound)


def _bound(*parts: str) -> bytes:
    # Lengths first: ("ab", "c") and ("a", "bc") are different places.
    encoded = [part.encode() for part in ("anxin", *parts)]
    return b"".join(len(part).to_bytes(4, "big") + part for part in encoded)
