"""Anybody's files: plain text, JSON lines and Parquet with columns of any name, web archives."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from anxin.corpus.files import LONGEST_LINE, Damage
from anxin.corpus.sample import Sample, from_record
from anxin.corpus.sources.raw import Unreadable, each, lines, records

__all__ = ["Records", "Text", "documents", "warc"]


@dataclass(frozen=True, slots=True)
class Text:
    """Plain text (or Markdown) files, each a document, or with `split = "blank"` each passage between blank lines.

    `encoding` is found (UTF-8, GB18030, Big5) where none is declared. A line in another encoding is left out of its
    document and comes as damage of its own.
    """

    encoding: str = ""
    split: Literal["file", "blank"] = "file"

    def __call__(self, path: Path) -> Iterator[Sample | Damage]:
        number, held, size = 0, [""], 0
        for place, line in lines(path, self.encoding):
            if isinstance(line, Damage):
                yield line
                continue
            if self.split == "blank" and not line.strip():
                if "".join(held).strip():
                    number += 1
                    yield Sample(f"{path.stem}-{number}", document=_whole(held))
                held, size = [""], 0
                continue
            size += len(line)
            if size <= LONGEST_LINE:
                held.append(line)
            elif held:
                held = []  # one damage for the whole passage, and its rest is passed over
                hint = "" if self.split == "blank" else '; split = "blank" reads it in passages'
                yield Damage("too_long", f"{path.name} line {place}: one document of over 16 Mi characters{hint}")
        if "".join(held).strip():
            yield Sample(f"{path.stem}-{number + 1}" if self.split == "blank" else path.stem, document=_whole(held))


def _whole(held: list[str]) -> str:
    return "".join(held).strip().replace("\r\n", "\n")


@dataclass(frozen=True, slots=True)
class Records:
    """JSON lines or Parquet (or a JSON list) with a dialogue or a document a record, as Anxin writes them.

    `messages`, `text` and `id` name the columns where they are called otherwise; a record with messages is a dialogue.
    """

    messages: str = "messages"
    text: str = "text"
    id: str = "id"

    def __call__(self, path: Path) -> Iterator[Sample | Damage]:
        yield from each(path, records(path), self._sample)

    def _sample(self, number: int, record: Any) -> Sample:
        named = ((self.messages, "messages"), (self.text, "text"), (self.id, "id"))
        rest = {key: value for key, value in record.items() if key not in dict(named)}
        own = {ours: record[theirs] for theirs, ours in named if record.get(theirs) is not None}
        if not {"messages", "text"} & own.keys():
            raise Unreadable("missing_field", f"neither {self.messages} nor {self.text}")
        return from_record({**rest, **own}, str(number))


def documents(path: Path) -> Iterator[Sample | Damage]:
    """`{"text", "path"?}` a line: general text. The path is the id."""
    yield from each(path, records(path), _document)


def _document(number: int, record: Any) -> Sample:
    if not isinstance(record.get("text"), str):
        raise Unreadable("missing_field", "no text")
    return Sample(str(record.get("path", number)), document=record["text"])


def warc(path: Path) -> Iterator[Sample | Damage]:
    """Pages of a web archive (`.warc`, `.wet`, also `.gz`): text and question-answer threads, as `crawl` finds them.

    A page without a text to read comes as damage under `crawl`'s reason for it.
    """
    from anxin.corpus.crawl import read_pages

    for found, drop in read_pages(path):
        if isinstance(found, Sample) and drop is not None:
            yield Damage(drop.reason, f"{path.name}: {found.id} {drop.detail}".rstrip())
        else:
            yield found
