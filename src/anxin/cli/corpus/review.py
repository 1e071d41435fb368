"""`anxin corpus review | agreement`: people look at a sample, and how far they agree."""

from __future__ import annotations

import json
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from anxin.cli.terminal import notes

if TYPE_CHECKING:
    from anxin.corpus.review.draw import By

__all__ = ["agreement", "review"]


def review(
    folder: Annotated[Path, typer.Argument(help="A stage's folder, a whole run's, a plain folder or a file.")],
    out: Annotated[Path, typer.Option(help="Folder of the review: what was drawn, and decisions.jsonl.")],
    sample: Annotated[int, typer.Option(help="How many samples are looked at.")] = 200,
    by: Annotated[str, typer.Option(help="As many of every: source, reason (of a drop) or stage.")] = "source",
    also: Annotated[
        list[str] | None, typer.Option(help="Look beside the kept at: dropped, a shard set aside, or all.")
    ] = None,
    reviewer: Annotated[str, typer.Option(help="Your name; else the page asks for it.")] = "",
    port: Annotated[int, typer.Option(help="Port on this machine; 0 takes a free one.")] = 0,
    open_page: Annotated[bool, typer.Option("--open/--no-open", help="Open the page in a browser.")] = False,
) -> None:
    """Show people a sample of a corpus in the browser: accept, fix, reject and why. Run again, it goes on.

    What was drawn stays drawn, however the corpus grows; several reviewers see the same samples, each in an order of
    their own and without the others' decisions. The step `reviewed` then does as they decided.

    Example: anxin corpus review runs/corpus/anxin-mini/clean --also dropped --by reason --sample 200 --out review
    Example: anxin corpus agreement review
    """
    from anxin.corpus.review import draw
    from anxin.corpus.review.desk import Desk
    from anxin.corpus.review.reviewing import Reviewing

    console = notes()
    found = draw(folder, out, sample, cast("By", by), also or ())
    for where in found.damage:
        console.print(f"could not be read: {where}", soft_wrap=True, markup=False)
    parts = ", ".join(f"{part.drawn} of {part.of:,} {part.where} {part.name}".rstrip() for part in found.strata)
    console.print(f"{len(found.items)} to review: {parts}", soft_wrap=True, markup=False)
    desk = Desk(Reviewing(out), port, reviewer)
    console.print(f"The page is at {desk.address}", soft_wrap=True, markup=False)
    console.print("Its address lets in whoever has it. Press Ctrl-C to stop; every decision is kept at once.")
    if open_page:
        webbrowser.open(desk.address)
    desk.run()
    typer.echo(str(out))


def agreement(
    review: Annotated[Path, typer.Argument(help="The folder of a review.")],
    as_json: Annotated[bool, typer.Option("--json", help="Everything, as one JSON object.")] = False,
) -> None:
    """Tell how far reviewers agree, and how often the rules kept or left out the wrong thing.

    Example: anxin corpus agreement review
    """
    from anxin.corpus.review import agreement as figures

    found = figures(review)
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
        return
    typer.echo(f"{found['decided']} of {found['items']} items decided")
    for reviewer, counts in found["reviewers"].items():
        typer.echo(f"  {reviewer}: {', '.join(f'{choice} {count}' for choice, count in counts.items())}")
    for name, title in (("choices", "accept, fix or reject"), ("keep", "keep or not")):
        typer.echo(f"{title}: {_agreed(found[name])}")
    for reason, figures_ in found["reasons"].items():
        if figures_["items"]:
            typer.echo(f"  {reason}: {_agreed(figures_)}")
    if found["why"]["counts"]:
        typer.echo(f"why: {', '.join(f'{why} {count}' for why, count in found['why']['counts'].items())}")
    for name, title in (
        ("wrong_drops", "left out, but should have been kept"),
        ("wrong_keeps", "kept, but should have been left out"),
        ("to_fix", "kept, but to be fixed"),
    ):
        if found[name] is not None:
            typer.echo(f"{title}: {_rate(found[name]['all'])}")
            kinds = found[name]["kinds"]
            for kind, rate in kinds.items() if len(kinds) > 1 else ():
                typer.echo(f"  {kind}: {_rate(rate)}")


def _agreed(figures: dict[str, Any]) -> str:
    if not figures["items"]:
        return "nothing was decided by two reviewers"
    parts = [f"{figures['items']} items, {figures['percent']:.0%} agreement, alpha {_number(figures['alpha'])}"]
    if figures.get("alpha_95"):
        low, high = figures["alpha_95"]
        parts.append(f"({low:.2f} to {high:.2f})")
    if "kappa" in figures:
        parts.append(f"kappa {_number(figures['kappa'])}")
    return " ".join(parts)


def _rate(rate: dict[str, Any]) -> str:
    return f"{rate['share']:.1%} ({rate['low']:.1%} to {rate['high']:.1%}), {rate['hits']} of {rate['of']} reviewed"


def _number(value: float | None) -> str:
    return "undefined (no variation)" if value is None else f"{value:.2f}"
