from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from anxin.corpus.files import Tally
from anxin.corpus.sample import Sample
from anxin.corpus.think import Asking, Think, deidentified, table, think, think_folder
from anxin.dialogue import Dialogue, Message
from anxin.errors import ConfigError, ContextTooLong, DataError, ModelBroken, ModelUnavailable
from anxin.model import EchoModel, Generation, Piece
from anxin.model.many import Spent
from anxin.model.text import estimate

from ...model.scripted import Scripted
from .pairs import PAIRS, VAGUE, Pair, dropped_in, files_in, knowing, sample, samples_in, written

FAST = Asking(backoff=0.0)
FEW = PAIRS[:4]
SAMPLES = [sample(pair) for pair in FEW]


def run(
    folder: Path,
    teacher: Any,
    options: Think | None = None,
    judge: Any = None,
    samples: Sequence[Sample] = SAMPLES,
    spent: Spent | None = None,
    out: str = "out",
) -> Tally:
    inputs = written(folder / "in", samples)
    options = options or Think(asking=FAST)
    return think(inputs, folder / out, options, teacher, judge, lambda what, done, of: None, spent)


def thoughts(samples: Sequence[Sample]) -> list[str]:
    return [message.thought for each in samples for message in each.dialogue if message.role == "counsellor"]


def test_each_reply_gets_its_thought_and_stays_as_it_is(tmp_path: Path) -> None:
    teacher = Scripted(knowing())
    tally = run(tmp_path, teacher, samples=[sample(pair) for pair in PAIRS])
    got = samples_in(tmp_path / "out")
    assert thoughts(got) == [pair.thought for pair in PAIRS]
    assert [each.text for each in got] == [sample(pair).text for pair in PAIRS]
    assert got[0].metadata["thoughts"] == {"by": "scripted", "given": 1, "rejected": []}
    assert (tally.read, tally.kept, tally.changed, teacher.closed) == (22, 22, 22, True)


def _bad(which: Pair, said: str) -> Callable[[Pair], str | None]:
    return lambda pair: said if pair is which else None


def test_what_may_not_stand_is_dropped_with_its_reason_and_kept_for_reading(tmp_path: Path) -> None:
    leak = "给定的回复是这样的：" + FEW[0].thought
    english = next(pair for pair in PAIRS if pair.language == "en").thought
    teacher = Scripted(knowing(_bad(FEW[0], leak), _bad(FEW[1], english), _bad(FEW[2], VAGUE["zh"][0])))
    tally = run(tmp_path, teacher)
    assert tally.dropped == {"thought_leak": 1, "thought_language": 1, "thought_unrelated": 1}
    assert thoughts(samples_in(tmp_path / "out")) == [FEW[3].thought]
    first = dropped_in(tmp_path / "out")[0]
    assert first.dialogue == sample(FEW[0]).dialogue
    assert first.metadata["dropped"] == {"reason": "thought_leak", "detail": "给定的回复"}
    assert first.metadata["rejected_thoughts"] == [
        {"reply": 1, "reason": "thought_leak", "detail": "给定的回复", "thought": leak}
    ]


def test_plain_goes_on_without_the_thought_and_says_so(tmp_path: Path) -> None:
    teacher = Scripted(knowing(_bad(FEW[1], "嗯。")))
    tally = run(tmp_path, teacher, Think(rejects="plain", asking=FAST))
    got = samples_in(tmp_path / "out")
    assert thoughts(got) == [FEW[0].thought, "", FEW[2].thought, FEW[3].thought]
    assert got[1].metadata["thoughts"] == {"by": "scripted", "given": 0, "rejected": ["thought_short"]}
    assert (tally.read, tally.kept, tally.dropped.total()) == (4, 4, 0)
    (kept,) = dropped_in(tmp_path / "out")
    assert kept.id == "1" and kept.metadata["rejected_thoughts"][0]["thought"] == "嗯。"
    report = json.loads((tmp_path / "out" / "thoughts.json").read_text(encoding="utf-8"))
    assert (report["given"], report["rejected"], report["questions"], report["tokens"]) == (
        3,
        {"thought_short": 1},
        4,
        60,
    )


