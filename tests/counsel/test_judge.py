from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncGenerator, Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anxin import counsel
from anxin.counsel import Ended, Event, Judge, Lines, Route, Screened, Turn, turn
from anxin.counsel.judge import _HIGHEST
from anxin.dialogue import Dialogue
from anxin.errors import ConfigError, ModelUnavailable
from anxin.model import Done, EchoModel, EndpointModel, Generation, ModelInfo, Piece, Reply, Thought, Waiting
from anxin.safety import Action, Concern, Evidence, Ledger, Risk, Subject, Verdict

TEXT = "也许我不在了大家会轻松些"
UNSURE = Verdict(Risk.T0, likelihood=0.5)
DONE = Done("stop", 9, 9)


class Answering(EchoModel):
    """A model that answers what it is told, and knows what it was asked and whether it was let go."""

    def __init__(self, *pieces: Piece | BaseException, **more: Any) -> None:
        super().__init__()
        self._pieces = pieces
        self._more = more
        self.asked: list[Generation] = []
        self.open = 0

    @property
    def info(self) -> ModelInfo:
        return replace(super().info, **self._more)

    async def stream(self, generation: Generation) -> AsyncGenerator[Piece, None]:
        self.asked.append(generation)
        self.open += 1
        try:
            for piece in self._pieces:
                if isinstance(piece, BaseException):
                    raise piece
                yield piece
        finally:
            self.open -= 1


class Hanging(Answering):
    async def stream(self, generation: Generation) -> AsyncGenerator[Piece, None]:
        self.asked.append(generation)
        self.open += 1
        try:
            await asyncio.Event().wait()
            yield Reply("never")
        finally:
            self.open -= 1


class Clinging(Answering):
    """It hangs, and takes its time to let go."""

    async def stream(self, generation: Generation) -> AsyncGenerator[Piece, None]:
        self.open += 1
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await asyncio.sleep(0.1)
        self.open -= 1
        yield Reply("too late")


def answer(risk: object, reason: object = "said so", **more: object) -> Answering:
    return says(json.dumps({"risk": risk, "reason": reason, **more}))


def says(text: str, end: Piece | None = DONE) -> Answering:
    return Answering(*([Reply(text)] if text else []), *([end] if end is not None else []))


def weigh(model: EchoModel, verdict: Verdict = UNSURE, timeout: float = 1.0, text: str = TEXT) -> Verdict:
    return asyncio.run(Judge(model, timeout).weigh(text, verdict, "zh"))


@pytest.mark.parametrize(("level", "action"), [(1, Action.SUPPORT), (2, Action.SUPPORT), (3, Action.CRISIS)])
def test_it_raises(level: int, action: Action) -> None:
    raised = weigh(answer(level))
    assert (raised.risk, raised.action) == (Risk(level), action)
    assert raised.evidence == (Evidence(0, len(TEXT), "the judge model"),)
    assert (raised.subject is Subject.SELF) == (Concern.SELF_HARM in raised.concerns) == (level >= 2)


def test_it_raises_no_higher_than_a_plan() -> None:
    assert weigh(answer(5)).risk is weigh(answer(4)).risk is Risk.T4


def test_what_the_screen_has_found_stays() -> None:
    seen = Evidence(1, 2, "abuse")
    verdict = Verdict(Risk.T2, (Concern.ABUSE,), Subject.OTHER, Action.DECLINE, (seen,) * 16, likelihood=0.1)
    raised = weigh(answer(3), verdict)
    assert (raised.concerns, raised.subject, raised.action) == ((Concern.ABUSE,), Subject.OTHER, Action.CRISIS)
    assert raised.evidence[0].why == "the judge model" and raised.evidence[1] == seen and len(raised.evidence) == 16
    declined = replace(verdict, risk=Risk.T1)
    assert weigh(answer(2), declined).action is Action.DECLINE


