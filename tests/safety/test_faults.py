"""Every part on the way from a message to its reply, broken in every way, through `counsel.turn` itself.

What holds whatever breaks: `Screened` is the first event, `Ended` the last, nothing is raised; where the screen's own
level cannot be had, a fault is named and the ledger takes the turn into the crisis protocol; and a client in crisis
gets authored words with an emergency number. What cannot hold: a part that answers plausibly and wrong (a lexicon that
finds nothing) is not seen by anybody; there the other reader must do, and that is tested, too.

Then turns of many conversations, interleaved over shared models, equal to the same turns alone: two thousand each time,
ten thousand of two hundred conversations in `make test-slow`.
"""

from __future__ import annotations

import asyncio
import json
import random
import subprocess
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from importlib import import_module
from typing import Any

import pytest

from anxin.counsel import Ended, Event, Failed, Judge, Lines, Offered, Route, Screened, Settings, Spoken, Turn, turn
from anxin.dialogue import Dialogue, Language, Message
from anxin.model import EchoModel, Generation, ModelInfo, Piece, Reply
from anxin.retrieve import Nearest
from anxin.safety import Ledger, Risk
from anxin.safety.learned import Estimate
from anxin.safety.normal import View

NOON = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)
_BOTH: tuple[Language, ...] = ("zh", "en")
_REGION = {"zh": "CN", "en": "US"}
_EMERGENCY = {"zh": ("120", "110"), "en": ("911",)}
_NOW = {"zh": "我已经吃了一瓶药", "en": "I just took all my pills"}
_WISH = {"zh": "我想自杀", "en": "I want to kill myself"}
_PASSIVE = {"zh": "我不想活了", "en": "I don't want to live anymore"}
_CALM = {"zh": "今天下雨了", "en": "I baked bread today"}
_EXERCISE = {"zh": "教我放松", "en": "teach me to relax"}

both = pytest.mark.parametrize("language", _BOTH)


# --- The parts and how they break -------------------------------------------------------------------------------------


def _raiser(fault: type[Exception]) -> Callable[..., Any]:
    def broken(*_: Any, **__: Any) -> Any:
        raise fault("injected")

    return broken


_FAULTS: dict[str, Callable[..., Any]] = {
    "raises": _raiser(RuntimeError),
    "runs too deep": _raiser(RecursionError),
    "runs out of memory": _raiser(MemoryError),
    "gives None": lambda *_, **__: None,
    "gives nonsense": lambda *_, **__: object(),
}

# Where a part is looked up when it is used. A name that a release lacks fails here, so that the table stays whole.
_SCREEN = (
    "anxin.safety.screening:fold",
    "anxin.safety.screening:other_views",
    "anxin.safety.screening:lexicon",
    "anxin.safety.screening:read",
    "anxin.safety.screening:short_answer",
    "anxin.safety.screening:learned",
    "anxin.safety.screening:_hits",
    "anxin.safety.screening:_judge",
    "anxin.safety.screening:_verdict",
    "anxin.safety.screening:_screen",
    "anxin.safety.lexicon:Lexicon.find",
    "anxin.safety.learned:Learned.estimate",
    "anxin.safety.learned:features",
    "anxin.safety.normal:sounded",
    "anxin.safety.normal:slipped",
    "anxin.safety.normal:torn",
    "anxin.safety.normal:thrown_in",
)
_LEDGER = (
    "anxin.safety.ledger:Ledger._fold",
    "anxin.safety.ledger:Ledger._heard",
    "anxin.safety.ledger:Ledger._risk_after",
    "anxin.safety.ledger:Ledger._track_for",
    "anxin.safety.ledger:Ledger._with_support",
)
_WORDS = (
    "anxin.safety.crisis:_words",
    "anxin.safety.crisis:_fill",
    "anxin.safety.crisis:_unrepeated",
    "anxin.safety.crisis:_choices",
    "anxin.safety.crisis:_shown",
    "anxin.safety.crisis:crisis_lines",
    "anxin.safety.lines:_table",
    "anxin.safety.places:regions",
    "anxin.safety.places:fold",
    "anxin.safety.places:_said",
)
_COUNSEL = (
    "anxin.counsel.turn:screen",
    "anxin.counsel.turn:language_of",
    "anxin.counsel.turn:stage_of",
    "anxin.counsel.turn:jurisdiction",
    "anxin.counsel.turn:offers",
    "anxin.counsel.turn:fit",
    "anxin.counsel.turn:system_prompt",
    "anxin.counsel.turn:unfolded",
    "anxin.counsel.notices:jurisdiction",
    "anxin.counsel.notices:due",
    "anxin.retrieve.offer:whether",
    "anxin.retrieve.offer:candidates",
    "anxin.safety.guard:Guard._take",
    "anxin.safety.guard:Guard._release",
    "anxin.safety.guard:Guard._last",
    "anxin.safety.guard:rules",
    "anxin.model.echo:EchoModel.stream",
    "anxin.model.echo:EchoModel.count",
)
_DOORS = (
    "anxin.counsel.turn:region_of",
    "anxin.counsel.turn:notices",
    "anxin.counsel.turn:crisis_reply",
    "anxin.counsel.turn:support_reply",
    "anxin.counsel.turn:decline_reply",
    "anxin.safety.guard:Guard.feed",
    "anxin.safety.guard:Guard.finish",
    "anxin.safety.ledger:Ledger.fold",
)
_PARTS = (*_SCREEN, *_LEDGER, *_WORDS, *_COUNSEL, *_DOORS)


