from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from anxin.dialogue import Message
from anxin.safety import Ledger, Notice, NoticeKind, Times
from anxin.store import Conversation, MemoryConversations, Utterance

pytestmark = pytest.mark.anyio


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def client(text: str) -> Utterance:
    return Utterance("client", text, Ledger())


def counsellor(text: str) -> Utterance:
    return Utterance("counsellor", text, Ledger(), "model")


async def test_a_conversation_grows_and_reads_as_a_dialogue() -> None:
    store = MemoryConversations()
    id = (await store.create()).id
    await store.append(id, client("我很累"))
    await store.append(id, counsellor("我在听"))
    kept = await store.get(id)
    assert kept is not None
    assert kept.dialogue.messages == (Message("client", "我很累"), Message("counsellor", "我在听"))
    assert kept.dialogue.id == id


async def test_ids_cannot_be_guessed() -> None:
    store = MemoryConversations()
    ids = {(await store.create()).id for _ in range(100)}
    assert len(ids) == 100
    assert min(len(id) for id in ids) >= 32


async def test_a_changed_conversation_is_a_new_one() -> None:
    store = MemoryConversations()
    before = await store.create()
    await store.append(before.id, client("你好"))
    assert before.utterances == ()


async def test_the_ledger_is_that_of_the_newest_utterance() -> None:
    store = MemoryConversations()
    old, new = Ledger(), Ledger()
    id = (await store.create()).id
    await store.append(id, Utterance("client", "一", old))
    kept = await store.append(id, Utterance("client", "二", new))
    assert kept is not None and kept.ledger is new
    assert kept.before_last().ledger is old


async def test_an_empty_conversation_has_an_empty_ledger() -> None:
    assert (await MemoryConversations().create()).ledger == Ledger()


async def test_a_reply_is_replaced() -> None:
    store = MemoryConversations()
    id = (await store.create()).id
    await store.append(id, client("我很累"))
    await store.append(id, counsellor("第一次"))
    kept = await store.replace_reply(id, counsellor("第二次"))
    assert kept is not None
    assert [said.text for said in kept.utterances] == ["我很累", "第二次"]


async def test_replacing_a_reply_that_never_came_appends_it() -> None:
    store = MemoryConversations()
    id = (await store.create()).id
    await store.append(id, client("我很累"))
    kept = await store.replace_reply(id, counsellor("我在听"))
    assert kept is not None
    assert [said.text for said in kept.utterances] == ["我很累", "我在听"]


async def test_erasure_wins_over_a_late_write() -> None:
    store = MemoryConversations()
    id = (await store.create()).id
    assert await store.delete(id)
    assert await store.append(id, client("还在吗")) is None
    assert await store.replace_reply(id, counsellor("在")) is None
    assert await store.get(id) is None
    assert not await store.delete(id)


async def test_what_is_idle_too_long_is_forgotten() -> None:
    clock = Clock()
    store = MemoryConversations(ttl=60, clock=clock)
    idle, used = (await store.create()).id, (await store.create()).id
    clock.now = 50
    await store.get(used)
    clock.now = 70
    assert await store.get(idle) is None
    assert await store.get(used) is not None


async def test_the_one_idle_longest_makes_room() -> None:
    store = MemoryConversations(max_conversations=2)
    first, second = (await store.create()).id, (await store.create()).id
    await store.get(first)
    third = (await store.create()).id
    assert await store.get(second) is None
    assert await store.get(first) is not None and await store.get(third) is not None
    assert len(store) == 2


async def test_text_is_bounded_but_the_newest_stays() -> None:
    store = MemoryConversations(max_characters=10)
    first, second = (await store.create()).id, (await store.create()).id
    await store.append(first, client("一二三四五六"))
    await store.append(second, client("一二三四五六七八九十十一"))
    assert await store.get(first) is None
    kept = await store.get(second)
    assert kept is not None and len(kept.utterances) == 1


def test_what_was_told_and_when_is_read_from_what_was_said() -> None:
    noon = datetime(2026, 11, 21, 12, tzinfo=UTC)
    late = noon + timedelta(hours=3)
    told = (Notice(NoticeKind.START, "我是AI"),)
    said = (
        Utterance("client", "一", Ledger(), at=noon),
        Utterance("counsellor", "二", Ledger(), "model", notices=told, at=noon),
        Utterance("client", "三", Ledger(), at=late),
    )
    assert Conversation("x").times == Times()
    assert Conversation("x", said).times == Times(noon, late, noon, None)
    rest = Utterance("counsellor", "四", Ledger(), "model", notices=(Notice(NoticeKind.BREAK, "歇"),), at=late)
    assert Conversation("x", (*said, rest)).times == Times(noon, late, noon, late)
    # A reply that is answered anew takes what it told with it.
    assert Conversation("x", (*said, rest)).unanswered().times == Times(noon, late, noon, None)
    # A record of an earlier release has no times.
    assert Conversation("x", (Utterance("client", "一", Ledger()),)).times == Times()


async def test_erased_text_no_longer_counts() -> None:
    store = MemoryConversations(max_characters=10)
    for _ in range(5):
        id = (await store.create()).id
        await store.append(id, client("一二三四五六七八"))
        await store.replace_reply(id, counsellor("九"))
        await store.delete(id)
    kept = await store.create()
    other = await store.create()
    await store.append(other.id, client("一二三四五六七八"))
    assert await store.get(kept.id) is not None
