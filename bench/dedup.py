"""Deduplication measured: `python bench/dedup.py --size 200` makes a corpus and prints a JSON line and a table.

The corpus is generated Chinese from a seed, `--size` MB of JSON lines in files of 20 MB: documents of 60 to 2,400
characters made of a vocabulary of 6,000 two-character words of falling frequency. A tenth of the documents has a
planted near duplicate in the next file, with 1 % of its characters (at least one) replaced. Each tool runs alone in a
process of its own, one thread, on the same files:

- ours: `anxin.corpus.dedup` from these files to finished shards, without and with clusters
- datasketch (`pip install datasketch`): the same folded text, the same five-character shingles, 112 values, bands of
  14 x 8, confirmed at .75, kept documents written as JSON lines; as it comes, and with its fastest scheme and hash
- datatrove (`pip install datatrove orjson "xxhash<4"`): its reader and MinHash signatures only, characters as tokens

Reported: processor seconds (children included), wall seconds, MB/s per core, peak memory of the largest process, recall
(planted pairs of which one is dropped) and false (documents dropped that have no planted twin). Two things count for
the ratios, both in processor seconds: ours from file to file against datasketch's, our signatures against datatrove's.

`--ours` leaves the others out: `--size 2000 --ours` shows that memory does not grow with the corpus. `--folder` keeps
the corpus.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

_FILE_MB = 20
_CHARACTERS = (
    "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事成"
    "方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实日军者意无力它与长把机十民第公此已"
    "工使情明性知全三又关点正业外将两高间由问很最重并物手应战向头文体政美相见被利什二等产或新己制身果加西斯月话合回特代内"
    "信表化老给世位次度门任常先海通教儿原东声提立及比员解水名真论处走义各入几口认条平系气题活尔更别打女变四神总何电数安少"
    "报才结反受目太量再感建务做接必场件计管期市直德资命山金指克许统区保至队形社便空决治展马科司五基眼书非则听白却界达光放"
)


def make(folder: Path, megabytes: int, seed: int = 7) -> dict[str, str]:
    """Write the corpus; the planted documents' ids with their originals'."""
    rng = random.Random(seed)
    words = ["".join(rng.choices(_CHARACTERS, k=2)) for _ in range(6000)]
    weights, total = [], 0.0
    for place in range(len(words)):
        total += 1 / (place + 30) ** 0.7
        weights.append(total)
    planted: dict[str, str] = {}
    waiting: list[tuple[str, str]] = []
    number = 0
    files = max(2, megabytes // _FILE_MB)
    for place in range(files):
        batch, size, here = waiting, sum(3 * len(text) for _, text in waiting), []
        while size < megabytes * 1_000_000 / files:
            length = min(1200, max(30, int(rng.lognormvariate(5.9, 0.6))))
            chosen = rng.choices(words, cum_weights=weights, k=length)
            for spot in range(rng.randint(5, 12), length, rng.randint(8, 14)):
                chosen[spot] += "。" if spot % 3 == 0 else "，"
            text = "".join(chosen)
            batch.append((f"d{number}", text))
            size += 3 * len(text) + 40
            if rng.random() < 0.1:
                here.append((f"d{number}", text))
            number += 1
        waiting = [_changed(id, text, rng) for id, text in here]
        planted |= {again: id for (again, _), (id, _) in zip(waiting, here, strict=True)}
        if place == files - 1:
            batch += waiting
        rng.shuffle(batch)
        with (folder / f"part-{place:03d}.jsonl").open("w", encoding="utf-8") as file:
            for id, text in batch:
                file.write(json.dumps({"id": id, "source": "made", "text": text}, ensure_ascii=False) + "\n")
    return planted


def _changed(id: str, text: str, rng: random.Random) -> tuple[str, str]:
    letters = list(text)
    for spot in rng.sample(range(len(letters)), max(1, round(len(letters) / 100))):
        letters[spot] = rng.choice(_CHARACTERS)
    return f"{id}-again", "".join(letters)


def ours(folder: Path, out: Path, cluster: float, jobs: int) -> dict[str, Any]:
    from anxin.corpus.dedup import Dedup, dedup
    from anxin.corpus.files import DROPPED, read_records, shards

    phases: dict[str, float] = {}
    then = time.process_time()

    def report(phase: str, done: int, of: int) -> None:
        nonlocal then
        phases[phase] = phases.get(phase, 0) + time.process_time() - then
        then = time.process_time()

    dedup(shards(folder), out, Dedup(cluster=cluster), jobs, report)
    dropped = [str(r["id"]) for path in shards(out / DROPPED) for _, r in read_records(path) if isinstance(r, dict)]
    return {"dropped": dropped, "phases": {phase: round(seconds, 2) for phase, seconds in phases.items()}}


def datasketch(folder: Path, out: Path, fast: bool) -> dict[str, Any]:
    import zlib

    from datasketch import MinHash, MinHashLSH

    from anxin.corpus.dedup.fold import fold

    kind: dict[str, Any] = {"hashfunc": zlib.crc32, "scheme": "affine32"} if fast else {}
    lsh = MinHashLSH(num_perm=112, params=(14, 8))
    held: dict[str, Any] = {}
    dropped: list[str] = []
    out.mkdir(parents=True)
    for path in sorted(folder.glob("*.jsonl")):
        with path.open(encoding="utf-8") as file, (out / path.name).open("w", encoding="utf-8") as kept:
            for line in file:
                record = json.loads(line)
                text = fold([record["text"]])[0].tobytes()  # four bytes a character
                minhash = MinHash(num_perm=112, **kind)
                minhash.update_batch({text[place : place + 20] for place in range(0, len(text) - 16, 4)})
                if any(minhash.jaccard(held[key]) >= 0.75 for key in lsh.query(minhash)):
                    dropped.append(record["id"])
                else:
                    lsh.insert(record["id"], minhash, check_duplication=False)
                    held[record["id"]] = minhash
                    kept.write(json.dumps(record, ensure_ascii=False) + "\n")
    return {"dropped": dropped}


def datatrove(folder: Path, out: Path) -> dict[str, Any]:
    from datatrove.pipeline.dedup import MinhashDedupSignature
    from datatrove.pipeline.dedup.minhash import MinhashConfig
    from datatrove.pipeline.readers import JsonlReader
    from datatrove.utils.word_tokenizers import WordTokenizer

    class Characters(WordTokenizer):
        def word_tokenize(self, text: str) -> list[str]:
            return [character for character in text if not character.isspace()]

        def sent_tokenize(self, text: str) -> list[str]:
            return [text]

        def span_tokenize(self, text: str) -> list[tuple[int, int]]:
            return [(place, place + 1) for place in range(len(text))]

    config = MinhashConfig(n_grams=5, num_buckets=14, hashes_per_bucket=8)
    signature = MinhashDedupSignature(str(out), config, language=Characters())  # type: ignore[arg-type]
    signature.run(JsonlReader(str(folder)).run(None, 0, 1), 0, 1)
    return {"dropped": None}


def measure(tool: str, folder: Path, jobs: int, planted: dict[str, str], megabytes: float) -> dict[str, Any] | str:
    """One tool in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="anxin-dedup-", dir=folder.parent) as place:
        result = Path(place) / "result.json"
        command = [sys.executable, __file__, "--one", tool, "--folder", str(folder), "--jobs", str(jobs), "--to", place]
        threads = {name: "1" for name in ("RAYON_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
        began = time.perf_counter()
        process = subprocess.Popen(command, env=os.environ | threads, stderr=subprocess.PIPE)
        assert process.stderr
        words = process.stderr.read().decode(errors="replace")
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode or not result.is_file():
            return f"did not run: {words.strip().splitlines()[-1][:160] if words.strip() else process.returncode}"
        found = json.loads(result.read_text())
    seconds = used.ru_utime + used.ru_stime
    row: dict[str, Any] = {
        "cpu_s": round(seconds, 2),
        "wall_s": round(wall, 2),
        "mb_s_core": round(megabytes / seconds, 2),
        "peak_mib": used.ru_maxrss >> 10,
    }
    if found["dropped"] is not None:
        dropped = set(found["dropped"])
        twins = set(planted) | set(planted.values())
        row["recall"] = round(sum(a in dropped or b in dropped for a, b in planted.items()) / len(planted), 5)
        row["false"] = sum(id not in twins for id in dropped)
    return row | ({"phases_cpu_s": found["phases"]} if "phases" in found else {})


def _one(tool: str, folder: Path, to: Path, jobs: int) -> None:
    run = {
        "ours": lambda: ours(folder, to / "out", 0, jobs),
        "ours, clusters": lambda: ours(folder, to / "out", 0.5, jobs),
        "datasketch": lambda: datasketch(folder, to / "out", False),
        "datasketch, fastest": lambda: datasketch(folder, to / "out", True),
        "datatrove signatures": lambda: datatrove(folder, to / "out"),
    }[tool]
    (to / "result.json").write_text(json.dumps(run()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=200, help="MB of text")
    parser.add_argument("--ours", action="store_true", help="leave the other tools out")
    parser.add_argument("--jobs", type=int, default=1, help="our worker processes")
    parser.add_argument("--folder", type=Path, help="keep the corpus here, and use the one that is there")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--to", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.one:
        _one(chosen.one, chosen.folder, chosen.to, chosen.jobs)
        return
    scratch = None if chosen.folder else Path(tempfile.mkdtemp(prefix="anxin-dedup-"))
    corpus = (chosen.folder or scratch / "corpus").resolve()
    corpus.mkdir(parents=True, exist_ok=True)
    known = corpus.with_name(corpus.name + ".planted.json")
    if not known.is_file():
        known.write_text(json.dumps(make(corpus, chosen.size)))
    planted = json.loads(known.read_text())
    megabytes = sum(path.stat().st_size for path in corpus.glob("*.jsonl")) / 1e6
    tools = ["ours", "ours, clusters"]
    if not chosen.ours:
        tools += [f"{name}{more}" for name, more in (("datasketch", ""), ("datasketch", ", fastest")) if _there(name)]
        tools += ["datatrove signatures"] if _there("datatrove") else []
    rows: dict[str, Any] = {}
    for tool in tools:
        rows[tool] = measure(tool, corpus, chosen.jobs, planted, megabytes)
        print(tool, rows[tool], file=sys.stderr, flush=True)
    print(json.dumps({"bench": "dedup", "mb": round(megabytes, 1), "planted": len(planted), "tools": rows}))
    print(f"\n{megabytes:.1f} MB, {len(planted)} planted\n")
    print("| tool | cpu s | wall s | MB/s/core | peak MiB | recall | false |\n|---|---|---|---|---|---|---|")
    keys = ("cpu_s", "wall_s", "mb_s_core", "peak_mib", "recall", "false")
    for tool, row in rows.items():
        cells = row if isinstance(row, str) else " | ".join(str(row.get(key, "-")) for key in keys)
        print(f"| {tool} | {cells} |")
    mine = rows["ours"]
    for tool in ("datasketch", "datasketch, fastest"):
        if isinstance(rows.get(tool), dict):
            print(f"\n{tool} / ours, file to file: {rows[tool]['cpu_s'] / mine['cpu_s']:.1f}x")
    if isinstance(rows.get("datatrove signatures"), dict):
        signed = mine["phases_cpu_s"]["signatures"]
        print(f"\ndatatrove signatures / our signatures: {rows['datatrove signatures']['cpu_s'] / signed:.1f}x")
    if scratch:
        shutil.rmtree(scratch)


def _there(package: str) -> bool:
    if importlib.util.find_spec(package):
        return True
    print(f"{package} is not installed and is left out: pip install {package}", file=sys.stderr)
    return False


if __name__ == "__main__":
    main()
