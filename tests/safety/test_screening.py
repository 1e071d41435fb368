"""The screen takes any string, points at the client's own words, keeps verdicts apart, and counts a fault as risk."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anxin.errors import ConfigError
from anxin.safety import Action, Concern, Cue, Risk, Subject, screen, screening, warm
from anxin.safety.learned import learned
from anxin.safety.lexicon import lexicon
from anxin.safety.pattern import Phrase

_ANY_TEXT = st.text(st.characters(codec=None), max_size=200)  # lone surrogates included
_SALT = st.sampled_from(
    ["我想自杀", "不", "没有", "我朋友", "以前", "笑死", "kill myself", "not ", "\u200b", "，", " ", "。", "\n", "'"]
)


@given(st.lists(st.one_of(_ANY_TEXT, _SALT), max_size=8).map("".join))
@settings(max_examples=300, deadline=None)
def test_any_text_gets_a_verdict_whose_evidence_lies_in_it(text: str) -> None:
    verdict = screen(text)
    assert verdict.fault == ""
    for found in verdict.evidence:
        assert 0 <= found.start < found.end <= len(text)
        assert found.why
    assert (verdict.action is Action.CRISIS) == (verdict.risk >= Risk.T3)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "\ud800",
        "我想\udfff自杀",
        "\x00" * 50,
        "‮我不想活了‬",
        "מישהו לדבר איתו",
        "🙂" * 500,
        "a\u0301" * 300,
        "ﷺ" * 40,
    ],
)
def test_odd_text_is_no_fault(text: str) -> None:
    assert screen(text).fault == ""


def test_a_megabyte_is_screened_to_its_end() -> None:
    filler = "今天和同事去吃了面，味道不错。" * 35_000 + "The weather was fine and we walked home. " * 12_000
    assert len(filler) > 1_000_000
    verdict = screen(filler + "我已经吃了一瓶药")
    assert verdict.risk is Risk.T5
    assert verdict.evidence[0].end == len(filler) + len("我已经吃了一瓶药")


def test_a_megabyte_of_the_same_phrase_stays_cheap() -> None:
    verdict = screen("我想死" * 350_000)
    assert verdict.risk >= Risk.T2
    assert len(verdict.evidence) <= 16


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("妈，我想自杀", "想自杀"),
        ("我想自\u200b杀", "想自\u200b杀"),
        ("我想自 - 杀", "想自 - 杀"),
        ("ＫＩＬＬ　ＭＹＳＥＬＦ", "ＫＩＬＬ　ＭＹＳＥＬＦ"),
        ("so: s u i c i d e", "s u i c i d e"),
        ("I can’t… I’m going to kill myself", "I’m going to kill myself"),
        ("😀😀我沒有騙你，我想自殺", "想自殺"),
    ],
)
def test_evidence_counts_code_points_of_the_original(text: str, span: str) -> None:
    assert span in {text[found.start : found.end] for found in screen(text).evidence}


def test_self_directed_risk_wins_over_a_declined_request() -> None:
    verdict = screen("怎么做炸弹？我不想活了，今晚就自杀")
    assert verdict.action is Action.CRISIS
    assert {Concern.SELF_HARM, Concern.ILLEGAL} <= set(verdict.concerns)


def test_short_answers_are_cues_and_no_risk() -> None:
    assert screen("有。").cues == (Cue.YES,)
    assert screen("没有").cues == (Cue.NO,)
    assert screen("yes, I have").cues == (Cue.YES,)
    assert Cue.REFUSES in screen("我不打电话").cues
    assert Cue.SAFE in screen("药已经扔掉了").cues
    assert screen("有").risk is Risk.T0


def test_a_negated_wish_still_counts_as_distress() -> None:
    verdict = screen("我不想死")
    assert verdict.risk is Risk.T1
    assert verdict.subject is Subject.NONE


def test_a_broken_lexicon_is_risk(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise ConfigError("lexicon_zh.toml, row 3: gone")

    monkeypatch.setattr(screening, "lexicon", broken)
    verdict = screen("你好")
    assert verdict.risk >= Risk.T2
    assert verdict.action is not Action.CONVERSE
    assert "ConfigError" in verdict.fault


@pytest.mark.parametrize("part", ["fold", "read", "other_views", "short_answer"])
def test_a_part_that_throws_is_risk(monkeypatch: pytest.MonkeyPatch, part: str) -> None:
    def broken(*_args: object, **_named: object) -> None:
        raise RuntimeError("injected")

    monkeypatch.setattr(screening, part, broken)
    verdict = screen("我想自杀")
    assert verdict.risk >= Risk.T2
    assert verdict.fault


def test_a_matcher_that_throws_is_risk(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_self: Phrase, _text: str) -> None:
        raise MemoryError

    monkeypatch.setattr(Phrase, "spans", broken)
    assert screen("我想自杀").fault == "screen: MemoryError"


def test_a_fault_names_no_word_of_the_client(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(text: str) -> None:
        raise ValueError(text)

    monkeypatch.setattr(screening, "fold", broken)
    assert "秘密" not in screen("这是我的秘密").fault


def test_interleaved_clients_keep_their_own_verdicts() -> None:
    texts = ["我今晚就自杀", "今天天气真好", "my friend wants to kill herself", "笑死我了"]
    alone = {text: screen(text) for text in texts}
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(screen, texts * 500))
    assert together == [alone[text] for text in texts * 500]


def test_a_long_text_of_idioms_and_denials_is_read_through() -> None:
    assert screen("笑死我了，我没有想自杀。" * 8_000).risk is Risk.T1
    assert screen("笑死我了，我没有想自杀。" * 8_000 + "我今晚就自杀").risk is Risk.T4


def test_warmed_both_readers_are_there() -> None:
    readers = (lexicon, learned)
    for reader in readers:
        reader.cache_clear()
    warm()
    assert [reader.cache_info().currsize for reader in readers] == [1, 1]
