"""What the documents say is so: snippets run, commands exist, links lead somewhere."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "models").glob("*.md"))]
PAGES += sorted((ROOT / "bench").glob("*.md"))
READMES = [ROOT / "README.md", ROOT / "README.zh-CN.md"]


def _anxin(line: str) -> bool:
    return line.startswith("anxin ") or " | anxin " in line


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_relative_link_leads_to_a_file(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", READMES, ids=lambda page: page.name)
def test_the_python_in_the_readme_runs(page: Path) -> None:
    (snippet,) = re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    done = subprocess.run(
        [sys.executable, "-c", snippet], capture_output=True, text=True, timeout=60, check=False, env=_environment()
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("2\n") or "T2" in done.stdout.splitlines()[0]


@pytest.mark.parametrize("page", READMES, ids=lambda page: page.name)
def test_every_anxin_command_in_the_readme_has_the_options_it_uses(page: Path) -> None:
    lines = [line.strip() for line in page.read_text(encoding="utf-8").splitlines() if line.startswith("    ")]
    commands = [shlex.split(line.split("#")[0].split("| ")[-1])[1:] for line in lines if _anxin(line)]
    assert len(commands) >= 8
    for command in commands:
        words = [word for word in command if word.isalpha() and word.islower()]
        named = words[:2] if command[0] in ("model", "evaluate", "corpus", "prefer") else words[:1]
        done = subprocess.run(
            [sys.executable, "-m", "anxin", *named, "--help"],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env=_environment(),
        )
        assert done.returncode == 0, command
        for option in (word for word in command if word.startswith("--")):
            assert option.replace("--no-", "--") in done.stdout.replace("--no-", "--"), (command, option)


def test_make_targets_named_in_the_documents_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    for page in PAGES:
        for named in re.findall(r"(?:^    |`)make ([a-z-]+)", page.read_text(encoding="utf-8"), re.MULTILINE):
            assert named in targets, f"{page.name}: make {named}"


def _environment() -> dict[str, str]:
    return {**os.environ, "COLUMNS": "200", "PYTHONIOENCODING": "utf-8"}
