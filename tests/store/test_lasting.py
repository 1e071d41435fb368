from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy")

from sqlalchemy import delete, select, update

from anxin.errors import StoreConflict, StoreDamaged, StoreError
from anxin.safety import Ledger, Notice, NoticeKind, crisis_lines, screen
from anxin.store import (
    Conversation,
    Conversations,
    MemoryConversations,
    Store,
    StoreOptions,
    Utterance,
    audit,
    open_store,
)
from anxin.store.lasting import DatabaseConversations, reference_of
from anxin.store.tables import AuditRow, ConversationRow, KeyRow, UtteranceRow, VerdictRow

pytestmark = pytest.mark.anyio

SECRET = "我昨天和妈妈吵架了，zebra-umbrella"


def said(text: str = SECRET, ledger: Ledger | None = None) -> Utterance:
    return Utterance("client", text, ledger or Ledger())


def reply(text: str = "我在听") -> Utterance:
    return Utterance("counsellor", text, Ledger(), "model")


def texts(conversation: Conversation | None) -> list[str]:
    assert conversation is not None
    return [utterance.text for utterance in conversation.utterances]


async def test_everything_comes_back_as_it_went_in(store: Store) -> None:
    verdict = screen("我想自杀")
    ledger = Ledger().fold(verdict)
    noon = datetime(2026, 11, 21, 12, tzinfo=UTC)
    first = Utterance("client", "我想自杀\ud800\0<b>", ledger, at=noon, verdict=verdict)
    answer = Utterance(
        "counsellor",
        "我在。",
        ledger,
        "anxin",
        crisis_lines("CN", "zh", noon),
        "zh-exercise",
        (Notice(NoticeKind.START, "我是AI"),),
        noon,
    )
    id = (await store.conversations.create()).id
    await store.conversations.append(id, first)
    kept = await store.conversations.append(id, answer)
    assert kept == Conversation(id, (first, answer), 2)
    assert await store.conversations.get(id) == kept
    assert kept is not None and kept.ledger == ledger and kept.ledger.crisis


async def test_it_does_what_the_one_in_memory_does(store: Store) -> None:
    both: tuple[Conversations, ...] = (MemoryConversations(), store.conversations)
    ids = [(await kept.create()).id for kept in both]
    for utterance, replaces in [(said("一"), False), (reply("1"), True), (reply("2"), True), (said("二"), False)]:
        for kept, id in zip(both, ids, strict=True):
            await (kept.replace_reply if replaces else kept.append)(id, utterance)
    memory, lasting = [await kept.get(id) for kept, id in zip(both, ids, strict=True)]
    assert memory is not None and lasting is not None
    assert (memory.utterances, memory.version) == (lasting.utterances, lasting.version)
    assert texts(lasting) == ["一", "2", "二"]


async def test_another_process_reads_what_was_kept(store: Store, database: str, tmp_path: Path) -> None:
    id = (await store.conversations.create()).id
    await store.conversations.append(id, said())
    other = open_store(StoreOptions(database=database), tmp_path / "home")
    await other.prepare()
    assert texts(await other.conversations.get(id)) == [SECRET]
    await other.close()


async def test_erasure_wins_over_a_late_write(store: Store) -> None:
    id = (await store.conversations.create()).id
    await store.conversations.append(id, said())
    assert await store.conversations.delete(id)
    assert await store.conversations.append(id, said()) is None
    assert await store.conversations.replace_reply(id, reply()) is None
    assert await store.conversations.get(id) is None
    assert not await store.conversations.delete(id)
    async with store.database.reading() as session:
        for table in (ConversationRow, UtteranceRow, VerdictRow, KeyRow):
            assert (await session.scalars(select(table))).all() == []


async def test_an_unknown_conversation_is_none(store: Store) -> None:
    for id in ("", "nobody", "我", "\ud800", "0" * 40):
        assert await store.conversations.get(id) is None
        assert await store.conversations.append(id, said()) is None
        assert not await store.conversations.delete(id)


