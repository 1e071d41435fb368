"""Read what a GGUF file says of itself, and whether it is whole, before any of it reaches the C++ library.

llama.cpp may abort the process on a damaged file; this reader never does. It is total: any bytes whatever end in a
`Header` or in one `ModelFileError`, in time and memory bounded by the limits below.
Source: the GGUF specification, version 3, in the ggml repository's docs/gguf.md.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from anxin.dialogue import Language
from anxin.errors import ModelFileError

__all__ = ["Header", "read_header"]

Scalar = int | float | bool | str

_LANGUAGES: Final[tuple[Language, ...]] = ("zh", "en")
_MAGIC: Final = b"GGUF"
_VERSIONS: Final = (2, 3)
_MAX_PAIRS: Final = 65_536
_MAX_TENSORS: Final = 1_000_000
_MAX_STRING: Final = 8 << 20  # chat templates are the longest strings met, some 20 kB
_MAX_ITEMS: Final = 8_000_000  # strings of all arrays together; the largest vocabularies hold about 300,000
_MAX_DIMS: Final = 4
_CONTROL: Final = 3  # token type: <|im_start|> and its like
_STRING: Final = 8
_ARRAY: Final = 9
_PLAIN: Final[Mapping[int, struct.Struct]] = {
    kind: struct.Struct("<" + code)
    for kind, code in {
        0: "B",
        1: "b",
        2: "H",
        3: "h",
        4: "I",
        5: "i",
        6: "f",
        7: "?",
        10: "Q",
        11: "q",
        12: "d",
    }.items()
}
# ggml type -> (weights in a block, bytes of a block). A type not listed here is newer than this table: llama.cpp
# judges it, and only where its tensor starts is checked.
_BLOCKS: Final[Mapping[int, tuple[int, int]]] = {
    0: (1, 4),
    1: (1, 2),
    2: (32, 18),
    3: (32, 20),
    6: (32, 22),
    7: (32, 24),
    8: (32, 34),
    9: (32, 36),
    10: (256, 84),
    11: (256, 110),
    12: (256, 144),
    13: (256, 176),
    14: (256, 210),
    15: (256, 292),
    16: (256, 66),
    17: (256, 74),
    18: (256, 98),
    19: (256, 50),
    20: (32, 18),
    21: (256, 110),
    22: (256, 82),
    23: (256, 136),
    24: (1, 1),
    25: (1, 2),
    26: (1, 4),
    27: (1, 8),
    28: (1, 8),
    29: (256, 56),
    30: (1, 2),
    34: (256, 54),
    35: (256, 66),
    39: (32, 17),
}


@dataclass(frozen=True, slots=True)
class Header:
    """A GGUF file's single values, its control tokens and how many tensors it holds."""

    values: Mapping[str, Scalar]
    control_tokens: tuple[str, ...]
    tensors: int

    @property
    def architecture(self) -> str:
        return self.text("general.architecture")

    @property
    def name(self) -> str:
        """`general.name`, or an empty string."""
        return self.text("general.name")

    @property
    def context(self) -> int:
        """Tokens the model was trained to read at once; 0 where the file does not say."""
        value = self.values.get(f"{self.architecture}.context_length", 0)
        return value if isinstance(value, int) and 0 < value < 1 << 31 else 0

    @property
    def chat_template(self) -> str:
        return self.text("tokenizer.chat_template")

    def text(self, key: str) -> str:
        value = self.values.get(key, "")
        return value if isinstance(value, str) else ""

    def flag(self, key: str, default: bool) -> bool:
        value = self.values.get(key, default)
        return value if isinstance(value, bool) else default

    def languages(self) -> tuple[Language, ...]:
        """The languages the model speaks, from `anxin.languages` ("zh,en"); both where it says nothing."""
        named = str(self.values.get("anxin.languages", "")).split(",")
        spoken: tuple[Language, ...] = tuple(language for language in _LANGUAGES if language in named)
        return spoken or _LANGUAGES

    def number(self, key: str, default: float) -> float:
        value = self.values.get(key, default)
        return float(value) if isinstance(value, float | int) and 0 <= value <= 2 else default


def read_header(path: Path) -> Header:
    """Read and check the header of the file at `path`; raise `ModelFileError` in one line if it is not a whole GGUF."""
    try:
        with path.open("rb", buffering=1 << 18) as file:
            return _Reader(file, os.fstat(file.fileno()).st_size).header()
    except _Damaged as damage:
        raise ModelFileError(f"{path.name} cannot be used as a model: {damage}; download it again") from None
    except (OSError, ValueError) as error:
        why = (error.strerror if isinstance(error, OSError) else None) or "unreadable"
        raise ModelFileError(f"the model file {path} cannot be read: {why}") from error


class _Damaged(Exception):
    """What is wrong with the file, as the middle of a sentence."""


