"""Open WebUI's own calls for a title, tags and follow-ups: its words, not a client's.

Its templates put the chat's history into one user message that opens with "### Task:" and asks for JSON. Scoring
that as a client's message would raise an alarm in a room nobody is in, and answering it would cost a model call per
turn, so it gets a short constant. The constant is harmless, so a client who imitates the template gains nothing by
it; every other message, also Open WebUI's "### Task:" that carries a client's question with retrieved passages,
is screened like any.
"""

from __future__ import annotations

import json
import re

from anxin.dialogue import Dialogue

__all__ = ["answer_task"]

_HISTORY = "<chat_history>"
_ASKED = re.compile(r"\{\s*\"(title|tags|follow_ups|queries|text)\"\s*:")
_CHINESE = re.compile("[\u4e00-\u9fff]")


def answer_task(dialogue: Dialogue) -> str | None:
    """The constant for one of Open WebUI's task calls, or None when this is a client's dialogue."""
    spoken = [message for message in dialogue if message.role != "system"]
    if len(spoken) != 1 or not spoken[0].text.lstrip().startswith("### Task:"):
        return None
    instructions, mark, history = spoken[0].text.partition(_HISTORY)
    asked = _ASKED.search(instructions)  # only in the template's own part, not in what was said
    if not mark or asked is None:
        return None
    kind = asked.group(1)
    if kind == "title":
        return json.dumps({"title": "对话" if _CHINESE.search(history) else "Conversation"}, ensure_ascii=False)
    return json.dumps({kind: "" if kind == "text" else []})
