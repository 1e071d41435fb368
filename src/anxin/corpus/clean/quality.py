"""Text that is no prose: symbols, figures, links, keywords, left-overs of machines, replies broken off."""

from __future__ import annotations

import re
from dataclasses import dataclass

from anxin.corpus.clean.phrases import phrases
from anxin.corpus.sample import Drop, Sample

__all__ = ["Quality"]

_HAN = re.compile("[\u3400-\u9fff]")
_LETTER = re.compile("[^\\W\\d_]")
_DIGIT = re.compile(r"\d")
_POINT = re.compile(
    r"""[\s，。！？、；：“”‘’（）《》〈〉【】「」『』…—～·,.?!;:'"()\[\]{}~\-*/\U0001f300-\U0001faff\u2600-\u27bf]"""
)
_LINK = re.compile(r"(?:https?://|www\.)\S+", re.I)
_FUNCTION = re.compile(
    "[的了是我不在有你这个就也和都说到会很要没得他她们那么来去把被让对还能可以上下给但与或其中为之而于且所以因如将从着过再最多少做用]"
)
_ENGLISH = re.compile(
    r"\b(?:the|and|to|of|i|you|a|it|that|is|in|my|me|for|have|this|with|be|not|are|on|but|so|what|was|do|your|about|if"
    r"|we|he|she|they|as|at|by|from|or|an|can|will|has|his|her|their|when|which|there|been|would|just|like|how)\b",
    re.I,
)
_WORD = re.compile("[A-Za-z]+(?:'[a-z]+)?")
_END = re.compile(r"[。！？!?…~～]|\.(?=\s|$)")
_OPEN = re.compile(r"[\u3400-\u9fff，；：、]\Z|(?:[\w'’-]+,? ){5}[a-z'’-]+,?\Z")  # a name at the end signs a letter
_SENTENCES = 3
_SHORT = 80  # characters, below which shares say nothing


@dataclass(frozen=True, slots=True)
class Quality:
    """Drops what is no prose (`symbols`, `digits`, `links`, `keywords`, `debris`) or stops in mid-sentence (`cut_off`).

    Gopher's and C4's rules (Rae et al. 2021, A1.1; Raffel et al. 2020, 2.2) count words between spaces, lines that end
    in a full stop, English stop words; good Chinese has none of these, and people in distress write without
    punctuation. What is counted here holds for both:

    - `letters`: least share of letters among what is neither space nor usual punctuation; `digits`: most of digits;
    - `links`: most of the characters that may lie in web addresses;
    - `function`: least share of the commonest function characters among Han characters. Prose has .2 or more, recipes
      and technical notes .1, annals .07, a list of keywords .03 or less; `words`: the same of English's commonest;
    - left-overs of machines and translators anywhere: tokens, unfilled placeholders, escaped characters, prompts;
    - a last reply of several sentences whose end is missing, as where a limit of tokens was reached.

    A sample is judged as a whole, and shares only from 80 characters on.
    """

    letters: float = 0.6
    digits: float = 0.25
    links: float = 0.2
    function: float = 0.05
    words: float = 0.12

    def __call__(self, sample: Sample) -> Sample | Drop:
        text = sample.text
        for name in ("token", "placeholder", "prompt"):
            if found := phrases(name).search(text):
                return Drop("debris", f"{name}: {found.group()[:40]}")
        last = sample.dialogue.last
        if last is not None and len(last.text) >= _SHORT and _broken_off(last.text):
            return Drop("cut_off", last.text[-40:])
        if len(text) < _SHORT:
            return sample
        linked = sum(len(match.group()) for match in _LINK.finditer(text))
        if linked > self.links * len(text):
            return Drop("links")
        text = _LINK.sub("", text) if linked else text
        letters, digits = len(_LETTER.findall(text)), len(_DIGIT.findall(text))
        solid = max(1, len(text) - len(_POINT.findall(text)))
        if digits > self.digits * solid:
            return Drop("digits", f"{digits / solid:.2f}")
        if letters < self.letters * solid:
            return Drop("symbols", f"{letters / solid:.2f}")
        return self._keywords(text, letters) or sample

    def _keywords(self, text: str, letters: int) -> Drop | None:
        """Keywords without anything said of them."""
        han = len(_HAN.findall(text))
        if 10 * han >= letters:  # commands and names among it are no English
            share = len(_FUNCTION.findall(text)) / max(1, han)
            return Drop("keywords", f"{share:.2f}") if share < self.function else None
        words = len(_WORD.findall(text))
        if 2 * sum(map(len, _WORD.findall(text))) < letters:
            return None  # another script: `language` judges it
        share = len(_ENGLISH.findall(text)) / max(1, words)
        return Drop("keywords", f"{share:.2f}") if share < self.words else None


def _broken_off(text: str) -> bool:
    """Whether a text that ends its sentences does not end its last."""
    return _OPEN.search(text.rstrip()) is not None and len(_END.findall(text)) >= _SENTENCES
