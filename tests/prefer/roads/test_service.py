"""What the service exports: nothing without consent, nothing of a crisis, nothing personal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from anxin.errors import ConfigError, DataError
from anxin.prefer.roads import (
    Corrections,
    Ratings,
    Sorting,
    corrected,
    corrections_stage,
    rated,
    ratings_stage,
)  # fmt: skip

from .parts import everything, lines, pairs, quiet, records

ALL = Sorting(test_share=0)
SAID = "My teacher gave me a bad mark and I feel stupid."
REPLY = "Marks are not everything, so cheer up and look ahead."
BETTER = "That mark hurt. What did it make you believe about yourself?"


def export(conversation: str = "c1", **other: Any) -> dict[str, Any]:
    """A record as the service writes it, with consent."""
    return {
        "conversation": conversation, "messages": [{"role": "user", "content": SAID}], "reply": REPLY, "model": "mini",
        "consent": {"training": True, "at": "2026-11-01T09:00:00Z", "version": "2"}, "withdrawn": None, **other,
    }  # fmt: skip


def correction(conversation: str = "c1", **other: Any) -> dict[str, Any]:
    return export(conversation, **({"correction": BETTER, "role": "counsellor"} | other))


def test_a_correction_is_chosen_over_the_models_reply(tmp_path: Path) -> None:
    lines(tmp_path / "in/corrections.jsonl", correction())
    done = corrections_stage(tmp_path / "in", tmp_path / "out", sorting=ALL, report=quiet)
    (pair,) = pairs(tmp_path / "out")
    assert (pair.chosen.text, pair.rejected.text, pair.prompt.messages[0].text) == (BETTER, REPLY, SAID)
    assert (pair.road, pair.source, pair.chosen.model, pair.rejected.model) == (
        "correction",
        "service",
        "counsellor",
        "mini",
    )
    assert pair.metadata["synthetic"] is False and pair.metadata["consent"] == "2" and done.tally.kept == 1


REFUSED: list[tuple[str, dict[str, Any]]] = [
    ("no_consent", {"consent": None}),
    ("no_consent", {"consent": {"training": False, "at": "2026-11-01", "version": "2"}}),
    ("no_consent", {"consent": {"training": "true", "at": "2026-11-01", "version": "2"}}),
    ("no_consent", {"consent": {"training": True, "version": "2"}}),
    ("no_consent", {"consent": {"training": True, "at": "soon", "version": "2"}}),
    ("withdrawn", {"withdrawn": "2026-11-02T10:00:00Z"}),
    ("withdrawn", {"withdrawn": "2026-11-01T09:00:00+00:00"}),
    ("withdrawn", {"withdrawn": True}),
    ("withdrawn", {"withdrawn": "some time"}),
    ("crisis", {"messages": [{"role": "user", "content": "I want to kill myself tonight."}]}),
    ("crisis", {"correction": "Are you thinking of suicide?"}),
]


@pytest.mark.parametrize(("reason", "how"), REFUSED)
def test_what_may_not_be_used_takes_its_conversation_along_and_leaves_no_word(
    tmp_path: Path, reason: str, how: dict[str, Any]
) -> None:
    secret = {"reply": "Zebra words that nobody may read.", **how}
    lines(tmp_path / "in/corrections.jsonl", correction("c1"), correction("c1", **secret), correction("c2"))
    done = corrections_stage(tmp_path / "in", tmp_path / "out", sorting=ALL, report=quiet)
    assert dict(done.tally.dropped) == {reason: 2} and done.tally.kept == 1
    text = everything(tmp_path / "out")
    assert "Zebra" not in text and "kill" not in text and '"c1"' not in text
    assert records(tmp_path / "out/dropped/corrections.jsonl.zst") == [
        {"record": 1, "dropped": {"reason": reason}}, {"record": 2, "dropped": {"reason": reason}}
    ]  # fmt: skip


def test_a_consent_given_anew_after_a_withdrawal_stands(tmp_path: Path) -> None:
    lines(tmp_path / "in.jsonl", correction(withdrawn="2026-10-01T00:00:00Z"))
    assert corrections_stage(tmp_path / "in.jsonl", tmp_path / "out", report=quiet).tally.kept == 1


def test_a_record_that_cannot_be_read_still_withdraws(tmp_path: Path) -> None:
    broken = correction("c1", withdrawn="2026-12-01T00:00:00Z")
    del broken["correction"]
    lines(tmp_path / "in.jsonl", correction("c1"), broken)
    done = corrections_stage(tmp_path / "in.jsonl", tmp_path / "out", report=quiet)
    assert dict(done.tally.dropped) == {"withdrawn": 1, "unreadable": 1}


def test_damage_quotes_nobody(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text(
        f'{json.dumps(correction())}\n{{"conversation": "c9", "reply": "Zebra\n{{"reply": "Zebra"}}\n', "utf-8"
    )
    done = corrections_stage(path, tmp_path / "out", sorting=ALL, report=quiet)
    assert dict(done.tally.dropped) == {"not_json": 1, "unreadable": 1} and "Zebra" not in everything(tmp_path / "out")


@pytest.mark.parametrize("style", ["stand_in", "placeholder"])
def test_personal_data_goes_before_anything_is_written(tmp_path: Path, style: Any) -> None:
    said = "我叫陈晓雯，电话13812345678，老师总说我不行。"
    record = correction(
        "client-4711", messages=[{"role": "user", "content": said}], reply="陈晓雯，别想太多，早点睡。",
        correction="陈晓雯，被老师这样说，你心里是什么滋味？",
    )  # fmt: skip
    lines(tmp_path / "in.jsonl", record)
    corrections_stage(tmp_path / "in.jsonl", tmp_path / "out", Corrections(style=style), ALL, report=quiet)
    text = everything(tmp_path / "out")
    assert not any(word in text for word in ("晓雯", "13812345678", "4711"))
    (pair,) = pairs(tmp_path / "out")
    name = pair.rejected.text.partition("，")[0]
    assert name in pair.prompt.messages[0].text and pair.chosen.text.startswith(name)


def test_whose_corrections_count(tmp_path: Path) -> None:
    lines(tmp_path / "in.jsonl", correction("c1", role="volunteer"))
    done = corrections_stage(tmp_path / "in.jsonl", tmp_path / "out", report=quiet)
    assert dict(done.tally.dropped) == {"other_role": 1}
    how = Corrections(("counsellor", "volunteer"))
    assert corrections_stage(tmp_path / "in.jsonl", tmp_path / "b", how, report=quiet).tally.kept == 1


AXES = {"helpfulness": 4, "fluency": 4, "relevance": 4, "logic": 4}


def rating(conversation: str = "c1", **other: Any) -> dict[str, Any]:
    return export(conversation, **other)


def test_ratings_make_pairs_among_replies_to_the_same_words_and_labels(tmp_path: Path) -> None:
    lines(
        tmp_path / "in/ratings.jsonl",
        rating(reply=BETTER, thumb="up", axes=AXES), rating(reply=REPLY, axes={**AXES, "helpfulness": 1, "logic": 1}),
        rating(reply=REPLY, thumb="down", by="counsellor"), rating("c2", reply=REPLY, thumb="down"),
        rating("c3", reply=BETTER, thumb="up"), rating("c3", reply=BETTER, thumb="down"),
        rating("c4", reply="I am a licensed therapist, trust me.", thumb="up"),
    )  # fmt: skip
    done = ratings_stage(tmp_path / "in", tmp_path / "out", sorting=ALL, report=quiet)
    (pair,) = pairs(tmp_path / "out")
    assert (pair.chosen.text, pair.rejected.text, pair.road) == (BETTER, REPLY, "rating")
    assert pair.metadata["ratings"] == {
        "chosen": {"axes": 4.0, "thumb": "up"},
        "rejected": {"axes": 2.5, "thumb": "down"},
    }
    labels = records(tmp_path / "out/labels/train.jsonl.zst")
    assert [(one["completion"][0]["content"], one["label"]) for one in labels] == [
        (BETTER, True), (REPLY, False), (REPLY, False)
    ]  # fmt: skip
    assert labels[0]["prompt"] == [{"role": "user", "content": SAID}]
    assert done.manifest["labels"] == {"up": 1, "down": 2} and dict(done.tally.dropped) == {"one_reply": 3}


def test_a_margin_and_thumbs_alone(tmp_path: Path) -> None:
    lines(
        tmp_path / "ratings.jsonl", rating(reply=BETTER, axes=AXES), rating(reply=REPLY, axes={**AXES, "logic": 3}),
        rating("c2", reply=BETTER, thumb="up"), rating("c2", reply=REPLY, thumb="down"),
        rating("c3", reply=BETTER, thumb="up"), rating("c3", reply=REPLY, thumb="up"),
        rating("c4", reply=BETTER, thumb="up"), rating("c4", reply=REPLY, axes=AXES),
    )  # fmt: skip
    done = ratings_stage(tmp_path, tmp_path / "out", sorting=ALL, report=quiet)
    assert dict(done.tally.dropped) == {"too_close": 1, "tied": 1, "unrated": 1} and len(pairs(tmp_path / "out")) == 1
    how = Ratings(margin=0.25)
    assert ratings_stage(tmp_path, tmp_path / "b", how, ALL, report=quiet).tally.kept == 2


@pytest.mark.parametrize(
    ("record", "says"),
    [
        (rating(thumb="sideways"), "thumb"),
        (rating(), "neither thumb nor axes"),
        (rating(axes={"helpfulness": 3}), "helpfulness, fluency, relevance, logic"),
        (rating(axes={**AXES, "logic": 6}), "1 to 5"),
        (rating(axes={**AXES, "logic": True}), "1 to 5"),
        (rating(thumb="up", messages=[]), "messages"),
        (rating(thumb="up", messages=[{"role": "assistant", "content": "Hi"}]), "end with the client"),
        (rating(thumb="up", reply=" "), "no reply"),
        (rating("", thumb="up"), "no conversation"),
    ],
)
def test_a_rating_that_makes_no_sense_is_refused(record: dict[str, Any], says: str) -> None:
    with pytest.raises(DataError, match=says):
        rated(record)


def test_the_records_of_the_export() -> None:
    found = corrected(correction())
    assert found.consent.version == "2" and found.withdrawn is None and found.texts == (REPLY, BETTER)
    assert rated(rating(axes=AXES)).score == 4.0 and rated(rating(thumb="up")).score is None


def test_mistakes_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no corrections\.jsonl"):
        corrections_stage(tmp_path, tmp_path / "out", report=quiet)
    with pytest.raises(ConfigError, match="margin"):
        Ratings(margin=0)
