"""Development text with other values in it."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest

from anxin.train.personal.swap import swapped

POOLS = Path(__file__).parents[3] / "recipes" / "personal" / "swap.toml"


def item(text: str, *spans: tuple[str, str]) -> dict[str, Any]:
    marked, at = [], 0
    for words, kind in spans:
        at = text.index(words, at)
        marked.append({"start": at, "end": at + len(words), "kind": kind})
        at += len(words)
    return {"id": "t", "language": "zh", "text": text, "spans": marked}


@pytest.mark.parametrize("seed", range(12))
def test_what_stands_between_the_values_stays(seed: int) -> None:
    before = item("我叫李明轩，李明轩在恒源电子厂上班，电话13800001234。", ("李明轩", "name"), ("李明轩", "name"),
                  ("恒源电子厂", "workplace"), ("13800001234", "phone"))  # fmt: skip
    after = swapped(before, POOLS, Random(seed))
    first, second, work, phone = (after["text"][span["start"] : span["end"]] for span in after["spans"])
    assert after["text"] == f"我叫{first}，{second}在{work}上班，电话{phone}。"
    assert first == second
    assert phone == "13800001234"


def test_values_change_with_the_draw_and_only_with_it() -> None:
    before = item("Dr. Patel and Karen met at Lincoln High School", ("Dr. Patel", "name"), ("Karen", "name"),
                  ("Lincoln High School", "school"))  # fmt: skip
    texts = {swapped(before, POOLS, Random(seed))["text"] for seed in range(8)}
    assert len(texts) > 4
    assert all(text.startswith("Dr. ") for text in texts)
    assert swapped(before, POOLS, Random(3)) == swapped(before, POOLS, Random(3))


def test_a_title_and_a_prefix_stay() -> None:
    before = item("小周跟王老师说了", ("小周", "name"), ("王老师", "name"))
    for seed in range(8):
        text = swapped(before, POOLS, Random(seed))["text"]
        assert text.endswith("老师说了")
        assert text.startswith("小")
