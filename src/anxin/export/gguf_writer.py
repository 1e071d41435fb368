"""A Hugging Face checkpoint of a Qwen3-shaped model to one GGUF file, in f16 or q8_0.

Tensor names and metadata keys follow llama.cpp's converter (gguf package); q8_0 is quantised by the gguf package's own
reference code. The chat template goes into the file, so that whoever serves it renders dialogues as training did.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anxin.errors import ConfigError, DataError, MissingExtra

if TYPE_CHECKING:
    import gguf
    import numpy as np

__all__ = ["QUANTISATIONS", "export_gguf"]

QUANTISATIONS = ("f16", "q8_0")
Traits = Mapping[str, bool | float | str]
_ARCHITECTURES = {"Qwen3ForCausalLM": "qwen3"}


def export_gguf(folder: Path, out: Path, quantisation: str, name: str, traits: Traits) -> int:
    """Write the checkpoint in `folder` to `out`; return the number of tensors.

    `traits` become metadata under `anxin.`, which the embedded backend reads. Vectors stay in 32 bits, as llama.cpp
    keeps them. Raises `ConfigError` for an unknown quantisation or architecture, `DataError` for a folder that is not a
    checkpoint.
    """
    if quantisation not in QUANTISATIONS:
        raise ConfigError(f"quantisation must be one of {', '.join(QUANTISATIONS)}, not {quantisation}")
    try:
        import gguf
        import numpy as np
    except ImportError:
        raise MissingExtra("exporting a model", "train") from None
    config = _config(folder)
    architecture = _ARCHITECTURES.get(config["architectures"][0])
    if architecture is None:
        known = ", ".join(sorted(_ARCHITECTURES))
        raise ConfigError(f"architecture {config['architectures'][0]} cannot be exported yet; known: {known}")
    partial = out.with_suffix(".partial")
    out.parent.mkdir(parents=True, exist_ok=True)
    writer = gguf.GGUFWriter(partial, architecture)
    _metadata(writer, config, name, quantisation, traits)
    _vocabulary(writer, folder, config)
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.QWEN3, config["num_hidden_layers"])
    count = 0
    for key, tensor in _tensors(folder):
        if key == "lm_head.weight" and config.get("tie_word_embeddings"):
            continue
        target = names.get_name(key, try_suffixes=(".weight", ".bias"))
        if target is None:
            raise DataError(f"tensor {key} has no place in a {architecture} file")
        if tensor.ndim == 1:
            writer.add_tensor(target, tensor.astype(np.float32))
        elif quantisation == "f16" or tensor.shape[-1] % 32:
            writer.add_tensor(target, tensor.astype(np.float16))
        else:
            kind = gguf.GGMLQuantizationType.Q8_0
            writer.add_tensor(target, gguf.quants.quantize(tensor.astype(np.float32), kind), raw_dtype=kind)
        count += 1
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    partial.replace(out)
    return count


def _config(folder: Path) -> dict[str, Any]:
    path = folder / "config.json"
    if not path.exists():
        raise DataError(f"{folder} is not a checkpoint: it has no config.json")
    config: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return config


def _metadata(
    writer: gguf.GGUFWriter,
    config: Mapping[str, Any],
    name: str,
    quantisation: str,
    traits: Traits,
) -> None:
    head = config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"]
    writer.add_type("model")
    writer.add_name(name)
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_rope_freq_base(config.get("rope_theta") or config["rope_parameters"]["rope_theta"])
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_key_length(head)
    writer.add_value_length(head)
    writer.add_file_type({"f16": 1, "q8_0": 7}[quantisation])
    writer.add_quantization_version(2)
    for trait, value in traits.items():
        add = {bool: writer.add_bool, float: writer.add_float32, str: writer.add_string}[type(value)]
        add(f"anxin.{trait}", value)


def _vocabulary(writer: gguf.GGUFWriter, folder: Path, config: Mapping[str, Any]) -> None:
    import gguf

    tokenizer = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    size = config["vocab_size"]
    tokens = [f"[PAD{place}]" for place in range(size)]
    kinds = [gguf.TokenType.UNUSED] * size
    for token, place in tokenizer["model"]["vocab"].items():
        tokens[place], kinds[place] = token, gguf.TokenType.NORMAL
    for added in tokenizer["added_tokens"]:
        tokens[added["id"]] = added["content"]
        kinds[added["id"]] = gguf.TokenType.CONTROL if added["special"] else gguf.TokenType.USER_DEFINED
    merges = [merge if isinstance(merge, str) else " ".join(merge) for merge in tokenizer["model"]["merges"]]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list(tokens)
    writer.add_token_types(kinds)
    writer.add_token_merges(merges)
    writer.add_eos_token_id(config["eos_token_id"])
    writer.add_pad_token_id(config["pad_token_id"])
    writer.add_add_bos_token(False)
    template = folder / "chat_template.jinja"
    if template.exists():
        writer.add_chat_template(template.read_text(encoding="utf-8"))


def _tensors(folder: Path) -> Iterator[tuple[str, np.ndarray]]:
    from safetensors import safe_open

    shards = sorted(folder.glob("*.safetensors"))
    if not shards:
        raise DataError(f"{folder} is not a checkpoint: it has no .safetensors file")
    for shard in shards:
        with safe_open(shard, "np") as weights:
            for key in weights.keys():  # noqa: SIM118 - safe_open is no mapping
                yield key, weights.get_tensor(key)
