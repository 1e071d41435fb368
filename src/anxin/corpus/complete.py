"""A stage is done once: complete work is not done again, broken-off work goes on, other work is cleared."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from anxin.corpus.files import Tally
from anxin.corpus.manifest import MANIFEST, File, digest, file_facts, read_manifest, write_atomically, write_manifest
from anxin.corpus.stage import DONE
from anxin.errors import DataError

__all__ = ["Done", "complete"]

_WORK = ".work"


@dataclass(frozen=True, slots=True)
class Done:
    """What became of one stage. `skipped` says that an earlier run had completed it; `manifest` is what it left."""

    stage: str
    tally: Tally
    seconds: float
    skipped: bool
    damage: tuple[str, ...] = ()
    manifest: Mapping[str, Any] = field(default_factory=dict)


def complete(
    name: str,
    table: Mapping[str, Any],
    inputs: Sequence[File],
    out: Path,
    work: Callable[[], Tally],
    more: Callable[[], Mapping[str, Any]] = dict,
    replace: bool = True,
) -> Done:
    """Do `work`, which writes into `out`, unless the manifest of the same work stands there; write the manifest.

    The same work is what `table` and the content of `inputs` say. What other work of this stage left in `out` is
    cleared first, unless `replace` is False. `more` is asked, when the work is done, for what the manifest shall tell
    besides. Raises `DataError` where `out` holds what may not be cleared.
    """
    wanted = digest(table, inputs)
    if (known := read_manifest(out)) is not None and known.get("digest") == wanted:
        return Done(name, Tally.from_json(known["counts"]), known["seconds"], True, tuple(known["damage"]), known)
    begun = out / DONE / "digest"
    if not begun.exists() or begun.read_text(encoding="utf-8") != wanted:
        if out.exists() and any(out.iterdir()):
            _clear(out, name, replace)
        write_atomically(begun, wanted)
    (out / MANIFEST).unlink(missing_ok=True)
    began = time.monotonic()
    tally = work()
    seconds = round(time.monotonic() - began, 2)
    for left in list(out.rglob("*.part")):  # by a process that was killed
        left.unlink(missing_ok=True)
    damage = _damage(out)
    body = {"stage": name, "recipe": table, "digest": wanted, "counts": tally.to_json(), "seconds": seconds}
    outputs = sorted(path for path in out.rglob("*") if _is_output(path, out))
    manifest = write_manifest(out, {**body, "damage": damage, **more()}, inputs, file_facts(outputs, out))
    shutil.rmtree(out / DONE)
    shutil.rmtree(out / _WORK, ignore_errors=True)
    return Done(name, tally, seconds, False, tuple(damage), manifest)


def _clear(out: Path, name: str, replace: bool) -> None:
    """Remove what other work of this stage left in `out`; refuse where it is anything else."""
    known = read_manifest(out)
    if not (out / DONE).exists() and (known is None or known.get("stage") != name):
        raise DataError(f"{out} holds something else than a stage {name}; name another folder")
    if not replace:
        raise DataError(f"{out} holds the work of another input or other options; name another folder or delete it")
    write_atomically(out / DONE / "digest", "")  # killed in the midst of this, the next run still knows it for a stage
    for path in [*out.iterdir(), *(out / DONE).iterdir()]:
        if path in (out / DONE, out / DONE / "digest"):
            continue
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def _damage(out: Path) -> list[str]:
    found: list[str] = []
    for path in sorted((out / DONE).glob("*.json")):
        found += json.loads(path.read_text(encoding="utf-8")).get("damage", [])
    return found[:50]


def _is_output(path: Path, out: Path) -> bool:
    inside = path.relative_to(out).parts
    return path.is_file() and inside[0] not in (DONE, _WORK, MANIFEST) and path.suffix != ".part"
