"""A turn tells who is speaking and when to rest: before the reply, never in the middle of a crisis."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from anxin import Counsellor, counsel
from anxin.counsel import Event, Lines, Notice, Reasoning, Screened, Settings, Spoken, disclosure
from anxin.dialogue import Dialogue
from anxin.errors import ModelUnavailable
from anxin.model import Done, Reply
from anxin.safety import Ledger, Risk, Times, Verdict

from .test_turn import NOON, Scripted, ended, run_dialogue, said

TALK = Dialogue().says("client", "今天有点累").says("counsellor", "怎么了？").says("client", "工作太多了")
LATE = NOON + timedelta(hours=3)
LONG = Times(NOON, LATE, NOON, NOON)  # three hours of talk, told at the start and never since


def notices(events: list[Event]) -> list[str]:
    return [event.kind.value for event in events if isinstance(event, Notice)]


def talk(dialogue: Dialogue, times: Times | None, now: datetime = LATE, ledger: Ledger | None = None) -> list[Event]:
    return run_dialogue(dialogue, Scripted(), ledger, times=times, now=now)


def test_the_first_turn_says_who_is_speaking_right_after_the_screen_and_before_any_reply() -> None:
    events = talk(Dialogue().says("client", "今天有点累"), None)
    assert isinstance(events[0], Screened) and isinstance(events[1], Notice)
    assert events[1].kind.value == "start" and "AI" in events[1].text
    assert notices(events) == ["start"]
    assert events[1].text not in ended(events).text  # it is told beside the reply, not in it


def test_it_follows_the_clients_language() -> None:
    (notice,) = [e for e in talk(Dialogue().says("client", "I feel tired"), None) if isinstance(e, Notice)]
    assert "I'm an AI" in notice.text or "an AI" in notice.text


def test_where_nobody_keeps_the_times_a_later_turn_tells_nothing() -> None:
    assert notices(talk(TALK, None)) == []


def test_what_is_due_comes_before_the_reply() -> None:
    events = talk(TALK, LONG)
    assert notices(events) == ["again", "break"]
    first = next(place for place, event in enumerate(events) if isinstance(event, Spoken | Reasoning))
    assert all(place < first for place, event in enumerate(events) if isinstance(event, Notice))
    assert notices(talk(TALK, LONG.told([e for e in events if isinstance(e, Notice)], LATE))) == []


@pytest.mark.parametrize("text", ["我已经吃了一瓶药", "我想自杀", "我准备好绳子了"])
def test_a_crisis_is_not_interrupted_and_what_was_due_comes_when_it_is_over(text: str) -> None:
    events = talk(TALK.says("counsellor", "嗯").says("client", text), LONG)
    assert ended(events).ledger.risk >= Risk.T3
    assert notices(events) == []
    assert said(events) and any(isinstance(event, Lines) for event in events)
    calm = replace(ended(events).ledger, risk=Risk.T2)
    after = talk(TALK.says("counsellor", "嗯").says("client", "好一些了"), LONG.heard(LATE), LATE, calm)
    assert notices(after) == ["again", "break"]


def test_a_crisis_in_the_first_words_is_told_who_is_speaking_and_no_more() -> None:
    assert notices(talk(Dialogue().says("client", "我想自杀"), Times())) == ["start"]


def test_later_in_a_crisis_a_quiet_message_is_not_interrupted_either() -> None:
    ledger = Ledger().fold(Verdict(Risk.T4))
    assert notices(talk(TALK, LONG, LATE, ledger)) == []


def test_a_minor_gets_the_words_and_the_rhythm_for_minors() -> None:
    soon = NOON + timedelta(hours=1.5)
    assert notices(talk(TALK, Times(NOON, soon, NOON, NOON), soon)) == []
    young = [e for e in talk(TALK, Times(NOON, soon, NOON, NOON), soon, Ledger(minor=True)) if isinstance(e, Notice)]
    assert [notice.kind.value for notice in young] == ["again", "break"]
    assert "大人" in young[0].text


def test_a_model_that_is_down_keeps_nobody_from_being_told() -> None:
    model = Scripted([ModelUnavailable("the server is down")])
    assert notices(run_dialogue(TALK, model, times=LONG, now=LATE)) == ["again", "break"]


def test_a_pack_that_cannot_be_read_still_tells_who_is_speaking_and_the_turn_goes_on() -> None:
    first = Dialogue().says("client", "今天有点累")
    events = run_dialogue(first, Scripted(), jurisdiction="nowhere")
    assert [event.text for event in events if isinstance(event, Notice)] == [disclosure("zh")]
    assert said(events) == "我听到了。"
    assert notices(run_dialogue(TALK, Scripted(), jurisdiction="nowhere", times=LONG, now=LATE)) == []


def test_the_lines_follow_the_pack_where_no_region_is_set_and_the_clients_own_word_before_both() -> None:
    def regions(text: str, **settings: Any) -> set[str]:
        events = run_dialogue(Dialogue().says("client", text), Scripted(), **settings)
        return {line.region for event in events if isinstance(event, Lines) for line in event.lines}

    assert regions("我想自杀") == {"CN"}
    assert regions("我想自杀", jurisdiction="HK") == {"HK"}
    assert regions("我想自杀", jurisdiction="US-NY", region="SG") == {"SG"}
    assert regions("我在台湾，我想自杀", jurisdiction="HK", region="SG") == {"TW"}


def test_a_model_may_not_call_itself_by_the_packs_words() -> None:
    model = Scripted([Reply("我可以给你做心理治疗。"), Done("stop", 1, 1)])
    assert ended(run_dialogue(TALK, model)).reason == "guarded"


def test_the_python_door_hands_the_notices_over() -> None:
    answer = Counsellor("echo", Settings(jurisdiction="EU")).answer("今天有点累")
    assert [notice.kind.value for notice in answer.notices] == ["start"]
    assert answer.notices[0].text not in answer.text


def test_the_event_is_of_the_door() -> None:
    assert "Notice" in counsel.__all__
