"""The tagger: its file, its legal tags, what it reads."""

from __future__ import annotations

import json
import zlib

import numpy as np
import pytest

from anxin.corpus.personal.span import Found
from anxin.corpus.personal.tagger import BITS, TAGS, TEMPLATES, Tagger, _best, hashed, pack, tagger
from anxin.corpus.personal.units import read_units
from anxin.errors import ConfigError

COUNTS = np.zeros(1 << 20, np.uint8)


def small_model() -> bytes:
    features = np.array([3, 200, 70_000, (1 << BITS) - 1])
    weights = np.linspace(-1, 1, len(features) * len(TAGS), dtype=np.float32).reshape(len(features), -1)
    return pack(features, weights, np.zeros(len(TAGS), np.float32), COUNTS, {"the": 7, "will": 6})


def test_a_model_file_is_read_as_it_was_packed() -> None:
    model = Tagger.read(small_model())
    assert [int(model.place[row]) for row in (3, 200, 70_000, (1 << BITS) - 1, 4)] == [1, 2, 3, 4, 0]
    assert model.small == {"the": 7, "will": 6}
    assert model.weights[1, 0] * model.scale == pytest.approx(-1, abs=0.01)
    assert not model.weights[0].any()


@pytest.mark.parametrize("harm", ["cut", "format", "tags", "bias"])
def test_a_damaged_file_says_so(harm: str) -> None:
    raw = small_model()
    record = json.loads(zlib.decompress(raw))
    record |= {"format": {"format": 99}, "tags": {"tags": ["O"]}, "bias": {"bias": [0.0]}, "cut": {}}[harm]
    broken = raw[: len(raw) // 2] if harm == "cut" else zlib.compress(json.dumps(record).encode())
    with pytest.raises(ConfigError, match="reinstall anxin"):
        Tagger.read(broken)


def test_what_is_begun_is_ended_as_the_same_kind() -> None:
    random = np.random.default_rng(4)
    for _ in range(40):
        tags = [TAGS[tag] for tag in _best(random.normal(size=(9, len(TAGS))).astype(np.float32))]
        open_ = ""
        for tag in tags:
            part, _, kind = tag.partition("-")
            assert (part in "IE") == bool(open_)
            assert not open_ or kind == open_
            open_ = kind if part in "BI" and part != "O" else ""
        assert open_ == ""


def test_units_are_characters_and_words_with_their_places() -> None:
    text = "我叫Li Wei，13岁。"
    units = read_units([text], [[Found(2, 8, "name")]], COUNTS, {})
    inside = np.flatnonzero(units.text_of == 0)
    assert [text[units.starts[one] : units.ends[one]] for one in inside] == [
        "我",
        "叫",
        "Li",
        "Wei",
        "，",
        "13",
        "岁",
        "。",
    ]
    assert [int(units.fields["rule"][one]) > 0 for one in inside] == [False, False, True, True, *[False] * 4]
    rows = hashed(units, inside)
    assert rows.shape == (len(TEMPLATES), len(inside))
    assert rows.min() >= 0
    assert rows.max() < 1 << BITS


def test_a_text_is_no_neighbour_of_the_next() -> None:
    alone = hashed_of(["他走了"], 0)
    beside = hashed_of(["王老师", "他走了", "李明轩"], 1)
    assert (alone == beside).all()


def hashed_of(texts: list[str], which: int) -> np.ndarray:
    units = read_units(texts, [[] for _ in texts], COUNTS, {})
    return hashed(units, np.flatnonzero(units.text_of == which))


def test_leaning_towards_personal_finds_no_less() -> None:
    texts = ["她叫周以宁，在清溪中学念高二，妈妈在恒源电子厂上班。", "Tell Priya I moved to 14 Alder Street."]
    model = tagger()
    hints: list[list[Found]] = [[], []]
    covered = [
        sum(one.end - one.start for found in model.find(texts, hints, lean) for one in found)
        for lean in (-8.0, 1.0, 6.0)
    ]
    assert covered == sorted(covered)
    assert covered[-1] > covered[0]