def _long() -> Sample:
    dialogue = Dialogue((Message("counsellor", "你好，请坐。"),))
    for pair in FEW:
        dialogue = dialogue.says("client", pair.client).says("counsellor", pair.reply)
    return Sample("long", dialogue)


@pytest.mark.parametrize(("every", "which"), [(0, [3]), (1, [0, 1, 2, 3]), (2, [1, 3]), (3, [0, 3]), (9, [3])])
def test_last_each_and_every_kth_reply_after_the_client(tmp_path: Path, every: int, which: list[int]) -> None:
    # Later questions show earlier replies too: the newest reply in the question is the one asked about.
    def says(asked: str, time: int) -> str:
        return max(FEW, key=lambda pair: asked.rfind(pair.reply)).thought

    run(tmp_path, Scripted(says), Think(every=every, asking=FAST), samples=[_long()])
    wanted = [""] + [pair.thought if number in which else "" for number, pair in enumerate(FEW)]
    assert thoughts(samples_in(tmp_path / "out")) == wanted


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_long_dialogue_is_shown_as_far_as_the_window_reaches(tmp_path: Path, language: str) -> None:
    """A server that cuts a long prompt cuts its beginning, where the instructions are."""
    pair = next(pair for pair in PAIRS if pair.language == language)
    dialogue = Dialogue()
    for number in range(300):
        dialogue = dialogue.says("client", f"{number}: {pair.client}").says(
            "counsellor", "嗯。" if language == "zh" else "Mm."
        )
    dialogue = dialogue.says("client", pair.client).says("counsellor", pair.reply)
    asked: list[Generation] = []

    class Heard(Scripted):
        def stream(self, generation: Generation) -> AsyncGenerator[Piece, None]:
            asked.append(generation)
            return super().stream(generation)

    run(tmp_path, Heard(knowing()), Think(asking=FAST), samples=[Sample("long", dialogue)])
    (question,) = asked
    assert 3500 < estimate(question.messages) + question.max_tokens <= 4096
    shown = question.messages[-1].text
    assert f"299: {pair.client}" in shown and f"100: {pair.client}" not in shown


def test_documents_monologues_and_thoughts_already_there_pass_unasked(tmp_path: Path) -> None:
    known = sample(FEW[0])
    messages = tuple(
        replace(message, thought="早想好了" * (message.role == "counsellor")) for message in known.dialogue
    )
    samples = [
        Sample("doc", document="说明文" * 40),
        Sample("alone", Dialogue(id="alone").says("client", "有人吗")),
        replace(known, dialogue=replace(known.dialogue, messages=messages)),
    ]
    teacher = Scripted(knowing())
    tally = run(tmp_path, teacher, Think(rejects="plain", asking=FAST), samples=samples)
    assert samples_in(tmp_path / "out") == samples
    assert not teacher.asked and (tally.kept, tally.changed) == (3, 0)
    tally = run(tmp_path, teacher, samples=samples, out="strict")
    assert tally.dropped == {"no_reply": 1} and [s.id for s in samples_in(tmp_path / "strict")] == ["doc", "0"]


def test_a_teacher_that_fails_half_the_time_loses_nothing(tmp_path: Path) -> None:
    good = knowing()

    def half(asked: str, time: int) -> object:
        if time % 2:
            return ModelBroken("broke") if len(asked) % 2 else ModelUnavailable("down")
        return good(asked, time)

    tally = run(tmp_path, Scripted(half), samples=[sample(pair) for pair in PAIRS])
    assert tally.kept == 22 and thoughts(samples_in(tmp_path / "out")) == [pair.thought for pair in PAIRS]


