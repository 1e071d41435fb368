"""Authored replies: the crisis protocol, the safety question, the warm no.

Which reply is due follows from the ledger alone (design, section Risk), so a restart or a replay gives the same one.
The words stand in `crisis_zh.toml` and `crisis_en.toml`; numbers come from `lines.toml` and nowhere else.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib import resources

from anxin.dialogue import Language
from anxin.errors import ConfigError
from anxin.safety.ledger import Ledger, Track
from anxin.safety.lines import CrisisLine, crisis_lines
from anxin.safety.verdict import Concern, Risk, Subject, Verdict

__all__ = ["CrisisReply", "crisis_reply", "decline_reply", "support_reply"]

_EMERGENCY_FIRST = (Track.ATTEMPT, Track.UNAIDED, Track.HELP, Track.OTHER_NOW, Track.PLAN, Track.VOICES)
_POLICE_FIRST = (Track.DANGER, Track.CHILD, Track.VIOLENCE_NOW)
_NO_NUMBER: Mapping[Language, str] = {"zh": "当地急救电话", "en": "your local emergency number"}
_NO_LINE: Mapping[Language, str] = {"zh": "当地的心理援助热线", "en": "your local crisis line"}
# Stands in code because it is what is left when the data files are broken; its number still comes from lines.toml.
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
    """What the client reads, and the lines to show beside it, best first."""

    text: str
    lines: tuple[CrisisLine, ...]


@dataclass(frozen=True, slots=True)
class _Words:
    openings: tuple[str, ...]
    tracks: Mapping[Track, tuple[tuple[str, ...], ...]]
    support: Mapping[str, tuple[str, ...]]
    decline: Mapping[str, tuple[str, ...]]


def crisis_reply(ledger: Ledger, verdict: Verdict, language: Language, region: str, now: datetime) -> CrisisReply:
    """The crisis protocol's next reply; `ledger` already holds `verdict`.

    Total: a fault gives a built-in reply with the emergency number, or without one if even the lines are broken.
    """
    try:
        lines = crisis_lines(region, language, now)
        words = _words(language)
        track = ledger.track or (Track.ATTEMPT if verdict.risk is Risk.T5 else Track.IDEATION)
        steps = words.tracks[track]
        given = max(1, ledger.replies(track))
        if given < len(steps):
            step = steps[given - 1]
            text = step[ledger.turns % len(step)]
        else:
            text = _unrepeated(steps[-1], given - len(steps), words.openings, language, bare=len(steps) == 1)
        return CrisisReply(_fill(text, lines, language), _shown(track, lines))
    except Exception:  # the room's outer door: a person in crisis gets a reply whatever is broken
        return _safe_reply(language, region, now)


def support_reply(
    ledger: Ledger, verdict: Verdict, language: Language, region: str, now: datetime
) -> CrisisReply | None:
    """The direct, kind safety question with one line, to follow the model's own reply; None when not due.

    Total: a fault while one is due gives the built-in safe reply.
    """
    if not ledger.support_due:
        return None
    try:
        lines = crisis_lines(region, language, now)
        words = _words(language)
        choices = words.support[_support_kind(ledger, verdict)]
        text = _unrepeated(choices, ledger.supports - 1, words.openings, language, bare=True)
        return CrisisReply(_fill(text, lines, language), _shown(Track.IDEATION, lines))
    except Exception:  # as above
        return _safe_reply(language, region, now)


def decline_reply(ledger: Ledger, verdict: Verdict, language: Language) -> str:
    """A warm no to a request for a method, a weapon, a crime or a dose, which goes on with the talk. Total."""
    try:
        words = _words(language)
        kind = next((concern.value for concern in verdict.concerns if concern.value in words.decline), "default")
        return _unrepeated(words.decline[kind], max(0, ledger.declined - 1), words.openings, language, bare=True)
    except Exception:  # as above
        return _LAST_NO.get(language, _LAST_NO["en"])


def _support_kind(ledger: Ledger, verdict: Verdict) -> str:
    if verdict.fault:
        return "fault"
    if ledger.peak >= Risk.T3:
        return "after"
    if ledger.subject is Subject.OTHER:
        return "other"
    if ledger.subject is Subject.PAST:
        return "past" if Concern.SELF_HARM in ledger.concerns else "bereaved"
    if Concern.SELF_HARM not in ledger.concerns:
        return "care"
    return "self"


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
    line = next((line for line in lines if line.kind == "line"), None)
    return (
        text.replace("{line}", _named(line, language))
        .replace("{emergency}", _emergency(lines, "medical", language))
        .replace("{police}", _emergency(lines, "police", language))
    )


def _named(line: CrisisLine | None, language: Language) -> str:
    if line is None:
        return _NO_LINE[language]
    what = line.number or line.url.split("://")[-1]
    about = [
        part for part in (line.name, line.hours, line.note if not line.number or line.number.isdigit() else "") if part
    ]
    if language == "zh":
        return f"{what}（{'，'.join(about)}）" if about else what
    return f"{what} ({', '.join(about)})" if about else what


def _emergency(lines: Sequence[CrisisLine], use: str, language: Language) -> str:
    number = next((line.number for line in lines if line.use in (use, "any") and line.number), "")
    if not number:
        return _NO_NUMBER[language]
    return number


def _shown(track: Track, lines: Sequence[CrisisLine]) -> tuple[CrisisLine, ...]:
    """One right line, with the emergency number before it where life is in danger."""
    line = next((line for line in lines if line.kind == "line"), None)
    use = "police" if track in _POLICE_FIRST or track in (Track.ABUSE, Track.VIOLENCE) else "medical"
    emergency = next((line for line in lines if line.use in (use, "any")), None)
    order = (emergency, line) if track in _EMERGENCY_FIRST or track in _POLICE_FIRST else (line, emergency)
    return tuple(found for found in order if found is not None)


def _safe_reply(language: Language, region: str, now: datetime) -> CrisisReply:
    text = _LAST_RESORT.get(language, _LAST_RESORT["en"])
    try:
        lines = crisis_lines(region, language, now)
        return CrisisReply(
            text.replace("{emergency}", _emergency(lines, "medical", language)), _shown(Track.ATTEMPT, lines)
        )
    except Exception:  # the lines are broken too: words that need no number
        return CrisisReply(text.replace("{emergency}", _NO_NUMBER.get(language, _NO_NUMBER["en"])), ())


@cache
def _words(language: Language) -> _Words:
    file = f"crisis_{language}.toml"
    raw = tomllib.loads(resources.files("anxin.safety").joinpath(file).read_text("utf-8"))
    tracks = {Track(track["name"]): tuple(tuple(step["say"]) for step in track["step"]) for track in raw["track"]}
    # After a fault the protocol asks as it does for a first disclosure, once it has said that something broke.
    tracks[Track.FAULT] = ((raw["fault"]["text"],), *tracks[Track.IDEATION][1:])
    words = _Words(
        openings=tuple(raw["openings"]),
        tracks=tracks,
        support={kind: tuple(says) for kind, says in raw["support"].items()},
        decline={kind: tuple(says) for kind, says in raw["decline"].items()},
    )
    missing = [track.value for track in Track if track not in tracks]
    if missing:
        raise ConfigError(f"{file} has no track {missing[0]}; restore it from the release")
    return words
