"""What a site asks for, in each place where it may say so."""

from __future__ import annotations

import pytest

from anxin.corpus.crawl.consent import Wishes, read_rules, read_wishes, reservations

pytest.importorskip("scrapy")


@pytest.mark.parametrize(
    ("head", "wishes"),
    [
        ("", Wishes()),
        ('<meta name="robots" content="noindex">', Wishes(index=False)),
        ("<META CONTENT='NoFollow' NAME='Robots'>", Wishes(follow=False)),
        ("<meta name=robots content=none>", Wishes(index=False, follow=False)),
        ('<meta name="robots" content="index, noarchive">', Wishes(archive=False)),
        ('<meta name="anxin-corpus" content="noindex">', Wishes(index=False)),
        ('<meta name="googlebot" content="noindex">', Wishes()),
        ('<meta name="robots" content="noai, noimageai">', Wishes(train=False)),
        ('<meta name="tdm-reservation" content="1">', Wishes(train=False)),
        ('<meta name="tdm-reservation" content="0">', Wishes()),
        ('<meta name="description" content="robots noindex > nofollow">', Wishes()),
    ],
)
def test_in_the_page(head: str, wishes: Wishes) -> None:
    assert read_wishes([], f"<html><head>{head}</head>") == wishes


@pytest.mark.parametrize(
    ("name", "value", "wishes"),
    [
        ("X-Robots-Tag", "noindex, nofollow", Wishes(index=False, follow=False)),
        ("x-robots-tag", "otherbot: noindex", Wishes()),
        ("X-Robots-Tag", "otherbot: noindex, Anxin-Corpus: nofollow", Wishes(follow=False)),
        ("X-Robots-Tag", "unavailable_after: 25 Jun 2010 15:00:00 PST, noarchive", Wishes(archive=False)),
        ("X-Robots-Tag", "noai", Wishes(train=False)),
        ("TDM-Reservation", "1", Wishes(train=False)),
        ("TDM-Reservation", "0", Wishes()),
    ],
)
def test_in_a_header(name: str, value: str, wishes: Wishes) -> None:
    assert read_wishes([("Server", "x"), (name, value)], "") == wishes


def test_robots_txt_speaks_to_us_by_name_or_to_everybody() -> None:
    rules = read_rules(b"User-agent: *\nDisallow: /a\nCrawl-delay: 7\n\nUser-agent: Anxin-corpus\nDisallow: /b\n")
    assert rules.allowed("http://x.org/a") and not rules.allowed("http://x.org/b/1")
    assert rules.delay == 0.0
    everybody = read_rules(b"User-agent: *\nDisallow: /a\nAllow: /a/open\nCrawl-delay: 7\nRequest-rate: 1/9\n")
    assert not everybody.allowed("http://x.org/a/1") and everybody.allowed("http://x.org/a/open")
    assert everybody.delay == 9.0


@pytest.mark.parametrize("robots", [b"", b"<html>not found</html>", b"\xff\xfe\x00", b"Disallow: /\n"])
def test_what_is_no_robots_txt_forbids_nothing(robots: bytes) -> None:
    assert read_rules(robots).allowed("http://x.org/a")


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        (b"Content-Signal: search=yes,ai-train=no", True),
        (b"content-signal: ai-train=yes", False),
        (b"Content-Usage: train-ai=n", True),
        (b"# Content-Signal: ai-train=no", False),
        (b"Content-Signal: search=no", False),
    ],
)
def test_signals_about_training(line: bytes, kept: bool) -> None:
    assert read_rules(b"User-agent: *\n" + line + b"\nAllow: /\n").reserves("http://x.org/a") is kept


def test_reservations() -> None:
    (deep, ends) = reservations(
        b'[{"location": "/a/*", "tdm-reservation": 1}, {"location": "/open", "tdm-reservation": 0},'
        b' {"location": "/*.pdf$", "tdm-reservation": "1"}, "noise", {"tdm-reservation": 1}]'
    )
    assert deep.match("/a/b") and not deep.match("/b")
    assert ends.match("/x.pdf") and not ends.match("/x.pdf.html")
    assert reservations(b"<html>") == reservations(b'{"a": 1}') == reservations(b"[" * 100_000) == ()
