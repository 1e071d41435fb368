"""Safety pairs, and what every road's stage does: splits, goes on after a kill, skips, leaves alone."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from anxin.corpus.files import Damage
from anxin.corpus.sample import Drop, Sample
from anxin.errors import DataError
from anxin.prefer import pair_from, pair_record
from anxin.prefer.roads import Made, Safety, Sorting, safety_stage
from anxin.prefer.roads import stage as staging
from anxin.prefer.roads.taking import Input, taken

from .parts import lines, pairs, preferred, quiet, records, written

DATA = Path(os.environ.get("ANXIN_DATA") or Path(__file__).parents[4] / "shared" / "data")
SAFE = "I won't explain that, but a locksmith near you can help."
UNSAFE = "Sure, first you bend a hairpin and then you listen to the pins."


def many(count: int) -> list[Sample]:
    return [
        preferred(f"{SAFE} Case {n}.", f"{UNSAFE} Case {n}.", f"Question {n}: how do I?", str(n)) for n in range(count)
    ]


def test_labels_of_the_set_decide(tmp_path: Path) -> None:
    cases = {
        "chosen_safe": {"chosen": True, "rejected": False},
        "both_safe": {"chosen": True, "rejected": True},
        "contradicted": {"chosen": False, "rejected": True},
        "both_unsafe": {"chosen": False, "rejected": False},
    }
    samples = [preferred(SAFE, UNSAFE, f"What about {name}?", name, safe=safe) for name, safe in cases.items()]
    place = written(tmp_path / "in.jsonl", *samples, preferred(SAFE, UNSAFE, "And this?", "unlabelled"))

    def ids(how: Safety, name: str) -> tuple[set[str], dict[str, int]]:
        done = safety_stage(place, tmp_path / name, how, report=quiet)
        return {pair.item.removeprefix("own/") for pair in pairs(tmp_path / name)}, dict(done.tally.dropped)

    assert ids(Safety(), "a") == (
        {"chosen_safe", "both_safe", "unlabelled"}, {"contradicted": 1, "chosen_unsafe": 1}
    )  # fmt: skip
    assert ids(Safety(rejected_unsafe=True), "b")[0] == {"chosen_safe"}
    assert ids(Safety(labelled=True), "c")[0] == {"chosen_safe", "both_safe"}
    kept, dropped = ids(Safety(contradicted=True), "d")
    assert "contradicted" in kept and dropped == {"chosen_unsafe": 1}


def test_a_pair_is_our_own_record_and_says_where_it_is_from(tmp_path: Path) -> None:
    place = written(
        tmp_path / "in.jsonl", preferred(SAFE, UNSAFE, chosen_model="m", safe={"chosen": True, "rejected": False})
    )
    safety_stage(place, tmp_path / "out", sorting=Sorting(test_share=0), report=quiet)
    (pair,) = pairs(tmp_path / "out")
    assert (pair.road, pair.source, pair.item, pair.chosen.text, pair.chosen.model) == (
        "safety",
        "own",
        "own/1",
        SAFE,
        "m",
    )
    assert pair.metadata["synthetic"] is False and pair.metadata["labels"] == "chosen_safe"
    assert pair_from(pair_record(pair)) == replace(pair, prompt=pair_from(pair_record(pair)).prompt)
    assert not (tmp_path / "out/data/test.jsonl.zst").exists()


def test_what_gives_no_pair_is_kept_with_its_reason(tmp_path: Path) -> None:
    bad = [{"id": "x", "messages": [{"role": "user", "content": "hi"}]}, {"id": "y"}]
    place = lines(tmp_path / "in.jsonl", *bad)
    done = safety_stage(place, tmp_path / "out", report=quiet)
    assert dict(done.tally.dropped) == {"no_pair": 1, "unreadable": 1} and len(done.damage) == 1
    dropped = records(tmp_path / "out/dropped/in.jsonl.zst")
    assert [one["dropped"]["reason"] for one in dropped] == ["no_pair", "unreadable"] and dropped[0]["id"] == "x"


def test_the_same_pair_twice_is_one_and_no_conversation_is_in_both_splits(tmp_path: Path) -> None:
    place = tmp_path / "in"
    written(place / "a.jsonl", *many(60))
    others = [preferred(f"{SAFE} Or {n}.", UNSAFE, f"Question {n}: how do I?", f"b{n}") for n in range(60)]
    written(place / "b.jsonl", *many(20), *others)
    done = safety_stage(place, tmp_path / "out", sorting=Sorting(test_share=0.3), report=quiet)
    assert done.manifest["left_out"] == {"duplicate": 20} and done.tally.kept == 140
    train, test = (
        {pair["prompt"][0]["content"] for pair in records(tmp_path / f"out/data/{name}.jsonl.zst")}
        for name in ("train", "test")
    )
    assert not train & test and len(train) + len(test) == 60 and 8 < len(test) < 30


def test_balance_leaves_length_nothing_to_tell(tmp_path: Path) -> None:
    longer = [
        preferred(f"{SAFE} Number {n}, take your time.", UNSAFE[: 30 + n % 5], f"Q {n} how?", str(n)) for n in range(30)
    ]
    shorter = [preferred(SAFE[:30] + f" {n}", f"{UNSAFE} Number {n}.", f"R {n} how?", f"r{n}") for n in range(12)]
    place = written(tmp_path / "in.jsonl", *longer, *shorter)
    sorting = Sorting(test_share=0, balance=True)
    done = safety_stage(place, tmp_path / "out", sorting=sorting, report=quiet)
    (report,) = done.manifest["report"].values()
    assert report["length"]["longer_wins"] in (None, 0.5) and done.manifest["left_out"]["balance"] >= 18


def test_a_stage_goes_on_where_it_was_killed_and_is_done_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "in"
    for name in "abc":
        given = [preferred(f"{SAFE} {name}{n}.", UNSAFE, f"{name} {n}?", f"{name}{n}") for n in range(5)]
        written(place / f"{name}.jsonl", *given)
    whole = safety_stage(place, tmp_path / "whole", report=quiet)
    inputs, files, _ = taken(place)
    asked: list[str] = []

    def run(stop: str) -> None:
        def each(sample: Sample) -> Made | Drop:
            name = sample.id[:1]
            asked.append(name)
            if name == stop:
                raise KeyboardInterrupt
            return Safety()(sample)

        table = {"road": "safety"}
        staging.run_road("safety", table, inputs, files, tmp_path / "out", each, Sorting(), quiet)

    with pytest.raises(KeyboardInterrupt):
        run("c")
    assert not (tmp_path / "out/manifest.json").exists() and not (tmp_path / "out/data").exists()
    asked.clear()
    run("")
    assert asked == ["c"] * 5
    assert [pair.id for pair in pairs(tmp_path / "out")] == [pair.id for pair in pairs(tmp_path / "whole")]
    assert not (tmp_path / "out/.work").exists()
    asked.clear()
    run("")
    assert not asked and safety_stage(place, tmp_path / "whole", report=quiet).skipped
    assert (
        not whole.skipped and not safety_stage(place, tmp_path / "whole", Safety(labelled=True), report=quiet).skipped
    )


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    place = written(tmp_path / "in.jsonl", preferred(SAFE, UNSAFE))
    (tmp_path / "out").mkdir()
    (tmp_path / "out/mine.txt").write_text("mine")
    with pytest.raises(DataError, match="something else"):
        safety_stage(place, tmp_path / "out", report=quiet)
    assert (tmp_path / "out/mine.txt").read_text() == "mine"


def test_a_licence_that_forbids_training_holds_here_too(tmp_path: Path) -> None:
    sample = replace(preferred(SAFE, UNSAFE), source="pku_saferlhf_single")
    place = written(tmp_path / "in.jsonl", sample)
    assert dict(safety_stage(place, tmp_path / "a", report=quiet).tally.dropped) == {"licence": 1}
    how = Safety(accept=("pku_saferlhf_single",))
    assert safety_stage(place, tmp_path / "b", how, report=quiet).tally.kept == 1
    with pytest.raises(DataError, match="--accept pku_saferlhf_single"):
        safety_stage(tmp_path, tmp_path / "c", sources=["pku_saferlhf_single"], report=quiet)


def test_damage_in_an_input_costs_only_itself(tmp_path: Path) -> None:
    given: list[Sample | Damage | Drop] = [Damage("not_json", "x line 1"), preferred(SAFE, UNSAFE)]
    one = Input("one", lambda: iter(given))
    done = staging.run_road("safety", {}, [one], [], tmp_path / "out", Safety(), Sorting(), quiet)
    assert done.tally.kept == 1 and done.damage == ("x line 1",)


def test_the_road_itself_is_a_pure_function() -> None:
    sample = preferred(SAFE, UNSAFE)
    made = Safety()(sample)
    assert isinstance(made, Made) and made == Safety()(sample)


@pytest.mark.skipif(not DATA.is_dir(), reason="needs the data folder (ANXIN_DATA)")
def test_jade_as_it_was_released(tmp_path: Path) -> None:
    done = safety_stage(DATA, tmp_path / "out", sources=["jade"], report=quiet)
    assert done.tally.read == 650 and done.tally.kept > 250
    assert done.manifest["licences"] == {"jade": "MIT"}
    assert {pair.metadata["labels"] for pair in pairs(tmp_path / "out")} == {"chosen_safe"}
