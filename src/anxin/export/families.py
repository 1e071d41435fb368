"""What differs between the architectures: names, settings, and the order of rows. Nothing here reads a weight.

Source: llama.cpp's converter (conversion/base.py, llama.py, qwen.py, internlm.py, October 2026). Every change of a
tensor there is a choice and an order of its rows, so a target is a stored tensor and the places of its rows.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from anxin.errors import ConfigError, DataError

if TYPE_CHECKING:
    import gguf
    import numpy as np

    from anxin.export.checkpoint import StoredTensor

__all__ = ["FAMILIES", "Shape", "Target", "add_shape", "family_of", "frequencies", "read_shape", "targets"]

FAMILIES: Final[Mapping[str, str]] = {
    "InternLM2ForCausalLM": "internlm2",
    "LlamaForCausalLM": "llama",
    "Qwen2ForCausalLM": "qwen2",
    "Qwen3ForCausalLM": "qwen3",
}
_UNUSED: Final = (".attention.masked_bias", ".attention.bias", ".rotary_emb.inv_freq")
_OUTPUTS: Final = ("lm_head.weight", "output.weight")
_LAYER: Final = re.compile(r"blk\.(\d+)\.(.+)")


@dataclass(frozen=True, slots=True)
class Shape:
    """A model's settings, under one name each. `head` is the width of one attention head."""

    family: str
    layers: int
    hidden: int
    feed_forward: int
    heads: int
    pairs: int
    head: int
    head_named: bool
    context: int
    vocabulary: int
    theta: float | None
    eps: float
    tied: bool | None
    rope: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Target:
    """One tensor of the file to be. `order` names the stored rows it is made of; None is all of them as they are."""

    name: str
    source: StoredTensor
    order: np.ndarray | None

    @property
    def shape(self) -> tuple[int, ...]:
        rows = self.source.shape[0] if self.order is None else len(self.order)
        return (rows, *self.source.shape[1:])


def family_of(config: Mapping[str, Any]) -> str:
    """llama.cpp's name of the architecture. Raises `ConfigError` for one not known here, `DataError` for none."""
    named = config.get("architectures")
    if not named:
        raise DataError("config.json names no architecture; is the folder a model's?")
    family = FAMILIES.get(named[0])
    if family is None:
        known = ", ".join(sorted(FAMILIES))
        raise ConfigError(
            f"architecture {named[0]} cannot be exported here; known: {known}. "
            "For others give a llama.cpp checkout: --converter PATH"
        )
    return family


def read_shape(config: Mapping[str, Any]) -> Shape:
    """The settings of a config.json. Raises `DataError` where one is missing, `ConfigError` for a rope unknown here."""
    rope = config.get("rope_parameters") or config.get("rope_scaling") or {}
    family = family_of(config)
    try:
        heads = config["num_attention_heads"]
        shape = Shape(
            family=family,
            layers=config["num_hidden_layers"],
            hidden=config["hidden_size"],
            feed_forward=config["intermediate_size"],
            heads=heads,
            pairs=config.get("num_key_value_heads") or heads,
            head=config.get("head_dim") or config["hidden_size"] // heads,
            head_named=bool(config.get("head_dim")),
            context=config["max_position_embeddings"],
            vocabulary=config["vocab_size"],
            theta=config.get("rope_theta") or rope.get("rope_theta"),
            eps=config["rms_norm_eps"],
            tied=config.get("tie_word_embeddings"),
            rope={"original_max_position_embeddings": config.get("original_max_position_embeddings"), **rope},
        )
    except KeyError as missing:
        raise DataError(f"config.json has no {missing}") from None
    kind = _rope_type(shape)
    known = ("default", "linear", "yarn", "dynamic", *(("llama3",) if shape.family == "llama" else ()))
    if kind not in known:  # "dynamic" changes nothing within the trained context, and llama.cpp has no such thing
        raise ConfigError(f"rope type {kind} cannot be exported here; give a llama.cpp checkout: --converter PATH")
    return shape


def _rope_type(shape: Shape) -> str:
    return str(shape.rope.get("rope_type") or shape.rope.get("type") or "default").lower()


def add_shape(writer: gguf.GGUFWriter, shape: Shape) -> None:
    """The model's settings as metadata."""
    import gguf

    writer.add_block_count(shape.layers)
    writer.add_context_length(shape.context)
    writer.add_embedding_length(shape.hidden)
    writer.add_feed_forward_length(shape.feed_forward)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.pairs)
    rope, kind = shape.rope, _rope_type(shape)
    if kind in ("linear", "yarn"):
        writer.add_rope_scaling_type(gguf.RopeScalingType(kind))
        writer.add_rope_scaling_factor(rope["factor"])
    if kind == "yarn":
        writer.add_rope_scaling_orig_ctx_len(rope.get("original_max_position_embeddings") or shape.context)
        for add, names in (
            (writer.add_rope_scaling_yarn_ext_factor, ("extrapolation_factor",)),
            (writer.add_rope_scaling_yarn_attn_factor, ("attention_factor", "attn_factor")),
            (writer.add_rope_scaling_yarn_beta_fast, ("beta_fast",)),
            (writer.add_rope_scaling_yarn_beta_slow, ("beta_slow",)),
        ):
            value = next((rope[name] for name in names if rope.get(name) is not None), None)
            if value is not None:
                add(value)
    if shape.theta is not None:
        writer.add_rope_freq_base(shape.theta)
    writer.add_layer_norm_rms_eps(shape.eps)
    if shape.head_named or shape.family in ("llama", "qwen3"):
        writer.add_key_length(shape.head)
        writer.add_value_length(shape.head)
    if shape.family == "llama":
        writer.add_vocab_size(shape.vocabulary)
        writer.add_rope_dimension_count(shape.head)


