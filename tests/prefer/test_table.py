"""Pairs in and out of files: ours, TRL's, and the released table's exact columns."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from anxin.corpus.files import Damage, read_records
from anxin.dialogue import Dialogue
from anxin.errors import ConfigError, DataError
from anxin.prefer import Lines, Pair, Side, pair_from, pair_record, read_pairs, write_pairs
from anxin.prefer.table import COLUMNS, Shape, psychocounsel, trl

from .parts import KEYS, scores

PROMPT = Dialogue(id="q7").says("client", "I feel stuck. 我很累")
PAIR = Pair(
    "q7#3",
    "q7",
    PROMPT,
    Side("What is hardest?", "c1", "kind", scores(5, staging=4)),
    Side("Just quit.", "r1", "blunt", scores(2), "unsafe:blame"),
    source="ours",
    leads={"judge": 2.9},
    metadata={"language": "en", "topic": "work"},
)

RELEASED: dict[str, Any] = {
    "ID": "a1b2", "prefID": 5, "question": "Why am I like this?", "chosen": "Tell me more?", "rejected": "Stop it.",
    "chosen_model": "big", "rejected_model": "small",
    **{f"chosen_{key}_rating": 5 for key in KEYS}, **{f"rejected_{key}_rating": 2 for key in KEYS},
}  # fmt: skip


def one(path: Path) -> Pair:
    (pair,) = read_pairs(path)
    assert isinstance(pair, Pair), pair
    return pair


@pytest.mark.parametrize("name", ["p.jsonl", "p.jsonl.zst"])
def test_our_own_lines_lose_nothing(tmp_path: Path, name: str) -> None:
    assert write_pairs([PAIR], tmp_path / name, "jsonl") == (1, {})
    assert one(tmp_path / name) == PAIR


def test_our_own_lines_are_trls_with_more_beside_them() -> None:
    record = json.loads(json.dumps(pair_record(PAIR)))
    assert {key: record[key] for key in ("prompt", "chosen", "rejected")} == trl(PAIR)
    assert (record["chosen_length"], record["rejected_length"]) == (16, 10)
    assert record["chosen_scores"]["staging"] == 4 and record["rejected_barred"] == "unsafe:blame"


def test_a_pair_without_scores_goes_to_a_file_and_back() -> None:
    """Votes, safety labels and corrections have none."""
    bare = Pair("v1", "v1", PROMPT, Side("a"), Side("b"), road="votes", metadata={"votes": [9, 1]})
    record = pair_record(bare)
    assert "chosen_scores" not in record and bare.margin is None
    assert pair_from(json.loads(json.dumps(record))) == replace(bare, prompt=Dialogue(PROMPT.messages, "v1"))


@pytest.mark.parametrize("name", ["t.jsonl", "t.parquet"])
def test_trl_format_holds_three_columns_of_messages(tmp_path: Path, name: str) -> None:
    long = replace(PAIR, prompt=PROMPT.says("counsellor", "Since when?").says("client", "May."))
    write_pairs([PAIR, long], tmp_path / name, "trl")
    rows = [record for _, record in read_records(tmp_path / name)]
    assert rows == [trl(PAIR), trl(long)]
    assert isinstance(rows[0], dict) and rows[0].keys() == {"prompt", "chosen", "rejected"}
    assert rows[0]["prompt"] == [{"role": "user", "content": "I feel stuck. 我很累"}]
    assert rows[0]["chosen"] == [{"role": "assistant", "content": "What is hardest?"}]
    back = list(read_pairs(tmp_path / name))
    assert [trl(pair) for pair in back if isinstance(pair, Pair)] == rows
    assert [pair.id for pair in back if isinstance(pair, Pair)] == ["t#1", "t#2"]


@pytest.mark.parametrize("name", ["r.jsonl", "r.parquet"])
def test_the_released_table_round_trip(tmp_path: Path, name: str) -> None:
    assert list(RELEASED) == list(COLUMNS)
    first = tmp_path / f"in-{name}"
    if name.endswith(".parquet"):
        pyarrow = pytest.importorskip("pyarrow")
        from pyarrow import parquet

        parquet.write_table(pyarrow.Table.from_pylist([RELEASED]), first)
    else:
        first.write_text(json.dumps(RELEASED) + "\n", "utf-8")
    pair = one(first)
    assert (pair.item, pair.id, pair.margin, pair.source) == ("a1b2", "a1b2#5", 3, "psychocounsel")
    assert write_pairs([pair], tmp_path / name, "psychocounsel") == (1, {})
    ((_, row),) = read_records(tmp_path / name)
    assert row == RELEASED and isinstance(row, dict) and list(row) == list(COLUMNS)


def test_the_parquet_of_the_released_table_has_its_types(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    from pyarrow import parquet

    write_pairs([PAIR], tmp_path / "p.parquet", "psychocounsel")
    columns = parquet.read_schema(tmp_path / "p.parquet")
    assert columns.names == list(COLUMNS)
    kinds = {name: str(columns.field(name).type) for name in COLUMNS}
    assert {name for name, kind in kinds.items() if kind == "string"} == {
        "ID", "question", "chosen", "rejected", "chosen_model", "rejected_model",
    }  # fmt: skip
    assert {kind for name, kind in kinds.items() if name.endswith("_rating") or name == "prefID"} == {"int64"}


def test_what_the_released_table_cannot_hold_is_left_out_with_the_reason(tmp_path: Path) -> None:
    turns = replace(PAIR, prompt=PROMPT.says("counsellor", "?").says("client", "May."))
    bare = replace(PAIR, chosen=Side("a"), rejected=Side("b"))
    close = replace(PAIR, chosen=Side("a", scores=scores(3.4)), rejected=Side("b", scores=scores(3.0)))
    written, left = write_pairs([PAIR, turns, bare, close], tmp_path / "p.jsonl", "psychocounsel")
    assert written == 1 and left == {"many_turns": 1, "unscored": 1, "rounding": 1}


def test_means_are_rounded_half_upwards() -> None:
    row = psychocounsel(replace(PAIR, chosen=Side("a", scores=scores(3.5)), rejected=Side("b", scores=scores(2.4))))
    assert isinstance(row, dict) and row["chosen_empathy_rating"] == 4 and row["rejected_empathy_rating"] == 2


def test_a_bad_row_costs_only_itself(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    bad = [
        {key: value for key, value in RELEASED.items() if key != "chosen"},
        RELEASED | {"chosen_safety_rating": 7},
        RELEASED | {"chosen_safety_rating": None},
        {"prompt": [{"role": "assistant", "content": "hi"}], "chosen": "a", "rejected": "b"},
        {"prompt": "hi", "chosen": [{"role": "user", "content": "a"}], "rejected": "b"},
        {"prompt": 5, "chosen": "a", "rejected": "b"},
    ]
    path.write_text("\n".join(json.dumps(record) for record in [RELEASED, *bad, RELEASED | {"prefID": 6}]), "utf-8")
    read = list(read_pairs(path))
    assert [isinstance(found, Pair) for found in read] == [True, *[False] * len(bad), True]
    first = read[1]
    assert isinstance(first, Damage) and first.where == "p.jsonl record 2: no chosen in the row"


def test_plain_strings_are_read_as_trl_allows(tmp_path: Path) -> None:
    (tmp_path / "p.jsonl").write_text('{"prompt": "hi", "chosen": "a", "rejected": "b"}\n', "utf-8")
    pair = one(tmp_path / "p.jsonl")
    assert (pair.prompt.messages[0].text, pair.chosen.text, pair.rejected.text) == ("hi", "a", "b")


@pytest.mark.parametrize(("name", "shape"), [("p.csv", "jsonl"), ("p.parquet", "jsonl")])
def test_a_file_that_cannot_hold_it_is_refused(tmp_path: Path, name: str, shape: Shape) -> None:
    with pytest.raises(ConfigError):
        write_pairs([PAIR], tmp_path / name, shape)
    assert list(tmp_path.iterdir()) == []


def test_lines_that_end_in_an_error_leave_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl.zst"
    with pytest.raises(DataError), Lines(path) as lines:
        lines.write({"a": 1})
        raise DataError("enough")
    assert list(tmp_path.iterdir()) == []
