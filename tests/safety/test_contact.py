"""Numbers and links: only those of the crisis lines' file may pass."""

from __future__ import annotations

import pytest

from anxin.safety import Guard


def _tripped(text: str) -> str | None:
    checked = Guard("en")
    for char in text:
        checked.feed(char)
    checked.finish()
    return checked.tripped


@pytest.mark.parametrize(
    "text",
    [
        "call 555-0199 now",
        "电话：8888 8888",
        "加我微信 abc12345678",
        "热线是一二三二零",
        "10086是他们的热线",
        "dial 311",
        "my number is (212) 555-0147",
        "+86 138 0013 8000",
        "visit bit.ly/abc",
        "http://localhost/x",
        "write to someone@mail.com",
        "www.baidu.com",
        "text 12345 for help",
    ],
)
def test_an_unknown_contact_trips(text: str) -> None:
    assert _tripped(text) == "contact"


@pytest.mark.parametrize(
    "text",
    [
        "call 988",
        "拨打 12356 或 120",
        "call 116 123 (free)",
        "WhatsApp 9151 1767",
        "https://findahelpline.com",
        "www.sos.org.sg",
        "breathe in for 4, hold 7, out 8",
        "in 2019-2020",
        "on 2026-11-21",
        "pi is 3.14159265",
        "I saved 1000000 yuan",
        "100 percent",
        "e.g. a walk, i.e. outside",
        "it was 12:30",
        "three-two-one",
        "一二三四五，深呼吸",
        "about 20-30 minutes",
        "Well... ok.so what",
    ],
)
def test_known_contacts_and_plain_figures_pass(text: str) -> None:
    assert _tripped(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "I waited 150, 13812345678 is his",
        "13812345678 99999999999999",
        "138.12345678",
        "call ٠٥٥٥٠١٩٩ now",
        "**138**12345678",
        "1 3 8 1 2 3 4 5 6 7 8",
        "join t.me/quiet",
        "call five five five zero one",
        "看看 example点com 吧",
        "www。example。com",
        "add me on telegram",
        "加我微信聊",
        "a" * 300 + ".example.org",
        "a." * 200,
    ],
)
def test_a_disguised_contact_trips(text: str) -> None:
    assert _tripped(text) == "contact"


@pytest.mark.parametrize(
    "text",
    [
        "1 2 3 4 5 6 7 8 9 10, and breathe out",
        "一二三四五六七八九",
        "你在微信上借了500块钱",
        "about 300 people were in line",
        "I told 300 tell-tale stories",
        "Tell me.It helps",
        "a" * 600,
    ],
)
def test_counting_and_amounts_pass(text: str) -> None:
    assert _tripped(text) is None
