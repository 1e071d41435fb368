"""Numbers and links in a streamed reply: only those of the crisis lines' data file may pass.

Both readers take one folded character at a time and say from which place on the text must wait (None: nowhere) or that
what they have read may not be shown.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Set

__all__ = ["Links", "Numbers"]

_DIGITS = dict(zip("零〇一二三四五六七八九幺", "001234567891", strict=True))
_SIGNS = "- ()+./*_·~"  # what may stand inside a number, or hide one
_BETWEEN = frozenset(_SIGNS)
_CUE = re.compile(
    r"电话|热线|拨|致电|号码|手机号|微信|短信|联系|qq|加我|客服"
    r"|\b(?:call|calling|dial|phone|text|texting|hotline|helpline|lifeline|number|whatsapp|line|sms|tel|contact|reach)\b"
)
_DEVICE = re.compile("手机")  # also a thing one buys or puts away: no cue for three or four figures (985, 211, 618)
_YEARS = re.compile(r"(?:1[6-9]|20)\d\d *[-/] *(?:1[6-9]|20)?\d\d")
_DATE = re.compile(r"(?:19|20)\d\d[-/.]\d{1,2}[-/.]\d{1,2}")
_ROUND = re.compile(r"\d+000")
_FROM_TO = re.compile(r"(\d{1,3}[05]0) *[-~] *(\d{1,4}[05]0)")  # an amount: "1000-2000"
_ALWAYS = re.compile(r"24 *[/*] *7|7 *[/*] *24")
_MOBILE = re.compile(r"1[3-9]\d{9}")
_DECIMAL = re.compile(r"\d+\.\d+")
# A short number is held for its cue ("99999热线"), unless it counts something.
_COUNTED = re.compile(
    r"\s*(?:[次个元块天年人岁分小秒月点%页字米斤度层题步里种多余几]|people|days?|years?|times|hours?|minutes?)"
)
_DEVICE_LEAST = 5  # figures; also for numbers in Chinese characters, which may count
_COUNTING = "".join(map(str, range(1, 31)))
_LOOKAHEAD = 10
_WORD_ENDS = 8  # more characters for the last word of those to end in
_LONGEST = 24  # figures; no reply needs a longer number, and one could hide another

_TOKEN = frozenset("abcdefghijklmnopqrstuvwxyz0123456789.:/@_-?=&%#+~")
_OPENING = re.compile(r"h(?:t(?:t(?:p(?:s?(?::(?:/(?:/.*)?)?)?)?)?)?)?|w(?:w(?:w(?:\..*)?)?)?")
_ENDINGS = (
    "com cn org net io gov edu info uk hk tw sg us xyz cc vip ly gl app cafe link live eu de fr jp ca au nz ru tv biz"
    " top site online shop club wiki dev page mobi asia chat blog"
).replace(" ", "|")
# Endings that are also words, as after a full stop without its space, count only with a path.
_WORDY = "me ai co to in it is so help care news life world health".replace(" ", "|")
_HOST = r"[a-z0-9-]+(?:\.[a-z0-9-]+)*"
_SITE = re.compile(rf"(?:https?://)?({_HOST}\.(?:{_ENDINGS})(?![a-z0-9-])|{_HOST}\.(?:{_WORDY})(?=/))")
_LONGEST_TOKEN = 256
_LONGEST_LABEL = 63  # of a host name, RFC 1035


def _cued(text: str, *, device: bool) -> bool:
    return _CUE.search(text) is not None or (device and _DEVICE.search(text) is not None)


def _digit(char: str) -> str:
    """The figure a character stands for, in any script; empty for what is no figure."""
    if "0" <= char <= "9":
        return char
    figure = unicodedata.decimal(char, -1) if char > "\x7f" else -1
    return str(figure) if figure >= 0 else _DIGITS.get(char, "")


class Numbers:
    """Finds numbers a person might dial."""

    __slots__ = ("_allowed", "_chinese", "_cue", "_device", "_digits", "_raw", "_start", "_waiting")

    def __init__(self, allowed: Set[str]) -> None:
        self._allowed = allowed
        # Short unknown numbers: where each began, what followed, and whether it is long enough for a device as cue.
        self._waiting: list[tuple[int, str, bool]] = []
        self._clear()

    def _clear(self) -> None:
        self._digits = ""
        self._raw = ""
        self._cue = False
        self._device = False
        self._chinese = False
        self._start: int | None = None

    @property
    def hold(self) -> int | None:
        """The place from which the text must wait."""
        return self._waiting[0][0] if self._waiting else self._start

    def read(self, char: str, place: int, before: str) -> bool:
        """Take one character; `before` is the folded text before it. True when a forbidden number stands complete."""
        if self._waiting and self._followed(char):
            return True
        digit = _digit(char)
        if digit:
            if self._start is None:
                self._start = place
                self._cue = bool(_CUE.search(before[-24:]))
                self._device = bool(_DEVICE.search(before[-24:]))
            self._chinese |= char in _DIGITS
            self._digits += digit
            self._raw += digit
            return len(self._digits) > _LONGEST and not _COUNTING.startswith(self._digits)
        if self._start is None:
            return False
        if char in _BETWEEN and len(self._raw) - len(self._raw.rstrip(_SIGNS)) < 2:
            self._raw += char
            return False
        return self._settle(char)

    def finish(self) -> bool:
        """The reply is over. True when a forbidden number stands at its end."""
        if any(_cued(after, device=device) for _, after, device in self._waiting):
            return True
        return self._start is not None and self._forbidden(self._raw.strip(_SIGNS))

    def _followed(self, char: str) -> bool:
        """One more character after short numbers; True when it completes a cue."""
        waiting: list[tuple[int, str, bool]] = []
        for start, after, device in self._waiting:
            after += char
            inside = "a" <= char <= "z"
            if not inside and _cued(after, device=device):
                return True
            if len(after) < _LOOKAHEAD or (inside and len(after) < _LOOKAHEAD + _WORD_ENDS):
                waiting.append((start, after, device))
        self._waiting = waiting
        return False

    def _settle(self, char: str) -> bool:
        raw = self._raw.strip(_SIGNS)
        after = self._raw[len(raw) :] + char
        short = 3 <= len(self._digits) <= 6 and not self._chinese and self._digits not in self._allowed
        counted = short and (_COUNTED.match(after) is not None or _ALWAYS.fullmatch(raw) is not None)
        if not counted and self._forbidden(raw):
            return True
        if short and not counted and self._start is not None:
            self._waiting.append((self._start, after, len(self._digits) >= _DEVICE_LEAST))
        self._clear()
        return False

    def _forbidden(self, raw: str) -> bool:
        digits = self._digits
        if digits in self._allowed:
            return False
        if self._cue or self._device:
            least = _DEVICE_LEAST if self._chinese or not self._cue else 3
            plain = _YEARS.fullmatch(raw) or _DATE.fullmatch(raw) or _ALWAYS.fullmatch(raw)
            return len(digits) >= least and not plain
        if _MOBILE.fullmatch(digits):
            return True
        if len(digits) < 7 or _COUNTING.startswith(digits) or _ROUND.fullmatch(raw):
            return False
        amount = _FROM_TO.fullmatch(raw)
        if amount and int(amount[1]) < int(amount[2]):
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
        if char in _TOKEN:
            if len(self._token) >= _LONGEST_TOKEN and self._shorten():
                return True
            if not self._token:
                self._start = place
            elif self._dot is None and char in ".@":
                self._dot = place
            self._token += char
            return False
        bad = self.finish()
        self._clear()
        return bad

    def _shorten(self) -> bool:
        """No word is this long. One with a dot or scheme may not pass; else only its end can become an address."""
        if self._dot is not None or ":" in self._token:
            return True
        self._token = self._token[-_LONGEST_LABEL:]
        return False

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
