"""`anxin evaluate`: instruments, one subcommand each."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from anxin.cli.terminal import complain, notes

if TYPE_CHECKING:
    from anxin.evaluate.safety import Report

__all__ = ["app"]

app = typer.Typer(help="Measure models and the whole system.", no_args_is_help=True)


@app.callback()
def _root() -> None:
    """Measure models and the whole system."""


@app.command("perplexity")
def perplexity(
    folder: Annotated[Path, typer.Argument(help="A checkpoint folder.")],
    heldout: Annotated[Path, typer.Argument(help="Prepared dialogues, such as runs/anxin-mini/corpus/heldout.jsonl.")],
    context: Annotated[int, typer.Option(help="Longest dialogue in tokens.")] = 1024,
    limit: Annotated[int, typer.Option(help="Measure so many dialogues (0: all).")] = 0,
) -> None:
    """Perplexity and bits per character of the counsellor's turns, as one JSON line.

    Example: anxin evaluate perplexity runs/anxin-mini/model runs/anxin-mini/corpus/heldout.jsonl
    """
    from anxin.errors import DataError
    from anxin.evaluate import perplexity as measure

    for path in (folder / "tokenizer.json", heldout):
        if not path.exists():
            raise DataError(f"{path} does not exist")
    typer.echo(json.dumps(asdict(measure(folder, heldout, context, limit or None))))


@app.command("safety")
def safety(
    files: Annotated[list[Path] | None, typer.Argument(help="Labelled .jsonl, PsySUICIDE's .json; else ours.")] = None,
    split: Annotated[Literal["dev", "test"], typer.Option(help="Half of the authored sets.")] = "dev",
    out: Annotated[Path, typer.Option(help="Folder for report.json, report.md and the plots.")] = Path("runs/safety"),
    as_json: Annotated[bool, typer.Option("--json", help="Print the JSON instead of the Markdown.")] = False,
    robustness: Annotated[bool, typer.Option(help="Also measure the texts altered by rule.")] = True,
    dialogues: Annotated[bool, typer.Option(help="Also measure dialogues.")] = True,
    replies: Annotated[bool, typer.Option(help="Also measure the guard on replies.")] = True,
    seed: Annotated[int, typer.Option(help="For the rules' draws and the bootstrap.")] = 0,
    show: Annotated[bool, typer.Option(help="Print the texts of the misses to stderr; for data of your own.")] = False,
    gate: Annotated[bool, typer.Option("--gate", help="Exit with 1 if an aim is missed.")] = False,
) -> None:
    """Measure the screen, the ledger and the guard on labelled text: recall, false alarms, kappa, robustness, time.

    Without files it measures the authored sets. What each number means: docs/evaluate.md.

    Example: anxin evaluate safety my-messages.jsonl --out runs/mine
    """
    from dataclasses import replace

    from rich.progress import Progress

    from anxin.errors import MissingExtra, UserError
    from anxin.evaluate.safety import bundled, markdown, measure, missed_texts, plots, read, write

    if show and not files and split == "test":
        raise UserError("--show reads the held-out half; its texts stay unread. Show your own files or --split dev")
    if not files and split == "test":
        complain("the test half is opened once per release; nothing may be tuned on what it shows")
    sets = read(files) if files else bundled(split)
    sets = replace(
        sets,
        conversations=sets.conversations if dialogues else (),
        replies=sets.replies if replies else (),
        missing=tuple(name for name in sets.missing if dialogues or not name.startswith("dialogues")),
    )
    console = notes()
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        bars = {}

        def steps(what: str, done: int, of: int) -> None:
            if what not in bars:
                bars[what] = progress.add_task(what, total=of)
            progress.update(bars[what], completed=done)

        of = ", ".join(source.name for source in sets.sources)
        measured = measure(sets, of, rules=robustness, seed=seed, steps=steps)
    report = measured.report
    out.mkdir(parents=True, exist_ok=True)
    try:
        pictures = plots(report, out)
    except MissingExtra as error:
        pictures = ()
        complain(f"{error}; report.json and report.md are written all the same")
    write(report, out, pictures)
    typer.echo(json.dumps(report.json(), ensure_ascii=False) if as_json else markdown(report), nl=as_json)
    if show:
        for line in missed_texts(measured):
            console.print(line, markup=False, soft_wrap=True)
    if gate:
        _gate(report)


def _gate(report: Report) -> None:
    """Exit with 1 where an aim is missed, naming each."""
    missed = [aim.name for aim in report.aims if aim.met is False]
    if missed:
        complain(f"{len(missed)} aims missed: {'; '.join(missed)}")
        raise typer.Exit(1)