def test_a_teacher_that_hangs_once_is_asked_again(tmp_path: Path) -> None:
    good = knowing()
    teacher = Scripted(lambda asked, time: "hang" if time == 1 else good(asked, time))
    tally = run(tmp_path, teacher, Think(asking=Asking(backoff=0.0, patience=0.05)))
    assert tally.kept == 4 and teacher.open == 0


def test_one_question_without_an_answer_costs_its_sample_alone(tmp_path: Path) -> None:
    good = knowing()

    def says(asked: str, time: int) -> object:
        if FEW[0].reply in asked:
            return ModelUnavailable("refused")
        return ContextTooLong("too long") if FEW[1].reply in asked else good(asked, time)

    tally = run(tmp_path, Scripted(says))
    assert (tally.kept, tally.dropped) == (2, {"teacher_failed": 1, "context_too_long": 1})


def test_a_teacher_that_is_gone_stops_the_stage_and_nothing_is_dropped_for_it(tmp_path: Path) -> None:
    samples = [sample(PAIRS[0], str(n), f"（{n}）") for n in range(60)]
    good = knowing()
    answered = 0

    def dies(asked: str, time: int) -> object:
        nonlocal answered
        answered += 1
        return good(asked, time) if answered <= 10 else ModelUnavailable("gone")

    with pytest.raises(ModelUnavailable, match="20 times in a row"):
        run(tmp_path, Scripted(dies), samples=samples)
    assert not list((tmp_path / "out").rglob("*.jsonl.zst"))
    again, spent = Scripted(good), Spent()
    assert run(tmp_path, again, samples=samples, spent=spent).kept == 60
    assert (spent.cached, spent.questions) == (10, 50)


def test_nor_where_there_were_few_questions_and_none_was_answered(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="answered nothing"):
        run(tmp_path, Scripted(lambda asked, time: ModelUnavailable("down")))
    assert not list((tmp_path / "out").rglob("*.jsonl.zst"))
    assert run(tmp_path, Scripted(knowing())).kept == 4


def test_where_the_budget_ends_the_shard_waits_and_more_budget_goes_on(tmp_path: Path) -> None:
    samples = [sample(pair) for pair in PAIRS]
    first, second = Scripted(knowing()), Scripted(knowing())
    with pytest.raises(ConfigError, match=r"budget is spent \(9 questions, 135 tokens\)"):
        run(tmp_path, first, Think(asking=replace(FAST, questions=9)), samples=samples)
    assert not list((tmp_path / "out").rglob("*.jsonl.zst"))
    assert run(tmp_path, second, Think(asking=replace(FAST, questions=13)), samples=samples).kept == 22
    assert (first.asked + second.asked).total() == 22  # nothing twice


@pytest.mark.parametrize("unasked", ["drop", "plain"])
def test_or_its_samples_are_left_out_or_go_on_plain(tmp_path: Path, unasked: Any) -> None:
    tally = run(tmp_path, Scripted(knowing()), Think(unasked=unasked, asking=replace(FAST, questions=1)))
    assert tally.kept == (1 if unasked == "drop" else 4)
    assert tally.dropped == ({"over_budget": 3} if unasked == "drop" else {})
    assert len([thought for thought in thoughts(samples_in(tmp_path / "out")) if thought]) == 1


def test_a_judge_has_the_last_word(tmp_path: Path) -> None:
    scores = {FEW[0].thought: '{"score": 9}', FEW[1].thought: '{"score": 3}', FEW[2].thought: "hard to say"}

    def weighs(asked: str, time: int) -> object:
        return next((said for thought, said in scores.items() if thought in asked), ModelUnavailable("down"))

    judge = Scripted(weighs, name="judge")
    teacher = Scripted(knowing(_bad(PAIRS[4], "嗯。")))
    tally = run(tmp_path, teacher, judge=judge, samples=[sample(pair) for pair in PAIRS[:5]])
    assert tally.kept == 1 and judge.closed
    assert tally.dropped == {"thought_unconvincing": 1, "judge_unclear": 1, "judge_failed": 1, "thought_short": 1}
    assert len(judge.asked) == 4  # not about what was rejected already


