"""The authored dialogues that teach `mini` its manner keep their own rules."""

from __future__ import annotations

import json
import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from anxin.corpus import Sample, read
from anxin.corpus.clean import clean

RECIPES = Path(__file__).parents[2] / "recipes"
SEED = RECIPES / "anxin-seed.jsonl"
CONTACT = re.compile(r"\d{5,}|\d{3}[-\s]\d{3}|https?:|www\.|@\w+\.|\.(?:com|org|cn)\b")
CLAIMS_TO_BE_HUMAN = re.compile(
    r"我是真人|我也是人|我是(?:一名|个)?(?:咨询师|心理师)|\bI'm (?:human|a person|a therapist)\b"
)


@pytest.fixture(scope="module")
def samples() -> list[Sample]:
    return list(read("dialogues", SEED))


def _replies(samples: list[Sample], language: str) -> Iterator[tuple[str, str]]:
    for sample in samples:
        if sample.id.startswith(f"seed-{language}-"):
            for message in sample.dialogue.by("counsellor"):
                yield sample.id, message.text


def test_there_are_enough_dialogues_in_both_languages(samples: list[Sample]) -> None:
    counts = Counter(sample.id.split("-")[1] for sample in samples)
    assert set(counts) == {"zh", "en"}
    assert counts["zh"] >= 170
    assert counts["en"] >= 80


def test_ids_are_unique_and_name_their_language(samples: list[Sample]) -> None:
    ids = [sample.id for sample in samples]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"seed-(zh|en)-\d{3}", id) for id in ids)
    for sample in samples:
        chinese = any("\u4e00" <= character <= "\u9fff" for message in sample.dialogue for character in message.text)
        assert chinese == sample.id.startswith("seed-zh-"), sample.id


def test_client_and_counsellor_alternate_from_first_to_last(samples: list[Sample]) -> None:
    for sample in samples:
        roles = [message.role for message in sample.dialogue]
        assert roles == ["client", "counsellor"] * (len(roles) // 2), sample.id
        assert 2 <= len(roles) // 2 <= 10, sample.id


def test_short_middle_and_long_dialogues_are_mixed(samples: list[Sample]) -> None:
    for language in ("zh", "en"):
        turns = [len(sample.dialogue) // 2 for sample in samples if sample.id.startswith(f"seed-{language}-")]
        shares = [sum(low <= turn <= high for turn in turns) / len(turns) for low, high in ((2, 3), (4, 6), (8, 10))]
        assert shares == pytest.approx([0.4, 0.4, 0.2], abs=0.05), language


def test_replies_are_short_but_not_bare(samples: list[Sample]) -> None:
    for id, text in _replies(samples, "zh"):
        assert 12 <= len(text) <= 90, (id, text)
    for id, text in _replies(samples, "en"):
        assert 8 <= len(text.split()) <= 45, (id, text)


def test_a_reply_asks_at_most_one_question(samples: list[Sample]) -> None:
    for language in ("zh", "en"):
        for id, text in _replies(samples, language):
            assert len(re.findall("[?？]", text)) <= 1, (id, text)


def test_nothing_is_said_twice(samples: list[Sample]) -> None:
    replies = Counter(text for language in ("zh", "en") for _, text in _replies(samples, language))
    openings = Counter(sample.dialogue.messages[0].text.casefold() for sample in samples)
    assert [text for text, count in replies.items() if count > 1] == []
    assert [text for text, count in openings.items() if count > 1] == []


def test_no_single_opening_becomes_a_tic(samples: list[Sample]) -> None:
    for language, head in (("zh", 3), ("en", 10)):
        heads = Counter(text[:head] for _, text in _replies(samples, language))
        ((_, most),) = heads.most_common(1)
        assert most <= 0.04 * heads.total(), heads.most_common(3)


def test_no_numbers_addresses_or_claims_to_be_human(samples: list[Sample]) -> None:
    for sample in samples:
        for message in sample.dialogue:
            assert not CONTACT.search(message.text), (sample.id, message.text)
            if message.role == "counsellor":
                assert not CLAIMS_TO_BE_HUMAN.search(message.text), (sample.id, message.text)


def test_the_recipe_s_own_cleaning_keeps_every_dialogue_as_it_stands(samples: list[Sample]) -> None:
    crisis = tomllib.loads((RECIPES / "anxin-mini.toml").read_text(encoding="utf-8"))["crisis"]
    for sample in samples:
        kept = clean(sample, crisis)
        assert isinstance(kept, Sample), (sample.id, kept)
        assert kept.dialogue.messages == sample.dialogue.messages, sample.id


def test_a_line_is_compact_json_with_readable_chinese() -> None:
    for line in SEED.read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        assert set(record) == {"id", "messages"}
        assert "\\u" not in line
