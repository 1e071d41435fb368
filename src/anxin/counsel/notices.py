"""What a turn tells beside the reply: that this is an AI, that a rest would be good; by pack and times."""

from __future__ import annotations

import logging
from datetime import datetime

from anxin.counsel.wording import wording
from anxin.dialogue import Dialogue, Language
from anxin.safety import Ledger, Notice, NoticeKind, Times, due, jurisdiction

__all__ = ["notices"]

logger = logging.getLogger("anxin.counsel")


def notices(
    dialogue: Dialogue, ledger: Ledger, language: Language, code: str, times: Times | None, now: datetime
) -> tuple[Notice, ...]:
    """The notices due before a reply. Total: where they cannot be told apart, a first turn still says who is speaking.

    `times` None: nobody keeps any, so that only a dialogue without a word of the counsellor's is told, at its start.
    In a crisis only the start's stands; whatever repeats waits until it is over, and is due then.
    """
    first = not dialogue.by("counsellor")
    if times is None and not first:
        return ()
    try:
        kept = times or Times()
        told = tuple(
            due(
                jurisdiction(code),
                kept.started,
                kept.last_seen,
                kept.last_disclosed,
                kept.last_break,
                now,
                ledger.minor,
                language,
            )
        )
        return tuple(notice for notice in told if notice.kind is NoticeKind.START or not ledger.crisis)
    except Exception as fault:  # who cannot be told by the pack is told all the same
        logger.error("notices failed: %s", type(fault).__name__)
        return (Notice(NoticeKind.START, wording(language).disclosure),) if first else ()
