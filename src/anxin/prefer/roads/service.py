"""What the service exports of its conversations for training: ratings and corrections, as JSON lines.

`ratings.jsonl` and `corrections.jsonl` hold one object a line, in the shapes of `Rated` and `Corrected`:

    {"conversation": "c-81f3", "messages": [{"role": "user", "content": "..."}], "reply": "...", "model": "...",
     "consent": {"training": true, "at": "2026-11-01T09:00:00Z", "version": "2"}, "withdrawn": null,
     "thumb": "up", "axes": {"helpfulness": 4, "fluency": 5, "relevance": 4, "logic": 4}, "by": "client"}

    {... the same up to "withdrawn" ..., "correction": "...", "role": "counsellor"}

`conversation` is a pseudonym the service makes for this export. Who reads them keeps three rules. A record without a
consent to training is not used, nor one whose consent was withdrawn since, and then nothing of its conversation:
doubt counts as no. A conversation in which either side touches crisis does not enter, not even its calm beginning.
Personal data goes before anything is written, and of what is refused no word is written at all.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal, TypeVar

from anxin.corpus.clean import Crisis
from anxin.corpus.files import SUFFIXES, Damage, read_records
from anxin.corpus.personal import Personal
from anxin.corpus.sample import Aside, Drop, Sample
from anxin.corpus.stage import through
from anxin.dialogue import Dialogue
from anxin.errors import DataError, DialogueError

__all__ = [
    "AXES", "Consent", "Corrected", "Exported", "Rated", "Style", "admitted", "corrected", "export_files",
    "rated", "words_key",
]  # fmt: skip

AXES: Final = ("helpfulness", "fluency", "relevance", "logic")
"""Each from 1 to 5, as Psy-LLM's raters gave them (Lai et al. 2023, arXiv 2307.11991)."""

Style = Literal["stand_in", "placeholder"]
T = TypeVar("T", bound="Exported")


@dataclass(frozen=True, slots=True)
class Consent:
    """The client's consent to training: when it was given, and to which version of the words that asked for it."""

    training: bool
    at: datetime | None
    version: str = ""


@dataclass(frozen=True, slots=True)
class Exported:
    """What both kinds of record share. `messages` ends with the client's words that `reply` answers."""

    conversation: str
    messages: Dialogue
    reply: str
    consent: Consent
    withdrawn: datetime | None = None
    model: str = ""

    @property
    def texts(self) -> tuple[str, ...]:
        """What the counsellor's side said or should have said in answer, in a fixed order."""
        return (self.reply,)

    def saying(self, messages: Dialogue, texts: Sequence[str]) -> Exported:
        """The record with other words: `messages`, and `texts` in their order."""
        return replace(self, messages=messages, reply=texts[0])


@dataclass(frozen=True, slots=True)
class Rated(Exported):
    """A reply with a thumb, or the axes from 1 to 5, or both. `by` is the client, or a counsellor."""

    thumb: Literal["up", "down", ""] = ""
    axes: Mapping[str, int] | None = None
    by: str = "client"

    @property
    def score(self) -> float | None:
        """The mean of the axes, None where they were not given."""
        return sum(self.axes.values()) / len(self.axes) if self.axes else None


@dataclass(frozen=True, slots=True)
class Corrected(Exported):
    """A reply and what a person of `role` would have said instead."""

    correction: str = ""
    role: str = "counsellor"

    @property
    def texts(self) -> tuple[str, ...]:
        return (self.reply, self.correction)

    def saying(self, messages: Dialogue, texts: Sequence[str]) -> Corrected:
        return replace(self, messages=messages, reply=texts[0], correction=texts[1])


def rated(record: Mapping[str, Any]) -> Rated:
    """The rating of a record. Raises `DataError` without naming a file, and without any word of the record."""
    raw, axes = record.get("thumb") or "", record.get("axes")
    if raw not in ("up", "down", ""):
        raise DataError("thumb is neither up nor down")
    thumb: Literal["up", "down", ""] = "up" if raw == "up" else "down" if raw == "down" else ""
    given: dict[str, int] | None = None
    if axes is not None:
        if not isinstance(axes, Mapping) or set(axes) != set(AXES):
            raise DataError(f"axes must be {', '.join(AXES)}")
        if any(isinstance(value, bool) or value not in (1, 2, 3, 4, 5) for value in axes.values()):
            raise DataError("axes are whole numbers from 1 to 5")
        given = {axis: int(axes[axis]) for axis in AXES}
    if not thumb and given is None:
        raise DataError("neither thumb nor axes")
    return Rated(**_shared(record), thumb=thumb, axes=given, by=str(record.get("by") or "client"))


def corrected(record: Mapping[str, Any]) -> Corrected:
    """The correction of a record. Raises `DataError` as `rated` does."""
    return Corrected(
        **_shared(record), correction=_text(record, "correction"), role=str(record.get("role") or "counsellor")
    )


