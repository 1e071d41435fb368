"""Which addresses are one page, which are alike, and which go in circles."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anxin.corpus.crawl.address import canonical, circles, shape, site


@pytest.mark.parametrize(
    ("address", "same"),
    [
        ("HTTP://Example.ORG:80/a", "http://example.org/a"),
        ("https://example.org", "https://example.org/"),
        ("https://example.org/a#part", "https://example.org/a"),
        ("https://example.org/a/../b/./c", "https://example.org/b/c"),
        ("https://example.org/../../a", "https://example.org/a"),
        ("https://example.org/a//b", "https://example.org/a/b"),
        ("https://example.org/%7Eme/%e4%bd%a0", "https://example.org/~me/%E4%BD%A0"),
        ("https://example.org/你", "https://example.org/%E4%BD%A0"),
        ("https://example.org/?b=2&a=1", "https://example.org/?a=1&b=2"),
        ("https://example.org/a?utm_source=x&id=3&PHPSESSID=abc", "https://example.org/a?id=3"),
        ("https://example.org/a;jsessionid=1F?x=1", "https://example.org/a?x=1"),
        ("https://example.org/a?", "https://example.org/a"),
    ],
)
def test_one_page_has_one_address(address: str, same: str) -> None:
    assert canonical(address) == canonical(same)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://example.org/a", "https://example.org/a/"),
        ("https://example.org/a", "http://example.org/a"),
        ("https://example.org/?id=1", "https://example.org/?id=2"),
        ("https://example.org/%C4%E3", "https://example.org/%E4%BD%A0"),
        ("https://example.org:8080/", "https://example.org/"),
    ],
)
def test_two_pages_have_two(one: str, other: str) -> None:
    assert canonical(one) != canonical(other)


@pytest.mark.parametrize("address", ["", "mailto:a@example.org", "javascript:void(0)", "http://", "http://[::1", "ftp://x/",
                                     "http://example.org:port/"])  # fmt: skip
def test_what_is_no_web_address_has_none(address: str) -> None:
    assert canonical(address) == site(address) == ""


@given(st.text(max_size=60))
def test_any_text_after_a_host_is_read_and_stays_the_same_when_read_again(text: str) -> None:
    key = canonical("http://example.org/" + text)
    assert canonical(key) == key


def test_a_site_is_scheme_host_and_port() -> None:
    assert site("https://Example.org:443/a") == "https://example.org"
    assert site("http://[::1]:8000/a") == "http://[::1]:8000"


def test_numbers_and_identifiers_make_no_difference_to_a_shape() -> None:
    assert shape("http://a.org/cal/2026/11?view=1") == shape("http://a.org/cal/1999/2?view=7") == "a.org/cal/#/#?view"
    assert shape("http://a.org/f/3f2504e0-4f89-11d3-9a0c-0305e82c3301") == "a.org/f/#"
    assert shape("http://a.org/decade") == "a.org/decade"


@pytest.mark.parametrize(
    "address", ["http://a.org/a/b/a/b/a/b", "http://a.org/" + "x/" * 30, "http://a.org/?" + "q" * 3000]
)
def test_circles(address: str) -> None:
    assert circles(address)


@pytest.mark.parametrize("address", ["http://a.org/2026/2026/2026/1", "http://a.org/a/b/a", "http://a.org/"])
def test_no_circles(address: str) -> None:
    assert not circles(address)
