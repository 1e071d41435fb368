"""`anxin model`: what can be used here, and getting more."""

from __future__ import annotations

import asyncio
import json
import os
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn
from rich.table import Table

from anxin.cli.terminal import notes
from anxin.config import home

__all__ = ["app"]

app = typer.Typer(help="List the models that can be used here, and download more.", no_args_is_help=True)


@app.command("list")
def list_models(
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """List what can be used here: the embedded model, GGUF files, a local Ollama's models, configured endpoints.

    Example: anxin model list --json
    """
    from anxin.cli.settings import configured
    from anxin.model.catalogue import available

    found = asyncio.run(available(home(), configured().endpoints))
    if as_json:
        typer.echo(json.dumps([asdict(model) for model in found], ensure_ascii=False))
        return
    table = Table(box=None, pad_edge=False)
    for column in ("NAME", "KIND", "SIZE", "CONTEXT", "NOTE"):
        table.add_column(column, overflow="fold")
    for model in found:
        size = f"{model.size / 1e6:,.0f} MB" if model.size else ""
        table.add_row(model.name, model.kind, size, f"{model.context or ''}", model.problem or model.title)
    Console(highlight=False).print(table)


@app.command("pull")
def pull(name: Annotated[str, typer.Argument(help="owner/repo:file.gguf, or owner/repo if it has one.")]) -> None:
    """Download a GGUF model; an interrupted download goes on where it stopped. HF_ENDPOINT names a mirror.

    Example: anxin model pull Qwen/Qwen3-1.7B-GGUF:Qwen3-1.7B-Q8_0.gguf
    """
    from anxin.model.pull import pull as download

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    screen = notes()
    with Progress(*columns, console=screen, disable=not screen.is_terminal) as bar:
        task = bar.add_task(name, total=None)
        path = download(
            name,
            home(),
            lambda done, total: bar.update(task, completed=done, total=total or None),
            token=os.environ.get("HF_TOKEN", ""),
        )
    typer.echo(f"{path}\nUse it with: anxin serve --model {path}")
