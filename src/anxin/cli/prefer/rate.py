"""`anxin prefer rate`: people score replies in the browser."""

from __future__ import annotations

import json
import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from anxin.cli.terminal import notes

__all__ = ["rate"]


def rate(
    candidates: Annotated[Path, typer.Argument(help="Statements with their replies: a stage's folder or a file.")],
    out: Annotated[Path, typer.Option(help="File of the ratings, JSON lines; several raters may share it.")],
    rater: Annotated[str, typer.Option(help="Your name; else the page asks for it.")] = "",
    statements: Annotated[int, typer.Option(help="How many statements, the same for every rater; 0 for all.")] = 50,
    port: Annotated[int, typer.Option(help="Port on this machine; 0 takes a free one.")] = 0,
    open_page: Annotated[bool, typer.Option("--open/--no-open", help="Open the page in a browser.")] = False,
    report: Annotated[bool, typer.Option("--report", help="Only tell how far the raters in --out agree.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The report as one JSON object.")] = False,
) -> None:
    """Show people one reply at a time, without its writer, and take their scores on the seven principles.

    Run again, it goes on where the rater stopped. `anxin prefer score --ratings` puts the ratings beside the judges'.

    Example: anxin prefer rate runs/prefer/replies --out ratings.jsonl --rater Lin
    Example: anxin prefer rate runs/prefer/replies --out ratings.jsonl --report
    """
    from anxin.corpus.review.desk import Desk
    from anxin.prefer.people import Scoring, people_agree

    if not report:
        console = notes()
        work = Scoring(candidates, out, statements)
        for where in work.damage[:20]:
            console.print(f"could not be read: {where}", soft_wrap=True, markup=False)
        desk = Desk(work, port, rater)
        console.print(f"{len(work)} replies to rate at {desk.address}", soft_wrap=True, markup=False)
        console.print("Its address lets in whoever has it. Press Ctrl-C to stop; every rating is kept at once.")
        if open_page:
            webbrowser.open(desk.address)
        desk.run()
        if not out.exists():
            return
    found = people_agree([out])
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
        return
    typer.echo(f"{found['replies']} replies rated")
    for name, known in found["raters"].items():
        typer.echo(f"  {name}: {known['ratings']}, {known['flat']:.0%} of them with one score throughout")
    for principle, figures in found["principles"].items():
        alpha = "undefined (no variation)" if figures["alpha"] is None else f"{figures['alpha']:.2f}"
        typer.echo(
            f"  {principle}: {figures['replies']} replies by several, alpha {alpha}, "
            f"equal {figures['exact']:.0%}, within one {figures['within_one']:.0%}"
        )
