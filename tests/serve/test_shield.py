from __future__ import annotations

import pytest

from anxin.serve import ServeOptions

from .parts import app_of, client_of, says, user

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("path", ["/", "/healthz", "/v1/models", "/api/about", "/missing.js"])
async def test_every_answer_carries_the_security_headers(path: str) -> None:
    async with client_of(app_of()) as client:
        headers = (await client.get(path)).headers
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"


async def test_nothing_said_is_kept_by_a_cache() -> None:
    async with client_of(app_of()) as client:
        answer = await client.post("/v1/chat/completions", json={"messages": user("你好")})
        assert answer.headers["cache-control"] == "no-store"
        assert (await client.get("/api/about")).headers["cache-control"] == "no-store"


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8000", "127.0.0.1.evil.example", ""])
async def test_on_loopback_a_foreign_name_is_refused(host: str) -> None:
    async with client_of(app_of()) as client:
        answer = await client.get("/api/about", headers={"host": host})
    assert answer.status_code == 403
    assert "serve.allow_origins" in answer.json()["error"]["message"]


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1:8000", "[::1]:8000", "LOCALHOST"])
async def test_on_loopback_its_own_names_are_known(host: str) -> None:
    async with client_of(app_of()) as client:
        assert (await client.get("/api/about", headers={"host": host})).status_code == 200


async def test_a_proxys_name_can_be_allowed() -> None:
    async with client_of(app_of(allow_origins=("https://talk.example",))) as client:
        assert (await client.get("/api/about", headers={"host": "talk.example"})).status_code == 200


async def test_beyond_loopback_any_name_may_be_used() -> None:
    async with client_of(app_of(host="0.0.0.0")) as client:
        assert (await client.get("/api/about", headers={"host": "talk.example"})).status_code == 200


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost:9999", "http://[bad"])
async def test_another_sites_page_may_not_write(origin: str) -> None:
    async with client_of(app_of()) as client:
        answer = await client.post("/api/conversations", headers={"origin": origin})
    assert answer.status_code == 403


async def test_the_page_itself_and_allowed_origins_may_write() -> None:
    async with client_of(app_of(allow_origins=("https://talk.example",))) as client:
        for origin in ("http://localhost", "https://talk.example"):
            assert (await client.post("/api/conversations", headers={"origin": origin})).status_code == 201


async def test_an_allowed_origin_gets_its_preflight() -> None:
    asked = {"origin": "https://talk.example", "access-control-request-method": "POST"}
    async with client_of(app_of(allow_origins=("https://talk.example",))) as client:
        answer = await client.options("/v1/chat/completions", headers=asked)
    assert answer.headers["access-control-allow-origin"] == "https://talk.example"


async def test_a_fault_before_the_answer_is_a_500_without_its_text() -> None:
    def broken(request: object, model: object) -> object:
        raise RuntimeError("secret")

    async with client_of(app_of(turn=broken)) as client:  # type: ignore[arg-type]
        answer = await client.post("/v1/chat/completions", json={"messages": user("你好")})
    assert answer.status_code == 500
    assert answer.json()["error"]["type"] == "server_error"
    assert "secret" not in answer.text


async def test_a_turn_that_breaks_its_promise_still_ends() -> None:
    async with client_of(app_of(turn=says(RuntimeError("secret")))) as client:
        id = (await client.post("/api/conversations")).json()["id"]
        answer = await client.post(f"/api/conversations/{id}/turns", json={"text": "你好"})
    assert 'event: ended\ndata: {"reason":"failed"}' in answer.text
    assert "secret" not in answer.text


def test_keys_do_not_show_in_a_printed_setting() -> None:
    assert "sk-1" not in repr(ServeOptions(api_keys=("sk-1",)))
