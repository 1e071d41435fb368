"""Corrupted replies: a counsellor's reply as it is against the same reply gone wrong by rule. Synthetic, and said so.

A sentence of the reply, or all of it, gives way to sentences of one kind of failure, woven with the client's own words;
the length stays about the same in either direction, and what is kept of the reply stands before or behind. So length
tells nothing and first words little. Single words still tell most of them apart (bench/corrupt.py): authored sentences
come back. Mix these pairs with others, in small shares, and read `separable` in the manifest first.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any, Final, Literal

from anxin.corpus.clean import discloses, machine
from anxin.corpus.clean.phrases import phrases
from anxin.corpus.complete import Done
from anxin.corpus.files import DATA
from anxin.corpus.sample import Drop, Sample
from anxin.corpus.select import place as place_of
from anxin.corpus.stage import Report
from anxin.dialogue import Dialogue, Language, Message
from anxin.errors import ConfigError
from anxin.prefer.candidate import item_of, reply_id
from anxin.prefer.pair import Pair, Side
from anxin.prefer.prompts import language_of
from anxin.prefer.roads.failures import KINDS, Words, failures, failures_digest, words_of
from anxin.prefer.roads.keep import Keep
from anxin.prefer.roads.separable import separable
from anxin.prefer.roads.stage import Made, Sorting, licensed, run_road
from anxin.prefer.roads.taking import taken
from anxin.safety import Risk, screen

__all__ = ["Corrupt", "corrupt_stage"]

_SENTENCE = re.compile(r"[^。！？!?\n]*?(?:[。！？!?]+[”’」』\"']?|\n|\.(?=\s|$)|$)")
_PIECE = re.compile(r"[^，。！？；,!?;\n]*?(?:[，。！？；!?;]+[”’」』\"']?|\n|[,.](?=\s|$)|$)")
_CLAUSE = re.compile(r"[^，。！？；,.!?;\n]+")
_SPREAD: Final = (0.85, 1.15)  # of the reply's length, by which the corrupted one may differ
_SHARES: Final = (0.3, 0.45, 0.6)  # of the corrupted reply that is failure
_LEAST: Final = {"interrogation": 3}
_FRONT: Final = (1.0, 1.0, 0.6, 0.4, 0.0)  # how much of what is kept stands before what goes wrong
_OWN: Final = 0.6  # of the failures that the session's own words can make are made of them
_APART: Final = 4  # messages between two replies, so that one cannot stand for the other
_MOST = 5  # sentences of failure
_LONGEST = 1.3  # times the reply, beyond which it is too short to be corrupted
_EARLY = 0.34  # of a session: where advice is premature
_TRIES = 4


@dataclass(frozen=True, slots=True)
class Corrupt:
    """Makes pairs of a dialogue's replies: the reply as chosen, and rejected what a failure of one of `kinds` makes of
    it (empty: all of `failures.KINDS`). `failure` in a pair's metadata names it, `synthetic` is true.

    `share` of the dialogues are taken, by hash, and `each` replies of one, each with another kind. Replies have
    `shortest` to `longest` characters. A reply that discloses a life or calls itself a machine is passed over.
    """

    kinds: tuple[str, ...] = ()
    share: float = 1.0
    each: int = 1
    shortest: int = 20
    longest: int = 800
    seed: int = 1
    accept: tuple[str, ...] = ()
    keep: Keep = field(default_factory=Keep)

    def __post_init__(self) -> None:
        for kind in self.kinds:
            if kind not in KINDS:
                raise ConfigError(f"no kind of failure {kind}; they are {', '.join(KINDS)}")
        if not 0 <= self.share <= 1 or self.each < 1:
            raise ConfigError("share must be from 0 to 1 and each at least 1")

    def __call__(self, sample: Sample) -> Made | Drop:
        if place_of(sample, f"corrupt {self.seed}") >= self.share:
            return Drop("not_in_share")
        turns = self._turns(sample.dialogue)
        if not turns:
            return Drop("no_reply")
        turns = self._calm(sample.dialogue, turns)
        if not turns:
            return Drop("crisis")
        left: Counter[str] = Counter()
        found: list[Pair] = []
        for kind in self._order(sample):
            pair = self._corrupted(sample, kind, turns, {pair.metadata["turn"] for pair in found}, left)
            if pair is not None:
                found.append(pair)
            if len(found) == self.each:
                break
        return Made(tuple(found), left)

    def _turns(self, dialogue: Dialogue) -> list[int]:
        """The places of replies that may be corrupted: each answers the client."""
        messages = dialogue.messages
        return [
            at
            for at, message in enumerate(messages)
            if at and message.role == "counsellor" and messages[at - 1].role == "client"
            and self.shortest <= len(message.text) <= self.longest
        ]  # fmt: skip

    def _calm(self, dialogue: Dialogue, turns: list[int]) -> list[int]:
        """Those before the first message that `keep` would call a crisis, so that no kind asks for the others."""
        if self.keep.crisis:
            return turns
        for at, message in enumerate(dialogue):
            if message.role == "client" and at < turns[-1] and screen(message.text).risk >= Risk.T2:
                return [turn for turn in turns if turn < at]
        return turns

    def _order(self, sample: Sample) -> list[str]:
        kinds = list(self.kinds or KINDS)
        self._random(sample, "kinds").shuffle(kinds)
        return kinds

    def _random(self, sample: Sample, what: str) -> Random:
        name = f"{self.seed}\0{sample.source}\0{sample.id}\0{what}"
        return Random(int.from_bytes(hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()[:8]))

    def _corrupted(
        self, sample: Sample, kind: str, turns: list[int], used: Collection[int], left: Counter[str]
    ) -> Pair | None:
        """A pair of this kind from one of the dialogue's replies; None where none lends itself."""
        messages = sample.dialogue.messages
        random = self._random(sample, kind)
        fit = [at for at in turns if at not in used]
        if kind == "premature_advice":
            fit = [at for at in fit if at <= max(1, _EARLY * len(messages))]
        for at in islice(iter(random.sample(fit, len(fit))), _TRIES):
            pair = self._pair(sample, kind, at, random)
            kept = pair if isinstance(pair, Drop) else self.keep(pair)
            if isinstance(kept, Pair):
                return kept
            left[kept.reason] += 1
            if kept.reason.startswith("chosen_"):
                turns.remove(at)  # no other kind makes a reply good that may not be chosen
        return None

    def _pair(self, sample: Sample, kind: str, at: int, random: Random) -> Pair | Drop:
        messages = sample.dialogue.messages
        prompt, reply = Dialogue(messages[:at], sample.id), messages[at].text.strip()
        if phrases("crisis").search(reply):
            return Drop("chosen_crisis")
        alone = Sample("", Dialogue().says("counsellor", reply))
        for step in (discloses, machine):
            if isinstance(why := step(alone), Drop):
                return Drop(f"chosen_{why.reason}")
        language = language_of(prompt, sample.metadata.get("language"))
        words = words_of([message.text for message in prompt.by("client")], language)
        wrong = _wrong(reply, kind, language, words, messages, at, random)
        if not wrong:
            return Drop("does_not_fit")
        item = f"{item_of(sample)}@{at}"
        chosen, rejected = (Side(text, reply_id(item, text)) for text in (reply, wrong))
        metadata: dict[str, Any] = {"synthetic": True, "failure": kind, "turn": at, "purpose": "train"}
        if "topic" in sample.metadata:
            metadata["topic"] = sample.metadata["topic"]
        return Pair(f"{item}#{kind}", item, prompt, chosen, rejected, "corrupted", sample.source, {}, metadata)