def _break(monkeypatch: pytest.MonkeyPatch, part: str, stub: Callable[..., Any]) -> None:
    room, _, name = part.partition(":")
    holder: Any = import_module(room)
    *outer, last = name.split(".")
    for step in outer:
        holder = getattr(holder, step)
    monkeypatch.setattr(holder, last, stub)


async def _events(text: str | Dialogue, model: Any, ledger: Ledger, language: Language, **others: Any) -> list[Event]:
    dialogue = Dialogue().says("client", text) if isinstance(text, str) else text
    settings = Settings(language=language, region=_REGION[language], now=NOON)
    async with aclosing(turn(Turn(dialogue, ledger, settings), model, **others)) as events:
        return [event async for event in events]


def _turn(text: str, language: Language, model: Any = None, ledger: Ledger | None = None, **others: Any) -> list[Event]:
    events = asyncio.run(_events(text, model or EchoModel(), ledger or Ledger(), language, **others))
    assert isinstance(events[0], Screened) and isinstance(events[-1], Ended)
    assert sum(isinstance(event, Screened | Ended) for event in events) == 2
    return events


def _screened(events: list[Event]) -> Screened:
    assert isinstance(events[0], Screened)
    return events[0]


def _authored(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, Spoken) and event.by == "anxin")


def _helps(events: list[Event], language: Language) -> bool:
    """Whether Anxin has said something of its own and an emergency number stands in it or beside it."""
    said = _authored(events)
    shown = [line for event in events if isinstance(event, Lines) for line in event.lines]
    numbered = any(line.kind == "emergency" and line.number in _EMERGENCY[language] for line in shown)
    return len(said) > 20 and (numbered or any(number in said for number in _EMERGENCY[language]))


@cache
def _whole(text: str, language: Language) -> Screened:
    return _screened(_turn(text, language))


@both
def test_nothing_broken(language: Language) -> None:
    assert [_whole(said[language], language).ledger.risk for said in (_NOW, _WISH, _PASSIVE, _CALM)] == [5, 3, 2, 0]
    assert not any(_whole(said[language], language).verdict.fault for said in (_NOW, _WISH, _PASSIVE, _CALM))
    for said in (_NOW, _WISH, _PASSIVE):
        assert _helps(_turn(said[language], language), language)


