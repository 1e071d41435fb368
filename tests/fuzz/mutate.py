"""A plain driver: seeds, cut, joined and sprinkled at random. It sees no coverage; it runs wherever Python does."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

__all__ = ["Broken", "drive", "mutations", "smallest"]

_MOST_BYTES: Final = 12_000
_STEPS_TO_SHRINK: Final = 2_000


@dataclass(frozen=True, slots=True)
class Broken:
    """An input that a target did not survive, made small, and what it raised."""

    data: bytes
    fault: str


def mutations(seeds: Sequence[bytes], words: Sequence[bytes], seed: int) -> Iterator[bytes]:
    """The seeds themselves, then their mutations without end; the same for the same `seed`."""
    yield from seeds
    dice = random.Random(seed)
    while True:
        data = bytearray(dice.choice(seeds))
        for _ in range(dice.randrange(1, 6)):
            at = dice.randrange(len(data) + 1)
            to = dice.randrange(at, min(len(data), at + 24) + 1)
            match dice.randrange(7):
                case 0:
                    data[at:at] = dice.choice(words)
                case 1:
                    data[at:to] = b""
                case 2:
                    data[at:at] = data[at:to] * dice.randrange(2, 40)
                case 3:
                    data[at:to] = dice.randbytes(dice.randrange(1, 6))
                case 4:
                    data[at:at] = chr(dice.randrange(0x110000)).encode("utf-8", "surrogatepass")
                case 5:
                    data += dice.choice(seeds)
                case _:
                    other = dice.choice(seeds)
                    data[at:] = other[dice.randrange(len(other) + 1) :]
        yield bytes(data[:_MOST_BYTES])


def drive(
    target: Callable[[bytes], None], inputs: Iterator[bytes], seconds: float, most: int | None = None
) -> tuple[int, Broken | None]:
    """Run inputs through a target until the time or `most` of them is over; how many ran, and the first that broke."""
    end, ran = time.monotonic() + seconds, 0
    for data in inputs:
        if time.monotonic() > end or ran == most:
            break
        ran += 1
        if fault := _fault(target, data):
            return ran, Broken(smallest(target, data), fault)
    return ran, None


def smallest(target: Callable[[bytes], None], data: bytes) -> bytes:
    """The input without whatever it breaks without, in ever smaller parts (delta debugging, Zeller 2002)."""
    size, left = max(1, len(data) // 2), _STEPS_TO_SHRINK
    while left > 0:
        at, shrunk = 0, False
        while at < len(data) and left > 0:
            less = data[:at] + data[at + size :]
            left -= 1
            if _fault(target, less):
                data, shrunk = less, True
            else:
                at += size
        if size == 1 and not shrunk:
            break
        size = max(1, size // 2)
    return data


def _fault(target: Callable[[bytes], None], data: bytes) -> str:
    try:
        target(data)
    except Exception as fault:  # any of them is a find
        return f"{type(fault).__name__}: {str(fault)[:300]}"
    return ""
