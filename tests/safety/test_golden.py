"""The golden sentences: every row of golden/*.toml gets the verdict it was written for."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from anxin.safety import Concern, screen

_HERE = Path(__file__).parent / "golden"


def _groups(language: str) -> list[dict[str, Any]]:
    groups: list[dict[str, Any]] = tomllib.loads((_HERE / f"{language}.toml").read_text("utf-8"))["group"]
    return groups


_ROWS = [
    pytest.param(group, text, id=f"{language}-{group['name']}-{place}")
    for language in ("zh", "en")
    for group in _groups(language)
    for place, text in enumerate(group["say"])
]


@pytest.mark.parametrize(("group", "text"), _ROWS)
def test_golden(group: dict[str, Any], text: str) -> None:
    verdict = screen(text)
    assert verdict.fault == ""
    assert group["least"] <= verdict.risk <= group["most"], (text, verdict)
    if "subject" in group:
        assert verdict.subject.value == group["subject"], (text, verdict)
    if "action" in group:
        assert verdict.action.value == group["action"], (text, verdict)
    if "concern" in group:
        assert Concern(group["concern"]) in verdict.concerns, (text, verdict)


@pytest.mark.parametrize(("language", "least"), [("zh", 250), ("en", 150)])
def test_the_tables_are_large_enough_and_without_doubles(language: str, least: int) -> None:
    said = [text for group in _groups(language) for text in group["say"]]
    assert len(said) >= least
    assert len(said) == len(set(said))
