"""Text whose bytes were read in the wrong encoding, or which holds what nobody wrote."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from anxin.corpus.sample import Drop, Sample
from anxin.errors import MissingExtra

__all__ = ["Encoding"]

_PLAIN = re.compile("[\n\t -~·\u2010-\u2027\u2030-\u2044\u3000-\u303f\u3040-\u30ff\u3400-\u9fff\uff01-\uff9f\uffe5]*")
"""Text of these characters alone holds nothing that ftfy would touch with our settings; most Chinese text is such."""
_UNSEEN = re.compile(
    "[\u00ad\u034f\u061c\u180e\u200b\u200c\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffc\ue000-\uf8ff]"
    "|(?<![\u2190-\u2bff\ufe0f\U0001f000-\U0001faff])\u200d"  # within emoji a joiner has a meaning
)
_LOST = re.compile("\ufffd|锟斤拷|烫烫烫|屯屯屯")
_OF_LATIN = re.compile("[\x80-\xff]+")
_OF_GBK = re.compile("[^\x00-\x7f\ufffd]+")
_COMMON = re.compile("[的一是不了我在有人这个们来到你说就会为他她也和可以要没得那心想很都自己么吗。，！？]")
_HAN = re.compile("[\u3400-\u9fff]")
_LEADS = 0.15
_MARK = "\ufffd"
_HOLE = re.compile("\ufffd+")


@dataclass(frozen=True, slots=True)
class Encoding:
    """Repairs mojibake and removes characters nobody sees; drops `garbled` text that cannot be repaired.

    UTF-8 read as Latin-1, Windows-1252 and their kin is repaired by ftfy (Speer 2019), whose own defaults would turn
    Chinese punctuation into ASCII: full-width forms, quotes and the ellipsis stay as they are. UTF-8 read as GBK and
    GBK read as Latin-1, which ftfy does not know, are read back here, and only where the result is common Chinese.
    Then zero-width, control and private-use characters, byte order marks and lone surrogates go; NFC.

    `garbled`: the share of characters lost for good (U+FFFD and what editors show for it) from which a sample is
    dropped. One in a hundred is already a hole in every third sentence; fewer are cut out.
    """

    garbled: float = 0.01

    def __call__(self, sample: Sample) -> Sample | Drop:
        sample = sample.rewritten(_repaired)
        whole = sample.text
        lost = sum(len(match.group()) for match in _LOST.finditer(whole))
        if not lost:
            return sample
        if lost > self.garbled * len(whole):
            return Drop("garbled", f"{lost} of {len(whole)} characters are lost")
        return sample.rewritten(lambda text: _LOST.sub("", text))


def _repaired(text: str) -> str:
    text = _from_gbk(text)
    if _PLAIN.fullmatch(text):
        return text
    return _UNSEEN.sub("", _ftfy()(_from_latin(_UNSEEN.sub("", text))))


def _from_gbk(text: str) -> str:
    """Text of which UTF-8's bytes were read as GBK ("鎴戝緢绱?"), read back; else the text itself.

    Such text is full of the rare characters that UTF-8's first bytes with a second one make; a real one has hardly any.
    Where a pair of bytes was none of GBK's, as at the end of an odd number of characters, what stood there is lost.
    """
    rare = len(_rare().findall(text))
    if rare < 2 or rare < _LEADS * len(_HAN.findall(text)):
        return text
    back = _OF_GBK.sub(lambda run: run.group().encode("gb18030", "replace").decode("utf-8", "replace"), text)
    back = _HOLE.sub(_MARK, back)
    return back if _likelier(back, text) and back.count(_MARK) * 4 < len(back) else text


def _from_latin(text: str) -> str:
    """Text of which GBK's bytes were read as Latin-1 ("ÎÒºÜÀÛ"), read back; else the text itself."""
    runs = _OF_LATIN.findall(text)
    if not runs or sum(map(len, runs)) < 4 * len(runs) or any(len(run) % 2 for run in runs):
        return text
    try:
        back = _OF_LATIN.sub(lambda run: run.group().encode("latin-1").decode("gb2312"), text)
    except UnicodeDecodeError:
        return text
    return back if _likelier(back, text) else text


def _likelier(back: str, text: str) -> bool:
    """Whether `back` reads like Chinese (a tenth of it the commonest characters), and more so than `text`."""
    common = len(_COMMON.findall(back))
    return common * 10 >= len(back.strip()) and common > 2 * len(_COMMON.findall(text))


@cache
def _rare() -> re.Pattern[str]:
    pairs = (bytes((lead, trail)) for lead in range(0xE3, 0xF0) for trail in range(0x80, 0xC0))
    return re.compile("[" + "".join(filter(None, (pair.decode("gbk", "ignore") for pair in pairs))) + "]")


@cache
def _ftfy() -> Callable[[str], str]:
    try:
        import ftfy
    except ImportError:
        raise MissingExtra("repairing encodings", "corpus") from None
    settings = ftfy.TextFixerConfig(
        unescape_html=False, fix_character_width=False, uncurl_quotes=False, normalization="NFC", explain=False
    )
    return lambda text: str(ftfy.fix_text(text, settings))
