"""How long a site asks us to wait."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from anxin.corpus.crawl.visit import retry_after


@pytest.mark.parametrize(("header", "seconds"), [("7", 7.0), (" 0 ", 0.0), ("soon", None), ("", None), ("-5", None)])
def test_seconds(header: str, seconds: float | None) -> None:
    assert retry_after(header) == seconds


def test_a_date() -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    asked = retry_after(date)
    assert asked is not None and 3590 < asked <= 3600
    assert retry_after("Wed, 21 Oct 2015 07:28:00 GMT") == 0.0
