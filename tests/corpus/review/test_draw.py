from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anxin.corpus.files import Shard
from anxin.corpus.manifest import write_manifest
from anxin.corpus.review import draw, drawn
from anxin.corpus.review.draw import shares
from anxin.corpus.sample import Sample
from anxin.errors import ConfigError, DataError

from .parts import sample, stage


def test_every_source_gets_the_same_part_and_a_small_one_leaves_its_rest_to_the_others(tmp_path: Path) -> None:
    found = draw(stage(tmp_path / "s"), tmp_path / "r", size=16)
    assert Counter(item.sample.source for item in found.items) == {"books": 10, "rare": 6}
    assert {(part.name, part.of, part.drawn) for part in found.strata} == {("books", 24, 10), ("rare", 6, 6)}


def test_what_was_dropped_comes_with_the_rules_reason_and_each_rule_is_looked_at(tmp_path: Path) -> None:
    found = draw(stage(tmp_path / "s"), tmp_path / "r", size=12, by="reason", also=["dropped"])
    assert Counter((item.where, item.reason) for item in found.items) == {
        ("kept", ""): 6,
        ("dropped", "advert"): 3,
        ("dropped", "too_short"): 3,
    }
    assert all(item.detail.startswith("rule ") for item in found.items if item.where == "dropped")
    assert all("dropped" not in item.sample.metadata for item in found.items)


def test_what_was_set_aside_is_looked_at_when_asked(tmp_path: Path) -> None:
    found = draw(stage(tmp_path / "s"), tmp_path / "r", size=9, also=["all"])
    assert Counter(item.where for item in found.items) == {"kept": 3, "dropped": 3, "crisis": 3}


def test_an_unknown_place_names_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="beside the kept it has crisis, dropped"):
        draw(stage(tmp_path / "s"), tmp_path / "r", also=["droped"])


def test_the_choice_stays_when_the_corpus_grows_and_is_read_in_another_order(tmp_path: Path) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    with Shard(before, "a") as shard:
        for number in range(200):
            shard.put(sample(f"k{number}"))
    with Shard(after, "a") as shard:
        for number in reversed(range(220)):
            shard.put(sample(f"k{number}"))
    first = {item.key for item in draw(before, tmp_path / "r1", size=50).items}
    second = {item.key for item in draw(after, tmp_path / "r2", size=50).items}
    assert len(first) == len(second) == 50
    assert len(first & second) >= 40, "twenty new ones of 220 can push out few of fifty"


def test_drawn_once_it_stays_and_other_options_are_refused(tmp_path: Path) -> None:
    folder = stage(tmp_path / "s")
    first = draw(folder, tmp_path / "r", size=5)
    with Shard(folder, "b") as shard:
        for number in range(50):
            shard.put(sample(f"n{number}"))
    assert draw(folder, tmp_path / "r", size=5).items == first.items == drawn(tmp_path / "r").items
    with pytest.raises(ConfigError, match="another sample"):
        draw(folder, tmp_path / "r", size=6)


def test_of_a_run_the_last_stage_is_looked_at_and_every_stages_drops(tmp_path: Path) -> None:
    run = tmp_path / "run"
    for name, kept, dropped in (("z-clean", 10, 4), ("a-dedup", 8, 2)):
        stage(run / name, kept, dropped, left_out=name)
        write_manifest(run / name, {"stage": name}, [], [])
        body = (run / name / "manifest.json").read_text().replace('"finished": "', f'"finished": "{9 - kept // 2}')
        (run / name / "manifest.json").write_text(body)
    stage(run / "not-complete", 5, 5)
    found = draw(run, tmp_path / "r", size=100, by="stage", also=["dropped"])
    assert Counter((item.stage, item.where) for item in found.items) == {
        ("a-dedup", "kept"): 8,
        ("a-dedup", "dropped"): 2,
        ("z-clean", "dropped"): 4,
    }
    assert {(part.where, part.name, part.of) for part in found.strata} >= {("dropped", "a-dedup", 2)}


def test_documents_thoughts_and_half_a_surrogate_pair_survive(tmp_path: Path) -> None:
    with Shard(tmp_path / "s", "a") as shard:
        shard.put(Sample("doc", document="一段文稿 \ud83d", source="web"))
    found = draw(tmp_path / "s", tmp_path / "r")
    assert found.items[0].sample.document == "一段文稿 \ud83d"
    assert drawn(tmp_path / "r").items == found.items


def test_bad_lines_are_told_and_cost_only_themselves(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text('{"id": "1", "messages": [{"role": "user", "content": "hi"}]}\nnot json\n')
    found = draw(tmp_path / "x.jsonl", tmp_path / "r")
    assert len(found.items) == 1
    assert found.damage == ("x.jsonl line 2: Expecting value",)


def test_a_plain_folder_of_files_will_do(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for name in "ab":
        line = f'{{"id": "{name}", "messages": [{{"role": "user", "content": "hi"}}]}}\n'
        (tmp_path / "in" / f"{name}.jsonl").write_text(line)
    assert {item.sample.id for item in draw(tmp_path / "in", tmp_path / "r").items} == {"a", "b"}
    with pytest.raises(ConfigError, match="is no stage"):
        draw(tmp_path / "in", tmp_path / "r2", also=["dropped"])


def test_nothing_to_look_at_is_said(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text("")
    with pytest.raises(DataError, match="holds no samples"):
        draw(tmp_path / "x.jsonl", tmp_path / "r")


@given(st.dictionaries(st.text(max_size=3), st.integers(0, 50), max_size=8), st.integers(0, 200))
def test_shares_fill_the_room_and_give_nobody_less_than_another_without_need(sizes: dict[str, int], room: int) -> None:
    given_ = shares(sizes, room)
    assert sum(given_.values()) == min(room, sum(sizes.values()))
    assert all(0 <= given_[name] <= sizes[name] for name in sizes)
    short = [given_[name] for name in sizes if given_[name] < sizes[name]]
    assert not short or max(given_.values()) <= min(short) + 1
