from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from anxin.corpus.files import Shard
from anxin.corpus.sample import Sample
from anxin.dialogue import Dialogue
from anxin.errors import DataError
from anxin.prefer import Rating, read_ratings
from anxin.prefer.candidate import Candidate, candidates_of, item_of, with_candidates
from anxin.prefer.people import Scoring, people_agree
from anxin.prefer.principles import principle_keys, principles

KEYS = principle_keys()


def replies(folder: Path, statements: int = 4) -> Path:
    """Statements with two replies each, whose ids tell the model, as those of other people's sets may."""
    with Shard(folder, "a") as shard:
        for number in range(statements):
            said = Sample(f"s{number}", Dialogue(id=f"s{number}").says("client", f"我睡不着 {number}"), "", "forum")
            shard.put(
                with_candidates(
                    said,
                    [
                        Candidate(
                            f"big-model-{place}", "big-model", 0.7, place, f"在听 {place}", unsafe="" if place else "x"
                        )
                        for place in range(2)
                    ],
                )
            )
    return folder


def _scores(value: int = 3, **other: int) -> dict[str, int]:
    return dict.fromkeys(KEYS, value) | other


def test_raters_see_every_reply_in_their_own_order_and_nothing_of_its_writer(tmp_path: Path) -> None:
    work = Scoring(replies(tmp_path / "c"), tmp_path / "r.jsonl")
    lin, mo = work.begin("lin"), work.begin("mo")
    assert len(lin["items"]) == len(work) == 8
    assert sorted(lin["items"]) == sorted(mo["items"])
    assert lin["items"] != mo["items"]
    everything = json.dumps([lin, *(work.show(key) for key in lin["items"])], ensure_ascii=False)
    assert "model" not in everything and "temperature" not in everything and "unsafe" not in everything
    assert {key for key in work.show(lin["items"][0])} == {"item", "messages", "reply"}


def test_the_principles_come_in_both_languages_with_their_anchors(tmp_path: Path) -> None:
    begun = Scoring(replies(tmp_path / "c"), tmp_path / "r.jsonl").begin("lin")
    assert [principle["key"] for principle in begun["principles"]] == list(KEYS)
    for principle, own in zip(begun["principles"], principles().principle, strict=True):
        assert principle["zh"]["anchors"] == list(own.zh.anchors)
        assert principle["en"]["title"] == own.en.title


def test_a_rating_is_written_as_prefer_reads_it_and_belongs_to_its_candidate(tmp_path: Path) -> None:
    work = Scoring(replies(tmp_path / "c"), tmp_path / "r.jsonl")
    key = work.begin("lin")["items"][0]
    assert work.answer("lin", key, {"scores": _scores(empathy=5), "note": " 温和 "}) == {
        "scores": _scores(empathy=5),
        "note": "温和",
    }
    (rating,) = read_ratings([tmp_path / "r.jsonl"])
    assert isinstance(rating, Rating)
    assert rating.scores["empathy"] == 5 and rating.rater == "lin" and rating.note == "温和"
    (line,) = (tmp_path / "r.jsonl").read_text().splitlines()
    assert set(json.loads(line)) == {"item", "reply", "rater", "scores", "note"}
    assert rating.item.startswith("forum/s") and rating.reply.startswith("big-model-")


