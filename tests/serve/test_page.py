from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from .parts import app_of, client_of

pytestmark = pytest.mark.anyio


@pytest.fixture
def built(tmp_path: Path) -> Path:
    folder = tmp_path / "page"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>Anxin</title>", encoding="utf-8")
    (folder / "assets" / "main-1a2b.js").write_text("/* */" * 1000, encoding="utf-8")
    (tmp_path / "secret.txt").write_text("outside", encoding="utf-8")
    return folder


async def test_the_page_is_served_fresh_and_its_assets_for_ever(built: Path) -> None:
    async with client_of(app_of(page=built)) as client:
        page = await client.get("/")
        assert page.headers["content-type"].startswith("text/html")
        assert page.headers["cache-control"] == "no-cache"
        script = await client.get("/assets/main-1a2b.js")
        assert script.headers["content-type"].startswith("application/javascript")
        assert "immutable" in script.headers["cache-control"]


async def test_a_place_within_the_page_is_the_page(built: Path) -> None:
    async with client_of(app_of(page=built)) as client:
        assert (await client.get("/talk/abc")).text.startswith("<!doctype html>")


@pytest.mark.parametrize("path", ["/missing.js", "/assets/missing.css", "/api/missing", "/v1/missing"])
async def test_what_is_missing_is_missing(built: Path, path: str) -> None:
    async with client_of(app_of(page=built)) as client:
        assert (await client.get(path)).status_code == 404


@pytest.mark.parametrize("path", ["/../secret.txt", "/%2e%2e/secret.txt", "/assets/../../secret.txt", "//secret.txt"])
async def test_nothing_outside_the_folder_is_served(built: Path, path: str) -> None:
    async with client_of(app_of(page=built)) as client:
        assert "outside" not in (await client.get(path)).text


async def test_a_file_known_to_the_browser_is_not_sent_again(built: Path) -> None:
    async with client_of(app_of(page=built)) as client:
        tag = (await client.get("/")).headers["etag"]
        again = await client.get("/", headers={"if-none-match": tag})
        assert (again.status_code, again.content) == (304, b"")


async def test_text_is_packed_for_who_can_unpack_it(built: Path) -> None:
    async with client_of(app_of(page=built)) as client:
        plain = await client.get("/assets/main-1a2b.js", headers={"accept-encoding": "identity"})
        assert "content-encoding" not in plain.headers
        async with client.stream("GET", "/assets/main-1a2b.js") as packed:
            raw = b"".join([part async for part in packed.aiter_raw()])
        assert packed.headers["content-encoding"] == "gzip"
        assert gzip.decompress(raw) == plain.content


async def test_without_a_built_page_one_line_says_how_to_build_it(tmp_path: Path) -> None:
    async with client_of(app_of(page=tmp_path)) as client:
        answer = await client.get("/")
        assert "make install" in answer.text
        assert answer.text.count("\n") == 1
