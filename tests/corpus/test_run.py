"""A recipe from its sources to its card: skipped when complete, gone on with when killed, refused when it cannot be."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from anxin.corpus.complete import Done
from anxin.corpus.files import Tally, read_records, read_samples, shards
from anxin.corpus.manifest import read_manifest
from anxin.corpus.recipe import load_recipe
from anxin.corpus.run import check, run
from anxin.corpus.sample import Sample
from anxin.errors import ConfigError, DataError, UserError

RECIPE = """
name = "small"

[[sources]]
name = "ours"
path = "ours"
reader = "dialogues"
licence = "our own"

[[sources]]
name = "texts"
path = "texts.jsonl"
reader = "documents"
licence = "CC0-1.0"

[[stages]]
name = "clean"
steps = [{step = "clean", without = ["template"]}]

[[stages]]
name = "dedup"
do = "dedup"

[[stages]]
name = "split"
steps = [{step = "split", test = 0.2, valid = 0}]

[[stages]]
name = "mix"
do = "mix"
parts = [{of = "split", ratio = 3, sources = ["ours"]}, {of = "split", ratio = 1, sources = ["texts"]}]

[[stages]]
name = "card"
from = ["split", "split/test"]
do = "card"
"""

_DAYS = [
    "早上坐公交去上班",
    "中午和同事吃了碗面",
    "晚上给妈妈打了电话",
    "周末去公园走了一圈",
    "最近在学做菜",
    "昨天下了一场小雨",
    "楼下的猫生了小猫",
    "窗台上的花开了",
    "老师把作业发下来了",
    "室友带了家乡的橘子",
    "我把房间收拾了一遍",
    "下班路上买了束花",
    "图书馆快要关门了",
    "朋友约我去打球",
    "弟弟考上了高中",
    "我想换一份工作",
    "他说话总是很急",
    "会议开了三个小时",
    "面试约在下周二",
    "我们因为家务吵了几句",
    "她好几天没回消息",
    "奶奶寄来一箱苹果",
    "这学期选了六门课",
    "邻居家在装修",
    "地铁上人特别多",
    "手机屏幕摔裂了",
    "晚饭吃得有点多",
    "我报名了一个绘画班",
]
_FEELS = [
    "有些累",
    "心里有点乱",
    "说不上来的闷",
    "松了一口气",
    "不太踏实",
    "觉得委屈",
    "有点想家",
    "还算平静",
    "又气又好笑",
    "拿不定主意",
]
_ASKS = [
    "后来怎么样了",
    "那时候你在想什么",
    "愿意多说一点吗",
    "身边有人知道吗",
    "哪一部分最难",
    "你希望他怎么做",
    "这种感觉常有吗",
]


def _corpus(data: Path, dialogues: int = 260, texts: int = 80) -> Path:
    """Dialogues and texts that resemble each other as little as so few words allow."""
    chance = random.Random(7)

    def told() -> str:
        return "，".join(chance.sample(_DAYS, 4)) + "，" + chance.choice(_FEELS) + "。"

    (data / "ours").mkdir(parents=True)
    with (data / "ours" / "some.jsonl").open("w", encoding="utf-8") as file:
        for number in range(dialogues):
            said = [
                told(),
                f"听起来{chance.choice(_FEELS)}，{chance.choice(_ASKS)}？",
                told(),
                f"嗯，{chance.choice(_ASKS)}？",
            ]
            messages = [
                {"role": role, "content": text} for role, text in zip(("client", "counselor") * 2, said, strict=True)
            ]
            file.write(json.dumps({"id": number, "messages": messages}, ensure_ascii=False) + "\n")
    with (data / "texts.jsonl").open("w", encoding="utf-8") as file:
        for number in range(texts):
            file.write(json.dumps({"path": f"t{number}", "text": told() + told() + told()}) + "\n")
    return data


@pytest.fixture
def work(tmp_path: Path) -> tuple[Path, Path]:
    recipe = tmp_path / "small.toml"
    recipe.write_text(RECIPE, encoding="utf-8")
    return recipe, _corpus(tmp_path / "data")


def _do(recipe: Path, data: Path, out: Path, **options: object) -> list[Done]:
    return list(run(load_recipe(recipe, data), data, out, **options))  # type: ignore[arg-type]


def _files(out: Path) -> dict[str, bytes]:
    """Every data file of a run, and of the manifests what does not depend on when and how long."""
    found = {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*.zst")}
    for path in out.glob("*/manifest.json"):
        body = json.loads(path.read_text(encoding="utf-8"))
        found[path.parent.name] = json.dumps([body["counts"], body["inputs"], body["outputs"]]).encode()
    return found


def test_from_raw_text_to_a_card(work: tuple[Path, Path], tmp_path: Path) -> None:
    done = {stage.stage: stage for stage in _do(*work, tmp_path / "out")}
    assert list(done) == ["read", "clean", "dedup", "split", "mix", "card"]
    assert done["read"].tally.read == 340 and done["clean"].tally.kept > 200
    assert done["split"].tally.aside["test"] + done["split"].tally.kept == done["dedup"].tally.kept
    mixed = [s for file in shards(tmp_path / "out" / "mix") for s in read_samples(file) if isinstance(s, Sample)]
    ours = sum(sample.source == "ours" for sample in mixed)
    assert abs(ours - 3 * (len(mixed) - ours)) <= 3
    manifest = read_manifest(tmp_path / "out" / "read")
    assert manifest is not None and manifest["licences"]["texts"]["licence"] == "CC0-1.0"
    assert {Path(file["path"]).name for file in manifest["inputs"]} == {"some.jsonl", "texts.jsonl"}
    assert (tmp_path / "out" / "card" / "card.html").stat().st_size > 1000


def test_what_is_complete_is_skipped_and_what_changed_is_done_again(work: tuple[Path, Path], tmp_path: Path) -> None:
    recipe, data = work
    _do(recipe, data, tmp_path / "out")
    assert all(stage.skipped for stage in _do(recipe, data, tmp_path / "out"))
    recipe.write_text(RECIPE.replace("test = 0.2", "test = 0.3"), encoding="utf-8")
    again = {stage.stage: stage.skipped for stage in _do(recipe, data, tmp_path / "out")}
    assert again == {"read": True, "clean": True, "dedup": True, "split": False, "mix": False, "card": False}
    with (data / "texts.jsonl").open("a", encoding="utf-8") as file:
        file.write(
            '{"text": "' + "又一篇短文，说的是另一个下午，他在河边坐着看别人钓鱼，一直坐到天黑才回家。" * 2 + '"}\n'
        )
    assert not any(stage.skipped for stage in _do(recipe, data, tmp_path / "out"))


def test_processes_do_not_change_the_result(work: tuple[Path, Path], tmp_path: Path) -> None:
    _do(*work, tmp_path / "one", jobs=1, upto="split")
    _do(*work, tmp_path / "two", jobs=2, upto="split")
    assert _files(tmp_path / "one") == _files(tmp_path / "two")


@pytest.mark.slow
def test_killed_at_random_points_it_ends_with_the_same_files(work: tuple[Path, Path], tmp_path: Path) -> None:
    recipe, data = work
    _do(recipe, data, tmp_path / "whole", shard=20)
    code = (
        "import sys; from pathlib import Path; from anxin.corpus.run import run\n"
        "from anxin.corpus.recipe import load_recipe\n"
        "if __name__ == '__main__':\n"
        "    recipe, data, out = map(Path, sys.argv[1:])\n"
        "    for _ in run(load_recipe(recipe, data), data, out, jobs=2, shard=20): pass\n"
    )
    script = tmp_path / "go.py"
    script.write_text(code, encoding="utf-8")
    chance, kills = random.Random(3), 0
    for attempt in range(60):
        process = subprocess.Popen(
            [sys.executable, str(script), str(recipe), str(data), str(tmp_path / "killed")], start_new_session=True
        )
        try:
            if process.wait(timeout=chance.uniform(0.8, 4.0 + attempt)) == 0:
                break
            pytest.fail("a run that nobody killed failed")
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            kills += 1
            time.sleep(0.05)
    else:
        pytest.fail("it never came to its end")
    killed, whole = _files(tmp_path / "killed"), _files(tmp_path / "whole")
    assert kills and [name for name in whole | killed if killed.get(name) != whole.get(name)] == []


def test_bad_input_costs_only_itself(work: tuple[Path, Path], tmp_path: Path) -> None:
    recipe, data = work
    path = data / "texts.jsonl"
    good = path.read_bytes().splitlines(keepends=True)
    twin = (
        b'{"path": "t1", "text": "'
        + "另一篇同名的短文，和前面那篇一点关系也没有，只是名字碰巧一样罢了。".encode()
        + b'"}\n'
    )
    path.write_bytes(
        b"".join([*good[:10], b"{broken\n", "不是\n".encode("gb18030"), b'{"no": "text"}\n', twin, *good[10:]])
    )
    read = next(iter(run(load_recipe(recipe, data), data, tmp_path / "out")))
    assert read.tally.dropped.total() == 3 and read.tally.kept == 341 and len(read.damage) == 3
    assert all("texts.jsonl" in where for where in read.damage)
    dropped = [record for _, record in read_records(tmp_path / "out" / "read" / "dropped" / "texts-00000.jsonl.zst")]
    assert len(dropped) == 3
    ids = [s.id for file in shards(tmp_path / "out" / "read") for s in read_samples(file) if isinstance(s, Sample)]
    assert "t1" in ids and "t1~2" in ids


def _refusals() -> Iterator[tuple[str, str, str]]:
    yield 'name = "split"', 'name = "clean"', "two stages are named clean"
    yield 'of = "split", ratio = 3', 'of = "spilt", ratio = 3', "takes spilt, which no earlier stage makes"
    yield 'step = "split"', 'step = "splid"', "did you mean split"
    yield "test = 0.2", "tset = 0.2", "did you mean test"
    yield "test = 0.2", "test = 2", "shares between 0 and 1"
    yield 'do = "dedup"', 'do = "deduplicate"', "must be steps, dedup, mix, think or card"
    yield 'licence = "our own"', "", "say its licence"
    yield 'reader = "dialogues"', 'reader = "dialogue"', "dialogues"
    yield 'name = "texts"', 'name = "ours"', "two sources are named ours"
    yield 'name = "texts"', 'name = "../texts"', "names files"
    yield 'name = "small"', 'name = "../small"', "the recipe's name names files"
    yield 'licence = "our own"', 'licence = "our own"\nlimit = -1', "limit is a number of samples"
    yield 'name = "small"', 'name = "small"\naccept = ["psyqua"]', "accept psyqua: the recipe has no such source"
    yield 'steps = [{step = "clean"', 'steps = [{step = "drop_ids", ids = "no.json"}, {step = "clean"', "does not exist"
    yield 'do = "dedup"', 'do = "think"\nteacher = "no-such"', "no model 'no-such'"


@pytest.mark.parametrize(("old", "new", "told"), list(_refusals()))
def test_a_recipe_that_cannot_be_is_refused_before_anything_is_done(
    work: tuple[Path, Path], tmp_path: Path, old: str, new: str, told: str
) -> None:
    recipe, data = work
    assert old in RECIPE
    recipe.write_text(RECIPE.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(UserError, match=told):
        check(load_recipe(recipe, data), data)
    with pytest.raises(UserError, match=told):
        _do(recipe, data, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_licence_that_forbids_training_stops_the_run_until_it_is_named(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    recipe = tmp_path / "nc.toml"
    recipe.write_text('name = "nc"\n[[sources]]\nname = "pku_saferlhf_single"\n', encoding="utf-8")
    with pytest.raises(DataError, match="--accept pku_saferlhf_single"):
        check(load_recipe(recipe, data), data)
    with pytest.raises(DataError, match="anxin corpus fetch pku_saferlhf_single"):
        check(load_recipe(recipe, data), data, ("pku_saferlhf_single",))


def test_stages_that_are_no_tables_are_refused(tmp_path: Path) -> None:
    recipe = tmp_path / "odd.toml"
    recipe.write_text('name = "odd"\nstages = 3\nsources = []\n', encoding="utf-8")
    with pytest.raises(ConfigError, match="list of tables"):
        load_recipe(recipe, tmp_path)


def test_a_kill_while_other_work_is_cleared_leaves_a_folder_that_is_still_a_stage(
    work: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe, data = work
    out = tmp_path / "out"
    _do(recipe, data, out)
    recipe.write_text(RECIPE.replace("test = 0.2", "test = 0.3"), encoding="utf-8")

    def killed(path: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("anxin.corpus.complete.shutil.rmtree", killed)
        with pytest.raises(KeyboardInterrupt):
            _do(recipe, data, out)
    (out / "split" / "manifest.json").unlink(missing_ok=True)
    assert {done.stage: done.skipped for done in _do(recipe, data, out)}["split"] is False
    _do(recipe, data, tmp_path / "fresh")
    assert _names(out / "split") == _names(tmp_path / "fresh" / "split")


def _names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def test_counts_are_told_in_one_order_whatever_order_they_were_met_in() -> None:
    one, two = Tally(dropped=Counter(b=1, a=1, c=2)), Tally(dropped=Counter(a=1, c=2, b=1))
    assert json.dumps(one.to_json()) == json.dumps(two.to_json())
    assert list(one.to_json()["dropped"]) == ["c", "a", "b"]


def test_a_folder_of_something_else_is_never_cleared(work: tuple[Path, Path], tmp_path: Path) -> None:
    (tmp_path / "out" / "read").mkdir(parents=True)
    precious = tmp_path / "out" / "read" / "thesis.txt"
    precious.write_text("three years", encoding="utf-8")
    with pytest.raises(DataError, match="something else than a stage"):
        _do(*work, tmp_path / "out")
    assert precious.read_text(encoding="utf-8") == "three years"


def test_two_runs_never_work_in_one_folder(work: tuple[Path, Path], tmp_path: Path) -> None:
    recipe, data = work
    first = run(load_recipe(recipe, data), data, tmp_path / "out")
    next(first)
    with pytest.raises(DataError, match="another run is at work"):
        _do(recipe, data, tmp_path / "out")
    first.close()  # type: ignore[attr-defined]
    assert next(run(load_recipe(recipe, data), data, tmp_path / "out")).skipped


@pytest.mark.parametrize(
    ("step", "told"),
    [
        ('{step = "clean", without = ["machin"]}', "clean has no step machin"),
        ('{step = "personal", kinds = ["nam"]}', "no kind nam"),
        ('{step = "language", keep = ["cn"]}', "ISO 639"),
    ],
)
def test_an_option_that_would_do_nothing_is_refused(tmp_path: Path, step: str, told: str) -> None:
    path = tmp_path / "some.toml"
    path.write_text(f'name = "some"\n[[sources]]\nname = "jade"\n[[stages]]\nname = "a"\nsteps = [{step}]\n', "utf-8")
    with pytest.raises(ConfigError, match=told):
        load_recipe(path, tmp_path)
