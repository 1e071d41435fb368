"""Every state of the page, in both themes, widths and languages, without one accessibility violation."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]

from .conftest import DESKTOP, PHONE, Theme, Visit, Visits
from .fake_server import LIMIT

pytestmark = pytest.mark.browser

WORDS = {
    "zh": {
        "normal": "最近总是睡不好，白天也没精神",
        "reasoning": "为什么我总是想太多",
        "marked": "那我该怎么做",
        "crisis": "我不想活了",
        "failed": "是不是坏了",
        "guarded": "说点出格的",
        "waiting": "要排队吗",
        "truncated": "你忘了吗",
        "silent": "沉默一会儿",
        "dies": "话说到一半断了",
        "crosstalk": "讲个笑话吧",
        "exercise": "教我放松",
        "card": "我总在担心",
        "told": "聊了好久了",
    },
    "en": {
        "normal": "I haven't been sleeping well for weeks",
        "reasoning": "why do I think so much",
        "marked": "I don't know what to do",
        "crisis": "I want to die",
        "failed": "is it broken",
        "guarded": "say something improper",
        "waiting": "is there a queue",
        "truncated": "did you forget",
        "silent": "let's have silence",
        "dies": "we got cut off",
        "crosstalk": "tell me a joke",
        "exercise": "help me relax",
        "card": "I always worry",
        "told": "we talked so long",
    },
}


# The body hides what hangs over, so ask for the right edge of what is there.
WIDER = """() => [...document.querySelectorAll('#room *')].some(
  (element) => !element.closest('.unseen, .skip') && element.getBoundingClientRect().right > innerWidth + 1)"""


class Inspection:
    """Runs axe on the page as it stands; keeps a picture where ANXIN_SHOTS names a folder."""

    def __init__(self, visit: Visit, name: str) -> None:
        self._visit = visit
        self._name = name
        # Half a megabyte of script: put in once, not before every look.
        visit.page.evaluate(Axe().axe_script)
        self._axe = Axe(axe_script="0")
        self.found: list[str] = []

    def look(self, state: str) -> None:
        page = self._visit.page
        results = self._axe.run(page)
        for violation in results.response["violations"]:
            where = ", ".join(str(node["target"]) for node in violation["nodes"])
            self.found.append(f"{state}: {violation['id']} ({violation['help']}) at {where}")
        if page.evaluate(WIDER):
            self.found.append(f"{state}: wider than the screen")
        folder = os.environ.get("ANXIN_SHOTS")
        if folder:
            page.screenshot(path=Path(folder) / f"{self._name}-{state}.png")


@pytest.mark.parametrize(
    ("language", "theme", "width"),
    [("zh", "light", PHONE), ("zh", "dark", DESKTOP), ("en", "dark", PHONE), ("en", "light", DESKTOP)],
)
def test_no_state_has_an_accessibility_violation(visit: Visits, language: str, theme: Theme, width: int) -> None:
    here = visit(language, theme, width)
    page, words = here.page, WORDS[language]
    inspection = Inspection(here, f"{language}-{theme}-{width}")
    inspection.look("opening")

    page.locator(".help").click()
    page.locator("dialog .line").first.wait_for()
    inspection.look("help")
    page.keyboard.press("Escape")
    page.locator(".foot button").click()
    inspection.look("demo")
    page.keyboard.press("Escape")

    here.say(words["waiting"])
    page.locator(".breath").wait_for()
    page.wait_for_timeout(150)
    inspection.look("waiting")
    here.settled()
    for state in (
        "normal",
        "told",
        "marked",
        "reasoning",
        "crisis",
        "crisis",
        "truncated",
        "guarded",
        "failed",
        "dies",
    ):
        here.say(words[state])
        page.wait_for_timeout(30)
        here.settled()
        if state == "reasoning":
            page.locator("summary").last.click()
        inspection.look(state)
    for state in ("crosstalk", "exercise", "card"):
        here.say(words[state])
        page.wait_for_timeout(30)
        here.settled()
        inspection.look(f"{state}-folded")
        page.locator(".offer summary").last.click()
        inspection.look(state)
    here.say(words["silent"])
    page.locator(".breath").wait_for()
    inspection.look("listening")
    here.page.locator(".send.stop").click()
    here.settled()
    inspection.look("stopped")

    page.locator(".room").evaluate("room => { room.scrollTop = 0 }")
    page.locator(".latest").wait_for()
    here.field.fill("好" * (LIMIT - 3))
    inspection.look("near-limit")
    here.field.fill("好" * (LIMIT + 3))
    inspection.look("over-limit")
    here.field.fill("")

    settings = page.get_by_role("button", name={"zh": "设置", "en": "Settings"}[language])
    settings.click()
    inspection.look("settings")
    page.locator("dialog[open] .row button").last.click()
    page.locator("dialog[open] .strong").wait_for()
    inspection.look("delete")
    page.keyboard.press("Escape")

    here.context.set_offline(True)
    here.say(words["normal"])
    page.locator(".notice").wait_for()
    inspection.look("offline")
    here.context.set_offline(False)

    assert inspection.found == []


def test_the_column_stays_readable_on_a_wide_screen(visit: Visits) -> None:
    here = visit("zh", "light", DESKTOP)
    here.say("说很多")
    here.settled()
    width = here.page.locator(".words").evaluate("words => words.getBoundingClientRect().width")
    assert 500 <= width <= 720
