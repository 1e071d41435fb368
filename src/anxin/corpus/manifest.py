"""What a stage did, beside its data: enough to repeat it, to trust it, and to know that it need not be done again."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from anxin.errors import DataError

__all__ = [
    "MANIFEST",
    "File",
    "digest",
    "file_facts",
    "own_version",
    "read_manifest",
    "write_atomically",
    "write_manifest",
]

MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class File:
    """A file as a manifest names it: its path from the stage's folder (or as given), SHA-256 and size in bytes."""

    path: str
    sha256: str
    bytes: int


def file_facts(paths: Iterable[Path], root: Path | None = None) -> list[File]:
    """Path (from `root`, where given), digest and size of each file."""
    facts: list[File] = []
    for path in paths:
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        name = path.relative_to(root).as_posix() if root else path.name
        facts.append(File(name, sha256, path.stat().st_size))
    return facts


def digest(table: Mapping[str, Any], inputs: Sequence[File]) -> str:
    """One hash of what decides a stage's result: its part of the recipe, its inputs' content, Anxin's version."""
    body = {"table": table, "inputs": [file.sha256 for file in inputs], "version": own_version()}
    return hashlib.sha256(json.dumps(body, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """The manifest in `folder`, or None where the stage is not complete. Raises `DataError` for one that is damaged."""
    path = folder / MANIFEST
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (ValueError, OSError) as error:
        raise DataError(f"{path} cannot be read ({error}); delete it to do the stage again") from None
    if not isinstance(body, dict):
        raise DataError(f"{path} is not a manifest; delete it to do the stage again")
    return body


def write_manifest(
    folder: Path, body: Mapping[str, Any], inputs: Sequence[File], outputs: Sequence[File]
) -> Mapping[str, Any]:
    """Write `manifest.json`, whole or not at all, with the facts every stage shares; return it. Its presence means:
    complete."""
    whole = {
        **body,
        "inputs": [asdict(file) for file in inputs],
        "outputs": [asdict(file) for file in outputs],
        "finished": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "anxin": own_version(),
        "commit": _commit(),
        "python": platform.python_version(),
    }
    write_atomically(folder / MANIFEST, json.dumps(whole, ensure_ascii=False, indent=2) + "\n")
    return whole


def write_atomically(path: Path, text: str) -> None:
    """The file has the old content or the new one, also when the machine stops in between."""
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise DataError(f"cannot write {path}: {error.strerror}; make room and run again") from None


@cache
def own_version() -> str:
    """Anxin's version as it is installed here, without importing the package; "unknown" where it is not."""
    try:
        return version("anxin")
    except PackageNotFoundError:
        return "unknown"


def _commit() -> str:
    """Of the tree this code runs from; unknown for an installed copy."""
    here = Path(__file__).parent
    try:
        found = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=12"],
            cwd=here, capture_output=True, text=True, check=True, timeout=10,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return found.stdout.strip()