@both
@pytest.mark.parametrize("fault", _FAULTS)
@pytest.mark.parametrize("part", _PARTS)
def test_whatever_breaks_the_client_in_crisis_gets_the_crisis_reply(
    monkeypatch: pytest.MonkeyPatch, part: str, fault: str, language: Language
) -> None:
    texts = [said[language] for said in (_NOW, _WISH)]
    whole = [_whole(text, language) for text in texts]
    _break(monkeypatch, part, _FAULTS[fault])
    for text, before in zip(texts, whole, strict=True):
        events = _turn(text, language)
        after = _screened(events)
        assert after.route is Route.CRISIS
        assert after.ledger.risk >= Risk.T3
        assert after.verdict.risk >= before.verdict.risk or after.verdict.fault
        assert _helps(events, language)
        assert {event.by for event in events if isinstance(event, Spoken)} == {"anxin"}


@both
@pytest.mark.parametrize("fault", _FAULTS)
@pytest.mark.parametrize("part", _PARTS)
def test_whatever_breaks_a_turn_is_a_turn_and_no_risk_is_lowered(
    monkeypatch: pytest.MonkeyPatch, part: str, fault: str, language: Language
) -> None:
    texts = [said[language] for said in (_PASSIVE, _EXERCISE, _CALM)]
    whole = [_whole(text, language) for text in texts]
    _break(monkeypatch, part, _FAULTS[fault])
    for text, before in zip(texts, whole, strict=True):
        events = _turn(text, language)
        after = _screened(events)
        assert after.ledger.risk >= before.ledger.risk
        assert after.verdict.risk >= before.verdict.risk
        assert before.ledger.risk < Risk.T2 or _helps(events, language)
        assert any(isinstance(event, Failed | Spoken) for event in events)
        assert "injected" not in repr(events)


@both
@pytest.mark.parametrize("part", [*_SCREEN, *_LEDGER])
def test_a_part_that_breaks_in_the_middle_of_a_crisis_does_not_end_it(
    monkeypatch: pytest.MonkeyPatch, part: str, language: Language
) -> None:
    ledger = _whole(_NOW[language], language).ledger
    _break(monkeypatch, part, _FAULTS["raises"])
    for _ in range(3):
        events = _turn(_CALM[language], language, ledger=ledger)
        assert _screened(events).ledger.risk is Risk.T5
        assert _helps(events, language)
        ledger = _screened(events).ledger


_NOTHING_LEFT = """
import asyncio, importlib.resources as resources
def gone(*_):
    raise FileNotFoundError("injected")
resources.files = gone
from anxin.counsel import Screened, Settings, Turn, turn
from anxin.dialogue import Dialogue
from anxin.model import EchoModel
async def run(text, language, region):
    request = Turn(Dialogue().says("client", text), settings=Settings(language=language, region=region))
    events = [event async for event in turn(request, EchoModel())]
    print(type(events[0]).__name__, events[0].route.value, type(events[-1]).__name__, ascii(events[-1].text))
asyncio.run(run(%r, "zh", "CN"))
asyncio.run(run(%r, "en", "US"))
"""


def test_an_installation_without_any_of_its_files_still_answers_a_crisis() -> None:
    line = [sys.executable, "-c", _NOTHING_LEFT % (_NOW["zh"], _NOW["en"])]
    said = subprocess.run(line, capture_output=True, text=True, check=True).stdout.splitlines()
    assert len(said) == 2
    for told, number in zip(said, ("120", "911"), strict=True):
        first, route, last, text = told.split(" ", 3)
        assert (first, route, last) == ("Screened", "crisis", "Ended")
        assert number in text


# --- One reader blind -------------------------------------------------------------------------------------------------

# Plain enough for either reader alone, whatever the learned one is trained on next.
_PLAIN = {
    "zh": ("我决定今晚自杀，遗书写好了", "我真的很想死，一直想结束自己的生命"),
    "en": ("I want to kill myself tonight", "I want to kill myself and I do not want to live anymore"),
}


