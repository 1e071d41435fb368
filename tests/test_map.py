"""docs/map.md and the tree say the same."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "anxin"


def test_the_map_names_every_room_and_no_other() -> None:
    text = (ROOT / "docs" / "map.md").read_text(encoding="utf-8")
    block = text.split("src/anxin/\n")[1].split("\n    web/")[0]
    named = set(re.findall(r"^ {6}([a-z_.]+)/? ", block, re.MULTILINE))
    rooms = {path.name for path in PACKAGE.iterdir() if path.is_dir() and (path / "__init__.py").exists()}
    files = {path.name for path in PACKAGE.glob("*.py") if not path.name.startswith("__")}
    assert named == rooms | files


def test_version_and_changelog_agree() -> None:
    import anxin

    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    newest = re.search(r"^## (\d+\.\d+\.\d+)", changelog, re.MULTILINE)
    assert newest is not None and newest.group(1) == anxin.__version__
