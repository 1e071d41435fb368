"""Whose crisis lines are right: the client's own word, what they chose, or what their browser says.

A wrong country's number is worse than a directory, so only plain statements count, a place without lines of ours gives
the default region, and what browsers send wherever they are (en-US, zh-CN) counts only where nothing else is known.
"""

from __future__ import annotations

import re
from functools import cache

from anxin.dialogue import Dialogue
from anxin.safety.lines import DEFAULT, places, regions
from anxin.safety.normal import fold

__all__ = ["region_of"]

_SHIPPED = ("en-us", "zh-cn", "zh-hans-cn")
_SENTENCE = re.compile(r"[.!?;\n]")
_OTHERS = "他|她|妈|爸|朋友|同学|男友|女友|室友|姐|妹|哥|弟|老公|老婆|丈夫|妻子|孩子|儿子|女儿|亲戚|前任|对象|老师"
_NOT_NOW_ZH = re.compile(
    "以前|曾经?|之前|去年|前年|小时候|当年|那时|当时|原来在|如果|要是|假如|假装|梦见|打算去|想去|不在|没在|离开|故事|小说"
)
_NOT_NOW_EN = re.compile(
    r"(?<![a-z])(?:was|were|used to|last (?:year|month|week|summer)|years ago|back when|grew up|born|if|wish|pretend|"
    r"imagine|not|isnt|arent|never|no longer|anymore|left|visited|story|novel|dreamt?|dreamed|going to|"
    r"want to)(?![a-z])"
)
_NOW_EN = re.compile(r"(?<![a-z])(?:now|currently|these days)(?![a-z])")
_AFTER_ZH = (
    "(?!的?(?:时候|那年|那会|那几年|日子)|的(?:朋友|亲|同学|姐|哥|弟|妹|爸|妈|女|男|家人|老|前)|时,|"
    "长大|出生|认识|旅游过|待过|住过|读过|工作过|上过)"
)


def region_of(spoken: Dialogue | str, setting: str = "", locale: str = "", default: str = DEFAULT) -> str:
    """The code of the region whose lines the client needs; always one that has lines. Pure and total.

    What the client says of themselves decides ("我在香港", "I'm in London"), the newest first. Then `setting`, what
    they chose ("" when they chose nothing). Then `locale`, an Accept-Language header or a tag such as zh-HK. Then
    `default`, what the operator set for the house.
    """
    try:
        texts = [spoken] if isinstance(spoken, str) else [message.text for message in spoken.by("client")]
        for text in reversed(texts):
            if (said := _said(text)) is not None:
                return said
        return (
            _known(setting) or _of_locale(locale, certain=_known(default) not in (None, DEFAULT)) or _default(default)
        )
    except Exception:  # a region that cannot be read must not cost the client their reply
        return _default(setting or default)


def _default(default: str) -> str:
    try:
        return _known(default) or DEFAULT
    except Exception:  # the lines file is broken: the protocol's built-in numbers still go by the code
        return default.strip().upper() if isinstance(default, str) and default.strip() else DEFAULT


def _known(code: str) -> str | None:
    codes = {known.upper(): known for known, _ in regions("en")}
    return codes.get(code.strip().upper())


def _of_locale(locale: str, *, certain: bool) -> str | None:
    """The first region that the tags name, in the order of their weights."""
    weighed: list[tuple[float, int, str]] = []
    for place, part in enumerate(locale.split(",")):
        tag, _, weight = part.partition(";")
        match = re.search(r"q\s*=\s*([0-9.]+)", weight)
        weighed.append((-float(match.group(1)) if match else -1.0, place, tag.strip().lower().replace("_", "-")))
    for _, _, tag in sorted(weighed):
        if certain and tag in _SHIPPED:
            continue
        code = next((part for part in tag.split("-")[1:] if len(part) == 2), "")
        if code:
            return _known(code) or (None if certain else DEFAULT)
    return None


def _said(text: str) -> str | None:
    """The region that a message plainly says its writer is in; of several, the last."""
    found: str | None = None
    for sentence in _SENTENCE.split(fold(text).text):
        chinese, english = _patterns()
        for match in chinese.finditer(sentence):
            if not _NOT_NOW_ZH.search(_clause(sentence, match.start(), match.end())):
                found = places()[match["place"]]
        for match in english.finditer(sentence):
            clause = sentence[max(0, match.start() - 40) : match.end()]
            if _NOT_NOW_EN.search(clause) and not (_NOW_EN.search(clause) and not _NOT_NOW_EN.search(match.group())):
                continue
            # "London, Ontario" is in Ontario, and "Hong Kong, China" has Hong Kong's lines.
            first, wider = places()[match["place"]], match["wider"]
            found = first if wider is None or first in ("HK", "TW") else places()[wider]
    return found


def _clause(sentence: str, start: int, end: int) -> str:
    """The clause around a span, with a short one before it ("去年的时候，我在香港")."""
    left = sentence.rfind(",", 0, start) + 1
    before = sentence.rfind(",", 0, max(0, left - 1)) + 1
    right = sentence.find(",", end)
    return sentence[before if left - before <= 9 else left : right if right >= 0 else len(sentence)]


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    names = sorted(places(), key=len, reverse=True)
    han = "|".join(re.escape(name) for name in names if not name.isascii())
    latin = "|".join(re.escape(name) for name in names if name.isascii())
    chinese = re.compile(
        f"(?:(?<![和跟与同])我(?:们|家|人)?(?:现在|目前|一个人|就|还|也|身|人|生活|居住|正|是|住){{0,3}}在|坐标:? ?|"
        f"(?<![家{_OTHERS.replace('|', '')}])(?:人|住)在)(?P<place>{han}){_AFTER_ZH}"
    )
    gap = r"(?: (?!interested|believe|into|like|because|but|and|with|my|his|her|their)[a-z]+){0,3}?"
    being = (
        "im|i am|i live|i work|i study|we live|were|we are|living|based|located|currently|i moved|ive moved|i stay|"
        "i reside|im over"
    )
    english = re.compile(
        rf"(?<![a-z])(?:{being}){gap} (?:in|to) (?P<place>{latin})(?![a-z])(?:,? (?P<wider>{latin})(?![a-z]))?"
        r"(?! (?:when|last|back then|years ago|anymore|next|fashion|time))"
    )
    return chinese, english
