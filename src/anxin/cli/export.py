"""`anxin export`: a trained model as one GGUF file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["export"]


def export(
    folder: Annotated[Path, typer.Argument(help="A checkpoint folder, such as runs/anxin-mini/model.")],
    out: Annotated[Path, typer.Argument(help="The file to write.")],
    quantise: Annotated[str, typer.Option(help="f16 or q8_0.")] = "q8_0",
    name: Annotated[str, typer.Option(help="The name the file carries.")] = "",
    demonstration: Annotated[bool, typer.Option(help="Mark as a small demonstration model.")] = False,
    temperature: Annotated[float, typer.Option(help="What suits it when nobody names one.")] = 0.7,
    languages: Annotated[str, typer.Option(help="Those it can hold a conversation in: zh, en or zh,en.")] = "zh,en",
    instructable: Annotated[bool, typer.Option(help="Whether it follows a system prompt.")] = True,
) -> None:
    """Write a checkpoint as GGUF with its tokenizer and chat template inside.

    Example: anxin export runs/anxin-mini/model models/mini.gguf --quantise q8_0 --demonstration --languages zh
    """
    from anxin.export import export_gguf

    traits: dict[str, bool | float | str] = {
        "instructable": instructable,
        "demonstration": demonstration,
        "temperature": temperature,
        "languages": languages,
    }
    count = export_gguf(folder, out, quantise, name or out.stem, traits)
    typer.echo(f"{out}: {count} tensors, {out.stat().st_size / 1e6:.1f} MB")
