"""Every architecture's file: the rows in their places, the bits where llama.cpp puts them, and the same next token."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("gguf")

import gguf
import numpy as np

from anxin.errors import ConfigError, DataError
from anxin.export import export_gguf
from anxin.export.checkpoint import read_config, read_tensors
from anxin.export.families import frequencies, read_shape
from anxin.export.quantise import bits_for
from tests.export.shapes import FAMILIES, checkpoint, write_safetensors

# Written by the exporter before it knew more than one architecture: what `mini` was made with must stay as it was.
FIRST = {
    "f16": "536ba5ba80faa6e08776665dcb462a8efc1faef925508b74a50be182e421e722",
    "q8_0": "09384052c3b0c2db9b599d2d3b2ca507379cfa7489b1fb6d284540275eb0c565",
}


def _tensors(path: Path) -> dict[str, tuple[str, np.ndarray]]:
    """Type and values of each tensor, read back into 32 bits."""
    return {
        tensor.name: (tensor.tensor_type.name, gguf.quants.dequantize(tensor.data, tensor.tensor_type))
        for tensor in gguf.GGUFReader(path).tensors
    }


def _export(folder: Path, tmp_path: Path, kind: str = "f16", **options: Any) -> dict[str, tuple[str, np.ndarray]]:
    out = tmp_path / f"{kind}.gguf"
    export_gguf(folder, out, kind, "x", {}, **options)
    return _tensors(out)


@pytest.mark.parametrize("kind", FIRST)
def test_mini_s_shape_keeps_its_bytes(kind: str, tmp_path: Path) -> None:
    folder = checkpoint(tmp_path / "m", "qwen3", hidden=320, feed_forward=864, layers=2, tied=True, head_dim=80)
    traits: dict[str, bool | float | str] = {
        "instructable": False,
        "demonstration": True,
        "temperature": 0.3,
        "languages": "zh",
    }
    export_gguf(folder, tmp_path / "out", kind, "mini", traits)
    assert hashlib.sha256((tmp_path / "out").read_bytes()).hexdigest() == FIRST[kind]


@pytest.mark.parametrize("dtype", ["F32", "F16", "BF16"])
def test_shards_and_half_floats_are_read_as_they_are(dtype: str, tmp_path: Path) -> None:
    one = checkpoint(tmp_path / "one", "qwen2", dtype=dtype)
    three = checkpoint(tmp_path / "three", "qwen2", dtype=dtype, shards=3)
    left, right = _export(one, tmp_path / "a"), _export(three, tmp_path / "b")
    assert left.keys() == right.keys()
    assert all((left[name][1] == right[name][1]).all() for name in left)
    stored = read_tensors(one)["model.layers.1.mlp.up_proj.weight"].rows(slice(None))
    assert (left["blk.1.ffn_up.weight"][1] == stored.astype(np.float16).astype(np.float32)).all()


def test_llama_rotates_neighbours(tmp_path: Path) -> None:
    folder = checkpoint(tmp_path / "m", "llama", attention_bias=False)
    written, stored = _export(folder, tmp_path), read_tensors(folder)
    for letter, heads in (("q", 4), ("k", 2)):
        before = stored[f"model.layers.0.self_attn.{letter}_proj.weight"].rows(slice(None))
        width = before.shape[0] // heads
        expected = np.empty_like(before)
        for head in range(heads):
            for pair in range(width // 2):  # dimension i turns with i + width/2 before, with its neighbour after
                expected[head * width + 2 * pair] = before[head * width + pair]
                expected[head * width + 2 * pair + 1] = before[head * width + pair + width // 2]
        after = written[f"blk.0.attn_{letter}.weight"][1]
        assert (after == expected.astype(np.float16).astype(np.float32)).all()
    value = stored["model.layers.0.self_attn.v_proj.weight"].rows(slice(None))
    assert (written["blk.0.attn_v.weight"][1] == value.astype(np.float16).astype(np.float32)).all()


def test_internlm2_is_the_llama_it_was_fused_from(tmp_path: Path) -> None:
    folder = checkpoint(tmp_path / "fused", "internlm2", tokenizer="spm")
    size = read_config(folder)["vocab_size"]
    plain = checkpoint(tmp_path / "plain", "llama", tokenizer="spm", vocab_size=size)
    names = {
        "tok_embeddings": "embed_tokens",
        "attention.wo": "self_attn.o_proj",
        "feed_forward.w1": "mlp.gate_proj",
        "feed_forward.w2": "mlp.down_proj",
        "feed_forward.w3": "mlp.up_proj",
        "attention_norm": "input_layernorm",
        "ffn_norm": "post_attention_layernorm",
    }
    split: dict[str, np.ndarray] = {}
    for name, tensor in read_tensors(folder).items():
        values = tensor.rows(slice(None))
        if name.endswith("wqkv.weight"):
            base, width, parts = name.replace("attention.wqkv.weight", "self_attn."), 64, ([], [], [])  # type: ignore[var-annotated]
            for group in range(2):  # two queries, their key, its value
                start = group * 4 * width
                parts[0].append(values[start : start + 2 * width])
                parts[1].append(values[start + 2 * width : start + 3 * width])
                parts[2].append(values[start + 3 * width : start + 4 * width])
            split.update({f"{base}{n}_proj.weight": np.concatenate(p) for n, p in zip("qkv", parts, strict=True)})
            continue
        for old, new in names.items():
            name = name.replace(old, new)
        split["lm_head.weight" if name == "output.weight" else name] = values
    write_safetensors(plain / "model.safetensors", split, "F32")
    ours, theirs = _export(folder, tmp_path / "a"), _export(plain, tmp_path / "b")
    assert ours.keys() == theirs.keys()
    assert all((ours[name][1] == theirs[name][1]).all() for name in ours)


@pytest.mark.parametrize("family", FAMILIES)
def test_four_bits_stay_near_and_six_nearer(family: str, tmp_path: Path) -> None:
    pytest.importorskip("xllamacpp")
    folder = checkpoint(tmp_path / "m", family, tokenizer="spm" if family == "internlm2" else "bpe", dtype="BF16")
    exact, rough = _export(folder, tmp_path), _export(folder, tmp_path, "q4_k_m")
    worst = {"F32": 0.0, "Q6_K": 0.03, "Q4_K": 0.12}  # of a tensor's spread, root mean square
    assert {kind for kind, _ in rough.values()} == set(worst)
    for name, (kind, values) in rough.items():
        error = float(np.sqrt(np.mean((values - exact[name][1]) ** 2)) / exact[name][1].std())
        assert error <= worst[kind], name
        assert kind == "F32" or error > 0


def test_the_mixture_is_llama_cpp_s() -> None:
    """The layers of a 32-layer model with six bits, as llama.cpp's use_more_bits names them (src/llama-quant.cpp)."""
    six = {0, 1, 2, 3, 6, 9, 12, 15, 18, 21, 24, 27, 28, 29, 30, 31}
    for layer in range(32):
        for name in ("attn_v", "ffn_down"):
            kind = bits_for(f"blk.{layer}.{name}.weight", (8, 4096), "q4_k_m", "internlm2", 32, False).name
            assert kind == ("Q6_K" if layer in six else "Q4_K")
        for name in ("attn_q", "attn_k", "attn_output", "ffn_up", "ffn_gate"):
            assert bits_for(f"blk.{layer}.{name}.weight", (8, 4096), "q4_k_m", "llama", 32, False).name == "Q4_K"