@given(
    st.one_of(
        st.text(max_size=60),
        st.builds(
            json.dumps, st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists)
        ),
        st.builds(
            lambda risk, reason, more: json.dumps({"risk": risk, "reason": reason, **more}),
            st.integers(-3, 9) | st.booleans() | st.floats(0, 5) | st.text(max_size=2) | st.none(),
            st.text(max_size=9) | st.none() | st.integers(),
            st.dictionaries(st.sampled_from(["risk", "x"]), st.integers(0, 5), max_size=1),
        ),
    ),
    st.builds(
        Verdict,
        st.sampled_from(Risk),
        st.lists(st.sampled_from(Concern), max_size=2, unique=True).map(tuple),
        st.sampled_from(Subject),
        st.sampled_from(Action),
        fault=st.sampled_from(["", "screen: X"]),
        likelihood=st.none() | st.floats(0, 1),
    ),
)
@settings(max_examples=300, deadline=None)
def test_whatever_it_says_nothing_is_lowered_or_lost(said: str, verdict: Verdict) -> None:
    after = weigh(says(said), verdict)
    assert after.risk >= verdict.risk and after.risk <= max(verdict.risk, _HIGHEST)
    assert (after.fault, after.cues, after.likelihood) == (verdict.fault, verdict.cues, verdict.likelihood)
    if after != verdict:
        assert set(verdict.concerns) <= set(after.concerns) and after.evidence[1:] == verdict.evidence
        assert after.risk > verdict.risk and verdict.risk <= Risk.T2 and not verdict.fault
        assert json.loads(said).keys() == {"risk", "reason"}


@pytest.mark.parametrize(
    "said",
    [
        "",
        "4",
        "risk: 4",
        '{"risk": 4}',
        '{"risk": "4", "reason": "x"}',
        '{"risk": 4.0, "reason": "x"}',
        '{"risk": true, "reason": "x"}',
        '{"risk": 6, "reason": "x"}',
        '{"risk": -1, "reason": "x"}',
        '{"risk": 4, "reason": null}',
        '{"risk": 4, "reason": "x", "note": "y"}',
        '{"risk": 1, "risk": 4, "reason": "x"}',
        '{"risk": 4, "reason": "x"',
        'Sure! {"risk": 4, "reason": "x"}',
        '```json\n{"risk": 4, "reason": "x"}\n```',
        '[{"risk": 4, "reason": "x"}]',
        "[" * 1500,
        '{"risk": 4, "reason": "' + "x" * 5000 + '"}',
    ],
)
def test_an_answer_that_is_not_plainly_one_changes_nothing(said: str) -> None:
    assert weigh(says(said)) is UNSURE


