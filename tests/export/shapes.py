"""Tiny checkpoints with random weights in every shape that can be exported, written without torch.

Also a script: `python -m tests.export.shapes FOLDER` writes one of each, to try things on.
"""

from __future__ import annotations

import json
import struct
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

__all__ = ["CHATML", "FAMILIES", "bpe", "checkpoint", "sentencepiece", "write_safetensors"]

CHATML: Final = (
    "{%- for message in messages %}{{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}"
    "{%- endfor %}{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- endif %}"
)
QWEN2: Final = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
LLAMA3: Final = QWEN2.replace(r"\p{N}| ?", r"\p{N}{1,3}| ?")
FAMILIES: Final[Mapping[str, str]] = {
    "llama": "LlamaForCausalLM",
    "qwen2": "Qwen2ForCausalLM",
    "qwen3": "Qwen3ForCausalLM",
    "internlm2": "InternLM2ForCausalLM",
}
SPECIAL: Final = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
_WORDS: Final = ("你好", "我", "睡不着", "想", "怎么办", "the", "and", "is", "sleep", "ing", "I", "am", "you", "tired")


def checkpoint(
    folder: Path,
    family: str,
    *,
    dtype: str = "F32",
    hidden: int = 256,
    feed_forward: int = 512,
    layers: int = 3,
    tied: bool = False,
    shards: int = 1,
    tokenizer: str = "bpe",
    seed: int = 1,
    **config: Any,
) -> Path:
    """Write one; `config` overrides keys of config.json. Returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    if tokenizer == "spm":
        used = sentencepiece(folder, prefix=family != "internlm2")
    elif tokenizer == "fast":
        used = fast(folder)
    else:
        used = bpe(folder, LLAMA3 if tokenizer == "llama3" else QWEN2)
    # Padded, as real ones are; InternLM2's own tokenizer fills its vocabulary.
    size = used if family == "internlm2" else (used // 16 + 1) * 16
    heads, pairs = 4, 2
    settings: dict[str, Any] = {
        "architectures": [FAMILIES[family]],
        "model_type": family,
        "hidden_size": hidden,
        "intermediate_size": feed_forward,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": pairs,
        "max_position_embeddings": 512,
        "rms_norm_eps": 1e-6,
        "rope_theta": 10000.0,
        "vocab_size": size,
        "tie_word_embeddings": tied,
        "hidden_act": "silu",
        "eos_token_id": 2,
        "pad_token_id": 0,
        **({"head_dim": 64} if family == "qwen3" else {}),
        **({"bias": False, "attn_implementation": "eager", "bos_token_id": 1} if family == "internlm2" else {}),
        **config,
    }
    (folder / "config.json").write_text(json.dumps(settings, indent=1), encoding="utf-8")
    rng = np.random.RandomState(seed)  # its stream is promised never to change
    tensors = {
        name: (1 + 0.1 * rng.standard_normal(shape) if name.endswith("norm.weight") else _weights(rng, shape)).astype(
            np.float32
        )
        for name, shape in _shapes(family, settings, tied)
    }
    names = list(tensors)
    if shards == 1:
        write_safetensors(folder / "model.safetensors", tensors, dtype)
        return folder
    index = {}
    for place in range(shards):
        file = f"model-{place + 1:05d}-of-{shards:05d}.safetensors"
        part = names[place::shards]
        write_safetensors(folder / file, {name: tensors[name] for name in part}, dtype)
        index.update(dict.fromkeys(part, file))
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": index}))
    return folder


def _weights(rng: np.random.RandomState, shape: tuple[int, ...]) -> np.ndarray:
    return np.asarray(rng.standard_normal(shape) * (0.12 if len(shape) == 2 else 0.05))


def _shapes(family: str, config: Mapping[str, Any], tied: bool) -> Iterator[tuple[str, tuple[int, ...]]]:
    hidden, wide = config["hidden_size"], config["intermediate_size"]
    heads, pairs = config["num_attention_heads"], config["num_key_value_heads"]
    head = config.get("head_dim") or hidden // heads
    old = family == "internlm2"
    yield ("model.tok_embeddings.weight" if old else "model.embed_tokens.weight"), (config["vocab_size"], hidden)
    for layer in range(config["num_hidden_layers"]):
        base = f"model.layers.{layer}."
        if old:
            yield base + "attention.wqkv.weight", ((heads + 2 * pairs) * head, hidden)
            yield base + "attention.wo.weight", (hidden, heads * head)
            yield base + "feed_forward.w1.weight", (wide, hidden)
            yield base + "feed_forward.w2.weight", (hidden, wide)
            yield base + "feed_forward.w3.weight", (wide, hidden)
            yield base + "attention_norm.weight", (hidden,)
            yield base + "ffn_norm.weight", (hidden,)
            continue
        for name, rows in (("q", heads * head), ("k", pairs * head), ("v", pairs * head)):
            yield base + f"self_attn.{name}_proj.weight", (rows, hidden)
            if family == "qwen2":
                yield base + f"self_attn.{name}_proj.bias", (rows,)
        yield base + "self_attn.o_proj.weight", (hidden, heads * head)
        if family == "qwen3":
            yield base + "self_attn.q_norm.weight", (head,)
            yield base + "self_attn.k_norm.weight", (head,)
        yield base + "mlp.gate_proj.weight", (wide, hidden)
        yield base + "mlp.up_proj.weight", (wide, hidden)
        yield base + "mlp.down_proj.weight", (hidden, wide)
        yield base + "input_layernorm.weight", (hidden,)
        yield base + "post_attention_layernorm.weight", (hidden,)
    yield "model.norm.weight", (hidden,)
    if not tied:
        yield ("output.weight" if old else "lm_head.weight"), (config["vocab_size"], hidden)


def write_safetensors(path: Path, tensors: Mapping[str, np.ndarray], dtype: str) -> None:
    """One file in F32, F16 or BF16 (rounded to nearest even)."""
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    blobs, place = [], 0
    for name, tensor in sorted(tensors.items()):
        if dtype == "BF16":
            bits = np.ascontiguousarray(tensor, np.float32).view(np.uint32)
            blob = ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16).tobytes()
        else:
            blob = tensor.astype({"F32": np.float32, "F16": np.float16}[dtype]).tobytes()
        header[name] = {"dtype": dtype, "shape": list(tensor.shape), "data_offsets": [place, place + len(blob)]}
        blobs.append(blob)
        place += len(blob)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(blobs))


def _bytes() -> list[str]:
    """GPT-2's printable alphabet for the 256 bytes (Radford et al. 2019, section 2.2)."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    letters, spare = [], 256
    for byte in range(256):
        letters.append(chr(byte if byte in plain else spare))
        spare += byte not in plain
    return letters


