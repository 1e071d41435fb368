"""Executors: the same files as one machine's processes write, whoever does the work and however often it stops."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path

import pytest

from anxin.cli.corpus.scale import Asked
from anxin.corpus.files import Shard, Tally, shards
from anxin.corpus.recipe import load_recipe
from anxin.corpus.run import run
from anxin.corpus.sample import Result, Sample
from anxin.corpus.scale import Local
from anxin.corpus.scale.units import of, tasks
from anxin.corpus.stage import DONE, Steps, Workers, run_steps
from anxin.errors import ConfigError, DataError

RECIPE = """
name = "small"

[[stages]]
name = "clean"
steps = [{step = "clean", without = ["template"]}]

[[stages]]
name = "dedup"
do = "dedup"

[[stages]]
name = "split"
steps = [{step = "split", test = 0.2, valid = 0}]
"""
_SOURCE = '[[sources]]\nname = "{0}"\npath = "{0}.jsonl"\nreader = "documents"\nlicence = "our own"\n'
_WORDS = "清晨、河边、雨后、旧书、车站、窗台、邻居、橘子、操场、月亮、毛衣、信件、小路、面馆、晚风、台灯、地图"


def quiet(what: str, done: int, of: int) -> None:
    pass


@pytest.fixture
def work(tmp_path: Path) -> tuple[Path, Path]:
    """A recipe and its data: three sources of sixty short texts."""
    chance = random.Random(5)
    words = _WORDS.split("、")
    data = tmp_path / "data"
    data.mkdir()
    recipe = tmp_path / "small.toml"
    recipe.write_text(RECIPE + "".join(_SOURCE.format(name) for name in ("a", "b", "c")), encoding="utf-8")
    for name in ("a", "b", "c"):
        texts = (
            "，".join(f"那天他说起{chance.choice(words)}和{chance.choice(words)}" for _ in range(9)) for _ in range(60)
        )
        lines = (json.dumps({"id": f"{name}{place}", "text": text + "。"}) for place, text in enumerate(texts))
        (data / f"{name}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return recipe, data


def _do(work: tuple[Path, Path], out: Path, workers: Workers | None = None, shard: int = 20) -> dict[str, bytes]:
    recipe, data = work
    for _ in run(load_recipe(recipe, data), data, out, shard=shard, workers=workers):
        pass
    return _files(out)


def _files(out: Path) -> dict[str, bytes]:
    """Every data file, and of the manifests what does not depend on when and how long."""
    found = {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*.zst")}
    for path in out.glob("*/manifest.json"):
        body = json.loads(path.read_text(encoding="utf-8"))
        told = [body[key] for key in ("stage", "digest", "counts", "inputs", "outputs", "damage")]
        found[path.parent.name] = json.dumps(told, sort_keys=True).encode()
    return found


def test_two_workers_of_datatrove_write_what_one_process_writes(work: tuple[Path, Path], tmp_path: Path) -> None:
    pytest.importorskip("datatrove", reason="the extra scale is not installed")
    one, two = _do(work, tmp_path / "one"), _do(work, tmp_path / "two", Local(2))
    assert one == two and len(one) > 12
    logs = tmp_path / "two" / ".datatrove" / "clean"
    assert len(list((logs / "completions").iterdir())) == 8
    assert json.loads((logs / "stats.json").read_text())[0]["stats"]["read"]["total"] == 180


def test_what_was_complete_for_another_recipe_is_done_again(work: tuple[Path, Path], tmp_path: Path) -> None:
    pytest.importorskip("datatrove", reason="the extra scale is not installed")
    _do(work, tmp_path / "two", Local(1))
    work[0].write_text(work[0].read_text(encoding="utf-8").replace("test = 0.2", "test = 0.4"), encoding="utf-8")
    assert _do(work, tmp_path / "two", Local(1)) == _do(work, tmp_path / "one")


@dataclass(frozen=True, slots=True)
class Fussy:
    """Cannot go on while a file lies at `path`: a mistake of the user's, or a fault of ours."""

    path: str
    ours: bool = False

    def __call__(self, sample: Sample) -> Result:
        if sample.id == "31" and Path(self.path).exists():
            if self.ours:
                raise SystemError(sample.text)
            raise DataError("the index is missing")
        return sample.rewritten(lambda text: text + "！")


