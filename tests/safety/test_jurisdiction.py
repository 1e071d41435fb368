"""Packs say what they rest on; notices come no more often than they may, and come; Anxin is not what it is not."""

from __future__ import annotations

import copy
import re
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib import import_module, resources
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anxin.dialogue import Language
from anxin.errors import ConfigError
from anxin.safety import Guard, Jurisdiction, Notice, NoticeKind, Times, due, jurisdiction, jurisdictions
from anxin.safety.notices import authored

from .jurisdiction_tables import PAGE, written

ROOT = Path(__file__).parents[2]
CODES = ("CN", "HK", "TW", "SG", "EU", "GB", "US-CA", "US-NY", "US-WA", "US-IL", "default")
NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
LANGUAGES: tuple[Language, ...] = ("zh", "en")
packs_file = import_module("anxin.safety.jurisdiction")


def hours(number: float) -> datetime:
    return NOON + timedelta(hours=number)


def kinds(notices: tuple[Notice, ...]) -> list[str]:
    return [notice.kind.value for notice in notices]


# The packs


def test_there_is_a_pack_for_every_place_and_none_was_read_by_a_lawyer() -> None:
    assert tuple(pack.code for pack in jurisdictions()) == CODES
    for pack in jurisdictions():
        assert not pack.reviewed_by_counsel
        assert not any(source.reviewed_by_counsel for source in pack.sources)
        assert pack.title["zh"] and pack.title["en"]


def test_every_rule_rests_on_a_source_with_an_article_and_a_day_or_claims_no_law() -> None:
    for pack in jurisdictions():
        assert len({row.rule for row in pack.rows}) == len(pack.rows) == 11
        for row in pack.rows:
            assert row.says and bool(row.article) == (row.source is not None)
            if row.source is not None:
                assert row.source.found and row.source.checked.year >= 2026
                # Without the day something else must be told of the date.
                assert row.source.in_force is not None or row.source.note


@pytest.mark.parametrize("code", ["HK", "TW", "SG", "GB", "default"])
def test_where_no_source_was_found_all_are_house_rules(code: str) -> None:
    assert jurisdiction(code).sources == ()


@pytest.mark.parametrize(
    ("code", "rule", "value", "law"),
    [
        ("CN", "break_every", 2.0, "Order 21"),
        ("CN", "emergency_contact", "required", "Order 21"),
        ("EU", "disclose_at_start", True, "Artificial Intelligence Act"),
        ("US-CA", "minor_break_every", 1.0, "SB 243"),
        ("US-NY", "disclose_every", 3.0, "Article 47"),
        ("US-WA", "minor_disclose_every", 1.0, "HB 2225"),
        ("US-IL", "forbidden_en", None, "WOPR"),
    ],
)
def test_what_was_found_stands_in_its_pack(code: str, rule: str, value: object, law: str) -> None:
    (row,) = [row for row in jurisdiction(code).rows if row.rule == rule]
    assert row.source is not None and law in row.source.law["en"]
    assert value is None or row.value == value


def test_what_our_notes_do_not_agree_on_is_marked() -> None:
    (hours_of_order_21,) = [row for row in jurisdiction("CN").rows if row.rule == "break_every"]
    assert hours_of_order_21.source is not None and hours_of_order_21.source.confidence == "disputed"


@pytest.mark.parametrize(
    ("given", "code"), [("cn", "CN"), (" us-ca ", "US-CA"), ("DEFAULT", "default"), ("us-IL", "US-IL")]
)
def test_a_code_is_read_in_any_case(given: str, code: str) -> None:
    assert jurisdiction(given).code == code


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("UK", "GB"),
        ("CA", "US-CA"),
        ("California", "US-CA"),
        ("US-NJ", "US-NY"),
        ("Taiwn", "TW"),
        ("加州", "US-CA"),
        ("washingtn", "US-WA"),
        ("", "default"),
        ("qqqqqq", "default"),
    ],
)
def test_an_unknown_code_names_the_nearest(given: str, meant: str) -> None:
    with pytest.raises(ConfigError, match=f"did you mean {meant}\\?") as refused:
        jurisdiction(given)
    assert "US-IL" in str(refused.value)


