"""Labelled sets: the authored ones beside this file, anybody's JSONL, and PsySUICIDE's JSON.

A sentence  {"text" or "messages", "risk" or "level" (0-5) or "positive" (bool), "lang", "kind", "subject", "id"}
A dialogue  {"messages": [...], "risk": [one level for each message of the client]}
A reply     {"text", "forbidden": bool, optional "span": the words that may not be shown}

What the levels and kinds mean is in docs/codebook.md.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any, Literal

from anxin.corpus import PSYSUICIDE
from anxin.dialogue import Dialogue, Language
from anxin.errors import DataError, DialogueError

__all__ = ["ACUTE", "OWN", "Conversation", "Labelled", "Reply", "Sets", "Source", "bundled", "read"]

ACUTE = frozenset({"attempt", "preparation", "plan", "goodbye", "in_progress", "self_harm"})
OWN = ACUTE | {"passive", "past", "urge", "active", "method", "method_seeking"}
"""Kinds whose text speaks of the client's own wish to die or self-harm, when the subject is the client."""

_HAN = re.compile(r"[\u3400-\u9fff]")
_UNRELATED = "与自杀/自伤/攻击行为无关"


@dataclass(frozen=True, slots=True)
class Labelled:
    """One text, or the client's side of some messages, with its label. `positive` None: counted apart."""

    id: str
    lang: str
    text: str
    level: int | None
    positive: bool | None
    dialogue: Dialogue | None = None
    kind: str = ""
    subject: str = ""
    concerns: tuple[str, ...] | None = None
    register: str = ""

    @property
    def own(self) -> bool:
        """A positive that speaks of the client's own wish to die, attempt or self-harm."""
        if not self.positive or self.subject not in ("self", "past", ""):
            return False
        return self.kind in OWN or "self_harm" in (self.concerns or ()) or (not self.kind and self.concerns is None)

    @property
    def acute(self) -> bool:
        """The client's own attempt, preparation, plan, goodbye or self-harm; without a kind, any own T4 or T5."""
        return self.own and (self.kind in ACUTE or (not self.kind and (self.level or 0) >= 4))


