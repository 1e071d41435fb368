from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

import httpx
import pytest

from anxin.counsel import Ended, Failed, Lines, Reasoning, Route, Spoken, Truncated, Waiting
from anxin.errors import ConfigError, ModelUnavailable
from anxin.model import EchoModel
from anxin.safety import Ledger, crisis_lines
from anxin.serve import conversations

from .parts import CALM, CRISIS, WatchedModel, app_of, client_of, events_of, house_of, live, says, speech, user

pytestmark = pytest.mark.anyio

Client = httpx.AsyncClient


async def begin(client: Client) -> str:
    created = await client.post("/api/conversations")
    assert created.status_code == 201
    return str(created.json()["id"])


async def turn(client: Client, id: str, text: str, **more: object) -> list[tuple[str, dict[str, Any]]]:
    answer = await client.post(f"/api/conversations/{id}/turns", json={"text": text, **more})
    assert answer.status_code == 200, answer.text
    return events_of(answer.text)


async def messages(client: Client, id: str) -> list[dict[str, Any]]:
    return list((await client.get(f"/api/conversations/{id}")).json()["messages"])


async def test_what_the_page_needs_first() -> None:
    async with client_of(app_of(EchoModel(name="mini"))) as client:
        zh = (await client.get("/api/about?language=zh")).json()
        en = (await client.get("/api/about?language=en")).json()
    assert zh["model"] == {"name": "mini", "demonstration": False, "backend": "echo", "outside": False}
    assert zh["region"] == "CN" and "CN" in [region["code"] for region in zh["regions"]]
    assert zh["limits"] == {"message_characters": 8000}
    assert zh["disclosure"] and en["disclosure"]


async def test_a_jurisdiction_names_itself_and_whose_lines_are_shown() -> None:
    async with client_of(app_of(jurisdiction="US-NY")) as client:
        about = (await client.get("/api/about?language=zh")).json()
        lines = (await client.get("/api/lines?language=en")).json()["lines"]
    assert about["jurisdiction"] == {"code": "US-NY", "name": "美国纽约州"}
    assert about["region"] == "US" and {line["region"] for line in lines} == {"US"}
    async with client_of(app_of(jurisdiction="US-NY", region="HK")) as client:
        assert (await client.get("/api/about")).json()["region"] == "HK"
    with pytest.raises(ConfigError, match="did you mean US-NY"):
        app_of(jurisdiction="NY")


def told(events: list[tuple[str, dict[str, Any]]]) -> list[str]:
    return [data["kind"] for kind, data in events if kind == "notice"]


class Clock(datetime):
    """The time as the tests set it."""

    hours = 0.0

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Clock:
        return cls(2026, 11, 21, 8, tzinfo=UTC) + timedelta(hours=cls.hours)


async def test_a_conversation_keeps_when_it_was_told_what(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversations, "datetime", Clock)
    seen = []
    async with client_of(app_of(EchoModel(["嗯，我在听。"]), jurisdiction="CN")) as client:
        id = await begin(client)
        for hours in (0, 0.5, 1.9, 2.1, 3.2, 9, 9.1):
            monkeypatch.setattr(Clock, "hours", hours)
            seen.append(told(await turn(client, id, CALM)))
        kept = await messages(client, id)
    assert seen == [["start"], [], [], ["break"], ["again"], ["return"], []]
    assert [notice["kind"] for said in kept for notice in said.get("notices", ())] == [
        "start",
        "break",
        "again",
        "return",
    ]
    assert all(said["role"] == "counsellor" for said in kept if "notices" in said)


async def test_another_answer_to_the_same_message_is_told_what_the_first_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversations, "datetime", Clock)
    async with client_of(app_of(EchoModel(["嗯，我在听。"]))) as client:
        id = await begin(client)
        first = await turn(client, id, CALM)
        again = events_of((await client.post(f"/api/conversations/{id}/retry", json={})).text)
        after = await turn(client, id, CALM)
    assert (told(first), told(again), told(after)) == (["start"], ["start"], [])


async def test_in_a_crisis_what_repeats_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversations, "datetime", Clock)
    monkeypatch.setattr(Clock, "hours", 0)
    async with client_of(app_of(EchoModel(["嗯，我在听。"]))) as client:
        id = await begin(client)
        await turn(client, id, CALM)
        monkeypatch.setattr(Clock, "hours", 3.5)
        assert told(await turn(client, id, CRISIS)) == []
        for _ in range(12):
            if found := told(await turn(client, id, "我现在安全了，我妈妈在我身边陪着我")):
                break
    assert found == ["again", "break"]