@both
@pytest.mark.parametrize(
    ("part", "quiet"),
    [
        ("anxin.safety.lexicon:Lexicon.find", lambda *_: []),
        ("anxin.safety.learned:Learned.estimate", lambda *_: Estimate(0.0, 0.0, 0.0, 0.0)),
        ("anxin.safety.screening:other_views", lambda *_: ()),
        ("anxin.safety.learned:features", lambda *_: {""}),
    ],
)
def test_where_one_reader_hears_nothing_the_other_still_does(
    monkeypatch: pytest.MonkeyPatch, part: str, quiet: Callable[..., Any], language: Language
) -> None:
    _break(monkeypatch, part, quiet)
    for text in _PLAIN[language]:
        events = _turn(text, language)
        assert _screened(events).verdict.risk >= Risk.T2
        assert _helps(events, language)


@pytest.mark.parametrize("chance", [float("nan"), float("inf")])
def test_an_estimate_that_is_no_number_is_no_calm(monkeypatch: pytest.MonkeyPatch, chance: float) -> None:
    whole = _whole(_PASSIVE["zh"], "zh").ledger.risk
    _break(monkeypatch, "anxin.safety.learned:Learned.estimate", lambda *_: Estimate(chance, chance, chance, chance))
    assert _screened(_turn(_PASSIVE["zh"], "zh")).ledger.risk >= whole


def test_a_view_that_points_nowhere_counts_as_risk(monkeypatch: pytest.MonkeyPatch) -> None:
    _break(monkeypatch, "anxin.safety.screening:other_views", lambda _: (View("想死自杀" * 9, [0], [1]),))
    assert _screened(_turn(_CALM["zh"], "zh")).route is Route.CRISIS


# --- What keeps somebody waiting --------------------------------------------------------------------------------------


@dataclass
class Stuck:
    """A model that says `first` and then nothing, for ever; it knows whether it was let go."""

    first: Sequence[Piece] = ()
    left: int = 0
    info: ModelInfo = field(default_factory=lambda: ModelInfo("stuck", "echo", 4_096))

    def count(self, messages: Sequence[Message]) -> int:
        return sum(len(message.text) for message in messages)

    async def stream(self, generation: Generation) -> AsyncGenerator[Piece, None]:
        try:
            for piece in self.first:
                yield piece
            await asyncio.Event().wait()
        finally:
            self.left += 1

    async def prepare(self, systems: Sequence[str] = ()) -> None: ...

    async def close(self) -> None: ...


class StuckEmbedder:
    async def embed(self, texts: Sequence[str]) -> list[tuple[float, ...]]:
        await asyncio.Event().wait()
        return []

    async def close(self) -> None: ...


