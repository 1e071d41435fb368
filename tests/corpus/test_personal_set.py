"""The authored set in bench/personal is whole: what is measured on it rests on its offsets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parents[2] / "bench" / "personal"
HALVES = ("dev", "test")
MORE = ("more_en", "more_zh_a", "more_zh_b")
KINDS = {
    "account", "address", "email", "hospital", "id_card", "link", "name", "phone", "qq", "school", "wechat",
    "workplace",
}  # fmt: skip


def rows(half: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (FOLDER / f"{half}.jsonl").read_text("utf-8").splitlines()]


def values(half: str) -> set[str]:
    return {row["text"][span["start"] : span["end"]] for row in rows(half) for span in row["spans"]}


def faults(row: dict[str, Any]) -> list[str]:
    """What is wrong with one row; empty where nothing is."""
    found = []
    if not {"id", "language", "text", "spans"} <= set(row) <= {"id", "language", "text", "spans", "note"}:
        return [f"fields {sorted(row)}"]
    if not row["text"].strip():
        found.append("no text")
    if row["language"] not in ("zh", "en"):
        found.append(f"language {row['language']}")
    reached = 0
    for span in row["spans"]:
        if set(span) != {"start", "end", "kind"}:
            return [*found, f"span fields {sorted(span)}"]
        if not reached <= span["start"] < span["end"] <= len(row["text"]):
            found.append(f"span {span['start']}-{span['end']} is out of range, empty, out of order or overlaps")
        marked = row["text"][span["start"] : span["end"]]
        # An offset that slipped by one nearly always takes in a space or a comma.
        if marked != marked.strip(" \n，。、；：,;:"):
            found.append(f"span {span['start']}-{span['end']} begins or ends in a space or comma")
        if span["kind"] not in KINDS:
            found.append(f"kind {span['kind']}")
        reached = span["end"]
    return found


@pytest.mark.parametrize("half", (*HALVES, *MORE))
def test_every_row_is_sound(half: str) -> None:
    assert {row["id"]: wrong for row in rows(half) if (wrong := faults(row))} == {}


@pytest.mark.parametrize("half", HALVES)
def test_a_half_is_large_enough_and_balanced(half: str) -> None:
    every = rows(half)
    assert len(every) >= 350
    assert {span["kind"] for row in every for span in row["spans"]} == KINDS
    assert 0.6 <= sum(row["language"] == "zh" for row in every) / len(every) <= 0.72
    assert sum(not row["spans"] for row in every) / len(every) >= 0.25


def test_an_id_is_used_once_and_names_its_half_and_language() -> None:
    every = [(half, row) for half in HALVES for row in rows(half)]
    assert [row["id"] for half, row in every if not row["id"].startswith(f"{row['language']}-{half}-")] == []
    ids = [row["id"] for part in (*HALVES, *MORE) for row in rows(part)]
    assert len(set(ids)) == len(ids)


def test_no_text_stands_twice_and_the_halves_share_no_marked_value() -> None:
    texts = [row["text"] for part in (*HALVES, *MORE) for row in rows(part)]
    assert len(set(texts)) == len(texts)
    # Shown by number only, so that a failing run does not print the held-out half.
    assert len(values("dev") & values("test")) == 0


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"spans": [{"start": 2, "end": 9, "kind": "name"}]}, "span 2-9"),
        ({"spans": [{"start": 2, "end": 2, "kind": "name"}]}, "span 2-2"),
        ({"spans": [{"start": 2, "end": 4, "kind": "name"}, {"start": 3, "end": 5, "kind": "name"}]}, "span 3-5"),
        ({"spans": [{"start": 2, "end": 5, "kind": "nickname"}]}, "kind nickname"),
        ({"spans": [{"start": 2, "end": 6, "kind": "name"}]}, "span 2-6 begins or ends"),
        ({"language": "fr"}, "language fr"),
        ({"text": " "}, "no text"),
        ({"label": 1}, "fields"),
    ],
)
def test_a_broken_row_is_noticed(change: dict[str, Any], fault: str) -> None:
    sound = {"id": "zh-dev-001", "language": "zh", "text": "我叫李明轩，高二", "spans": []}
    assert faults(sound) == []
    assert any(found.startswith(fault) for found in faults(sound | change))