def whole(path: Path, out: Path, name: str, step: Fussy) -> Tally:
    """Lets a fault out, as `through` does not."""
    with Shard(out, name) as shard:
        for place in range(int(name) * 10, int(name) * 10 + 10):
            sample = Sample(str(place), document=f"一句私下说的话{place}")
            shard.put(sample, step(sample))
    return shard.tally


def _shards(folder: Path) -> list[Path]:
    for number in range(6):
        with Shard(folder, f"s-{number}") as shard:
            for place in range(10):
                shard.put(Sample(str(number * 10 + place), document=f"一句私下说的话{place}"))
    return shards(folder)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_task_that_fails_says_why_and_costs_only_itself(tmp_path: Path, workers: int) -> None:
    pytest.importorskip("datatrove", reason="the extra scale is not installed")
    block, inputs = tmp_path / "block", _shards(tmp_path / "in")
    block.touch()
    steps = Steps((("fussy", Fussy(str(block))),))
    with pytest.raises(DataError, match=r"the index is missing; logs: \S+; run again"):
        run_steps(inputs, tmp_path / "out", steps, 1, quiet, Local(workers))
    block.unlink()
    kept = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "out" / "data").glob("*.zst")}
    total = run_steps(inputs, tmp_path / "out", steps, 1, quiet, Local(workers))
    assert total == run_steps(inputs, tmp_path / "one", steps, 1, quiet)
    assert kept and all((tmp_path / "out" / "data" / name).stat().st_mtime_ns == when for name, when in kept.items())
    whole = [  # what a worker that was ended left half written goes when the stage is completed
        {path.name: path.read_bytes() for path in (tmp_path / run / "data").glob("*.zst")} for run in ("out", "one")
    ]
    assert whole[0] == whole[1]


def test_no_log_holds_what_a_sample_says(tmp_path: Path) -> None:
    pytest.importorskip("datatrove", reason="the extra scale is not installed")
    block = tmp_path / "block"
    block.touch()
    work = [(tmp_path, tmp_path / "out", str(number), Fussy(str(block), ours=True)) for number in range(6)]
    with pytest.raises(DataError, match=r"SystemError at test_scale.py:\d+"):
        Local(2)(whole, work, tmp_path / "out", quiet)
    logs = [path for path in (tmp_path / ".datatrove").rglob("*") if path.is_file()]
    assert any("SystemError" in path.read_text(encoding="utf-8") for path in logs)
    assert not any("私下" in path.read_text(encoding="utf-8") for path in logs)


def test_who_comes_late_writes_nothing(tmp_path: Path) -> None:
    (tmp_path / "out" / DONE).mkdir(parents=True)
    (tmp_path / "out" / DONE / "digest").write_text("old")
    units = of(whole, [(tmp_path, tmp_path / "out", "0", Fussy(""))], tmp_path / "out")
    (tmp_path / "out" / DONE / "digest").write_text("new")
    with pytest.raises(DataError, match="begun anew"):
        units.do(0)
    assert not list((tmp_path / "out").rglob("*.zst"))


def test_a_task_counts_as_complete_only_while_all_its_units_are(tmp_path: Path) -> None:
    work = [(tmp_path, tmp_path / "out", str(number), Fussy("")) for number in range(5)]
    units = of(whole, work, tmp_path / "out")
    completions = units.logs / "completions"
    completions.mkdir(parents=True)
    for rank in range(3):
        (completions / f"{rank:05}").touch()
    for place in (0, 1, 2, 4):
        units.do(place)
    units.agree(3)
    assert sorted(path.name for path in completions.iterdir()) == ["00001", "00002"]
    with pytest.raises(DataError, match="1 of 5 units of out were not done: ended from outside"):
        units.total()
    assert tasks(units, 1) == 4 and tasks(units, 8) == 5


def test_options_that_do_not_go_together_are_refused() -> None:
    with pytest.raises(ConfigError, match="no executor slrum; known: processes, local, ray, slurm"):
        Asked("slrum")
    with pytest.raises(ConfigError, match="for --executor slurm"):
        Asked("ray", dry=True)


