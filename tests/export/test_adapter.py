"""A merged adapter is the base plus what it learned, and an adapter of another model is told apart."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("gguf")

import gguf
import numpy as np

from anxin.errors import ConfigError, DataError
from anxin.export import export_gguf
from anxin.export.checkpoint import read_tensors
from tests.export.shapes import checkpoint, write_safetensors

MODULES = {"model.layers.0.self_attn.q_proj": (256, 256), "model.layers.2.mlp.down_proj": (256, 512)}


def _adapter(
    folder: Path, *, modules: dict[str, tuple[int, int]] = MODULES, rank: int = 4, **config: Any
) -> dict[str, np.ndarray]:
    """Write an adapter; return its factors by the name of the module."""
    folder.mkdir()
    rng = np.random.RandomState(5)
    tensors = {}
    for module, (rows, columns) in modules.items():
        tensors[f"base_model.model.{module}.lora_A.weight"] = rng.standard_normal((rank, columns)).astype(np.float32)
        tensors[f"base_model.model.{module}.lora_B.weight"] = rng.standard_normal((rows, rank)).astype(np.float32)
    write_safetensors(folder / "adapter_model.safetensors", tensors, "F32")
    settings = {
        "peft_type": "LORA",
        "r": rank,
        "lora_alpha": 8,
        "target_modules": sorted({module.rpartition(".")[2] for module in modules}),
        "bias": "none",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": "x",
        **config,
    }
    (folder / "adapter_config.json").write_text(json.dumps(settings))
    return tensors


def _values(path: Path) -> dict[str, np.ndarray]:
    return {t.name: gguf.quants.dequantize(t.data, t.tensor_type) for t in gguf.GGUFReader(path).tensors}


@pytest.mark.parametrize(
    ("config", "scales"),
    [
        ({}, (2.0, 2.0)),
        ({"use_rslora": True}, (4.0, 4.0)),
        ({"alpha_pattern": {"down_proj": 2}}, (2.0, 0.5)),
    ],
)
def test_the_base_and_what_it_learned(config: dict[str, Any], scales: tuple[float, float], tmp_path: Path) -> None:
    folder = checkpoint(tmp_path / "base", "qwen3", dtype="BF16", shards=2)
    factors = _adapter(tmp_path / "lora", **config)
    export_gguf(folder, tmp_path / "plain.gguf", "f16", "x", {})
    export_gguf(folder, tmp_path / "merged.gguf", "f16", "x", {}, adapter=tmp_path / "lora")
    plain, merged = _values(tmp_path / "plain.gguf"), _values(tmp_path / "merged.gguf")
    changed = {"blk.0.attn_q.weight": 0, "blk.2.ffn_down.weight": 1}
    for name, values in merged.items():
        if name not in changed:
            assert (values == plain[name]).all(), name
            continue
        module = list(MODULES)[changed[name]]
        down = factors[f"base_model.model.{module}.lora_A.weight"].astype(np.float64)
        up = factors[f"base_model.model.{module}.lora_B.weight"].astype(np.float64)
        stored = read_tensors(folder)[f"{module}.weight"].rows(slice(None))
        expected = stored + scales[changed[name]] * (up @ down)
        assert np.abs(values - expected).max() < 1e-3 * np.abs(expected).max()
        assert np.abs(expected - stored).max() > 1


def test_rows_are_put_in_order_after_the_merge(tmp_path: Path) -> None:
    """A merged Llama is the export of the merged Llama."""
    folder = checkpoint(tmp_path / "base", "llama")
    modules = {"model.layers.0.self_attn.q_proj": (256, 256), "model.layers.1.self_attn.k_proj": (128, 256)}
    factors = _adapter(tmp_path / "lora", modules=modules)
    export_gguf(folder, tmp_path / "ours.gguf", "f16", "x", {}, adapter=tmp_path / "lora")
    tensors = {name: tensor.rows(slice(None)) for name, tensor in read_tensors(folder).items()}
    for module in modules:
        down, up = (factors[f"base_model.model.{module}.lora_{letter}.weight"] for letter in "AB")
        tensors[f"{module}.weight"] = tensors[f"{module}.weight"] + np.float32(2) * (up @ down)
    write_safetensors(folder / "model.safetensors", tensors, "F32")
    export_gguf(folder, tmp_path / "theirs.gguf", "f16", "x", {})
    ours, theirs = _values(tmp_path / "ours.gguf"), _values(tmp_path / "theirs.gguf")
    assert all(np.abs(ours[name] - theirs[name]).max() <= 2e-3 * np.abs(theirs[name]).max() for name in theirs)


def test_what_was_trained_whole_takes_the_place(tmp_path: Path) -> None:
    folder = checkpoint(tmp_path / "base", "qwen3")
    _adapter(tmp_path / "lora", modules_to_save=["lm_head"])
    head = np.full(read_tensors(folder)["lm_head.weight"].shape, 0.5, np.float32)
    file = tmp_path / "lora" / "adapter_model.safetensors"
    from anxin.export.checkpoint import read_shard

    tensors = {name: tensor.rows(slice(None)) for name, tensor in read_shard(file).items()}
    write_safetensors(file, {**tensors, "base_model.model.lm_head.weight": head}, "F32")
    export_gguf(folder, tmp_path / "x.gguf", "f16", "x", {}, adapter=tmp_path / "lora")
    assert (_values(tmp_path / "x.gguf")["output.weight"] == 0.5).all()


@pytest.mark.filterwarnings("ignore")  # of its own dependencies
def test_peft_merges_the_same(tmp_path: Path) -> None:
    peft = pytest.importorskip("peft")
    transformers = pytest.importorskip("transformers")
    folder = checkpoint(tmp_path / "base", "qwen3")
    _adapter(tmp_path / "lora", use_rslora=True, rank_pattern={}, alpha_pattern={"q_proj": 3})
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype="float32")
    merged = peft.PeftModel.from_pretrained(model, tmp_path / "lora").merge_and_unload()
    theirs = checkpoint(tmp_path / "theirs", "qwen3")
    tensors = {name: value.numpy() for name, value in merged.state_dict().items()}
    write_safetensors(theirs / "model.safetensors", tensors, "F32")
    export_gguf(folder, tmp_path / "ours.gguf", "f16", "x", {}, adapter=tmp_path / "lora")
    export_gguf(theirs, tmp_path / "theirs.gguf", "f16", "x", {})
    left, right = _values(tmp_path / "ours.gguf"), _values(tmp_path / "theirs.gguf")
    assert all(np.abs(left[name] - right[name]).max() <= 2e-3 * np.abs(right[name]).max() for name in right)


@pytest.mark.parametrize(
    ("config", "word"),
    [
        ({"peft_type": "IA3"}, "IA3 and not LORA"),
        ({"use_dora": True}, "DoRA"),
        ({"fan_in_fan_out": True}, "transposed"),
        ({"bias": "all"}, "biases"),
        ({"r": 16}, "rank 4, but adapter_config.json says 16"),
        ({"modules": {"model.layers.7.mlp.up_proj": (512, 256)}}, "does not have: it was trained on another model"),
        ({"modules": {"model.layers.0.mlp.up_proj": (512, 128)}}, "512 x 128, but the base's is 512 x 256"),
        ({"modules": {"lm_head": (352, 256)}, "tied": True}, "another model|which this model shares"),
        ({"modules": {}}, "changes nothing"),
    ],
)
def test_an_adapter_that_does_not_fit_is_one_line(config: dict[str, Any], word: str, tmp_path: Path) -> None:
    folder = checkpoint(tmp_path / "base", "qwen3", tied=config.pop("tied", False))
    _adapter(tmp_path / "lora", **config)
    with pytest.raises((ConfigError, DataError), match=word):
        export_gguf(folder, tmp_path / "x.gguf", "f16", "x", {}, adapter=tmp_path / "lora")
    assert not list(tmp_path.glob("x.gguf*"))


def test_a_folder_that_is_no_adapter(tmp_path: Path) -> None:
    folder = checkpoint(tmp_path / "base", "qwen3")
    with pytest.raises(DataError, match=r"no adapter_config\.json"):
        export_gguf(folder, tmp_path / "x.gguf", "f16", "x", {}, adapter=tmp_path)
    _adapter(tmp_path / "lora")
    (tmp_path / "lora" / "adapter_model.safetensors").unlink()
    with pytest.raises(DataError, match=r"no adapter_model\.safetensors"):
        export_gguf(folder, tmp_path / "x.gguf", "f16", "x", {}, adapter=tmp_path / "lora")
