"""The phrases that steps look for, read from `phrases.toml`."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

__all__ = ["phrases"]

_SET = re.compile(r"\{([a-z]+)\}")


@cache
def phrases(name: str) -> re.Pattern[str]:
    """One pattern of all the rows under that name, compiled once a process."""
    table = _table()
    sets: Mapping[str, str] = table["sets"]
    rows = (_SET.sub(lambda found: f"(?:{sets[found[1]]})", row) for row in table["phrases"][name])
    return re.compile("|".join(rows), re.IGNORECASE | re.MULTILINE)


@cache
def _table() -> Mapping[str, Any]:
    return tomllib.loads(resources.files("anxin.corpus.clean").joinpath("phrases.toml").read_text("utf-8"))
