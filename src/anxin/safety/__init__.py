"""Safety: risk screening, the conversation's ledger, crisis protocol, crisis lines and the output guard.

Total: every path returns a verdict or a reply, and doubt or a fault counts as risk. Standard library only.
"""

from anxin.safety.crisis import CrisisReply, crisis_reply, decline_reply, safe_reply, support_reply
from anxin.safety.guard import Guard
from anxin.safety.jurisdiction import Jurisdiction, jurisdiction, jurisdictions
from anxin.safety.ledger import Ledger, Track
from anxin.safety.lines import CrisisLine, crisis_lines, regions
from anxin.safety.notices import Notice, NoticeKind, Times, due
from anxin.safety.places import region_of
from anxin.safety.records import judge
from anxin.safety.screening import screen, warm
from anxin.safety.verdict import Action, Concern, Cue, Evidence, Risk, Subject, Verdict

__all__ = [
    "Action",
    "Concern",
    "CrisisLine",
    "CrisisReply",
    "Cue",
    "Evidence",
    "Guard",
    "Jurisdiction",
    "Ledger",
    "Notice",
    "NoticeKind",
    "Risk",
    "Subject",
    "Times",
    "Track",
    "Verdict",
    "crisis_lines",
    "crisis_reply",
    "decline_reply",
    "due",
    "judge",
    "jurisdiction",
    "jurisdictions",
    "region_of",
    "regions",
    "safe_reply",
    "screen",
    "support_reply",
    "warm",
]