async def test_crisis_lines_of_a_region() -> None:
    async with client_of(app_of()) as client:
        lines = (await client.get("/api/lines?region=CN&language=zh")).json()["lines"]
        assert (await client.get("/api/lines?region=XX")).status_code == 422
        assert (await client.get("/api/lines?language=fr")).status_code == 422
    assert set(lines[0]) == {"name", "number", "hours", "note", "url", "kind", "region", "ways", "open_now"}
    assert {line["kind"] for line in lines} <= {"line", "emergency"}
    assert {line["open_now"] for line in lines} <= {True, False}


async def test_how_a_line_is_reached_is_told() -> None:
    async with client_of(app_of()) as client:
        lines = (await client.get("/api/lines?region=US&language=en")).json()["lines"]
    assert all(set(line["ways"]) <= {"call", "text", "web"} and line["ways"] for line in lines)
    assert any(line["ways"] == ["text"] for line in lines), "one that takes messages only"


async def test_a_browser_says_whose_lines_where_the_client_chose_none() -> None:
    async def shown(**asked: object) -> set[str]:
        events = await turn(client, await begin(client), CRISIS, **asked)
        return {line["region"] for kind, data in events if kind == "lines" for line in data["lines"]}

    async with client_of(app_of(), headers={"accept-language": "en-GB,en;q=0.8"}) as client:
        assert (await client.get("/api/about")).json()["region"] == "GB"
        assert {line["region"] for line in (await client.get("/api/lines")).json()["lines"]} == {"GB"}
        assert await shown() == await shown(region=None) == {"GB"}
        assert await shown(region="SG") == {"SG"}
        answer = await client.post("/v1/chat/completions", json={"messages": user(CRISIS)})
        assert {line["region"] for line in answer.json()["anxin"]["lines"]} == {"GB"}
    async with client_of(app_of(region="HK"), headers={"accept-language": "en-US"}) as client:
        assert await shown() == {"HK"}, "what browsers send wherever they are"


async def test_a_turn_is_a_stream_of_events_and_is_kept() -> None:
    async with client_of(app_of(EchoModel(["听起来你最近很辛苦。"]))) as client:
        id = await begin(client)
        events = await turn(client, id, CALM, language="zh", region="CN", humour=True)
        kept = await messages(client, id)
    assert events[0] == ("screened", {"route": "converse", "language": "zh"})
    assert events[-1] == ("ended", {"reason": "stop"})
    said = "".join(data["text"] for kind, data in events if kind == "spoken")
    assert said == "听起来你最近很辛苦。"
    assert kept == [
        {"role": "client", "text": CALM, "by": None, "lines": []},
        {"role": "counsellor", "text": said, "by": "model", "lines": [], "notices": [events[1][1]]},
    ]
    assert events[1][0] == "notice" and events[1][1]["kind"] == "start"


async def test_every_event_has_its_shape() -> None:
    script = says(
        Waiting(3), Truncated(4), Reasoning("想"), Spoken("说", "model"), Failed("model_broken", "off"),
        Ended("failed", "说", Ledger()),
    )  # fmt: skip
    async with client_of(app_of(turn=script)) as client:
        assert await turn(client, await begin(client), CALM) == [
            ("screened", {"route": "converse", "language": "zh"}),
            ("waiting", {"place": 3}),
            ("truncated", {"dropped": 4, "shortened": False}),
            ("reasoning", {"text": "想"}),
            ("spoken", {"text": "说", "by": "model"}),
            ("failed", {"code": "model_broken", "message": "off"}),
            ("ended", {"reason": "failed"}),
        ]


async def test_a_guarded_reply_replaces_what_was_shown() -> None:
    script = says(Spoken("前半", "model"), Ended("guarded", "我们先停一下。", Ledger()))
    async with client_of(app_of(turn=script)) as client:
        id = await begin(client)
        events = await turn(client, id, CALM)
        assert events[-1] == ("ended", {"reason": "guarded", "text": "我们先停一下。"})
        assert (await messages(client, id))[-1]["text"] == "我们先停一下。"


async def test_a_crisis_is_answered_with_the_model_down() -> None:
    async with client_of(app_of(EchoModel(error=ModelUnavailable("down")))) as client:
        id = await begin(client)
        events = await turn(client, id, CRISIS)
        reply = (await messages(client, id))[-1]
    assert events[0][1]["route"] == "crisis"
    assert any(kind == "spoken" and data["by"] == "anxin" for kind, data in events)
    assert next(data for kind, data in events if kind == "lines")["lines"][0]["number"]
    assert reply["by"] == "anxin"
    assert {line["open_now"] for line in reply["lines"]} == {None}  # it was open then; who knows now


