"""The lexicon is data: every row compiles, a bad row is named, and a new phrase is one row."""

from __future__ import annotations

import tomllib

import pytest

from anxin.errors import ConfigError
from anxin.safety.context import short_answer
from anxin.safety.lexicon import lexicon, read_rows
from anxin.safety.verdict import Cue, Risk


def test_every_shipped_row_says_why_and_what() -> None:
    rows = lexicon().rows
    assert len(rows) > 60
    assert sum(len(row.phrases) for row in rows) > 900
    for row in rows:
        assert row.why
        assert row.mask == "" or row.level is Risk.T0


def test_every_level_is_covered_in_both_languages() -> None:
    for english in (False, True):
        assert {row.level for row in lexicon().rows if row.english is english} == set(Risk)


def test_a_phrase_is_one_row() -> None:
    (row,) = read_rows(
        tomllib.loads('[[row]]\nsay = ["想吃药~3死"]\nlevel = 3\nwhy = "method"'), "mine.toml", english=False
    )
    assert row.level is Risk.T3
    assert list(row.phrases[0].spans("我想吃药去死")) == [(1, 6)]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ('[[row]]\nsay = ["死"]\nlevel = 9\nwhy = "x"', "row 1"),
        ('[[row]]\nsay = ["死"]\nwhi = "x"', "whi"),
        ('[[row]]\nlevel = 1\nwhy = "x"', "say"),
        ('[[row]]\nsay = ["(死"]\nwhy = "open"', "open"),
        ('[[row]]\nsay = ["死"]\nwhy = "x"\nconcern = "weather"', "weather"),
        ("x = 1", "no rows"),
    ],
)
def test_a_bad_row_is_named(text: str, word: str) -> None:
    with pytest.raises(ConfigError, match=r"mine\.toml") as caught:
        read_rows(tomllib.loads(text), "mine.toml", english=False)
    assert word in str(caught.value)


@pytest.mark.parametrize(
    ("text", "cues"),
    [
        ("嗯", (Cue.YES,)),
        ("嗯,我有", (Cue.YES,)),
        ("嗯..就是很累", ()),
        ("嗯,没有", (Cue.NO,)),
        ("嗯..不知道怎么说", ()),
    ],
)
def test_a_murmur_before_other_words_is_no_yes(text: str, cues: tuple[Cue, ...]) -> None:
    assert short_answer(text) == cues