class _Reader:
    """One pass over a file's header."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self._size = size
        self._at = 0
        self._items = 0

    def header(self) -> Header:
        if self._size < 24:
            raise _Damaged("it is too short to be a GGUF file" if self._size else "it is empty")
        if self._take(4) != _MAGIC:
            raise _Damaged("it is not a GGUF file")
        version = self._number("<I")
        if version not in _VERSIONS:
            raise _Damaged(f"its GGUF version {version} is not one of {_VERSIONS}")
        tensors, pairs = self._number("<Q"), self._number("<Q")
        if tensors > _MAX_TENSORS or pairs > _MAX_PAIRS:
            raise _Damaged("its header is damaged")
        values: dict[str, Scalar] = {}
        tokens: list[str] = []
        kinds: list[int] = []
        for _ in range(pairs):
            key, kind = self._string(), self._number("<I")
            if kind != _ARRAY:
                values[key] = self._scalar(kind)
            elif key == "tokenizer.ggml.tokens":
                tokens = self._strings(keep=True)
            elif key == "tokenizer.ggml.token_type":
                kinds = self._kinds()
            else:
                self._skip_array()
        alignment = values.get("general.alignment", 32)
        if isinstance(alignment, bool) or not isinstance(alignment, int) or not 0 < alignment <= 1 << 20:
            raise _Damaged("its alignment is damaged")
        end = self._extents(tensors)
        data = -(-self._at // alignment) * alignment
        if data + end > self._size:
            raise _Damaged(f"it is cut off: {data + end:,} bytes are needed, {self._size:,} are there")
        control = tuple(token for token, kind in zip(tokens, kinds, strict=False) if kind == _CONTROL and token)
        return Header(values, control, tensors)

    def _extents(self, tensors: int) -> int:
        """The end of the farthest tensor, in bytes from the start of the data."""
        end = 0
        for _ in range(tensors):
            self._string()
            dims = self._number("<I")
            if dims > _MAX_DIMS:
                raise _Damaged("a tensor has too many dimensions")
            weights = 1
            for _ in range(dims):
                weights *= self._number("<Q")
            kind, offset = self._number("<I"), self._number("<Q")
            block, width = _BLOCKS.get(kind, (1, 0))
            if weights % block:
                raise _Damaged("a tensor's shape does not fit its type")
            end = max(end, offset + weights // block * width)
        return end

    def _scalar(self, kind: int) -> Scalar:
        if kind == _STRING:
            return self._string()
        plain = _PLAIN.get(kind)
        if plain is None:
            raise _Damaged(f"its header holds an unknown value type {kind}")
        value: int | float | bool = plain.unpack(self._take(plain.size))[0]
        return value

    def _array(self) -> tuple[int, int]:
        """An array's element type and length."""
        kind, count = self._number("<I"), self._number("<Q")
        if kind == _ARRAY or (kind != _STRING and kind not in _PLAIN):
            raise _Damaged("its header holds an array that cannot be read")
        return kind, count

    def _skip_array(self) -> None:
        kind, count = self._array()
        if kind == _STRING:
            self._walk(count, keep=False)
        else:
            self._skip(count * _PLAIN[kind].size)

    def _strings(self, keep: bool) -> list[str]:
        kind, count = self._array()
        if kind != _STRING:
            raise _Damaged("its vocabulary is damaged")
        return self._walk(count, keep)

    def _walk(self, count: int, keep: bool) -> list[str]:
        self._items += count
        if self._items > _MAX_ITEMS:
            raise _Damaged("its header is damaged")
        kept: list[str] = []
        for _ in range(count):
            length = self._number("<Q")
            if keep:
                kept.append(self._decode(length))
            else:
                self._skip(length)
        return kept

    def _kinds(self) -> list[int]:
        kind, count = self._array()
        if kind not in (4, 5) or count > _MAX_ITEMS:
            raise _Damaged("its vocabulary is damaged")
        return list(struct.unpack(f"<{count}i", self._take(count * 4)))

    def _string(self) -> str:
        return self._decode(self._number("<Q"))

    def _decode(self, length: int) -> str:
        if length > _MAX_STRING:
            raise _Damaged("its header is damaged")
        return self._take(length).decode("utf-8", "replace")

    def _number(self, layout: str) -> int:
        value: int = struct.unpack(layout, self._take(struct.calcsize(layout)))[0]
        return value

    def _take(self, length: int) -> bytes:
        self._room(length)
        taken = self._file.read(length)
        if len(taken) != length:
            raise _Damaged("it shrank while it was read")
        self._at += length
        return taken

    def _skip(self, length: int) -> None:
        self._room(length)
        self._file.seek(length, os.SEEK_CUR)
        self._at += length

    def _room(self, length: int) -> None:
        if length > self._size - self._at:
            raise _Damaged("it is cut off within its header")
