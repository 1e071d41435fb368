"""`python -m tests.fuzz [target ...] [--seconds 20] [--plain]`: fuzz each target, with atheris where it is installed.

Exits with 1 when a promise was broken and prints the smallest input in hex; `python -m tests.fuzz screen --replay HEX`
runs it again.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

_SLOW = 10  # seconds one input may take before libFuzzer calls it a hang; the report names the slowest anyway


def main() -> int:
    """Run the targets one after the other; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("target", nargs="*", help="which to run (default: all)")
    parser.add_argument("--seconds", type=float, default=float(os.environ.get("FUZZ_SECONDS", "20")), help="for each")
    parser.add_argument("--seed", type=int, default=None, help="of the mutations (default: the time)")
    parser.add_argument("--plain", action="store_true", help="do without atheris")
    parser.add_argument("--long", action="store_true", help="time seeds and words repeated to the longest text instead")
    parser.add_argument("--replay", metavar="HEX", help="run one input instead")
    parser.add_argument("--child", metavar="FOLDER", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    seed = int(time.time()) if asked.seed is None else asked.seed
    if asked.child:
        _with_atheris(asked.target[0], asked.seconds, seed, Path(asked.child))
        return 0
    targets = import_module("tests.fuzz.targets")
    targets.warm()
    wanted = asked.target or list(targets.TARGETS)
    if unknown := [name for name in wanted if name not in targets.TARGETS]:
        parser.error(f"no target {unknown[0]}; there are {', '.join(targets.TARGETS)}")
    if asked.replay is not None:
        targets.TARGETS[wanted[0]](bytes.fromhex(asked.replay))
        return 0
    if asked.long:
        for name in wanted:
            _at_length(targets, name, asked.seconds)
        return 0
    plain = asked.plain or find_spec("atheris") is None
    _say(f"driver: {'plain mutations (pip install atheris for coverage)' if plain else 'atheris'}; seed {seed}")
    run = _plainly if plain else _in_child
    return int(any([run(targets, name, asked.seconds, seed) for name in wanted]))


def _at_length(targets: ModuleType, name: str, seconds: float) -> None:
    """Say which text of the greatest length takes longest, and how long half of it takes: a half where time is
    linear."""
    seeds = import_module("tests.fuzz.seeds")
    parts = list(dict.fromkeys(part.decode("utf-8", "replace") for part in (*seeds.words(), *seeds.seeds())))
    slowest, end = _Slowest(targets.TARGETS[name]), time.monotonic() + seconds
    random.Random(0).shuffle(parts)
    tried = 0
    for part in parts:
        if time.monotonic() > end:
            break
        tried += 1
        slowest((part * targets.LONGEST)[: targets.LONGEST].encode())
    text = slowest.worst.decode()
    whole, half = (slowest.again(text[:size].encode()) * 1000 for size in (len(text), len(text) // 2))
    times = f"slowest {whole:.1f} ms, half of it {half:.1f} ms: {text[:20]!r}"
    _say(f"{name}: {tried} texts of {targets.LONGEST} characters, {times}")


def _plainly(targets: ModuleType, name: str, seconds: float, seed: int) -> bool:
    """Whether the target broke under plain mutations."""
    mutate, seeds = import_module("tests.fuzz.mutate"), import_module("tests.fuzz.seeds")
    slowest = _Slowest(targets.TARGETS[name])
    ran, broken = mutate.drive(slowest, mutate.mutations(seeds.seeds(), seeds.words(), seed), seconds)
    _say(f"{name}: {ran} inputs, slowest {slowest.told()}")
    if broken is not None:
        _say(f"{name} BROKE: {broken.fault}\n  smallest input, hex: {broken.data.hex()}")
    return broken is not None


def _in_child(targets: ModuleType, name: str, seconds: float, seed: int) -> bool:
    """Whether the target broke under atheris, which ends the process it runs in."""
    with tempfile.TemporaryDirectory(prefix="anxin-fuzz-") as folder:
        line = [sys.executable, "-m", "tests.fuzz", name, "--child", folder, "--seconds", str(seconds)]
        done = subprocess.run([*line, "--seed", str(seed)], capture_output=True, text=True, errors="replace")
        last = [line for line in done.stderr.splitlines() if line.startswith(("#", "Done"))][-2:]
        times = Path(folder, "slowest")
        _say(f"{name}: {'; '.join(last)}, slowest {times.read_text('utf-8') if times.exists() else 'unknown'}")
        found = sorted(Path(folder).glob("found-*"), key=lambda path: path.stat().st_size)
        if done.returncode == 0 and not found:
            return False
        _say(done.stderr[-3_000:])
        shrink = import_module("tests.fuzz.mutate").smallest
        for path in found[:1]:
            # A hang is not made smaller: each try would hang as long.
            data = path.read_bytes()
            data = data if "timeout" in path.name else shrink(targets.TARGETS[name], data)
            _say(f"{name} BROKE; smallest input, hex: {data.hex()}")
        return True


def _with_atheris(name: str, seconds: float, seed: int, folder: Path) -> None:
    """Fuzz in this process, which atheris then ends."""
    atheris = import_module("atheris")
    with atheris.instrument_imports(include=["anxin"]):
        targets = import_module("tests.fuzz.targets")
    targets.warm()
    seeds = import_module("tests.fuzz.seeds")
    corpus = folder / "corpus"
    corpus.mkdir()
    for place, data in enumerate(seeds.seeds()):
        (corpus / f"{place:04}").write_bytes(data)
    quoted = ['"' + "".join(f"\\x{byte:02x}" for byte in word) + '"' for word in seeds.words()]
    (folder / "words").write_text("\n".join(quoted), "ascii")
    slowest = _Slowest(targets.TARGETS[name])
    end = time.monotonic() + seconds

    def one(data: bytes) -> None:
        slowest(data)
        if time.monotonic() > end and not (folder / "slowest").exists():
            (folder / "slowest").write_text(slowest.told(), "utf-8")

    line = [f"-max_total_time={int(seconds) + 1}", f"-timeout={_SLOW}", f"-seed={seed % 2**31}", "-max_len=12000"]
    line += [f"-dict={folder / 'words'}", f"-artifact_prefix={folder / 'found-'}", "-rss_limit_mb=4096"]
    atheris.Setup([sys.argv[0], *line, str(corpus)], one)
    atheris.Fuzz()


class _Slowest:
    """A target that remembers which input took longest. Reported, never a failure: machines differ."""

    def __init__(self, target: Callable[[bytes], None]) -> None:
        self._target = target
        self._worst = (0.0, b"")

    def __call__(self, data: bytes) -> None:
        began = time.perf_counter()
        self._target(data)
        self._worst = max(self._worst, (time.perf_counter() - began, data), key=lambda pair: pair[0])

    @property
    def worst(self) -> bytes:
        return self._worst[1]

    def again(self, data: bytes) -> float:
        """Seconds for an input, the best of three."""
        taken = []
        for _ in range(3):
            began = time.perf_counter()
            self._target(data)
            taken.append(time.perf_counter() - began)
        return min(taken)

    def told(self) -> str:
        """The slowest input and its best time of three more: the machine has other work, too."""
        taken, data = self._worst
        return f"{taken * 1000:.1f} ms, {self.again(data) * 1000:.1f} again, for {len(data)} bytes: {data[:200].hex()}"


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