def frequencies(shape: Shape) -> list[float] | None:
    """Llama 3's slowed rotations, one divisor for each pair of dimensions; None where there are none.

    Source: Llama 3.1's rope scaling (transformers, modeling_rope_utils.py); in a file as `rope_freqs.weight`.
    """
    import numpy as np

    if _rope_type(shape) != "llama3":
        return None
    rope = shape.rope
    factor, low, high = rope.get("factor", 8.0), rope.get("low_freq_factor", 1.0), rope.get("high_freq_factor", 4.0)
    trained = rope.get("original_max_position_embeddings") or 8192
    # In 32 bits and in torch's order (a number over a tensor is its reciprocal, multiplied), as transformers and the
    # converter count: the last bit depends on it.
    one = np.float32(1)
    exponents = np.arange(0, shape.head, 2, dtype=np.float32) / np.float32(shape.head)
    powers = np.float64(shape.theta or 10000.0) ** exponents.astype(np.float64)
    divisors = []
    for speed in one / powers.astype(np.float32):
        wave = one / speed * np.float32(2 * math.pi)
        if wave < trained / high:
            divisors.append(1.0)
        elif wave > trained / low:
            divisors.append(float(factor))
        else:
            smooth = (one / wave * np.float32(trained) - np.float32(low)) / np.float32(high - low)
            divisors.append(float(one / ((one - smooth) / np.float32(factor) + smooth)))
    return divisors


def targets(shape: Shape, tensors: Mapping[str, StoredTensor]) -> list[Target]:
    """Every tensor of the file, in the order it is written. Raises `DataError` for what does not fit the shape."""
    import gguf

    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH[shape.family.upper()], shape.layers)
    tied = shape.tied if shape.tied is not None else not any(name in tensors for name in _OUTPUTS)
    found: list[Target] = []
    for key, tensor in tensors.items():
        if key.endswith(_UNUSED) or (tied and key in _OUTPUTS):
            continue
        split = list(_rows(shape, key, tensor))
        for name, order in split or [(names.get_name(key, try_suffixes=(".weight", ".bias")), None)]:
            if name is None:
                raise DataError(f"tensor {key} has no place in a {shape.family} file of {shape.layers} layers")
            found.append(Target(name, tensor, order))
    _whole(shape, found, tied)
    return found


def _rows(shape: Shape, key: str, tensor: StoredTensor) -> Iterator[tuple[str, np.ndarray]]:
    """What a tensor turns into, where that is not itself."""
    import numpy as np

    rows = np.arange(tensor.shape[0]) if tensor.shape else np.arange(0)
    named = re.fullmatch(r"model\.layers\.(\d+)\.(?:self_attn\.([qk])_proj|attention\.(wqkv))\.(weight|bias)", key)
    if named is None:
        return
    layer, pair, fused, kind = named.groups()
    try:
        if shape.family == "llama" and pair:
            heads = shape.heads if pair == "q" else shape.pairs
            yield f"blk.{layer}.attn_{pair}.{kind}", _paired(rows, heads)
        elif shape.family == "internlm2" and fused:
            # Each group: the queries that share a key, that key, its value.
            shared = shape.heads // shape.pairs
            groups = rows.reshape(shape.pairs, shared + 2, shape.head)
            yield f"blk.{layer}.attn_q.{kind}", _paired(groups[:, :shared].reshape(-1), shape.heads)
            yield f"blk.{layer}.attn_k.{kind}", _paired(groups[:, -2].reshape(-1), shape.pairs)
            yield f"blk.{layer}.attn_v.{kind}", groups[:, -1].reshape(-1)
    except ValueError:
        raise DataError(f"tensor {key} has {tensor.shape[0]} rows, which do not fit {shape.heads} heads") from None


def _paired(rows: np.ndarray, heads: int) -> np.ndarray:
    """From rotating halves (transformers) to rotating neighbours (llama.cpp's `llama` rope)."""
    return rows.reshape(heads, 2, len(rows) // heads // 2).swapaxes(1, 2).reshape(-1)


def _whole(shape: Shape, found: list[Target], tied: bool) -> None:
    """Raise `DataError` unless the file will hold a whole model of this shape."""
    names = {target.name: target for target in found}
    needed = ["token_embd.weight", "output_norm.weight", *([] if tied else ["output.weight"])]
    for name in needed:
        if name not in names:
            raise DataError(f"the checkpoint has no tensor for {name}; shards or tie_word_embeddings may be wrong")
    rows, columns = names["token_embd.weight"].shape
    if (rows, columns) != (shape.vocabulary, shape.hidden):
        wanted = f"vocab_size {shape.vocabulary} x hidden_size {shape.hidden}"
        raise DataError(f"the embeddings are {rows} x {columns}, but config.json says {wanted}")
    layers: dict[int, set[str]] = {place: set() for place in range(shape.layers)}
    for name in names:
        inside = _LAYER.fullmatch(name)
        if inside:
            layers[int(inside[1])].add(inside[2])
    every = set().union(*layers.values())
    for place, parts in layers.items():
        if parts != every or not parts:
            lost = ", ".join(sorted(every - parts)) or "everything"
            raise DataError(f"layer {place} lacks {lost}; the checkpoint is not whole")
