"""Rating in a real browser."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import expect

from anxin.prefer import Rating, read_ratings
from anxin.prefer.people import Scoring
from anxin.prefer.principles import principles

from ..corpus.review.browsing import accessible, at_desk
from .test_people import replies

pytestmark = pytest.mark.browser


def _ratings(path: Path) -> list[Rating]:
    return [rating for rating in read_ratings([path]) if isinstance(rating, Rating)] if path.exists() else []


def test_seven_keys_and_enter_rate_a_reply(tmp_path: Path) -> None:
    out = tmp_path / "r.jsonl"
    with at_desk(Scoring(replies(tmp_path / "c", 1), out), "zh") as page:
        finish = page.get_by_role("button", name="还有 7 条没有打分")
        expect(finish).to_be_disabled()
        page.keyboard.press("Enter")
        for key in "5432123":
            page.keyboard.press(key)
        expect(page.get_by_role("button", name="存好，看下一句")).to_be_focused()
        assert _ratings(out) == []
        page.keyboard.press("Enter")
        expect(page.get_by_role("status").first).to_contain_text("一共 2 条，做完 1 条")
        page.keyboard.press("ArrowLeft")
        expect(page.get_by_role("button", name="共情与情绪理解：5 分")).to_be_visible()
    (rating,) = _ratings(out)
    assert list(rating.scores.values()) == [5, 4, 3, 2, 1, 2, 3]
    assert rating.rater == "lin"


def test_a_score_can_be_changed_by_pointer_and_arrows_and_a_note_added(tmp_path: Path) -> None:
    out = tmp_path / "r.jsonl"
    with at_desk(Scoring(replies(tmp_path / "c", 1), out), "en", 390) as page:
        for key in "3333333":
            page.keyboard.press(key)
        titles = [principle.en.title for principle in principles().principle]
        page.get_by_role("button", name=f"{titles[3]}: 3 of 5").click()
        page.get_by_text(principles().principle[3].en.anchors[0]).click()
        expect(page.get_by_role("button", name=f"{titles[3]}: 1 of 5")).to_be_visible()
        page.keyboard.press("n")
        page.keyboard.type("too 5 blunt")
        page.get_by_role("button", name="Save, next reply").click()
        expect(page.get_by_role("status").first).to_contain_text("1 of 2 done")
    (rating,) = _ratings(out)
    assert rating.scores["safety"] == 1 and rating.note == "too 5 blunt"


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(("width", "theme"), [(390, "dark"), (1280, "light")])
def test_it_is_within_everybodys_reach(
    tmp_path: Path, language: str, width: int, theme: Literal["light", "dark"]
) -> None:
    with at_desk(Scoring(replies(tmp_path / "c", 1), tmp_path / "r.jsonl"), language, width, theme) as page:
        accessible(page)
        for key in "345":
            page.keyboard.press(key)
        accessible(page)
        page.get_by_role("button", name="?").or_(page.locator("header .round")).first.click()
        accessible(page)
