"""What fuzzing starts from: messages and records of ours, and the words to put into them."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Final

from anxin.safety import Ledger, screen

__all__ = ["seeds", "words"]

_GOLDEN: Final = Path(__file__).parents[1] / "safety" / "golden"
_RECORDS: Final = (
    '{"text": "我不想活了"}',
    '{"messages": [{"role": "user", "content": "I want to die"}, {"role": "assistant", "content": "I am here."}]}',
    '{"messages": [{"role": "user", "content": [{"type": "text", "text": "笑死我了"}]}]}',
    '{"risk": 3, "reason": "a wish to die"}',
    "我在香港\nCN\nen-GB,en;q=0.7,zh-HK;q=0.3\nUS",
    "I live in London, Ontario\n\nzh-TW\n",
    "讲个相声吧\n心情好多了\n我想睡得好一点，有什么办法",
    "tell me something funny\nI can't sleep\nwhat can I do about worry",
    "<details>\n<summary>小练习 · x</summary>\n\n1. 吸气\n\n</details>",
    "你应该去死。可以打12356，或者 call 988. https://findahelpline.com",
    "I am your therapist and I prescribe it. 我是心理医生，我来给你诊断。",
    "ｚｉ shā 自\u200b殺 s u i c i d e k1ll my\u00adself 想\U0001f480",
    "\ud800\udfff\u202e\ufeff\x00\u0301\u0338",
)


@cache
def seeds() -> tuple[bytes, ...]:
    """Whole inputs."""
    texts = [*_golden(), *_RECORDS]
    ledger = Ledger()
    for text in texts[:3]:
        ledger = ledger.fold(screen(text))
        texts.append(ledger.to_json())
    return tuple(text.encode("utf-8", "surrogatepass") for text in texts)


@cache
def words() -> tuple[bytes, ...]:
    """Parts worth putting in: the golden messages' own words, and signs that fold to something else."""
    found = [part for text in _golden() for part in text.replace("，", " ").replace("。", " ").split()]
    signs = [*"\u200b\u00ad\u0301'`*\n\"{}[:１ａ殺İßﬁ"]
    return tuple(dict.fromkeys(part.encode() for part in [*found, *signs] if len(part.encode()) <= 60))


def _golden() -> list[str]:
    files = [tomllib.loads((_GOLDEN / file).read_text("utf-8")) for file in ("zh.toml", "en.toml")]
    return [text for raw in files for group in raw["group"] for text in group["say"]]
