"""The ledger: risk rises at once, falls slowly, never forgets, and tells the protocol where it stands."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anxin.dialogue import Dialogue
from anxin.safety import Action, Concern, Cue, Ledger, Risk, Subject, Track, Verdict, screen

_VERDICTS = st.builds(
    Verdict,
    risk=st.sampled_from(Risk),
    concerns=st.lists(st.sampled_from(Concern), max_size=2, unique=True).map(tuple),
    subject=st.sampled_from(Subject),
    action=st.sampled_from(Action),
    fault=st.sampled_from(["", "screen: ValueError"]),
    cues=st.lists(st.sampled_from(Cue), max_size=2, unique=True).map(tuple),
)


def _told(*texts: str) -> Ledger:
    ledger = Ledger()
    for text in texts:
        ledger = ledger.fold(screen(text))
    return ledger


def test_risk_rises_at_once() -> None:
    assert _told("今天好累", "我今晚就自杀").risk is Risk.T4


def test_a_crisis_falls_one_level_after_five_quieter_messages() -> None:
    assert _told("我今晚就自杀", *["今天下雨"] * 4).risk is Risk.T4
    assert _told("我今晚就自杀", *["今天下雨"] * 5).risk is Risk.T3
    assert _told("我今晚就自杀", *["今天下雨"] * 10).risk is Risk.T2


def test_a_crisis_falls_sooner_where_the_client_says_they_are_safer() -> None:
    assert _told("我想自杀", "我现在好多了", "今天下雨").risk is Risk.T3
    assert _told("我想自杀", "我现在好多了", "今天下雨", "吃饭了").risk is Risk.T2


def test_distress_falls_after_three_quieter_messages() -> None:
    assert _told("我不想活了", *["今天下雨"] * 3).risk is Risk.T1


def test_a_disclosure_never_falls_below_t2() -> None:
    ledger = _told("我想自杀", *["今天吃了面"] * 50)
    assert ledger.risk is Risk.T2
    assert ledger.peak is Risk.T3
    assert not ledger.calm


def test_distress_alone_may_pass() -> None:
    assert _told("今天好累", *["今天吃了面"] * 3).risk is Risk.T0


def test_calm_means_t0_throughout() -> None:
    assert _told("你好", "晚上吃什么").calm
    assert not _told("你好", "我好难过", "晚上吃什么").calm


def test_the_whole_history_counts_and_only_the_client_speaks_for_it() -> None:
    dialogue = Dialogue().says("client", "我想自杀").says("counsellor", "我今晚就自杀").says("client", "今天吃了面")
    ledger = Ledger.of(dialogue)
    assert ledger.turns == 2
    assert ledger.peak is Risk.T3


def test_a_yes_to_the_safety_question_raises_the_risk() -> None:
    asked = _told("我不想活了")
    assert asked.support_due
    assert asked.fold(screen("有")).risk is Risk.T3
    assert _told("你好").fold(screen("有")).risk is Risk.T0


def test_a_yes_to_the_question_about_plan_is_t4() -> None:
    ledger = _told("我想自杀", "嗯")
    assert ledger.track is Track.IDEATION
    assert ledger.replies(Track.IDEATION) == 2
    assert ledger.fold(screen("有")).risk is Risk.T4


def test_the_safety_question_is_not_due_every_turn() -> None:
    ledger = Ledger()
    due = []
    for _ in range(8):
        ledger = ledger.fold(screen("我不想活了"))
        due.append(ledger.support_due)
    assert due[:4] == [True, False, False, True]


@pytest.mark.parametrize(
    ("text", "track"),
    [
        ("我想自杀", Track.IDEATION),
        ("我决定今晚自杀", Track.PLAN),
        ("我已经吃了一瓶药", Track.ATTEMPT),
        ("我又自残了", Track.SELF_HARM),
        ("怎么死最不痛苦", Track.METHOD),
        ("我朋友想自杀", Track.OTHER),
        ("她站在楼顶要跳楼", Track.OTHER_NOW),
        ("我老公家暴我", Track.ABUSE),
        ("他现在拿着刀追我", Track.DANGER),
        ("我忍不住想掐死孩子", Track.CHILD),
        ("我想杀了他", Track.VIOLENCE),
        ("有个声音叫我去死", Track.VOICES),
    ],
)
def test_each_crisis_has_its_track(text: str, track: Track) -> None:
    assert _told(text).track is track


def test_refusing_calls_changes_the_track_and_an_attempt_changes_it_back() -> None:
    ledger = _told("我想自杀", "我不打电话")
    assert ledger.track is Track.REFUSAL
    assert ledger.fold(screen("我已经吃了一瓶药")).track is Track.ATTEMPT


def test_an_answer_without_risk_stays_on_the_track() -> None:
    assert _told("我已经吃了一瓶药", "嗯").track is Track.ATTEMPT


def test_a_fault_is_risk() -> None:
    ledger = Ledger().fold(Verdict(Risk.T2, fault="screen: ValueError"))
    assert ledger.crisis
    assert ledger.track is Track.FAULT
    assert not ledger.calm
    asked = ledger.fold(Verdict(Risk.T2, fault="screen: ValueError"))
    assert asked.fold(screen("有")).track is Track.IDEATION


@given(st.lists(_VERDICTS, max_size=12))
def test_a_ledger_survives_storage_and_never_forgets(verdicts: list[Verdict]) -> None:
    ledger = Ledger()
    for verdict in verdicts:
        before = ledger
        ledger = ledger.fold(verdict)
        assert ledger.risk >= verdict.risk
        assert ledger.peak >= max(before.peak, ledger.risk)
        assert ledger.risk >= before.risk - 1
        assert ledger.crisis == (ledger.track is not None and ledger.risk >= Risk.T3)
        if ledger.peak >= Risk.T3:
            assert ledger.risk >= Risk.T2
    assert Ledger.from_json(ledger.to_json()) == ledger


@given(st.text(st.characters(codec=None)))
def test_garbage_reads_as_a_cautious_ledger(text: str) -> None:
    ledger = Ledger.from_json(text)
    assert ledger.risk >= Risk.T2
    assert not ledger.calm


@pytest.mark.parametrize("name", ["risk", "peak", "turns", "calm", "given", "subject", "concerns", "track"])
def test_a_damaged_field_reads_as_a_cautious_ledger(name: str) -> None:
    raw = json.loads(_told("你好").to_json())
    raw[name] = "?"
    assert Ledger.from_json(json.dumps(raw)).risk is Risk.T2


def test_a_record_that_contradicts_itself_is_not_believed() -> None:
    raw = json.loads(_told("我想自杀").to_json())
    raw["calm"] = True
    assert not Ledger.from_json(json.dumps(raw)).calm


def test_the_record_holds_no_word_of_the_client() -> None:
    assert "自杀" not in _told("我想自杀").to_json()


def test_an_attempt_is_never_answered_with_leave_not_to_call() -> None:
    for refusal in ("我不打电话", "不想打", "i don't want to call anyone"):
        assert _told("我已经吃了一瓶药", refusal).track is Track.UNAIDED
    assert _told("我已经吃了一瓶药", "不想打", "我就是想死").track is Track.UNAIDED


def test_feeling_calm_after_an_overdose_is_no_safety_but_help_is() -> None:
    assert _told("我已经吃了一瓶药", "我现在平静了").track is Track.ATTEMPT
    assert _told("我已经吃了一瓶药", "还没打120").track is Track.ATTEMPT
    assert _told("i took all my pills", "i havent called 911").track is Track.ATTEMPT
    assert _told("我已经吃了一瓶药", "我打了120了", "我害怕").track is Track.HELP
    assert _told("i took all my pills", "i don't want to call anyone", "ok i called them").track is Track.HELP
    assert _told("我已经吃了一瓶药", "我打了120了", "我又吃了一瓶药").track is Track.ATTEMPT


def test_a_friends_secret_is_not_the_clients_refusal() -> None:
    ledger = _told("我室友说要自杀", "她让我别告诉别人")
    assert ledger.track is Track.OTHER
    assert ledger.fold(screen("她妈妈过来了")).track is Track.OTHER_SAFER


def test_who_will_know_is_answered_and_the_talk_goes_on() -> None:
    ledger = _told("我想自杀", "你会不会告诉别人")
    assert ledger.track is Track.PRIVACY
    assert ledger.fold(screen("哦")).track is Track.REFUSAL


def test_safety_is_believed_and_a_new_wish_taken_up_again() -> None:
    ledger = _told("我想自杀", "我现在好多了")
    assert ledger.track is Track.SAFER
    assert ledger.fold(screen("还是想自杀")).track is Track.IDEATION


def test_the_safety_question_is_not_asked_again_once_answered() -> None:
    assert _told("我不想活了", "有").replies(Track.IDEATION) == 2


def test_a_bare_time_after_the_protocols_question_is_a_plan() -> None:
    assert _told("我想自杀", "想过跳楼", "就在今晚吧").risk is Risk.T4
    assert _told("你好", "今晚").risk is Risk.T0


def test_turning_help_away_is_no_sign_of_calm() -> None:
    assert _told("我想自杀", *["我不打电话"] * 5).risk is Risk.T3


def test_a_childs_wish_to_die_is_not_forgotten() -> None:
    assert _told("我初二，我想死", *["今天吃了面"] * 20).risk is Risk.T2
