"""`anxin prefer` as people use it. Models are scripted; nothing is asked outside this process."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

import anxin.model
from anxin.cli.prefer import app
from anxin.corpus.files import read_records
from anxin.errors import ConfigError, DataError, ModelNotFound, UserError
from anxin.model import EchoModel, Model
from anxin.prefer import write_pairs

from .parts import judging, says, verdict, write
from .test_table import PAIR, RELEASED


def prefer(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def done(*arguments: object) -> str:
    result = prefer(*arguments)
    assert result.exit_code == 0, (result.output, result.exception)
    return result.stdout


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Two models that reply and one that judges, by name; the names that were asked for."""
    asked: list[str] = []
    made: dict[str, Model] = {
        "good": EchoModel(lambda messages: "That sounds heavy. What is the worst of it?", name="good"),
        "bad": EchoModel(lambda messages: "Cheer up.", name="bad"),
        "judge": judging(lambda shown: verdict(2 if "Cheer up." in shown else 5)),
    }

    def resolve(name: str, home: Path, options: Any) -> Model:
        asked.append(f"{name} {options.base_url}".strip())
        if name not in made:
            raise ModelNotFound(f"no model {name!r} here")
        return made[name]

    monkeypatch.setattr(anxin.model, "resolve", resolve)
    return asked


COMMANDS = ["principles", "generate", "score", "pair", "convert", "report", "run"]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(command: str) -> None:
    assert "Example: anxin prefer " in done(command, "--help")


def test_the_principles_in_both_languages_and_for_machines() -> None:
    assert "Sensitivity to the stage of change (staging)" in done("principles")
    assert "贴合改变的阶段 (staging)" in done("principles", "--language", "zh")
    assert len(json.loads(done("principles", "--json"))["principle"]) == 7


def test_the_whole_way_a_stage_at_a_time(tmp_path: Path, scripted: list[str]) -> None:
    told = write(tmp_path / "s.jsonl", *(says(f"I feel stuck, day {n}.", str(n)) for n in range(12)))
    done("generate", told, tmp_path / "r", "--model", "good", "--model", "bad@http://127.0.0.1:9/v1", "--limit", 8)
    done("score", tmp_path / "r", tmp_path / "s", "--judge", "judge")
    told_of = json.loads(done("pair", tmp_path / "s", tmp_path / "p", "--test-share", 0.3, "--json"))
    assert scripted == ["good", "bad http://127.0.0.1:9/v1", "judge"]
    assert told_of["train"]["length"]["pairs"] + told_of["test"]["length"]["pairs"] == 8
    assert json.loads(done("report", tmp_path / "p", "--json")) == told_of
    assert "longer_wins 1.0" in done("report", tmp_path / "p")
    assert "judge: ratings 16" in done("report", tmp_path / "s")
    done("convert", tmp_path / "p", tmp_path / "trl", "--to", "trl")
    rows = [row for _, row in read_records(tmp_path / "trl/train.jsonl")]
    assert all(isinstance(row, dict) and row["rejected"][0]["content"] == "Cheer up." for row in rows) and rows
    done("convert", tmp_path / "p", tmp_path / "released", "--to", "psychocounsel", "--parquet")
    ((_, row), *_) = read_records(tmp_path / "released/test.parquet")
    assert isinstance(row, dict) and row["chosen_model"] == "good" and row["chosen_staging_rating"] == 5


def test_a_recipe_with_an_override(tmp_path: Path, scripted: list[str]) -> None:
    write(tmp_path / "s.jsonl", *(says(f"I feel stuck, day {n}.", str(n)) for n in range(5)))
    recipe = tmp_path / "mine.toml"
    recipe.write_text(
        'name = "mine"\n[statements]\npaths = ["s.jsonl"]\n[generate]\nmodels = ["good", "bad"]\n'
        '[score]\njudges = ["judge"]\n[pair]\ntest_share = 0.5\n'
    )
    out = done("run", recipe, "--data", tmp_path, "--out", tmp_path / "out", "--set", "pair.test_share=0.0")
    assert out.strip() == str(tmp_path / "out")
    manifest = json.loads((tmp_path / "out/pairs/manifest.json").read_text())
    assert manifest["report"]["train"]["length"]["pairs"] == 5 and manifest["test_share"] == 0.0


def mistake(*arguments: object) -> str:
    """What the command line says in one line, with exit code 2."""
    error = prefer(*arguments).exception
    assert isinstance(error, UserError), error
    return str(error)


def test_clients_words_do_not_leave_this_machine_unasked(tmp_path: Path) -> None:
    told = write(tmp_path / "s.jsonl", says("I feel stuck.", "1"))
    outside = ("--model", "openai/big@https://api.example.com/v1")
    assert "is not on this machine" in mistake("generate", told, tmp_path / "r", *outside)
    assert "--outside" in mistake("score", tmp_path, tmp_path / "s", "--judge", outside[1])
    assert not (tmp_path / "r").exists()


def test_mistakes_are_named(tmp_path: Path, scripted: list[str]) -> None:
    told = write(tmp_path / "s.jsonl", says("I feel stuck.", "1"))
    assert "no model 'none' here" in mistake("generate", told, tmp_path / "r", "--model", "none")
    assert "named twice" in mistake("generate", told, tmp_path / "r", "--model", "good", "--model", "good")
    assert "holds no" in mistake("generate", tmp_path / "nowhere", tmp_path / "r", "--model", "good")
    assert "nobody is named to score" in mistake("score", told, tmp_path / "s2")
    assert "margin must be" in mistake("pair", told, tmp_path / "p", "--margin", 0)
    assert "no principle" not in mistake("report", tmp_path / "nowhere")


def test_mini_is_too_small_to_judge(tmp_path: Path) -> None:
    told = write(tmp_path / "s.jsonl", says("我最近很累", "1"))
    assert "mini is too small to judge" in mistake("score", told, tmp_path / "s", "--judge", "mini")


def test_convert_reads_what_it_can_and_says_what_it_could_not(tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    source.write_text(f"{json.dumps(RELEASED)}\nnot json\n{json.dumps(RELEASED | {'prefID': 6})}\n", "utf-8")
    result = prefer("convert", source, tmp_path / "out.jsonl", "--to", "jsonl")
    assert isinstance(result.exception, DataError) and "1 records" in str(result.exception)
    assert "in.jsonl line 2" in result.stderr
    assert len(list(read_records(tmp_path / "out.jsonl"))) == 2


def test_convert_does_not_write_over_what_it_reads(tmp_path: Path) -> None:
    write_pairs([PAIR], tmp_path / "p.jsonl", "jsonl")
    with pytest.raises(ConfigError, match="over itself"):
        raise prefer("convert", tmp_path / "p.jsonl", tmp_path / "p.jsonl", "--to", "trl").exception or AssertionError
    write_pairs([PAIR], tmp_path / "q.jsonl", "jsonl")
    assert "name a folder" in mistake("convert", tmp_path, tmp_path / "all.jsonl", "--to", "trl")