async def test_the_ledger_outlives_the_message() -> None:
    async with client_of(app := app_of(EchoModel(["我在听。"]))) as client:
        id = await begin(client)
        await turn(client, id, CRISIS)
        kept = await house_of(app).conversations.get(id)
    assert kept is not None
    assert kept.ledger != Ledger()


async def test_a_failed_turn_can_be_retried_and_keeps_the_message_once() -> None:
    model = EchoModel(["第一次。"], error=ModelUnavailable("down"))
    async with client_of(app_of(model)) as client:
        id = await begin(client)
        assert (await turn(client, id, CALM))[-1] == ("ended", {"reason": "failed"})
        assert [said["role"] for said in await messages(client, id)] == ["client"]
        model._error = None
        retried = events_of((await client.post(f"/api/conversations/{id}/retry", json={})).text)
        assert retried[-1] == ("ended", {"reason": "stop"})
        assert [said["text"] for said in await messages(client, id)] == [CALM, "第一次。"]


async def test_a_retry_drops_the_last_reply_and_sees_the_same_past() -> None:
    model = WatchedModel(["一。"])
    async with client_of(app_of(model)) as client:
        id = await begin(client)
        await turn(client, id, CALM)
        await client.post(f"/api/conversations/{id}/retry", json={})
        assert len(await messages(client, id)) == 2
    assert model.asked[0].messages == model.asked[1].messages


async def test_a_retry_of_a_crisis_starts_from_the_risk_before_it() -> None:
    async with client_of(app_of()) as client:
        id = await begin(client)
        first = await turn(client, id, CRISIS)
        again = events_of((await client.post(f"/api/conversations/{id}/retry", json={})).text)
    assert again == first


async def test_nothing_to_retry() -> None:
    async with client_of(app_of()) as client:
        answer = await client.post(f"/api/conversations/{await begin(client)}/retry", json={})
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "nothing_to_retry")


async def test_an_unknown_or_erased_conversation() -> None:
    async with client_of(app_of()) as client:
        id = await begin(client)
        assert (await client.delete(f"/api/conversations/{id}")).status_code == 204
        assert (await client.delete(f"/api/conversations/{id}")).status_code == 404
        assert (await client.get(f"/api/conversations/{id}")).status_code == 404
        assert (await client.post(f"/api/conversations/{id}/turns", json={"text": CALM})).status_code == 404


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"text": ""}, 422),
        ({"text": " \n\t"}, 422),
        ({"text": 3}, 422),
        ({"text": "好" * 8001}, 413),
        ({"text": CALM, "language": "fr"}, 422),
        ({"text": CALM, "region": 86}, 422),
        ({"text": CALM, "humour": 1}, 422),
    ],
)
async def test_a_body_that_cannot_be_used(body: dict[str, object], status: int) -> None:
    async with client_of(app_of()) as client:
        id = await begin(client)
        answer = await client.post(f"/api/conversations/{id}/turns", json=body)
        assert answer.status_code == status
        assert set(answer.json()["error"]) == {"code", "message"}
        assert await messages(client, id) == []


async def test_a_region_the_page_remembers_from_another_release_is_forgiven() -> None:
    async with client_of(app_of()) as client:
        assert (await turn(client, await begin(client), CRISIS, region="XX"))[0][1]["route"] == "crisis"


@pytest.mark.parametrize("text", ["\u202e\u200b\u200d我很累", "\x00\x01", "🏳️‍🌈" * 100, "a\r\nb\u2028c"])
async def test_odd_text_is_kept_as_it_was(text: str) -> None:
    async with client_of(app_of(turn=says(*speech(text)))) as client:
        id = await begin(client)
        events = await turn(client, id, text)
        assert events[1][1]["text"] == text
        assert [said["text"] for said in await messages(client, id)] == [text, text]


async def test_a_lone_surrogate_is_replaced() -> None:
    async with client_of(app_of(turn=says(*speech("好")))) as client:
        id = await begin(client)
        answer = await client.post(f"/api/conversations/{id}/turns", content=rb'{"text": "a\ud800b"}')
        assert answer.status_code == 200
        assert (await messages(client, id))[0]["text"] == "a\ufffdb"


async def test_one_turn_at_a_time() -> None:
    async with client_of(app_of(EchoModel(["慢慢说"], delay=0.2))) as client:
        id = await begin(client)
        running = asyncio.create_task(turn(client, id, CALM))
        await asyncio.sleep(0.05)
        second = await client.post(f"/api/conversations/{id}/turns", json={"text": "还在吗"})
        again = await client.post(f"/api/conversations/{id}/retry", json={})
        assert (second.status_code, again.status_code) == (409, 409)
        await running
        await turn(client, id, "现在可以了")
        assert len(await messages(client, id)) == 4


