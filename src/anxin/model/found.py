"""GGUF files on this machine: the packaged `mini`, and those in the folders where models are kept."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Final

from anxin.errors import ModelFileError

__all__ = ["gguf_files", "mini_file", "model_folders"]

_LATER_PART: Final = re.compile(r"-(?!00001)\d{5}-of-\d{5}\.gguf$")


def mini_file() -> Path:
    """The embedded default: inside the installed package, else in the checkout's `models/`.

    Raises `ModelFileError` where neither holds it.
    """
    package = Path(str(resources.files("anxin")))
    for place in (package / "models" / "mini.gguf", package.parents[1] / "models" / "mini.gguf"):
        if place.is_file():
            return place
    raise ModelFileError(
        "the embedded model `mini` is missing from this installation; reinstall anxin or name another model"
    )


def model_folders(home: Path) -> tuple[Path, ...]:
    """Where GGUF files are looked for: the home's `models`, then `models` in the working folder."""
    return (home / "models", Path.cwd() / "models")


def gguf_files(home: Path) -> Iterator[Path]:
    """Every GGUF file found, by name, without projectors and the later parts of split ones."""
    seen: set[Path] = set()
    for folder in model_folders(home):
        for path in sorted(folder.rglob("*.gguf")) if folder.is_dir() else ():
            other = path.name.startswith("mmproj") or _LATER_PART.search(path.name)
            if not other and path.is_file() and path.resolve() not in seen:
                seen.add(path.resolve())
                yield path
