"""A Hugging Face checkpoint to one GGUF file, tensor by tensor and a few rows at a time.

Tensor names and metadata keys follow llama.cpp's converter (gguf package). The chat template goes into the file, so
that whoever serves it renders dialogues as training did. Memory does not grow with the model: what is held at once is a
few pieces of `_PIECE` weights.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from anxin.errors import ConfigError, DataError, MissingExtra
from anxin.export.adapter import Adapter, read_adapter
from anxin.export.checkpoint import read_config, read_tensors
from anxin.export.families import Shape, Target, add_shape, frequencies, read_shape, targets
from anxin.export.quantise import QUANTISATIONS, bits_for, file_type, quantised
from anxin.export.vocabulary import Vocabulary, add_vocabulary, read_vocabulary
from anxin.model.cores import usable_cores

if TYPE_CHECKING:
    import gguf
    import numpy as np

__all__ = ["QUANTISATIONS", "export_gguf", "partial_of"]

Traits = Mapping[str, bool | float | str]
Check = Callable[[Path], None]
Progress = Callable[[int, int], None]
_PIECE: Final = 1 << 22  # weights; 16 MB in 32 bits


def export_gguf(
    folder: Path,
    out: Path,
    quantisation: str,
    name: str,
    traits: Traits,
    *,
    adapter: Path | None = None,
    pre: str = "",
    check: Check | None = None,
    progress: Progress | None = None,
) -> int:
    """Write the checkpoint in `folder` to `out`; return the number of tensors.

    `traits` become metadata under `anxin.`, which the embedded backend reads. Vectors stay in 32 bits, as llama.cpp
    keeps them. `adapter` is a LoRA folder merged on the way; `pre` names llama.cpp's pre-tokenizer where it is not
    recognised. `check` sees the finished file before it gets its name: what it raises leaves nothing behind. `progress`
    is told tensors written and to write.

    Raises `ConfigError` for what cannot be exported here, `DataError` for a folder that is not a whole checkpoint or an
    adapter of another model, or a disk too small.
    """
    if quantisation not in QUANTISATIONS:
        raise ConfigError(f"quantisation must be one of {', '.join(QUANTISATIONS)}, not {quantisation}")
    try:
        import gguf
        import numpy  # noqa: F401 - the rooms below need it
    except ImportError:
        raise MissingExtra("exporting a model", "train") from None
    config = read_config(folder)
    shape = read_shape(config)
    tensors = read_tensors(folder)
    planned = targets(shape, tensors)
    merged = read_adapter(adapter, tensors) if adapter else None
    if merged:
        _carried(merged, planned)
    vocabulary = read_vocabulary(folder, shape.family, shape.vocabulary, pre)
    parts = _parts(shape, planned, quantisation)
    _room(out, sum(part.size for part in parts))
    partial = partial_of(out)
    writer = gguf.GGUFWriter(partial, shape.family)
    try:
        _describe(writer, shape, vocabulary, quantisation, name, traits)
        _write(writer, shape, parts, merged, progress)
        if check:
            check(partial)
        partial.replace(out)
    finally:
        writer.close()
        partial.unlink(missing_ok=True)
    return len(parts) + (frequencies(shape) is not None)


def partial_of(out: Path) -> Path:
    """Where a file grows before it is whole."""
    return out.with_name(f"{out.name}.part")


@dataclass(frozen=True, slots=True)
class _Part:
    target: Target
    kind: gguf.GGMLQuantizationType
    size: int  # bytes


def _parts(shape: Shape, planned: list[Target], quantisation: str) -> list[_Part]:
    import gguf

    tied = not any(target.name == "output.weight" for target in planned)
    parts = []
    for target in planned:
        kind = bits_for(target.name, target.shape, quantisation, shape.family, shape.layers, tied)
        block, width = gguf.GGML_QUANT_SIZES[kind]
        count = 1
        for extent in target.shape:
            count *= extent
        parts.append(_Part(target, kind, count // block * width))
    return parts


def _carried(adapter: Adapter, planned: list[Target]) -> None:
    """Raise where the adapter changes what does not go into the file, such as the output of a tied model."""
    lost = sorted({*adapter.added, *adapter.replaced} - {target.source.name for target in planned})
    if lost:
        raise ConfigError(f"{adapter.folder.name} changes {lost[0]}, which this model shares; merge it with PEFT first")


def _room(out: Path, needed: int) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(out.parent).free
    if free < needed + (64 << 20):
        raise DataError(f"{out.parent} has {free / 1e9:.1f} GB free, but the file needs {needed / 1e9:.1f} GB")


def _describe(
    writer: gguf.GGUFWriter,
    shape: Shape,
    vocabulary: Vocabulary,
    quantisation: str,
    name: str,
    traits: Traits,
) -> None:
    writer.add_type("model")
    writer.add_name(name)
    add_shape(writer, shape)
    writer.add_file_type(file_type(quantisation))
    writer.add_quantization_version(2)
    for trait, value in traits.items():
        add: Mapping[type, Any] = {bool: writer.add_bool, float: writer.add_float32, str: writer.add_string}
        add[type(value)](f"anxin.{trait}", value)
    add_vocabulary(writer, vocabulary)


def _write(
    writer: gguf.GGUFWriter, shape: Shape, parts: list[_Part], adapter: Adapter | None, progress: Progress | None
) -> None:
    import numpy as np

    slowed = frequencies(shape)
    if slowed is not None:
        writer.add_tensor_info("rope_freqs.weight", (len(slowed),), np.dtype(np.float32), 4 * len(slowed))
    for part in parts:
        # The dtype is only looked at where the type is not given.
        writer.add_tensor_info(part.target.name, part.target.shape, np.dtype(np.float32), part.size, part.kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    assert writer.fout is not None
    file = writer.fout[0]
    writer.write_padding(file, file.tell())
    if slowed is not None:
        np.asarray(slowed, np.float32).tofile(file)
        writer.write_padding(file, 4 * len(slowed))
    with ThreadPoolExecutor(usable_cores()) as pool:
        for done, part in enumerate(parts):
            for piece in _pieces(part, adapter, pool):
                piece.tofile(file)
            writer.write_padding(file, part.size)
            if progress:
                progress(done + 1, len(parts))


def _pieces(part: _Part, adapter: Adapter | None, pool: ThreadPoolExecutor) -> Iterator[np.ndarray]:
    """The tensor's bytes in order, a few pieces at work at once."""
    target = part.target
    width = 1
    for extent in target.shape[1:]:
        width *= extent
    step = max(1, _PIECE // width)

    def make(start: int) -> np.ndarray:
        which: np.ndarray | slice = slice(start, start + step)
        if target.order is not None:
            which = target.order[which]
        rows = adapter.rows(target.source, which) if adapter else target.source.rows(which)
        return _sound(target.source.name, quantised(_sound(target.source.name, rows), part.kind))

    starts = iter(range(0, target.shape[0], step))
    while batch := list(islice(starts, usable_cores())):
        yield from pool.map(make, batch)


def _sound(name: str, values: np.ndarray) -> np.ndarray:
    """The values, or `DataError` where one is not a number or too large for half a float."""
    import numpy as np

    if values.dtype != np.uint8 and not np.isfinite(values).all():
        raise DataError(
            f"tensor {name} holds values that are not finite; the checkpoint is damaged or training diverged"
        )
    return values
