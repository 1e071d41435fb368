"""The tables, as typed classes. What changes here needs a revision in `migrations`; a test compares the two."""

from anxin.store.tables.base import Base, Moment, to_moment
from anxin.store.tables.centre import (
    AccountRow,
    ApiKeyRow,
    ConsentRow,
    ContactRow,
    CorrectionRow,
    QueueRow,
    RatingRow,
    SessionRow,
    StudyRow,
)
from anxin.store.tables.keys import AuditHeadRow, AuditRow, KeyRow, MasterRow
from anxin.store.tables.talk import ConversationRow, ErasureRow, HoldRow, UtteranceRow, VerdictRow

__all__ = [
    "AccountRow",
    "ApiKeyRow",
    "AuditHeadRow",
    "AuditRow",
    "Base",
    "ConsentRow",
    "ContactRow",
    "ConversationRow",
    "CorrectionRow",
    "ErasureRow",
    "HoldRow",
    "KeyRow",
    "MasterRow",
    "Moment",
    "QueueRow",
    "RatingRow",
    "SessionRow",
    "StudyRow",
    "UtteranceRow",
    "VerdictRow",
    "to_moment",
]
