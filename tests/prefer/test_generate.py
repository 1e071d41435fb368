"""Replies: who is asked what, what is marked, what is noted as missing."""

from __future__ import annotations

import pytest

from anxin.corpus import Drop, Sample
from anxin.dialogue import Dialogue, Message
from anxin.errors import ModelBroken
from anxin.model import EchoModel, Model, ModelInfo
from anxin.prefer import Answering, Asking, Limits, Statements, Voice, candidates_of, voices
from anxin.prefer.generate import answered

from .parts import says

pytestmark = pytest.mark.anyio

CALM = "I feel stuck at work."
UNSAFE = "你就是懒，去死吧。"


async def replies(sample: Sample, *speaking: Voice, how: Answering | None = None) -> Sample | Drop:
    (done,) = await answered([sample], speaking, how or Answering(), Asking(Limits(tries=1)))
    return done


def voice(model: Model, temperature: float = 0.7, seed: int = 1) -> Voice:
    return Voice(model, temperature, seed)


def told(text: str, name: str = "echo", **options: object) -> EchoModel:
    return EchoModel([text], name=name, **options)  # type: ignore[arg-type]


def test_every_model_at_every_temperature_with_its_own_seeds() -> None:
    one, other = EchoModel(name="one"), EchoModel(name="other")
    made = voices([one, other], [0.5, 1.0], 2, seed=7)
    assert len(made) == 8 == len({made_one.name for made_one in made})
    assert made[0].name == "one@0.5#7" and made[-1].name == "other@1#8"
    assert voices([one], (), 1, 1)[0].temperature == one.info.temperature


async def test_a_reply_is_kept_with_who_gave_it() -> None:
    done = await replies(says(CALM), voice(told("What is hardest?", "kind"), 0.9, 3))
    assert isinstance(done, Sample)
    (one,) = candidates_of(done)
    assert (one.text, one.model, one.temperature, one.seed, one.barred) == ("What is hardest?", "kind", 0.9, 3, "")


async def test_models_that_follow_a_prompt_are_given_ours_in_the_clients_language() -> None:
    def script(messages: tuple[Message, ...]) -> str:
        return (
            "zh" if "你在陪一个人" in messages[0].text else "en" if "Understand before" in messages[0].text else "none"
        )

    chinese, english = says("我最近很累"), says(CALM)
    for sample, instructable, expected in (
        (chinese, True, "zh"),
        (english, True, "en"),
        (chinese, False, "none"),
        (Sample("s", Dialogue().says("system", "Be brief.").says("client", CALM)), True, "none"),
    ):
        done = await replies(sample, voice(EchoModel(script, instructable=instructable)))
        assert isinstance(done, Sample) and candidates_of(done)[0].text == expected


async def test_an_unsafe_reply_is_kept_and_can_only_be_rejected() -> None:
    done = await replies(says("我最近很累"), voice(told(UNSAFE, "cruel")), voice(told("听起来真不容易。", "kind")))
    assert isinstance(done, Sample)
    cruel, kind = candidates_of(done)
    assert cruel.text == UNSAFE and cruel.barred.startswith("unsafe:") and not kind.barred


async def test_a_reply_that_ran_into_the_limit_is_marked() -> None:
    done = await replies(says(CALM), voice(told("word " * 100)), how=Answering(max_tokens=20))
    assert isinstance(done, Sample) and candidates_of(done)[0].barred == "cut"


async def test_the_same_words_are_one_candidate_and_failures_are_noted() -> None:
    broken = EchoModel(error=ModelBroken("garbage"), name="broken")
    done = await replies(
        says(CALM), voice(told("Go on.", "a")), voice(told("Go on.", "b")), voice(told("  ", "c")), voice(broken)
    )
    assert isinstance(done, Sample) and len(candidates_of(done)) == 1
    assert [one["why"] for one in done.metadata["unanswered"]] == ["same_words", "empty", "model_broken"]


async def test_a_statement_nobody_replies_to_is_dropped_with_the_reasons() -> None:
    broken = EchoModel(error=ModelBroken("garbage"), name="broken")
    assert await replies(says(CALM), voice(broken)) == Drop("no_reply", "model_broken")


class Chinese(EchoModel):
    @property
    def info(self) -> ModelInfo:
        return ModelInfo("chinese", "echo", 4096, languages=("zh",))


async def test_a_model_is_not_asked_for_a_language_it_lacks() -> None:
    done = await replies(says(CALM), voice(Chinese()), voice(told("Go on.")))
    assert isinstance(done, Sample) and len(candidates_of(done)) == 1
    assert [one["why"] for one in done.metadata["unanswered"]] == ["language"]
    assert await replies(says(CALM), voice(Chinese())) == Drop("language")
    wished = await replies(says(CALM), voice(Chinese()), how=Answering(any_language=True))
    assert isinstance(wished, Sample) and len(candidates_of(wished)) == 1


async def test_some_of_all_voices_by_the_statements_hash() -> None:
    speaking = [voice(told(f"reply {number}", f"m{number}")) for number in range(6)]
    batch = [says(f"{CALM} {number}", str(number)) for number in range(30)]
    once = await answered(batch, speaking, Answering(voices=2), Asking())
    again = await answered(batch[::-1], speaking, Answering(voices=2), Asking())
    assert once == again[::-1]
    chosen = [tuple(one.model for one in candidates_of(done)) for done in once if isinstance(done, Sample)]
    assert {len(models) for models in chosen} == {2} and len(set(chosen)) > 5


def test_what_makes_a_statement() -> None:
    make = Statements()
    document = make(Sample("d", document=CALM))
    assert isinstance(document, Sample) and [m.role for m in document.dialogue] == ["client"]
    assert document.metadata["language"] == "en" and document.document == ""
    answered_ = Sample("a", Dialogue().says("client", CALM).says("counsellor", "Go on."))
    assert make(answered_) == Drop("not_the_clients", "the last words are not the client's; trim may help")
    trimmed = Statements(trim=True)(answered_)
    assert isinstance(trimmed, Sample) and len(trimmed.dialogue) == 1
    assert make(Sample("e")) == Drop("not_the_clients", "the last words are not the client's; trim may help")
    assert make(says("  ")) == Drop("empty")
    assert isinstance(chinese := make(says("我最近很累")), Sample) and chinese.metadata["language"] == "zh"


@pytest.mark.parametrize(("text", "level"), [("我不想活了", "T2"), ("I want to kill myself tonight", "T4")])
def test_statements_at_risk_are_left_out_unless_wished(text: str, level: str) -> None:
    assert Statements()(says(text)) == Drop("crisis", level)
    assert isinstance(Statements(crisis=True)(says(text)), Sample)
    earlier = Dialogue().says("client", text).says("counsellor", "I hear you.").says("client", "Thanks.")
    assert Statements()(Sample("s", earlier)) == Drop("crisis", level)
