"""`anxin admin`: looking after the records."""

from __future__ import annotations

import asyncio
import getpass
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from anxin.cli.terminal import bars, notes
from anxin.config import home
from anxin.errors import DataError

if TYPE_CHECKING:
    from anxin.store import Store

__all__ = ["app"]

T = TypeVar("T")

app = typer.Typer(help="Look after recorded conversations: backup, keys, audit log, erasure.", no_args_is_help=True)

_Database = Annotated[
    str, typer.Option("--database", help="sqlite, a path or postgresql://...; default: as in config.toml, else sqlite.")
]
_Id = Annotated[str, typer.Argument(metavar="ID", help="A conversation's id, or its reference from the audit log.")]


class Format(StrEnum):
    """What an export is."""

    JSON = "json"
    HTML = "html"


@app.command("status")
def status(
    database: _Database = "", as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False
) -> None:
    """What is recorded here: how many conversations, holds and erasures, the master key's id, the audit log's head.

    Example: anxin admin status --json
    """

    async def work(store: Store) -> dict[str, str | int]:
        from anxin.store.status import status_of

        return await status_of(store)

    found = _with(database, work)
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
        return
    for name, value in found.items():
        typer.echo(f"{name.replace('_', ' '):22}{value}")


@app.command("backup")
def backup(
    file: Annotated[Path, typer.Argument(help="A new file.")],
    database: _Database = "",
) -> None:
    """Write everything to one file, while the store is in use. What is sealed stays sealed: keep the master key apart.

    Example: anxin admin backup anxin-monday.zip
    """

    async def work(store: Store) -> None:
        from anxin.store.backup import back_up

        manifest = await back_up(store, file, _operator())
        typer.echo(f"{file}: {manifest.rows} rows, {manifest.members['conversations'][0]} conversations")
        typer.echo(f"audit log's anchor: {manifest.head}")

    _with(database, work)


@app.command("restore")
def restore(
    file: Annotated[Path, typer.Argument(help="What backup wrote.")],
    database: _Database = "",
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Even where conversations are recorded already.")
    ] = False,
) -> None:
    """Put a backup in the place of what is there, after checking all of it. Stop what serves first. Conversations that
    were erased since stay erased. A backup of SQLite can be restored to PostgreSQL, and the other way round.

    Example: anxin admin restore anxin-monday.zip --database postgresql://anxin@localhost/anxin
    """

    async def work(store: Store) -> None:
        from anxin.store.backup import restore as put_back

        manifest, left = await put_back(store, file, _operator(), overwrite=overwrite)
        typer.echo(f"{manifest.members['conversations'][0] - left} conversations restored to {store.database.where}")
        if left:
            typer.echo(f"{left} left out: they were erased since")

    _with(database, work, prepare=False, must_exist=False)


@app.command("rotate-key")
def rotate_key(
    database: _Database = "",
    drop_old: Annotated[
        bool, typer.Option("--drop-old", help="Destroy older master keys: older backups cannot be read after that.")
    ] = False,
) -> None:
    """Change the master key and wrap every conversation's key anew. Can be stopped and run again; the old key stays
    until --drop-old.

    Example: anxin admin rotate-key
    """

    async def work(store: Store) -> None:
        from anxin.store.rotation import drop_retired, rotate

        with bars(notes()) as report:
            done = await rotate(store, _operator(), lambda some, of: report("wrapping keys anew", some, of))
        typer.echo(f"master key {done.master}: {done.rewrapped} keys wrapped anew")
        for owner in done.damaged:
            typer.echo(f"the key of {owner} could not be opened and was left as it is")
        if drop_old and not done.damaged:
            gone = await drop_retired(store, _operator())
            typer.echo(f"destroyed: {', '.join(gone) or 'none'}")
        elif done.retired:
            typer.echo(f"not needed here any more, but for older backups: {', '.join(done.retired)}")

    _with(database, work)