@pytest.mark.parametrize("kind", ["memory", "lasting"])
async def test_two_who_answer_the_same_state_notice_each_other(store: Store, kind: str) -> None:
    kept = MemoryConversations() if kind == "memory" else store.conversations
    begun = await kept.create()
    first = await kept.append(begun.id, said("一"), version=begun.version)
    assert first is not None
    with pytest.raises(StoreConflict):
        await kept.append(begun.id, said("二"), version=begun.version)
    with pytest.raises(StoreConflict):
        await kept.replace_reply(begun.id, reply(), version=begun.version)
    assert texts(await kept.get(begun.id)) == ["一"]
    await kept.replace_reply(begun.id, reply(), version=first.version)
    assert texts(await kept.get(begun.id)) == ["一", "我在听"]


async def test_of_many_writers_at_once_one_wins_and_the_others_know(store: Store) -> None:
    begun = await store.conversations.create()
    results = await asyncio.gather(
        *(store.conversations.append(begun.id, said(str(number)), version=0) for number in range(12)),
        return_exceptions=True,
    )
    won = [result for result in results if isinstance(result, Conversation)]
    assert len(won) == 1 and sum(isinstance(result, StoreConflict) for result in results) == 11
    assert await store.conversations.get(begun.id) == won[0]


async def test_writers_that_name_no_version_all_get_in(store: Store) -> None:
    id = (await store.conversations.create()).id
    await asyncio.gather(*(store.conversations.append(id, said(str(number))) for number in range(12)))
    assert sorted(texts(await store.conversations.get(id)), key=int) == [str(number) for number in range(12)]


async def test_the_id_is_nowhere_in_the_database(store: Store) -> None:
    id = (await store.conversations.create()).id
    async with store.database.reading() as session:
        row = (await session.scalars(select(ConversationRow))).one()
    assert row.reference == reference_of(id) and row.reference != id
    # Who has stolen the reference cannot use it where clients come in, but the operator can.
    assert reference_of(row.reference) == row.reference


async def test_words_moved_elsewhere_cannot_be_read(store: Store) -> None:
    one, two = [(await store.conversations.create()).id for _ in range(2)]
    for id in (one, two):
        await store.conversations.append(id, said(f"von {id}"))
        await store.conversations.append(id, said(f"noch {id}"))
    stolen = select(UtteranceRow.sealed).where(UtteranceRow.conversation == reference_of(one), UtteranceRow.number == 1)
    for reference, number in [(reference_of(two), 1), (reference_of(one), 2)]:
        async with store.database.writing() as session:
            blob = await session.scalar(stolen)
            place = (UtteranceRow.conversation == reference) & (UtteranceRow.number == number)
            await session.execute(update(UtteranceRow).where(place).values(sealed=blob))
    for id in (one, two):
        with pytest.raises(StoreDamaged, match="damaged or was changed"):
            await store.conversations.get(id)


async def test_another_conversations_key_opens_nothing(store: Store) -> None:
    one, two = [(await store.conversations.create()).id for _ in range(2)]
    await store.conversations.append(two, said())
    async with store.database.writing() as session:
        wrapped = await session.scalar(select(KeyRow.wrapped).where(KeyRow.owner.endswith(reference_of(one))))
        await session.execute(update(KeyRow).where(KeyRow.owner.endswith(reference_of(two))).values(wrapped=wrapped))
    with pytest.raises(StoreDamaged, match="the key of conversation"):
        await store.conversations.get(two)


@pytest.mark.parametrize("number", [1, 2, 3])
async def test_words_that_were_taken_out_are_missed(store: Store, number: int) -> None:
    id = (await store.conversations.create()).id
    for text in ("一", "二", "三"):
        await store.conversations.append(id, said(text))
    async with store.database.writing() as session:
        await session.execute(delete(UtteranceRow).where(UtteranceRow.number == number))
    with pytest.raises(StoreDamaged, match="missing"):
        await store.conversations.get(id)


async def test_a_role_that_was_changed_is_noticed(store: Store) -> None:
    id = (await store.conversations.create()).id
    await store.conversations.append(id, said())
    async with store.database.writing() as session:
        await session.execute(update(UtteranceRow).values(role="counsellor"))
    with pytest.raises(StoreDamaged):
        await store.conversations.get(id)