async def test_a_conversation_at_its_end_still_answers_a_crisis() -> None:
    async with client_of(app_of(EchoModel(["好。"]), max_turns=2)) as client:
        id = await begin(client)
        await turn(client, id, CALM)
        refused = await client.post(f"/api/conversations/{id}/turns", json={"text": CALM})
        assert (refused.status_code, refused.json()["error"]["code"]) == (413, "conversation_too_long")
        assert (await turn(client, id, CRISIS))[0][1]["route"] == "crisis"


async def test_a_reply_to_an_erased_conversation_is_not_kept() -> None:
    async with client_of(app := app_of(EchoModel(["慢慢说"], delay=0.1))) as client:
        id = await begin(client)
        running = asyncio.create_task(turn(client, id, CALM))
        await asyncio.sleep(0.05)
        assert (await client.delete(f"/api/conversations/{id}")).status_code == 204
        assert (await running)[-1] == ("ended", {"reason": "stop"})
        assert await house_of(app).conversations.get(id) is None


async def test_mixed_replies_are_the_models_and_authored_ones_ours() -> None:
    lines = crisis_lines("CN", "zh", datetime.now())
    mixed = says(Spoken("我在。", "anxin"), Spoken("说说看。", "model"), Ended("stop", "", Ledger()))
    ours = says(Spoken("我在。", "anxin"), Lines(lines), Ended("stop", "", Ledger()), route=Route.CRISIS)
    for script, by in ((mixed, "model"), (ours, "anxin")):
        async with client_of(app_of(turn=script)) as client:
            id = await begin(client)
            await turn(client, id, CALM)
            assert (await messages(client, id))[-1]["by"] == by


async def test_a_silence_is_filled_with_pings() -> None:
    async with client_of(app_of(EchoModel(["好"], delay=0.2), ping_seconds=0.05)) as client:
        id = await begin(client)
        answer = await client.post(f"/api/conversations/{id}/turns", json={"text": CALM})
    assert answer.text.count(": ping\n\n") >= 2
    assert events_of(answer.text)[-1][0] == "ended"


async def test_the_first_word_does_not_wait_for_the_second() -> None:
    with live(app_of(EchoModel(["听起来你最近很辛苦。我在这里听。" * 4], delay=0.03))) as address:
        async with httpx.AsyncClient(base_url=address) as client:
            id = await begin(client)
            arrivals: list[float] = []
            async with client.stream("POST", f"/api/conversations/{id}/turns", json={"text": CALM}) as answer:
                async for line in answer.aiter_lines():
                    if line == "event: spoken":
                        arrivals.append(asyncio.get_running_loop().time())
    assert len(arrivals) >= 2
    assert arrivals[-1] - arrivals[0] > 0.1


async def test_what_is_offered_is_an_event_is_kept_and_does_not_come_again() -> None:
    model = WatchedModel(["好，慢慢来。"])
    async with client_of(app_of(model)) as client:
        id = await begin(client)
        pieces = []
        for text in ("教我放松", "讲个笑话吧", "讲个笑话吧"):
            events = await turn(client, id, text)
            pieces += [data["piece"] for kind, data in events if kind == "offered"]
            assert events[-2][0] == "offered"
        kept = await messages(client, id)
    first = pieces[0]
    assert set(first) == {"id", "kind", "language", "title", "lines", "minutes", "note", "source"}
    assert first["kind"] == "exercise" and first["minutes"] > 0 and first["source"]
    assert [said["offered"]["id"] for said in kept if "offered" in said] == [piece["id"] for piece in pieces]
    assert len({piece["id"] for piece in pieces}) == 3
    assert all("<details>" not in message.text for message in model.asked[-1].messages)
    assert kept[1]["text"] == "好，慢慢来。"


async def test_crosstalk_comes_with_its_voices_and_the_client_can_turn_it_off() -> None:
    async with client_of(app_of(EchoModel(["好呀。"]))) as client:
        on = await turn(client, await begin(client), "讲个笑话吧", humour=True)
        off = await turn(client, await begin(client), "讲个笑话吧", humour=False)
    assert on[0][1]["route"] == "humour"
    (piece,) = [data["piece"] for kind, data in on if kind == "offered"]
    assert [line["voice"] for line in piece["lines"]][:2] == ["甲", "乙"]
    assert not any(line["text"].startswith(("甲", "乙：")) for line in piece["lines"])
    assert "offered" not in [kind for kind, _ in off]


async def test_the_operator_can_turn_offers_off() -> None:
    async with client_of(app_of(EchoModel(["好。"]), offers=False)) as client:
        events = await turn(client, await begin(client), "教我放松", offers=True)
    assert "offered" not in [kind for kind, _ in events]
