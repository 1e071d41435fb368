from __future__ import annotations

import hashlib
import json
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from anxin.errors import ModelFileError, ModelNotFound, ModelUnavailable
from anxin.model import pull

COMMIT = "a" * 40


@dataclass
class Hub:
    """A server that speaks the hub's protocol; large files are served elsewhere, as the hub's are."""

    files: dict[str, bytes]
    url: str = ""
    asked: list[tuple[str, str, str]] = field(default_factory=list)  # method, path, range
    gives: list[int] = field(default_factory=list)  # bytes after which each coming download breaks off
    etag: str = ""
    resumes: bool = True
    status: int = 0
    error_code: str = ""


@pytest.fixture
def hub(tiny_gguf: Path) -> Iterator[Hub]:
    hub = Hub({"calm.gguf": tiny_gguf.read_bytes(), "README.md": b"hello", "mmproj-calm.gguf": b"x"})
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(hub))
    server.daemon_threads = True
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield hub
    server.shutdown()
    thread.join()
    server.server_close()


def _handler(hub: Hub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self._serve(body=False)

        def do_GET(self) -> None:
            self._serve(body=True)

        def log_message(self, format: str, *args: object) -> None:
            pass

        def _serve(self, body: bool) -> None:
            path = self.path.partition("?")[0]
            hub.asked.append((self.command, path, self.headers.get("Range", "")))
            if hub.status:
                self._head(hub.status, {"X-Error-Code": hub.error_code, "Content-Length": "0"})
            elif path.startswith("/api/models/me/calm"):
                self._list(path)
            elif path.startswith("/store/"):
                self._content(hub.files[path.removeprefix("/store/")], body)
            else:
                self._resolve(path)

        def _list(self, path: str) -> None:
            names = [
                {"type": "file", "path": name, "size": len(data), "oid": "0" * 40} for name, data in hub.files.items()
            ]
            listed = (
                names
                if "/tree/" in path
                else {"id": "me/calm", "sha": COMMIT, "siblings": [{"rfilename": n} for n in hub.files]}
            )
            content = json.dumps(listed).encode()
            self._head(200, {"Content-Type": "application/json", "Content-Length": str(len(content))})
            self.wfile.write(content)

        def _resolve(self, path: str) -> None:
            repo, _, rest = path.strip("/").partition("/resolve/")
            name = rest.partition("/")[2]
            if repo != "me/calm" or name not in hub.files:
                code = "EntryNotFound" if repo == "me/calm" else "RepoNotFound"
                return self._head(404, {"X-Error-Code": code, "Content-Length": "0"})
            data = hub.files[name]
            etag = hub.etag or hashlib.sha256(data).hexdigest()
            self._head(
                302,
                {
                    "Location": f"{hub.url.replace('127.0.0.1', 'localhost')}/store/{name}",
                    "X-Repo-Commit": COMMIT,
                    "X-Linked-Etag": f'"{etag}"',
                    "X-Linked-Size": str(len(data)),
                    "Content-Length": "0",
                },
            )

        def _content(self, data: bytes, body: bool) -> None:
            start = int(self.headers["Range"][6:-1]) if "Range" in self.headers and hub.resumes else 0
            if start >= len(data):
                return self._head(416, {"Content-Length": "0"})
            part = data[start:]
            headers = {"Content-Length": str(len(part))}
            if start:
                headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
            self._head(206 if start else 200, headers)
            if body:
                self.wfile.write(part[: hub.gives.pop(0) if hub.gives else None])
                self.close_connection = True

        def _head(self, status: int, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in headers.items():
                if value:
                    self.send_header(name, value)
            self.end_headers()

    return Handler


def fetched(hub: Hub) -> list[str]:
    """The ranges of the downloads so far."""
    return [span for method, path, span in hub.asked if method == "GET" and path.startswith("/store/")]


def test_the_only_file_of_a_repository(hub: Hub, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    path = pull("me/calm", tmp_path, lambda done, total: seen.append((done, total)), endpoint=hub.url)
    assert path == tmp_path / "models/me/calm/calm.gguf"
    assert path.read_bytes() == hub.files["calm.gguf"]
    size = len(hub.files["calm.gguf"])
    assert seen[-1] == (size, size)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert [file.name for file in path.parent.iterdir()] == ["calm.gguf"]


def test_a_file_by_its_name_and_a_mirror_by_the_environment(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.files["other.gguf"] = hub.files["calm.gguf"]
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    assert pull("me/calm:other.gguf", tmp_path).name == "other.gguf"


def test_a_line_that_breaks_is_taken_up_where_it_broke(hub: Hub, tmp_path: Path) -> None:
    hub.gives = [100_000, 50_000]
    path = pull("me/calm", tmp_path, endpoint=hub.url, wait=0)
    assert path.read_bytes() == hub.files["calm.gguf"]
    assert fetched(hub) == ["", "bytes=100000-", "bytes=150000-"]


def test_a_command_that_was_stopped_goes_on_from_there(hub: Hub, tmp_path: Path) -> None:
    class Stopped(Exception):
        pass

    had = 0

    def stop(done: int, total: int) -> None:
        nonlocal had
        had = done
        if done > total / 4:
            raise Stopped

    with pytest.raises(Stopped):
        pull("me/calm", tmp_path, stop, endpoint=hub.url)
    assert not (tmp_path / "models/me/calm/calm.gguf").exists()
    path = pull("me/calm", tmp_path, endpoint=hub.url)
    assert path.read_bytes() == hub.files["calm.gguf"]
    assert fetched(hub) == ["", f"bytes={had}-"]


def test_a_line_that_stays_broken(hub: Hub, tmp_path: Path) -> None:
    hub.gives = [100_000] + [0] * 5
    with pytest.raises(ModelUnavailable, match="run the command again to go on"):
        pull("me/calm", tmp_path, endpoint=hub.url, wait=0)
    assert len(fetched(hub)) == 6
    assert pull("me/calm", tmp_path, endpoint=hub.url).exists()
    assert fetched(hub)[-1] == "bytes=100000-"


def test_a_server_that_cannot_resume(hub: Hub, tmp_path: Path) -> None:
    hub.gives, hub.resumes = [100_000], False
    path = pull("me/calm", tmp_path, endpoint=hub.url, wait=0)
    assert path.read_bytes() == hub.files["calm.gguf"]


def test_what_is_there_already_is_not_fetched_again(hub: Hub, tmp_path: Path) -> None:
    pull("me/calm", tmp_path, endpoint=hub.url)
    pull("me/calm", tmp_path, endpoint=hub.url)
    assert len(fetched(hub)) == 1


def test_a_changed_file_is_fetched_anew(hub: Hub, tmp_path: Path) -> None:
    path = pull("me/calm", tmp_path, endpoint=hub.url)
    path.write_bytes(b"x" * len(hub.files["calm.gguf"]))
    assert pull("me/calm", tmp_path, endpoint=hub.url).read_bytes() == hub.files["calm.gguf"]


def test_git_checksums_of_small_files(hub: Hub, tmp_path: Path) -> None:
    data = hub.files["calm.gguf"]
    hub.etag = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
    assert pull("me/calm", tmp_path, endpoint=hub.url).exists()


@pytest.mark.parametrize("etag", ["0" * 64, "0" * 40])
def test_a_wrong_checksum(hub: Hub, tmp_path: Path, etag: str) -> None:
    hub.etag = etag
    with pytest.raises(ModelFileError, match="checksum"):
        pull("me/calm", tmp_path, endpoint=hub.url)
    assert list((tmp_path / "models/me/calm").iterdir()) == []


def test_a_file_that_is_no_gguf(hub: Hub, tmp_path: Path) -> None:
    hub.files["calm.gguf"] = b"<html>" * 99
    with pytest.raises(ModelFileError, match="not a GGUF file"):
        pull("me/calm", tmp_path, endpoint=hub.url)
    assert list((tmp_path / "models/me/calm").iterdir()) == []


def test_every_part_of_a_split_file(hub: Hub, tmp_path: Path) -> None:
    whole = hub.files.pop("calm.gguf")
    hub.files |= {f"q4/big-0000{part}-of-00002.gguf": whole for part in (1, 2)}
    path = pull("me/calm", tmp_path, endpoint=hub.url)
    assert path == tmp_path / "models/me/calm/q4/big-00001-of-00002.gguf"
    assert (path.parent / "big-00002-of-00002.gguf").exists()


def test_several_files_are_named(hub: Hub, tmp_path: Path) -> None:
    hub.files["b.gguf"] = b""
    with pytest.raises(ModelNotFound, match=r"me/calm:calm\.gguf, me/calm:b\.gguf"):
        pull("me/calm", tmp_path, endpoint=hub.url)


@pytest.mark.parametrize("name", ["me/calm:no.gguf", "you/calm:x.gguf"])
def test_no_such_file(hub: Hub, tmp_path: Path, name: str) -> None:
    with pytest.raises(ModelNotFound, match="check the spelling"):
        pull(name, tmp_path, endpoint=hub.url)


def test_no_gguf_file(hub: Hub, tmp_path: Path) -> None:
    del hub.files["calm.gguf"]
    with pytest.raises(ModelNotFound, match="no GGUF file"):
        pull("me/calm", tmp_path, endpoint=hub.url)


@pytest.mark.parametrize(
    "name", ["", "calm", "me/calm:x.bin", "me/calm:../x.gguf", "me/calm:/x.gguf", "a/b/c", "../x", "me/calm:a\0.gguf"]
)
def test_names_that_are_none(tmp_path: Path, name: str) -> None:
    with pytest.raises(ModelNotFound, match="write owner/repo"):
        pull(name, tmp_path, endpoint="http://127.0.0.1:9")


def test_a_gated_file(hub: Hub, tmp_path: Path) -> None:
    hub.status, hub.error_code = 403, "GatedRepo"
    with pytest.raises(ModelUnavailable, match="accept its terms"):
        pull("me/calm:calm.gguf", tmp_path, endpoint=hub.url)


def test_no_hub(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="HF_ENDPOINT"):
        pull("me/calm:calm.gguf", tmp_path, endpoint="http://127.0.0.1:9")


def test_no_room(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10, 9, 1))
    with pytest.raises(ModelUnavailable, match="make room"):
        pull("me/calm", tmp_path, endpoint=hub.url)
