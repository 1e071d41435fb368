"""The packaged pieces keep to the format, and the loader says what a piece gets wrong."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from anxin.errors import ConfigError, DataError
from anxin.retrieve import library
from anxin.retrieve.library import read
from anxin.safety import Guard, Risk, screen

GOOD: dict[str, Any] = {
    "kind": "crosstalk",
    "language": "zh",
    "piece": [
        {
            "id": "crosstalk-zh-tea",
            "title": "泡茶",
            "topics": ["daily_life"],
            "words": ["喝茶", "茶叶"],
            "body": ["甲：一。", "乙：二。", "甲：三。", "乙：四。", "甲：五。"],
        }
    ],
}


def changed(**values: object) -> dict[str, Any]:
    table = deepcopy(GOOD)
    table["piece"][0].update(values)
    return table


def test_every_packaged_file_is_read_and_every_kind_is_there_in_both_languages() -> None:
    held = {(piece.kind, piece.language) for piece in library()}
    assert held == {(kind, language) for kind in ("crosstalk", "exercise", "card") for language in ("zh", "en")}


def test_ids_and_titles_tell_pieces_apart() -> None:
    assert len({piece.id for piece in library()}) == len(library())
    titles = [(piece.kind, piece.language, piece.title) for piece in library()]
    assert sorted({title for title in titles if titles.count(title) > 1}) == []


def test_no_piece_says_what_a_reply_may_not_say() -> None:
    for piece in library():
        text = "\n".join((piece.title, *piece.body, piece.note))
        guard = Guard(piece.language)
        guard.feed(text)
        guard.finish()
        assert not guard.tripped, piece.id


def test_no_piece_reads_like_risk() -> None:
    most = {"crosstalk": Risk.T0, "exercise": Risk.T1, "card": Risk.T1}
    for piece in library():
        for line in (piece.title, *piece.body, piece.note):
            assert screen(line).risk <= most[piece.kind], f"{piece.id}: {line}"


def test_a_good_piece_is_read() -> None:
    (piece,) = read(GOOD)
    assert (piece.kind, piece.language, piece.title, len(piece.body)) == ("crosstalk", "zh", "泡茶", 5)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"id": "crosstalk-en-tea"}, "the id must be crosstalk-zh-"),
        ({"title": ""}, "title"),
        ({"body": ["甲：一。", "乙：二。"]}, "5 to 10 lines, not 2"),
        ({"body": ["乙：一。", "甲：二。", "乙：三。", "甲：四。", "乙：五。"]}, "in turn"),
        ({"body": ["甲：一。", "甲：二。", "乙：三。", "甲：四。", "乙：五。"]}, "in turn"),
        ({"body": ["甲：" + "长" * 100, "乙：二。", "甲：三。", "乙：四。", "甲：五。"]}, "1 to 90 characters"),
        ({"topics": []}, "1 to 4 topics"),
        ({"words": ["茶"]}, "2 to 16 words"),
        ({"minutes": 3}, "minutes"),
    ],
)
def test_a_bad_piece_is_named_with_what_to_change(values: dict[str, object], says: str) -> None:
    with pytest.raises(DataError, match=says):
        read(changed(**values), "file.toml")


def test_an_unknown_topic_is_an_error() -> None:
    with pytest.raises(ConfigError, match="must be one of anger"):
        read(changed(topics=["tea"]))


def test_an_unknown_key_is_an_error() -> None:
    with pytest.raises(ConfigError, match="did you mean title"):
        read(changed(titel="x"))


def test_an_exercise_needs_a_source_and_a_length() -> None:
    table = changed(id="exercise-zh-tea", body=["一。", "二。", "三。"])
    table["kind"] = "exercise"
    with pytest.raises(DataError, match="source"):
        read(table)
    table["piece"][0]["source"] = "某书"
    with pytest.raises(DataError, match="minutes"):
        read(table)
    table["piece"][0]["minutes"] = 5
    assert read(table)[0].minutes == 5