@dataclass(frozen=True, slots=True)
class Conversation:
    """A dialogue and the level it stands at after each message of the client."""

    id: str
    lang: str
    kind: str
    dialogue: Dialogue
    levels: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model might say, and whether the guard must stop it. `span`: the words that may not be shown, where the
    whole text is not what is forbidden."""

    id: str
    lang: Language
    kind: str
    text: str
    forbidden: bool
    span: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """A file that was read: its name without folders, records and SHA-256."""

    name: str
    records: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Sets:
    """Everything to be measured, and the files it came from."""

    sentences: tuple[Labelled, ...] = ()
    conversations: tuple[Conversation, ...] = ()
    replies: tuple[Reply, ...] = ()
    sources: tuple[Source, ...] = ()
    missing: tuple[str, ...] = field(default=())


def bundled(split: Literal["dev", "test"]) -> Sets:
    """The authored sets of one half. A file that this installation lacks is named in `missing`.

    Raises `DataError` when not even the sentences are there.
    """
    with resources.as_file(resources.files("anxin.evaluate").joinpath("safety_sets")) as folder:
        names = [f"{split}_zh.jsonl", f"{split}_en.jsonl", f"dialogues_{split}.jsonl", f"replies_{split}.jsonl"]
        there = [folder / name for name in names if (folder / name).exists()]
        if not any(path.name.startswith(split) for path in there):
            raise DataError(f"the authored {split} set is not in this installation; reinstall anxin or give a .jsonl")
        missing = tuple(name for name in names if not (folder / name).exists())
        found = read(there)
    return Sets(found.sentences, found.conversations, found.replies, found.sources, missing)


def read(paths: Iterable[Path]) -> Sets:
    """Read .jsonl files (one record a line) and .json files (a list of records, such as PsySUICIDE's).

    Raises `DataError` naming file, line and what to write, for the first record that cannot be used.
    """
    records: list[Labelled | Conversation | Reply] = []
    sources: list[Source] = []
    for path in paths:
        try:
            raw = path.read_bytes()
        except OSError as error:
            raise DataError(f"{path} cannot be read: {error.strerror}") from None
        found = _records(path, raw)
        if not found:
            raise DataError(f"{path} holds no records")
        records += found
        sources.append(Source(path.name, len(found), hashlib.sha256(raw).hexdigest()))
    return Sets(
        tuple(one for one in records if isinstance(one, Labelled)),
        tuple(one for one in records if isinstance(one, Conversation)),
        tuple(one for one in records if isinstance(one, Reply)),
        tuple(sources),
    )


def _records(path: Path, raw: bytes) -> list[Labelled | Conversation | Reply]:
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise DataError(f"{path} line {line}: not UTF-8; save the file as UTF-8") from None
    if path.suffix == ".json":
        try:
            whole = json.loads(text)
        except (json.JSONDecodeError, RecursionError) as error:
            raise DataError(f"{path} line {getattr(error, 'lineno', 1)}: not JSON; for lines use .jsonl") from None
        if not isinstance(whole, list):
            raise DataError(f"{path} line 1: not a list of records")
        return [_record(raw, f"{path} record {place}", f"{path.stem}:{place}") for place, raw in enumerate(whole, 1)]
    found = []
    for number, written in enumerate(text.split("\n"), 1):
        if not written.strip():
            continue
        try:
            one = json.loads(written)
        except (json.JSONDecodeError, RecursionError):
            raise DataError(f'{path} line {number}: not JSON; write {{"text": "...", "risk": 0}}') from None
        found.append(_record(one, f"{path} line {number}", f"{path.stem}:{number}"))
    return found


def _record(raw: object, where: str, name: str) -> Labelled | Conversation | Reply:
    if not isinstance(raw, dict):
        raise DataError(f"{where}: not a JSON object")
    try:
        if "forbidden" in raw:
            return _reply(raw, name)
        if "messages" in raw and isinstance(raw.get("risk"), list):
            return _conversation(raw, name)
        return _labelled(raw, name)
    except (DataError, DialogueError) as error:
        raise DataError(f"{where}: {error}") from None


def _labelled(raw: Mapping[str, Any], name: str) -> Labelled:
    dialogue = _dialogue(raw["messages"]) if "messages" in raw else None
    text = dialogue.by("client")[-1].text if dialogue is not None else _string(raw, "text")
    if dialogue is None and not text:
        raise DataError('no "text" (a string) and no "messages" (a list of {"role", "content"})')
    kind, level, positive = _label(raw)
    concerns = raw.get("concerns")
    if concerns is not None and not (isinstance(concerns, list) and all(isinstance(one, str) for one in concerns)):
        raise DataError('"concerns" must be a list of names, such as ["self_harm"]')
    return Labelled(
        id=str(raw.get("id", raw.get("idx", name))),
        lang=_language(raw, text),
        text=text,
        level=level,
        positive=positive,
        dialogue=dialogue,
        kind=kind,
        subject=_string(raw, "subject"),
        concerns=None if concerns is None else tuple(concerns),
        register=_string(raw, "register"),
    )


def _label(raw: Mapping[str, Any]) -> tuple[str, int | None, bool | None]:
    if isinstance(raw.get("labels"), list) and not raw.keys() & {"risk", "level", "positive"}:
        return _psysuicide(raw["labels"])
    kind = _string(raw, "kind")
    for key in ("risk", "level"):
        if raw.get(key) is not None:
            level = _level(raw[key], key)
            return kind, level, level >= 2
    if isinstance(raw.get("positive"), bool):
        return kind, None, raw["positive"]
    raise DataError('no label; give "risk" (0 to 5) or "positive" (true or false)')


def _psysuicide(labels: list[Any]) -> tuple[str, int | None, bool | None]:
    unknown = [label for label in labels if label not in PSYSUICIDE]
    if unknown or not labels:
        raise DataError(f'"labels" must be of PsySUICIDE: {", ".join(PSYSUICIDE)}')
    known = [PSYSUICIDE[label] for label in PSYSUICIDE if label in labels and label != _UNRELATED]
    if not known:
        return "unrelated", 0, False
    kind, level = known[0]  # the map is in order of weight
    return kind, level, None if level is None else True


def _conversation(raw: Mapping[str, Any], name: str) -> Conversation:
    dialogue = _dialogue(raw["messages"])
    said = dialogue.by("client")
    levels = tuple(_level(one, "risk") for one in raw["risk"])
    if len(levels) != len(said):
        raise DataError(f'"risk" has {len(levels)} levels for {len(said)} messages of the client; give one for each')
    lang = _language(raw, "".join(message.text for message in said))
    return Conversation(str(raw.get("id", name)), lang, _string(raw, "kind"), dialogue, levels)


def _reply(raw: Mapping[str, Any], name: str) -> Reply:
    text, forbidden = _string(raw, "text"), raw["forbidden"]
    if not text or not isinstance(forbidden, bool):
        raise DataError('a reply needs "text" (a string) and "forbidden" (true or false)')
    span = _string(raw, "span")
    if span not in text:
        raise DataError('"span" must stand in "text", word for word')
    lang: Language = "zh" if _language(raw, text) == "zh" else "en"
    return Reply(str(raw.get("id", name)), lang, _string(raw, "kind"), text, forbidden, span)


def _dialogue(raw: object) -> Dialogue:
    if not isinstance(raw, list):
        raise DataError('"messages" must be a list of {"role", "content"}')
    # Our own sets write "text" where OpenAI's shape writes "content".
    wire = [
        {**one, "content": one["text"]} if isinstance(one, dict) and "content" not in one and "text" in one else one
        for one in raw
    ]
    dialogue = Dialogue.from_wire(wire)
    if not dialogue.by("client"):
        raise DataError('"messages" holds nothing the client said; give at least one message with role user')
    return dialogue


def _level(value: object, key: str) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 5:
        return value
    raise DataError(f'"{key}" must be a whole number from 0 to 5')


def _string(raw: Mapping[str, Any], key: str) -> str:
    value = raw.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise DataError(f'"{key}" must be a string')
    return value


def _language(raw: Mapping[str, Any], text: str) -> str:
    named = _string(raw, "lang")
    if named:
        return named.lower().replace("_", "-").split("-")[0]
    return "zh" if _HAN.search(text) else "en"
