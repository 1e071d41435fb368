"""Handles, numbers in words and papers of other countries."""

from __future__ import annotations

import pytest

from anxin.corpus.personal.finding import by_rule
from anxin.corpus.personal.handles import handles, without_data
from anxin.corpus.personal.numbers import numbers
from anxin.corpus.personal.span import settle


def found(text: str) -> dict[str, str]:
    return {text[span.start : span.end]: span.kind for span in settle([*numbers(text), *handles(text)])}


@pytest.mark.parametrize(
    ("text", "words", "kind"),
    [
        ("换号了，quiet_pond_27，旧的别发了", "quiet_pond_27", "account"),
        ("加一下我妹妹，nannan_0715", "nannan_0715", "wechat"),
        ("我q 20558811，晚上在", "20558811", "qq"),
        ("抠抠 331002277 找我", "331002277", "qq"),
        ("我发帖叫 u/slow-tide-91 这个", "u/slow-tide-91", "account"),
        ("幺三九 零零零零 洞洞幺二", "幺三九 零零零零 洞洞幺二", "phone"),
        ("six oh seven, five five five, zero one nine two, don't write it "
        "down", "six oh seven, five five five, zero one nine two", "phone"),
        ("it's 6 0 7 - 5 5 5 - 0 1 4 3 ok", "6 0 7 - 5 5 5 - 0 1 4 3", "phone"),
        ("ring Mum on (02) 5550 9981", "(02) 5550 9981", "phone"),
        ("call +852 5550 1234 please", "+852 5550 1234", "phone"),
        ("NRIC S7654321D on the form", "S7654321D", "id_card"),
        ("台胞证07654321过期了", "07654321", "id_card"),
        ("write anna dot bell at example dot com", "anna dot bell at example dot com", "email"),
        ("o'hara.j@mail.example.ie is mine", "o'hara.j@mail.example.ie", "email"),
        ("rego is 4QZ 81K, white van", "4QZ 81K", "account"),
        ("卡是6222020000001234567，别告诉她", "6222020000001234567", "account"),
    ],
)  # fmt: skip
def test_it_is_covered(text: str, words: str, kind: str) -> None:
    assert found(text).get(words) == kind, found(text)


@pytest.mark.parametrize(
    "text",
    [
        "SCL-90测了178分，PHQ-9是17分，GAD-7有14分",
        "一二三四五六七八九，数到九就能睡着了",
        "新冠covid19那年我换了iPhone13",
        "快递单号7788990011223344丢了",
        "2019年到2021年，每个月8500块",
        "one or two of my three sisters called",
        "my 14-year-old got 1200 on the SAT in 2023",
        "群里@所有人，我没回",
    ],
)
def test_nothing_personal_is_in_it(text: str) -> None:
    assert found(text) == {}


def test_an_embedded_file_is_not_read() -> None:
    blob = "data:image/png;base64,iVBORw0KGgo13800001234abcQQ10086" + "A1b2" * 30
    text = f"看这张图 {blob} 我叫陈默然"
    assert without_data(text) == f"看这张图 {' ' * len(blob)} 我叫陈默然"
    assert all(one.start > text.index("我") for one in by_rule(without_data(text)))
