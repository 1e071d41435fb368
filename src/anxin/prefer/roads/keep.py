"""What every pair must be, whichever road it came by."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from anxin.corpus.clean import Languages, UnsafeCounsellor
from anxin.corpus.clean.length import size
from anxin.corpus.sample import Drop, Sample
from anxin.dialogue import Dialogue
from anxin.errors import ConfigError
from anxin.prefer.pair import Pair
from anxin.safety import Risk, screen

__all__ = ["Keep", "unsafe"]

_UNSAID = re.compile(r"[\W_]+")
_GRAM = 3  # characters of the pieces by which two replies are compared


@dataclass(frozen=True, slots=True)
class Keep:
    """Keeps a pair from which something can be learnt, and notes its `language`; else drops it and says why.

    Left out are: a reply that says nothing (`empty_reply`), two that say the same (`same_reply`) or nearly (`alike` is
    the share of 3-character pieces they may have in common), a prompt or reply in a language outside `languages` or
    replies in another language than the client's (`language`), replies outside `shortest` to `longest` or a prompt
    beyond `longest_prompt` (sizes as the corpus step `length` counts them), one reply more than `ratio` times as long
    as the other (0: any), a chosen reply that the output guard stops (`chosen_<rule>`), and prompts in which the screen
    finds T2 or above in any of the client's messages (`crisis`): how to speak in a crisis is authored, never learnt
    from whatever somebody replied. `crisis = true` keeps those. `spare` names rules of the guard that the chosen reply
    may break: a plain refusal is a safe answer to a harmful question, and no answer to a person in distress.
    """

    languages: tuple[str, ...] = ("zh", "en")
    shortest: int = 2
    longest: int = 3000
    longest_prompt: int = 6000
    alike: float = 0.9
    ratio: float = 0.0
    crisis: bool = False
    spare: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 0 < self.alike <= 1:
            raise ConfigError("alike is a share above 0 and at most 1")
        if self.ratio and self.ratio < 1:
            raise ConfigError("ratio is how many times as long one reply may be as the other: at least 1, or 0 for any")
        if not 0 <= self.shortest <= self.longest:
            raise ConfigError("shortest must be at least 0 and at most longest")

    def __call__(self, pair: Pair) -> Pair | Drop:
        """The pair with its language, or why it is left out. What is cheap to judge is judged first."""
        return self._words(pair) or self._sizes(pair) or self._languages(pair)

    def _words(self, pair: Pair) -> Drop | None:
        chosen, rejected = (_UNSAID.sub("", side.text).casefold() for side in (pair.chosen, pair.rejected))
        if not chosen or not rejected:
            return Drop("empty_reply")
        if chosen == rejected:
            return Drop("same_reply")
        if (common := _alike(chosen, rejected)) >= self.alike:
            return Drop("alike", f"{common:.2f}")
        return None

    def _sizes(self, pair: Pair) -> Drop | None:
        sizes = sorted((size(pair.chosen.text), size(pair.rejected.text)))
        if sizes[0] < self.shortest:
            return Drop("too_short", str(sizes[0]))
        prompt = sum(size(message.text) for message in pair.prompt)
        if sizes[1] > self.longest or prompt > self.longest_prompt:
            return Drop("too_long", f"reply {sizes[1]}, prompt {prompt}")
        lengths = sorted((pair.chosen.length, pair.rejected.length))
        if self.ratio and lengths[1] > self.ratio * lengths[0]:
            return Drop("lengths_apart", f"{lengths[1]} to {lengths[0]}")
        return None

    def _languages(self, pair: Pair) -> Pair | Drop:
        said = "\n".join(message.text for message in pair.prompt.by("client"))
        found = [_language(text, self.languages) for text in (said, pair.chosen.text, pair.rejected.text)]
        if "" in found or len(set(found)) > 1:
            return Drop("language", ", ".join(one or "other" for one in found))
        return self._safe(replace(pair, metadata={**pair.metadata, "language": found[0]}))

    def _safe(self, pair: Pair) -> Pair | Drop:
        if (why := unsafe(pair.chosen.text, self.spare)) is not None:
            return Drop(f"chosen_{why.reason}", why.detail)
        if not self.crisis:
            for message in pair.prompt.by("client"):
                risk = screen(message.text).risk
                if risk >= Risk.T2:
                    return Drop("crisis", risk.name)
        return pair


def unsafe(text: str, spare: tuple[str, ...] = ()) -> Drop | None:
    """Why the output guard would stop a counsellor who says `text`, None where it would not."""
    found = UnsafeCounsellor(spare)(Sample("", Dialogue().says("counsellor", text)))
    return found if isinstance(found, Drop) else None


def _language(text: str, languages: tuple[str, ...]) -> str:
    found = Languages(languages)(Sample("", document=text))
    return "" if isinstance(found, Drop) else str(found.metadata["language"])


def _alike(one: str, other: str) -> float:
    """Jaccard's index of the 3-character pieces."""
    if min(len(one), len(other)) < _GRAM:
        return 0.0
    pieces = [{text[place : place + _GRAM] for place in range(len(text) - _GRAM + 1)} for text in (one, other)]
    return len(pieces[0] & pieces[1]) / len(pieces[0] | pieces[1])
