"""Do replies corrupted by rule resemble those that people found unsafe? Prints figures only, never a word of the set.

    python bench/corrupt.py runs/pairs/corrupt --data ../shared/data

A linear classifier learns our rejected replies (1) from our chosen ones (0), Chinese pairs alone, and is asked about
DialogueSafety's replies (Qiu et al. 2023, test only): the area under the curve of each unsafe kind against the safe
ones. .5 says that our kinds and theirs have no words in common. `own` is the same for the kind's own corrupted replies
alone, and `apart` the area for our pairs themselves, as the stage's manifest has it.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

from anxin.corpus.files import Damage
from anxin.corpus.sources import open_source
from anxin.prefer import Pair, read_pairs
from anxin.prefer.roads.separable import area, separable, tokens, trained


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pairs", type=Path)
    parser.add_argument("--data", type=Path, default=Path("data"))
    given = parser.parse_args()
    path = given.pairs / "data" / "train.jsonl.zst"
    pairs = [one for one in read_pairs(path) if isinstance(one, Pair) and one.metadata["language"] == "zh"]
    theirs: dict[str, list[str]] = defaultdict(list)
    for sample in open_source("dialogue_safety", given.data):
        if not isinstance(sample, Damage):
            theirs[sample.metadata["label"]].append(sample.dialogue.messages[-1].text)
    safe = theirs.pop("safe")
    whole = _asked(pairs)
    print(f"{len(pairs)} pairs, apart {separable([path])}")
    print(f"{'kind':26}{'theirs':>8}{'area':>8}{'ours':>8}{'own':>8}")
    for label, texts in sorted(theirs.items()):
        same = [pair for pair in pairs if pair.metadata["failure"] == label]
        own = _asked(same) if same else whole
        figures = [area(asked([*texts, *safe]), [1] * len(texts) + [0] * len(safe)) for asked in (whole, own)]
        print(f"{label:26}{len(texts):8}{figures[0]:8.3f}{len(same):8}{figures[1]:8.3f}")
    unsafe = [text for texts in theirs.values() for text in texts]
    print(f"{'any unsafe':26}{len(unsafe):8}{area(whole([*unsafe, *safe]), [1] * len(unsafe) + [0] * len(safe)):8.3f}")


def _asked(pairs: list[Pair]) -> Callable[[Sequence[str]], list[float]]:
    texts = [side.text for pair in pairs for side in (pair.chosen, pair.rejected)]
    return trained(texts, [0, 1] * len(pairs), tokens)


if __name__ == "__main__":
    main()
