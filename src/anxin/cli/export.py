"""`anxin export`: a trained model as one GGUF file, with what others need to use it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from anxin.cli.terminal import notes

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["export"]

_CONTEXT = 4096  # tokens; what the embedded backend takes where nobody says otherwise


def export(
    folder: Annotated[Path, typer.Argument(help="A checkpoint folder, such as runs/anxin-mini/model.")],
    out: Annotated[Path, typer.Argument(help="The file to write.")],
    quantise: Annotated[str, typer.Option(help="f16, q8_0 or q4_k_m.")] = "q8_0",
    name: Annotated[str, typer.Option(help="The name the file carries.")] = "",
    adapter: Annotated[Path | None, typer.Option(help="A LoRA adapter's folder (PEFT), merged on the way.")] = None,
    demonstration: Annotated[bool, typer.Option(help="Mark as a small demonstration model.")] = False,
    temperature: Annotated[float, typer.Option(help="What suits it when nobody names one.")] = 0.7,
    languages: Annotated[str, typer.Option(help="Those it can hold a conversation in: zh, en or zh,en.")] = "zh,en",
    instructable: Annotated[bool, typer.Option(help="Whether it follows a system prompt.")] = True,
    pre: Annotated[str, typer.Option(help="llama.cpp's name of the pre-tokenizer, where it is not recognised.")] = "",
    converter: Annotated[
        Path | None, typer.Option(help="A llama.cpp checkout, whose script converts any other architecture.")
    ] = None,
    unchecked: Annotated[
        bool, typer.Option("--unchecked", help="Do not compare tokens and chat template with transformers.")
    ] = False,
    modelfile: Annotated[bool, typer.Option("--modelfile", help="Write an Ollama Modelfile beside it.")] = False,
    system: Annotated[str, typer.Option(help="The Modelfile's system prompt.")] = "",
    card: Annotated[bool, typer.Option("--card", help="Write a model card beside it.")] = False,
    licence: Annotated[str, typer.Option(help="The weights' licence, such as Apache-2.0, for card and push.")] = "",
    base: Annotated[str, typer.Option(help="The model it was trained from, for the card.")] = "",
    data: Annotated[str, typer.Option(help="Where its data card is, for the card.")] = "",
    push: Annotated[str, typer.Option(help="Copy it all to a FOLDER or to hf:owner/name (private when new).")] = "",
) -> None:
    """Write a checkpoint as GGUF with its tokenizer and chat template inside, and its SHA-256 beside it.

    The finished file is loaded once, and dialogues must come out as the same tokens as in transformers; else nothing is
    written. Llama, Qwen2, Qwen2.5, Qwen3 and InternLM2 in F32, F16 or BF16; anything else with --converter.

    Example: anxin export runs/anxin-mini/model models/mini.gguf --demonstration --no-instructable --languages zh

    Example: anxin export Qwen3-1.7B out/ours.gguf --adapter runs/sft/adapter --quantise q4_k_m --modelfile

    Example: anxin export runs/dpo/model out/ours.gguf --licence Apache-2.0 --base Qwen/Qwen3-1.7B --push hf:me/ours
    """
    from anxin.errors import ConfigError
    from anxin.export import convert, export_gguf, write_checksum

    traits: dict[str, bool | float | str] = {
        "instructable": instructable,
        "demonstration": demonstration,
        "temperature": temperature,
        "languages": languages,
    }
    if (card or push) and not licence:
        raise ConfigError("a card and a push need the weights' licence: name it with --licence, such as Apache-2.0")
    if converter and (adapter or pre or demonstration or not instructable):
        raise ConfigError("--converter runs llama.cpp's script as it is: no --adapter, --pre, --demonstration with it")
    checked: list[str] = []
    check = None if unchecked else _checker(folder, checked, instructable)
    if converter:
        convert(converter, folder, out, quantise, name or out.stem, check=check)
        typer.echo(f"{out}: {out.stat().st_size / 1e6:.1f} MB by {converter}")
    else:
        with _bar(out.name) as told:
            count = export_gguf(
                folder, out, quantise, name or out.stem, traits, adapter=adapter, pre=pre, check=check, progress=told
            )
        typer.echo(f"{out}: {count} tensors, {out.stat().st_size / 1e6:.1f} MB")
    for line in checked:
        typer.echo(line)
    digest = write_checksum(out)
    typer.echo(f"sha256 {digest}")
    files = {out.name: out, f"{out.name}.sha256": out.with_name(f"{out.name}.sha256")}
    if modelfile:
        files["Modelfile"] = _modelfile(folder, out, temperature, licence, system)
    if card or push:
        files["README.md"] = _card(
            out, digest, quantise, name, licence, base, data, languages, adapter, checked, traits
        )
    if push:
        from anxin.export import push as deliver

        typer.echo(f"pushed to {deliver(push, files, licence)}")


def _checker(folder: Path, told: list[str], systems: bool) -> Callable[[Path], None]:
    def check(file: Path) -> None:
        from anxin.export import require_agreement

        found = require_agreement(folder, file, systems=systems)
        told.append(
            f"{found.dialogues} dialogues and {found.texts} texts: the same tokens in transformers and in llama.cpp"
            if found.dialogues
            else f"{found.texts} texts: the same tokens in transformers and in llama.cpp; there is no chat template"
        )

    return check


@contextmanager
def _bar(name: str) -> Iterator[Callable[[int, int], None]]:
    from rich.progress import Progress

    screen = notes()
    with Progress(console=screen, disable=not screen.is_terminal, transient=True) as bar:
        task = bar.add_task(name, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _modelfile(folder: Path, out: Path, temperature: float, licence: str, system: str) -> Path:
    from anxin.export import load_tokenizer, modelfile
    from anxin.model.gguf import read_header

    context = min(read_header(out).context or _CONTEXT, _CONTEXT)
    path = out.with_suffix(".Modelfile")
    text = modelfile(
        load_tokenizer(folder), out.name, temperature=temperature, context=context, licence=licence, system=system
    )
    path.write_text(text, encoding="utf-8")
    typer.echo(f"{path}: for `ollama create`")
    return path


def _card(
    out: Path,
    digest: str,
    quantisation: str,
    name: str,
    licence: str,
    base: str,
    data: str,
    languages: str,
    adapter: Path | None,
    checked: list[str],
    traits: dict[str, bool | float | str],
) -> Path:
    from anxin.export import Card

    card = Card(
        name=name or out.stem,
        file=out.name,
        size=out.stat().st_size,
        digest=digest,
        quantisation=quantisation,
        licence=licence,
        base=base,
        adapter=adapter.name if adapter else "",
        data=data,
        languages=[language.strip() for language in languages.split(",")],
        demonstration=bool(traits["demonstration"]),
        checked="; ".join(checked),
    )
    path = out.with_suffix(".md")
    path.write_text(card.text(), encoding="utf-8")
    typer.echo(f"{path}: its card")
    return path