@pytest.fixture
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits longer than a hundredth of a second for a model beside the turn."""
    within = import_module("anxin.counsel.patience").within

    def soon(_: float, work: Coroutine[Any, Any, Any], name: str) -> Awaitable[Any]:
        waited: Awaitable[Any] = within(0.01, work, name)
        return waited

    for room in ("judge", "crisis_words"):
        monkeypatch.setattr(import_module(f"anxin.counsel.{room}"), "within", soon)


@both
@pytest.mark.usefixtures("_impatient")
@pytest.mark.parametrize("words", [False, True])
def test_a_crisis_waits_for_no_model(language: Language, words: bool) -> None:
    model = Stuck([Reply("嗯")])
    for said in (_NOW, _WISH):
        ledger = Ledger()
        for _ in range(4):  # from the second reply on a model may be asked for a sentence
            events = _turn(said[language], language, model, ledger, judge=Judge(model), crisis_words=words)
            ledger = _screened(events).ledger
            assert _helps(events, language)
            assert {event.by for event in events if isinstance(event, Spoken)} == {"anxin"}


@both
@pytest.mark.usefixtures("_impatient")
def test_a_judge_that_hangs_leaves_the_verdict(language: Language) -> None:
    judge = Stuck()
    events = _turn(_PASSIVE[language], language, judge=Judge(judge, below=1.0))
    assert judge.left == 1, "the judge was not asked"
    assert _screened(events) == _whole(_PASSIVE[language], language)
    assert _helps(events, language)


@both
@pytest.mark.parametrize("fault", _FAULTS)
@pytest.mark.parametrize("part", ["anxin.counsel.judge:Judge.weigh", "anxin.counsel.judge:Judge.doubts",
                                  "anxin.counsel.judge:within", "anxin.counsel.judge:_raised"])  # fmt: skip
@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_judge_that_breaks_lowers_nothing(
    monkeypatch: pytest.MonkeyPatch, part: str, fault: str, language: Language
) -> None:
    judge = Judge(EchoModel(['{"risk": 4, "reason": ""}']), below=1.0)
    texts = [said[language] for said in (_WISH, _PASSIVE, _CALM)]
    whole = [_whole(text, language) for text in texts]
    _break(monkeypatch, part, _FAULTS[fault])
    for text, before in zip(texts, whole, strict=True):
        events = _turn(text, language, judge=judge)
        assert _screened(events).ledger.risk >= before.ledger.risk
        assert _screened(events).verdict.risk >= before.verdict.risk
        assert before.ledger.risk < Risk.T2 or _helps(events, language)


@both
@pytest.mark.parametrize("answer", ["0", "5", '{"risk": 0, "reason": "calm"}', '{"risk": -1, "reason": ""}', "null",
                                    "[]", "", "{" * 999, "我想死" * 999])  # fmt: skip
def test_whatever_the_judge_says_nothing_is_lowered(language: Language, answer: str) -> None:
    judge = Judge(EchoModel([answer]), below=1.0)
    for said in (_NOW, _WISH, _PASSIVE, _CALM):
        whole = _whole(said[language], language)
        assert _screened(_turn(said[language], language, judge=judge)).verdict.risk >= whole.verdict.risk


@both
def test_an_embedder_that_hangs_holds_up_no_offer(language: Language) -> None:
    nearest = Nearest(StuckEmbedder(), seconds=0.01)
    assert sum(isinstance(event, Offered) for event in _turn(_EXERCISE[language], language, nearest=nearest)) == 1


@both
@pytest.mark.parametrize("text", [_PASSIVE, _CALM], ids=["passive", "calm"])
def test_a_client_who_leaves_a_model_that_hangs_lets_it_go(language: Language, text: dict[Language, str]) -> None:
    model = Stuck([Reply("慢慢说。")])

    async def leave() -> list[Event]:
        request = Turn(Dialogue().says("client", text[language]), settings=Settings(language=language, now=NOON))
        seen: list[Event] = []
        async with aclosing(turn(request, model)) as events:
            async for event in events:
                seen.append(event)
                if isinstance(event, Spoken):
                    return seen
        return seen

    seen = asyncio.run(asyncio.wait_for(leave(), 5))
    assert isinstance(seen[0], Screened) and isinstance(seen[-1], Spoken)
    assert model.left == 1


# --- Interleavings ----------------------------------------------------------------------------------------------------

_TURNS = 50  # of each conversation
_SYLLABLES = ("ba", "do", "fe", "gu", "ki", "lo", "mu", "ne", "ra", "tu", "va", "wo", "xi", "zu", "po")


class Unsteady(EchoModel):
    """Says the client's words back, giving way to others at random moments."""

    def __init__(self, dice: random.Random, script: Callable[[tuple[Message, ...]], str] | None = None) -> None:
        super().__init__(script)
        self._dice = dice

    async def stream(self, generation: Generation) -> AsyncGenerator[Piece, None]:
        async for piece in super().stream(generation):
            for _ in range(self._dice.randrange(3)):
                await asyncio.sleep(0)
            yield piece


class UnsteadyEmbedder:
    """One vector a text, by its length, after a moment."""

    def __init__(self, dice: random.Random) -> None:
        self._dice = dice

    async def embed(self, texts: Sequence[str]) -> list[tuple[float, ...]]:
        for _ in range(self._dice.randrange(3)):
            await asyncio.sleep(0)
        return [(len(text) % 17 + 1.0, len(text) % 5 + 1.0) for text in texts]

    async def close(self) -> None: ...


