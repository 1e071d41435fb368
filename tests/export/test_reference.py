"""Byte for byte against llama.cpp itself: its converter, and its quantiser compiled from source.

Needs a llama.cpp tree of about the runtime's age, such as `thirdparty/llama.cpp` in the source archive of xllamacpp:
`ANXIN_LLAMA_CPP=PATH make test-slow`. The quantiser is that tree's `llama-quant.cpp` linked to the wheel's own library,
which has everything else it needs: half a minute with g++, where the whole of llama.cpp takes twenty.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("gguf")
pytest.importorskip("transformers")

import gguf
import numpy as np

from anxin.export import export_gguf
from tests.export.shapes import checkpoint

TREE = Path(os.environ.get("ANXIN_LLAMA_CPP", "/nowhere"))
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (TREE / "convert_hf_to_gguf.py").exists(), reason="ANXIN_LLAMA_CPP names no llama.cpp tree"),
]

# llama.cpp knows a pre-tokenizer by a hash over a famous vocabulary, which a tiny one of our own cannot have.
CONVERT = """
import sys, runpy
sys.path.insert(0, sys.argv[1])
import conversion.base as base
tree, pre, folder, out, *kinds = sys.argv[1:]
base.TextModel.get_vocab_base_pre = lambda self, tokenizer: pre
for kind in kinds:
    sys.argv = ["convert", folder, "--outfile", f"{out}/theirs-{kind}.gguf", "--outtype", kind]
    runpy.run_path(tree + "/convert_hf_to_gguf.py", run_name="__main__")
