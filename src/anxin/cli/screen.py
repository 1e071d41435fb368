"""`anxin screen`: the risk screen for files and pipes."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import typer

from anxin.cli.terminal import complain
from anxin.errors import DataError

__all__ = ["screen"]


def screen(
    files: Annotated[list[str] | None, typer.Argument(help="Text or .jsonl files; - or none reads a pipe.")] = None,
) -> None:
    """Screen lines of text, or JSONL records {"id","text"} or {"id","messages"}; writes one JSON verdict a line.

    A record that cannot be read is named on stderr, the others go on, and the exit code is 2.

    Example: echo "我不想活了" | anxin screen
    """
    from anxin.safety import warm
    from anxin.safety.records import judge

    warm()
    failed = 0
    for name in files or ["-"]:
        for number, line in _lines(name):
            try:
                record = _record(line, number, strict=name.endswith(".jsonl"))
                sys.stdout.write(json.dumps(judge(record), ensure_ascii=False) + "\n")
            except DataError as error:
                failed += 1
                complain(f"{name} line {number}: {error}")
        sys.stdout.flush()
    if failed:
        raise typer.Exit(2)


def _lines(name: str) -> Iterator[tuple[int, str]]:
    if name == "-":
        yield from _decoded(sys.stdin.buffer)
        return
    try:
        with Path(name).open("rb") as file:
            yield from _decoded(file)
    except OSError as error:
        raise DataError(f"{name} cannot be read: {error.strerror}") from None


def _decoded(stream: BinaryIO) -> Iterator[tuple[int, str]]:
    text = io.TextIOWrapper(stream, encoding="utf-8", errors="replace", newline="\n")
    for number, line in enumerate(text, start=1):
        if line.strip():
            yield number, line.rstrip("\r\n")


def _record(line: str, number: int, strict: bool) -> dict[str, Any]:
    """The record on a line. Outside `.jsonl` files a line that is no record is somebody's text."""
    try:
        record = json.loads(line)
    except (json.JSONDecodeError, RecursionError):
        record = None
    if isinstance(record, dict) and (strict or "text" in record or "messages" in record):
        return {"id": number, **record}
    if strict:
        raise DataError('not a JSON object; write {"id": 1, "text": "..."}')
    return {"id": number, "text": line}
