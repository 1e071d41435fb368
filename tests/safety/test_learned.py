"""The learned screen: a file of numbers that is read with care, an estimate that only raises."""

from __future__ import annotations

import base64
import json
import math
import zlib
from importlib import resources
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anxin.errors import ConfigError
from anxin.safety import Risk, screen, screening
from anxin.safety.features import Words, features
from anxin.safety.learned import Estimate, Learned, learned
from anxin.safety.normal import View, fold
from anxin.safety.verdict import Action

_GROUPS = [("sleep", 1, 2), ("forever", 3, 4), ("永远", 5, 6)]


def _raw(**changed: Any) -> bytes:
    raw: dict[str, Any] = {
        "format": 1,
        "features": "永\n永远",
        "weights": base64.b64encode(bytes([10, 20, 30, 0, 246, 5, 0, 0])).decode(),  # 246 is -10
        "scale": [0.5, 0.5, 0.5, 1.0],
        "bias": [-1.0, -2.0, -3.0, 0.0],
        "slope": [1.0, 2.0, 1.0, 1.0],
        "shift": [0.0, 0.5, 0.0, 0.0],
        "groups": _GROUPS,
        "limits": {"zh": [0.5, 0.6, 0.9], "en": [0.4, 0.6, 0.9]},
        **changed,
    }
    return zlib.compress(json.dumps(raw).encode())


def test_the_estimate_is_the_formula() -> None:
    model = Learned.read(_raw())
    share = 1 / math.sqrt(len(features("永远", model.words)))
    t2 = -1 + (10 - 10) * 0.5 * share
    t3 = 2 * (-2 + (20 + 5) * 0.5 * share) + 0.5
    found = model.estimate("永远")
    assert found.t2 == pytest.approx(1 / (1 + math.exp(-t2)))
    assert found.t3 == pytest.approx(1 / (1 + math.exp(-t3)))


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"no such thing",
        zlib.compress(b"[]"),
        _raw(format=2),
        _raw(weights="AAAA"),
        _raw(scale=[1.0]),
        _raw(bias=[0.0, 0.0, 0.0, float("nan")]),
        _raw(limits={"zh": [0.5]}),
        _raw(groups=[["word"]]),
    ],
)
def test_a_damaged_file_is_named_as_one(raw: bytes) -> None:
    with pytest.raises(ConfigError, match="learned screen"):
        Learned.read(raw)


def test_the_shipped_model_is_small_and_reads() -> None:
    raw = resources.files("anxin.safety").joinpath("screen.model").read_bytes()
    assert len(raw) < 20_000_000
    assert Learned.read(raw).limits == learned().limits


@settings(deadline=None)  # the first call reads the model
@given(st.text())
def test_any_text_has_features_and_an_estimate(text: str) -> None:
    folded = fold(text).text
    words = Words.of({word: (coarse, fine) for word, coarse, fine in _GROUPS})
    assert features(folded, words) == features(folded, words)
    found = learned().estimate(folded)
    assert all(0 < chance < 1 for chance in (found.t2, found.t3, found.t4, found.other))


@settings(deadline=None)
@given(st.text(max_size=60), st.tuples(*[st.floats(0, 1)] * 4))
def test_it_raises_and_never_lowers(text: str, chances: tuple[float, float, float, float]) -> None:
    plain = fold(text)
    before, explained = screening._by_lexicon(plain, ())
    model = Learned.read(_raw())

    class Always:
        limits_for = model.limits_for

        def estimate(self, _: str) -> Estimate:
            return Estimate(*chances)

    after = screening._raised(before, plain, View(plain.text), Always(), explained=explained)  # type: ignore[arg-type]
    assert after.risk >= before.risk
    assert after.risk <= max(before.risk, Risk.T4)
    assert set(before.concerns) <= set(after.concerns)
    assert before.action is not Action.DECLINE or after.action in (Action.DECLINE, Action.CRISIS)
    assert all(0 <= found.start <= found.end <= len(text) for found in after.evidence)


@pytest.mark.parametrize("text", ["今天天气真好，我们去公园吧", "我刚把一整板安眠药都吞了", "a nice walk today"])
def test_without_its_second_reader_nothing_is_called_quiet(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = screen(text)

    def broken() -> Learned:
        raise ConfigError("gone")

    monkeypatch.setattr(screening, "learned", broken)
    verdict = screen(text)
    assert verdict.risk >= max(usual.risk, Risk.T2)
    assert verdict.action is not Action.CONVERSE
    assert verdict.fault == "learned screen: ConfigError"


@pytest.mark.parametrize("text", ["hi", "再见", "我走了", "tonight", "ok bye", "。。。"])
def test_too_little_is_left_to_the_lexicon(text: str) -> None:
    assert screen(text).likelihood is None
    assert screen(text).risk <= Risk.T1


def test_a_long_message_shows_the_sentence_that_decided() -> None:
    calm = "今天去超市买了菜，回来路上遇到邻居聊了几句。晚上做了番茄炒蛋，味道还不错。周末打算带孩子去公园放风筝。"
    grave = "其实信都写好了，猫也托付给朋友了，等他们都睡了就走。"
    text = calm + calm + grave
    verdict = screen(text)
    if verdict.evidence:  # where it is raised, the span is the grave sentence and not the shopping
        first = verdict.evidence[0]
        assert first.start >= len(calm + calm) - 1


def test_without_the_lexicon_the_learned_screen_is_still_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    model = Learned.read(_raw(bias=[9.0, 9.0, -9.0, 0.0]))

    def broken() -> object:
        raise ConfigError("gone")

    monkeypatch.setattr(screening, "lexicon", broken)
    monkeypatch.setattr(screening, "learned", lambda: model)
    verdict = screen("今天天气真好，我们去公园吧")
    assert verdict.risk is Risk.T3
    assert verdict.fault == "screen: ConfigError"


def test_what_is_no_number_counts_as_risk() -> None:
    limits = Learned.read(_raw()).limits_for("信")
    nothing = Estimate(math.nan, math.nan, math.nan, math.nan)
    assert screening._level(nothing, limits, explained=False) >= Risk.T2