def test_the_page_for_people_says_what_the_data_says() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == written(page), "run python tests/safety/jurisdiction_tables.py"
    assert "Not legal advice" in page and "No lawyer has reviewed" in page
    assert page.count("US-IL") >= 1 and page.count("house rules: no source was found") == 4


def _breaks(change: Callable[[dict[str, Any]], object]) -> str:
    raw = copy.deepcopy(_raw("jurisdictions.toml"))
    change(raw)
    try:
        packs_file._read(raw)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        return str(error)
    return "nothing broke"


def _raw(file: str) -> dict[str, Any]:
    return tomllib.loads(resources.files("anxin.safety").joinpath(file).read_text("utf-8"))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda raw: raw["source"][0].pop("reviewed_by_counsel"), "reviewed_by_counsel"),
        (lambda raw: raw["source"][0].update(confidence="sure"), "confidence"),
        (lambda raw: raw["source"][0].update(found=""), "found"),
        (lambda raw: raw["source"][0].update(checked="today"), "no day"),
        (lambda raw: raw["pack"][0].update(region="XX"), "lines.toml"),
        (lambda raw: raw["pack"][0]["row"][1].update(value=0), "break_every"),
        (lambda raw: raw["pack"][0]["row"][1].update(value=True), "break_every"),
        (lambda raw: raw["pack"][0]["row"][1].pop("article"), "article"),
        (lambda raw: raw["pack"][0]["row"][1].update(source="nowhere"), "nowhere"),
        (lambda raw: raw["pack"][0]["row"][1].update(rule="nap_every"), "nap_every"),
        (lambda raw: raw["pack"][0]["row"].append(raw["pack"][0]["row"][0]), "two rows"),
        (lambda raw: raw["pack"][-1]["row"].pop(), "default pack"),
        (lambda raw: raw["pack"][-1]["row"][0].update(source="eu-ai-act", article="x"), "default pack"),
    ],
)
def test_data_that_cannot_be_used_is_refused(change: Callable[[dict[str, Any]], object], said: str) -> None:
    assert said in _breaks(change)
    assert _breaks(lambda raw: None) == "nothing broke"


# When


def told(pack: Jurisdiction, times: Times, now: datetime, minor: bool = False) -> tuple[Notice, ...]:
    last = (times.started, times.last_seen, times.last_disclosed, times.last_break)
    return due(pack, *last, now, minor, "zh")


def test_a_conversation_begins_with_who_is_speaking_and_says_it_once() -> None:
    pack = jurisdiction("default")
    first = told(pack, Times(), NOON)
    assert kinds(first) == ["start"]
    times = Times().heard(NOON).told(first, NOON)
    assert told(pack, times, hours(0.01)) == ()


def test_hours_of_talk_bring_a_rest_and_then_a_reminder() -> None:
    pack, now = jurisdiction("US-NY"), NOON
    times = Times().heard(now).told(told(pack, Times(), now), now)
    seen: list[tuple[float, list[str]]] = []
    for quarter in range(1, 33):
        now = hours(quarter / 4)
        if notices := told(pack, times, now):
            seen.append((quarter / 4, kinds(notices)))
        times = times.told(notices, now).heard(now)
    assert seen == [(2, ["break"]), (3, ["again"]), (4, ["break"]), (6, ["again", "break"]), (8, ["break"])]


def test_who_comes_back_is_told_again_and_has_rested() -> None:
    pack = jurisdiction("default")
    times = Times(NOON, NOON, NOON, None)
    back = told(pack, times, hours(5))
    assert kinds(back) == ["return"]
    times = times.told(back, hours(5)).heard(hours(5))
    assert told(pack, times, hours(6.9)) == ()
    assert kinds(told(pack, times, hours(7.1))) == ["break"]


def test_a_minor_is_told_and_rests_more_often_in_other_words() -> None:
    pack = jurisdiction("US-WA")
    times = Times(NOON, hours(1), NOON, None)
    assert told(pack, times, hours(1.1)) == ()
    young = told(pack, times, hours(1.1), minor=True)
    assert kinds(young) == ["again", "break"]
    assert "信得过的大人" in young[0].text
    assert young[0].text not in authored("zh")["adult"]["again"]


def test_a_clock_that_was_set_back_makes_nothing_stay_silent() -> None:
    pack = jurisdiction("default")
    assert kinds(told(pack, Times(NOON, NOON, hours(90), NOON), hours(1))) == ["start"]


