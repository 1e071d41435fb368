"""By keyboard, input method and screen reader."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from .conftest import DESKTOP, Visits
from .fake_server import CRISIS, REPLY

pytestmark = pytest.mark.browser


def test_everything_is_reached_by_keyboard_alone(visit: Visits) -> None:
    here = visit("zh", "light", DESKTOP)
    keys = here.page.keyboard
    keys.press("Tab")
    expect(here.page.locator(".skip")).to_be_focused()
    keys.press("Enter")
    expect(here.field).to_be_focused()
    keys.type("睡不着")
    keys.press("Enter")
    here.settled()
    expect(here.page.locator(".words")).to_have_text(REPLY["zh"])
    expect(here.field).to_be_focused()

    here.page.locator(".help").focus()
    keys.press("Enter")
    dialog = here.page.get_by_role("dialog", name="找真人帮忙")
    expect(dialog.get_by_role("heading", name="找真人帮忙")).to_be_focused()
    for _ in range(12):
        keys.press("Tab")
        inside = here.page.evaluate(
            "document.activeElement === document.body || !!document.activeElement.closest('dialog')"
        )
        assert inside, "focus left the open dialog"
    keys.press("Escape")
    expect(dialog).to_be_hidden()
    expect(here.page.locator(".help")).to_be_focused()


def test_a_starter_fills_the_field_and_waits_for_a_word(visit: Visits) -> None:
    here = visit()
    here.page.get_by_role("button", name="最近总是睡不好").press("Enter")
    expect(here.field).to_have_value("最近总是睡不好")
    expect(here.field).to_be_focused()
    assert here.server.turns == []
    here.page.keyboard.press("Enter")
    here.settled()
    assert here.server.turns[0]["text"] == "最近总是睡不好"


def test_shift_enter_starts_a_new_line(visit: Visits) -> None:
    here = visit()
    here.field.fill("第一行")
    here.field.press("Shift+Enter")
    here.page.keyboard.type("第二行")
    low = here.field.evaluate("field => field.clientHeight")
    expect(here.field).to_have_value("第一行\n第二行")
    here.page.keyboard.press("Shift+Enter")
    assert here.field.evaluate("field => field.clientHeight") > low, "the field does not grow with the text"
    here.page.keyboard.press("Enter")
    here.settled()
    assert here.server.turns[0]["text"] == "第一行\n第二行"


def test_enter_picks_a_candidate_while_an_input_method_composes(visit: Visits) -> None:
    here = visit()
    here.field.focus()
    input_method = here.context.new_cdp_session(here.page)
    input_method.send("Input.imeSetComposition", {"text": "ni hao", "selectionStart": 6, "selectionEnd": 6})
    enter = {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 229, "nativeVirtualKeyCode": 229}
    input_method.send("Input.dispatchKeyEvent", {"type": "rawKeyDown", **enter})
    here.field.evaluate(
        "field => field.dispatchEvent(new KeyboardEvent('keydown',"
        " {key: 'Enter', keyCode: 13, isComposing: true, bubbles: true, cancelable: true}))"
    )
    input_method.send("Input.insertText", {"text": "你好"})
    here.page.wait_for_timeout(150)
    assert here.server.turns == []
    expect(here.field).to_have_value("你好")
    here.field.press("Enter")
    here.settled()
    assert here.server.turns[0]["text"] == "你好"


def test_a_screen_reader_hears_a_reply_once_and_whole(visit: Visits) -> None:
    here = visit("en", "light", DESKTOP)
    here.page.evaluate(
        """() => {
          window.heard = [];
          const log = document.querySelector('[role=log]');
          new MutationObserver(() => window.heard.push(log.innerText)).observe(
            log, {childList: true, characterData: true, subtree: true});
        }"""
    )
    here.say("I want to die")
    here.settled()
    heard = here.page.evaluate("window.heard")
    assert len(heard) <= 4, "tokens were announced"
    assert CRISIS["en"] in heard[-1]
    assert "555-0101" in heard[-1]


def test_every_message_carries_its_own_language(visit: Visits) -> None:
    here = visit("en", "light", DESKTOP)
    expect(here.page.locator("html")).to_have_attribute("lang", "en")
    here.say("睡不着")
    here.settled()
    expect(here.page.locator(".bubble")).to_have_attribute("lang", "zh-CN")
    expect(here.page.locator(".words")).to_have_attribute("lang", "zh-CN")


def test_help_is_in_view_at_every_width(visit: Visits) -> None:
    here = visit("en")
    here.say("tell me a lot")
    here.settled()
    for width in (320, 360, 768, 1280):
        here.page.set_viewport_size({"width": width, "height": 700})
        expect(here.page.locator(".help")).to_be_in_viewport(ratio=1)
