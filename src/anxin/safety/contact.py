"""Numbers and links in a streamed reply: only those of the crisis lines' data file may pass.

Both readers take one folded character at a time and say from which place on the text must wait (None: nowhere) or that
what they have read may not be shown.
"""

from __future__ import annotations

import re
from collections.abc import Set

__all__ = ["Links", "Numbers"]

_DIGITS = dict(zip("零〇一二三四五六七八九幺", "001234567891", strict=True))
_BETWEEN = frozenset("- ()+./")
_CUE = re.compile(
    r"电话|热线|拨|致电|号码|手机|微信|短信|联系|qq|加我|客服"
    r"|\b(?:call|calling|dial|phone|text|texting|hotline|helpline|lifeline|number|whatsapp|line|sms|tel|contact|reach)\b"
)
_YEARS = re.compile(r"(?:19|20)\d\d *[-/] *(?:19|20)?\d\d")
_DATE = re.compile(r"(?:19|20)\d\d[-/.]\d{1,2}[-/.]\d{1,2}")
_ROUND = re.compile(r"\d+000")
_MOBILE = re.compile(r"1[3-9]\d{9}")
_DECIMAL = re.compile(r"\d+\.\d+")
_LOOKAHEAD = 10
_LONGEST = 24

_TOKEN = frozenset("abcdefghijklmnopqrstuvwxyz0123456789.:/@_-?=&%#+~")
_OPENING = re.compile(r"h(?:t(?:t(?:p(?:s?(?::(?:/(?:/.*)?)?)?)?)?)?)?|w(?:w(?:w(?:\..*)?)?)?")
_SITE = re.compile(
    r"(?:https?://)?([a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:com|cn|org|net|io|gov|edu|info|uk|hk|tw|sg|us|xyz|cc|vip|ly|gl|app|cafe|link|live))(?![a-z0-9-])"
)
_LONGEST_TOKEN = 256


class Numbers:
    """Finds numbers a person might dial."""

    __slots__ = ("_allowed", "_chinese", "_cue", "_digits", "_left", "_raw", "_start", "_waiting")

    def __init__(self, allowed: Set[str]) -> None:
        self._allowed = allowed
        self._waiting = ""  # a short unknown number whose cue may still follow ("99999热线")
        self._left = 0
        self._clear()

    def _clear(self) -> None:
        self._digits = ""
        self._raw = ""
        self._cue = False
        self._chinese = False
        self._start: int | None = None

    @property
    def hold(self) -> int | None:
        """The place from which the text must wait."""
        return self._start

    def read(self, char: str, place: int, before: str) -> bool:
        """Take one character; `before` is the folded text before it. True when a forbidden number stands complete."""
        if self._left:
            self._waiting += char
            self._left -= 1
            if _CUE.search(self._waiting + " "):
                return True
            if self._left or self._start is None:
                return False
            self._clear()
            return False
        digit = char if "0" <= char <= "9" else _DIGITS.get(char, "")
        if digit:
            if self._start is None:
                self._start = place
                self._cue = bool(_CUE.search(before[-24:]))
            self._chinese |= digit != char
            self._digits += digit
            self._raw += digit
            return len(self._digits) > _LONGEST and not self._release()
        if self._start is None:
            return False
        if char in _BETWEEN and len(self._raw) - len(self._raw.rstrip("- ()+./")) < 2:
            self._raw += char
            return False
        return self._settle(char)

    def finish(self) -> bool:
        """The reply is over. True when a forbidden number stands at its end."""
        if self._start is None or self._left:
            return False
        return self._forbidden(self._raw.strip("- ()+./"))

    def _settle(self, char: str) -> bool:
        raw = self._raw.strip("- ()+./")
        if self._forbidden(raw):
            return True
        short = 3 <= len(self._digits) <= 6 and not self._chinese and self._digits not in self._allowed
        if short and not self._cue:
            self._waiting = self._raw[len(raw) :] + char
            if _CUE.search(self._waiting + " "):
                return True
            self._left = _LOOKAHEAD
            return False
        self._clear()
        return False

    def _release(self) -> bool:
        """A run too long to be dialled, such as digits of pi."""
        self._clear()
        return True

    def _forbidden(self, raw: str) -> bool:
        digits = self._digits
        if digits in self._allowed:
            return False
        if self._cue:
            return len(digits) >= (5 if self._chinese else 3) and not _YEARS.fullmatch(raw) and not _DATE.fullmatch(raw)
        if len(digits) < 7 or (_ROUND.fullmatch(raw) and not _MOBILE.fullmatch(raw)):
            return False
        return not (_YEARS.fullmatch(raw) or _DATE.fullmatch(raw) or _DECIMAL.fullmatch(raw))


class Links:
    """Finds web addresses and mail addresses."""

    __slots__ = ("_allowed", "_dot", "_start", "_token")

    def __init__(self, allowed: Set[str]) -> None:
        self._allowed = allowed
        self._clear()

    def _clear(self) -> None:
        self._token = ""
        self._start = 0
        self._dot: int | None = None

    @property
    def hold(self) -> int | None:
        """Where the text must wait from: a whole address with a scheme, else its first dot or at sign."""
        if not self._token:
            return None
        if _OPENING.fullmatch(self._token):
            return self._start
        return self._dot

    def read(self, char: str, place: int) -> bool:
        """Take one character. True when a forbidden address stands complete."""
        if char in _TOKEN and len(self._token) < _LONGEST_TOKEN:
            if not self._token:
                self._start = place
            elif self._dot is None and char in ".@":
                self._dot = place
            self._token += char
            return False
        bad = self.finish()
        self._clear()
        return bad

    def finish(self) -> bool:
        """The reply, or a word of it, is over. True when it was a forbidden address."""
        token = self._token
        if "." not in token:
            return token.startswith(("http://", "https://")) and len(token) > 8
        for match in _SITE.finditer(token):
            host = match.group(1).removeprefix("www.")
            if not any(host == site or host.endswith("." + site) for site in self._allowed):
                return True
        return token.startswith(("http://", "https://")) and not _SITE.search(token)
