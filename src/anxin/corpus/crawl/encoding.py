"""Bytes of a page to text, also where the page is wrong about itself.

What a page declares is one witness among several: UTF-8 proves itself, and between the Chinese encodings the text that
consists of common characters wins. Chinese pages are wrong often: gb2312 that is GB18030, latin-1 by a server's
default, Big5 under a template's utf-8, and UTF-8 that somebody has read as something else and saved again.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from functools import cache

__all__ = ["declared", "decode", "known", "repaired"]

_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_HEAD = 4096
_CHARSET = re.compile(r"charset\s*=\s*[\"']?\s*([\w:.()-]+)", re.IGNORECASE)
_XML = re.compile(r"^\s*<\?xml[^>]*encoding\s*=\s*[\"']([\w-]+)", re.IGNORECASE)
_LABELS = {
    "gb2312": "gb18030", "gb-2312": "gb18030", "gbk": "gb18030", "x-gbk": "gb18030", "cp936": "gb18030",
    "gb_2312-80": "gb18030", "big5": "big5hkscs", "big5-hkscs": "big5hkscs", "x-x-big5": "big5hkscs",
    "cp950": "big5hkscs", "iso-8859-1": "cp1252", "latin1": "cp1252", "latin-1": "cp1252", "ascii": "cp1252",
    "us-ascii": "cp1252", "utf8": "utf-8", "shift-jis": "cp932", "shift_jis": "cp932", "euc-kr": "cp949",
}  # fmt: skip
"""As browsers read the labels (WHATWG Encoding Standard, section 4.2): the superset in place of the name."""
_PAGES = re.compile(
    r"utf-8|utf-16(?:-[bl]e)?|gb18030|big5(?:hkscs)?|cp932|euc_(?:jp|kr)|iso2022_jp|cp949|cp125\d|cp874|iso8859-\d+"
    r"|koi8-[ru]|mac-(?:roman|cyrillic)"
)
"""Of the codecs that Python has, those for pages: `idna` or `uu` are none."""
_MOST_BROKEN = 0.02
"""Of what is not ASCII: a page with more places that cannot be read is damaged."""
_SAMPLE = 200_000


def decode(body: bytes, http: str = "", override: str = "") -> tuple[str, str]:
    """The text of a page and the encoding it was found to be in; an empty encoding where the page is damaged.

    `http` is the Content-Type header, `override` what a profile says of the site.
    """
    for bom, name in _BOMS:
        if body.startswith(bom):
            return body.decode(name, "replace"), name.removesuffix("-sig")
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        text = ""
    else:
        # Other encodings' text is almost never valid UTF-8; what is ASCII alone reads the same in all of them.
        return repaired(text), "utf-8"
    names = [known(override)] if override else _candidates(body, http)
    best = max(names, key=lambda name: _worth(body, name))
    text = body.decode(best, "replace")
    if best == "utf-8":
        text = repaired(text)
    strange = sum(1 for character in text if character > "\x7f")
    if not strange or text.count("\ufffd") > max(3, _MOST_BROKEN * strange):
        return text, ""
    return text, best


def declared(body: bytes, http: str = "") -> Iterator[str]:
    """The encodings a page names, the header's first, as Python knows them."""
    head = body[:_HEAD].decode("latin-1")
    found = [*_CHARSET.findall(http), *(match[1] for match in (_XML.search(head),) if match), *_CHARSET.findall(head)]
    yield from dict.fromkeys(name for label in found if (name := known(label)))


def repaired(text: str) -> str:
    """UTF-8 that was once read as latin-1, Windows-1252 or GB18030 and saved as that, read as what it was.

    Line by line: on many pages only what came out of a database is spoilt. A line is changed only where the whole of it
    turns into better text.
    """
    if not _SPOILT.search(text):
        return text
    # Not splitlines: it also breaks at control characters, which are parts of characters here.
    return "\n".join(_line(line) for line in text.split("\n"))


_SPOILT = re.compile(
    r"[\u00c2-\u00f4][\u0080-\u00bf\u0152-\u0178\u02c6\u02dc\u2013-\u2122]|[鎴鐨浣闂杩鏄鍙涓嶆绗銆锛]{1}"
)


def _line(line: str) -> str:
    if not _SPOILT.search(line):
        return line
    choices = [line]
    for raw in (_western(line), _chinese(line)):
        if raw is not None:
            try:
                choices.append(raw.decode("utf-8"))
            except UnicodeDecodeError:
                continue
    return max(choices, key=lambda text: (_plain(text), -len(text)))


def _western(text: str) -> bytes | None:
    """The bytes that read as this text in Windows-1252, its five gaps filled as browsers fill them."""
    raw = bytearray()
    for character in text:
        try:
            raw += character.encode("cp1252")
        except UnicodeEncodeError:
            if ord(character) > 0xFF:
                return None
            raw.append(ord(character))
    return bytes(raw)


def _chinese(text: str) -> bytes | None:
    try:
        return text.encode("gb18030")
    except UnicodeEncodeError:
        return None


def _candidates(body: bytes, http: str) -> list[str]:
    named = list(declared(body, http))
    return list(dict.fromkeys([*named, "gb18030", "big5hkscs", "utf-8", "cp1252"]))


def _worth(body: bytes, name: str) -> tuple[float, bool]:
    """How much like text the body is in this encoding; the one named first wins a draw."""
    text = body[:_SAMPLE].decode(name, "replace")
    # A character more than enough may be broken at the end of the sample.
    return (round(_plain(text), 2), name not in ("cp1252", "utf-8"))


def _plain(text: str) -> float:
    """From -1 to 1: of what is not ASCII, common characters less those that no sane page has."""
    good = bad = total = 0
    common = _common()
    for character in text:
        if character <= "\x7f":
            continue
        total += 1
        if character in common:
            good += 1
        elif character == "\ufffd" or "\x80" <= character <= "\x9f" or "\ue000" <= character <= "\uf8ff":
            bad += 1
        elif "\u00a0" <= character <= "\u024f":
            good += 0 if character in _SYMBOLS else 1
    return (good - 2 * bad) / total if total else 0.0


_SYMBOLS = frozenset("¡¢£¤¥¦§¨©ª«¬­®¯°±²³´µ¶·¸¹º»¼½¾¿×÷ÃÂ")


@cache
def _common() -> frozenset[str]:
    """The everyday characters: level 1 of GB 2312 and of Big5, kana, and the punctuation of both."""
    marks = frozenset("，。、；：？！“”‘’（）《》〈〉【】「」『』—…·～　％－–\u00a0")
    kana = frozenset(chr(code) for code in range(0x3041, 0x30FF))
    wide = frozenset(chr(code) for code in range(0xFF10, 0xFF5B))
    return marks | kana | wide | _rows("gb2312", 0xB0, 0xD7, (0xA1,)) | _rows("big5", 0xA4, 0xC6, (0x40, 0xA1))


def _rows(name: str, first: int, last: int, starts: tuple[int, ...]) -> frozenset[str]:
    found: set[str] = set()
    for lead in range(first, last + 1):
        for start in starts:
            for trail in range(start, 0x7F if start == 0x40 else 0xFF):
                try:
                    found.add(bytes((lead, trail)).decode(name))
                except UnicodeDecodeError:
                    continue
    return frozenset(found)


def known(label: str) -> str:
    """The encoding that a label stands for, as Python names it; empty for none that pages are in."""
    label = label.strip().lower()
    try:
        name = codecs.lookup(_LABELS.get(label, label)).name
    except (LookupError, ValueError):
        return ""
    return name if _PAGES.fullmatch(name) else ""