@pytest.mark.parametrize(
    "model",
    [
        Answering(ModelUnavailable("down")),
        Answering(RuntimeError(TEXT)),
        Answering(Reply('{"risk": 4, "rea'), ModelUnavailable("down")),
        Answering(asyncio.CancelledError()),
        Answering(Waiting(1), Reply('{"risk": 4, "reason": ""}'), Done("stop", 1, 1)),
        says('{"risk": 4, "reason": "x"}', Done("length", 1, 1)),
        says('{"risk": 4, "reason": "x"}', None),
        Answering(Thought('{"risk": 4, "reason": "x"}'), Done("stop", 1, 1)),
        Answering(Reply('{"risk": 4, "reason": "x"}'), Done("stop", 1, 1), languages=("en",)),
    ],
    ids=["down", "fault", "broken", "cancelled", "line", "cut", "unended", "thought", "language"],
)
def test_a_model_that_fails_changes_nothing_and_no_text_is_logged(
    model: Answering, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        assert weigh(model) is UNSURE
    assert TEXT not in caplog.text and model.open == 0


def test_a_model_that_hangs_is_let_go() -> None:
    model = Hanging()
    assert weigh(model, timeout=0.02) is UNSURE
    assert len(model.asked) == 1 and model.open == 0


def test_a_models_goodbye_is_not_waited_for() -> None:
    async def ask() -> Verdict:
        verdict = await Judge(model, 0.02).weigh(TEXT, UNSURE, "zh")
        assert model.open == 1, "it holds on still, and the turn has gone on"
        return verdict

    model = Clinging()
    assert asyncio.run(ask()) is UNSURE


@pytest.mark.parametrize(
    ("verdict", "asked"),
    [
        (Verdict(Risk.T0, likelihood=0.3), True),
        (Verdict(Risk.T2, likelihood=0.85), True),
        (Verdict(Risk.T1, (Concern.DEPENDENCE,)), True),
        (Verdict(Risk.T2, (Concern.SELF_HARM,), likelihood=0.99), True),
        (Verdict(Risk.T0, likelihood=0.1), False),
        (Verdict(Risk.T1, likelihood=0.97), False),
        (Verdict(Risk.T0, (Concern.DEPENDENCE,)), False),
        (Verdict(Risk.T0), False),
        (Verdict(Risk.T1), False),
        (Verdict(Risk.T3, (Concern.SELF_HARM,), likelihood=0.5), False),
        (Verdict(Risk.T2, (Concern.SELF_HARM,), fault="screen: X", likelihood=0.5), False),
    ],
)
def test_only_what_is_borderline_is_asked_about(verdict: Verdict, asked: bool) -> None:
    model = answer(4)
    weigh(model, verdict)
    assert len(model.asked) == asked


def test_what_is_asked() -> None:
    model = answer(0)
    weigh(model, text="开头" + "长" * 9000 + "结尾")
    (generation,) = model.asked
    system, message = generation.messages
    assert system.role == "system" and "JSON" in system.text and message.role == "client"
    assert message.text.startswith("开头") and message.text.endswith("结尾") and len(message.text) < 1300
    assert generation.temperature == 0 and generation.max_tokens <= 128
    assert generation.schema is not None and generation.schema["required"] == ["risk", "reason"]


def test_a_judge_elsewhere_or_too_small_is_refused_at_the_start() -> None:
    with pytest.raises(ConfigError, match="not on this machine"):
        Judge(EndpointModel("gpt", "https://models.example/v1"))
    with pytest.raises(ConfigError, match="too small"):
        Judge(Answering(demonstration=True))
    with pytest.raises(ConfigError, match="too small"):
        Judge(Answering(instructable=False))
    with pytest.raises(ConfigError, match="judge_timeout"):
        Judge(EchoModel(), 0)
    Judge(EndpointModel("qwen3", "http://127.0.0.1:11434/v1"))


def run(judge: Judge, ledger: Ledger | None = None, text: str = TEXT) -> list[Event]:
    async def gather() -> list[Event]:
        request = Turn(Dialogue().says("client", text), ledger or Ledger())
        return [event async for event in turn(request, EchoModel(["嗯，我在听。"]), judge=judge)]

    events = asyncio.run(gather())
    assert isinstance(events[0], Screened) and isinstance(events[-1], Ended)
    return events


@pytest.fixture
def hears(monkeypatch: pytest.MonkeyPatch) -> Callable[[Verdict], None]:
    """What the screen is to find: the tests here are about what comes after it."""

    def find(verdict: Verdict) -> None:
        monkeypatch.setitem(counsel.turn.__globals__, "screen", lambda _: verdict)

    return find


def test_a_raised_verdict_is_routed_and_kept(hears: Callable[[Verdict], None]) -> None:
    hears(UNSURE)
    first, *rest = run(Judge(answer(3)))
    assert isinstance(first, Screened)
    assert (first.route, first.verdict.risk, first.ledger.risk) == (Route.CRISIS, Risk.T3, Risk.T3)
    assert first.ledger.turns == 1, "the message is folded once"
    assert any(isinstance(event, Lines) for event in rest)
    calm, *_ = run(Judge(answer(0)))
    assert isinstance(calm, Screened) and calm.route is Route.CONVERSE and calm.verdict is UNSURE


def test_whoever_is_in_a_crisis_is_not_kept_waiting(hears: Callable[[Verdict], None]) -> None:
    model = Hanging()
    run(Judge(model, 60), text="我想自杀")
    hears(UNSURE)
    run(Judge(model, 60), Ledger().fold(Verdict(Risk.T4, action=Action.CRISIS)))
    assert model.asked == []


def test_a_judge_that_breaks_leaves_the_turn_as_it_was(hears: Callable[[Verdict], None]) -> None:
    hears(UNSURE)
    for model in (Hanging(), Answering(RuntimeError("x")), says("nonsense")):
        first, *_ = run(Judge(model, 0.02))
        assert isinstance(first, Screened) and first.route is Route.CONVERSE and first.verdict is UNSURE


def test_nothing_is_shown_while_it_is_asked_and_leaving_lets_it_go(hears: Callable[[Verdict], None]) -> None:
    hears(UNSURE)
    model = Hanging()

    async def leave() -> None:
        seen: list[Event] = []

        async def listen() -> None:
            async for event in turn(Turn(Dialogue().says("client", TEXT)), EchoModel(), judge=Judge(model, 60)):
                seen.append(event)

        task = asyncio.create_task(listen())
        while not model.open:  # noqa: ASYNC110
            await asyncio.sleep(0)
        assert seen == []
        task.cancel()
        await asyncio.wait((task,))
        await asyncio.sleep(0.01)
        assert model.open == 0 and seen == []

    asyncio.run(leave())
