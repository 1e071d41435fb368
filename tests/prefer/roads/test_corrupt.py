"""Corrupted replies: rule by rule, balanced, marked as what they are, and not told apart by trifles."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from anxin.corpus import Sample
from anxin.corpus.sample import Drop
from anxin.dialogue import Dialogue, Language
from anxin.errors import ConfigError
from anxin.prefer import Pair
from anxin.prefer.roads import KINDS, Corrupt, Made, Sorting, corrupt_stage, separable
from anxin.prefer.roads.failures import Words, failures, words_of
from anxin.prefer.roads.separable import area
from anxin.safety import Guard

from .parts import pairs, quiet, written

DATA = Path(os.environ.get("ANXIN_DATA") or Path(__file__).parents[4] / "shared" / "data")
EN = (
    (
        "My boss kept shouting at me today, and I feel anxious about tomorrow.",
        "That sounds frightening. When the shouting began, what went through your mind, and where did you feel it?",
    ),
    (
        "My stomach turned, I could not say a word.",
        "It makes sense that words would not come. You kept yourself out of harm. What happened once it was over?",
    ),
    (
        "I went home and told my sister about it.",
        "I'm glad there was someone to tell. What was it like to say it out loud, and what did she understand of it?",
    ),
    (
        "She said I should rest more.",
        "Perhaps we could think of one small thing that would feel like rest. What comes first when you imagine it?",
    ),
)
ZH = (
    ("我最近和妈妈吵架，心里很委屈。", "听起来那场争吵让你心里堵得慌。吵的时候，你最想让她明白的是什么？"),
    ("我想让她知道我也很累。", "你一直撑着，却没有人看见你的累。这样的日子，大概有多久了呢？"),
    ("从去年换工作开始吧，每天都睡不好。", "换了环境，夜里也放不下来，确实辛苦。躺下的时候，脑子里转的多半是什么事？"),
    ("总担心做不好被领导骂。", "这份担心跟了你很久。我们可以试着先看看，哪一件事是你这周能够放下的。你愿意吗？"),
)


def session(language: Language, id: str = "1", **known: Any) -> Sample:
    dialogue = Dialogue(id=id)
    for client, counsellor in EN if language == "en" else ZH:
        dialogue = dialogue.says("client", client).says("counsellor", counsellor)
    return Sample(id, dialogue, "", "own", known)


def made(sample: Sample, **options: Any) -> list[Pair]:
    found = Corrupt(**options)(sample)
    assert isinstance(found, Made), found
    return list(found.pairs)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_in_both_languages(kind: str, language: Language) -> None:
    found = [pair for n in range(12) for pair in made(session(language, str(n)), kinds=(kind,))]
    assert len(found) >= 6
    replies = {message.text for message in session(language).dialogue.by("counsellor")}
    for pair in found:
        assert pair.chosen.text in replies and pair.rejected.text != pair.chosen.text
        assert pair.prompt.messages[-1].role == "client" and pair.road == "corrupted"
        assert pair.metadata["synthetic"] is True and pair.metadata["failure"] == kind
        assert pair.metadata["purpose"] == "train" and pair.metadata["language"] == language
        assert "{" not in pair.rejected.text and 0.4 < pair.rejected.length / pair.chosen.length < 1.6
    own = kind in ("linguistic_neglect", "premature_advice")  # other replies of the session, of which there are few
    assert len({pair.rejected.text for pair in found}) > (2 if own else len(found) / 2)


def test_the_same_dialogue_goes_wrong_the_same_way_and_others_otherwise() -> None:
    one, other = made(session("zh", "1")), made(session("zh", "2"))
    assert one == made(session("zh", "1")) and one[0].rejected.text != other[0].rejected.text
    assert made(session("zh", "1"), seed=2) != one


def test_several_replies_of_one_dialogue_each_fail_in_another_way() -> None:
    found = made(session("en"), each=3)
    assert len({pair.metadata["failure"] for pair in found}) == 3 == len({pair.metadata["turn"] for pair in found})


def test_advice_is_premature_only_at_the_beginning() -> None:
    turns = {
        pair.metadata["turn"] for n in range(30) for pair in made(session("zh", str(n)), kinds=("premature_advice",))
    }
    assert turns == {1}


def test_the_clients_own_words_come_back_turned() -> None:
    words = words_of(["My boss shouts.", "I told my sister about it, and I'm afraid of my manager."], "en")
    assert words.said == ("you told your sister about it", "you're afraid of your manager")
    assert words.who == ("boss", "manager", "sister") and words.feeling == ("afraid",)
    assert words_of(["你好，我总觉得自己做不好，妈妈说我很焦虑。"], "zh") == Words(
        ("你总觉得自己做不好", "妈妈说你很焦虑"), ("妈妈",), ("焦虑",)
    )
    assert Words().fill("Your {who} again.", 1) == "" and words.fill("Your {who}.", 2) == "Your sister."


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_sentences_are_enough_varied_and_teach_no_harm(language: Language) -> None:
    known = failures(language)
    spoken = [sentence for sentences in known.say.values() for sentence in sentences]
    assert len(set(spoken)) == len(spoken)
    for kind, sentences in known.say.items():
        assert len(sentences) >= 10 and sum("{" in sentence for sentence in sentences) >= 2, kind
    for sentence in spoken:
        guard = Guard(language)
        guard.feed(re.sub(r"\{\w+\}", "that", sentence))
        guard.finish()
        assert guard.tripped not in ("method", "encourage", "agree", "dosage", "sexual"), sentence


def test_they_are_never_for_a_test(tmp_path: Path) -> None:
    place = written(tmp_path / "in.jsonl", session("zh"))
    with pytest.raises(ConfigError, match="training only"):
        corrupt_stage(place, tmp_path / "out", purpose="evaluate", report=quiet)
    with pytest.raises(ConfigError, match="training only"):
        corrupt_stage(place, tmp_path / "out", Corrupt(), Sorting(test_share=0.1), report=quiet)
    assert not (tmp_path / "out").exists()


def test_a_set_that_is_for_testing_only_is_not_corrupted(tmp_path: Path) -> None:
    place = written(tmp_path / "in.jsonl", replace(session("zh"), source="cpsycoune"))
    done = corrupt_stage(place, tmp_path / "out", report=quiet)
    assert dict(done.tally.dropped) == {"licence": 1}


def test_kinds_are_even_and_the_manifest_says_what_gives_them_away(tmp_path: Path) -> None:
    place = written(tmp_path / "in.jsonl", *(session("zh" if n % 3 else "en", str(n)) for n in range(150)))
    kinds = ("nonsense", "minimising", "interrogation")
    done = corrupt_stage(place, tmp_path / "a", Corrupt(kinds), report=quiet)
    by = done.manifest["by"]
    for language in ("zh", "en"):
        assert len({by[f"{language} {kind}"] for kind in kinds}) == 1
    assert done.manifest["synthetic"] is True and not (tmp_path / "a/data/test.jsonl.zst").exists()
    both = corrupt_stage(place, tmp_path / "b", Corrupt(kinds), Sorting(0.0, even="both"), report=quiet)
    assert len(set(both.manifest["by"].values())) == 1 and len(both.manifest["by"]) == 6
    told = done.manifest["separable"]
    assert told["pairs"] == len(pairs(tmp_path / "a")) and 0.5 <= told["length"] < 0.75


def test_nothing_after_a_crisis_is_used() -> None:
    calm, rest = session("en").dialogue.messages[:2], session("en").dialogue.messages[2:]
    told = Dialogue((*calm, replace(rest[0], text="I want to kill myself."), *rest[1:]))
    turns = {pair.metadata["turn"] for n in range(8) for pair in made(Sample(str(n), told, "", "own"))}
    assert turns == {1}
    first = Dialogue((replace(calm[0], text="I want to kill myself."), *told.messages[1:]))
    assert Corrupt()(Sample("1", first, "", "own")) == Drop("crisis")


def test_to_ask_about_suicide_is_never_what_goes_wrong() -> None:
    asks = "Are you having thoughts of suicide? Has it been close? Who knows about it, and who is with you?"
    messages = list(session("en").dialogue.messages)
    messages[5] = replace(messages[5], text=asks)
    for n in range(40):
        for pair in made(Sample(str(n), Dialogue(tuple(messages)), "", "own"), each=3):
            assert "suicide" not in pair.rejected.text + pair.chosen.text
            assert "Who knows about it" not in pair.rejected.text


def test_a_share_of_the_dialogues(tmp_path: Path) -> None:
    found = [Corrupt(share=0.3)(session("zh", str(n))) for n in range(100)]
    assert 15 < sum(isinstance(one, Made) for one in found) < 45


def test_a_kind_that_does_not_exist_is_named() -> None:
    with pytest.raises(ConfigError, match="no kind of failure rudeness"):
        Corrupt(("rudeness",))


def test_the_area_is_how_often_one_is_higher() -> None:
    assert area([1, 2, 3, 4], [0, 0, 1, 1]) == 1.0
    assert area([1, 2, 3, 4], [1, 0, 1, 0]) == 0.25
    assert area([5, 5, 5, 5], [1, 0, 1, 0]) == 0.5


def test_a_word_that_only_one_side_has_is_found(tmp_path: Path) -> None:
    from anxin.prefer import Side, write_pairs

    def pair(n: int, told: bool) -> Pair:
        ends = ("so", "then") if told else ("so", "so")
        prompt = Dialogue().says("client", f"Word {n}?")
        return Pair(f"{n}", f"{n}", prompt, Side(f"Say {n} {ends[0]}"), Side(f"Say {n + 1} {ends[1]}"))

    write_pairs([pair(n, True) for n in range(80)], tmp_path / "told.jsonl", "jsonl")
    write_pairs([pair(n, False) for n in range(80)], tmp_path / "not.jsonl", "jsonl")
    assert separable([tmp_path / "told.jsonl"])["unigrams"] > 0.95
    assert separable([tmp_path / "not.jsonl"])["unigrams"] < 0.7


@pytest.mark.skipif(not DATA.is_dir(), reason="needs the data folder (ANXIN_DATA)")
@pytest.mark.slow
def test_on_real_sessions_length_and_first_words_tell_little(tmp_path: Path) -> None:
    done = corrupt_stage(DATA, tmp_path / "out", Corrupt(share=0.2), sources=["cpsycound"], report=quiet)
    assert done.manifest["separable"]["length"] < 0.56 and done.manifest["separable"]["first"] < 0.72
