"""Talking: streaming, stopping, trying again, and what the page says when something goes wrong."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from .conftest import DESKTOP, Visits
from .fake_server import CRISIS, LIMIT, PIECES, REPLACED, REPLY, TOLD

pytestmark = pytest.mark.browser


def test_a_reply_streams_in_and_ends_whole(visit: Visits) -> None:
    here = visit()
    here.say("慢慢说吧")
    words = here.page.locator(".words")
    lengths = set()
    for _ in range(6):
        lengths.add(len(words.inner_text()))
        here.page.wait_for_timeout(90)
    assert len(lengths) >= 4, "the reply came in one piece"
    here.page.locator(".send.stop").click()
    here.say("睡不着")
    here.settled()
    expect(words.last).to_have_text(REPLY["zh"])
    assert here.server.turns[-1] == {
        "again": False,
        "text": "睡不着",
        "language": None,
        "region": "AA",
        "humour": True,
    }


@pytest.mark.parametrize(("language", "words"), [("zh", "聊了好久了"), ("en", "we talked so long")])
def test_what_is_told_beside_the_talk_is_a_quiet_line_of_its_own(visit: Visits, language: str, words: str) -> None:
    here = visit(language)
    here.say(words)
    here.settled()
    told = here.page.locator(".reminders")
    expect(told).to_have_attribute("role", "status")
    expect(told.locator("p")).to_have_text(list(TOLD[language].values()))
    expect(told.locator("p").first).to_have_attribute("lang", "zh-CN" if language == "zh" else "en")
    expect(here.page.locator(".words")).to_have_text(REPLY[language])
    # It comes before the reply, and is not announced a second time with it.
    assert told.evaluate("e => e.nextElementSibling.classList.contains('reply')")
    expect(here.page.locator('[role="log"]')).not_to_contain_text(TOLD[language]["break"])
    here.page.reload()
    expect(here.page.locator(".reminders p")).to_have_text(list(TOLD[language].values()))


def test_where_nothing_is_told_nothing_is_shown(visit: Visits) -> None:
    here = visit()
    here.say("睡不着")
    here.settled()
    here.say("还是睡不着")
    here.settled()
    expect(here.page.locator(".reminders p")).to_have_count(0)
    expect(here.page.locator(".reminders")).to_have_count(1)  # the place for the newest reply's


def test_stop_hangs_up_and_keeps_what_was_said(visit: Visits) -> None:
    here = visit()
    here.say("慢慢说吧")
    words = here.page.locator(".words")
    expect(words).to_contain_text("第1段")
    here.page.get_by_role("button", name="停下").click()
    expect(here.page.locator(".reply .aside")).to_have_text("已经停下。")
    here.page.wait_for_timeout(300)
    before = words.inner_text()
    here.page.wait_for_timeout(200)
    assert words.inner_text() == before
    assert here.server.hung_up == 1
    expect(here.field).to_be_focused()


def test_answer_again_replaces_the_last_reply(visit: Visits) -> None:
    here = visit()
    here.say("睡不着")
    here.settled()
    here.page.get_by_role("button", name="换个说法再答一次").click()
    here.settled()
    assert [turn["again"] for turn in here.server.turns] == [False, True]
    expect(here.page.locator(".reply")).to_have_count(1)


def test_a_failure_is_kind_and_can_be_tried_again(visit: Visits) -> None:
    here = visit()
    here.say("是不是坏了")
    expect(here.page.locator(".reply")).to_contain_text("模型现在没有回应")
    expect(here.page.get_by_text("nobody listens on port 11434")).to_be_hidden()
    here.page.get_by_role("button", name="再试一次").click()
    expect(here.page.locator(".words")).to_have_text(REPLY["zh"])


def test_a_stream_that_dies_keeps_its_half_and_can_be_tried_again(visit: Visits) -> None:
    here = visit("en")
    here.say("we got cut off")
    expect(here.page.locator(".words")).to_have_text(REPLY["en"][:8])
    expect(here.page.locator(".reply")).to_contain_text("The connection dropped halfway")
    here.page.get_by_role("button", name="Try again").click()
    expect(here.page.locator(".words")).to_have_text(REPLY["en"])


def test_a_guarded_reply_is_withdrawn(visit: Visits) -> None:
    here = visit()
    here.say("说点出格的")
    expect(here.page.locator(".words")).to_have_text(REPLACED["zh"])
    expect(here.page.locator("main")).not_to_contain_text("第1段")
    expect(here.page.locator(".reply")).to_contain_text("已经换掉了")


def test_a_crisis_reply_brings_lines_that_can_be_dialled(visit: Visits) -> None:
    here = visit()
    here.say("我不想活了")
    here.settled()
    expect(here.page.locator(".words")).to_have_text(CRISIS["zh"])
    card = here.page.locator(".crisis")
    expect(card.locator("a.line-number").first).to_have_attribute("href", "tel:5550101")
    expect(card.locator(".line").first).to_contain_text("24小时")
    expect(card.locator(".chip").nth(0)).to_have_text("现在有人接听")
    expect(card.locator(".chip").nth(1)).to_have_text("现在不在服务时间")
    expect(here.page.get_by_role("button", name="换个说法再答一次")).to_have_count(0)


def test_a_crisis_reply_is_read_from_its_beginning(visit: Visits) -> None:
    here = visit("en")
    here.say("I can't sleep")
    here.settled()
    here.say("I want to die")
    here.settled()
    expect(here.page.locator(".words").last).to_be_in_viewport(ratio=1)
    expect(here.page.locator(".crisis .line-number").first).to_be_in_viewport(ratio=1)
    expect(here.page.locator(".latest")).to_have_count(0)


def test_a_line_for_messages_only_is_not_rung(visit: Visits) -> None:
    here = visit("en")
    here.say("I want to die")
    here.settled()
    expect(here.page.locator(".crisis a.line-number").nth(1)).to_have_attribute("href", "sms:5550121")


def test_the_place_in_the_queue_is_shown(visit: Visits) -> None:
    here = visit()
    here.page.evaluate(
        """() => {
          window.shown = [];
          new MutationObserver(() => {
            const text = document.querySelector('.breath')?.innerText;
            if (text && text !== window.shown.at(-1)) window.shown.push(text);
          }).observe(document.body, {childList: true, characterData: true, subtree: true});
        }"""
    )
    here.say("要排队吗")
    expect(here.page.locator(".words")).to_have_text(REPLY["zh"])
    assert here.page.evaluate("window.shown")[-2:] == ["前面还有 2 位，轮到就回你", "下一个就轮到你了"]


def test_truncation_length_and_reasoning_are_shown(visit: Visits) -> None:
    here = visit("en")
    here.say("did you forget")
    here.settled()
    expect(here.page.locator(".reply")).to_contain_text("couldn’t see 6 messages")
    expect(here.page.locator(".reply")).to_contain_text("Say “go on”")
    here.say("why is that")
    here.settled()
    thought = here.page.get_by_text("Reflect first")
    expect(thought).to_be_hidden()
    here.page.get_by_text("How it got there").click()
    expect(thought).to_be_visible()


def test_markdown_becomes_elements_and_never_links_or_html(visit: Visits) -> None:
    here = visit()
    here.say("那我该怎么做")
    here.settled()
    words = here.page.locator(".words")
    expect(words.locator("strong")).to_have_text("先试一件小事")
    expect(words.locator("ol li")).to_have_text(["把灯调暗", "慢慢呼气"])
    expect(words.locator("ul li")).to_have_text(["不用马上睡着", "详见这里"])
    expect(words.locator("a, img, script")).to_have_count(0)
    expect(words).to_contain_text("<img src=")


def test_a_busy_server_gives_the_message_back(visit: Visits) -> None:
    here = visit()
    here.server.busy = True
    here.say("在吗")
    expect(here.page.locator(".notice")).to_contain_text("请过 5 秒再发")
    expect(here.field).to_have_value("在吗")
    here.server.busy = False
    here.field.press("Enter")
    expect(here.page.locator(".words")).to_have_text(REPLY["zh"])
    expect(here.page.locator(".notice")).to_have_count(0)


def test_a_lost_network_loses_nothing(visit: Visits) -> None:
    here = visit()
    here.say("睡不着")
    here.settled()
    here.context.set_offline(True)
    here.say("还有一件事")
    expect(here.page.locator(".notice")).to_contain_text("你写的话都还在")
    expect(here.field).to_have_value("还有一件事")
    here.context.set_offline(False)
    here.page.locator(".notice").get_by_role("button", name="再试一次").click()
    expect(here.page.locator(".bubble")).to_have_text(["睡不着", "还有一件事"])
    here.settled()
    assert [turn["text"] for turn in here.server.turns] == ["睡不着", "还有一件事"]


def test_a_server_that_restarted_says_so_and_goes_on(visit: Visits) -> None:
    here = visit()
    here.say("睡不着")
    here.settled()
    here.server.conversations.clear()
    here.say("你还记得吗")
    here.settled()
    expect(here.page.locator(".break")).to_contain_text("程序重启过")
    expect(here.page.locator(".bubble")).to_have_text(["睡不着", "你还记得吗"])
    expect(here.page.locator(".words").last).to_have_text(REPLY["zh"])


def test_the_limit_shows_near_its_end_and_holds(visit: Visits) -> None:
    here = visit()
    left = here.page.locator(".left")
    here.field.fill("好" * (LIMIT // 2))
    expect(left).to_have_count(0)
    here.field.fill("😀" * (LIMIT - 5))
    expect(left).to_have_text("还能写 5 个字")
    here.field.fill("好" * (LIMIT + 1))
    expect(left).to_have_text("多了 1 个字，分成两次说吧")
    here.field.press("Enter")
    assert here.server.turns == []
    expect(here.page.get_by_role("button", name="发送")).to_be_disabled()


def test_the_page_follows_only_a_reader_who_is_at_the_end(visit: Visits) -> None:
    here = visit("zh", "light", DESKTOP)
    here.say("说很多")
    here.settled()
    room = here.page.locator(".room")
    at_end = "room => room.scrollHeight - room.scrollTop - room.clientHeight < 2"
    assert room.evaluate(at_end)
    here.say("慢慢说吧")
    room.evaluate("room => { room.scrollTop = 100 }")
    latest = here.page.locator(".latest")
    expect(latest).to_have_text("有新的话")
    here.page.wait_for_timeout(250)
    assert room.evaluate("room => room.scrollTop") == 100
    latest.click()
    assert room.evaluate(at_end)
    here.page.wait_for_timeout(400)
    assert room.evaluate(at_end), "the page stopped following"
    here.page.locator(".send.stop").click()


@pytest.mark.parametrize(
    ("language", "says", "kind", "label"),
    [
        ("zh", "讲个笑话吧", "crosstalk", "轻松一刻"),
        ("en", "tell me a joke", "crosstalk", "A lighter moment"),
        ("zh", "教我放松", "exercise", "小练习"),
        ("en", "help me relax", "exercise", "Something to try"),
        ("zh", "我总在担心", "card", "小知识"),
    ],
)
def test_what_is_offered_is_folded_and_opens(visit: Visits, language: str, says: str, kind: str, label: str) -> None:
    here = visit(language)
    here.say(says)
    here.settled()
    piece = PIECES[kind][language]
    offer = here.page.locator(".offer")
    expect(offer.locator("summary")).to_contain_text(label)
    expect(offer.locator("summary")).to_contain_text(piece["title"])
    line = offer.get_by_text(piece["lines"][-1][1])
    expect(line).to_be_hidden()
    offer.locator("summary").focus()
    here.page.keyboard.press("Enter")
    expect(line).to_be_visible()
    expect(here.page.locator(".words")).to_have_text(REPLY[language])
    if kind == "crosstalk":
        assert offer.locator("dt").all_inner_texts() == [voice for voice, _ in piece["lines"]]
    else:
        expect(offer).to_contain_text(piece["source"])
    if kind == "exercise":
        expect(offer.locator("ol > li")).to_have_count(2)
        expect(offer.locator("summary")).to_contain_text("2")


def test_what_was_offered_is_there_after_a_reload(visit: Visits) -> None:
    here = visit()
    here.say("讲个笑话吧")
    here.settled()
    here.page.reload()
    expect(here.page.locator(".offer summary")).to_contain_text("一盆绿萝")


def test_a_lighter_moment_can_be_turned_off_and_stays_off(visit: Visits) -> None:
    here = visit()
    here.page.get_by_role("button", name="设置").click()
    here.page.get_by_role("group", name="轻松一刻").get_by_role("radio", name="关").check()
    here.page.keyboard.press("Escape")
    here.say("睡不着")
    here.settled()
    here.page.reload()
    here.say("还是睡不着")
    here.settled()
    assert [turn["humour"] for turn in here.server.turns] == [False, False]
