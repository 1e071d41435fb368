"""`anxin serve`: the page and the APIs."""

from __future__ import annotations

import asyncio
import logging
import webbrowser
from dataclasses import replace
from functools import partial
from typing import Annotated, Any

import typer

from anxin.cli.terminal import notes
from anxin.config import home

__all__ = ["serve"]


def serve(
    model: Annotated[str, typer.Option(help="mini, a path to a .gguf, ollama/<name> or openai/<name>.")] = "",
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = -1,
    region: Annotated[str, typer.Option(help="Whose crisis lines: CN, HK, TW, SG, US, GB ...")] = "",
    jurisdiction: Annotated[
        str, typer.Option(help="Whose rules for notices: CN, HK, TW, SG, EU, GB, US-CA, US-NY, US-WA, US-IL, default.")
    ] = "",
    base_url: Annotated[str, typer.Option(help="Address of an OpenAI-compatible server, with /v1.")] = "",
    context: Annotated[int, typer.Option(help="Window in tokens, prompt and reply together.")] = 0,
    database: Annotated[
        str,
        typer.Option(help="Record conversations, sealed: sqlite, a path or postgresql://... Else: in memory alone."),
    ] = "",
    open_page: Annotated[bool, typer.Option("--open/--no-open", help="Open the page in a browser.")] = False,
) -> None:
    """Serve the page, its API and an OpenAI-compatible /v1 on this machine.

    Example: anxin serve --model ollama/qwen3:4b --port 8000
    """
    from anxin.cli.found import what_else
    from anxin.cli.settings import configured
    from anxin.counsel import turn
    from anxin.model.resolve import resolve
    from anxin.serve import bind, create_app, run
    from anxin.store import open_store

    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")
    config = configured()
    given: dict[str, Any] = {"host": host, "region": region, "jurisdiction": jurisdiction}
    options = replace(config.serve, **{key: value for key, value in given.items() if value})
    options = replace(options, port=port) if port >= 0 else options
    records = replace(config.store, database=database) if database else config.store
    name = model or config.model
    screen = notes()
    listener = bind(options)
    try:
        store = (
            open_store(records, home(), lambda told: screen.print(told, soft_wrap=True)) if records.recording else None
        )
        if store is not None:
            asyncio.run(store.prepare_and_close())
        nearest = config.nearest()
        chosen = resolve(name, home(), config.model_options(base_url, context))
        judge = config.judge(name, chosen)
    except BaseException:
        listener.close()
        raise
    if records.database and store is None:
        screen.print("retention_days is 0: conversations are kept in memory alone, nothing is recorded.")
    if not model:
        screen.print(what_else(name, config), soft_wrap=True)

    def announce(address: str) -> None:
        screen.print(f"安心 Anxin is at [bold]{address}[/bold] with {name}. Press Ctrl-C to stop.", soft_wrap=True)
        if store is not None:
            kept = f"Conversations are recorded in {store.database.where}, sealed; idle ones are erased after"
            screen.print(f"{kept} {records.retention_days} days.", soft_wrap=True)
        if open_page:
            webbrowser.open(address)

    speaks = partial(turn, nearest=nearest, judge=judge, crisis_words=config.safety.crisis_model_words)
    app = create_app(
        chosen,
        options=options,
        turn=speaks,
        judge=judge,
        conversations=store.conversations if store is not None else None,
        tidy_seconds=records.tidy_seconds,
    )
    run(app, options, listener=listener, announce=announce)