@pytest.mark.parametrize(
    ("name", "columns", "tied", "layers", "kind"),
    [
        ("output.weight", 4096, False, 32, "Q6_K"),
        ("token_embd.weight", 4096, False, 32, "Q4_K"),
        ("token_embd.weight", 4096, True, 32, "Q6_K"),
        ("token_embd.weight", 320, True, 6, "Q8_0"),  # mini's rows are no multiple of 256
        ("blk.1.attn_q.weight", 320, True, 6, "Q5_0"),
        ("blk.1.attn_v.weight", 320, True, 6, "Q5_0"),
        ("blk.2.attn_v.weight", 320, True, 6, "Q8_0"),
        ("blk.1.ffn_down.weight", 864, True, 6, "Q5_0"),
        ("blk.5.ffn_down.weight", 864, True, 6, "Q8_0"),
        ("blk.1.ffn_up.weight", 300, True, 6, "F16"),  # nor of 32
        ("blk.30.attn_v.weight", 8192, False, 80, "Q6_K"),
        ("blk.31.attn_v.weight", 8192, False, 80, "Q5_K"),
        ("blk.31.ffn_down.weight", 8192, False, 80, "Q4_K"),
        ("blk.1.attn_norm.weight", 0, False, 32, "F32"),
    ],
)
def test_rows_that_fit_no_block_get_the_next_type(name: str, columns: int, tied: bool, layers: int, kind: str) -> None:
    shape = (64, columns) if columns else (64,)
    assert bits_for(name, shape, "q4_k_m", "qwen2", layers, tied).name == kind


