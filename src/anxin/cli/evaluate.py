"""`anxin evaluate`: instruments, one subcommand each."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

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
