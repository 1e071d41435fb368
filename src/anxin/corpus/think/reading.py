"""What is the thought in a teacher's answer, and what is only its packing."""

from __future__ import annotations

import json
import re
from typing import Final

__all__ = ["read_score", "read_thought"]

_FENCE: Final = re.compile(r"^```\w*\s*\n(.*?)\n?```$", re.DOTALL)
_TAG: Final = re.compile(r"^<(\w{1,12})>\s*(.*?)\s*</\1>$", re.DOTALL)
_HEADING: Final = re.compile(
    r"^(?:#{1,4}\s*)?(?:\*\*)?[【\[]?"
    r"(?:咨询师|他|她)?(?:的)?(?:内心)?"
    r"(?:心里话|心里想的话|心思|思考|思路|独白|(?:the )?(?:counsell?or's )?(?:thoughts?|thinking|reasoning))"
    r"(?:过程)?[】\]]?(?:\*\*)?\s*[:：\n](?:\*\*)?\s*",
    re.IGNORECASE,
)
_QUOTES: Final = (("“", "”"), ('"', '"'), ("「", "」"))
_NUMBER: Final = re.compile(r"(?<![\d.])(10|\d)(?![\d.])")


def read_thought(answer: str) -> str:
    """The thought without fence, tags, heading, quotation marks around the whole, bold type and empty lines."""
    text = answer.strip()
    for pattern, group in ((_FENCE, 1), (_TAG, 2)):
        if (found := pattern.match(text)) is not None:
            text = found.group(group).strip()
    text = _HEADING.sub("", text, count=1).strip()
    for left, right in _QUOTES:
        inside = text[1:-1]
        if len(text) > 2 and text[0] == left and text[-1] == right and left not in inside and right not in inside:
            text = inside.strip()
    return re.sub(r"\s*\n\s*", "\n", text.replace("**", ""))


def read_score(answer: str) -> int | None:
    """The judge's number from 0 to 10: of its JSON, or the only such number in its words; None where there is none."""
    try:
        body = json.loads(answer)
    except (ValueError, RecursionError):
        body = None
    if isinstance(body, dict):
        score = body.get("score")
        return score if type(score) is int and 0 <= score <= 10 else None
    found = set(_NUMBER.findall(answer.replace("/10", "")))
    return int(found.pop()) if len(found) == 1 else None
