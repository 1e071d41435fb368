"""A linear tagger over units: which units begin, continue, end or are a name, a school, a hospital, a workplace or an
address.

    score(unit, tag) = bias(tag) + sum over the templates of weight(template's values around the unit, tag)

The tags of a run of units are the best legal sequence (Viterbi 1967) where the scores leave more than one open. The
features are conjunctions of a few fields of neighbouring units (`units.py`), hashed (Weinberger et al. 2009, "Feature
hashing"). Trained by `anxin train recipes/personal/personal.toml` on the authored development text of bench/personal,
multiplied by putting other invented names and places in, and on public dialogue as text that holds (nearly) none.
"""

from __future__ import annotations

import base64
import json
import math
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
import numpy.typing as npt

from anxin.corpus.personal.span import TAGGED, Found
from anxin.corpus.personal.units import Marks, Units, read_units
from anxin.errors import ConfigError

__all__ = ["BITS", "FORMAT", "LEAN", "TAGS", "TEMPLATES", "Tagger", "hashed", "pack", "tagger"]

FORMAT = 1
BITS = 22
LEAN = 1.5  # nats; chosen on authors the tagger had not learned from (bench/personal.py --folds)
# Beyond that for kinds that were found too seldom and hardly ever wrongly there.
_MORE = {"address": 2.5, "school": 1.5, "hospital": 1.5, "account": 1.0}
_FILE = "tagger.model"
_MAYBE = 1.3  # nats; of the units that are given a tag on authored text about one in 1,000 stays below
_FLAT = np.float32(-30)
_CHUNK = 2048  # units scored at once: what fits the processor's cache
_OPEN = 3.0  # nats below "outside" up to which a tag may still be chosen for the sake of its neighbours
_NEVER = np.float32(-1e9)
TAGS = ("O", *(f"{place}-{kind}" for kind in TAGGED for place in "BIES"))

# A template is the fields of neighbouring units that are looked at together.
TEMPLATES: tuple[tuple[tuple[str, int], ...], ...] = tuple(
    tuple((piece[0], int(piece[1:])) for piece in line.split())
    for line in """
w-3|w-2|w-1|w0|w1|w2|w3|w-2 w-1|w-1 w0|w0 w1|w1 w2|w2 w3|w-3 w-2 w-1|w-2 w-1 w0|w-1 w0 w1|w0 w1 w2|w1 w2 w3
g0|g-1 g0|g0 g1|g-1 g0 g1|g0 g1 g2|g-2 g-1 g0|g0 w-1|g0 g1 w-1|g0 g1 w2|g-1 g0 w1|g-1 g0 w-2|g0 g1 w-1 w2
g-2 g-1 g0 w-3|g-2 g-1 g0 w1|g0 g1 g2 w-1|g0 g1 g2 w3|g-1 g0 w-2 w1|g0 g1 g2 f0 f1
f-1 f0|f-1 f0 f1|g0 f-1 f0|g0 g1 f-1 f0 f1|g-1 g0 f-1 f0|t0 t-1|t-2 t-1 t0|t0 f0 g0 g1|f-2 f-1 f0 f1
p-3|p-2|p-1|p0|p1|p2|p3|p-1 p0|p0 p1|p-1 p0 p1|p-2 p-1|p1 p2|p-1 g0 g1|g0 g1 p2|g-1 g0 p1|g-1 g0 p-2|g0 g1 g2 p3 p-1
p-1 g0 g1 f0 p2|p-2 g-1 g0 f-1 p1|p-3 g-2 g-1 g0 p1
s-1 s0 s1|s-2 s-1 s0|s0 s1 s2|s0 g0 w-1|s0 g0 w1|s0 g0 f0 s-1|s0 g0 s1 g1|s-1 g-1 s0 g0
s0 l0|s-2 s-1 s0 s1 s2|s0 g0 g-1|s0 g0 g1
a0|a-1 a0|a0 w-1|a0 w-2 w-1|a0 g0|a0 p0|a0 p-1|a0 f-1 f0|a0 s0 s-1|a0 p-1 p0|a0 s0 g0 w-1|a0 w0|a0 p-2 p-1
r0|r-1 r0 r1|r0 g0 f0|r0 p0|r0 r1|r-1 r0
""".replace("\n", "|")
    .strip("|")
    .split("|")
)
_FIRST = range(0, len(TEMPLATES), 3)  # what is looked at first, everywhere
_SHORT = {
    "w": "word",
    "s": "shape",
    "g": "lists",
    "p": "phrase",
    "f": "common",
    "t": "triple",
    "a": "ahead",
    "r": "rule",
}
_SHORT |= {"l": "tail"}
_ODD = np.uint32(0x9E3779B1)


