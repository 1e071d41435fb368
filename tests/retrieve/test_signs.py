"""What the gate hears in a message."""

from __future__ import annotations

import pytest

from anxin.dialogue import Language
from anxin.retrieve.signs import fold_text, holds, mood, signs


def heard(text: str, language: Language) -> tuple[int, int]:
    found = mood(fold_text(text), language)
    return found.light, found.heavy


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("哈哈，笑死我了", "zh"),
        ("今天没那么难过了", "zh"),
        ("說出來輕鬆多了", "zh"),
        ("haha that's funny", "en"),
        ("Not so bad today", "en"),
        ("I can’t stop laughing", "en"),
        ("ok 😂", "en"),
    ],
)
def test_a_light_message(text: str, language: Language) -> None:
    light, heavy = heard(text, language)
    assert light > 0 and heavy == 0


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("我不开心", "zh"),
        ("一点都笑不出来", "zh"),
        ("哈哈，我真没用", "zh"),
        ("呵呵", "zh"),
        ("I'm not happy", "en"),
        ("haha I'm such a failure", "en"),
        ("they all laughed at me", "en"),
        ("I used to be happy", "en"),
    ],
)
def test_a_message_that_only_looks_light(text: str, language: Language) -> None:
    assert heard(text, language)[1] > 0


def test_a_message_that_says_neither() -> None:
    assert heard("我今天去买菜了", "zh") == heard("I went to the shop", "en") == (0, 0)


def test_english_signs_are_whole_words() -> None:
    assert not holds(fold_text("I studied for the deadline"), signs("en").grave)
    assert holds(fold_text("My dog died."), signs("en").grave)
    assert holds(fold_text("我emo了"), signs("zh").heavy)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_no_sign_is_both_light_and_heavy(language: Language) -> None:
    known = signs(language)
    assert set(map(fold_text, known.light)) & set(map(fold_text, known.heavy)) == set()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_sign_is_found_in_itself(language: Language) -> None:
    known = signs(language)
    groups = [known.light, known.heavy, known.grave, known.apart, known.jokes, known.shows, known.why]
    for phrases in [*groups, *(need.signs for need in known.need)]:
        for phrase in phrases:
            assert holds(fold_text(phrase), (phrase,)), phrase
