"""From pairs to decisions: who goes, because of whom, and who are relatives.

A sample goes only if one that stays was found alike: being alike is not passed on from one to the next, so that nothing
is lost at the end of a chain of small differences. Memory is taken by samples that have a duplicate, not by the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from anxin.corpus.dedup.block import Block
from anxin.corpus.dedup.fold import numpy
from anxin.corpus.dedup.pairs import ranks_of, spread

__all__ = ["called", "clusters", "near_drops"]


def near_drops(found: Sequence[Block], pairs: Any, least: int) -> Any:
    """`[drops, 2]`: the sample that stays and the one that goes, the latter in rising order.

    `pairs` has rows of (better, worse, equal values). In the order of preference, each sample goes if it is alike to
    one that has stayed; it is told of the most alike, of the best among equals.
    """
    np = numpy()
    close = pairs[pairs[:, 2] >= least]
    members, place = np.unique(close[:, :2], return_inverse=True)
    place = place.reshape(-1, 2)
    order = np.lexsort((members, ranks_of(found, members))) if len(members) else members
    position = np.zeros(len(members), np.int64)
    position[order] = np.arange(len(members))
    better, worse = position[place].T if len(place) else np.zeros((2, 0), np.int64)
    better, worse = np.minimum(better, worse), np.maximum(better, worse)
    stays = bytearray(b"\1") * len(members)
    drops: list[tuple[int, int]] = []
    for edge in np.lexsort((better, -close[:, 2], worse)).tolist():
        if stays[worse[edge]] and stays[better[edge]]:
            stays[worse[edge]] = 0
            drops.append((members[order[better[edge]]], members[order[worse[edge]]]))
    return _by_second(np.array(drops, np.int64).reshape(-1, 2))


def clusters(found: Sequence[Block], pairs: Any, gone: Any) -> Any:
    """`[samples, 2]` of samples that stay and have relatives that stay: the one whose name comes first in the cluster,
    and the sample, in rising order of the latter. `gone` are the sorted numbers of those that go.
    """
    np = numpy()
    members, place = np.unique(pairs[:, :2], return_inverse=True)
    roots = list(range(len(members)))
    for left, right in place.reshape(-1, 2).tolist():
        left, right = _root(roots, left), _root(roots, right)
        if left != right:
            roots[max(left, right)] = min(left, right)
    stays = ~np.isin(members, gone)
    groups: dict[int, list[int]] = {}
    for member in np.flatnonzero(stays).tolist():
        groups.setdefault(_root(roots, member), []).append(member)
    groups = {root: group for root, group in groups.items() if len(group) > 1}
    every = sorted(member for group in groups.values() for member in group)
    names = dict(zip(every, called(found, members[every]), strict=True)) if every else {}
    told: list[tuple[int, int]] = []
    for group in groups.values():
        first = min(group, key=lambda member: (names[member], member))
        told += [(members[first], members[member]) for member in group]
    return _by_second(np.array(told, np.int64).reshape(-1, 2))


def called(found: Sequence[Block], numbers: Any) -> list[str]:
    """`source/id` of samples, by their numbers."""
    names = [""] * len(numbers)
    for block, places in spread(found, numbers):
        wanted = (numbers[places] - block.first).tolist()
        for place, name in zip(places.tolist(), block.names(wanted), strict=True):
            names[place] = name
    return names


def _root(roots: list[int], member: int) -> int:
    while roots[member] != member:
        roots[member] = roots[roots[member]]
        member = roots[member]
    return member


def _by_second(rows: Any) -> Any:
    return rows[numpy().argsort(rows[:, 1], kind="stable")]
