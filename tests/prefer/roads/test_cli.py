"""The roads from the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from anxin.cli.prefer import roads
from anxin.errors import ConfigError

from .parts import answer, lines, pairs, preferred, written
from .test_corrupt import session
from .test_safety import SAFE, UNSAFE
from .test_service import AXES, BETTER, REPLY, correction, rating
from .test_votes import COLD, WARM


def ran(command: Callable[..., None], *arguments: object) -> str:
    app = typer.Typer()
    app.command()(command)
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.mark.parametrize("name", roads.__all__)
def test_every_command_has_help_with_an_example(name: str) -> None:
    assert f"Example: anxin prefer {name} " in ran(getattr(roads, name), "--help")


def test_each_road_from_its_command(tmp_path: Path) -> None:
    place, out = tmp_path / "in.jsonl", tmp_path / "out"
    written(place, preferred(SAFE, UNSAFE, safe={"chosen": True, "rejected": False}))
    assert ran(roads.safety, place, out / "s", "--labelled").strip() == str(out / "s")
    written(place, answer("work", f"{WARM}?", 4, "1"), answer("work", f"{COLD}.", 1, "2"))
    told = json.loads(ran(roads.votes, place, out / "v", "--margin", 3, "--test-share", 0, "--json"))
    assert told["couples"] == {"paired": 1} and told["report"]["train.jsonl.zst"]["length"]["pairs"] == 1
    written(place, *(session("zh", str(n)) for n in range(30)))
    ran(roads.corrupt, place, out / "c", "--kinds", "nonsense", "--kinds", "minimising", "--share", 0.8)
    assert {pair.metadata["failure"] for pair in pairs(out / "c")} == {"nonsense", "minimising"}
    lines(tmp_path / "export/corrections.jsonl", correction())
    ran(roads.corrections, tmp_path / "export", out / "k", "--style", "placeholder")
    lines(
        tmp_path / "export/ratings.jsonl",
        rating(reply=BETTER, axes=AXES, thumb="up"),
        rating(reply=REPLY, thumb="down"),
    )
    told = json.loads(ran(roads.ratings, tmp_path / "export", out / "r", "--json"))
    assert told["labels"] == {"up": 1, "down": 1}
    assert len(pairs(out / "s")) == len(pairs(out / "k")) == len(pairs(out / "r")) == 1


def test_a_road_done_before_is_said_to_be(tmp_path: Path) -> None:
    place = written(tmp_path / "in.jsonl", preferred(SAFE, UNSAFE))
    first = ran(roads.safety, place, tmp_path / "out", "--json")
    assert ran(roads.safety, place, tmp_path / "out", "--json") == first


def test_corrupted_replies_are_no_test(tmp_path: Path) -> None:
    place = written(tmp_path / "in.jsonl", session("en"))
    with pytest.raises(ConfigError, match="never for a test"):
        ran(roads.corrupt, place, tmp_path / "out", "--purpose", "evaluate")
