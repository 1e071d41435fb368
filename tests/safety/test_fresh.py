"""Sentences written before their author had seen the lexicon: the screen reads them as a clinician would be told to.

What it still reads otherwise stands in the tables as `known`, with the level observed; it may only get better.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from anxin.safety import screen

_HERE = Path(__file__).parent / "golden"
_ACUTE, _SELF, _ALARM = 3, 2, 2


def _table(language: str) -> dict[str, Any]:
    return tomllib.loads((_HERE / f"fresh_{language}.toml").read_text("utf-8"))


def _rows() -> list[Any]:
    rows: list[Any] = []
    for language in ("zh", "en"):
        table = _table(language)
        known = {row["say"]: row["seen"] for row in table.get("known", ())}
        for group in table["group"]:
            for place, text in enumerate(group["say"]):
                name = f"{language}-{group['name']}-{place}"
                rows.append(pytest.param(text, group["least"], group["most"], known.get(text), id=name))
    return rows


@pytest.mark.parametrize(("text", "least", "most", "seen"), _rows())
def test_fresh_sentence(text: str, least: int, most: int, seen: int | None) -> None:
    risk = screen(text).risk
    if seen is None:
        assert least <= risk <= most, (text, risk)
    else:
        assert not least <= seen <= most, "a known miss must be one: take the row out of `known`"
        assert min(seen, least) <= risk <= max(seen, most), (text, risk)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_how_much_is_found_and_how_often_it_cries_wolf(language: str) -> None:
    read = [(group["kind"], screen(text).risk) for group in _table(language)["group"] for text in group["say"]]
    acute = [risk >= _ACUTE for kind, risk in read if kind == "acute"]
    own = [risk >= _SELF for kind, risk in read if kind in ("acute", "self")]
    alarms = [risk >= _ALARM for kind, risk in read if kind == "negative"]
    assert len(read) >= 120
    assert sum(acute) / len(acute) >= 0.95
    assert sum(own) / len(own) >= 0.95
    assert sum(alarms) / len(alarms) <= 0.05
