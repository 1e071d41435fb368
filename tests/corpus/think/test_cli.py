from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from anxin.cli.corpus.think import think
from anxin.errors import ConfigError, ModelNotFound

from ...model.scripted import Scripted
from .pairs import PAIRS, knowing, sample, samples_in, written


@pytest.fixture
def place(tmp_path: Path) -> Path:
    written(tmp_path / "in", [sample(pair) for pair in PAIRS[:4]])
    return tmp_path / "in"


def run(*arguments: object) -> Result:
    app = typer.Typer()
    app.command()(think)
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def _known(monkeypatch: pytest.MonkeyPatch, **models: Any) -> None:
    module = import_module("anxin.model.resolve")  # the package's own `resolve` is the function
    monkeypatch.setattr(module, "resolve", lambda name, home, options: models[name])


def test_it_prints_what_became_of_it_and_what_it_cost(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _known(monkeypatch, good=Scripted(knowing(lambda pair: "嗯。" if pair is PAIRS[1] else None)))
    made = run(place, tmp_path / "out", "--teacher", "good")
    assert made.exit_code == 0, made.output
    assert "read 4, kept 3, dropped 1; thoughts: 3 given, 1 rejected (thought_short 1)" in made.stdout
    assert "asked 4 questions for 60 tokens; 0 answered from the cache" in made.stderr
    assert len(samples_in(tmp_path / "out")) == 3
    again = run(place, tmp_path / "out", "--teacher", "good")
    assert again.exit_code == 0 and "complete already" in again.stdout


def test_the_budget_ends_it_in_one_line_and_a_second_run_ends_the_work(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _known(monkeypatch, good=Scripted(knowing()))
    ended = run(place, tmp_path / "out", "--teacher", "good", "--budget-questions", 3)
    assert isinstance(ended.exception, ConfigError) and "run again with more" in str(ended.exception)
    assert "asked 3 questions" in ended.stderr
    assert "asked 1 questions for 15 tokens; 3 answered" in run(place, tmp_path / "out", "--teacher", "good").stderr


def test_words_leave_the_machine_only_when_told_so(place: Path, tmp_path: Path) -> None:
    asked = (place, tmp_path / "out", "--teacher", "openai/big", "--base-url", "https://models.example/v1")
    made = run(*asked)
    assert isinstance(made.exception, ConfigError) and "--outside" in str(made.exception)
    assert "leave this machine: they are sent to openai/big" in made.stderr and "`personal`" in made.stderr
    assert not (tmp_path / "out").exists()
    (place / "manifest.json").write_text(json.dumps({"recipe": {"steps": [{"step": "personal"}]}}), encoding="utf-8")
    assert "personal" not in run(*asked).stderr


def test_a_single_file_may_be_sent_too(place: Path, tmp_path: Path) -> None:
    (file,) = [path for path in place.rglob("*") if path.is_file()]
    made = run(file, tmp_path / "out", "--teacher", "openai/big", "--base-url", "https://models.example/v1")
    assert isinstance(made.exception, ConfigError) and "nothing was sent" in str(made.exception)


def test_a_judge_outside_counts_too(place: Path, tmp_path: Path) -> None:
    made = run(
        place, tmp_path / "out", "--teacher", "echo", "--judge", "openai/j", "--judge-url", "https://j.example/v1"
    )
    assert isinstance(made.exception, ConfigError) and "openai/j" in made.stderr


def test_mistakes_are_told_in_a_line(place: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    for arguments, error, says in (
        ((), ConfigError, "--teacher"),
        (("--teacher", "nobody"), ModelNotFound, "nobody"),
        (("--teacher", "echo", "--replies", "some"), ConfigError, "last, each or a number"),
        (("--teacher", "echo", "--replies", "0"), ConfigError, "above 0"),
        (("--teacher", "echo", "--rejects", "keep"), ConfigError, "drop or plain"),
        (("--teacher", "echo", "--at-once", "0"), ConfigError, "at_once"),
    ):
        made = run(place, out, *arguments)
        assert isinstance(made.exception, error) and says in str(made.exception)
    assert not out.exists()