def _shared(record: Mapping[str, Any]) -> dict[str, Any]:
    messages = record.get("messages")
    if not isinstance(messages, list) or not messages:
        raise DataError("messages is not a list")
    try:
        dialogue = Dialogue.from_wire(messages)
    except DialogueError as error:
        raise DataError(str(error)) from None
    if dialogue.messages[-1].role != "client":
        raise DataError("messages do not end with the client")
    consent = record.get("consent")
    given = consent if isinstance(consent, Mapping) else {}
    return {
        "conversation": _text(record, "conversation"),
        "messages": dialogue,
        "reply": _text(record, "reply"),
        "consent": _consent(given),
        "withdrawn": _withdrawn(record),
        "model": str(record.get("model") or ""),
    }


def _consent(given: Mapping[str, Any]) -> Consent:
    return Consent(given.get("training") is True, _date(given.get("at")), str(given.get("version") or ""))


def _withdrawn(record: Mapping[str, Any]) -> datetime | None:
    """When the consent was withdrawn. A withdrawal that cannot be dated counts for all time."""
    raw = record.get("withdrawn")
    return None if not raw else _date(raw) or datetime.max.replace(tzinfo=UTC)


def _text(record: Mapping[str, Any], key: str) -> str:
    value = record.get(key)
    if not isinstance(value, str) or not value.strip():
        raise DataError(f"no {key}")
    return value.strip()


def _date(raw: Any) -> datetime | None:
    if not isinstance(raw, str):
        return None
    try:
        found = datetime.fromisoformat(raw)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def export_files(place: Path, name: str) -> list[Path]:
    """The file `place`, or the exports of this name in the folder. Raises `DataError` where there are none."""
    if place.is_file():
        return [place]
    found = sorted(path for path in place.glob(f"{name}*") if path.name.endswith(SUFFIXES)) if place.is_dir() else []
    if not found:
        raise DataError(f"{place} holds no {name}.jsonl; the service exports it")
    return found


def admitted(
    paths: Sequence[Path], read: Callable[[Mapping[str, Any]], T], style: Style
) -> Iterator[tuple[str, T] | Drop | Damage]:
    """The records that may be used, in order, without personal data, each under its conversation's new name; a drop
    for one that may not, damage where one cannot be read.

    The files are read twice: what one record says of a conversation holds for all of it.
    """
    out: dict[bytes, str] = {}
    for path in paths:
        for _, raw in read_records(path):
            if isinstance(raw, Mapping) and (why := _refused_raw(raw, read)):
                out.setdefault(_name(str(raw.get("conversation"))), why)
    for record in _records(paths, read):
        if isinstance(record, Damage):
            yield record
            continue
        name = _name(record.conversation)
        yield Drop(out[name]) if name in out else _cleaned(record, name.hex(), style)


def _refused_raw(raw: Mapping[str, Any], read: Callable[[Mapping[str, Any]], T]) -> str:
    """Why a record speaks against its conversation. One that cannot be read may still say that consent is gone."""
    consent = raw.get("consent")
    given = _consent(consent if isinstance(consent, Mapping) else {})
    if not given.training or given.at is None:
        return "no_consent"
    withdrawn = _withdrawn(raw)
    if withdrawn is not None and withdrawn >= given.at:
        return "withdrawn"
    try:
        record = read(raw)
    except DataError:
        return ""
    return "crisis" if isinstance(Crisis()(_whole(record, "")), Aside) else ""


def _records(paths: Sequence[Path], read: Callable[[Mapping[str, Any]], T]) -> Iterator[T | Damage]:
    for path in paths:
        for number, record in read_records(path):
            if isinstance(record, Damage):
                yield Damage(record.reason, record.where)  # without the words it would quote
                continue
            try:
                yield read(record)
            except DataError as error:
                yield Damage("unreadable", f"{path.name} record {number}: {error}")


def _whole(record: Exported, name: str) -> Sample:
    """Every text of the record in one dialogue."""
    dialogue = record.messages
    for text in record.texts:
        dialogue = dialogue.says("counsellor", text)
    return Sample(name, dialogue, source="service")


def _cleaned(record: T, name: str, style: Style) -> tuple[str, T] | Drop:
    """The record without personal data, the same stand-ins in every text of it."""
    made = through(_whole(record, name), [("personal", Personal(style))])
    if not isinstance(made, Sample):
        return Drop(made.reason) if isinstance(made, Drop) else Drop("aside")
    said, count = made.dialogue.messages, len(record.messages)
    other = record.saying(Dialogue(said[:count], name), [message.text for message in said[count:]])
    return name, replace(other, conversation=name)  # type: ignore[return-value]


def _name(conversation: str) -> bytes:
    """Another pseudonym: who holds the export's alone cannot look its conversations up here."""
    return hashlib.blake2b(conversation.encode("utf-8", "surrogatepass"), digest_size=8, person=b"anxin-pairs").digest()


def words_key(messages: Dialogue) -> str:
    """What tells that two replies answer the same words."""
    return json.dumps([[message.role, " ".join(message.text.split())] for message in messages], ensure_ascii=False)
