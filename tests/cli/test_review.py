"""`anxin corpus review | agreement` and `anxin prefer rate`, as functions of a command line."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from anxin.cli.corpus.review import agreement, review
from anxin.cli.prefer.rate import rate
from anxin.corpus.review import drawn
from anxin.corpus.review.desk import Desk
from anxin.errors import ConfigError, DataError
from anxin.prefer.people import Scoring
from anxin.prefer.principles import principle_keys

from ..corpus.review.parts import decide, stage
from ..prefer.test_people import replies


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> typer.Typer:
    monkeypatch.setattr(Desk, "run", lambda self: self.close())
    made = typer.Typer(pretty_exceptions_enable=False)
    for command in (review, agreement, rate):
        made.command()(command)
    return made


def test_review_draws_tells_the_address_and_agreement_the_figures(app: typer.Typer, tmp_path: Path) -> None:
    out = tmp_path / "r"
    given = ["review", str(stage(tmp_path / "s")), "--out", str(out), "--sample", "8", "--also", "dropped"]
    shown = CliRunner().invoke(app, [*given, "--by", "reason"], catch_exceptions=False)
    assert shown.exit_code == 0
    assert re.search(r"http://127\.0\.0\.1:\d+/#[\w-]{32}", shown.output)
    assert "8 to review: 4 of 30 kept, 2 of 3 dropped advert, 2 of 9 dropped too_short" in shown.output
    for item in drawn(out).items:
        for reviewer in ("lin", "mo"):
            choice = "reject" if item.reason == "advert" else "accept"
            decide(out / "decisions.jsonl", reviewer, item.sample, choice, why="advert", where=item.where)  # type: ignore[arg-type]
    told = CliRunner().invoke(app, ["agreement", str(out)], catch_exceptions=False).output
    assert "8 of 8 items decided" in told
    assert "keep or not: 8 items, 100% agreement, alpha 1.00 kappa 1.00" in told
    assert "left out, but should have been kept: 75.0%" in told, "nine of twelve drops were too short"
    assert "  too_short: 100.0%" in told and "  advert: 0.0%" in told
    body = json.loads(CliRunner().invoke(app, ["agreement", str(out), "--json"]).output)
    assert body["wrong_drops"]["kinds"]["advert"]["of"] == 2


def test_rate_tells_the_address_then_how_far_raters_agree(app: typer.Typer, tmp_path: Path) -> None:
    folder, out = replies(tmp_path / "c"), tmp_path / "ratings.jsonl"
    shown = CliRunner().invoke(app, ["rate", str(folder), "--out", str(out)], catch_exceptions=False)
    assert shown.exit_code == 0
    assert "8 replies to rate at http://127.0.0.1:" in shown.output
    work = Scoring(folder, out)
    for key in work.begin("lin")["items"]:
        for rater in ("lin", "mo"):
            work.answer(rater, key, {"scores": dict.fromkeys(principle_keys(), 4)})
    told = CliRunner().invoke(app, ["rate", str(folder), "--out", str(out), "--report"], catch_exceptions=False).output
    assert "lin: 8, 100% of them with one score throughout" in told
    assert "empathy: 8 replies by several, alpha undefined (no variation), equal 100%" in told


def test_mistakes_are_instructions(app: typer.Typer, tmp_path: Path) -> None:
    folder = str(stage(tmp_path / "s"))
    for given, error, why in (
        (
            ["review", folder, "--out", str(tmp_path / "r"), "--by", "sources"],
            ConfigError,
            "--by is source, reason, st",
        ),
        (["review", folder, "--out", str(tmp_path / "r"), "--sample", "0"], ConfigError, "1 or more"),
        (["review", str(tmp_path / "none"), "--out", str(tmp_path / "r")], DataError, "holds no"),
        (["rate", folder, "--out", str(tmp_path / "x")], DataError, "anxin prefer generate"),
        (["rate", folder, "--out", str(tmp_path / "x"), "--report"], DataError, "no ratings yet"),
    ):
        with pytest.raises(error, match=why):
            CliRunner().invoke(app, given, catch_exceptions=False)