def corrupt_stage(
    place: Path,
    out: Path,
    how: Corrupt = Corrupt(),
    sorting: Sorting = Sorting(test_share=0.0, even="kinds"),  # noqa: B008 - frozen
    *,
    purpose: Literal["train", "evaluate"] = "train",
    sources: Sequence[str] = (),
    report: Report,
) -> Done:
    """Pairs from corrupted replies of the dialogues at `place`, or of these known sets in that folder.

    They are for training alone: raises `ConfigError` where the purpose is to evaluate or a share is to be tested on,
    since whoever is measured by them is measured by our own rules.
    """
    if purpose != "train" or sorting.test_share:
        raise ConfigError(
            "corrupted replies are synthetic: they are for training only, never for a test; give --test-share 0"
        )
    inputs, files, licences = taken(place, sources, how.accept)
    words = hashlib.sha256(failures_digest()).hexdigest()[:16]
    table = {"road": "corrupted", "sources": list(sources), "words": words, "purpose": purpose, **asdict(how)}

    def told() -> dict[str, Any]:
        return {"synthetic": True, "licences": licences, "separable": separable([out / DATA / "train.jsonl.zst"])}

    return run_road(
        "corrupt", table, inputs, files, out, licensed(how, how.accept), sorting, report, counted=_counted, told=told
    )


def _counted(pair: Pair) -> Iterator[str]:
    yield f"{pair.metadata['language']} {pair.metadata['failure']}"


