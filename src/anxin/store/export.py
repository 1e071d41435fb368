"""One conversation as its client takes it along: JSON for machines, a page for people. Pure functions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from html import escape

from anxin.dialogue import Language
from anxin.safety import CrisisLine
from anxin.store.conversations import Conversation, Utterance

__all__ = ["to_json", "to_page"]

_WORDS: Mapping[Language, Mapping[str, str]] = {
    "zh": {
        "title": "我的谈话",
        "intro": "这是你与安心的谈话记录，只属于你。请保存在只有你能打开的地方。",
        "client": "我",
        "counsellor": "安心",
        "human": "咨询师",
        "empty": "这里还没有说过话。",
    },
    "en": {
        "title": "My conversation",
        "intro": "This is your conversation with Anxin. It is yours; keep it where only you can open it.",
        "client": "Me",
        "counsellor": "Anxin",
        "human": "Counsellor",
        "empty": "Nothing has been said here yet.",
    },
}
_STYLE = (
    "body{font:1.05rem/1.7 system-ui,sans-serif;max-width:42rem;margin:2rem auto;padding:0 1rem;color:#24302c;"
    "background:#faf9f5}h1{font-size:1.5rem}article{margin:1.2rem 0;padding:.8rem 1rem;border-radius:.8rem;"
    "background:#eef2ec}article.client{background:#e3ebf2}h2{font-size:.9rem;margin:0 0 .3rem;color:#43524c}"
    "p,li{white-space:pre-wrap;overflow-wrap:anywhere}p{margin:.2rem 0}.notice{color:#43524c;font-size:.95rem}"
    "@media print{body{background:#fff}article{break-inside:avoid}}"
)


def to_json(conversation: Conversation) -> str:
    """Everything the client said and was shown, as one object."""
    record = {
        "format": "anxin.conversation/1",
        "messages": [
            {
                "role": said.role,
                "text": said.text,
                "by": said.by,
                "at": None if said.at is None else said.at.isoformat(),
                "notices": [notice.text for notice in said.notices],
                "lines": [
                    {key: value for key, value in asdict(line).items() if key != "open_now"} for line in said.lines
                ],
                "offered": said.offered,
                # What was concluded from a message is about the client, so it is the client's, too.
                "risk": int(said.ledger.risk),
                "verdict": None if said.verdict is None else asdict(said.verdict),
            }
            for said in conversation.utterances
        ],
    }
    return json.dumps(record, ensure_ascii=False, indent=2)


def to_page(conversation: Conversation, language: Language = "zh") -> str:
    """A page that stands alone: no script, nothing loaded from anywhere, every word escaped."""
    words = _WORDS[language]
    said = "\n".join(_article(said, words) for said in conversation.utterances) or f"<p>{words['empty']}</p>"
    return f"""<!doctype html>
<html lang="{"zh-Hans" if language == "zh" else "en"}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{words["title"]}</title>
<style>{_STYLE}</style>
</head>
<body>
<main>
<h1>{words["title"]}</h1>
<p>{words["intro"]}</p>
{said}
</main>
</body>
</html>
"""


def _article(said: Utterance, words: Mapping[str, str]) -> str:
    who = words["human"] if said.role == "counsellor" and said.by is None else words[said.role]
    parts = [f"<h2>{who}{_time(said.at)}</h2>"]
    parts += [f'<p class="notice">{_escaped(notice.text)}</p>' for notice in said.notices]
    parts.append(f"<p>{_escaped(said.text)}</p>")
    if said.lines:
        parts.append("<ul>" + "".join(f"<li>{_line(line)}</li>" for line in said.lines) + "</ul>")
    return f'<article class="{said.role}">' + "".join(parts) + "</article>"


def _time(at: datetime | None) -> str:
    return "" if at is None else f' · <time datetime="{at.isoformat()}">{at:%Y-%m-%d %H:%M}</time>'


def _line(line: CrisisLine) -> str:
    return _escaped(" · ".join(part for part in (line.name, line.number or line.url, line.hours) if part))


def _escaped(text: str) -> str:
    # Half a surrogate pair cannot be written as UTF-8.
    return escape(text.encode("utf-8", "replace").decode("utf-8"), quote=True)
