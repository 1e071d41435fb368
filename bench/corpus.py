"""Does the memory of a corpus run grow with the corpus? The same recipe over made text of several sizes.

    python bench/corpus.py --sizes 200 2000 --folder SOME_FOLDER

Every size is read, taken through steps, deduplicated, split and mixed, by `anxin corpus run` in a process of its own
with `--jobs` workers. Printed for each: megabytes of text, seconds, the peak resident memory of the main process and of
the whole family (a worker's shared pages count once for each), and by stage its seconds.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil
from dedup import make

RECIPE = """
name = "memory"
[[sources]]
name = "made"
path = "."
reader = "documents"
licence = "our own"
[[stages]]
name = "steps"
steps = ["spacing", "length"]
[[stages]]
name = "dedup"
do = "dedup"
[[stages]]
name = "split"
steps = [{step = "split", test = 0.01}]
[[stages]]
name = "mix"
do = "mix"
parts = [{of = "split", ratio = 1}]
"""


def watched(command: list[str]) -> tuple[list[dict[str, object]], float, float, float]:
    """Run it; its JSON lines, seconds, and peak MB of the process alone and with its children."""
    began = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    peak = [0.0, 0.0]

    def look() -> None:
        main = psutil.Process(process.pid)
        while process.poll() is None:
            try:
                own = main.memory_info().rss
                family = own + sum(child.memory_info().rss for child in main.children(recursive=True))
            except psutil.Error:
                continue
            peak[0], peak[1] = max(peak[0], own), max(peak[1], family)
            time.sleep(0.1)

    watcher = threading.Thread(target=look)
    watcher.start()
    out, _ = process.communicate()
    watcher.join()
    if process.returncode:
        sys.exit(process.returncode)
    return [json.loads(line) for line in out.splitlines()], time.monotonic() - began, peak[0] / 1e6, peak[1] / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[50, 200], help="MB of text")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--folder", type=Path, help="keep the made text here, and use what is there")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as scratch:
        recipe = Path(scratch) / "memory.toml"
        recipe.write_text(RECIPE, encoding="utf-8")
        for size in options.sizes:
            data = (options.folder or Path(scratch)) / f"made-{size}"
            if not data.is_dir():
                data.mkdir(parents=True)
                make(data, size)
            command = [sys.executable, "-m", "anxin", "corpus", "run", str(recipe), "--json"]
            command += ["--data", str(data), "--out", f"{scratch}/out-{size}", "--jobs", str(options.jobs)]
            stages, seconds, alone, family = watched(command)
            each = ", ".join(f"{stage['stage']} {stage['seconds']} s" for stage in stages)
            print(f"{size} MB: {seconds:.0f} s, peak {alone:.0f} MB alone, {family:.0f} MB with workers; {each}")


if __name__ == "__main__":
    main()