class Cluster:
    """Programs by Slurm's names that keep jobs in a folder, and `drain`, which does what a cluster would do with them:
    runs each array's tasks, and what depends on it only when all ended well."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.bin = folder, folder / "bin"
        self.bin.mkdir(parents=True)
        self._program(
            "sbatch",
            """
            words = sys.argv[1:]
            number = 100 + len(list(jobs.iterdir()))
            body = {"options": words[:-1], "script": Path(words[-1]).read_text(), "env": dict(os.environ)}
            body["state"] = "waits"
            (jobs / str(number)).write_text(json.dumps(body))
            print(f"{number};cluster")
            """,
        )
        self._program(
            "squeue",
            """
            job = jobs / sys.argv[-1]
            if json.loads(job.read_text())["state"] == "waits":
                print(job.name, "PENDING")
            """,
        )
        self._program("scontrol", "print(sys.argv[-1])")
        self._program("srun", 'words = sys.argv[sys.argv.index("-n") + 2:]\nos.execvp(words[0], words)')

    def _program(self, name: str, body: str) -> None:
        head = f"#!{sys.executable}\nimport json, os, sys\nfrom pathlib import Path\n"
        head += f"jobs = Path({str(self.folder / 'jobs')!r})\n"
        (self.folder / "jobs").mkdir(exist_ok=True)
        path = self.bin / name
        path.write_text(head + textwrap.dedent(body), encoding="utf-8")
        path.chmod(0o755)

    @property
    def env(self) -> dict[str, str]:
        return {**os.environ, "PATH": f"{self.bin}:{os.environ['PATH']}"}

    def states(self) -> list[str]:
        jobs = sorted((self.folder / "jobs").iterdir(), key=lambda path: int(path.name))
        return [json.loads(path.read_text())["state"] for path in jobs]

    def drain(self) -> None:
        while "waits" in (states := self.states()):
            number = 100 + states.index("waits")
            path = self.folder / "jobs" / str(number)
            body = json.loads(path.read_text())
            after = [word.rpartition(":")[2] for word in body["options"] if word.startswith("--dependency=afterok:")]
            if any(states[int(job) - 100] != "ended" for job in after):
                assert "--kill-on-invalid-dep=yes" in body["options"]
                state = "cancelled"
            else:
                codes = [self._run(number, body, task) for task in self._array(body["script"])]
                state = "failed" if any(codes) else "ended"
            path.write_text(json.dumps({**body, "state": state}))

    def _array(self, script: str) -> list[str]:
        spans = [line.partition("--array=")[2] for line in script.splitlines() if line.startswith("#SBATCH --array=")]
        if not spans:
            return [""]
        first, _, last = spans[0].partition("%")[0].partition("-")
        return [str(task) for task in range(int(first), int(last) + 1)]

    def _run(self, number: int, body: dict[str, dict[str, str]], task: str) -> int:
        env = {**body["env"], "SLURM_JOB_ID": str(number), "SLURM_NODELIST": "node1"}
        env |= {"SLURM_ARRAY_TASK_ID": task} if task else {}
        script = self.folder / "script"
        script.write_text(str(body["script"]), encoding="utf-8")
        done = subprocess.run(["bash", str(script)], env=env, capture_output=True, text=True, check=False)
        with (self.folder / "output").open("a", encoding="utf-8") as file:
            file.write(done.stdout + done.stderr)
        return done.returncode


def _anxin(work: tuple[Path, Path], out: Path, env: dict[str, str], *more: str) -> subprocess.CompletedProcess[str]:
    recipe, data = work
    line = ["corpus", "run", str(recipe), "--data", str(data), "--out", str(out), "--executor", *more]
    return subprocess.run(
        [sys.executable, "-m", "anxin", *line], env=env, capture_output=True, text=True, check=False, timeout=100
    )


def test_the_scripts_can_be_read_before_they_are_submitted(work: tuple[Path, Path], tmp_path: Path) -> None:
    pytest.importorskip("datatrove", reason="the extra scale is not installed")
    cluster, out = Cluster(tmp_path / "cluster"), tmp_path / "o u't"
    options = (
        "--workers",
        "2",
        "--slurm-partition",
        "cpu",
        "--slurm-mem",
        "3",
        "--slurm-time",
        "00:10:00",
        "--jobs",
        "5",
    )
    done = _anxin(work, out, cluster.env, "slurm", "--dry-run", *options)
    folder = out / ".datatrove" / "read"
    assert done.returncode == 0 and f"read: 3 units, not submitted; bash {folder / 'submit.sh'} does" in done.stdout
    assert not cluster.states()
    for name in ("tasks.slurm", "then.slurm", "submit.sh"):
        assert subprocess.run(["bash", "-n", str(folder / name)], check=False).returncode == 0
    tasks_, then = ((folder / name).read_text().splitlines() for name in ("tasks.slurm", "then.slurm"))
    for line in ("array=0-2%2", "partition=cpu", "mem-per-cpu=3G", "cpus-per-task=1", "time=00:10:00", "requeue"):
        assert f"#SBATCH --{line}" in tasks_
    assert "#SBATCH --cpus-per-task=5" in then and not any("array" in line for line in then)
    assert not any("qos" in line or line.endswith("=") for line in tasks_ + then)
    subprocess.run(["bash", str(folder / "submit.sh")], env=cluster.env, check=True, capture_output=True)
    job = json.loads((tmp_path / "cluster" / "jobs" / "101").read_text())
    assert "--dependency=afterok:100" in job["options"]


@pytest.mark.slow
def test_a_slurm_array_writes_what_one_process_writes(work: tuple[Path, Path], tmp_path: Path) -> None:
    pytest.importorskip("datatrove", reason="the extra scale is not installed")
    cluster, out = Cluster(tmp_path / "cluster"), tmp_path / "out"
    done = _anxin(work, out, cluster.env, "slurm", "--workers", "2")
    assert done.returncode == 0 and done.stdout.startswith("read: 3 units submitted as job 100, then 101"), done.stderr
    again = _anxin(work, out, cluster.env, "slurm", "--workers", "2")
    assert again.returncode == 2 and "job 100 of read is in the queue" in again.stderr
    cluster.drain()
    assert set(cluster.states()) == {"ended"} and len(cluster.states()) == 6
    assert _files(out) == _do(work, tmp_path / "one", shard=2000)


@pytest.mark.slow
def test_a_failed_array_is_not_gone_on_with_until_it_is_mended(work: tuple[Path, Path], tmp_path: Path) -> None:
    pytest.importorskip("datatrove", reason="the extra scale is not installed")
    cluster, out = Cluster(tmp_path / "cluster"), tmp_path / "out"
    _anxin(work, out, cluster.env, "slurm")
    (out / "read" / "data").mkdir(parents=True)
    block = out / "read" / "data" / "b-00000.jsonl.zst.part"
    block.mkdir()  # a file of that name cannot be written
    cluster.drain()
    assert cluster.states() == ["failed", "cancelled"]
    after = _anxin(work, out, cluster.env, "slurm", "--after", "read")
    assert "Traceback" not in after.stderr
    assert after.returncode == 2 and "1 of 3 units of read were not done: [Errno 21]" in after.stderr
    block.rmdir()
    assert _anxin(work, out, cluster.env, "slurm").stdout.startswith("read: 1 units submitted as job 102, then 103")
    cluster.drain()
    assert set(cluster.states()[2:]) == {"ended"}
    assert _files(out) == _do(work, tmp_path / "one", shard=2000)


def test_without_sbatch_the_user_is_told_where_to_go(work: tuple[Path, Path], tmp_path: Path) -> None:
    pytest.importorskip("datatrove", reason="the extra scale is not installed")
    only = tmp_path / "only"
    only.mkdir()
    bash = shutil.which("bash")
    assert bash is not None
    (only / "bash").symlink_to(bash)
    done = _anxin(work, tmp_path / "out", {**os.environ, "PATH": str(only)}, "slurm")
    assert done.returncode == 2 and "there is no sbatch here" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.slow
def test_a_local_ray_writes_what_one_process_writes(work: tuple[Path, Path], tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="ray is not installed")
    done = _anxin(work, tmp_path / "two", dict(os.environ), "ray", "--workers", "2")
    assert done.returncode == 0, done.stderr
    assert _files(tmp_path / "two") == _do(work, tmp_path / "one", shard=2000)
    assert len(list((tmp_path / "two" / ".datatrove" / "clean" / "completions").iterdir())) == 2
