"""Reviewing in a real browser: by keyboard, by pointer, in both languages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Page, expect

from anxin.corpus.files import Shard
from anxin.corpus.review import draw
from anxin.corpus.review.reviewing import Reviewing
from anxin.corpus.sample import Drop, Sample
from anxin.dialogue import Dialogue, Message

from .browsing import accessible, at_desk
from .parts import sample

pytestmark = pytest.mark.browser

HOSTILE = "<img src=x onerror=\"document.title='hit'\"><script>document.title='hit'</script>"


@pytest.fixture
def review(tmp_path: Path) -> Path:
    with Shard(tmp_path / "s", "a") as shard:
        thought = Message("counsellor", "慢慢说，我在。", "先接住，不急着问")
        shard.put(Sample("k1", Dialogue((Message("client", "我睡不着"), thought), "k1"), "", "books"))
        shard.put(sample("k2", said="I lie awake", reply="What goes round in your head?"))
        shard.put(sample("d1", reply="加我微信"), Drop("advert", "微信"))
    draw(tmp_path / "s", tmp_path / "r", size=6, also=["dropped"])
    return tmp_path / "r"


def _written(review: Path) -> list[dict[str, Any]]:
    file = review / "decisions.jsonl"
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()] if file.exists() else []


def _go_to(page: Page, id: str) -> None:
    for _ in range(6):
        if page.locator(".facts", has_text=id).count():
            return
        place = page.locator(".place").inner_text()
        page.keyboard.press("ArrowRight")
        if place.startswith("3 of"):
            expect(page.get_by_role("heading", name="That was the last one")).to_be_visible()
            for number in (3, 2, 1):
                page.keyboard.press("ArrowLeft")
                expect(page.locator(".place")).to_have_text(f"{number} of 3")
        else:
            expect(page.locator(".place")).not_to_have_text(place)
    raise AssertionError(f"{id} is not shown")


def test_a_whole_review_by_keyboard(review: Path) -> None:
    with at_desk(Reviewing(review)) as page:
        keys = page.keyboard
        _go_to(page, "k2")
        keys.press("a")
        expect(page.get_by_role("status")).to_contain_text("Accepted. 1 of 3 done")
        _go_to(page, "d1")
        expect(page.get_by_role("heading", level=1)).to_have_text("A rule left this out. Was the rule right?")
        expect(page.locator(".facts")).to_contain_text("advert · 微信")
        keys.press("r")
        expect(page.get_by_role("radio", name="As the rule says")).to_be_checked()
        keys.press("8")
        expect(page.get_by_role("radio", name="Advertising")).to_be_checked()
        keys.press("Enter")
        expect(page.get_by_role("status")).to_contain_text("2 of 3 done")
        keys.press("f")
        reply = page.get_by_label("Counsellor", exact=True)
        reply.fill("慢慢来，我在听。")
        keys.press("Control+Enter")
        expect(page.get_by_role("heading", name="That was the last one. Thank you.")).to_be_visible()
        keys.press("ArrowLeft")
    first, second, third = _written(review)
    assert (first["id"], first["choice"]) == ("k2", "accept")
    assert (second["id"], second["choice"], second["why"], second["where"]) == ("d1", "reject", "advert", "dropped")
    assert third["fixed"]["messages"][1] == {
        "role": "assistant", "content": "慢慢来，我在听。", "reasoning_content": "先接住，不急着问",
    }  # fmt: skip


def test_a_rejection_needs_a_reason_or_a_word_and_undo_takes_it_back(review: Path) -> None:
    with at_desk(Reviewing(review)) as page:
        keys = page.keyboard
        _go_to(page, "k2")
        keys.press("r")
        keys.press("Enter")
        expect(page.locator("legend")).to_have_text("Choose a reason, or write one below.")
        assert _written(review) == []
        keys.press("n")
        keys.type("af 1")
        keys.press("Enter")
        expect(page.get_by_role("status")).to_contain_text("Rejected. 1 of 3 done")
        keys.press("u")
        expect(page.get_by_role("status")).to_contain_text("Undone. 0 of 3 done")
        expect(page.locator(".facts")).to_contain_text("k2")
    first, second = _written(review)
    assert (first["choice"], first["note"], first.get("why")) == ("reject", "af 1", None)
    assert (second["choice"], second["item"]) == ("undo", first["item"])


def test_a_fix_that_was_left_is_still_there_and_nothing_changed_is_refused(review: Path) -> None:
    with at_desk(Reviewing(review)) as page:
        _go_to(page, "k2")
        page.keyboard.press("f")
        page.get_by_role("button", name="Save changes").click()
        expect(page.get_by_role("alert")).to_contain_text("Nothing was changed")
        page.get_by_label("Client").fill("I lie awake all night")
        page.keyboard.press("Escape")
        expect(page.locator("textarea")).to_have_count(0)
        page.keyboard.press("f")
        expect(page.get_by_label("Client")).to_have_value("I lie awake all night")
        assert _written(review) == []


def test_it_goes_on_where_it_stopped(review: Path) -> None:
    with at_desk(Reviewing(review)) as page:
        page.get_by_role("button", name="Unsure").click()
        expect(page.get_by_role("status")).to_contain_text("1 of 3 done")
    with at_desk(Reviewing(review)) as page:
        expect(page.locator(".way")).to_contain_text("1 / 3")
        page.keyboard.press("ArrowLeft")
        expect(page.get_by_text("You were unsure")).to_be_visible()
        expect(page.get_by_role("button", name="Unsure")).to_have_attribute("aria-pressed", "true")
    with at_desk(Reviewing(review), person="mo") as page:
        expect(page.locator(".way")).to_contain_text("0 / 3")


def test_text_of_the_corpus_is_only_ever_text(tmp_path: Path) -> None:
    with Shard(tmp_path / "s", "a") as shard:
        shard.put(sample("x", HOSTILE, HOSTILE, HOSTILE), Drop("markup", HOSTILE))
        shard.put(Sample("y", Dialogue((Message("client", HOSTILE), Message("counsellor", "…", HOSTILE)), "y")))
    draw(tmp_path / "s", tmp_path / "r", size=4, also=["dropped"])
    with at_desk(Reviewing(tmp_path / "r"), person="<b>lin</b>") as page:
        for _ in range(2):
            expect(page.locator(".text").first).to_contain_text("<script>")
            assert page.locator("main img, main script, b").count() == 0
            page.keyboard.press("f")
            assert page.locator("main img, main script").count() == 0
            page.keyboard.press("Escape")
            place = page.locator(".place").inner_text()
            page.keyboard.press("ArrowRight")
            expect(page.locator(".place", has_text=place)).to_have_count(0)
        assert "hit" not in page.title()


def test_a_name_is_asked_for_and_the_token_leaves_the_address(review: Path) -> None:
    with at_desk(Reviewing(review), person="") as page:
        assert "#" not in page.url
        accessible(page)
        page.keyboard.type("林 医生")
        page.keyboard.press("Enter")
        page.locator(".place").wait_for()
        page.keyboard.press("a")
        expect(page.get_by_role("status")).to_contain_text("1 of 3 done")
        page.reload()
        expect(page.get_by_label("Name")).to_have_value("林 医生")
    assert [record["reviewer"] for record in _written(review)] == ["林 医生"]


def test_single_keys_can_be_switched_off(review: Path) -> None:
    with at_desk(Reviewing(review)) as page:
        page.keyboard.press("?")
        page.get_by_role("checkbox", name="Use single keys").uncheck()
        page.get_by_role("button", name="Close").click()
        page.keyboard.press("a")
        page.keyboard.press("s")
        page.get_by_role("button", name="Accept").or_(page.get_by_role("button", name="Should stay")).click()
        expect(page.get_by_role("status")).to_contain_text("1 of 3 done")
    assert len(_written(review)) == 1


def test_a_program_that_has_stopped_is_said_and_nothing_is_called_saved(review: Path) -> None:
    work = Reviewing(review)
    with at_desk(work) as page:
        page.route("**/api/answers", lambda route: route.abort())
        place = page.locator(".place").inner_text()
        page.keyboard.press("s")
        expect(page.get_by_role("alert")).to_contain_text("Not saved")
        expect(page.locator(".place")).to_have_text(place)
        expect(page.locator(".way")).to_contain_text("0 / 3")
        page.unroute("**/api/answers")
        page.keyboard.press("s")
        expect(page.locator(".way")).to_contain_text("1 / 3")
        expect(page.get_by_role("alert")).to_be_empty()


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(("width", "theme"), [(390, "dark"), (1280, "light"), (390, "light"), (1280, "dark")])
def test_it_is_within_everybodys_reach(
    review: Path, language: str, width: int, theme: Literal["light", "dark"]
) -> None:
    with at_desk(Reviewing(review), language, width, theme) as page:
        expect(page.locator("html")).to_have_attribute("lang", "zh-CN" if language == "zh" else "en")
        for number in (1, 2, 3):
            expect(page.locator(".place")).to_contain_text(str(number))
            accessible(page)
            page.keyboard.press("ArrowRight")
        page.locator(".opening").wait_for()
        accessible(page)
        page.keyboard.press("ArrowLeft")
        page.locator(".place").wait_for()
        for key in ("r", "Escape", "f"):
            page.keyboard.press(key)
            accessible(page)
        page.keyboard.press("Escape")
        page.keyboard.press("?")
        accessible(page)
