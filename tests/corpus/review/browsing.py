"""A real Chromium at a desk, with every request and console message watched."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Page, sync_playwright

from anxin.corpus.review.desk import Desk, Work

__all__ = ["accessible", "at_desk"]

_PHONE = 390


@contextmanager
def at_desk(
    work: Work, language: str = "en", width: int = 1280, theme: Literal["light", "dark"] = "light", person: str = "lin"
) -> Iterator[Page]:
    """A page at the desk of `work`, its items begun. Afterwards: nothing was asked from elsewhere, nothing failed."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("no Chromium here: apt-get install chromium")
    strangers: list[str] = []
    faults: list[str] = []
    with Desk(work, person=person) as desk, sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-background-networking"]
        )
        context = browser.new_context(
            viewport={"width": width, "height": 844 if width == _PHONE else 860},
            locale="zh-CN" if language == "zh" else "en-GB",
            color_scheme=theme,
            reduced_motion="reduce",
        )
        context.set_default_timeout(8_000)
        home = urlsplit(desk.address).netloc

        def watch(url: str) -> None:
            if urlsplit(url).netloc != home and not url.startswith("data:"):
                strangers.append(url)

        context.on("request", lambda request: watch(request.url))
        page = context.new_page()
        page.on(
            "console", lambda message: faults.append(message.text) if message.type in ("error", "warning") else None
        )
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(desk.address)
        page.locator(".place" if person else "#name").wait_for()
        yield page
        browser.close()
    assert strangers == [], "the page asked for something outside its own origin"
    # A refused or cut request is what some tests are about; anything else is a fault of the page.
    own = [fault for fault in faults if not fault.startswith("Failed to load resource")]
    assert own == [], "the page wrote errors to the console"


def accessible(page: Page) -> None:
    """Nothing that axe finds: labels, contrast, landmarks, order."""
    found = Axe().run(page).response["violations"]
    assert found == [], [(fault["id"], fault["nodes"][0]["html"]) for fault in found]
    beyond = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert beyond <= 0, "the page scrolls sideways"
