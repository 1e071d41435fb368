"""A real Chromium on the built page, with every request and console message watched."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, sync_playwright

from .fake_server import PAGE, FakeServer

Theme = Literal["light", "dark"]
PHONE, DESKTOP = 360, 1280


@dataclass
class Visit:
    """One browser context with one page; `strangers` are requests that left the origin, `faults` console errors."""

    page: Page
    server: FakeServer
    language: str
    strangers: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    @property
    def context(self) -> BrowserContext:
        return self.page.context

    @property
    def field(self) -> Locator:
        return self.page.locator("textarea")

    def say(self, text: str) -> None:
        self.field.fill(text)
        self.field.press("Enter")

    def settled(self) -> None:
        """Wait until no reply is on its way."""
        self.page.locator('.reply[aria-busy="true"]').wait_for(state="detached")
        self.page.locator(".send.stop").wait_for(state="detached")


class Visits:
    def __init__(self, browser: Browser, server: FakeServer) -> None:
        self._browser = browser
        self._server = server
        self._open: list[Visit] = []

    def __call__(self, language: str = "zh", theme: Theme = "light", width: int = PHONE, *, load: bool = True) -> Visit:
        context = self._browser.new_context(
            viewport={"width": width, "height": 740 if width == PHONE else 860},
            color_scheme=theme,
            locale="zh-CN" if language == "zh" else "en-GB",
            reduced_motion="reduce",
            device_scale_factor=2 if width == PHONE else 1,
        )
        context.set_default_timeout(8_000)
        visit = Visit(context.new_page(), self._server, language)
        home = urlsplit(self._server.address).netloc

        def watch(url: str) -> None:
            if urlsplit(url).netloc != home:
                visit.strangers.append(url)

        def listen(message: ConsoleMessage) -> None:
            # A refused or cut request is what some tests are about; anything else is a fault of the page.
            if message.type in {"error", "warning"} and not message.text.startswith("Failed to load resource"):
                visit.faults.append(message.text)

        context.on("request", lambda request: watch(request.url))
        visit.page.on("console", listen)
        visit.page.on("pageerror", lambda error: visit.faults.append(str(error)))
        self._open.append(visit)
        if load:
            visit.page.goto(self._server.address)
            visit.page.locator(".opening").wait_for()
        return visit

    def close(self) -> None:
        strangers = [url for visit in self._open for url in visit.strangers]
        faults = [fault for visit in self._open for fault in visit.faults]
        for visit in self._open:
            visit.context.close()
        assert strangers == [], "the page asked for something outside its own origin"
        assert faults == [], "the page wrote errors to the console"


@pytest.fixture(scope="session")
def _server() -> Iterator[FakeServer]:
    if not (PAGE / "index.html").is_file():
        pytest.fail("the page is not built: run `make install` first")
    fake = FakeServer()
    running = fake.start()
    yield fake
    running.should_exit = True


@pytest.fixture
def server(_server: FakeServer) -> FakeServer:
    _server.reset()
    return _server


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("no Chromium here: apt-get install chromium")
    with sync_playwright() as play:
        started = play.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-background-networking"]
        )
        yield started
        started.close()


@pytest.fixture
def visit(browser: Browser, server: FakeServer) -> Iterator[Visits]:
    visits = Visits(browser, server)
    yield visits
    visits.close()
