"""How many bits each tensor gets, and turning rows of weights into them.

The types are llama.cpp's own choice (src/llama-quant.cpp of October 2026: llama_tensor_get_type_impl and
tensor_type_fallback), so that a file made here is the file `llama-quantize` makes. The K-quants are computed by the
llama.cpp inside the installed runtime library (`ggml_quantize_chunk`), q8_0 by the gguf package's reference code.
"""

from __future__ import annotations

import ctypes
import functools
import importlib.util
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from anxin.errors import ConfigError

if TYPE_CHECKING:
    import gguf
    import numpy as np

__all__ = ["QUANTISATIONS", "bits_for", "file_type", "quantised"]

QUANTISATIONS: Final = ("f16", "q8_0", "q4_k_m")
_FILE_TYPES: Final = {"f16": 1, "q8_0": 7, "q4_k_m": 15}
_LAYER: Final = re.compile(r"blk\.(\d+)\.(attn_v|ffn_down)\.weight")
_FALLBACK: Final = {"Q4_K": "Q5_0", "Q5_K": "Q5_1", "Q6_K": "Q8_0"}


def file_type(quantisation: str) -> int:
    """llama.cpp's number of a mixture (`llama_ftype`)."""
    return _FILE_TYPES[quantisation]


def bits_for(
    name: str, shape: tuple[int, ...], quantisation: str, family: str, layers: int, tied: bool
) -> gguf.GGMLQuantizationType:
    """The type of one tensor. `shape` as stored: rows, then columns. Vectors keep 32 bits."""
    import gguf

    kinds = gguf.GGMLQuantizationType
    if len(shape) < 2:
        return kinds.F32
    if quantisation == "f16":
        return kinds.F16
    wanted = kinds.Q8_0 if quantisation == "q8_0" else kinds[_mixture(name, family, layers, tied)]
    columns = shape[-1]
    for kind in (wanted.name, _FALLBACK.get(wanted.name, "F16")):
        if columns % gguf.GGML_QUANT_SIZES[kinds[kind]][0] == 0:
            return kinds[kind]
    return kinds.F16


def _mixture(name: str, family: str, layers: int, tied: bool) -> str:
    """q4_k_m: four bits, and six where it pays: the output, and values and down-projections of some layers."""
    if name == ("token_embd.weight" if tied else "output.weight"):
        return "Q6_K"
    found = _LAYER.fullmatch(name)
    if found is None:
        return "Q4_K"
    layer, eighth = int(found[1]), layers // 8
    if layer < eighth or layer >= 7 * layers // 8 or (layer - eighth) % 3 == 2:
        return "Q6_K"
    # 70B shares each value among eight heads: little to lose.
    return "Q5_K" if found[2] == "attn_v" and layers == 80 and family in ("llama", "qwen2") else "Q4_K"


def quantised(rows: np.ndarray, kind: gguf.GGMLQuantizationType) -> np.ndarray:
    """The rows (in 32 bits) as that type: halves, floats, or bytes of whole blocks."""
    import gguf
    import numpy as np

    kinds = gguf.GGMLQuantizationType
    if kind == kinds.F32:
        return rows
    if kind == kinds.F16:
        return rows.astype(np.float16)
    if kind == kinds.Q8_0:
        return np.asarray(gguf.quants.quantize(rows, kind))
    rows = np.ascontiguousarray(rows, np.float32)
    block, size = gguf.GGML_QUANT_SIZES[kind]
    out = np.empty((rows.shape[0], rows.shape[1] // block * size), np.uint8)
    written = _library().ggml_quantize_chunk(
        int(kind), rows.ctypes.data, out.ctypes.data, 0, rows.shape[0], rows.shape[1], None
    )
    if written != out.nbytes:
        raise ConfigError(f"the runtime library wrote {written} bytes of {kind.name} and not {out.nbytes}: use q8_0")
    return out


@functools.cache
def _library() -> Any:
    """llama.cpp's quantisers. Raises `ConfigError` where this machine's runtime has none."""
    missing = ConfigError("q4_k_m needs the embedded runtime (pip install xllamacpp); without it choose f16 or q8_0")
    found = importlib.util.find_spec("xllamacpp")
    folders = list(found.submodule_search_locations or ()) if found else []
    files = [path for folder in folders for path in Path(folder).glob("xllamacpp*") if path.suffix in (".so", ".pyd")]
    for path in files:
        try:
            library = ctypes.CDLL(str(path))
            library.ggml_quantize_chunk.restype = ctypes.c_size_t
            library.ggml_quantize_chunk.argtypes = [
                ctypes.c_int,
                *[ctypes.c_void_p] * 2,
                *[ctypes.c_int64] * 3,
                ctypes.c_void_p,
            ]
            library.llama_backend_init()  # fills the tables of half floats
        except (OSError, AttributeError):
            continue
        return library
    raise missing
