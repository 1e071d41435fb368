"""A recipe from its sources to its last stage: what is complete is skipped, what was broken off is gone on with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from anxin.config import home
from anxin.corpus.bring import SHARD, bring
from anxin.corpus.card import Card, card
from anxin.corpus.complete import Done, complete
from anxin.corpus.dedup import Dedup, dedup
from anxin.corpus.files import DATA, DROPPED, Tally, shards
from anxin.corpus.manifest import File, file_facts, read_manifest
from anxin.corpus.mix import Mix, mix
from anxin.corpus.recipe import READ, Recipe, Source, Stage, Teach
from anxin.corpus.sources import Origin, allow, files_of, origin
from anxin.corpus.stage import Processes, Report, Steps, Workers, run_steps
from anxin.corpus.think import table as thinking
from anxin.corpus.think import think, thoughts
from anxin.errors import ConfigError, DataError
from anxin.model.protocol import Model
from anxin.model.resolve import ModelOptions, resolve

__all__ = ["Open", "check", "folder_of", "run"]

Open = Callable[[str, str, int], Model]
"""Opens a model by its name, the address of its server and its context, the last two where they are needed."""


def _open(name: str, base_url: str, context: int) -> Model:
    return resolve(name, home(), ModelOptions(base_url=base_url, context=context))


@dataclass(frozen=True, slots=True)
class _How:
    jobs: int
    report: Report
    open: Open
    workers: Workers


def check(recipe: Recipe, data: Path, accept: Sequence[str] = (), open: Open = _open) -> list[Origin]:
    """Every source's facts, its licence allowed and its files there, the files that steps read, and no stage that
    sends words out unasked.

    Raises the first fault; writes nothing.
    """
    for stage in recipe.stages:
        if isinstance(stage.options, Teach):
            _models(stage.options, open)
        elif isinstance(stage.options, Steps):
            _there(stage.name, stage.options)
    origins: list[Origin] = []
    for source in recipe.sources:
        facts = origin(source.name, source.reader, source.licence, source.options)
        allow(facts, recipe.purpose, {*recipe.accept, *accept})
        place = _place(source, recipe, data)
        if not files_of(facts, place):
            raise DataError(f"{place} holds no file of {facts.name}")
        if any(facts.name == other.name for other in origins):
            raise ConfigError(f"two sources are named {facts.name}; give each its own name, or one path with both")
        origins.append(facts)
    known = {facts.name.replace("-", "_") for facts in origins}
    for name in (*recipe.accept, *accept):
        if name.replace("-", "_") not in known:
            raise ConfigError(f"accept {name}: the recipe has no such source; it has {', '.join(sorted(known))}")
    return origins


def run(
    recipe: Recipe,
    data: Path,
    out: Path,
    *,
    jobs: int = 1,
    accept: Sequence[str] = (),
    upto: str = "",
    shard: int = SHARD,
    report: Report = lambda what, done, of: None,
    open: Open = _open,
    workers: Workers | None = None,
) -> Iterator[Done]:
    """Do the stages of `recipe` in folders under `out`, up to and with the stage `upto`; yield each as it ends.

    `workers` (see `anxin.corpus.scale`) read the sources and do the steps; the rest is done here in `jobs` processes.
    Raises `DataError` for input that cannot be used and `ConfigError` for an `upto` that is no stage.
    """
    if upto and upto not in {READ, *(stage.name for stage in recipe.stages)}:
        raise ConfigError(f"no stage {upto}; the recipe has {', '.join((READ, *(s.name for s in recipe.stages)))}")
    origins = check(recipe, data, accept, open)
    how = _How(jobs, report, open, workers or Processes(jobs))
    with _alone(out):
        yield _read(recipe, origins, data, out / READ, shard, how)
        for stage in recipe.stages if upto != READ else ():
            yield _stage(stage, out, how)
            if stage.name == upto:
                return


@contextmanager
def _alone(out: Path) -> Iterator[None]:
    """Nobody else does stages in this folder meanwhile, as far as the system can tell; a killed run's lock is gone."""
    try:
        import fcntl
    except ImportError:  # not on this system
        yield
        return
    out.mkdir(parents=True, exist_ok=True)
    with (out / ".lock").open("w", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DataError(f"another run is at work in {out}; wait for it, or name another --out") from None
        yield


def folder_of(out: Path, taken: str) -> Path:
    """The folder of what a stage left: `clean` for what goes on, `clean/crisis` for what it set aside."""
    stage, _, aside = taken.partition("/")
    return out / stage / (aside or DATA)


def _read(recipe: Recipe, origins: Sequence[Origin], data: Path, out: Path, shard: int, how: _How) -> Done:
    places = [_place(source, recipe, data) for source in recipe.sources]
    files = [path for facts, place in zip(origins, places, strict=True) for path, _ in files_of(facts, place)]
    table = {"sources": [asdict(source) for source in recipe.sources], "purpose": recipe.purpose, "shard": shard}
    licences = {facts.name: {"licence": facts.licence, "attribution": facts.attribution} for facts in origins}

    def work() -> Tally:
        each = [
            (facts, place, source.limit, shard, out)
            for facts, place, source in zip(origins, places, recipe.sources, strict=True)
        ]
        return how.workers(bring, each, out, how.report)

    return complete(READ, table, file_facts(files), out, work, lambda: {"licences": licences})


def _stage(stage: Stage, out: Path, how: _How) -> Done:
    folders = [folder_of(out, taken) for taken in stage.takes]
    inputs = [fact for taken, folder in zip(stage.takes, folders, strict=True) for fact in _outputs(out, taken, folder)]
    own = out / stage.name
    options = stage.options
    if isinstance(options, Steps):
        inputs += file_facts(options.reads)
    if isinstance(options, Teach):
        return _think(stage.name, options, _files(folders), inputs, own, how)

    def work() -> Tally:
        match options:
            case Steps():
                return run_steps(_files(folders), own, options, how.jobs, how.report, how.workers)
            case Dedup():
                return dedup(_files(folders), own, options, how.jobs, how.report)
            case Mix():
                return mix(folders, own, options, how.report)
            case Card():
                return card(folders, out, own, options, how.report)

    return complete(stage.name, stage.table, inputs, own, work)


def _think(name: str, options: Teach, files: Sequence[Path], inputs: Sequence[File], out: Path, how: _How) -> Done:
    teacher, judge = _models(options, how.open)
    work = partial(think, files, out, options.think, teacher, judge, how.report)
    return complete(
        name, thinking(options.think, teacher, judge), inputs, out, work, lambda: {"thoughts": thoughts(out)}
    )


def _there(name: str, options: Steps) -> None:
    """Raises `DataError` for a file that a step reads and that is not there."""
    for path in options.reads:
        if not path.is_file():
            raise DataError(f"stage {name} reads {path}, which does not exist")


def _models(options: Teach, open: Open) -> tuple[Model, Model | None]:
    """The teacher and the judge. Raises `ConfigError` where one would send the words out and the recipe does not allow
    it."""
    teacher = open(options.teacher, options.base_url, options.context)
    judge = open(options.judge, options.judge_url or options.base_url, options.context) if options.judge else None
    away = [model.info.name for model in (teacher, judge) if model is not None and model.info.outside]
    if away and not options.outside:
        raise ConfigError(
            f"{' and '.join(away)} would be sent the dialogues, outside this machine: name a model on this machine, or "
            "de-identify them (step personal) and set outside = true in that stage"
        )
    return teacher, judge


def _files(folders: Sequence[Path]) -> list[Path]:
    return [file for folder in folders for file in shards(folder)]


def _outputs(out: Path, taken: str, folder: Path) -> list[File]:
    """The facts of the files a stage left, from its manifest, so that they are not hashed again."""
    stage = taken.partition("/")[0]
    manifest = read_manifest(out / stage)
    if manifest is None:
        raise DataError(f"{stage} is not complete")
    inside = f"{folder.name}/"
    found = [File(**fact) for fact in manifest["outputs"] if fact["path"].startswith(inside)]
    if not found:
        if folder.name == DATA:
            raise DataError(f"stage {stage} kept nothing: there is nothing to go on with; see {out / stage}")
        sets = {fact["path"].partition("/")[0] for fact in manifest["outputs"]} - {DATA, DROPPED}
        raise DataError(f"stage {stage} left nothing in {folder.name}; it has {', '.join(sorted(sets)) or 'only data'}")
    return found


def _place(source: Source, recipe: Recipe, data: Path) -> Path:
    return data / source.path.replace("{recipe}", str(recipe.beside.resolve()))
