"""`anxin train`: a recipe from raw data to a model folder."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from anxin.cli.terminal import notes

__all__ = ["train"]


def train(
    recipe: Annotated[Path, typer.Argument(help="A recipe, such as recipes/anxin-mini.toml.")],
    data: Annotated[Path | None, typer.Option(help="Folder of the sources; else ANXIN_DATA.")] = None,
    out: Annotated[Path | None, typer.Option(help="Run folder; else runs/<name of the recipe>.")] = None,
    settings: Annotated[list[str] | None, typer.Option("--set", help="Override: pretrain.tokens=1000000.")] = None,
) -> None:
    """Train a model from scratch, the learned risk screen, or the finder of personal data. A language model is
    prepared, given a tokenizer, pre-trained and fine-tuned; run again, it goes on where it stopped.

    Example: anxin train recipes/anxin-mini.toml --data ../shared/data --out runs/anxin-mini
    Example: anxin train recipes/screen/screen.toml --data ../shared/data --out runs/screen
    """
    from anxin.config import load_toml

    screen = notes()

    def report(entry: dict[str, Any]) -> None:
        screen.print(" ".join(f"{key}={value}" for key, value in entry.items()), soft_wrap=True)

    source = data or Path(os.environ.get("ANXIN_DATA", "data"))
    sort = load_toml(recipe).get("kind")
    if sort == "personal":
        from anxin.train.personal import load_personal, train_personal

        finder = load_personal(recipe)
        path = (out or Path("runs") / finder.name) / "tagger.model"
        raw = train_personal(finder, recipe.parent, recipe.parent / finder.authored, source)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(raw)
        typer.echo(path)
        return
    if sort == "screen":
        from anxin.train.screen import load_screen, train_screen

        kind = load_screen(recipe, settings)
        typer.echo(train_screen(kind, source, recipe.parent, out or Path("runs") / kind.name, report))
        return
    from anxin.train import load
    from anxin.train import train as run

    chosen = load(recipe, settings)
    typer.echo(run(chosen, source, recipe.parent, out or Path("runs") / chosen.name, report))
