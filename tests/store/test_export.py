from __future__ import annotations

import json
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest

from anxin.dialogue import Language
from anxin.safety import Ledger, Notice, NoticeKind, crisis_lines, screen
from anxin.store import Conversation, Utterance
from anxin.store.export import to_json, to_page

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
EVIL = """</p><script>alert(1)</script><img src=x onerror="alert(2)">&'" \ud800 第一行
第二行"""


def talk() -> Conversation:
    verdict = screen("我想自杀")
    ledger = Ledger().fold(verdict)
    return Conversation(
        "secret-id",
        (
            Utterance("client", "我想自杀", ledger, at=NOON, verdict=verdict),
            Utterance(
                "counsellor",
                "我在。",
                ledger,
                "anxin",
                crisis_lines("CN", "zh", NOON),
                notices=(Notice(NoticeKind.START, "我是AI<1>"),),
                at=NOON,
            ),
            Utterance("client", EVIL, ledger, at=NOON),
            Utterance("counsellor", "人来了", ledger),
        ),
        4,
    )


class Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_json_holds_all_that_was_said_shown_and_concluded() -> None:
    record = json.loads(to_json(talk()))
    first, second, third, fourth = record["messages"]
    assert [message["text"] for message in record["messages"]] == ["我想自杀", "我在。", EVIL, "人来了"]
    assert first["verdict"]["risk"] == first["risk"] >= 3 and first["at"] == NOON.isoformat()
    assert second["notices"] == ["我是AI<1>"] and second["by"] == "anxin"
    assert second["lines"][0]["number"] and "open_now" not in second["lines"][0]
    assert third["role"] == "client" and fourth["by"] is None
    assert "secret-id" not in to_json(talk()), "the id opens the conversation for whoever finds the file"


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_page_stands_alone_and_runs_nothing(language: Language) -> None:
    page = to_page(talk(), language)
    page.encode("utf-8")
    reader = Reader()
    reader.feed(page)
    names = {tag for tag, _ in reader.tags}
    assert not names & {"script", "img", "link", "iframe", "a", "object", "form"}
    for _, attributes in reader.tags:
        assert not any(name.startswith("on") or name in ("src", "href") for name in attributes)
    policy = next(attributes for _, attributes in reader.tags if "http-equiv" in attributes)
    assert "default-src 'none'" in (policy["content"] or "")
    assert "<script>alert(1)</script>" in reader.text, "what was written is shown as it was written"
    for text in ("我想自杀", "我是AI<1>", "第一行\n第二行", "人来了", "12356"):
        assert text in reader.text
    assert {"h1", "main", "title"} <= names and ("咨询师" if language == "zh" else "Counsellor") in reader.text


def test_an_empty_conversation_has_a_page_too() -> None:
    assert "还没有" in to_page(Conversation("x"))
    assert json.loads(to_json(Conversation("x")))["messages"] == []
