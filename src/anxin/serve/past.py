"""The risk of a history that comes with the request: nothing is kept between two calls, so it is screened anew."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from anxin.dialogue import Dialogue
from anxin.safety import Ledger

__all__ = ["ledger_before_last"]

_LONG = 4_000  # characters that are screened within a millisecond or two; a longer past would hold up other clients


async def ledger_before_last(dialogue: Dialogue) -> Ledger:
    """The ledger of all but the newest message, which the turn screens itself."""
    past = replace(dialogue, messages=dialogue.messages[:-1])
    if sum(len(message.text) for message in past) < _LONG:
        return Ledger.of(past)
    return await asyncio.to_thread(Ledger.of, past)
