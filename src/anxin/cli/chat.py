"""`anxin chat`: a conversation in the terminal. Nothing of it is written anywhere."""

from __future__ import annotations

import asyncio
import sys
from contextlib import aclosing, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.rule import Rule

from anxin.cli.terminal import complain, notes
from anxin.config import home
from anxin.counsel import (
    Counsellor,
    Ended,
    Failed,
    Lines,
    Notice,
    Offered,
    Screened,
    Settings,
    Spoken,
    Truncated,
    Waiting,
    disclosure,
)
from anxin.dialogue import Dialogue, Language
from anxin.model import Model
from anxin.retrieve import Piece, folded, heading, voice
from anxin.safety import CrisisLine, Ledger, Times, crisis_lines

__all__ = ["chat"]

_WORDS: dict[Language, dict[str, str]] = {
    "zh": {
        "hint": "回车发送，Ctrl-C 停下当前回复；/lines 求助电话，/new 重新开始，/quit 离开。",
        "you": "你",
        "waiting": "前面还有 {place} 位，请稍等",
        "dropped": "（对话太长了，中间 {dropped} 句这次没有给模型看）",
        "shortened": "（这句话太长，中间一部分没有给模型看）",
        "source": "来源：{source}",
        "bye": "再见，照顾好自己。",
    },
    "en": {
        "hint": "Enter sends, Ctrl-C stops a reply; /lines for help lines, /new to start over, /quit to leave.",
        "you": "You",
        "waiting": "{place} ahead of you, one moment",
        "dropped": "(the conversation is long; {dropped} messages in its middle were not shown to the model)",
        "shortened": "(this message is long; its middle was not shown to the model)",
        "source": "Source: {source}",
        "bye": "Goodbye, take care of yourself.",
    },
}


def chat(
    model: Annotated[str, typer.Option(help="mini, a path to a .gguf, ollama/<name> or openai/<name>.")] = "",
    region: Annotated[str, typer.Option(help="Whose crisis lines: CN, HK, TW, SG, US, GB ...")] = "",
    language: Annotated[str, typer.Option(help="zh or en, for the first words; then it follows yours.")] = "zh",
    jurisdiction: Annotated[
        str, typer.Option(help="Whose rules for notices: CN, HK, TW, SG, EU, GB, US-CA, US-NY, US-WA, US-IL, default.")
    ] = "",
    base_url: Annotated[str, typer.Option(help="Address of an OpenAI-compatible server, with /v1.")] = "",
    context: Annotated[int, typer.Option(help="Window in tokens, prompt and reply together.")] = 0,
    humour: Annotated[bool, typer.Option(help="Whether a light piece may be offered when the mood is light.")] = True,
) -> None:
    """Talk in the terminal. A pipe works too: each line is a message.

    Example: anxin chat --model ollama/qwen3:4b
    """
    from anxin.cli.found import what_else
    from anxin.cli.settings import configured
    from anxin.model.resolve import resolve

    config = configured()
    speaks: Language = "en" if language == "en" else "zh"
    chosen = resolve(model or config.model, home(), config.model_options(base_url, context))
    if not model and sys.stdin.isatty():
        notes().print(what_else(config.model, config), style="dim", soft_wrap=True)
    options = replace(
        config.serve, region=region or config.serve.region, jurisdiction=jurisdiction or config.serve.jurisdiction
    )
    settings = Settings(
        language=speaks,
        region=options.lines_region,
        jurisdiction=options.jurisdiction,
        humour=humour,
        offers=options.offers,
    )
    judge = config.judge(model or config.model, chosen)
    words = config.safety.crisis_model_words
    _conversation(chosen, Counsellor(chosen, settings, judge, words), speaks)