async def test_a_fault_of_the_database_is_told_without_a_word_of_the_client(tmp_path: Path) -> None:
    store = open_store(StoreOptions(database=str(tmp_path / "full.sqlite")), tmp_path / "home")
    await store.prepare()
    id = (await store.conversations.create()).id
    async with store.database.writing() as session:
        await (await session.connection()).exec_driver_sql(
            "CREATE TRIGGER full BEFORE INSERT ON utterances BEGIN SELECT RAISE(ABORT, 'disk is full'); END"
        )
    with pytest.raises(StoreError, match="disk is full") as raised:
        await store.conversations.append(id, said())
    assert "zebra" not in str(raised.value) and raised.value.__suppress_context__
    assert texts(await store.conversations.get(id)) == []
    await store.close()


def aged(store: Store, days: float, retention: int = 30) -> DatabaseConversations:
    """The same conversations, some days later."""
    return DatabaseConversations(
        store.database,
        store.locks,
        store.erased,
        retention=timedelta(days=retention),
        now=lambda: datetime.now(UTC) + timedelta(days=days),
    )


async def test_what_is_idle_longer_than_retention_allows_is_erased(store: Store) -> None:
    idle, used = [(await store.conversations.create()).id for _ in range(2)]
    await aged(store, 20).append(used, said())
    await aged(store, 29).tidy()
    assert await store.conversations.get(idle) is not None
    await aged(store, 31).tidy()
    assert await store.conversations.get(idle) is None
    assert await store.conversations.get(used) is not None
    async with store.database.reading() as session:
        assert len((await session.scalars(select(KeyRow))).all()) == 1


async def test_more_than_one_sweep_is_swept(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("anxin.store.lasting._SWEEP", 3)
    for _ in range(7):
        await store.conversations.create()
    await aged(store, 31).tidy()
    async with store.database.reading() as session:
        assert (await session.scalars(select(ConversationRow))).all() == []


async def test_a_hold_keeps_from_retention_and_from_erasure_until_it_is_lifted(store: Store) -> None:
    id = (await store.conversations.create()).id
    await store.conversations.append(id, said())
    assert await store.conversations.hold(id, "operator:x", "an incident")
    await aged(store, 31).tidy()
    assert texts(await store.conversations.get(id)) == [SECRET]
    assert await store.conversations.delete(id)
    assert await store.conversations.get(id) is None, "for its client it is gone"
    assert not await store.conversations.delete(id)
    assert await store.conversations.append(id, said()) is None
    shown = await store.conversations.show(reference_of(id), "operator:x", why="incident")
    assert texts(shown) == [SECRET]
    assert await store.conversations.release(id, "operator:x") == "erased"
    assert await store.conversations.show(reference_of(id), "operator:x", why="incident") is None
    assert await store.conversations.release(id, "operator:x") == "unknown"
    async with store.database.reading() as session:
        report = await audit.verify(session)
        actions = list(await session.scalars(select(AuditRow.action).order_by(AuditRow.number)))
    assert report.faults == ()
    assert actions == [
        "key.first",
        "conversation.begun",
        "hold.placed",
        "conversation.erase_asked",
        "conversation.read",
        "hold.lifted",
        "conversation.erased",
    ]


async def test_a_hold_that_is_lifted_lets_the_client_go_on(store: Store) -> None:
    id = (await store.conversations.create()).id
    assert not await store.conversations.hold("nobody", "operator:x", "why")
    await store.conversations.hold(id, "operator:x", "one")
    await store.conversations.hold(id, "operator:x", "two")
    assert await store.conversations.release(id, "operator:x") == "kept"
    assert await store.conversations.append(id, said()) is not None


async def test_an_erasure_that_was_interrupted_is_finished_at_the_next_start(
    store: Store, database: str, tmp_path: Path
) -> None:
    id = (await store.conversations.create()).id
    store.erased.add(reference_of(id))  # and then the power failed
    other = open_store(StoreOptions(database=database), tmp_path / "home")
    await other.prepare()
    assert await other.conversations.get(id) is None
    await other.close()
