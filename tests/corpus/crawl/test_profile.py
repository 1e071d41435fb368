"""A profile is refused in one line that says what to write; it cannot make the crawler ruder than it is."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import pytest

from anxin.corpus.crawl import load_profile, user_agent
from anxin.errors import ConfigError

RECIPES = Path(__file__).parents[3] / "recipes" / "crawl"
PLAIN = {
    "name": '"x"',
    "kind": '"article"',
    "start": '["https://a.example.org/"]',
    "licence": '"CC0"',
    "terms": '"Written permission of the owner, May 2026."',
}


def _write(folder: Path, limits: str = "", **changes: str) -> Path:
    path = folder / "x.toml"
    lines = [f"{key} = {value}" for key, value in (PLAIN | changes).items() if value]
    path.write_text("\n".join([*lines, "[limits]", limits]), encoding="utf-8")
    return path


@pytest.mark.parametrize("path", sorted(RECIPES.glob("*.toml")), ids=lambda path: path.stem)
def test_the_examples_are_profiles_of_nobody(path: Path) -> None:
    profile = load_profile(path)
    assert profile.name == path.stem
    assert all(host.endswith("example.org") for host in profile.hosts)


def test_defaults_are_gentle(tmp_path: Path) -> None:
    profile = load_profile(_write(tmp_path))
    assert (profile.limits.concurrent, profile.hosts) == (1, ("a.example.org",))
    assert profile.limits.seconds >= 1.0


@pytest.mark.parametrize(
    ("changes", "limits", "said"),
    [
        ({"licence": ""}, "", "licence is missing"),
        ({"licence": '" "'}, "", "licence is empty"),
        ({"terms": ""}, "", "terms is missing"),
        ({"terms": '"because"'}, "", "why this site may be crawled"),
        ({"start": "[]"}, "", "no address"),
        ({"start": '["file:///etc/passwd"]'}, "", "not http"),
        ({"start": '["https://me@a.example.org/"]'}, "", "not http"),
        ({"hosts": '["b.example.org"]'}, "", "none of the hosts"),
        ({"kind": '"thread"'}, "", r"\[thread\] table"),
        ({"kind": '"forum"'}, "", "one of article, thread"),
        ({"follow": '["("]'}, "", "not a regular expression"),
        ({"encoding": '"martian"'}, "", "not known"),
        ({"user_agent": '"Mozilla/5.0"'}, "", "unknown key .*user_agent"),
        ({"robots": "false"}, "", "unknown key .*robots"),
        ({"name": '"../up"'}, "", "letters, digits"),
        ({}, "seconds = 0.5", "at least 1.0"),
        ({"start": '["http://127.0.0.1/", "http://a.example.org/"]'}, "seconds = 0.0", "at least 1.0"),
        ({}, "pages = 0", "more than 0"),
        ({}, "retries = -1", "less than 0"),
    ],
)
def test_what_cannot_be_used_is_said(changes: dict[str, str], limits: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=said):
        load_profile(_write(tmp_path, limits, **changes))


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost:8000", "[::1]:8000"])
def test_on_this_machine_no_delay_is_needed(host: str, tmp_path: Path) -> None:
    assert load_profile(_write(tmp_path, "seconds = 0.0", start=f'["http://{host}/"]')).limits.seconds == 0.0


def test_hosts(tmp_path: Path) -> None:
    profile = load_profile(_write(tmp_path, hosts='["a.example.org", "*.example.net", "c.example.org:8080"]'))
    allowed = ("a.example.org", "a.example.org:8443", "x.example.net", "x.y.example.net", "c.example.org:8080")
    assert all(profile.allows(host) for host in allowed)
    others = ("b.example.org", "example.net", "notexample.net", "c.example.org", "a.example.org.evil.test")
    assert not any(profile.allows(host) for host in others)


def test_the_user_agent_names_us_and_a_person() -> None:
    assert user_agent("me@example.org") == f"Anxin-corpus/{version('anxin')} (+mailto:me@example.org)"
    assert user_agent("https://example.org/crawl") == f"Anxin-corpus/{version('anxin')} (+https://example.org/crawl)"


@pytest.mark.parametrize(
    "contact", ["", "  ", "me", "Mozilla/5.0 (X11)", "me@example.org) Mozilla/5.0 (", "me@example.org\r\nX: y"]
)
def test_no_contact_no_crawl(contact: str) -> None:
    with pytest.raises(ConfigError):
        user_agent(contact)