def hashed(
    units: Units, chosen: npt.NDArray[np.int64], columns: Sequence[int] = range(len(TEMPLATES))
) -> npt.NDArray[np.int32]:
    """The feature numbers of the chosen units: one row a template of `columns`, one column a unit."""
    out = np.empty((len(columns), len(chosen)), np.int32)
    for low in range(0, len(chosen), _CHUNK):
        _hash_some(units, chosen[low : low + _CHUNK], columns, out[:, low : low + _CHUNK])
    return out


def _hash_some(units: Units, chosen: npt.NDArray[np.int64], columns: Sequence[int], out: npt.NDArray[np.int32]) -> None:
    taken: dict[tuple[str, int], Marks] = {}
    mixed, moved = np.empty(len(chosen), np.uint32), np.empty(len(chosen), np.uint32)
    for row, column in enumerate(columns):
        mixed.fill((column + 1) * 0x27D4EB2F % 2**32)
        for place in TEMPLATES[column]:
            values = taken.get(place)
            if values is None:
                values = taken[place] = units.fields[_SHORT[place[0]]][chosen + place[1]]
            np.bitwise_xor(mixed, values, out=mixed)
            np.multiply(mixed, _ODD, out=mixed)
            np.right_shift(mixed, _HALF, out=moved)
            np.bitwise_xor(mixed, moved, out=mixed)
        np.multiply(mixed, _LAST, out=mixed)
        np.right_shift(mixed, _DOWN, out=mixed)
        out[row] = mixed


_HALF, _LAST, _DOWN = np.uint32(15), np.uint32(0x85EBCA6B), np.uint32(32 - BITS)