def bpe(folder: Path, split: str = QWEN2) -> int:
    """A byte-level tokenizer that knows a few words; returns how many tokens."""
    letters = _bytes()
    vocabulary = {token: place for place, token in enumerate([*SPECIAL, *sorted(letters)])}
    merges: list[list[str]] = []
    for word in _WORDS:
        pieces = [letters[byte] for byte in word.encode()]
        while len(pieces) > 1:
            pair = pieces[:2]
            if pair not in merges:
                merges.append(pair)
                vocabulary.setdefault(pair[0] + pair[1], len(vocabulary))
            pieces = ["".join(pair), *pieces[2:]]
    added = [{**_ADDED, "id": place, "content": token} for place, token in enumerate(SPECIAL)]
    thought = len(vocabulary)  # `<think>`: added, not special
    added.append({**_ADDED, "id": thought, "content": "<think>", "special": False})
    tokenizer: dict[str, Any] = {
        "version": "1.0",
        "added_tokens": added,
        "normalizer": None,
        "pre_tokenizer": {
            "type": "Sequence",
            "pretokenizers": [
                {"type": "Split", "pattern": {"Regex": split}, "behavior": "Isolated", "invert": False},
                {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False},
            ],
        },
        "post_processor": None,
        "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "fuse_unk": False,
            "byte_fallback": False,
            "ignore_merges": split == LLAMA3,
            "vocab": vocabulary,
            "merges": merges,
        },
    }
    more: dict[str, Any] = {}
    if split == LLAMA3:  # which begins every text with a mark
        first: list[dict[str, Any]] = [
            {"SpecialToken": {"id": SPECIAL[0], "type_id": 0}},
            {"Sequence": {"id": "A", "type_id": 0}},
        ]
        marks = {SPECIAL[0]: {"id": SPECIAL[0], "ids": [0], "tokens": [SPECIAL[0]]}}
        both: list[Any] = [*first, {"Sequence": {"id": "B", "type_id": 1}}]
        tokenizer["post_processor"] = {
            "type": "TemplateProcessing",
            "single": first,
            "pair": both,
            "special_tokens": marks,
        }
        more = {"bos_token": SPECIAL[0]}
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer, ensure_ascii=False), encoding="utf-8")
    _talk(folder, more)
    return thought + 1


_ADDED: Final = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}