"""
QUANTISE = """
#include "llama.h"
extern "C" int quantise(const char * from, const char * to, int kind) {
    llama_backend_init();
    auto params = llama_model_quantize_default_params();
    params.ftype = (llama_ftype) kind;
    params.nthread = 1;
    return (int) llama_model_quantize(from, to, &params);
}
"""
# The wheel's library is a Python module: only inside Python are all its symbols there.
RUN = """
import ctypes, sys
ctypes.CDLL(sys.argv[1], ctypes.RTLD_GLOBAL)
sys.exit(ctypes.CDLL(sys.argv[2]).quantise(sys.argv[3].encode(), sys.argv[4].encode(), 15))
"""
OLD = "-D_GLIBCXX_USE_CXX11_ABI=0"  # how manylinux wheels name std::string
# What llama.cpp writes and we do not (for people, not for the runtime), or the other way round.
OURS = {"tokenizer.ggml.add_bos_token"}
THEIRS = {"general.size_label", "general.name", "general.basename", "general.finetune", "general.version"}

CASES: list[tuple[str, dict[str, Any]]] = [
    ("llama", {"tied": True}),
    ("llama", {"tokenizer": "llama3", "dtype": "BF16", "shards": 3, "layers": 9}),
    ("llama", {"tokenizer": "spm", "dtype": "F16"}),
    (
        "llama",
        {
            "rope_theta": 500000.0,
            "rope_scaling": {
                "rope_type": "llama3",
                "factor": 8.0,
                "low_freq_factor": 1.0,
                "high_freq_factor": 4.0,
                "original_max_position_embeddings": 64,
            },
        },
    ),
    ("qwen2", {"layers": 9, "dtype": "BF16"}),
    ("qwen2", {"rope_scaling": {"type": "yarn", "factor": 4.0, "original_max_position_embeddings": 128}}),
    ("qwen3", {"layers": 9, "shards": 2, "dtype": "BF16"}),
    ("qwen3", {"hidden": 320, "feed_forward": 864, "tied": True, "head_dim": 80}),
    ("qwen3", {"hidden": 288, "feed_forward": 528, "head_dim": 64}),
    ("internlm2", {"tokenizer": "spm", "dtype": "BF16", "layers": 9}),
    ("internlm2", {"tokenizer": "spm", "shards": 2}),
]


def _id(case: tuple[str, dict[str, Any]]) -> str:
    return "-".join([case[0], *(str(value) for value in case[1].values() if not isinstance(value, dict))])


@pytest.fixture(scope="module")
def quantiser(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    found = importlib.util.find_spec("xllamacpp")
    if found is None or shutil.which("g++") is None or sys.platform != "linux":
        pytest.skip("needs xllamacpp and g++ on Linux")
    folder = tmp_path_factory.mktemp("quantiser")
    (folder / "main.cpp").write_text(QUANTISE)
    (library,) = Path(next(iter(found.submodule_search_locations or ()))).glob("xllamacpp*.so")
    include = [f"-I{TREE / part}" for part in ("include", "src", "ggml/include")]
    source = [str(folder / "main.cpp"), str(TREE / "src" / "llama-quant.cpp")]
    command = ["g++", "-std=c++17", "-O1", "-w", "-shared", "-fPIC", OLD, *include, *source, "-o", str(folder / "q.so")]
    subprocess.run(command, check=True)
    return [sys.executable, "-c", RUN, str(library), str(folder / "q.so")]


def _convert(folder: Path, out: Path, pre: str, *kinds: str) -> None:
    command = [sys.executable, "-c", CONVERT, str(TREE), pre, str(folder), str(out), *kinds]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


def _quantise(quantiser: list[str], folder: Path) -> None:
    files = [str(folder / f"theirs-{kind}.gguf") for kind in ("f32", "q4_k_m")]
    subprocess.run([*quantiser, *files], check=True, capture_output=True)


def _read(path: Path) -> tuple[dict[str, Any], dict[str, tuple[Any, ...]]]:
    reader = gguf.GGUFReader(path)
    pairs = {
        key: (field.types, field.contents()) for key, field in reader.fields.items() if not key.startswith("GGUF.")
    }
    tensors = {t.name: (t.tensor_type.name, tuple(t.shape.tolist()), t.data.tobytes()) for t in reader.tensors}
    return pairs, tensors


def _same(ours: Path, theirs: Path) -> None:
    mine, wanted = _read(ours), _read(theirs)
    assert {name: entry[:2] for name, entry in mine[1].items()} == {name: e[:2] for name, e in wanted[1].items()}
    assert [name for name, entry in mine[1].items() if entry[2] != wanted[1][name][2]] == []
    assert set(mine[0]) - set(wanted[0]) <= OURS
    assert set(wanted[0]) - set(mine[0]) <= THEIRS
    both = (set(mine[0]) & set(wanted[0])) - THEIRS
    assert {key: mine[0][key] for key in both} == {key: wanted[0][key] for key in both}


@pytest.mark.parametrize("case", CASES, ids=_id)
def test_llama_cpp_writes_the_same_file(case: tuple[str, dict[str, Any]], tmp_path: Path, quantiser: list[str]) -> None:
    family, options = case
    if options.get("tokenizer") == "spm":
        pytest.importorskip("sentencepiece")
    folder = checkpoint(tmp_path / "model", family, **options)
    pre = "llama-bpe" if options.get("tokenizer") == "llama3" else "qwen2"
    _convert(folder, tmp_path, pre, "f32", "f16", "q8_0")
    _quantise(quantiser, tmp_path)
    for kind in ("f16", "q8_0", "q4_k_m"):
        export_gguf(folder, tmp_path / f"{kind}.gguf", kind, "model", {})
        _same(tmp_path / f"{kind}.gguf", tmp_path / f"theirs-{kind}.gguf")


def test_eighty_layers_keep_their_values(tmp_path: Path, quantiser: list[str]) -> None:
    folder = checkpoint(tmp_path / "model", "qwen2", layers=80, hidden=256, feed_forward=256)
    _convert(folder, tmp_path, "qwen2", "f32")
    _quantise(quantiser, tmp_path)
    export_gguf(folder, tmp_path / "ours.gguf", "q4_k_m", "model", {})
    _same(tmp_path / "ours.gguf", tmp_path / "theirs-q4_k_m.gguf")


def test_a_chunk_from_the_library_is_the_package_s_own(tmp_path: Path) -> None:
    """q8_0 comes from gguf's numpy code; llama.cpp's must agree, or two roads would give two files."""
    from anxin.export.quantise import _library

    rows = np.random.RandomState(2).standard_normal((64, 256)).astype(np.float32)
    out = np.empty((64, 256 // 32 * 34), np.uint8)
    _library().ggml_quantize_chunk(8, rows.ctypes.data, out.ctypes.data, 0, 64, 256, None)
    assert (out == gguf.quants.quantize(rows, gguf.GGMLQuantizationType.Q8_0)).all()
