"""A streaming matcher for the guard: all phrases in one automaton, one folded character at a time.

It remembers for every live partial match where it began, so that the guard holds back that much and no more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from anxin.safety.pattern import Gap, Node

__all__ = ["Machine", "build"]

# No gap runs over the end of a sentence, nor over a Chinese negator, which would turn the phrase's meaning.
_BREAKS = frozenset(".!?\n;。！？；不没别无非")


@dataclass(frozen=True, slots=True)
class Machine:
    """States are numbers; 0 is the start. `gaps` are states that may also take any character inside a clause."""

    steps: tuple[Mapping[str, tuple[int, ...]], ...]
    gaps: tuple[tuple[int, ...], ...]
    accepts: tuple[int, ...]  # the rule that a state completes, or -1
    first: frozenset[str]

    def advance(self, live: Mapping[int, int], char: str, place: int, *, starts: bool) -> dict[int, int]:
        """Live states after one more character, each with the earliest place its match began."""
        after: dict[int, int] = {}
        inside = char not in _BREAKS
        for state, began in live.items():
            for new in self.steps[state].get(char, ()):
                if after.get(new, began + 1) > began:
                    after[new] = began
            if inside:
                for new in self.gaps[state]:
                    if after.get(new, began + 1) > began:
                        after[new] = began
        if starts and char in self.first:
            for new in self.steps[0][char]:
                if after.get(new, place + 1) > place:
                    after[new] = place
        return after


class _Builder:
    def __init__(self) -> None:
        self.steps: list[dict[str, list[int]]] = [{}]
        self.gaps: list[list[int]] = [[]]
        self.accepts: list[int] = [-1]
        # Shared prefixes: without them a common first character would start hundreds of matches.
        self.shared: dict[tuple[int, str], int] = {}
        self.plain: set[int] = {0}

    def state(self) -> int:
        self.steps.append({})
        self.gaps.append([])
        self.accepts.append(-1)
        return len(self.steps) - 1

    def add(self, nodes: tuple[Node, ...], froms: set[int]) -> set[int]:
        """Lay a sequence after the given states; the states in which it may end."""
        for node in nodes:
            if isinstance(node, str):
                for char in node:
                    froms = {self._literal(froms, char)}
            elif isinstance(node, Gap):
                froms = self._gap(froms, node.most)
            else:
                froms = {end for choice in node.choices for end in self.add(choice, froms)}
        return froms

    def _literal(self, froms: set[int], char: str) -> int:
        only = next(iter(froms)) if len(froms) == 1 else -1
        if only in self.plain:
            known = self.shared.get((only, char))
            if known is not None:
                return known
        new = self.state()
        if only in self.plain:
            self.shared[only, char] = new
            self.plain.add(new)
        for state in froms:
            self.steps[state].setdefault(char, []).append(new)
        return new

    def _gap(self, froms: set[int], most: int) -> set[int]:
        ends = set(froms)
        last = froms
        for _ in range(most):
            new = self.state()
            for state in last:
                self.gaps[state].append(new)
            last = {new}
            ends.add(new)
        return ends


def build(phrases: Iterable[tuple[tuple[Node, ...], int]]) -> Machine:
    """One automaton of all phrases, each with the number of its rule."""
    builder = _Builder()
    for nodes, rule in phrases:
        for end in builder.add(nodes, {0}):
            if end == 0:
                raise ValueError("a phrase that matches nothing would match everywhere")
            builder.accepts[end] = rule
    if builder.gaps[0]:
        raise ValueError("a phrase may not begin with a gap")
    steps = tuple({char: tuple(new) for char, new in step.items()} for step in builder.steps)
    return Machine(steps, tuple(map(tuple, builder.gaps)), tuple(builder.accepts), frozenset(steps[0]))
