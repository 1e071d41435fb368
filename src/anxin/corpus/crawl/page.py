"""A page to samples: the main text of an article, or a thread's question with each of its answers."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import Any

from anxin.corpus.crawl.profile import Profile, Thread
from anxin.corpus.sample import Drop, Sample
from anxin.dialogue import Dialogue, Message
from anxin.errors import MissingExtra

__all__ = ["article", "language_of", "thread"]

_BLOCKS = re.compile(
    r"address|article|aside|blockquote|br|dd|div|dl|dt|fieldset|figcaption|figure|footer|form|h[1-6]|header|hr|li|main|nav"
    r"|ol|p|pre|section|table|td|th|tr|ul"
)
_UNSEEN = re.compile(r"script|style|noscript|template|svg|button|select|option|textarea|iframe|object")
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_NUMBER = re.compile(r"([-+−]?\d[\d,]*(?:\.\d+)?)\s*([万亿kKmM]?)")
_TIMES = {"": 1, "万": 10_000, "亿": 100_000_000, "k": 1000, "m": 1_000_000}
_LANGUAGE = re.compile(r"<html\b[^>]*?\blang\s*=\s*[\"']?([A-Za-z]{2,3})(?=[-_\"'\s>])", re.IGNORECASE)
_HAN, _KANA = re.compile(r"[\u3400-\u9fff]"), re.compile(r"[\u3040-\u30ff]")
_READ = 2000
_SHORTEST = 20


def article(text: str, address: str) -> tuple[str, dict[str, Any]]:
    """The main text of a page without menus, adverts and comments, and its title and date where it has them.

    Raises `MissingExtra` where trafilatura is not installed.
    """
    try:
        from trafilatura import bare_extraction
    except ImportError:
        raise MissingExtra("extracting text from pages", "crawl") from None
    found = bare_extraction(
        text, url=address, include_comments=False, include_tables=False, favor_precision=True, with_metadata=True
    )
    if found is None or not found.text:
        return "", {}
    known = {"title": found.title, "date": found.date}
    return str(found.text).strip(), {name: value for name, value in known.items() if value}


def thread(text: str, address: str, profile: Profile) -> Iterator[tuple[Sample, Drop | None]]:
    """One dialogue for each answer on a page: the client's question, the counsellor's answer.

    What cannot be one comes with the reason: no_question, no_answer, empty, other_role.
    """
    selectors = profile.thread
    assert selectors is not None  # the profile was checked
    page = _parsed(text)
    for rule in selectors.cut:
        page.css(rule).drop()
    name = _thread_name(address, selectors)
    whole = Sample(name, source=profile.name, metadata={"thread": name})
    title = _words(page.css(selectors.title)[:1]) if selectors.title else ""
    body = _words(page.css(selectors.question)[:1])
    question = body if title in body else f"{title}\n{body}".strip()
    answers = page.css(selectors.answer)
    if not body or not answers:
        yield whole, Drop("no_question" if not body else "no_answer")
        return
    for place, answer in enumerate(answers, start=1):
        words = _words(answer.css(selectors.text) if selectors.text else answer)
        messages = (Message("client", question), Message("counsellor", words))
        role = _words(answer.css(selectors.role)[:1]) if selectors.role else ""
        known: dict[str, Any] = {"thread": name}
        if title:
            known["title"] = title
        if selectors.votes and (votes := _votes(answer, selectors.votes)) is not None:
            known["votes"] = votes
        if selectors.accepted:
            known["accepted"] = bool(answer.css(selectors.accepted))
        id = f"{name}-{hashlib.sha1(words.encode('utf-8', 'replace'), usedforsecurity=False).hexdigest()[:8]}-{place}"
        sample = Sample(id, Dialogue(messages, id), source=profile.name, metadata=known)
        if not words:
            yield sample, Drop("empty")
        elif selectors.roles and not any(wanted in role for wanted in selectors.roles):
            yield sample, Drop("other_role")
        else:
            yield sample, None


def language_of(text: str, page: str = "") -> str:
    """`zh`, `en` or another two-letter code: by the characters, by py3langid where it is installed, or as declared."""
    start = text[:_READ]
    if _KANA.search(start):
        return "ja"
    letters = sum(1 for character in start if character.isalpha())
    if len(_HAN.findall(start)) > 0.3 * letters > 0:
        return "zh"
    if letters >= _SHORTEST and (language := _identified(start)):
        return language
    return match[1].lower() if (match := _LANGUAGE.search(page[:_READ])) else ""


def _identified(text: str) -> str:
    try:
        from py3langid import classify
    except ImportError:
        return ""
    return str(classify(text)[0])


def _parsed(text: str) -> Any:
    try:
        from scrapy.selector import Selector
    except ImportError:
        raise MissingExtra("extracting threads from pages", "crawl") from None
    return Selector(text=text)


def _thread_name(address: str, selectors: Thread) -> str:
    match = re.search(selectors.id, address) if selectors.id else None
    named = match[1] if match else address
    return hashlib.sha1(named.encode("utf-8", "replace"), usedforsecurity=False).hexdigest()[:12]


def _words(found: Any) -> str:
    """What a reader sees of elements: a line for each block, no scripts, nothing hidden."""
    nodes = found if hasattr(found, "__len__") else [found]
    text = "\n".join("".join(_pieces(node.root)) for node in nodes)
    lines = (re.sub(r"[^\S\n]+", " ", line).strip() for line in text.split("\n"))
    return re.sub(r"\n{2,}", "\n", "\n".join(line for line in lines if line))


def _pieces(root: Any) -> Iterator[str]:
    """Text in document order without recursion: a page may be nested as deep as it likes."""
    if isinstance(root, str):
        yield root
        return
    stack: list[Any] = [root]
    while stack:
        node = stack.pop()
        if isinstance(node, str):
            yield node
            continue
        seen = isinstance(node.tag, str) and not _UNSEEN.fullmatch(node.tag)
        if seen and ("hidden" in node.attrib or _HIDDEN.search(node.get("style", ""))):
            seen = False
        after = [node.tail] if node.tail and node is not root else []
        if not seen:
            stack.extend(after)
            continue
        edge = ["\n"] if _BLOCKS.fullmatch(node.tag) else []
        stack.extend(reversed([*edge, *([_folded(node.text, node)] if node.text else []), *node, *edge, *after]))


def _folded(text: str, node: Any) -> str:
    return text if node.tag == "pre" else re.sub(r"\s+", " ", text)


def _votes(answer: Any, rule: str) -> int | None:
    found = answer.css(rule)[:1]
    text = (found.get() or "") if "::" in rule else _words(found)
    match = _NUMBER.search(text)
    if match is None:
        return None
    number = float(match[1].replace(",", "").replace("−", "-").lstrip("+"))
    return int(number * _TIMES[match[2].lower()])