def _wrong(
    reply: str, kind: str, language: Language, words: Words, messages: Sequence[Message], at: int, random: Random
) -> str:
    """The reply gone wrong; empty where it is too short for that."""
    target = len(reply) * random.uniform(*_SPREAD)
    failed: Sequence[str] = ()
    if random.random() < _OWN:
        own = _from_session(reply, kind, language, messages, at, random)
        if isinstance(own, str) and own:
            return own
        failed = own
    failed = failed or _failed(kind, language, words, random.choice(_SHARES) * target, len(reply), random)
    if not failed:
        return ""
    if "您" in reply:
        failed = [sentence.replace("你", "您").replace("您们", "你们") for sentence in failed]
    join = "" if language == "zh" else " "
    return join.join(_woven(reply, failed, target, random))


def _woven(reply: str, failed: Sequence[str], target: float, random: Random) -> Iterator[str]:
    """What goes wrong after the reply's own beginning, or before its own end, as much of it as makes up the length."""
    room = target - sum(map(len, failed))
    begin: list[str] = []
    end: list[str] = []
    front = room * random.choice(_FRONT)
    for clause in _units(_PIECE, reply):
        if len(clause) > 2 * front:
            break
        begin.append(clause)
        front -= len(clause)
    room -= sum(map(len, begin))
    for sentence in reversed(_units(_SENTENCE, reply)[len(begin) :]):
        if len(sentence) > 2 * room:
            break
        end.append(sentence)
        room -= len(sentence)
    yield from (*begin, *failed, *reversed(end))


def _units(pattern: re.Pattern[str], text: str) -> list[str]:
    return [found.strip() for found in pattern.findall(text) if found.strip()]


def _failed(kind: str, language: Language, words: Words, want: float, most: int, random: Random) -> list[str]:
    """Sentences of the kind of about `want` characters together, those with the client's words before others."""
    known = failures(language).say[kind]
    filled = [(sentence, words.fill(sentence, random.randrange(1 << 16))) for sentence in known]
    pool = [(made, "{" in sentence) for sentence, made in filled if made]
    random.shuffle(pool)
    pool.sort(key=lambda one: not (one[1] and random.random() < 0.7))
    least = _LEAST.get(kind, 1)
    chosen: list[str] = []
    for made, _ in pool:
        size = sum(map(len, chosen))
        if len(chosen) >= least and (size + len(made) / 2 > want or len(chosen) == _MOST):
            break
        if size + len(made) <= _LONGEST * most:
            chosen.append(made)
    return chosen if len(chosen) >= least else []


def _from_session(
    reply: str, kind: str, language: Language, messages: Sequence[Message], at: int, random: Random
) -> list[str] | str:
    """A failure made of nothing but the session's own words: a whole reply, or sentences that take the place of some;
    empty where the kind or the session gives none.

    Neglect: another reply of the session, whatever the client has just said. Premature advice: what is advised towards
    its end. Interrogation: questions from all over it. Nonsense: clauses of this and earlier replies in no order.
    """
    others = [
        (place, message.text.strip())
        for place, message in enumerate(messages)
        if message.role == "counsellor" and place != at and not phrases("crisis").search(message.text)
    ]  # to ask about suicide is never what goes wrong
    near = [(place, text) for place, text in others if 0.7 * len(reply) <= len(text) <= 1.4 * len(reply)]
    if kind == "linguistic_neglect":
        return _one([text for place, text in near if abs(place - at) >= _APART], random)
    if kind == "premature_advice":
        late = [text for place, text in near if place > len(messages) / 2 and place - at >= _APART]
        return _one([text for text in late if phrases("advice").search(text)], random)
    if kind == "interrogation":
        asked = [one for _, text in others for one in _units(_SENTENCE, text) if one.endswith(("？", "?"))]
        asked = list(dict.fromkeys(one for one in asked if len(one) < 0.5 * len(reply)))
        drawn = random.sample(asked, min(3, len(asked)))
        return drawn if len(drawn) == 3 and sum(map(len, drawn)) <= _LONGEST * len(reply) else ""
    if kind == "nonsense":
        before = [text for place, text in others if place < at][-3:]
        clauses = [part.strip() for text in (reply, *before) for part in _CLAUSE.findall(text) if part.strip()]
        if len(clauses) < 5:
            return ""
        random.shuffle(clauses)
        comma, end = ("，", "。") if language == "zh" else (", ", ".")
        made = clauses[0][0].upper() + clauses[0][1:]
        for clause in clauses[1:]:
            if len(made) >= 0.9 * len(reply):
                break
            if len(made) + len(clause) <= _LONGEST * len(reply):
                made += comma + (clause if clause.startswith(("I ", "I'")) else clause[0].lower() + clause[1:])
        return f"{made}{end}"
    return ""


def _one(texts: Sequence[str], random: Random) -> str:
    return random.choice(texts) if texts else ""
