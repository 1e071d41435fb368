"""The phrases the steps look for."""

from __future__ import annotations

import tomllib
from importlib import resources

import pytest

from anxin.corpus.clean.phrases import phrases

NAMES = tomllib.loads(resources.files("anxin.corpus.clean").joinpath("phrases.toml").read_text("utf-8"))["phrases"]


@pytest.mark.parametrize("name", NAMES)
def test_no_row_is_found_in_plain_words_or_in_nothing(name: str) -> None:
    for text in ("", "雨下了一整天，窗台上的花开了。", "It rained all day and the flowers by the window opened."):
        assert phrases(name).search(text) is None, text


def test_a_set_stands_for_all_of_its_words() -> None:
    assert phrases("advert").search("欢迎关注我的小红书")
    assert phrases("life").search("是的，我外婆也这样")
