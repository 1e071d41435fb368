"""`anxin corpus crawl` and `anxin corpus extract`: pages of a site into WARC files, WARC files into samples."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from anxin.cli.terminal import complain, notes

__all__ = ["crawl", "extract"]

_EVERY = 10.0
"""Seconds between two lines of progress where nobody looks at a terminal."""


def crawl(
    profile: Annotated[Path, typer.Argument(help="A site's profile, such as recipes/crawl/example-threads.toml.")],
    out: Annotated[Path, typer.Option(help="Folder of the crawl; the same again goes on where it stopped.")],
    contact: Annotated[str, typer.Option(help="Your mail address or web page, shown to the site.")] = "",
    pages: Annotated[int | None, typer.Option(min=1, help="At most so many pages over all runs.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The summary as one line of JSON.")] = False,
) -> None:
    """Crawl a site as its profile says: robots.txt, its delays and its opt-outs are always kept to.

    Exit code 1 where a site answered so that it is left alone for now: run again later to go on.

    Example: anxin corpus crawl recipes/crawl/example-threads.toml --out runs/threads --contact you@example.org
    """
    from anxin.corpus.crawl import crawl as run

    progress = _Line()
    summary = run(profile, out, contact, pages, progress.tell)
    progress.end()
    for site, why in summary["resting"].items():
        complain(f"{site}: {_RESTS[why]}; {summary['waiting']} addresses wait, run again later")
    typer.echo(json.dumps(summary) if as_json else _told(summary, out))
    if not summary["finished"]:
        raise typer.Exit(1)


def extract(
    places: Annotated[list[Path], typer.Argument(help="Folders of crawls, or .warc, .warc.gz, .wet, .wet.gz files.")],
    out: Annotated[Path, typer.Option(help="Folder of the stage; the same again goes on where it stopped.")],
    profile: Annotated[Path | None, typer.Option(help="How to read pages; a crawl's folder brings its own.")] = None,
    jobs: Annotated[int, typer.Option(min=1, help="Processes; each reads one file at a time.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="The counts as one line of JSON.")] = False,
) -> None:
    """Read pages from WARC files (a crawl's, Common Crawl's WARC or WET): documents, or a dialogue for each answer.

    Example: anxin corpus extract runs/threads --out runs/threads-samples
    Example: anxin corpus extract CC-MAIN-00001.warc.gz --out runs/common-crawl --jobs 2
    """
    from anxin.corpus.crawl import extract as run
    from anxin.corpus.manifest import read_manifest

    screen = notes()

    def report(what: str, done: int, all_of_it: int) -> None:
        screen.print(f"{what} {done}/{all_of_it} files", soft_wrap=True)

    tally = run(places, out, profile, jobs, report)
    for where in (read_manifest(out) or {}).get("damage", []):
        screen.print(f"could not be read: {where}", soft_wrap=True, markup=False)
    if as_json:
        typer.echo(json.dumps(tally.to_json()))
        return
    drops = ", ".join(f"{why} {count}" for why, count in tally.dropped.most_common())
    typer.echo(f"{out}: {tally.kept} samples of {tally.read}" + (f"; dropped: {drops}" if drops else ""))


_RESTS: Mapping[str, str] = {
    "robots_unreachable": "its robots.txt could not be had, so nothing is asked of it",
    "asked_to_wait": "it asked us to wait for more than an hour",
    "failing": "it failed ten times in a row",
}


def _told(summary: Mapping[str, Any], out: Path) -> str:
    parts = [f"{summary[name]} {name}" for name in ("kept", "duplicate", "redirect") if summary[name]]
    parts += [f"{name}: {_counts(summary[name])}" for name in ("refused", "failed", "not_followed") if summary[name]]
    return f"{out}: {summary['pages']} pages; " + "; ".join([*parts, f"{summary['waiting']} waiting"])


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{why} {count}" for why, count in counts.items())


class _Line:
    """One line on stderr that is written over on a terminal, and a line now and then elsewhere."""

    def __init__(self) -> None:
        self._seen = sys.stderr.isatty()
        self._last = float("-inf")

    def tell(self, said: Mapping[str, Any]) -> None:
        drops = sum(said.get(state, 0) for state in ("duplicate", "refused", "failed"))
        line = (
            f"{said['pages']} pages, {said['bytes'] / 1e6:.1f} MB, {said.get('waiting', 0)} waiting, {drops} left out"
        )
        if self._seen:
            sys.stderr.write(f"\r{line:<70}")
        elif time.monotonic() - self._last >= _EVERY:
            sys.stderr.write(f"{line}\n")
            self._last = time.monotonic()
        sys.stderr.flush()

    def end(self) -> None:
        if self._seen:
            sys.stderr.write("\n")
