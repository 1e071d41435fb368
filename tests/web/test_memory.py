"""What lasts over a reload, what is cached for bad days, and what is deleted."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from .conftest import DESKTOP, Visits
from .fake_server import REPLY

pytestmark = pytest.mark.browser


def test_conversation_and_draft_come_back_after_a_reload(visit: Visits) -> None:
    here = visit()
    here.say("我不想活了")
    here.settled()
    here.field.fill("还没写完")
    here.page.reload()
    expect(here.page.locator(".bubble")).to_have_text("我不想活了")
    expect(here.page.locator(".crisis .line")).to_have_count(3)
    expect(here.page.locator(".chip")).to_have_count(0)
    expect(here.field).to_have_value("还没写完")
    stored = here.page.evaluate("JSON.stringify({...localStorage})")
    assert "不想活" not in stored, "words of the conversation were kept in the browser"


def test_a_reload_in_mid_reply_keeps_what_was_said(visit: Visits) -> None:
    here = visit()
    here.say("慢慢说吧")
    expect(here.page.locator(".words")).to_contain_text("第1段")
    here.page.reload()
    expect(here.page.locator(".bubble")).to_have_text("慢慢说吧")
    assert here.server.hung_up == 1


def test_a_conversation_the_server_lost_is_said_kindly(visit: Visits) -> None:
    here = visit()
    here.say("睡不着")
    here.settled()
    here.server.conversations.clear()
    here.page.reload()
    expect(here.page.locator(".notice")).to_contain_text("已经不在了")
    expect(here.page.locator(".opening")).to_be_visible()


def test_a_new_conversation_can_be_undone(visit: Visits) -> None:
    here = visit()
    here.say("睡不着")
    here.settled()
    here.page.get_by_role("button", name="新的对话").click()
    expect(here.page.locator(".opening")).to_be_visible()
    here.page.get_by_role("button", name="回到刚才那段").click()
    expect(here.page.locator(".words")).to_have_text(REPLY["zh"])


def test_deleting_asks_first_and_leaves_nothing(visit: Visits) -> None:
    here = visit()
    here.say("睡不着")
    here.settled()
    here.page.get_by_role("button", name="设置").click()
    here.page.get_by_role("button", name="删除这段对话").click()
    here.page.get_by_role("button", name="先留着").first.click()
    assert len(here.server.conversations) == 1
    here.page.get_by_role("button", name="设置").click()
    here.page.get_by_role("button", name="删除这段对话").click()
    here.page.get_by_role("button", name="删除", exact=True).click()
    expect(here.page.locator(".notice")).to_contain_text("删掉了")
    expect(here.page.locator(".opening")).to_be_visible()
    assert here.server.conversations == {}
    assert "conversation" not in here.page.evaluate("JSON.stringify({...sessionStorage})")


def test_help_works_from_memory_when_the_server_is_down(visit: Visits) -> None:
    here = visit()
    here.page.locator(".help").click()
    expect(here.page.locator("dialog .line")).to_have_count(3)
    here.page.keyboard.press("Escape")
    here.context.set_offline(True)
    here.page.locator(".help").click()
    expect(here.page.locator("dialog[open]")).to_contain_text("这是上次取到的号码")
    expect(here.page.locator("dialog a.line-number").first).to_have_attribute("href", "tel:5550191")
    expect(here.page.locator("dialog a.line-number").nth(1)).to_have_attribute("href", "tel:5550101")
    expect(here.page.locator("dialog .chip")).to_have_count(0)
    here.page.locator("dialog select").select_option("BB")
    expect(here.page.locator("dialog .callout")).to_contain_text("急救或报警电话")
    here.context.set_offline(False)


def test_help_has_words_before_anything_was_ever_fetched(visit: Visits) -> None:
    here = visit("en", load=False)
    here.page.route("**/api/**", lambda route: route.abort())
    here.page.goto(here.server.address)
    here.page.locator(".help").click()
    expect(here.page.locator("dialog .callout")).to_contain_text("your local emergency number")
    here.page.keyboard.press("Escape")
    expect(here.page.locator(".notice")).to_contain_text("Can’t reach Anxin")
    here.page.unroute("**/api/**")
    here.page.get_by_role("button", name="Try again").click()
    expect(here.page.locator(".notice")).to_have_count(0)
    expect(here.page.locator(".promise")).to_contain_text("I am an AI")


def test_region_language_and_theme_are_remembered(visit: Visits) -> None:
    here = visit("zh", "light", DESKTOP)
    here.page.get_by_role("button", name="Switch to English").click()
    expect(here.page.locator("html")).to_have_attribute("lang", "en")
    here.page.get_by_role("button", name="Settings").click()
    here.page.get_by_label("Dark").check()
    here.page.locator("dialog select").select_option("BB")
    here.page.keyboard.press("Escape")
    here.page.reload()
    expect(here.page.locator("html")).to_have_attribute("data-theme", "dark")
    here.page.locator(".help").click()
    expect(here.page.locator("dialog a.line-number").first).to_have_text("555-0195")
    here.page.keyboard.press("Escape")
    here.say("hello")
    here.settled()
    assert here.server.turns[0]["region"] == "BB"


def test_the_demonstration_notice_can_be_put_away_and_found_again(visit: Visits) -> None:
    here = visit()
    expect(here.page.locator(".demo")).to_contain_text("anxin serve --model ollama/")
    here.page.locator(".demo button").click()
    expect(here.page.locator(".demo")).to_have_count(0)
    here.page.reload()
    here.page.get_by_role("button", name="演示模型").click()
    expect(here.page.locator("dialog[open]")).to_contain_text(".gguf")
    here.server.demonstration = False
    here.page.reload()
    expect(here.page.locator(".promise")).to_contain_text("我是 AI")
    expect(here.page.get_by_role("button", name="演示模型")).to_have_count(0)