@dataclass(frozen=True)
class _Talk:
    """One conversation: a marker that stands in each of the client's messages and nowhere else, and what is said."""

    marker: str
    language: Language
    texts: tuple[str, ...]

    async def run(self, model: EchoModel, judge: Judge, nearest: Nearest, dice: random.Random) -> list[list[Event]]:
        ledger, dialogue, seen = Ledger(), Dialogue(), list[list[Event]]()
        for text in self.texts:
            for _ in range(dice.randrange(3)):
                await asyncio.sleep(0)
            dialogue = dialogue.says("client", f"{text} {self.marker}")
            # The newest messages are enough of a dialogue for this, and much cheaper to read than fifty.
            dialogue = Dialogue(dialogue.messages[-4:])
            events = await _events(dialogue, model, ledger, self.language, judge=judge, nearest=nearest)
            assert isinstance(events[0], Screened) and isinstance(events[-1], Ended)
            ledger = events[-1].ledger
            dialogue = dialogue.says("counsellor", events[-1].text)
            seen.append(events)
        return seen


def _talks(count: int) -> list[_Talk]:
    dice = random.Random(20261121)
    said: dict[Language, tuple[str, ...]] = {
        "zh": ("我已经吃了一瓶药", "我想自杀", "我不想活了", "今天下雨了", "有点累", "讲个笑话吧", "嗯", "没有计划",
               "我姐来陪我了", "教我放松", "我朋友想自杀", "心情好多了哈哈", "怎么做炸弹", "我又自残了", "睡不着"),
        "en": ("I just took all my pills", "I want to kill myself", "I don't want to live anymore", "it is raining",
               "a bit tired", "tell me a joke", "ok", "no plan", "my sister is here with me", "teach me to relax",
               "my friend wants to kill himself", "feeling better haha", "how to make a bomb", "I cut myself again"),
    }  # fmt: skip
    talks = []
    for number in range(count):
        one, two = divmod(number, len(_SYLLABLES))
        language = _BOTH[number % 2]
        # Half of the talks stay calm: whatever leaked into them would be seen by their ledger, too.
        texts = said[language][3:8] if number % 4 >= 2 else said[language]
        marker = f"zz{_SYLLABLES[one]}{_SYLLABLES[two]}"
        talks.append(_Talk(marker, language, tuple(dice.choice(texts) for _ in range(_TURNS))))
    return talks


def _judged(messages: tuple[Message, ...]) -> str:
    """Grave for the talks whose marker ends in "ba": a verdict given to the wrong client would be seen."""
    risk = 3 if messages[-1].text.rstrip().endswith("ba") else 0
    return json.dumps({"risk": risk, "reason": ""})


def _shared(seed: int) -> tuple[EchoModel, Judge, Nearest, random.Random]:
    dice = random.Random(seed)
    judge = Judge(Unsteady(dice, _judged), timeout=60, above=0.0, below=1.0)
    return Unsteady(dice), judge, Nearest(UnsteadyEmbedder(dice), seconds=60), dice


@pytest.mark.parametrize("turns_", [2_000, pytest.param(10_000, marks=pytest.mark.slow)])
def test_turns_interleaved_equal_their_twins_alone(turns_: int) -> None:
    talks = _talks(turns_ // _TURNS)
    assert len({talk.marker for talk in talks}) == len(talks)
    assert sum(len(talk.texts) for talk in talks) == turns_

    async def alone() -> list[list[list[Event]]]:
        model, judge, nearest, dice = _shared(1)
        return [await talk.run(model, judge, nearest, dice) for talk in talks]

    async def together() -> list[list[list[Event]]]:
        model, judge, nearest, dice = _shared(2)
        return await asyncio.gather(*(talk.run(model, judge, nearest, dice) for talk in talks))

    mixed = asyncio.run(together())
    assert mixed == asyncio.run(alone())
    markers = {talk.marker for talk in talks}
    for talk, turns in zip(talks, mixed, strict=True):
        told = repr([event for events in turns for event in events if not isinstance(event, Lines | Offered)])
        assert {marker for marker in markers if marker in told} <= {talk.marker}
    routes = {event.route for turns in mixed for events in turns for event in events if isinstance(event, Screened)}
    assert routes == set(Route)
    assert any(isinstance(event, Offered) for turns in mixed for events in turns for event in events)
