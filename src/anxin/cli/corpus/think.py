"""`anxin corpus think`: a teacher writes the reasoning that leads to each counsellor's reply."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from anxin.cli.terminal import bars, notes
from anxin.config import home
from anxin.errors import ConfigError

__all__ = ["think"]


def think(
    source: Annotated[Path, typer.Argument(metavar="IN", help="A stage's folder, a folder of shards, or a file.")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The folder of the new stage.")],
    teacher: Annotated[str, typer.Option(help="A path to a .gguf, ollama/<name> or openai/<name>.")] = "",
    base_url: Annotated[str, typer.Option(help="Address of the teacher's OpenAI-compatible server, with /v1.")] = "",
    judge: Annotated[str, typer.Option(help="A model that says whether a thought leads to its reply.")] = "",
    judge_url: Annotated[str, typer.Option(help="Address of the judge's server; else the teacher's.")] = "",
    least: Annotated[int, typer.Option(help="The judge's number, 0 to 10, below which a thought is rejected.")] = 6,
    replies: Annotated[str, typer.Option(help="last, each, or k for every k-th counted from the last.")] = "last",
    rejects: Annotated[str, typer.Option(help="A sample whose thought is rejected: drop, or go on plain.")] = "drop",
    unasked: Annotated[str, typer.Option(help="Samples the budget did not reach: wait, drop or plain.")] = "wait",
    at_once: Annotated[int, typer.Option(help="Questions on their way at the same time.")] = 4,
    budget_tokens: Annotated[int, typer.Option(help="Tokens this run may cost, prompts and replies; 0: any.")] = 0,
    budget_questions: Annotated[int, typer.Option(help="Questions this run may ask; 0: any.")] = 0,
    tries: Annotated[int, typer.Option(help="How often a question is asked that gets no answer.")] = 6,
    patience: Annotated[float, typer.Option(help="Seconds one answer may take.")] = 300.0,
    context: Annotated[int, typer.Option(help="The teacher's window in tokens.")] = 0,
    max_tokens: Annotated[int, typer.Option(help="Tokens of an answer, the teacher's own reasoning included.")] = 2048,
    seed: Annotated[int, typer.Option(help="Another seed asks everything again.")] = 1,
    cache: Annotated[Path | None, typer.Option(help="File of answers; else OUT.answers.sqlite.")] = None,
    outside: Annotated[bool, typer.Option("--outside", help="Allow the words to leave this machine.")] = False,
) -> None:
    """Ask a teacher for the thought that leads from a dialogue to the counsellor's reply; the reply stays as it is.

    Every thought is checked; what is rejected is kept in OUT/dropped with the reason. Stopped or out of budget, run it
    again: what was answered is not asked for twice.

    Example: anxin corpus think runs/corpus/psylite/dedup runs/think --teacher ollama/qwen3 --budget-tokens 2000000
    Example: anxin corpus think cpsycoun.jsonl runs/think --teacher ollama/qwen3 --replies each --judge ollama/glm4
    """
    from anxin.cli.settings import configured
    from anxin.corpus.think import Asking, Think, deidentified, think_folder
    from anxin.model.many import Spent
    from anxin.model.resolve import resolve

    if not teacher:
        raise ConfigError("name a teacher: --teacher ollama/<name>, or openai/<name> with --base-url")
    config = configured()
    model = resolve(teacher, home(), config.model_options(base_url, context))
    judging = resolve(judge, home(), config.model_options(judge_url or base_url, context)) if judge else None
    console = notes()
    if away := sorted({each.info.name for each in (model, judging) if each is not None and each.info.outside}):
        console.print(
            f"The dialogues in {source} leave this machine: they are sent to {' and '.join(away)}.", soft_wrap=True
        )
        if not deidentified(source):
            console.print(
                "No manifest here shows the step `personal`: names, numbers and addresses may be in them. "
                "De-identify them first.",
                soft_wrap=True,
            )
        if not outside:
            raise ConfigError("nothing was sent; give --outside to send them, or name a teacher on this machine")
    embedded = any(each is not None and each.info.backend == "embedded" for each in (model, judging))
    asking = Asking(
        at_once=min(at_once, config.places) if embedded else at_once,
        tries=tries,
        patience=patience,
        questions=budget_questions,
        tokens=budget_tokens,
        cache=str(cache or ""),
    )
    options = Think(
        every=_every(replies),
        rejects=_one("--rejects", rejects, "drop", "plain"),
        unasked=_one("--unasked", unasked, "wait", "drop", "plain"),
        least=least,
        max_tokens=max_tokens,
        seed=seed,
        asking=asking,
    )
    spent = Spent()
    try:
        with bars(console) as report:
            made = think_folder(source, out, options, model, judging, report, spent)
    finally:
        if spent.questions or spent.cached or spent.failed:
            console.print(
                f"asked {spent.questions:,} questions for {spent.tokens:,} tokens; {spent.cached:,} answered from the "
                f"cache; {spent.failed:,} without an answer",
                soft_wrap=True,
                markup=False,
            )
    tally, already = made.tally, ", complete already" if made.skipped else ""
    typer.echo(
        f"read {tally.read}, kept {tally.kept}, dropped {tally.dropped.total()}; "
        f"thoughts: {made.thoughts['given']} given{_counted(made.thoughts['rejected'])}{already}"
    )
    for reason, count in tally.dropped.most_common():
        typer.echo(f"  dropped {count}: {reason}")
    typer.echo(str(out))


def _every(replies: str) -> int:
    if replies in ("last", "each"):
        return ("last", "each").index(replies)
    if replies.isascii() and replies.isdigit() and int(replies) > 0:
        return int(replies)
    raise ConfigError(f"--replies must be last, each or a number above 0, not {replies!r}")


def _one(option: str, value: str, *allowed: Any) -> Any:
    if value not in allowed:
        raise ConfigError(f"{option} must be {', '.join(allowed[:-1])} or {allowed[-1]}, not {value!r}")
    return value


def _counted(rejected: Mapping[str, int]) -> str:
    inside = ", ".join(f"{reason} {count}" for reason, count in rejected.items())
    return f", {sum(rejected.values())} rejected ({inside})" if rejected else ""
