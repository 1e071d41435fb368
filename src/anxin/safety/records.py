"""Records in, verdicts out: what `anxin screen` does with each line."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from anxin.dialogue import Dialogue
from anxin.errors import DataError, DialogueError
from anxin.safety.ledger import Ledger
from anxin.safety.screening import screen
from anxin.safety.verdict import Action, Verdict

__all__ = ["judge"]


def judge(record: Mapping[str, Any]) -> dict[str, Any]:
    """Screen `{"id", "text"}` or `{"id", "messages"}`; the object of `anxin screen` (design, Public surfaces).

    For messages the verdict is that of the client's last one, raised to the ledger's risk. Raises `DataError` with one
    line that says what to change.
    """
    if not isinstance(record, Mapping):
        raise DataError('a record must be an object such as {"id": 1, "text": "..."}')
    began = time.perf_counter_ns()
    if "messages" in record:
        verdict = _of_messages(record)
    elif isinstance(record.get("text"), str):
        verdict = screen(record["text"])
    else:
        raise DataError('a record needs "text" (a string) or "messages" (a list of {"role", "content"})')
    taken = (time.perf_counter_ns() - began) // 1000
    return {
        "id": record.get("id"),
        "risk": int(verdict.risk),
        "concerns": [concern.value for concern in verdict.concerns],
        "subject": verdict.subject.value,
        "action": verdict.action.value,
        "evidence": [{"start": found.start, "end": found.end, "why": found.why} for found in verdict.evidence],
        "microseconds": taken,
        **({"fault": verdict.fault} if verdict.fault else {}),
    }


def _of_messages(record: Mapping[str, Any]) -> Verdict:
    messages = record["messages"]
    if not isinstance(messages, list):
        raise DataError('"messages" must be a list of {"role", "content"}')
    try:
        dialogue = Dialogue.from_wire(messages)
    except DialogueError as error:
        raise DataError(str(error)) from error
    said = dialogue.by("client")
    if not said:
        raise DataError('"messages" holds nothing the client said; give at least one message with role user')
    ledger = Ledger()
    verdict = Verdict(ledger.risk)
    for message in said:
        verdict = screen(message.text)
        ledger = ledger.fold(verdict)
    if ledger.risk <= verdict.risk:
        return verdict
    action = Action.CRISIS if ledger.crisis else max(verdict.action, Action.SUPPORT, key=_WEIGHT.index)
    return replace(verdict, risk=ledger.risk, action=action)


_WEIGHT = (Action.CONVERSE, Action.SUPPORT, Action.DECLINE, Action.CRISIS)
