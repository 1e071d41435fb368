"""Search finds what shares words, best first, and only on its own shelf."""

from __future__ import annotations

from collections.abc import Collection

from hypothesis import given
from hypothesis import strategies as st

from anxin.dialogue import Language
from anxin.retrieve import Index, Kind, Piece
from anxin.retrieve.index import terms


def piece(id: str, title: str, *words: str, kind: Kind = "card", language: Language = "zh", body: str = "。") -> Piece:
    return Piece(id, kind, language, title, (body,), ("daily_life",), words)


SLEEP = piece("sleep", "睡前一小时", "睡不着", "失眠", body="把灯调暗，手机放远。")
WORRY = piece("worry", "给担心约个时间", "担心", "停不下来", body="写下来，到点再想。")
RAIN = piece("rain", "下雨天", "下雨", "雨伞", body="出门看天。")
TEA = piece("tea", "A cup of tea", "worrying", "tea", language="en", body="Put the kettle on.")
INDEX = Index([SLEEP, WORRY, RAIN, TEA])


def found(query: str, kind: Kind = "card", language: Language = "zh", without: Collection[str] = ()) -> list[str]:
    return [hit.id for hit, _ in INDEX.search(query, kind, language, without=without)]


def test_chinese_is_found_without_a_dictionary() -> None:
    assert found("这几天晚上总是睡不着觉")[0] == "sleep"
    assert found("一直担心，脑子停不下来")[0] == "worry"
    assert found("雨")[0] == "rain"


def test_english_is_found_by_stem() -> None:
    assert found("I worry so much", language="en") == ["tea"]
    assert found("kettles", language="en") == ["tea"]


def test_what_shares_nothing_is_not_found() -> None:
    assert found("火车票") == found("") == found("!!") == []


def test_other_shelves_are_not_searched() -> None:
    assert found("睡不着", "exercise") == found("睡不着", language="en") == []


def test_a_piece_can_be_left_out() -> None:
    assert "sleep" not in found("睡不着", without=frozenset({"sleep"}))


def test_what_a_client_would_say_weighs_more_than_the_text() -> None:
    text = piece("text", "别的", "别的", "另外", body="说到失眠，人人都有。")
    word = piece("word", "别的", "失眠", "另外", body="说到别的，人人都有。")
    assert [hit.id for hit, _ in Index([text, word]).search("失眠", "card", "zh")] == ["word", "text"]


def test_english_words_keep_what_tells_them_apart() -> None:
    assert set(terms("bring, worries, worrying")) == {"bring", "worry"}
    assert terms("breathe") == terms("breathing") != terms("bread")


@given(st.text(max_size=60))
def test_any_query_is_answered_in_falling_order(query: str) -> None:
    scores = [score for _, score in INDEX.search(query, "card", "zh")]
    assert scores == sorted(scores, reverse=True) and all(score > 0 for score in scores)
