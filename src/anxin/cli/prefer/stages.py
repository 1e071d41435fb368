"""`anxin prefer`: from what clients said to pairs of replies, by a recipe or a stage at a time."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from anxin.cli.terminal import complain, notes
from anxin.errors import ConfigError

if TYPE_CHECKING:
    from anxin.corpus.files import Damage
    from anxin.model import Model
    from anxin.prefer import Pair

__all__ = ["app"]

app = typer.Typer(
    help="Which of two replies is better: principles, replies, scores, pairs, released sets.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

_BASE = Annotated[str, typer.Option(help="Address of an OpenAI-compatible server, with /v1; or write NAME@URL.")]
_CONTEXT = Annotated[int, typer.Option(help="Models' window in tokens (0: the operator's setting).")]
_OUTSIDE = Annotated[bool, typer.Option("--outside", help="Clients' words may leave this machine.")]
_AT_ONCE = Annotated[int, typer.Option(help="Questions asked of a server at once.")]
_QUESTIONS = Annotated[int, typer.Option(help="Ask no more than so many questions (0: no limit).")]
_TOKENS = Annotated[int, typer.Option(help="Use no more than so many tokens (0: no limit).")]
_AGAIN = Annotated[bool, typer.Option("--again", help="Ask again for what failed in a stage that is complete.")]
_JSON = Annotated[bool, typer.Option("--json", help="For machines.")]


@app.callback()
def _root() -> None:
    """Which of two replies is better: principles, replies, scores, pairs, released sets."""


@app.command("principles")
def principles_(
    language: Annotated[Literal["zh", "en"], typer.Option(help="zh or en.")] = "en",
    as_json: _JSON = False,
) -> None:
    """Print the seven principles with what earns 1 to 5, as judges read them.

    Example: anxin prefer principles --language zh
    """
    from dataclasses import asdict

    from anxin.prefer import principles, rubric

    typer.echo(json.dumps(asdict(principles()), ensure_ascii=False) if as_json else rubric(language))


@app.command("generate")
def generate(
    statements: Annotated[
        Path, typer.Argument(help="Samples: a file or a stage's folder; the client has the last word.")
    ],
    out: Annotated[Path, typer.Argument(help="Folder for the replies.")],
    model: Annotated[list[str], typer.Option(help="Who replies; may be given several times.")],
    temperature: Annotated[list[float] | None, typer.Option(help="May be given several times.")] = None,
    samples: Annotated[int, typer.Option(min=1, help="Replies of each model at each temperature.")] = 1,
    of_all: Annotated[int, typer.Option("--voices", help="How many of all these reply to one statement (0: all).")] = 0,
    max_tokens: Annotated[int, typer.Option(help="Longest reply in tokens.")] = 512,
    limit: Annotated[int, typer.Option(help="Take so many statements (0: all).")] = 0,
    trim: Annotated[bool, typer.Option("--trim", help="Leave out what a counsellor said at the end.")] = False,
    crisis: Annotated[bool, typer.Option("--crisis", help="Keep statements at T2 and above.")] = False,
    any_language: Annotated[
        bool, typer.Option("--any-language", help="Ask models for a language they lack too.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Of the first sample.")] = 1,
    base_url: _BASE = "",
    context: _CONTEXT = 0,
    outside: _OUTSIDE = False,
    at_once: _AT_ONCE = 4,
    questions: _QUESTIONS = 0,
    tokens: _TOKENS = 0,
    again: _AGAIN = False,
) -> None:
    """Let models reply to what clients said. Run again, it goes on where it stopped; what was answered is kept.

    A reply that the output guard stops, or that was cut off, is kept and marked: it can only be the rejected one.

    Example: anxin prefer generate statements.jsonl runs/replies --model ollama/qwen3:4b --temperature 0.7
    """
    from anxin.model.many import Cache
    from anxin.prefer import Answering, Asking, Limits, Statements, reply_stage, voices

    speaking = voices(_opened(model, base_url, context, outside), temperature or (), samples, seed)
    limits = Limits(at_once=at_once, questions=questions, tokens=tokens)
    with Cache(out / "answers.sqlite") as cache, _progress() as report:
        manifest = reply_stage(
            [statements],
            out,
            speaking,
            statements=Statements(trim, crisis),
            answering=Answering(of_all, max_tokens, any_language),
            limit=limit,
            asking=Asking(limits, cache),
            report=report,
            again=again,
        )
    _told(manifest)
    typer.echo(str(out))


@app.command("score")
def score(
    candidates: Annotated[Path, typer.Argument(help="Folder of replies.")],
    out: Annotated[Path, typer.Argument(help="Folder for the scored replies.")],
    judge: Annotated[list[str] | None, typer.Option(help="Who scores; may be given several times.")] = None,
    ratings: Annotated[
        list[Path] | None, typer.Option(help="People's scores, .jsonl; may be given several times.")
    ] = None,
    together: Annotated[
        bool, typer.Option("--together", help="All replies to a statement at once, in several orders.")
    ] = False,
    orders: Annotated[int, typer.Option(help="With --together: in so many orders.")] = 2,
    small: Annotated[bool, typer.Option("--small", help="Also a judge too small to judge, for a trial.")] = False,
    base_url: _BASE = "",
    context: _CONTEXT = 0,
    outside: _OUTSIDE = False,
    at_once: _AT_ONCE = 4,
    questions: _QUESTIONS = 0,
    tokens: _TOKENS = 0,
    again: _AGAIN = False,
) -> None:
    """Score replies on the seven principles, by models, by people, or both; several are averaged, differences kept.

    People's scores are lines {"item","reply","rater","scores":{"empathy":4,...},"note"}; an answer that is not seven
    whole numbers from 1 to 5 is asked for once more and then counted as a failure.

    Example: anxin prefer score runs/replies runs/scored --judge openai/judge@http://127.0.0.1:8000/v1
    """
    from anxin.model.many import Cache
    from anxin.prefer import Asking, Judge, Judging, Limits, score_stage

    how = Judging(together=together, orders=orders, small=small)
    judges = [Judge(model, how) for model in _opened(judge or (), base_url, context, outside)]
    limits = Limits(at_once=at_once, questions=questions, tokens=tokens)
    with Cache(out / "answers.sqlite") as cache, _progress() as report:
        manifest = score_stage(
            [candidates], out, judges, ratings=ratings or (), asking=Asking(limits, cache), report=report, again=again
        )
    _told(manifest)
    typer.echo(str(out))


@app.command("pair")
def pair(
    scored: Annotated[Path, typer.Argument(help="Folder of scored replies.")],
    out: Annotated[Path, typer.Argument(help="Folder for the pairs.")],
    margin: Annotated[float, typer.Option(help="Least difference of the mean scores in training, above 0 to 4.")] = 1.0,
    test_share: Annotated[float, typer.Option(help="Share of statements for testing.")] = 0.1,
    most: Annotated[int, typer.Option(help="Pairs a statement gives to training (0: all).")] = 0,
    raters: Annotated[int, typer.Option(help="How many must have scored both replies.")] = 1,
    balance: Annotated[bool, typer.Option("--balance", help="Thin training pairs until length tells nothing.")] = False,
    seed: Annotated[int, typer.Option(help="Of the split.")] = 1,
    as_json: _JSON = False,
) -> None:
    """Make pairs of scored replies: by margin to train on, best against worst to test on.

    Example: anxin prefer pair runs/scored runs/pairs --margin 1 --test-share 0.1
    """
    from anxin.prefer import Pairing, pair_stage

    with _progress() as report:
        manifest = pair_stage([scored], out, Pairing(margin, test_share, most, raters, balance, seed), report=report)
    _told(manifest)
    typer.echo(json.dumps(manifest["report"], ensure_ascii=False) if as_json else str(out))


@app.command("convert")
def convert(
    source: Annotated[
        Path, typer.Argument(metavar="IN", help="Pairs: a .jsonl, .jsonl.zst or .parquet file, or a folder.")
    ],
    out: Annotated[Path, typer.Argument(help="A file of such a name; for a folder, a folder.")],
    to: Annotated[Literal["psychocounsel", "trl", "jsonl"], typer.Option(help="psychocounsel, trl or jsonl.")],
    parquet: Annotated[bool, typer.Option("--parquet", help="For a folder: .parquet files instead of .jsonl.")] = False,
) -> None:
    """Write pairs as the released PsychoCounsel table, as TRL's conversational preferences, or as our own lines.

    Example: anxin prefer convert runs/pairs pairs.parquet --to trl
    Example: anxin prefer convert train-00000-of-00001.parquet train.jsonl --to jsonl
    """
    from anxin.corpus.files import shard_name, shards
    from anxin.errors import DataError
    from anxin.prefer import write_pairs

    paths = shards(source)
    one = out.name.endswith((".jsonl", ".jsonl.zst", ".parquet"))
    if one and len(paths) > 1:
        raise ConfigError(
            f"{source} holds {len(paths)} files ({', '.join(path.name for path in paths)}); name a folder"
        )
    unread = 0
    for path in paths:
        target = out if one else out / f"{shard_name(path)}.{'parquet' if parquet else 'jsonl'}"
        if target.exists() and target.samefile(path):
            raise ConfigError(f"{target} would be written over itself; name another file")
        damaged: list[Damage] = []
        written, left = write_pairs(_sound(path, damaged), target, to)
        unread += len(damaged)
        for damage in damaged[:20]:
            complain(damage.where)
        if left:
            complain(f"{path.name}: left out {', '.join(f'{reason} {count}' for reason, count in left.most_common())}")
        typer.echo(f"{target}: {written}")
    if unread:
        raise DataError(f"{unread} records of {source} could not be read; the others were written")


@app.command("report")
def report_(
    pairs: Annotated[Path, typer.Argument(help="A file or folder of pairs, or of scored replies.")],
    as_json: _JSON = False,
) -> None:
    """Whether length alone tells which reply was chosen, what each principle does, and how far raters agree.

    Example: anxin prefer report runs/pairs
    """
    from anxin.corpus.files import shards
    from anxin.prefer import summary

    found = summary(shards(pairs))
    typer.echo(json.dumps(found, ensure_ascii=False) if as_json else _readable(found))


@app.command("run")
def run(
    recipe: Annotated[Path, typer.Argument(help="A recipe, such as recipes/prefer/psychocounsel.toml.")],
    data: Annotated[Path | None, typer.Option(help="Folder of the statements; else ANXIN_DATA.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the stages; else runs/prefer/<name>.")] = None,
    settings: Annotated[list[str] | None, typer.Option("--set", help="Override: pair.margin=0.5.")] = None,
    base_url: _BASE = "",
    outside: _OUTSIDE = False,
    again: _AGAIN = False,
) -> None:
    """Generate, score and pair by one recipe. Complete stages are skipped; one that was broken off goes on.

    Example: anxin prefer run recipes/prefer/psychocounsel.toml --data data
    """
    from anxin.prefer import load
    from anxin.prefer.run import run as do

    chosen = load(recipe, settings)
    source = data or Path(os.environ.get("ANXIN_DATA", "data"))
    folder = out or Path("runs") / "prefer" / chosen.name
    with _progress() as report:
        for name, manifest in do(
            chosen,
            source,
            folder,
            lambda names, context: _opened(names, base_url, context, outside),
            report,
            again=again,
        ):
            _told(manifest, f"{name}: ")
    typer.echo(str(folder))


def _opened(names: Sequence[str], base_url: str, context: int, outside: bool) -> list[Model]:
    """The models of these names, or `NAME@URL`. Raises `ConfigError` for one that is not on this machine, unless that
    is allowed."""
    from anxin.cli.settings import configured
    from anxin.config import home
    from anxin.model import resolve

    config = configured()
    models: list[Model] = []
    for asked in names:
        name, at, url = asked.partition("@http")
        model = resolve(name, home(), config.model_options(f"http{url}" if at else base_url, context))
        if model.info.outside and not outside:
            raise ConfigError(
                f"{name} is not on this machine, clients' words would go to it; if they may, add --outside"
            )
        models.append(model)
    if len({model.info.name for model in models}) != len(models):
        raise ConfigError("a model is named twice; give its temperatures or samples instead")
    return models


@contextmanager
def _progress() -> Iterator[Callable[[str, int, int], None]]:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = notes()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        bars: dict[str, Any] = {}

        def report(what: str, done: int, of: int) -> None:
            stage = what.partition(":")[0]
            if stage not in bars:
                bars[stage] = progress.add_task(what, total=of or None)
            if of:
                progress.update(bars[stage], completed=done, total=of)
            progress.update(bars[stage], description=what)

        yield report


def _told(manifest: dict[str, Any], before: str = "") -> None:
    """What a stage did, in a few lines on stderr."""
    console = notes()

    def line(text: str) -> None:
        console.print(text, soft_wrap=True, markup=False)

    counts = manifest["counts"]
    dropped = ", ".join(f"{reason} {count}" for reason, count in counts["dropped"].items())
    line(f"{before}{counts['read']} read, {counts['kept']} kept{f'; left out: {dropped}' if dropped else ''}")
    for voice, told in manifest.get("by_voice", {}).items():
        line(f"  {voice}: {', '.join(f'{what} {count}' for what, count in told.items())}")
    agreement = manifest.get("agreement", {})
    for rater, told in agreement.get("raters", {}).items():
        line(f"  {rater}: scored {told['ratings']}, the same on every principle {told['flat']:.0%}")
    for failed, count in agreement.get("unscored", {}).items():
        line(f"  {failed} {count}")
    if people := manifest.get("people"):
        line(f"  people: {people['matched']} of {people['of']} ratings belong to a reply here")
        for where in people["unread"]:
            complain(where)
    if couples := manifest.get("couples"):
        line(f"  couples: {', '.join(f'{what} {count}' for what, count in couples.items())}")
    for split, told in manifest.get("report", {}).items():
        length = told["length"]
        line(f"  {split}: {length['pairs']} pairs, longer wins {length['longer_wins']}, r {length['correlation']}")


def _readable(found: dict[str, Any]) -> str:
    """Nested tables as indented lines."""

    def lines(table: dict[str, Any], indent: int) -> Iterator[str]:
        for key, value in table.items():
            if isinstance(value, dict) and value and not any(isinstance(one, dict) for one in value.values()):
                yield f"{'  ' * indent}{key}: {', '.join(f'{name} {one}' for name, one in value.items())}"
            elif isinstance(value, dict):
                yield f"{'  ' * indent}{key}:"
                yield from lines(value, indent + 1)
            else:
                yield f"{'  ' * indent}{key}: {value}"

    return "\n".join(lines(found, 0))


def _sound(path: Path, damaged: list[Damage]) -> Iterator[Pair]:
    """The pairs that can be read; the others are put into `damaged`."""
    from anxin.corpus.files import Damage as Unread
    from anxin.prefer import read_pairs

    for one in read_pairs(path):
        if isinstance(one, Unread):
            damaged.append(one)
        else:
            yield one
