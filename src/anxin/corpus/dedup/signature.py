"""MinHash signatures of folded texts (Broder 1997), many texts at once, and the keys under which bands are compared."""

from __future__ import annotations

import hashlib
from typing import Any

from anxin.corpus.dedup.fold import numpy
from anxin.corpus.dedup.options import Dedup
from anxin.errors import MissingExtra

__all__ = ["ALGORITHM", "band_keys", "digests", "rensa", "signatures"]

_BASE, _MIX = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9
_SEED = 20260
ALGORITHM = 1
"""Counted up when signatures of old and new code cannot be compared."""


def rensa() -> Any:
    """The MinHash package. Raises `MissingExtra` where it is not installed."""
    try:
        import rensa
    except ImportError:
        raise MissingExtra("finding near duplicates", "corpus") from None
    return rensa


def signatures(codes: Any, starts: Any, options: Dedup) -> Any:
    """One row of MinHash values (uint32) a text. Rows of texts shorter than a shingle mean nothing."""
    np = numpy()
    count = len(starts) - 1
    if not len(codes):
        return np.zeros((count, options.permutations), np.uint32)
    shingles = _shingles(codes, starts, options.ngram)
    matrix = rensa().RMinHash.digest_matrix_from_flat_token_hashes(
        shingles, starts.astype(np.uint64), options.permutations, _SEED
    )
    return np.array(matrix.to_rows(), np.uint32).reshape(count, options.permutations)


def _shingles(codes: Any, starts: Any, length: int) -> Any:
    """A hash for the shingle that begins at each character. Those that would run into the next text are replaced by
    their own text's first one, which changes no set."""
    np = numpy()
    padded = np.zeros(len(codes) + length - 1, np.uint64)
    padded[: len(codes)] = codes
    hashes = padded[: len(codes)].copy()
    for place in range(1, length):
        hashes *= np.uint64(_BASE)
        hashes += padded[place : len(codes) + place]
    hashes ^= hashes >> np.uint64(32)
    hashes *= np.uint64(_MIX)
    hashes ^= hashes >> np.uint64(29)
    if length > 1:
        whole = np.flatnonzero(np.diff(starts) >= length)
        over = starts[whole + 1][:, None] - np.arange(1, length)
        hashes[over] = hashes[starts[whole]][:, None]
    return hashes


def band_keys(signatures: Any, bands: int, rows: int) -> Any:
    """A key (uint64) for each band of each signature: `[bands, samples]`, equal where all rows of the band are."""
    np = numpy()
    cut = signatures[:, : bands * rows].reshape(len(signatures), bands, rows)
    keys = np.full((len(signatures), bands), _MIX, np.uint64)
    for row in range(rows):
        keys ^= cut[:, :, row]
        keys *= np.uint64(_BASE)
        keys ^= keys >> np.uint64(31)
    return keys.T


def digests(codes: Any, starts: Any, texts: list[str]) -> tuple[Any, Any]:
    """128 bits of each folded text in two uint64 arrays; of the text itself where folding leaves nothing of it."""
    np = numpy()
    raw, places = memoryview(codes).cast("B"), starts.tolist()
    packed = bytearray()
    for place, text in enumerate(texts):
        body = raw[4 * places[place] : 4 * places[place + 1]]
        packed += hashlib.blake2b(body or text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
    both = np.frombuffer(bytes(packed), np.uint64).reshape(len(texts), 2)
    return both[:, 0], both[:, 1]
