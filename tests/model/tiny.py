"""A tiny GGUF with random weights: it speaks nonsense through every part of the real runtime, in milliseconds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from gguf import GGUFWriter, PoolingType, TokenType
from numpy.typing import NDArray

CHATML = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
CONTEXT = 512
_WIDTH, _HEADS, _LAYERS, _FEED = 64, 2, 2, 128


def write_tiny(
    path: Path, *, context: int = CONTEXT, template: str = CHATML, pooling: bool = False, **flags: bool
) -> Path:
    """Write a llama of 0.1 M random weights with a byte-level vocabulary; `flags` go in as `anxin.<name>`.

    At temperature 0 it never ends: the control tokens' logits are always 0, and one of the others is above that.
    """
    alphabet = _byte_alphabet()
    pairs = [("t", "h"), ("th", "e"), ("a", "n"), ("i", "n")]
    tokens = [*alphabet, *(left + right for left, right in pairs), *SPECIAL]
    kinds = [TokenType.NORMAL] * (len(tokens) - len(SPECIAL)) + [TokenType.CONTROL] * len(SPECIAL)
    writer = GGUFWriter(path, "llama")
    writer.add_name("tiny-random")
    writer.add_block_count(_LAYERS)
    writer.add_context_length(context)
    writer.add_embedding_length(_WIDTH)
    writer.add_feed_forward_length(_FEED)
    writer.add_head_count(_HEADS)
    writer.add_head_count_kv(_HEADS)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_rope_dimension_count(_WIDTH // _HEADS)
    writer.add_vocab_size(len(tokens))
    writer.add_file_type(0)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list(tokens)
    writer.add_token_types(kinds)
    writer.add_token_merges([f"{left} {right}" for left, right in pairs])
    writer.add_eos_token_id(len(tokens) - 1)
    writer.add_pad_token_id(len(tokens) - 3)
    writer.add_add_bos_token(False)
    writer.add_chat_template(template)
    if pooling:  # an embedding model: the mean over its tokens
        writer.add_pooling_type(PoolingType.MEAN)
    for name, value in flags.items():
        writer.add_bool(f"anxin.{name}", value)
    for name, shape in _shapes(len(tokens)):
        weights = _weights(np.random.default_rng([len(name), shape[0]]), shape)
        if name == "output.weight":
            weights[-len(SPECIAL) :] = 0
        writer.add_tensor(name, weights)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _shapes(vocabulary: int) -> list[tuple[str, tuple[int, ...]]]:
    shapes: list[tuple[str, tuple[int, ...]]] = [("token_embd.weight", (vocabulary, _WIDTH))]
    for layer in range(_LAYERS):
        part = f"blk.{layer}."
        shapes += [(f"{part}attn_{name}.weight", (_WIDTH, _WIDTH)) for name in ("q", "k", "v", "output")]
        shapes += [(f"{part}ffn_{name}.weight", (_FEED, _WIDTH)) for name in ("gate", "up")]
        shapes += [(f"{part}ffn_down.weight", (_WIDTH, _FEED))]
        shapes += [(f"{part}{name}_norm.weight", (_WIDTH,)) for name in ("attn", "ffn")]
    return [*shapes, ("output_norm.weight", (_WIDTH,)), ("output.weight", (vocabulary, _WIDTH))]


def _weights(random: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float32]:
    if len(shape) == 1:
        return np.ones(shape, np.float32)
    weights: NDArray[np.float32] = random.normal(0, 0.05, shape).astype(np.float32)
    return weights


def _byte_alphabet() -> list[str]:
    """GPT-2's printable character for each byte (Radford et al. 2019, bytes_to_unicode)."""
    plain = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    rest = [byte for byte in range(256) if byte not in plain]
    return [chr(byte) for byte in plain] + [chr(256 + place) for place in range(len(rest))]
