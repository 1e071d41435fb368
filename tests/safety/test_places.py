"""Whose lines: the client's own word, then what they chose, then their browser; a wrong country is worse than none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anxin.dialogue import Dialogue
from anxin.safety import lines, region_of, regions
from anxin.safety.normal import fold


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("我在香港", "HK"),
        ("我現在人在台灣讀書", "TW"),
        ("我在英国留学，好想死", "GB"),
        ("我在伦敦，以前在北京", "GB"),
        ("住在新加坡", "SG"),
        ("坐标上海", "CN"),
        ("I'm in London", "GB"),
        ("i live in new york and i want to die", "US"),
        ("I'm a student in Dublin.", "IE"),
        ("I moved to the UK", "GB"),
        ("I used to live in China but now I'm in Singapore", "SG"),
        ("he is in the uk and i'm in hong kong", "HK"),
        ("I'm in Hong Kong, China", "HK"),
        ("I'm in London, Ontario", "default"),
        ("我在巴黎", "default"),
        ("I live in Australia", "default"),
    ],
)
def test_the_clients_own_word_decides(text: str, region: str) -> None:
    assert region_of(text, "CN" if region != "CN" else "US", "fr-CA") == region


@pytest.mark.parametrize(
    "text",
    [
        "我妈在美国",
        "我朋友在英国",
        "他住在美国",
        "我以前在香港",
        "去年的时候，我在香港，认识了他",
        "我不在香港",
        "我想去英国",
        "我和他在香港认识",
        "我在香港的朋友想死",
        "我在想美国的事",
        "I was in London last year",
        "I'm not in London",
        "i'm interested in London",
        "my friend lives in the US",
        "I'm going to Paris",
        "if i lived in the UK",
        "I'm in pain",
        "",
    ],
)
def test_what_is_not_plainly_said_of_oneself_here_and_now_does_not(text: str) -> None:
    assert region_of(text, "SG") == "SG"


def test_the_newest_word_counts_and_only_the_clients() -> None:
    dialogue = Dialogue().says("client", "我在香港").says("counsellor", "我在美国").says("client", "好累")
    assert region_of(dialogue) == "HK"
    assert region_of(dialogue.says("client", "我现在在台湾")) == "TW"


@pytest.mark.parametrize(
    ("setting", "locale", "default", "region"),
    [
        ("gb", "zh-HK", "CN", "GB"),
        ("", "zh-HK,zh;q=0.9", "CN", "HK"),
        ("", "zh-Hant-TW", "CN", "TW"),
        ("", "en;q=0.3, en-GB;q=0.8", "CN", "GB"),
        ("", "en_SG", "default", "SG"),
        ("", "en-US,en;q=0.9", "CN", "CN"),  # what browsers are shipped with says little
        ("", "zh-CN", "GB", "GB"),
        ("", "en-US", "default", "US"),
        ("", "fr-FR", "default", "default"),
        ("", "fr-FR", "CN", "CN"),
        ("nowhere", "", "CN", "CN"),
        ("", "", "nowhere", "default"),
    ],
)
def test_then_the_setting_then_the_locale_then_the_house(setting: str, locale: str, default: str, region: str) -> None:
    assert region_of("你好", setting, locale, default) == region


@given(st.text(), st.text(max_size=8), st.text(max_size=20), st.text(max_size=8))
def test_any_words_give_a_region_that_has_lines(text: str, setting: str, locale: str, default: str) -> None:
    found = region_of(text, setting, locale, default)
    assert found in {code for code, _ in regions("en")}
    assert region_of(text, setting, locale, default) == found


def test_every_place_is_folded_and_belongs_to_one_region() -> None:
    raw = [name for region in lines._table().values() for name in region.places]
    assert len(raw) == len(set(raw))
    assert all(name == fold(name).text for name in raw)


def test_with_the_lines_broken_the_setting_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> object:
        raise OSError("injected")

    monkeypatch.setattr("anxin.safety.places.places", broken)
    monkeypatch.setattr("anxin.safety.places.regions", broken)
    assert region_of("我在香港", "us") == "US"
    assert region_of("我在香港", "", "zh-HK", "CN") == "CN"
