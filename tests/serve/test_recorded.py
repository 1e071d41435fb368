"""The page's API on a database: what is kept, what two replicas do, and what happens when the store fails."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, MutableMapping
from pathlib import Path
from typing import Any

import httpx
import pytest

pytest.importorskip("sqlalchemy")

from anxin.errors import StoreError
from anxin.model import EchoModel
from anxin.serve import ServeOptions, create_app
from anxin.store import Conversation, MemoryConversations, Store, StoreOptions, Utterance, open_store
from tests.serve.parts import CALM, CRISIS, client_of, events_of, house_of

pytestmark = pytest.mark.anyio


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = open_store(StoreOptions(database="sqlite"), tmp_path / "home")
    await opened.prepare()
    yield opened
    await opened.close()


async def said(client: httpx.AsyncClient, id: str) -> list[tuple[str, str]]:
    messages = (await client.get(f"/api/conversations/{id}")).json()["messages"]
    return [(message["role"], message["text"]) for message in messages]


async def test_a_talk_is_recorded_and_goes_on_after_a_restart(store: Store) -> None:
    app = create_app(EchoModel(), options=ServeOptions(), conversations=store.conversations)
    async with client_of(app) as client:
        id = (await client.post("/api/conversations")).json()["id"]
        await client.post(f"/api/conversations/{id}/turns", json={"text": CRISIS})
        before = await said(client, id)
    await store.close()
    again = create_app(EchoModel(), options=ServeOptions(), conversations=store.conversations)
    async with client_of(again) as client:
        assert await said(client, id) == before and len(before) == 2
        kept = await store.conversations.get(id)
        assert kept is not None and kept.utterances[0].verdict is not None and kept.ledger.crisis
        await client.post(f"/api/conversations/{id}/retry", json={})
        assert [role for role, _ in await said(client, id)] == ["client", "counsellor"]
        assert (await client.delete(f"/api/conversations/{id}")).status_code == 204
        assert (await client.get(f"/api/conversations/{id}")).status_code == 404


async def test_of_two_replicas_one_answers_and_the_other_says_so(store: Store, tmp_path: Path) -> None:
    other = open_store(StoreOptions(database="sqlite"), tmp_path / "home")
    apps = [
        create_app(EchoModel(), options=ServeOptions(), conversations=kept.conversations) for kept in (store, other)
    ]
    async with client_of(apps[0]) as one, client_of(apps[1]) as two:
        id = (await one.post("/api/conversations")).json()["id"]
        answers = await asyncio.gather(
            *(client.post(f"/api/conversations/{id}/turns", json={"text": CALM}) for client in (one, two))
        )
        messages = await said(one, id)
        won = [answer for answer in answers if answer.status_code == 200]
        lost = [answer for answer in answers if answer.status_code == 409]
        assert len(won) + len(lost) == 2 and won
        clients = [text for role, text in messages if role == "client"]
        assert len(clients) == len(won), "whoever was answered is on the record, and nobody else"
    await other.close()


async def test_whoever_is_told_that_a_reply_is_over_finds_it_on_the_record() -> None:
    """A server may be killed the moment after."""

    class Slow(MemoryConversations):
        kept = False

        async def replace_reply(self, id: str, reply: Utterance, *, version: int | None = None) -> Conversation | None:
            await asyncio.sleep(0.05)
            self.kept = True
            return await super().replace_reply(id, reply, version=version)

    conversations = Slow()
    app = create_app(EchoModel(), options=ServeOptions(), conversations=conversations)
    seen: list[tuple[str, bool]] = []
    id = (await conversations.create()).id

    async def send(message: MutableMapping[str, Any]) -> None:
        text = bytes(message.get("body", b"")).decode()
        seen.extend((event, conversations.kept) for event, _ in events_of(text))

    body = json.dumps({"text": CRISIS}).encode()
    asked = False

    async def receive() -> MutableMapping[str, Any]:
        nonlocal asked
        if asked:
            await asyncio.sleep(3600)
        asked = True
        return {"type": "http.request", "body": body, "more_body": False}

    path = f"/api/conversations/{id}/turns"
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"localhost"), (b"content-type", b"application/json")],
        "client": ("127.0.0.1", 1),
        "server": ("localhost", 80),
    }
    await app(scope, receive, send)
    assert dict(seen)["ended"] is True
    assert dict(seen)["spoken"] is False, "and words do not wait for it"


class Failing(MemoryConversations):
    """A store whose writes fail so many times."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.times = times

    async def append(self, id: str, utterance: Utterance, *, version: int | None = None) -> Conversation | None:
        if self.times:
            self.times -= 1
            raise StoreError("the disk /srv/secret is full")
        return await super().append(id, utterance, version=version)


@pytest.mark.parametrize(("times", "kept"), [(1, ["client", "counsellor"]), (2, [])])
async def test_a_crisis_is_answered_also_where_nothing_can_be_written(times: int, kept: list[str]) -> None:
    app = create_app(EchoModel(), options=ServeOptions(), conversations=Failing(times))
    async with client_of(app) as client:
        id = (await client.post("/api/conversations")).json()["id"]
        answer = await client.post(f"/api/conversations/{id}/turns", json={"text": CRISIS})
        events = events_of(answer.text)
        assert events[0][0] == "screened" and events[-1][0] == "ended"
        assert any(name == "lines" for name, _ in events)
        assert [role for role, _ in await said(client, id)] == kept
    assert b"anxin_faults_total 0.0" not in house_of(app).metrics.text()


class Broken(MemoryConversations):
    async def get(self, id: str) -> Conversation | None:
        raise StoreError("the disk /srv/secret is full")


async def test_a_store_that_cannot_be_read_is_told_without_its_address() -> None:
    app = create_app(EchoModel(), options=ServeOptions(), conversations=Broken())
    async with client_of(app) as client:
        id = (await client.post("/api/conversations")).json()["id"]
        for answer in (
            await client.get(f"/api/conversations/{id}"),
            await client.post(f"/api/conversations/{id}/turns", json={"text": CALM}),
        ):
            assert answer.status_code == 503
            assert "store_unavailable" in answer.text and "secret" not in answer.text


async def test_conversations_are_tidied_while_serving_and_closed_after(store: Store) -> None:
    calls: list[str] = []
    thrice = asyncio.Event()

    class Counting(MemoryConversations):
        async def tidy(self) -> None:
            calls.append("tidy")
            if len(calls) == 3:
                thrice.set()
            raise StoreError("busy")

        async def close(self) -> None:
            calls.append("close")

    app = create_app(EchoModel(), options=ServeOptions(), conversations=Counting(), tidy_seconds=0.01)
    async with app.router.lifespan_context(app):
        await asyncio.wait_for(thrice.wait(), 20)
    assert calls[-1] == "close"
