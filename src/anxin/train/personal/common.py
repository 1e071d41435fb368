"""How common pairs and triples of characters, and small Latin words, are in public dialogue (SmileChat CC0, hh-rlhf
MIT, GoEmotions Apache-2.0). Only counts of what occurs often are kept, as powers of two: no text can be read from
them."""

from __future__ import annotations

import gzip
import io
import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from anxin.corpus.personal.reading import HAN, plain
from anxin.corpus.personal.units import Ints, frequency_key
from anxin.errors import MissingExtra

__all__ = ["common_counts", "dialogues", "small_words"]

_PAIR, _TRIPLE = 8, 40  # counts from which a pair and a triple are kept
_SMALL = re.compile(r"(?<![A-Za-z'’])[a-zà-ÿ]+(?![A-Za-z])")


def dialogues(data: Path, first: int, how_many: int) -> Iterator[list[str]]:
    """The messages, in plain text, of some of SmileChat's dialogues."""
    try:
        import zstandard
    except ImportError as error:
        raise MissingExtra("reading .zst", "corpus") from error
    with (data / "smilechat" / "smilechat.jsonl.zst").open("rb") as file:
        lines = io.TextIOWrapper(zstandard.ZstdDecompressor().stream_reader(file), encoding="utf-8")
        for number, line in enumerate(lines):
            if number >= first + how_many:
                return
            if number >= first:
                yield [plain(message["content"]) for message in json.loads(line)["messages"]]


def common_counts(data: Path, how_many: int) -> npt.NDArray[np.uint8]:
    """How common pairs and triples of Han characters are: where their `frequency_key` says, 0 to 7 and its mark."""
    text = "\n".join(message for said in dialogues(data, 0, how_many) for message in said)
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.uint64)
    del text
    han = (codes >= ord(HAN[0])) & (codes <= ord(HAN[2]))
    table = np.zeros(1 << 20, np.uint8)
    most = np.zeros(1 << 20, np.int64)
    for size, least in ((2, _PAIR), (3, _TRIPLE)):
        inside = np.ones(len(codes) - size + 1, bool)
        packed: Ints = np.zeros(len(inside), np.uint64)
        for place in range(size):
            inside &= han[place : len(han) - size + 1 + place]
            packed = (packed << np.uint64(21)) | codes[place : len(codes) - size + 1 + place]
        grams, counts = np.unique(packed[inside], return_counts=True)
        grams, counts = grams[counts >= least], counts[counts >= least]
        parts = [(grams >> np.uint64(21 * place)) & np.uint64(2**21 - 1) for place in reversed(range(size))]
        places, marks = frequency_key(*parts)
        values = np.clip((np.log2(counts) - 1) // 2, 1, 7).astype(np.uint8)
        # Where two fall on one place the commoner has it.
        for place, mark, value, count in zip(
            places.tolist(), marks.tolist(), values.tolist(), counts.tolist(), strict=True
        ):
            if count > most[place]:
                most[place], table[place] = count, (mark << 3) | value
    return table


def small_words(data: Path) -> dict[str, int]:
    """How common Latin words are when written in small letters, 1 to 7."""
    counts: Counter[str] = Counter()
    with gzip.open(data / "hh_rlhf_harmless_test" / "harmless-base" / "test.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            counts.update(_SMALL.findall(json.loads(line)["chosen"]))
    for line in (data / "goemotions" / "data" / "original" / "train.tsv").read_text("utf-8").splitlines():
        counts.update(_SMALL.findall(line.split("\t")[0]))
    return {word: int(min(7, np.log2(count) // 2 + 1)) for word, count in sorted(counts.items()) if count >= 3}