def test_slowed_rotations() -> None:
    rope = {
        "rope_type": "llama3",
        "factor": 8.0,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "original_max_position_embeddings": 8192,
    }
    config = {
        "architectures": ["LlamaForCausalLM"],
        "num_hidden_layers": 1,
        "hidden_size": 256,
        "intermediate_size": 256,
        "num_attention_heads": 2,
        "max_position_embeddings": 131072,
        "vocab_size": 10,
        "rms_norm_eps": 1e-5,
        "rope_theta": 500000.0,
    }
    assert frequencies(read_shape(config)) is None
    divisors = frequencies(read_shape({**config, "rope_scaling": rope}))
    assert divisors is not None and len(divisors) == 64
    assert divisors[0] == 1 and divisors[-1] == 8  # fast ones as they were, slow ones by the factor
    assert divisors == sorted(divisors) and any(1 < divisor < 8 for divisor in divisors)
    with pytest.raises(ConfigError, match="longrope"):
        read_shape({**config, "rope_scaling": {"type": "longrope"}})


@pytest.mark.parametrize(
    ("family", "options"),
    [
        ("llama", {}),
        ("llama", {"tied": True, "dtype": "BF16"}),
        ("qwen2", {}),
        ("qwen3", {"shards": 2}),
    ],
)
def test_the_file_goes_on_as_transformers_does(family: str, options: dict[str, Any], tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    pytest.importorskip("xllamacpp")
    from anxin.model.runtime import Runtime

    folder = checkpoint(tmp_path / "m", family, **options)
    export_gguf(folder, tmp_path / "x.gguf", "f16", "x", {})
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    prompt = [1, 40, 77, 120, 33, 2, 1, 90, 45, 61]
    ids = list(prompt)
    with torch.no_grad():
        for _ in range(8):
            ids.append(int(model(input_ids=torch.tensor([ids])).logits[0, -1].argmax()))
    runtime = Runtime(tmp_path / "x.gguf", context=256, slots=1, threads=1)
    try:
        asked = {"prompt": prompt, "n_predict": 8, "temperature": 0.0, "return_tokens": True, "ignore_eos": False}
        said = runtime.ask("/completion", asked)["tokens"]
    finally:
        runtime.stop()
    assert said[:8] == ids[len(prompt) :][: len(said)] and len(said) >= 1


def test_internlm2_loads_and_speaks(tmp_path: Path) -> None:
    pytest.importorskip("xllamacpp")
    from anxin.model.runtime import Runtime

    folder = checkpoint(tmp_path / "m", "internlm2", tokenizer="spm", dtype="BF16", shards=2)
    export_gguf(folder, tmp_path / "x.gguf", "q4_k_m", "x", {})
    runtime = Runtime(tmp_path / "x.gguf", context=256, slots=1, threads=1)
    try:
        asked = {"prompt": [1, 300, 301], "n_predict": 4, "temperature": 0.0, "return_tokens": True}
        assert runtime.ask("/completion", asked)["tokens"]
    finally:
        runtime.stop()


def _broken(folder: Path, how: str) -> Path:
    file = folder / "model.safetensors"
    if how == "cut":
        file.write_bytes(file.read_bytes()[:-10])
    elif how == "junk":
        file.write_bytes(b"\x00" * 64)
    elif how == "huge header":
        file.write_bytes(b"\xff" * 64)
    elif how == "no weights":
        file.unlink()
    elif how == "one of two":
        file.rename(folder / "model-00001-of-00002.safetensors")
    elif how == "index":
        (folder / "model.safetensors.index.json").write_text('{"weight_map": {"x": "model-00009.safetensors"}}')
    elif how == "layers":
        config = folder / "config.json"
        config.write_text(config.read_text().replace('"num_hidden_layers": 3', '"num_hidden_layers": 4'))
    elif how == "words":
        config = folder / "config.json"
        config.write_text(config.read_text().replace('"vocab_size": ', '"vocab_size": 1'))
    elif how == "not a number":
        tensors = {name: tensor.rows(slice(None)) for name, tensor in read_tensors(folder).items()}
        tensors["model.norm.weight"][3] = np.nan
        write_safetensors(file, tensors, "F32")
    elif how == "tokenizer":
        (folder / "tokenizer.json").unlink()
    elif how == "quantised":
        config = folder / "config.json"
        config.write_text(config.read_text().replace("{", '{"quantization_config": {"bits": 4},', 1))
    elif how == "architecture":
        config = folder / "config.json"
        config.write_text(config.read_text().replace('"architectures"', '"somethings"'))
    elif how == "adapter":
        (folder / "config.json").rename(folder / "adapter_config.json")
    return folder


@pytest.mark.parametrize(
    ("how", "word"),
    [
        ("cut", "cut short"),
        ("junk", "cut short or not safetensors"),
        ("huge header", "cut short or not safetensors"),
        ("no weights", "no .safetensors file"),
        ("one of two", "lacks model-00002-of-00002"),
        ("index", "lacks model-00009"),
        ("layers", "layer 3 lacks"),
        ("words", "vocab_size"),
        ("not a number", "model.norm.weight holds values that are not finite"),
        ("tokenizer", "no tokenizer"),
        ("quantised", "quantised already"),
        ("architecture", "names no architecture"),
        ("adapter", "--adapter"),
    ],
)
def test_bad_input_costs_one_line_and_leaves_nothing(how: str, word: str, tmp_path: Path) -> None:
    folder = _broken(checkpoint(tmp_path / "m", "qwen2"), how)
    with pytest.raises((ConfigError, DataError), match=word) as raised:
        export_gguf(folder, tmp_path / "out" / "x.gguf", "q8_0", "x", {})
    assert "\n" not in str(raised.value)
    assert list((tmp_path / "out").glob("*")) == []


def test_a_full_disk_is_told_before_a_byte_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import shutil

    folder = checkpoint(tmp_path / "m", "qwen2")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: type("Usage", (), {"free": 1000})())
    with pytest.raises(DataError, match=r"0\.0 GB free, but the file needs"):
        export_gguf(folder, tmp_path / "x.gguf", "f16", "x", {})
    assert not list(tmp_path.glob("x.gguf*"))


def test_memory_does_not_grow_with_the_model(tmp_path: Path) -> None:
    """Numpy's own allocations, which tracemalloc sees: pieces, however large a tensor is."""
    import tracemalloc

    folder = checkpoint(tmp_path / "m", "qwen2", layers=1, feed_forward=40_000, dtype="BF16")
    tracemalloc.start()
    try:
        from unittest import mock

        with mock.patch("anxin.export.gguf_writer._PIECE", 1 << 16):
            export_gguf(folder, tmp_path / "x.gguf", "f16", "x", {})
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 12e6 < 40_000 * 256 * 2  # one of its matrices in the file's own bits is 20 MB
