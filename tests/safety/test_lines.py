"""Crisis lines come from one dated file, and the first one offered is open."""

from __future__ import annotations

import tomllib
from datetime import UTC, date, datetime, timedelta, timezone
from importlib import resources
from typing import Any

import pytest

from anxin.safety import crisis_lines, regions
from anxin.safety import lines as lines_room
from anxin.safety.lines import allowed_numbers, allowed_sites, emergency_number

_DAY = datetime(2026, 11, 21, 12, tzinfo=timezone(timedelta(hours=8)))
_NIGHT = datetime(2026, 11, 21, 3, tzinfo=timezone(timedelta(hours=8)))


def _file() -> dict[str, Any]:
    return tomllib.loads(resources.files("anxin.safety").joinpath("lines.toml").read_text("utf-8"))


def test_the_national_line_comes_first_by_day() -> None:
    assert crisis_lines("CN", "zh", _DAY)[0].number == "12356"


def test_after_hours_a_line_that_is_open_comes_first() -> None:
    first = crisis_lines("CN", "zh", _NIGHT)[0]
    assert first.number == "010-82951332"
    assert first.open_now
    assert not next(line for line in crisis_lines("CN", "zh", _NIGHT) if line.number == "12356").open_now


def test_hours_are_read_in_the_regions_own_time() -> None:
    assert crisis_lines("CN", "zh", datetime(2026, 11, 21, 4, tzinfo=UTC))[0].number == "12356"
    assert crisis_lines("CN", "zh", datetime(2026, 11, 21, 15, tzinfo=UTC))[0].number != "12356"


@pytest.mark.parametrize("region", [code for code, _ in regions("en")])
@pytest.mark.parametrize("hour", range(0, 24, 3))
def test_in_every_region_at_every_hour_an_open_line_comes_first(region: str, hour: int) -> None:
    lines = crisis_lines(region, "zh", _DAY.replace(hour=hour))
    assert lines[0].kind == "line"
    assert lines[0].open_now
    assert lines[-1].kind == "emergency"


@pytest.mark.parametrize("region", ["", "xx", "中国", " "])
def test_an_unknown_region_gets_the_default(region: str) -> None:
    assert crisis_lines(region, "en", _DAY)[0].url == "https://findahelpline.com"


def test_a_region_is_found_in_any_case() -> None:
    assert crisis_lines(" us ", "en", _DAY)[0].number == "988"


def test_a_line_that_speaks_the_language_comes_before_one_that_does_not() -> None:
    assert crisis_lines("HK", "en", _DAY)[0].number == "18111"
    assert [line.number for line in crisis_lines("HK", "en", _DAY)].index("2896 0000") == 1


def test_regions_have_names_in_both_languages() -> None:
    assert ("CN", "中国大陆") in regions("zh")
    assert regions("en")[-1] == ("default", "Elsewhere")


def test_every_line_has_a_source_a_date_and_says_whether_a_person_verified_it() -> None:
    for region in _file()["region"]:
        for line in region["line"]:
            assert line["source"], line["name"]
            assert line["checked"] >= date(2026, 11, 21), line["name"]
            assert isinstance(line["verified"], bool)
            assert set(line["hours"]) == set(line["note"]) == set(line["name"]) == {"zh", "en"}


def test_what_a_reply_may_name() -> None:
    assert {"12356", "01082951332", "988", "116123", "91511767"} <= allowed_numbers()
    assert "findahelpline.com" in allowed_sites()


def test_a_line_for_messages_only_never_comes_before_one_that_answers() -> None:
    for region, _ in regions("en"):
        lines = [line for line in crisis_lines(region, "en", _DAY) if line.kind == "line"]
        assert not lines[0].text_only
    assert {line.number for line in crisis_lines("US", "en", _DAY) if line.text_only} == {"741741"}
    assert {line.number for line in crisis_lines("GB", "en", _DAY) if line.text_only} == {"85258"}


def test_the_built_in_emergency_numbers_are_those_of_the_file() -> None:
    for region, _ in regions("en"):
        lines = crisis_lines(region, "en", _DAY)
        for use in ("medical", "police"):
            number = next(line.number for line in lines if line.use in (use, "any"))
            assert emergency_number(region, use) == number, region
    assert emergency_number("xx", "medical") == ""


@pytest.mark.parametrize(
    ("key", "value"),
    [("ways", ["smoke"]), ("ways", []), ("source", ""), ("verified", "yes"), ("kind", "pub"), ("use", "?")],
)
def test_a_row_that_says_nonsense_is_refused(key: str, value: object) -> None:
    row = {**_file()["region"][0]["line"][0], key: value}
    with pytest.raises(ValueError, match="line"):
        lines_room._entry(row)


def test_only_in_mainland_china_does_the_first_line_change_with_the_hour() -> None:
    for region, _ in regions("en"):
        first = {crisis_lines(region, "zh", _DAY.replace(hour=hour))[0].number for hour in range(24)}
        assert len(first) == (2 if region == "CN" else 1), region