@dataclass(frozen=True, slots=True)
class Tagger:
    """The model: `place` finds a feature's row in `weights` (signed bytes in units of `scale`; row 0 is zero), `counts`
    and `small` are how common pairs and triples of characters and small Latin words are in ordinary dialogue."""

    place: npt.NDArray[np.int32]
    weights: npt.NDArray[np.int8]
    scale: float
    bias: npt.NDArray[np.float32]
    counts: npt.NDArray[np.uint8]
    small: Mapping[str, int]
    most: npt.NDArray[np.int8]  # what each feature can at most speak for any tag against none, in twice the scale

    @classmethod
    def read(cls, raw: bytes) -> Tagger:
        """From the bytes of a model file. Raises `ConfigError` where they are not one."""
        try:
            return cls._of(json.loads(zlib.decompress(raw)))
        except (zlib.error, ValueError, KeyError, TypeError) as error:
            fault = type(error).__name__
            raise ConfigError(f"the tagger's file of personal data is damaged ({fault}); reinstall anxin") from error

    @classmethod
    def _of(cls, raw: Mapping[str, Any]) -> Tagger:
        if raw["format"] != FORMAT or tuple(raw["tags"]) != TAGS or raw["templates"] != len(TEMPLATES):
            raise ValueError("another format")
        rows = _numbers(raw["features"])
        weights = np.frombuffer(base64.b64decode(raw["weights"]), np.int8).reshape(len(TAGS), len(rows)).T
        place = np.zeros(1 << BITS, np.int32)
        place[rows] = np.arange(1, len(rows) + 1)
        counts = np.zeros(1 << 20, np.uint8)
        counts[_numbers(raw["common"])] = np.frombuffer(base64.b64decode(raw["commonness"]), np.uint8)
        bias = np.array(raw["bias"], np.float32)
        if bias.shape != (len(TAGS),) or not np.isfinite(bias).all() or not math.isfinite(raw["scale"]):
            raise ValueError("numbers are missing")
        table = np.ascontiguousarray(np.concatenate([np.zeros((1, len(TAGS)), np.int8), weights]))
        small = {word: int(common) for word, common in zip(raw["words"].split(), raw["wordiness"], strict=True)}
        scale = float(raw["scale"])
        most = np.zeros(1 << BITS, np.int8)
        best = (table[1:, 1:].max(1).astype(np.int16) - table[1:, 0]) // 2
        most[rows] = np.clip(best, -127, 127)
        return cls(place, table, scale, bias, counts, small, most)

    def find(self, texts: Sequence[str], rules: Sequence[Sequence[Found]], lean: float = LEAN) -> list[list[Found]]:
        """Names, institutions and addresses in each of the plain texts of one conversation. `rules` is what the rules
        found in each, a hint among others. `lean`: how much likelier than it seems a unit is taken to be personal (in
        nats); the higher the more is found, and the more is found wrongly."""
        if not texts:
            return []
        units = read_units(texts, rules, self.counts, self.small)
        chosen = np.flatnonzero(units.text_of >= 0)
        found: list[list[Found]] = [[] for _ in texts]
        for low in range(0, len(chosen), _CHUNK):
            # A chunk begins and ends inside ordinary text or not; the few units of overlap make it no matter.
            some = chosen[low : low + _CHUNK]
            scores = self.scores(units, some)
            scores[:, 0] -= lean
            scores[:, 1:] += _more()
            self._decode(units, some, scores, found)
        return found

    def scores(self, units: Units, chosen: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        """One row of scores, by tag, for each of the chosen units. Where the first templates speak for no tag even at
        their best, which is nearly everywhere in ordinary text, the others are not looked at and the rows stay flat."""
        likely = np.zeros(len(chosen), np.int32)
        for row in hashed(units, chosen, _FIRST):
            likely += self.most[row]
        near = likely > _MAYBE / (2 * self.scale)
        near[1:-1] |= near[:-2] & near[2:]
        some = np.flatnonzero(near)
        out = np.full((len(chosen), len(TAGS)), _FLAT, np.float32)
        out[:, 0] = 0
        for low in range(0, len(some), _CHUNK):
            part = some[low : low + _CHUNK]
            rows = self.place[hashed(units, chosen[part])]
            out[part] = self.weights[rows].sum(0, dtype=np.int32) * np.float32(self.scale) + self.bias
        return out

    def _decode(
        self,
        units: Units,
        chosen: npt.NDArray[np.int64],
        scores: npt.NDArray[np.float32],
        found: list[list[Found]],
    ) -> None:
        open_ = scores[:, 1:].max(1) > scores[:, 0] - _OPEN
        open_[1:] |= open_[:-1].copy()
        open_[:-1] |= open_[1:].copy()
        places = np.flatnonzero(open_)
        if not len(places):
            return
        of = units.text_of[chosen]
        for run in np.split(places, np.flatnonzero((np.diff(places) > 1) | (np.diff(of[places]) != 0)) + 1):
            start = 0
            for place, tag in zip(run, _best(scores[run]), strict=True):
                kind, part = divmod(tag - 1, 4)
                if tag and part in (0, 3):
                    start = int(place)
                if tag and part in (2, 3):
                    rows = scores[start : place + 1]
                    sure = float((rows[:, 1:].max(1) - rows[:, 0]).mean())
                    found[of[place]].append(
                        Found(
                            int(units.starts[chosen[start]]),
                            int(units.ends[chosen[place]]),
                            TAGGED[kind],
                            3 + max(-2.0, min(2.0, sure / 5)),
                        )
                    )


def _best(scores: npt.NDArray[np.float32]) -> list[int]:
    """The best legal tags of a run that begins and ends outside any span."""
    before, bar, fresh, done = _legal()
    every = np.arange(len(TAGS))
    came = np.zeros(scores.shape, np.int64)
    best = np.where(fresh, scores[0], _NEVER)
    for place in range(1, len(scores)):
        options = best[before] + bar
        pick = options.argmax(1)
        came[place] = before[every, pick]
        best = options[every, pick] + scores[place]
    tag = int(np.where(done, best, _NEVER).argmax())
    tags = [tag]
    for place in range(len(scores) - 1, 0, -1):
        tag = int(came[place, tag])
        tags.append(tag)
    return tags[::-1]


@cache
def _more() -> npt.NDArray[np.float32]:
    return np.array([_MORE.get(tag[2:], 0.0) for tag in TAGS[1:]], np.float32)


_Legal = tuple[npt.NDArray[np.int64], npt.NDArray[np.float32], npt.NDArray[np.bool_], npt.NDArray[np.bool_]]


@cache
def _legal() -> _Legal:
    """The tags that may stand before each, padded, with a bar on the padding; which may begin and end a run. What is
    begun is continued and ended as the same kind."""
    place = np.array([-1, *(number % 4 for number in range(len(TAGS) - 1))])
    fresh, done = np.isin(place, (-1, 0, 3)), np.isin(place, (-1, 2, 3))
    before = np.zeros((len(TAGS), int(done.sum())), np.int64)
    bar = np.full(before.shape, _NEVER, np.float32)
    for tag in range(len(TAGS)):
        first = tag - place[tag]
        may = np.flatnonzero(done) if fresh[tag] else np.array([first, first + 1])
        before[tag, : len(may)] = may
        bar[tag, : len(may)] = 0
    return before, bar, fresh, done


def _numbers(text: str) -> npt.NDArray[np.int64]:
    """Rising numbers, kept as the steps between them: seven bits a byte, the eighth says that more follow."""
    raw = np.frombuffer(base64.b64decode(text), np.uint8)
    last = np.flatnonzero(raw < 128)
    first = np.concatenate([[0], last[:-1] + 1])
    steps = np.zeros(len(last), np.int64)
    for back in range(4):
        at = first + back
        inside = at <= last
        steps[inside] |= (raw[at[inside]].astype(np.int64) & 127) << (7 * back)
    return np.cumsum(steps)


def _steps(numbers: npt.NDArray[np.int64]) -> str:
    out = bytearray()
    for step in np.diff(numbers, prepend=0).tolist():
        while step >= 128:
            out.append(step & 127 | 128)
            step >>= 7
        out.append(step)
    return base64.b64encode(bytes(out)).decode()


def pack(
    features: npt.NDArray[np.int64],
    weights: npt.NDArray[np.float32],
    bias: npt.NDArray[np.float32],
    counts: npt.NDArray[np.uint8],
    small: Mapping[str, int],
) -> bytes:
    """A model file: rising feature numbers with a row of weights each, and the tables of common pairs and words."""
    scale = float(np.abs(weights).max()) / 127
    common = np.flatnonzero(counts)
    record = {
        "format": FORMAT,
        "tags": TAGS,
        "templates": len(TEMPLATES),
        "features": _steps(features),
        "weights": base64.b64encode(np.rint(weights / scale).astype(np.int8).T.tobytes()).decode(),
        "scale": scale,
        "bias": [round(float(one), 4) for one in bias],
        "common": _steps(common),
        "commonness": base64.b64encode(counts[common].tobytes()).decode(),
        "words": " ".join(small),
        "wordiness": "".join(map(str, small.values())),
    }
    return zlib.compress(json.dumps(record, separators=(",", ":")).encode(), 9)


@cache
def tagger() -> Tagger:
    """The shipped model, read once. Raises `ConfigError` or `OSError` when its file is damaged or missing."""
    return Tagger.read(resources.files("anxin.corpus.personal").joinpath(_FILE).read_bytes())
