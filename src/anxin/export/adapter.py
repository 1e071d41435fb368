"""A LoRA adapter in PEFT's layout, merged into its base a few rows at a time.

W' = W + s B A, with s = alpha / r, or alpha / sqrt(r) for rank-stabilised adapters (Hu et al. 2021, LoRA, section 4.1;
Kalajdzievski 2023, rsLoRA). PEFT itself is not needed. The sum is taken in 32 bits and rounded once, to the type of
the file.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from anxin.errors import ConfigError, DataError
from anxin.export.checkpoint import StoredTensor, read_json, read_shard

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Adapter", "read_adapter"]

_FACTOR: Final = re.compile(r"base_model\.model\.(.+)\.lora_([AB])\.(?:default\.)?weight")
_WHOLE: Final = re.compile(r"base_model\.model\.(.+?)(?:\.modules_to_save(?:\.default)?)?\.(weight|bias)")


@dataclass(frozen=True, slots=True)
class _Factors:
    down: StoredTensor  # A: rank x columns
    up: StoredTensor  # B: rows x rank
    scale: float


@dataclass(frozen=True, slots=True)
class Adapter:
    """`replaced` holds what was trained whole; `added` the factors of each changed weight."""

    folder: Path
    base: str
    added: Mapping[str, _Factors]
    replaced: Mapping[str, StoredTensor]

    def rows(self, tensor: StoredTensor, which: np.ndarray | slice) -> np.ndarray:
        """Those rows of the merged weight, in 32 bits."""
        import numpy as np

        rows = self.replaced.get(tensor.name, tensor).rows(which)
        factors = self.added.get(tensor.name)
        if factors is None:
            return rows
        change = factors.up.rows(which) @ factors.down.rows(slice(None))
        return np.asarray(rows + np.float32(factors.scale) * change)


def read_adapter(folder: Path, tensors: Mapping[str, StoredTensor]) -> Adapter:
    """The adapter in `folder`, checked against the base's tensors.

    Raises `DataError` where it does not fit the base, `ConfigError` for a kind of adapter that is not merged here.
    """
    if not (folder / "adapter_config.json").exists():
        raise DataError(f"{folder} is not an adapter: it has no adapter_config.json")
    config = read_json(folder / "adapter_config.json")
    _mergeable(folder, config)
    file = folder / "adapter_model.safetensors"
    if not file.exists():
        raise DataError(f"{folder} has no adapter_model.safetensors")
    halves: dict[str, dict[str, StoredTensor]] = {}
    replaced: dict[str, StoredTensor] = {}
    for name, tensor in read_shard(file).items():
        factor, whole = _FACTOR.fullmatch(name), _WHOLE.fullmatch(name)
        if factor:
            halves.setdefault(f"{factor[1]}.weight", {})[factor[2]] = tensor
        elif whole and ".lora_" not in name:
            replaced[f"{whole[1]}.{whole[2]}"] = tensor
        else:
            raise ConfigError(f"{folder.name}: {name} is no plain LoRA weight; merge this adapter with PEFT first")
    for key, tensor in replaced.items():
        _fits(folder, key, tensor.shape, tensors)
    added = {}
    for key, pair in halves.items():
        if set(pair) != {"A", "B"}:
            raise DataError(f"{folder.name}: {key} has only one of its two factors; the adapter is not whole")
        down, up = pair["A"], pair["B"]
        _fits(folder, key, (up.shape[0], down.shape[1]), tensors)
        added[key] = _Factors(down, up, _scale(folder, key.removesuffix(".weight"), down, up, config))
    if not added and not replaced:
        raise DataError(f"{folder.name} changes nothing: its file holds no weights")
    return Adapter(folder, str(config.get("base_model_name_or_path") or ""), added, replaced)


def _mergeable(folder: Path, config: Mapping[str, Any]) -> None:
    kind = str(config.get("peft_type", "")).upper()
    for wrong in (
        f"it is {kind or 'of no kind'} and not LORA" if kind != "LORA" else "",
        "it uses DoRA" if config.get("use_dora") else "",
        "its weights are stored transposed (fan_in_fan_out)" if config.get("fan_in_fan_out") else "",
        "it has trained biases" if config.get("bias", "none") != "none" or config.get("lora_bias") else "",
    ):
        if wrong:
            raise ConfigError(f"{folder.name} cannot be merged here: {wrong}; merge it with PEFT first")


def _fits(folder: Path, key: str, shape: tuple[int, ...], tensors: Mapping[str, StoredTensor]) -> None:
    base = tensors.get(key)
    if base is None:
        raise DataError(f"{folder.name} changes {key}, which the base does not have: it was trained on another model")
    if base.shape != shape:
        raise DataError(
            f"{folder.name} changes {key} as {_times(shape)}, but the base's is {_times(base.shape)}: "
            "it was trained on another model"
        )


def _times(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))


def _scale(folder: Path, module: str, down: StoredTensor, up: StoredTensor, config: Mapping[str, Any]) -> float:
    rank = _pattern(config.get("rank_pattern"), module, config.get("r", 8))
    alpha = _pattern(config.get("alpha_pattern"), module, config.get("lora_alpha", rank))
    if not down.shape[0] == up.shape[1] == rank:
        raise DataError(f"{folder.name}: {module} has rank {down.shape[0]}, but adapter_config.json says {rank}")
    return float(alpha / math.sqrt(rank) if config.get("use_rslora") else alpha / rank)


def _pattern(patterns: Mapping[str, Any] | None, module: str, default: Any) -> Any:
    """PEFT's rule: the first pattern that the module's name ends with."""
    for pattern, value in (patterns or {}).items():
        if re.fullmatch(rf"(.*\.)?({pattern})", module):
            return value
    return default
