"""A crawl from the outside: one folder, one profile, begun as often as it takes."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from anxin.corpus.crawl.archive import SUFFIXES
from anxin.corpus.crawl.profile import Limits, Profile, load_profile, user_agent
from anxin.corpus.manifest import file_facts, write_atomically, write_manifest
from anxin.errors import AnxinError, DataError, MissingExtra, UserError

__all__ = ["PROFILE", "WARC", "Tell", "crawl", "warcs"]

PROFILE, WARC = "profile.toml", "warc"
_NEEDED = ("scrapy", "warcio")

Tell = Callable[[Mapping[str, Any]], None]
"""Told about once a second how far a crawl is: pages, bytes, addresses by state."""


def crawl(
    path: Path, folder: Path, contact: str = "", pages: int | None = None, tell: Tell = lambda _: None
) -> dict[str, Any]:
    """Crawl what the profile at `path` describes into `folder`; begun again there, go on where it stopped.

    `pages` stands in for the profile's own limit and counts over all runs. `folder` then holds `profile.toml`, `warc/`,
    `crawl.sqlite` (every address and what became of it), `crawl.log` and, when nothing is left to ask for,
    `manifest.json`. Returns the summary. Raises `ConfigError` for a profile or a contact that cannot be used,
    `DataError` where `folder` belongs to another profile or cannot be written.
    """
    profile = load_profile(path, pages)
    agent = user_agent(contact or profile.contact)
    for name in _NEEDED:
        if importlib.util.find_spec(name) is None:
            raise MissingExtra("crawling", "crawl")
    _claim(path, profile, folder)
    order = {"profile": str(path), "pages": pages, "agent": agent, "folder": str(folder)}
    summary = _child(order, folder, tell)
    if summary["fault"]:
        raise UserError(str(summary["fault"]))
    if summary["finished"]:
        files = sorted((folder / WARC).glob("*.warc.gz"))
        body = {"stage": "crawl", "profile": profile.name, "licence": profile.licence, "terms": profile.terms}
        write_manifest(folder, {**body, "agent": agent, **summary}, file_facts([path]), file_facts(files, folder))
    return summary


def warcs(place: Path) -> list[Path]:
    """The WARC and WET files at `place`: itself, those of a crawl's folder, or of a plain folder.

    Raises `DataError` where there are none.
    """
    if place.is_file():
        return [place]
    folder = place / WARC if (place / WARC).is_dir() else place
    found = sorted(path for path in folder.glob("*") if path.name.endswith(SUFFIXES)) if folder.is_dir() else []
    if not found:
        raise DataError(f"{place} holds no {', '.join(SUFFIXES)} files")
    return found


def _claim(path: Path, profile: Profile, folder: Path) -> None:
    """One folder holds one profile's pages. Limits may be raised later: what was found keeps its place."""
    own = folder / PROFILE
    if own.is_file() and _without_limits(load_profile(own)) != _without_limits(profile):
        raise DataError(
            f"{folder} was begun with another profile; give another --out, or the profile it was begun with"
        )
    write_atomically(own, path.read_text(encoding="utf-8"))


def _without_limits(profile: Profile) -> Profile:
    return replace(profile, limits=Limits(), contact="")


def _child(order: Mapping[str, Any], folder: Path, tell: Tell) -> dict[str, Any]:
    """Run the crawling process and pass on what it says; its last line is the summary."""
    command = [sys.executable, "-m", "anxin.corpus.crawl"]
    summary: dict[str, Any] = {}
    with (folder / "crawl.log").open("ab") as log:
        child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log)
        try:
            assert child.stdin is not None and child.stdout is not None
            child.stdin.write(json.dumps(order).encode() + b"\n")
            child.stdin.flush()
            for line in child.stdout:
                said = json.loads(line)
                if "fault" in said:
                    summary = said
                else:
                    tell(said)
            child.wait()
        except BrokenPipeError:
            child.wait()
        finally:
            # Closing its stdin ends it, whatever it is doing; nothing is lost by that.
            for pipe in (child.stdin, child.stdout):
                if pipe is not None and not pipe.closed:
                    _close(pipe)
            child.wait()
    if not summary:
        raise AnxinError(f"the crawl was killed; run again to go on ({folder / 'crawl.log'} may tell why)")
    return summary


def _close(pipe: Any) -> None:
    try:
        pipe.close()
    except BrokenPipeError:
        return
