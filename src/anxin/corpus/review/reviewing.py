"""The work of a reviewer: one item at a time; accept, fix, reject or unsure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from anxin.corpus.review.decision import (
    DECISIONS,
    WHY,
    Decision,
    decision_from,
    key_of,
    read_decisions,
    standing,
)
from anxin.corpus.review.draw import Item, drawn
from anxin.corpus.review.journal import Journal
from anxin.corpus.sample import Sample
from anxin.dialogue import Dialogue, Message
from anxin.errors import DataError

__all__ = ["Reviewing", "own_order"]

_NOTE: Final = 4000  # characters


def own_order(person: str, key: str) -> bytes:
    """Where a thing stands among all for one person: shuffled, and the same whenever they come back."""
    return hashlib.sha256(f"{person}\0{key}".encode("utf-8", "surrogatepass")).digest()


class Reviewing:
    """What the desk shows and writes down for the review in the folder `review`. See `desk.Work`."""

    def __init__(self, review: Path) -> None:
        self._items: Mapping[str, Item] = {item.key: item for item in drawn(review).items}
        self._journal = Journal(review / DECISIONS)

    @property
    def script(self) -> str:
        """The page's own part."""
        return files("anxin.corpus.review").joinpath("page", "review.js").read_text("utf-8")

    def begin(self, person: str) -> dict[str, Any]:
        """The items in this person's order, and their own decisions: nobody sees another's."""
        order = sorted(self._items, key=lambda key: own_order(person, key))
        return {"items": order, "answers": {key: _shown(d) for key, d in self._own(person).items()}, "why": list(WHY)}

    def show(self, key: str) -> dict[str, Any]:
        """One item. Raises `KeyError` for what was not drawn."""
        item = self._items[key]
        sample = item.sample
        return {
            "item": key,
            "id": sample.id,
            "source": sample.source,
            "where": item.where,
            "stage": item.stage,
            "reason": item.reason,
            "detail": item.detail,
            "messages": [
                {"role": message.role, "text": message.text, "thought": message.thought} for message in sample.dialogue
            ]
            or [{"role": "document", "text": sample.document, "thought": ""}],
        }

    def answer(self, person: str, key: str, body: Mapping[str, Any]) -> dict[str, Any] | None:
        """Write a decision down; what the page then shows of it, None once undone.

        Raises `KeyError` for what was not drawn and `DataError` for a decision that cannot be used.
        """
        item = self._items[key]
        note = body.get("note", "")
        if not isinstance(note, str) or len(note) > _NOTE:
            raise DataError(f"a note has at most {_NOTE} characters")
        choice, why = body.get("choice"), body.get("why", "")
        note = note.strip()
        if choice == "reject" and not (why or note):
            raise DataError("a rejection says why")
        if why and why not in WHY:
            raise DataError(f"why is one of {', '.join(WHY)}")
        record = {
            "item": key,
            "source": item.sample.source,
            "id": item.sample.id,
            "where": item.where,
            "reviewer": person,
            "choice": choice,
            "why": why if choice == "reject" else "",
            "note": note,
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        if choice == "fix":
            fixed = _fixed(item.sample, body.get("texts"))
            decision = replace(decision_from({**record, "choice": "accept"}), choice="fix", fixed=fixed)
        else:
            decision = decision_from(record)
        self._journal.put(decision.to_record())
        return None if decision.choice == "undo" else _shown(decision)

    def _own(self, person: str) -> dict[str, Decision]:
        if not self._journal.path.exists():
            return {}
        table = standing(read_decisions(self._journal.path))
        return {key: of[person] for key, of in table.items() if person in of and key in self._items}


def _fixed(sample: Sample, texts: Any) -> Sample:
    """The sample with the texts the reviewer changed: `{"0": new, "0.thought": new}`. An emptied message goes."""
    if not isinstance(texts, Mapping) or not all(isinstance(text, str) for text in texts.values()):
        raise DataError("a fix says the new texts by the number of their message")
    if sample.document:
        places = {"0"}
        fixed = replace(sample, document=texts.get("0", sample.document))
        empty = not fixed.document.strip()
    else:
        messages: list[Message] = []
        places = set()
        for number, message in enumerate(sample.dialogue):
            text, thought = texts.get(str(number), message.text), texts.get(f"{number}.thought", message.thought)
            places |= {str(number), f"{number}.thought"}
            if text.strip():
                messages.append(Message(message.role, text, thought))
        fixed = replace(sample, dialogue=Dialogue(tuple(messages), sample.dialogue.id))
        empty = not messages
    if not texts.keys() <= places:
        raise DataError("a fix names a message that is not there")
    if empty:
        raise DataError("the fix leaves nothing over; reject it instead")
    if key_of(fixed) == key_of(sample):
        raise DataError("nothing was changed; accept it instead")
    return fixed


def _shown(decision: Decision) -> dict[str, Any]:
    """A decision as its own reviewer sees it again."""
    shown: dict[str, Any] = {"choice": decision.choice, "why": decision.why, "note": decision.note}
    if decision.fixed is not None:
        sample = decision.fixed
        shown["messages"] = [
            {"role": message.role, "text": message.text, "thought": message.thought} for message in sample.dialogue
        ] or [{"role": "document", "text": sample.document, "thought": ""}]
    return shown
