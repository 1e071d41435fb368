"""Pairs of samples that are the same or alike, found column by column and range by range of key values.

Only one range of one column is in memory at a time, some 200,000 keys however large the corpus is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from anxin.corpus.dedup.block import Block
from anxin.corpus.dedup.fold import numpy

__all__ = ["alike", "pieces", "ranks_of", "same", "spread"]

_KEYS = 1 << 17
_REACH = 8
"""In a bucket each sample is compared with the best one, and with this many on either side in order of preference."""
_COMPARED = 1 << 14


def pieces(found: Sequence[Block]) -> int:
    """Into how many ranges of keys a column is cut."""
    return 1 + sum(block.samples for block in found) // _KEYS


def same(found: Sequence[Block], piece: int, total: int) -> Any:
    """`[pairs, 2]` of samples equal when folded: the one that stays, and one that goes."""
    np = numpy()
    keys, numbers, ranks, low = _slices(found, 0, piece, total, np.zeros(0, np.int64), with_low=True)
    sorted_ = np.lexsort((numbers, ranks, low, keys))
    keys, numbers, low = keys[sorted_], numbers[sorted_], low[sorted_]
    begins = np.ones(len(keys), bool)
    begins[1:] = (keys[1:] != keys[:-1]) | (low[1:] != low[:-1])
    leaders = numbers[np.maximum.accumulate(np.where(begins, np.arange(len(keys)), 0))]
    return np.stack((leaders[~begins], numbers[~begins]), axis=1)


def alike(found: Sequence[Block], column: int, piece: int, total: int, gone: Any, least: int) -> Any:
    """`[pairs, 3]`: the better sample, the other, and how many of their MinHash values are equal, `least` or more.

    `gone` holds the sorted numbers of samples that are left out, being copies of others.
    """
    np = numpy()
    keys, numbers, ranks, _ = _slices(found, column, piece, total, gone)
    sorted_ = np.lexsort((numbers, ranks, keys))
    keys, numbers = keys[sorted_], numbers[sorted_]
    begins = np.ones(len(keys), bool)
    begins[1:] = keys[1:] != keys[:-1]
    leaders = np.maximum.accumulate(np.where(begins, np.arange(len(keys)), 0))
    beyond = np.flatnonzero(np.arange(len(keys)) - leaders > _REACH)
    candidates = [np.stack((numbers[leaders[beyond]], numbers[beyond]), axis=1)]
    for reach in range(1, _REACH + 1):
        met = np.flatnonzero(keys[reach:] == keys[:-reach])
        candidates.append(np.stack((numbers[met], numbers[met + reach]), axis=1))
    every = np.concatenate(candidates)
    confirmed = [np.zeros((0, 3), np.int64)]
    for start in range(0, len(every), _COMPARED):
        some = every[start : start + _COMPARED]
        equal = (_signatures(found, some[:, 0]) == _signatures(found, some[:, 1])).sum(axis=1)
        enough = equal >= least
        confirmed.append(np.column_stack((some[enough], equal[enough])))
    return np.concatenate(confirmed)


def ranks_of(found: Sequence[Block], numbers: Any) -> Any:
    """The ranks of samples, by their numbers."""
    return _gathered(found, numbers, "rank")


def _slices(
    found: Sequence[Block], column: int, piece: int, total: int, gone: Any, with_low: bool = False
) -> tuple[Any, Any, Any, Any]:
    np = numpy()
    low, high = np.uint64((piece << 64) // total), np.uint64((((piece + 1) << 64) // total) - 1)
    none = np.zeros(0, np.uint64)
    taken: list[tuple[Any, Any, Any, Any]] = [(none, none.astype(np.int64), none, none)]
    for block in found:
        count = block.near if column else block.samples
        keys = block.load("keys")[column, :count]
        start, end = np.searchsorted(keys, low, "left"), np.searchsorted(keys, high, "right")
        order = np.array(block.load("order")[column, start:end])
        keys = np.array(keys[start:end])
        left_out = gone[np.searchsorted(gone, block.first) : np.searchsorted(gone, block.first + block.samples)]
        if len(left_out):
            stays = np.ones(block.samples, bool)
            stays[left_out - block.first] = False
            keys, order = keys[stays[order]], order[stays[order]]
        rest = block.load("low")[order] if with_low else none
        taken.append((keys, order.astype(np.int64) + block.first, np.array(block.load("rank")[order]), rest))
    keys, numbers, ranks, lows = (np.concatenate(parts) for parts in zip(*taken, strict=True))
    return keys, numbers, ranks, lows


def _signatures(found: Sequence[Block], numbers: Any) -> Any:
    return _gathered(found, numbers, "signatures")


def _gathered(found: Sequence[Block], numbers: Any, what: str) -> Any:
    np = numpy()
    gathered = None
    for block, places in spread(found, numbers):
        rows = block.load(what)[numbers[places] - block.first]
        if gathered is None:
            gathered = np.zeros((len(numbers), *rows.shape[1:]), rows.dtype)
        gathered[places] = rows
    return np.zeros(0, np.uint64) if gathered is None else gathered


def spread(found: Sequence[Block], numbers: Any) -> Iterator[tuple[Block, Any]]:
    """For each block that holds any of these samples: the block, and their places in `numbers`."""
    np = numpy()
    owners = np.searchsorted(np.array([block.first for block in found]), numbers, "right") - 1
    for owner in np.unique(owners).tolist():
        yield found[owner], np.flatnonzero(owners == owner)
