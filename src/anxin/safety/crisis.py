"""Authored replies: the crisis protocol, the safety question, the warm no.

Which reply is due follows from the ledger alone (design, section Risk), so a restart or a replay gives the same one.
The words stand in `crisis_zh.toml` and `crisis_en.toml`; numbers come from `lines.toml` and nowhere else.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from importlib import resources
from typing import Any, Literal

from anxin.dialogue import Language
from anxin.errors import ConfigError
from anxin.safety.ledger import Ledger, Track
from anxin.safety.lines import CrisisLine, crisis_lines, emergency_number
from anxin.safety.verdict import Concern, Risk, Subject, Verdict

__all__ = ["CrisisReply", "crisis_reply", "decline_reply", "safe_reply", "support_reply"]

_EMERGENCY_FIRST = (Track.ATTEMPT, Track.UNAIDED, Track.HELP, Track.OTHER_NOW, Track.PLAN, Track.VOICES)
_POLICE_FIRST = (Track.DANGER, Track.CHILD, Track.VIOLENCE_NOW)
_HAN = re.compile("[\u4e00-\u9fff]")
_SHORTEST = 4  # characters; nothing authored is shorter
# Where a model may speak between the authored words: no danger to life now, no method, no fault, no child, no voice.
_SPOKEN = (
    Track.IDEATION,
    Track.SELF_HARM,
    Track.OTHER,
    Track.ABUSE,
    Track.REFUSAL,
    Track.SAFER,
    Track.OTHER_SAFER,
)
_SILENT = (Concern.METHOD_SEEKING, Concern.JAILBREAK, Concern.PSYCHOSIS, Concern.ILLEGAL, Concern.MINOR)
_NO_NUMBER: Mapping[Language, str] = {"zh": "当地急救电话", "en": "your local emergency number"}
_NO_LINE: Mapping[Language, str] = {"zh": "当地的心理援助热线", "en": "your local crisis line"}
# Stands in code because it is what is left when the data files are broken.
_LAST_RESORT: Mapping[Language, str] = {
    "zh": "我很在意你现在的安全。要是有危险，请马上打{emergency}，或者请身边的人帮你打，别一个人待着。我还在这里。",
    "en": "I care about your safety right now. If you are in danger, please call {emergency}, or ask someone near you "
    "to call, and don't stay alone. I'm still here.",
}
_LAST_NO: Mapping[Language, str] = {
    "zh": "这个我帮不上。你现在心里最放不下的是什么？",
    "en": "I can't help with that. What is weighing on you most right now?",
}


@dataclass(frozen=True, slots=True)
class CrisisReply:
    """What the client reads, and the lines to show beside it, best first.

    `text` is whole by itself. Where `may_speak`, a short model reply under the guard may stand between `lead` and
    `close` instead; should the model fail after the lead, `close` alone is as good as `text`. `close` is always said.
    """

    text: str
    lines: tuple[CrisisLine, ...]
    may_speak: bool = False
    lead: str = ""
    close: str = ""


@dataclass(frozen=True, slots=True)
class _Step:
    say: tuple[str, ...]
    minor: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Words:
    openings: tuple[str, ...]
    leads: tuple[str, ...]
    tracks: Mapping[Track, tuple[_Step, ...]]
    support: Mapping[str, tuple[str, ...]]
    decline: Mapping[str, tuple[str, ...]]


def crisis_reply(ledger: Ledger, verdict: Verdict, language: Language, region: str, now: datetime) -> CrisisReply:
    """The crisis protocol's next reply; `ledger` already holds `verdict`.

    Total: a fault gives a built-in reply with the region's emergency number, also when the data files are broken.
    """
    try:
        lines = crisis_lines(region, language, now)
        words = _words(language)
        track = ledger.track or _first_track(verdict)
        steps = words.tracks[track]
        given = max(1, ledger.replies(track))
        if given < len(steps):
            choices = _choices(steps[given - 1], lines, minor=ledger.minor)
            close = text = choices[ledger.turns % len(choices)]
        else:
            choices, place = _choices(steps[-1], lines, minor=ledger.minor), given - len(steps)
            close = choices[place % len(choices)]
            text = _unrepeated(choices, place, words.openings, language, bare=len(steps) == 1)
        reply = CrisisReply(_fill(text, lines, language), _shown(track, lines, minor=ledger.minor))
        if given > 1 and _may_speak(track, ledger, verdict) is True:
            lead = words.leads[ledger.turns % len(words.leads)]
            reply = replace(reply, may_speak=True, lead=lead, close=_fill(close, lines, language))
        return _checked(reply, language)
    except Exception:  # the room's outer door: a person in crisis gets a reply whatever is broken
        return safe_reply(language, region, now)


def support_reply(
    ledger: Ledger, verdict: Verdict, language: Language, region: str, now: datetime
) -> CrisisReply | None:
    """The direct, kind safety question with one line, to follow the model's own reply; None when not due.

    Total: a fault while one is due gives the built-in safe reply.
    """
    try:
        if not ledger.support_due:
            return None
        lines = crisis_lines(region, language, now)
        words = _words(language)
        choices = words.support[_support_kind(ledger, verdict)]
        text = _unrepeated(choices, max(0, ledger.supports - 1), words.openings, language, bare=True)
        return _checked(CrisisReply(_fill(text, lines, language), _shown(Track.IDEATION, lines)), language)
    except Exception:  # as above
        return safe_reply(language, region, now)


def decline_reply(ledger: Ledger, verdict: Verdict, language: Language) -> str:
    """A warm no to a request for a method, a weapon, a crime or a dose, which goes on with the talk. Total."""
    try:
        words = _words(language)
        kind = next((concern.value for concern in verdict.concerns if concern.value in words.decline), "default")
        text = _unrepeated(words.decline[kind], max(0, ledger.declined - 1), words.openings, language, bare=True)
        if len(text) < _SHORTEST:
            raise ConfigError(f"crisis_{language}.toml holds a text that cannot be said; restore it from the release")
        return text
    except Exception:  # as above
        return _LAST_NO.get(language, _LAST_NO["en"])


def _first_track(verdict: Verdict) -> Track:
    """For a ledger that could not be folded."""
    if verdict.risk is Risk.T5:
        return Track.ATTEMPT
    return Track.FAULT if verdict.fault else Track.IDEATION


def _may_speak(track: Track, ledger: Ledger, verdict: Verdict) -> bool:
    if track not in _SPOKEN or ledger.minor or verdict.fault:
        return False
    return max(ledger.risk, verdict.risk) <= Risk.T3 and not any(found in _SILENT for found in verdict.concerns)


def _support_kind(ledger: Ledger, verdict: Verdict) -> str:
    if verdict.fault or (ledger.disclosed and ledger.subject is Subject.NONE and not ledger.concerns):
        return "fault"  # nothing was disclosed but what could not be read
    if ledger.disclosed and ledger.subject is Subject.OTHER:
        return "after_other"
    if ledger.disclosed:
        harm_only = Concern.SELF_HARM not in ledger.concerns and any(
            found in ledger.concerns for found in (Concern.ABUSE, Concern.HARM_TO_OTHERS)
        )
        return "after_harm" if harm_only else "after"
    if ledger.subject is Subject.OTHER:
        return "other"
    if ledger.subject is Subject.PAST:
        return "past" if Concern.SELF_HARM in ledger.concerns else "bereaved"
    if Concern.SELF_HARM not in ledger.concerns:
        return "care"
    return "young" if ledger.minor else "self"


def _choices(step: _Step, lines: Sequence[CrisisLine], *, minor: bool) -> tuple[str, ...]:
    """The sentences of a step that can be said here: {text} and {youth} need such a line that is open."""
    for said in (step.minor, step.say) if minor else (step.say,):
        choices = tuple(
            text
            for text in said
            if ("{text}" not in text or _texted(lines) is not None)
            and ("{youth}" not in text or _youth(lines) is not None)
        )
        if choices:
            return choices
    return step.say


def _unrepeated(choices: Sequence[str], place: int, openings: Sequence[str], language: Language, *, bare: bool) -> str:
    """Choice number `place` of an endless sequence; with coprime counts it repeats only after choices x openings.

    `bare` leaves the opening out on the first round.
    """
    text = choices[place % len(choices)]
    if bare and place < len(choices):
        return text
    opening = openings[place % len(openings)]
    return opening + text if language == "zh" else f"{opening} {text}"


def _fill(text: str, lines: Sequence[CrisisLine], language: Language) -> str:
    """The text with its placeholders filled."""
    line = _line(lines)
    if line is not None and not line.number and language == "zh":  # a page is looked at, not dialled
        text = text.replace("打{line}", "看{line}").replace("打{number}", "看{number}")
    return (
        text.replace("{line}", _named(line, language))
        .replace("{number}", _short(line, language))
        .replace("{text}", _named(_texted(lines), language))
        .replace("{youth}", _named(_youth(lines), language))
        .replace("{emergency}", _emergency(lines, "medical", language))
        .replace("{police}", _emergency(lines, "police", language))
    )


def _checked(reply: CrisisReply, language: Language) -> CrisisReply:
    """The reply, when it is fit to be said: the client's language, nothing unfilled, an emergency number beside it.

    Raises `ConfigError` otherwise.
    """
    for text in (reply.text, reply.lead, reply.close) if reply.may_speak else (reply.text,):
        # Names of lines may be English in a Chinese reply; the words around them may not.
        if "{" in text or len(text) < _SHORTEST or (language == "zh" and not _HAN.search(text)):
            raise ConfigError(f"crisis_{language}.toml holds a text that cannot be said; restore it from the release")
    if not any(line.kind == "emergency" for line in reply.lines):
        raise ConfigError("lines.toml gives no emergency number; restore it from the release")
    return reply


def _line(lines: Sequence[CrisisLine]) -> CrisisLine | None:
    return next((line for line in lines if line.kind == "line" and not line.text_only), None)


def _texted(lines: Sequence[CrisisLine]) -> CrisisLine | None:
    """A line that takes messages, one that takes nothing else first."""
    found = [line for line in lines if line.kind == "line" and line.open_now and "text" in line.ways]
    return min(found, key=lambda line: not line.text_only, default=None)


def _youth(lines: Sequence[CrisisLine]) -> CrisisLine | None:
    return next((line for line in lines if line.youth and line.open_now), None)


def _short(line: CrisisLine | None, language: Language) -> str:
    return _NO_LINE[language] if line is None else line.number or line.url.split("://")[-1]


def _named(line: CrisisLine | None, language: Language) -> str:
    if line is None:
        return _NO_LINE[language]
    what = _short(line, language)
    note = line.note if not line.number or line.number.isdigit() else ""
    about = [part for part in (line.name, line.hours, note) if part]
    if language == "zh":
        return f"{what}（{'，'.join(about)}）" if about else what
    return f"{what} ({', '.join(about)})" if about else what


def _emergency(lines: Sequence[CrisisLine], use: Literal["medical", "police"], language: Language) -> str:
    number = next((line.number for line in lines if line.use in (use, "any") and line.number), "")
    return number or _NO_NUMBER[language]


def _shown(track: Track, lines: Sequence[CrisisLine], *, minor: bool = False) -> tuple[CrisisLine, ...]:
    """One right line, with the emergency number before it where life is in danger; a minor sees a youth line too."""
    line = _line(lines)
    youth = _youth(lines) if minor else None
    use = "police" if track in _POLICE_FIRST or track in (Track.ABUSE, Track.VIOLENCE) else "medical"
    emergency = next((line for line in lines if line.use in (use, "any")), None)
    urgent = track in _EMERGENCY_FIRST or track in _POLICE_FIRST
    order = (emergency, line, youth) if urgent else (line, youth, emergency)
    return tuple(found for found in order if found is not None)


def safe_reply(language: Language, region: str, now: datetime) -> CrisisReply:
    """Built-in words with an emergency number, from the lines file or else from the built-in table. Total: what is left
    to say where nothing else can be said."""
    lines: tuple[CrisisLine, ...] = ()
    number = ""
    try:
        found = crisis_lines(region, language, now)
        number = next(line.number for line in found if line.use in ("medical", "any"))
        lines = tuple(line for line in found if line.kind == "emergency")[:1]
    except Exception:  # the lines are broken too
        lines = ()
    try:
        number = number or emergency_number(region, "medical")
    except Exception:  # not even a region: words that need no number
        number = ""
    text = _LAST_RESORT.get(language, _LAST_RESORT["en"])
    return CrisisReply(text.replace("{emergency}", number or _NO_NUMBER.get(language, _NO_NUMBER["en"])), lines)


@cache
def _words(language: Language) -> _Words:
    file = f"crisis_{language}.toml"
    raw = tomllib.loads(resources.files("anxin.safety").joinpath(file).read_text("utf-8"))
    tracks = {Track(track["name"]): tuple(_step(step) for step in track["step"]) for track in raw["track"]}
    tracks[Track.FAULT] = tuple(_Step(tuple(raw["fault"][name])) for name in ("text", "ask", "stay"))
    # Someone who asked for a way is offered the same professional help and the same safety plan.
    tracks[Track.METHOD] = (*tracks[Track.METHOD][:-1], *tracks[Track.IDEATION][3:5], tracks[Track.METHOD][-1])
    words = _Words(
        openings=tuple(raw["openings"]),
        leads=tuple(raw["leads"]),
        tracks=tracks,
        support={kind: tuple(says) for kind, says in raw["support"].items()},
        decline={kind: tuple(says) for kind, says in raw["decline"].items()},
    )
    missing = [track.value for track in Track if track not in tracks]
    if missing:
        raise ConfigError(f"{file} has no track {missing[0]}; restore it from the release")
    return words


def _step(raw: Mapping[str, Any]) -> _Step:
    return _Step(tuple(raw["say"]), tuple(raw.get("minor", ())))