def test_a_changed_mind_leaves_one_line_and_others_as_they_are(tmp_path: Path) -> None:
    work = Scoring(replies(tmp_path / "c"), tmp_path / "r.jsonl")
    first, second = work.begin("lin")["items"][:2]
    for rater, key, value in (("lin", first, 1), ("mo", first, 2), ("lin", second, 3), ("lin", first, 5)):
        work.answer(rater, key, {"scores": _scores(value)})
    found = [rating for rating in read_ratings([tmp_path / "r.jsonl"]) if isinstance(rating, Rating)]
    assert sorted((rating.rater, rating.scores["safety"]) for rating in found) == [("lin", 3), ("lin", 5), ("mo", 2)]
    assert work.begin("lin")["answers"][first]["scores"]["safety"] == 5
    assert second not in work.begin("mo")["answers"], "nobody sees another's scores"


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ({}, "scores are not"),
        ({"scores": {}}, "no score for empathy"),
        ({"scores": _scores(6)}, "not from 1 to 5"),
        ({"scores": _scores(0)}, "not from 1 to 5"),
        ({"scores": _scores() | {"kindness": 3}}, "no principle"),
        ({"scores": _scores() | {"empathy": 2.5}}, "whole number"),
        ({"scores": _scores() | {"empathy": True}}, "not a number"),
        ({"scores": _scores(), "note": 3}, "a note has"),
    ],
)
def test_what_is_no_rating_is_refused(tmp_path: Path, body: dict[str, Any], why: str) -> None:
    work = Scoring(replies(tmp_path / "c"), tmp_path / "r.jsonl")
    with pytest.raises(DataError, match=why):
        work.answer("lin", work.begin("lin")["items"][0], body)
    assert not (tmp_path / "r.jsonl").exists()


def test_of_some_statements_all_replies_are_rated_and_the_choice_stays(tmp_path: Path) -> None:
    folder = replies(tmp_path / "c", 40)
    few, again = Scoring(folder, tmp_path / "a", 5), Scoring(folder, tmp_path / "b", 5)
    assert len(few) == 10
    assert few.begin("lin")["items"] == again.begin("lin")["items"]
    assert set(few.begin("lin")["items"]) < set(Scoring(folder, tmp_path / "c2", 0).begin("lin")["items"])


def test_a_set_without_replies_is_said(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text('{"id": "1", "messages": [{"role": "user", "content": "hi"}]}\n')
    with pytest.raises(DataError, match="holds no replies to rate; anxin prefer generate"):
        Scoring(tmp_path / "x.jsonl", tmp_path / "r.jsonl")


def test_replies_that_cannot_be_read_are_told_and_cost_only_themselves(tmp_path: Path) -> None:
    folder = replies(tmp_path / "c", 2)
    lines = [{"id": "bad", "messages": [{"role": "user", "content": "hi"}], "candidates": [{"no": "text"}]}]
    (folder / "data" / "b.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines) + "broken\n")
    work = Scoring(folder, tmp_path / "r.jsonl")
    assert len(work) == 4
    assert [where for where in work.damage if "bad: a candidate has no text" in where]
    assert [where for where in work.damage if "line 2" in where]


def test_agreement_of_raters_by_principle(tmp_path: Path) -> None:
    work = Scoring(replies(tmp_path / "c"), tmp_path / "r.jsonl")
    keys = work.begin("lin")["items"]
    for place, key in enumerate(keys):
        same = 1 + place % 5
        work.answer("lin", key, {"scores": _scores(same, empathy=same)})
        work.answer("mo", key, {"scores": _scores(same, empathy=6 - same)})
    found = people_agree([tmp_path / "r.jsonl"])
    assert found["replies"] == 8
    assert found["raters"]["lin"]["ratings"] == 8 and found["raters"]["lin"]["flat"] == 1.0
    assert found["principles"]["safety"]["alpha"] == 1.0
    assert found["principles"]["empathy"]["alpha"] < 0
    with pytest.raises(DataError, match="no ratings yet"):
        people_agree([tmp_path / "none.jsonl"])


def test_ratings_find_their_candidates_again(tmp_path: Path) -> None:
    folder = replies(tmp_path / "c")
    work = Scoring(folder, tmp_path / "r.jsonl")
    for key in work.begin("lin")["items"]:
        work.answer("lin", key, {"scores": _scores(4)})
    from anxin.corpus.files import read_samples, shards

    given = {(r.item, r.reply) for r in read_ratings([tmp_path / "r.jsonl"]) if isinstance(r, Rating)}
    (path,) = shards(folder)
    known = {
        (item_of(sample), candidate.id)
        for sample in read_samples(path)
        if isinstance(sample, Sample)
        for candidate in candidates_of(sample)
    }
    assert given == known