def _talk(folder: Path, more: Mapping[str, Any]) -> None:
    start = "{{- bos_token }}" if "bos_token" in more else ""
    (folder / "chat_template.jinja").write_text(start + CHATML, encoding="utf-8")
    config = {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": SPECIAL[2], "pad_token": SPECIAL[0], **more}
    (folder / "tokenizer_config.json").write_text(json.dumps(config), encoding="utf-8")


def _pieces() -> list[tuple[str, float, int]]:
    """Pieces of a SentencePiece BPE model: text, score, kind (1 normal, 2 unknown, 3 control, 6 byte)."""
    pieces = [("<unk>", 0.0, 2), ("<s>", 0.0, 3), ("</s>", 0.0, 3), *((f"<0x{b:02X}>", 0.0, 6) for b in range(256))]
    merged: list[str] = []
    for word in _WORDS:
        text = "▁" + word if word.isascii() else word
        for end in range(2, len(text) + 1):
            if text[:end] not in merged:
                merged.append(text[:end])
    letters = sorted({letter for word in merged for letter in word} | set("abcdefghijklmnopqrstuvwxyz"))
    pieces += [(text, -float(rank), 1) for rank, text in enumerate(merged)]
    pieces += [(text, -float(rank + len(merged)), 1) for rank, text in enumerate(letters) if text not in merged]
    return pieces


def sentencepiece(folder: Path, prefix: bool = True) -> int:
    """A tokenizer.model with byte fallback, and ChatML's marks after it; returns how many tokens."""

    def field(number: int, kind: int, value: bytes) -> bytes:
        return bytes(_varint(number << 3 | kind)) + (bytes(_varint(len(value))) if kind == 2 else b"") + value

    pieces = _pieces()
    known = len(pieces)
    if not prefix:  # as InternLM2 keeps the places of its marks
        pieces += [(f"[UNUSED_TOKEN_{place}]", 0.0, 1) for place in range(len(SPECIAL))]
    model = b"".join(
        field(
            1,
            2,
            field(1, 2, text.encode()) + field(2, 5, struct.pack("<f", score)) + field(3, 0, bytes(_varint(kind))),
        )
        for text, score, kind in pieces
    )
    trainer = field(3, 0, b"\x02") + field(4, 0, bytes(_varint(len(pieces)))) + field(35, 0, b"\x01")
    model += field(2, 2, trainer) + field(
        3, 2, field(1, 2, b"identity") + field(3, 0, bytes([prefix])) + field(4, 0, b"\x00")
    )
    (folder / "tokenizer.model").write_bytes(model)
    added = {str(known + place): {**_ADDED, "content": token} for place, token in enumerate(SPECIAL)}
    _talk(
        folder,
        {
            "tokenizer_class": "LlamaTokenizer",
            "added_tokens_decoder": added,
            "bos_token": "<s>",
            "add_bos_token": True,
            "add_eos_token": False,
            "legacy": True,  # a space before every piece of text between marks, as llama.cpp puts it
            **({} if prefix else {"add_prefix_space": False}),
        },
    )
    return known + len(SPECIAL)


def fast(folder: Path) -> int:
    """The same vocabulary as a tokenizer.json of the Llama kind (BPE with byte fallback), without tokenizer.model."""
    pieces = _pieces()
    vocabulary = {text: place for place, (text, _, _) in enumerate(pieces)}
    merges = [
        [text[:cut], text[cut:]]
        for text, _, kind in pieces
        if kind == 1
        for cut in range(1, len(text))
        if text[:cut] in vocabulary and text[cut:] in vocabulary
    ]
    names = ("<unk>", "<s>", "</s>", *SPECIAL)
    places = [0, 1, 2, *range(len(pieces), len(pieces) + 3)]
    tokenizer = {
        "version": "1.0",
        "added_tokens": [{**_ADDED, "id": i, "content": text} for i, text in zip(places, names, strict=True)],
        "normalizer": {
            "type": "Sequence",
            "normalizers": [
                {"type": "Prepend", "prepend": "▁"},
                {"type": "Replace", "pattern": {"String": " "}, "content": "▁"},
            ],
        },
        "pre_tokenizer": None,
        "post_processor": None,
        "decoder": {
            "type": "Sequence",
            "decoders": [
                {"type": "Replace", "pattern": {"String": "▁"}, "content": " "},
                {"type": "ByteFallback"},
                {"type": "Fuse"},
                {"type": "Strip", "content": " ", "start": 1, "stop": 0},
            ],
        },
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": "<unk>",
            "fuse_unk": True,
            "byte_fallback": True,
            "ignore_merges": False,
            "vocab": vocabulary,
            "merges": merges,
        },
    }
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer, ensure_ascii=False), encoding="utf-8")
    _talk(folder, {"bos_token": "<s>", "add_bos_token": False})
    return len(pieces) + len(SPECIAL)


def _varint(number: int) -> Iterator[int]:
    while number > 127:
        yield number & 127 | 128
        number >>= 7
    yield number


if __name__ == "__main__":
    for name in FAMILIES:
        kind = "spm" if name == "internlm2" else "bpe"
        checkpoint(Path(sys.argv[1]) / name, name, tokenizer=kind, dtype="BF16", shards=2)