@app.command("verify-audit")
def verify_audit(
    database: _Database = "",
    anchor: Annotated[list[str] | None, typer.Option(help="An anchor noted elsewhere: NUMBER:HASH, or a hash.")] = None,
) -> None:
    """Read the whole audit log: finds any entry that was changed, removed, put in or reordered, and against an anchor
    what was cut off or written anew. Ends with the newest anchor, to be kept where nobody can change it.

    Example: anxin admin verify-audit --anchor 12:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
    """

    async def work(store: Store) -> tuple[str, ...]:
        from anxin.store.audit import Anchor, read_anchors, verify

        anchors = (*read_anchors(store.anchors), *(Anchor.parse(text) for text in anchor or ()))
        async with store.database.reading(snapshot=True) as session:
            report = await verify(session, anchors)
        if report.faults:
            return report.faults
        typer.echo(f"{report.entries} entries, one chain, {len(anchors)} anchors met")
        typer.echo(f"anchor: {report.head}")
        return ()

    faults = _with(database, work, prepare=False)
    if faults:
        raise DataError(f"the audit log is not whole: {'; '.join(faults)}")


@app.command("export")
def export(
    id: _Id,
    to: Annotated[Path | None, typer.Option("--to", "-o", help="A new file; default: standard output.")] = None,
    format: Annotated[Format, typer.Option(help="JSON, or a page to read.")] = Format.JSON,
    language: Annotated[str, typer.Option(help="The page's language: zh or en.")] = "zh",
    why: Annotated[str, typer.Option(help="Noted in the audit log.")] = "the client asked for it",
    database: _Database = "",
) -> None:
    """One conversation in the clear, for its client. That it was read is noted in the audit log.

    Example: anxin admin export 3fJ0mS2xkT5q --format html --to conversation.html
    """
    from anxin.store.export import to_json, to_page

    if to is not None and to.exists():
        raise DataError(f"{to} exists; give another name, or delete it first")

    async def work(store: Store) -> str:
        found = await store.conversations.show(id, _operator(), why=why)
        if found is None:
            raise _unknown()
        return to_json(found) if format is Format.JSON else to_page(found, "en" if language == "en" else "zh")

    text = _with(database, work)
    if to is None:
        typer.echo(text)
        return
    to.touch(mode=0o600)
    to.write_text(text, encoding="utf-8", errors="replace")


@app.command("erase")
def erase(id: _Id, database: _Database = "") -> None:
    """Destroy a conversation's key and everything that belongs to it, for good.

    Example: anxin admin erase 3fJ0mS2xkT5q
    """

    async def work(store: Store) -> str:
        return await store.conversations.erase(id, _operator())

    done = _with(database, work)
    if done == "unknown":
        raise _unknown()
    typer.echo("erased" if done == "erased" else "hidden; a hold stands on it, it is erased when that is lifted")


@app.command("hold")
def hold(
    id: _Id,
    why: Annotated[str, typer.Option(help="The reason; it is sealed with the conversation.")],
    database: _Database = "",
) -> None:
    """Keep a conversation from retention and erasure, for as long as an incident is looked into.

    Example: anxin admin hold 3fJ0mS2xkT5q --why "incident of 3 May"
    """

    async def work(store: Store) -> bool:
        return await store.conversations.hold(id, _operator(), why)

    if not _with(database, work):
        raise _unknown()
    typer.echo("held")


@app.command("release")
def release(id: _Id, database: _Database = "") -> None:
    """Lift every hold on a conversation; if its erasure was asked for meanwhile, it is erased now.

    Example: anxin admin release 3fJ0mS2xkT5q
    """

    async def work(store: Store) -> str:
        return await store.conversations.release(id, _operator())

    done = _with(database, work)
    if done == "unknown":
        raise DataError("no hold stands on a conversation of this id")
    typer.echo("released" if done == "kept" else "released and erased, as was asked for meanwhile")


def _with(database: str, work: Callable[[Store], Awaitable[T]], *, prepare: bool = True, must_exist: bool = True) -> T:
    """Do some work with the store that the operator named; it is closed afterwards."""
    from anxin.cli.settings import configured
    from anxin.store import open_store

    options = configured().store
    options = replace(options, database=database or options.database or "sqlite")
    screen = notes()
    store = open_store(options, home(), lambda told: screen.print(told, soft_wrap=True))
    if store.database.path is not None and must_exist and not store.database.path.exists():
        raise DataError(f"nothing is recorded in {store.database.path}; name a database with --database")

    async def run() -> T:
        try:
            if prepare:
                await store.prepare()
            return await work(store)
        finally:
            await store.close()

    return asyncio.run(run())


def _operator() -> str:
    """Who is at the keyboard, for the audit log."""
    try:
        return f"operator:{getpass.getuser()}"[:80]
    except (OSError, KeyError, ImportError):
        return "operator"


def _unknown() -> DataError:
    return DataError("no conversation here has this id or reference")
