"""`anxin corpus sources` and `anxin corpus fetch`: the known sets, and getting one."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from anxin.cli.terminal import complain, notes

__all__ = ["fetch", "sources"]


def sources(
    as_json: Annotated[bool, typer.Option("--json", help="For machines, with homes, attributions and notes.")] = False,
) -> None:
    """List the known sets: what each may be used for, under which licence, in which language, how much it holds.

    Example: anxin corpus sources
    Example: anxin corpus sources --json
    """
    from anxin.corpus.sources import catalogue

    known = catalogue().values()
    if as_json:
        typer.echo(json.dumps([asdict(origin) for origin in known], ensure_ascii=False))
        return
    table = Table(box=None, pad_edge=False)
    for column in ("NAME", "LICENCE", "FOR", "LANGUAGE", "SIZE"):
        table.add_column(column, overflow="fold", no_wrap=column == "NAME")
    for origin in known:
        purposes = ", ".join(origin.purposes) + (f" (needs {origin.needs})" if origin.needs else "")
        table.add_row(origin.name, origin.licence, purposes, ", ".join(origin.languages), origin.size)
    Console(highlight=False).print(table)


def fetch(
    name: Annotated[str, typer.Argument(help="A known set; anxin corpus sources lists them.")],
    copy: Annotated[Path | None, typer.Option("--from", help="Take it from this folder instead of its home.")] = None,
    out: Annotated[Path | None, typer.Option(help="Data folder; else ANXIN_DATA, else data.")] = None,
    accept: Annotated[
        list[str] | None, typer.Option(help="Name the set to take it although its terms ask for more; repeatable.")
    ] = None,
    revision: Annotated[str, typer.Option(help="A branch, tag or commit of its home.")] = "",
    home: Annotated[str, typer.Option(help="One of its homes by kind: huggingface, modelscope or git.")] = "",
    mirror: Annotated[str, typer.Option(help="Another address for a huggingface or git home.")] = "",
) -> None:
    """Get a known set into the data folder: licence and attribution shown, checksums kept in source.json.

    Run again, it checks every file and brings what is missing. What was changed is named and left as it is.

    Example: anxin corpus fetch counsel_chat --out data
    Example: anxin corpus fetch smilechat --from ../shared/data --out data
    """
    from anxin.corpus.sources import catalogue, origin
    from anxin.corpus.sources import fetch as bring

    chosen = origin(name)
    screen = notes()
    target = out or Path(os.environ.get("ANXIN_DATA") or "data")
    done = bring(
        catalogue()[chosen.name],
        target,
        local=copy,
        revision=revision,
        accepted=accept or (),
        home=home,
        mirror=mirror,
        tell=lambda line: screen.print(line, markup=False, soft_wrap=True),
    )
    for path in done.changed:
        complain(f"{done.folder / path} is not what was fetched or what its home has; it was left as it is")
    screen.print(f"{len(done.new)} files new, {len(done.kept)} were there", soft_wrap=True)
    typer.echo(done.folder)