def test_a_time_without_a_zone_is_this_machines() -> None:
    pack, here = jurisdiction("default"), datetime(2026, 11, 21, 12)
    assert kinds(due(pack, here, here, here, here, here + timedelta(hours=2.5))) == ["break"]


def test_repeats_do_not_repeat_themselves() -> None:
    pack = jurisdiction("CN")
    late = [(hours(2 * n), Times(NOON, hours(2 * n), hours(2 * n), hours(2 * n - 2))) for n in (1, 2, 3, 4)]
    texts = [told(pack, times, now)[0].text for now, times in late]
    assert len(set(texts)) == 4


GAPS = st.lists(
    st.tuples(st.one_of(st.integers(1, 90), st.integers(90, 2000)), st.booleans(), st.booleans()),
    min_size=1,
    max_size=40,
)


@settings(deadline=None, max_examples=150)
@given(
    st.sampled_from(CODES),
    GAPS,
    st.sampled_from(["", "disclose_every", "break_every", "disclose_on_return_after"]),
)
def test_never_more_often_than_allowed_and_never_never(
    code: str, steps: list[tuple[int, bool, bool]], never: str
) -> None:
    """Messages some minutes apart; in a crisis nothing but the start may be told; a minor may show themselves late."""
    pack = jurisdiction(code)
    without: dict[str, Any] = {never: None} if never else {}
    pack = replace(pack, **without)
    now, times, minor = NOON, Times(), False
    disclosed: datetime | None = None
    rested: datetime | None = None
    for minutes, crisis, young in steps:
        now += timedelta(minutes=minutes)
        minor = minor or young
        every = [pack.disclose_every, *([pack.minor.disclose_every] if minor else [])]
        rest = [pack.break_every, *([pack.minor.break_every] if minor else [])]
        back = pack.disclose_on_return_after
        shortest = min((span for span in (*every, back) if span is not None), default=None)
        pause = min((span for span in rest if span is not None), default=None)
        away = times.last_seen is not None and back is not None and now - times.last_seen >= timedelta(hours=back)
        notices = told(pack, times, now, minor)
        if crisis:
            notices = tuple(notice for notice in notices if notice.kind is NoticeKind.START)
        found = kinds(notices)
        assert len(found) == len(set(found)) <= 2
        assert len(set(found) & {"start", "return", "again"}) <= 1
        assert ("start" in found) == (disclosed is None)
        if set(found) & {"return", "again"}:
            assert disclosed is not None and shortest is not None
            assert now - disclosed >= timedelta(hours=shortest)
        if "break" in found:
            assert not away and pause is not None
            assert rested is None or now - rested >= timedelta(hours=pause)
            rested = now
        disclosed = now if set(found) - {"break"} else disclosed
        times = times.told(notices, now).heard(now)
        if not crisis:
            limit = min((span for span in every if span is not None), default=None)
            assert disclosed is not None
            assert limit is None or now - disclosed < timedelta(hours=limit)
            since = times.last_break or times.started
            assert since is not None and (pause is None or away or now - since < timedelta(hours=pause))


# In which words


def words() -> Iterator[tuple[Language, str, str, str]]:
    for language in LANGUAGES:
        for who, by_kind in authored(language).items():
            for kind, texts in by_kind.items():
                yield from ((language, who, kind, text) for text in texts)


def test_the_words_are_short_whole_and_pass_the_guard_of_every_pack() -> None:
    for language, who, kind, text in words():
        assert len(text) <= (60 if language == "zh" else 150), text
        assert re.search(r"[。？！.?!]$", text), text
        assert not re.search(r"\d", text), text
        assert len(authored(language)[who][kind]) >= (1 if kind == "start" else 2)
        for pack in jurisdictions():
            guard = Guard(language, pack)
            assert guard.feed(text) + guard.finish() == text


def test_every_disclosure_says_ai_and_for_minors_names_an_adult() -> None:
    for language, who, kind, text in words():
        if kind != "break":
            assert "AI" in text, text
        if who == "minor" and kind != "break":
            assert ("大人" if language == "zh" else "adult") in text, text


def test_nothing_asks_anyone_to_stay_or_to_come_back() -> None:
    for _, _, _, text in words():
        assert not re.search(r"别走|再来找我|等你|想你|come back|stay with me|miss you|be waiting|don't go", text), text


