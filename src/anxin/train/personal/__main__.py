"""`python -m anxin.train.personal recipes/personal/personal.toml --data DIR`: train the tagger and write its file."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from anxin.train.personal.pipeline import load_personal, train_personal


def main() -> None:
    """Read the recipe, train, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recipe", type=Path)
    parser.add_argument("--data", type=Path, required=True, help="the folder of public dialogue")
    parser.add_argument("--sets", type=Path, default=Path("bench/personal"), help="the folder of authored items")
    parser.add_argument("--to", type=Path, default=Path("src/anxin/corpus/personal/tagger.model"))
    asked = parser.parse_args()
    raw = train_personal(load_personal(asked.recipe), asked.recipe.parent, asked.sets, asked.data)
    asked.to.write_bytes(raw)
    sys.stdout.write(f"{asked.to}: {len(raw)} bytes\n")


if __name__ == "__main__":
    main()
