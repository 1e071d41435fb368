"""Load a model in a process of its own and let it say one token; the exit status tells whether it could."""

from __future__ import annotations

import sys
from pathlib import Path

from anxin.errors import ModelError
from anxin.model.runtime import Runtime

__all__ = ["main"]


def main(path: str) -> int:
    """0 when the file loads and speaks. A process that llama.cpp aborts ends with a signal instead."""
    try:
        runtime = Runtime(Path(path), context=256, slots=1, threads=1)
    except ModelError:
        return 1
    try:
        runtime.ask("/completion", {"prompt": "a", "n_predict": 1})
    except ModelError:
        return 1
    finally:
        runtime.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