def _conversation(model: Model, counsellor: Counsellor, language: Language) -> None:
    screen = Console(highlight=False, soft_wrap=True)
    interactive = sys.stdin.isatty()
    screen.print(disclosure(language), style="dim")
    if interactive:
        screen.print(_WORDS[language]["hint"], style="dim")
    judge = counsellor.judge
    dialogue, ledger = Dialogue(), Ledger()
    began = datetime.now(UTC)
    times = Times(started=began, last_disclosed=began)  # the first words were the disclosure
    with asyncio.Runner() as runner:  # input is read outside the loop, so that Ctrl-C at the prompt leaves at once
        try:
            if judge is not None:
                runner.run(judge.prepare())  # its time is too short to load in
            while (text := _read(screen, language, interactive)) is not None:
                if text in ("/quit", "/exit", "/q"):
                    break
                if text == "/new":
                    dialogue, ledger, times = Dialogue(), Ledger(), Times()
                elif text == "/lines":
                    _show(screen, crisis_lines(counsellor.settings.region, language, datetime.now(UTC)))
                elif text:
                    dialogue = dialogue.says("client", text)
                    reply = _Reply(ledger, language)
                    now = datetime.now(UTC)
                    with suppress(KeyboardInterrupt):
                        runner.run(_speak(screen, model, counsellor, dialogue, reply, times))
                    ledger, language = reply.ledger, reply.language
                    times = times.heard(now).told(reply.notices, now)
                    shown = folded(reply.offered) if reply.offered is not None else ""
                    dialogue = dialogue.says("counsellor", reply.text + shown) if reply.text else dialogue
                    screen.print()
        finally:
            runner.run(model.close())
            if judge is not None:
                runner.run(judge.model.close())
    if interactive:
        screen.print(_WORDS[language]["bye"], style="dim")


@dataclass(slots=True)
class _Reply:
    """What has come of one reply, also when it was stopped half-way."""

    ledger: Ledger
    language: Language
    text: str = ""
    offered: Piece | None = None
    notices: list[Notice] = field(default_factory=list)


def _read(screen: Console, language: Language, interactive: bool) -> str | None:
    try:
        line = screen.input(f"\n[bold]{_WORDS[language]['you']}[/bold] › ") if interactive else sys.stdin.readline()
    except (EOFError, KeyboardInterrupt):
        return None
    except UnicodeDecodeError:
        complain("that was not readable text; type it again")
        return ""
    return line.strip() if line or interactive else None


async def _speak(
    screen: Console, model: Model, counsellor: Counsellor, dialogue: Dialogue, reply: _Reply, times: Times
) -> None:
    screen.print()
    async with aclosing(counsellor.turn(dialogue, model, reply.ledger, times)) as events:
        async for event in events:
            words = _WORDS[reply.language]
            match event:
                case Screened():
                    reply.language, reply.ledger = event.language, event.ledger
                case Notice():
                    reply.notices.append(event)
                    screen.print(escape(event.text), style="dim")
                case Waiting():
                    screen.print(words["waiting"].format(place=event.place), style="dim")
                case Truncated():
                    note = words["dropped"].format(dropped=event.dropped) if event.dropped else words["shortened"]
                    screen.print(note, style="dim")
                case Spoken():
                    reply.text += event.text
                    screen.print(escape(event.text), end="", style="bold" if event.by == "anxin" else "")
                case Lines():
                    screen.print()
                    _show(screen, event.lines)
                case Offered():
                    reply.offered = event.piece
                    screen.print()
                    _offer(screen, event.piece)
                case Failed():
                    screen.print()
                    complain(event.message)
                case Ended():
                    reply.text, reply.ledger = event.text, event.ledger
                case _:
                    pass


def _show(screen: Console, lines: tuple[CrisisLine, ...]) -> None:
    for line in lines:
        screen.print(f"  [bold]{escape(line.number)}[/bold]  {escape(line.name)}  [dim]{escape(line.hours)}[/dim]")


def _offer(screen: Console, piece: Piece) -> None:
    """The piece under a rule; nothing of it can be folded in a terminal."""
    screen.print()
    screen.print(Rule(escape(heading(piece)), align="left", style="dim"))
    for number, line in enumerate(piece.body, start=1):
        who, text = voice(line)
        mark = f"[dim]{who}[/dim]  " if who else f"[dim]{number}.[/dim] " if piece.kind == "exercise" else ""
        screen.print(Padding(mark + escape(text), (0, 0, 0, 2)), soft_wrap=False)
    for line in (piece.note, piece.source and _WORDS[piece.language]["source"].format(source=piece.source)):
        if line:
            screen.print(Padding(escape(line), (0, 0, 0, 2)), style="dim", soft_wrap=False)
