"""`anxin corpus run | steps | show`: recipes, the steps they may name, and what a stage did."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from anxin.cli.corpus.scale import PROCESSES, Asked, handed_over
from anxin.cli.terminal import bars, cores, notes
from anxin.errors import DataError

if TYPE_CHECKING:
    from anxin.corpus.complete import Done

__all__ = ["overlap", "run", "show", "steps"]


_TOLD = 5
"""So many places that could not be read are named on the screen; all of them are in `dropped/`."""


def run(
    recipe: Annotated[Path, typer.Argument(help="A corpus recipe, such as recipes/corpus/anxin-mini.toml.")],
    data: Annotated[Path | None, typer.Option(help="Folder of the sources; else ANXIN_DATA.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the stages; else runs/corpus/<name>.")] = None,
    jobs: Annotated[int, typer.Option(help="Processes; 0 for one a core.", min=0)] = 0,
    upto: Annotated[str, typer.Option(help="The last stage to do.")] = "",
    accept: Annotated[
        list[str] | None, typer.Option(help="Use this set although its licence does not allow it.")
    ] = None,
    settings: Annotated[list[str] | None, typer.Option("--set", help="Override, such as STAGE.key=value.")] = None,
    check: Annotated[bool, typer.Option("--check", help="Only say whether the recipe could be run.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="A JSON object a stage on stdout.")] = False,
    executor: Annotated[str, typer.Option(help="processes; or datatrove's local, ray or slurm.")] = PROCESSES,
    workers: Annotated[int, typer.Option(help="Tasks at once for local, ray and slurm.", min=1)] = 2,
    slurm_partition: Annotated[str, typer.Option(help="Slurm's partition; else its default.")] = "",
    slurm_time: Annotated[str, typer.Option(help="How long a task may take at most.")] = "02:00:00",
    slurm_cpus: Annotated[int, typer.Option(help="Cores of a task.", min=1)] = 1,
    slurm_mem: Annotated[int, typer.Option(help="GB a core.", min=1)] = 4,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write Slurm's scripts; submit nothing.")] = False,
    after: Annotated[str, typer.Option(hidden=True, help="The stage whose tasks have just ended on Slurm.")] = "",
) -> None:
    """Make a training set by a recipe. Stages that are complete are skipped; one that was broken off goes on.

    Example: anxin corpus run recipes/corpus/anxin-mini.toml --data ../shared/data --jobs 2
    Example: anxin corpus run recipes/corpus/anxin-mini.toml --executor slurm --workers 32 --slurm-partition cpu
    Example: anxin corpus run recipes/corpus/smoke.toml --check
    """
    from anxin.cli.settings import configured
    from anxin.config import home
    from anxin.corpus.recipe import load_recipe
    from anxin.corpus.run import check as preflight
    from anxin.corpus.run import run as do
    from anxin.model.protocol import Model
    from anxin.model.resolve import resolve

    asked = Asked(executor, workers, slurm_partition, slurm_time, slurm_cpus, slurm_mem, dry_run, after)
    recipe, source = asked.place(recipe), asked.place(data or Path(os.environ.get("ANXIN_DATA", "data")))
    chosen = load_recipe(recipe, source, settings)
    console = notes()
    config = configured()

    def open(name: str, base_url: str, context: int) -> Model:
        return resolve(name, home(), config.model_options(base_url, context))

    for facts in preflight(chosen, source, accept or (), open):
        console.print(f"{facts.name}: {facts.licence}", soft_wrap=True, markup=False)
    if check:
        typer.echo(f"{chosen.name} can be run: read, {', '.join(stage.name for stage in chosen.stages)}")
        return
    folder = asked.place(out or Path("runs") / "corpus" / chosen.name)
    by = asked.by(
        recipe,
        jobs,
        {
            "--data": [str(source)],
            "--out": [str(folder)],
            "--upto": [upto] if upto else [],
            "--accept": accept or [],
            "--set": settings or [],
        },
    )
    more: dict[str, Any] = {"accept": accept or (), "upto": upto, "open": open, "workers": by}
    with bars(console) as report, handed_over(as_json):
        for done in do(chosen, source, folder, jobs=jobs or cores(), report=report, **more):
            typer.echo(json.dumps(_body(done)) if as_json else _line(done))
            for line in _faults(done, folder):
                console.print(line, soft_wrap=True, markup=False)
    if not as_json:
        typer.echo(str(folder))


def _body(done: Done) -> dict[str, Any]:
    return {"stage": done.stage, "skipped": done.skipped, "seconds": done.seconds, **done.tally.to_json()}


def _line(done: Done) -> str:
    tally = done.tally
    counts = f"read {tally.read}, kept {tally.kept}, changed {tally.changed}"
    time = "complete already" if done.skipped else f"{done.seconds:.1f} s"
    return f"{done.stage}: {counts}{_counted(', dropped', tally.dropped)}{_counted(', aside', tally.aside)}, {time}"


def _faults(done: Done, folder: Path) -> Iterator[str]:
    yield from (f"could not be read: {where}" for where in done.damage[:_TOLD])
    if len(done.damage) > _TOLD:
        yield f"could not be read: at least {len(done.damage) - _TOLD} more; see {folder / done.stage / 'dropped'}"
    if not done.tally.kept:
        yield f"{done.stage} kept nothing"
    for reason, count in done.tally.dropped.items():
        if reason.startswith("failed_"):
            yield f"step {reason[7:]} failed on {count} samples; see {folder / done.stage / 'dropped'}"


def steps() -> None:
    """List the steps a recipe may name, with their options and defaults.

    Example: anxin corpus steps
    """
    from dataclasses import MISSING, fields, is_dataclass

    from anxin.corpus.steps import STEPS

    for name, found in sorted(STEPS.items()):
        typer.echo(f"{name}: {' '.join((found.__doc__ or '').split(chr(10) * 2)[0].split())}")
        for option in fields(found) if is_dataclass(found) else ():
            default = option.default if option.default is not MISSING else None
            if default is None and option.default_factory is not MISSING:
                default = option.default_factory()
            required = option.default is MISSING and option.default_factory is MISSING
            typer.echo(f"    {option.name} = {'(required)' if required else default!r}")


def overlap(
    folder: Annotated[Path, typer.Argument(help="A stage's folder, a folder of shards, or a file.")],
    against: Annotated[list[str] | None, typer.Option(help="A set's name, all, or a file of your own.")] = None,
    data: Annotated[Path | None, typer.Option(help="Folder of the evaluation sets; else ANXIN_DATA.")] = None,
) -> None:
    """Report, as JSON without any text, what a corpus has in common with the evaluation sets.

    Example: anxin corpus overlap runs/corpus/anxin-mini/split --against all --data ../shared/data
    """
    from dataclasses import asdict

    from anxin.corpus.decontaminate import Decontaminate, overlaps
    from anxin.corpus.files import read_samples, shards
    from anxin.corpus.sample import Sample

    source = data or Path(os.environ.get("ANXIN_DATA", "data"))
    step = Decontaminate(against=tuple(against or ("anxin",)), data=str(source))
    samples = (sample for file in shards(folder) for sample in read_samples(file) if isinstance(sample, Sample))
    typer.echo(json.dumps(asdict(overlaps(samples, step)), ensure_ascii=False, indent=2))


def show(
    folder: Annotated[Path, typer.Argument(help="The folder of a stage, or of a whole run.")],
) -> None:
    """Show what a stage, or every stage of a run, kept and left out.

    Example: anxin corpus show runs/corpus/anxin-mini
    """
    from anxin.corpus.files import Tally
    from anxin.corpus.manifest import read_manifest

    own = read_manifest(folder)
    found = [own] if own else [m for path in sorted(folder.glob("*")) if path.is_dir() and (m := read_manifest(path))]
    if not found:
        raise DataError(f"{folder} holds no manifest; it is no stage, or the stage is not complete")
    table = Table("stage", "read", "kept", "changed", "dropped", "aside", "seconds", box=None)
    for body in sorted(found, key=lambda body: str(body["finished"])):
        tally = Tally.from_json(body["counts"])
        table.add_row(
            body["stage"], f"{tally.read:,}", f"{tally.kept:,}", f"{tally.changed:,}",
            "\n".join(f"{reason} {count:,}" for reason, count in tally.dropped.most_common()),
            "\n".join(f"{name} {count:,}" for name, count in tally.aside.most_common()),
            f"{body['seconds']:,.1f}" if "seconds" in body else "",  # extract keeps none
        )  # fmt: skip
    typer.echo(_plain(table))


def _plain(table: Table) -> str:
    console = Console(width=140)
    with console.capture() as capture:
        console.print(table)
    return capture.get().rstrip()


def _counted(what: str, counts: Counter[str]) -> str:
    inside = ", ".join(f"{name} {count}" for name, count in counts.most_common())
    return f"{what} {counts.total()} ({inside})" if counts else ""