def test_the_same_files_at_any_speed_and_damage_is_carried_on(tmp_path: Path) -> None:
    lines = tmp_path / "in" / "data"
    samples = [sample(pair) for pair in PAIRS]
    written(tmp_path / "in", samples[:12], samples[12:])
    torn = lines / "part-2.jsonl"
    torn.write_text('{"messages": [\n', encoding="utf-8")
    inputs = sorted(lines.iterdir())
    bad = _bad(PAIRS[3], "嗯。")
    for name, at_once in (("one", 1), ("many", 16)):
        teacher = Scripted(knowing(bad), pause=0.001)
        options = Think(asking=replace(FAST, at_once=at_once))
        tally = think(inputs, tmp_path / name, options, teacher, None, lambda what, done, of: None)
        assert tally.dropped == {"thought_short": 1, "not_json": 1} and teacher.most <= at_once
    assert files_in(tmp_path / "one") == files_in(tmp_path / "many")


def test_a_complete_stage_is_not_done_again_and_other_options_need_another_folder(tmp_path: Path) -> None:
    written(tmp_path / "in", [sample(pair) for pair in FEW])

    def folder(teacher: Scripted, options: Think) -> Any:
        return think_folder(tmp_path / "in", tmp_path / "out", options, teacher, None, lambda w, d, o: None, Spent())

    made = folder(Scripted(knowing()), Think(asking=FAST))
    assert (made.skipped, made.tally.kept, made.thoughts["given"]) == (False, 4, 4)
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["recipe"]["teacher"] == {"name": "scripted", "context": 4096} and manifest["counts"]["kept"] == 4
    assert {file["path"] for file in manifest["outputs"]} == {"data/part-0.jsonl.zst", "thoughts.json"}
    assert not (tmp_path / "out" / ".done").exists()
    idle = Scripted(knowing())
    assert folder(idle, Think(asking=replace(FAST, at_once=9, tokens=5))).skipped and not idle.asked
    with pytest.raises(DataError, match="other options"):
        folder(idle, Think(every=1, asking=FAST))
    (tmp_path / "in" / "data" / "new.jsonl").write_text("{}", encoding="utf-8")
    with pytest.raises(DataError, match="another input"):
        folder(idle, Think(asking=FAST))


def test_echo_is_no_teacher(tmp_path: Path) -> None:
    """It says the question back: the instructions' own words are a leak, whatever the dialogue."""
    tally = run(tmp_path, EchoModel(), samples=[sample(pair) for pair in PAIRS])
    assert (tally.kept, set(tally.dropped)) == (0, {"thought_leak"})


def test_how_it_is_asked_decides_nothing() -> None:
    teacher = Scripted()
    plain = table(Think(), teacher, None)
    assert plain == table(Think(asking=Asking(9, 1, 1.0, 1.0, 5, 5, "x")), teacher, None)
    assert (
        len({json.dumps(t) for t in (plain, table(Think(seed=2), teacher, None), table(Think(), teacher, teacher))})
        == 3
    )


@pytest.mark.parametrize(
    "wrong", [{"every": -1}, {"shortest": 0}, {"shortest": 700}, {"least": 11}, {"asking": Asking(0)}]
)
def test_options_that_cannot_be(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        Think(**wrong)


def test_whether_the_input_was_deidentified(tmp_path: Path) -> None:
    stage = tmp_path / "clean"
    stage.mkdir()
    assert not deidentified(stage)
    body = {"recipe": {"steps": [{"step": "roles"}]}}
    (stage / "manifest.json").write_text(json.dumps(body), encoding="utf-8")
    assert not deidentified(stage)
    body["recipe"]["steps"].append({"step": "personal"})
    (stage / "manifest.json").write_text(json.dumps(body), encoding="utf-8")
    later = tmp_path / "dedup"
    later.mkdir()
    assert deidentified(stage) and deidentified(later)