# What Anxin may not call itself


def stopped(text: str, language: Language, pack: Jurisdiction) -> bool:
    guard = Guard(language, pack)
    guard.feed(text)
    guard.finish()
    return guard.tripped == "human"


@pytest.mark.parametrize("pack", jurisdictions(), ids=lambda pack: pack.code)
def test_a_reply_may_not_use_a_packs_words_of_anxin(pack: Jurisdiction) -> None:
    for word in pack.forbidden["zh"]:
        assert stopped(f"放心吧，我是你的{word}。", "zh", pack), word
        assert stopped(f"安心是一个在线的{word}。", "zh", pack), word
    for word in pack.forbidden["en"]:
        assert stopped(f"Think of me as your personal {word}.", "en", pack), word
        assert stopped(f"Anxin is your {word}.", "en", pack), word


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("zh", "我可以给你做心理治疗。"),
        ("zh", "我们的治疗到这里，下次再说。"),
        ("zh", "我是安心，你的心理医生。"),
        ("en", "I'm Anxin, your personal therapist."),
        ("en", "In our next therapy session we'll look at it."),
        ("en", "I can offer you therapy."),
        ("en", "Welcome to your first therapy session."),
    ],
)
def test_nor_call_the_talk_by_them(language: Language, text: str) -> None:
    assert stopped(text, language, jurisdiction("US-IL"))
    assert not stopped(text, language, replace(jurisdiction("US-IL"), claims=()))


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("zh", "我不是心理医生，也不做治疗。"),
        ("zh", "你愿意去看看医生吗？心理治疗对不少人有帮助。"),
        ("zh", "我是AI，要紧的话请找心理咨询师。"),
        ("en", "I'm not a therapist and this isn't therapy."),
        ("en", "A therapist could help you carry it. Have you been in therapy before?"),
        ("en", "Your therapist sounds kind. What did your doctor say about the treatment?"),
    ],
)
def test_naming_the_people_who_are_stays_allowed(language: Language, text: str) -> None:
    for pack in jurisdictions():
        guard = Guard(language, pack)
        assert guard.feed(text) + guard.finish() == text


def leaves(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for child in value.values():
            yield from leaves(child)
    elif isinstance(value, list):
        for child in value:
            yield from leaves(child)


def ours() -> Iterator[tuple[Language, str, str]]:
    """Everything of ours that a client may read, and the prompts, told as if Anxin spoke of itself."""
    package = ROOT / "src" / "anxin"
    for language in LANGUAGES:
        own = (f"safety/crisis_{language}", f"safety/notices_{language}", f"counsel/counsel_{language}")
        for name in own:
            for text in leaves(tomllib.loads((package / f"{name}.toml").read_text("utf-8"))):
                yield (
                    language,
                    name,
                    re.sub(r"\byou (are|give|offer|do)\b", r"I \1", text, flags=re.I).replace("你是", "我是"),
                )
        guard = tomllib.loads((package / f"safety/guard_{language}.toml").read_text("utf-8"))
        yield from ((language, "guard", text) for text in guard["instead"].values())
        for file in sorted((package / "retrieve" / "pieces").glob(f"*_{language}.toml")):
            yield from ((language, file.stem, text) for text in leaves(tomllib.loads(file.read_text("utf-8"))))
        page = (ROOT / "web" / "src" / "texts" / f"{language}.ts").read_text("utf-8")
        yield from ((language, "page", text) for text in re.findall(r'"((?:[^"\\]|\\.)*)"', page))
    yield "en", "index", (ROOT / "web" / "index.html").read_text("utf-8")


def test_nothing_of_ours_describes_anxin_by_the_words_of_any_pack() -> None:
    packs = {pack.claims: pack for pack in jurisdictions()}
    named = 0
    for language, where, text in ours():
        for sentence in re.split(r"(?<=[。！？.!?\n])\s*", text):
            for pack in packs.values():
                if any(word in sentence.casefold() for word in pack.forbidden[language]):
                    named += 1
                    assert not stopped(sentence, language, pack), (where, sentence)
    assert named >= 30, "our texts name these people to go to; if not, this test looks in the wrong place"
    assert {where for _, where, _ in ours()} >= {"page", "index", "guard"}
