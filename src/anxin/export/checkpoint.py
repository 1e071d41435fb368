"""A Hugging Face checkpoint on disk: its settings, and its tensors read a few rows at a time.

The safetensors format is read here directly (8 bytes of length, a JSON header, raw little-endian data: the format's
README), because its numpy door has no bfloat16, and because rows of a mapped file cost no memory of their own.
"""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from anxin.errors import ConfigError, DataError

if TYPE_CHECKING:
    import numpy as np

__all__ = ["StoredTensor", "read_config", "read_json", "read_shard", "read_tensors"]

_WIDTHS: Final = {"F32": 4, "F16": 2, "BF16": 2}
_LONGEST_HEADER: Final = 100_000_000  # bytes, safetensors' own limit
_SHARD: Final = re.compile(r"(.+)-(\d{5})-of-(\d{5})\.safetensors")


@dataclass(frozen=True, slots=True)
class StoredTensor:
    """Where one tensor lies. `start` is in bytes from the file's beginning."""

    name: str
    file: Path
    start: int
    dtype: str
    shape: tuple[int, ...]

    def rows(self, which: np.ndarray | slice) -> np.ndarray:
        """Those rows (for a vector, those elements) in 32 bits."""
        import numpy as np

        if self.dtype not in _WIDTHS:
            raise DataError(f"tensor {self.name} is {self.dtype}; only F32, F16 and BF16 weights can be exported")
        raw = {"F32": np.float32, "F16": np.float16, "BF16": np.uint16}[self.dtype]
        mapped = np.memmap(self.file, raw, "r", self.start, self.shape)
        read = np.asarray(mapped[which])
        if self.dtype == "BF16":  # the upper half of a 32-bit float
            return (read.astype(np.uint32) << 16).view(np.float32)
        return read.astype(np.float32)


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file. Raises `DataError`."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read as JSON: {type(error).__name__}") from None
    if not isinstance(content, dict):
        raise DataError(f"{path} does not hold a JSON object")
    return content


def read_config(folder: Path) -> dict[str, Any]:
    """config.json of a checkpoint. Raises `DataError` for a folder without, `ConfigError` for quantised weights."""
    path = folder / "config.json"
    if not path.exists():
        if (folder / "adapter_config.json").exists():
            raise DataError(f"{folder} is an adapter: give its base model's folder, and this one with --adapter")
        raise DataError(f"{folder} is not a checkpoint: it has no config.json")
    config = read_json(path)
    if config.get("quantization_config"):
        raise ConfigError(f"{folder} holds weights that are quantised already; export the original checkpoint")
    return config


def read_tensors(folder: Path) -> dict[str, StoredTensor]:
    """Every tensor of the checkpoint by name, shard after shard. Raises `DataError` where one is missing or damaged."""
    index = folder / "model.safetensors.index.json"
    if index.exists():
        places = read_json(index).get("weight_map")
        if not isinstance(places, dict):
            raise DataError(f"{index} has no weight_map")
        files = sorted(set(places.values()))
    else:
        places = {}
        files = sorted(path.name for path in folder.glob("*.safetensors") if not path.name.startswith("adapter"))
        files += _numbered(files)
    if not files:
        more = "; it has .bin weights: load and save it with safe_serialization" if [*folder.glob("*.bin")] else ""
        raise DataError(f"{folder} is not a checkpoint: it has no .safetensors file{more}")
    missing = [name for name in files if not (folder / name).exists()]
    if missing:
        raise DataError(f"{folder} lacks {', '.join(missing)}; download it again")
    tensors: dict[str, StoredTensor] = {}
    for name in files:
        tensors.update(read_shard(folder / name))
    lost = sorted(set(places) - set(tensors))
    if lost:
        raise DataError(f"{places[lost[0]]} does not hold {lost[0]}, which the index promises; download it again")
    return tensors


def _numbered(files: list[str]) -> list[str]:
    """The shards that numbered names speak of and that are not in the list."""
    named = {
        f"{found[1]}-{place:05d}-of-{found[3]}.safetensors"
        for found in map(_SHARD.fullmatch, files)
        if found
        for place in range(1, int(found[3]) + 1)
    }
    return sorted(named - set(files))


def read_shard(path: Path) -> dict[str, StoredTensor]:
    """The tensors of one file, by name. Raises `DataError` for a file that is cut short or no safetensors."""
    damaged = DataError(f"{path} is cut short or not safetensors; download it again")
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(8)
        length = struct.unpack("<Q", start)[0] if len(start) == 8 else _LONGEST_HEADER + 1
        if length > min(_LONGEST_HEADER, size - 8):
            raise damaged
        try:
            header: Mapping[str, Any] = json.loads(file.read(length))
            return {
                name: _stored(path, name, entry, 8 + length, size)
                for name, entry in sorted(header.items())
                if name != "__metadata__"
            }
        except (ValueError, KeyError, TypeError, AttributeError):
            raise damaged from None


def _stored(path: Path, name: str, entry: Mapping[str, Any], base: int, size: int) -> StoredTensor:
    begin, end = entry["data_offsets"]
    shape = tuple(int(extent) for extent in entry["shape"])
    dtype = str(entry["dtype"])
    count = 1
    for extent in shape:
        count *= extent
    whole = dtype not in _WIDTHS or end - begin == count * _WIDTHS[dtype]
    if not 0 <= begin <= end <= size - base or not whole:
        raise ValueError(name)
    return StoredTensor(name, path, base + begin, dtype, shape)
