"""Fetching without a network: copies at hand, a local Git repository, and hubs that are played."""

from __future__ import annotations

import errno
import json
import shutil
import subprocess
import sys
import types
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from anxin.cli.corpus import fetch as command
from anxin.corpus.sample import Sample
from anxin.corpus.sources import Fetched, Origin, Part, fetch, open_source
from anxin.errors import DataError

own = sys.modules["anxin.corpus.sources.fetch"]
POSTS = Part(("posts/*.json",), "posts")
ORIGIN = Origin(
    "posts",
    "Posts of our own",
    "CC0-1.0",
    ("train", "evaluate"),
    (POSTS,),
    homes=("git:own/posts", "huggingface:own/posts", "modelscope:own/posts"),
    attribution="us",
    drop_ids="drop_ids.json",
)
FILES = {"posts/a.json": '["one"]', "posts/b.json": '["two"]', "LICENSE": "free", "code/run.py": "x", "notes.txt": "y"}
WANTED = {"posts/a.json", "posts/b.json", "LICENSE"}


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def held(folder: Path) -> dict[str, str]:
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    return {name: path.read_text() for name, path in found.items() if name != "source.json"}


def source(folder: Path) -> dict[str, Any]:
    body: dict[str, Any] = json.loads((folder / "source.json").read_text())
    return body


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return write(tmp_path / "copy" / "posts", FILES).parent


@pytest.fixture
def host(tmp_path: Path) -> Path:
    """A Git host with one repository of two commits; the first is tagged v1."""
    repository = write(tmp_path / "host" / "own" / "posts", FILES)
    (repository / "posts" / "link.json").symlink_to("/etc/hostname")

    def git(*words: str) -> None:
        author = ["-c", "user.name=us", "-c", "user.email=us@example.org", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", *author, *words], cwd=repository, check=True, capture_output=True)

    git("init", "--quiet", "--initial-branch", "main")
    for message, text in (("first", '["one"]'), ("second", '["newer"]')):
        (repository / "posts" / "a.json").write_text(text)
        git("add", "-A")
        git("commit", "--quiet", "-m", message)
        git("tag", "v1") if message == "first" else None
    return tmp_path / "host"


def test_a_copy_is_taken_with_its_licence_and_checksums(tmp_path: Path, copy: Path) -> None:
    told: list[str] = []
    done = fetch(ORIGIN, tmp_path / "data", local=copy, tell=told.append)
    assert set(done.new) == WANTED == set(held(done.folder)) and done.kept == done.changed == ()
    assert "licence: CC0-1.0" in told[0] and "attribution: us" in told[0]
    body = source(done.folder)
    assert {fact["path"] for fact in body["files"]} == WANTED
    assert body["files"][0]["bytes"] == 4 and len(body["files"][0]["sha256"]) == 64
    assert (body["home"], body["licence"], body["homes"]) == ("local", "CC0-1.0", list(ORIGIN.homes))
    assert [one.text for one in open_source(ORIGIN, tmp_path / "data") if isinstance(one, Sample)] == ["one", "two"]
    assert not list(tmp_path.glob("data/.*"))


def test_run_again_it_brings_only_what_is_missing_and_overwrites_nothing(tmp_path: Path, copy: Path) -> None:
    first = fetch(ORIGIN, tmp_path / "data", local=copy)
    (first.folder / "posts" / "a.json").write_text('["mine"]')
    again = fetch(ORIGIN, tmp_path / "data", local=copy)
    assert (again.new, again.changed) == ((), ("posts/a.json",))
    (first.folder / "posts" / "b.json").unlink()
    again = fetch(ORIGIN, tmp_path / "data", local=copy)
    assert (again.new, again.changed) == (("posts/b.json",), ("posts/a.json",))
    assert held(first.folder)["posts/a.json"] == '["mine"]'
    third = fetch(ORIGIN, tmp_path / "data", local=copy)
    assert (third.new, third.changed) == ((), ("posts/a.json",))


def test_what_stands_in_the_way_is_told_and_not_overwritten(tmp_path: Path, copy: Path) -> None:
    write(tmp_path / "data" / "posts", {"posts/a.json": "mine", "my.txt": "mine too"})
    done = fetch(ORIGIN, tmp_path / "data", local=copy)
    assert done.changed == ("posts/a.json",) and set(done.new) == WANTED - {"posts/a.json"}
    assert held(done.folder)["posts/a.json"] == "mine"
    assert {fact["path"] for fact in source(done.folder)["files"]} == WANTED - {"posts/a.json"}


def test_a_missing_file_that_its_home_has_changed_is_told(tmp_path: Path, copy: Path) -> None:
    first = fetch(ORIGIN, tmp_path / "data", local=copy)
    (first.folder / "posts" / "b.json").unlink()
    write(copy / "posts", {"posts/b.json": '["another"]'})
    done = fetch(ORIGIN, tmp_path / "data", local=copy)
    assert done.changed == ("posts/b.json",) and not (done.folder / "posts" / "b.json").exists()


def test_killed_anywhere_and_run_again_it_ends_the_same(
    tmp_path: Path, copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = held(fetch(ORIGIN, tmp_path / "whole", local=copy).folder)
    for step in range(6):
        out = tmp_path / f"data{step}"
        calls = [0]

        def killed(before: Callable[..., Any], after: int = step, calls: list[int] = calls) -> Callable[..., Any]:
            def call(*given: Any) -> Any:
                calls[0] += 1
                if calls[0] > after:
                    raise KeyboardInterrupt
                return before(*given)

            return call

        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(shutil, "copyfile", killed(shutil.copyfile))
            patch.setattr(own, "_fact", killed(own.__dict__["_fact"]))
            fetch(ORIGIN, out, local=copy)
        assert not (out / "posts" / "source.json").exists()
        done = fetch(ORIGIN, out, local=copy)
        assert held(done.folder) == whole and {fact["path"] for fact in source(done.folder)["files"]} == WANTED
        assert not list(out.glob(".*"))


def test_a_full_disk_is_one_line(tmp_path: Path, copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "x")

    monkeypatch.setattr(shutil, "copyfile", full)
    with pytest.raises(DataError, match=r"cannot write to .*data: No space left on device; make room"):
        fetch(ORIGIN, tmp_path / "data", local=copy)


@pytest.mark.parametrize("place", ["none", "empty", "copy/posts/notes.txt"])
def test_a_copy_that_is_none_is_said_to_be_none(tmp_path: Path, copy: Path, place: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="posts"):
        fetch(ORIGIN, tmp_path / "data", local=tmp_path / place)
    assert not list((tmp_path / "data").rglob("*"))


def test_terms_stop_it_before_anything_is_brought(tmp_path: Path, copy: Path) -> None:
    asked = replace(ORIGIN, needs="a signed agreement", purposes=("evaluate",))
    told: list[str] = []
    with pytest.raises(DataError, match=r"needs a signed agreement .* --accept posts"):
        fetch(asked, tmp_path / "data", local=copy, tell=told.append)
    assert told and not (tmp_path / "data").exists()
    fetch(asked, tmp_path / "data", local=copy, accepted=["posts"], tell=told.append)
    assert "posts is not for training." in told


@pytest.mark.parametrize(("revision", "text"), [("", '["newer"]'), ("v1", '["one"]'), ("main", '["newer"]')])
def test_a_git_home_is_fetched_at_a_revision(tmp_path: Path, host: Path, revision: str, text: str) -> None:
    done = fetch(ORIGIN, tmp_path / "data", revision=revision, mirror=str(host))
    assert set(done.new) == WANTED and held(done.folder)["posts/a.json"] == text
    assert len(done.revision) == 40 and source(done.folder)["revision"] == done.revision
    assert "posts/link.json" not in held(done.folder)
    assert fetch(ORIGIN, tmp_path / "data", revision=revision, mirror=str(host)).new == ()
    with pytest.raises(DataError, match="for v9 give another --out"):
        fetch(ORIGIN, tmp_path / "data", revision="v9", mirror=str(host))


def test_what_is_missing_comes_from_the_same_commit(tmp_path: Path, host: Path) -> None:
    done = fetch(ORIGIN, tmp_path / "data", revision="v1", mirror=str(host))
    (done.folder / "posts" / "a.json").unlink()
    again = fetch(ORIGIN, tmp_path / "data", mirror=str(host))
    assert again.new == ("posts/a.json",) and held(done.folder)["posts/a.json"] == '["one"]'


@pytest.mark.parametrize(("mirror", "revision"), [("nowhere", ""), ("host", "no-such-tag")])
def test_a_git_home_that_cannot_be_reached_says_what_to_do(
    tmp_path: Path, host: Path, mirror: str, revision: str
) -> None:
    with pytest.raises(DataError) as caught:
        fetch(ORIGIN, tmp_path / "data", revision=revision, mirror=str(tmp_path / mirror))
    line = str(caught.value)
    assert line.startswith("git:own/posts could not be fetched (fatal: ") and "\n" not in line
    assert line.endswith("anxin corpus fetch posts --from DIR")
    assert not list((tmp_path / "data").iterdir())


def test_a_home_whose_layout_has_changed_is_told(tmp_path: Path, host: Path) -> None:
    moved = replace(ORIGIN, parts=(Part(("elsewhere/*.json",), "posts"),))
    with pytest.raises(DataError, match=r"holds none of elsewhere/\*\.json.*layout may have changed"):
        fetch(moved, tmp_path / "data", mirror=str(host))


def test_git_that_is_not_there_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DataError, match="git is not installed here"):
        fetch(ORIGIN, tmp_path / "data")


class Hub:
    """huggingface_hub as far as fetch uses it: files to give, or an error to raise."""

    def __init__(self, files: dict[str, str], error: Exception | None = None) -> None:
        self.files, self.error = files, error
        self.asked: list[tuple[str, Any]] = []

    def play(self, monkeypatch: pytest.MonkeyPatch) -> Hub:
        import huggingface_hub

        monkeypatch.setattr(huggingface_hub, "HfApi", lambda endpoint=None: self)
        monkeypatch.setattr(huggingface_hub, "snapshot_download", self.snapshot_download)
        return self

    def dataset_info(self, name: str, revision: str | None, timeout: float) -> Any:
        if self.error is not None:
            raise self.error
        self.asked.append((name, revision))
        return types.SimpleNamespace(sha="c" * 40)

    def snapshot_download(
        self, name: str, *, repo_type: str, revision: str, local_dir: Path, allow_patterns: Sequence[str], endpoint: Any
    ) -> None:
        assert repo_type == "dataset" and revision == "c" * 40
        self.asked.append((name, tuple(allow_patterns)))
        write(local_dir, {**self.files, ".cache/huggingface/x.lock": ""})


def test_a_hub_is_asked_for_the_wanted_files_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hub = Hub(FILES).play(monkeypatch)
    done = fetch(ORIGIN, tmp_path / "data", home="huggingface", revision="main")
    assert set(held(done.folder)) == WANTED and source(done.folder)["home"] == "huggingface:own/posts"
    assert hub.asked == [("own/posts", "main"), ("own/posts", ORIGIN.patterns)]
    (done.folder / "posts" / "b.json").unlink()
    assert fetch(ORIGIN, tmp_path / "data").new == ("posts/b.json",)
    assert hub.asked[2:] == [("own/posts", "c" * 40), ("own/posts", ("posts/b.json",))]


def test_a_hub_out_of_reach_or_gated_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import httpx
    from huggingface_hub.errors import GatedRepoError

    Hub(FILES, ConnectionError("Name or service\nnot known")).play(monkeypatch)
    with pytest.raises(DataError, match=r"could not be fetched \(Name or service not known\).*--from DIR$"):
        fetch(ORIGIN, tmp_path / "data", home="huggingface")
    response = httpx.Response(403, request=httpx.Request("GET", "https://hub.example"))
    Hub(FILES, GatedRepoError("gated", response=response)).play(monkeypatch)
    with pytest.raises(DataError, match="accept its terms on its page, then set HF_TOKEN"):
        fetch(ORIGIN, tmp_path / "data", home="huggingface")
    Hub(FILES, PermissionError(errno.EACCES, "Permission denied", "data")).play(monkeypatch)
    with pytest.raises(DataError, match=r"cannot write to .*Permission denied"):
        fetch(ORIGIN, tmp_path / "data", home="huggingface")


def test_modelscope_is_optional(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "modelscope", None)
    with pytest.raises(DataError, match="pip install modelscope"):
        fetch(ORIGIN, tmp_path / "data", home="modelscope")

    def snapshot(name: str, *, local_dir: str, allow_patterns: Sequence[str], revision: str = "master") -> None:
        assert name == "own/posts" and list(allow_patterns) == list(ORIGIN.patterns)
        write(Path(local_dir), {**FILES, "._____temp/x": ""})

    played = types.SimpleNamespace(dataset_snapshot_download=snapshot)
    monkeypatch.setitem(sys.modules, "modelscope", played)
    done = fetch(ORIGIN, tmp_path / "data", home="modelscope")
    assert set(held(done.folder)) == WANTED and done.revision == "master"


def test_homes_and_damaged_notes_are_named(tmp_path: Path, copy: Path) -> None:
    with pytest.raises(DataError, match="has no home ftp; it has git:own/posts"):
        fetch(ORIGIN, tmp_path / "data", home="ftp")
    done = fetch(ORIGIN, tmp_path / "data", local=copy)
    (done.folder / "posts" / "a.json").unlink()
    with pytest.raises(DataError, match="taken from a copy at hand; give that again with --from DIR"):
        fetch(ORIGIN, tmp_path / "data")
    (done.folder / "source.json").write_text("{")
    with pytest.raises(DataError, match="delete it to fetch the set again"):
        fetch(ORIGIN, tmp_path / "data", local=copy)


@pytest.fixture
def cli() -> typer.Typer:
    app = typer.Typer()
    app.command()(command.fetch)
    app.command()(command.sources)
    return app


def test_the_command_lists_the_known_sets(cli: typer.Typer) -> None:
    shown = CliRunner().invoke(cli, ["sources"])
    assert shown.exit_code == 0 and "pku_saferlhf_single" in shown.stdout and "CC BY-NC 4.0" in shown.stdout
    listed = json.loads(CliRunner().invoke(cli, ["sources", "--json"]).stdout)
    assert {"name", "licence", "purposes", "homes", "attribution", "notes"} <= listed[0].keys()


def test_the_command_takes_a_copy_and_names_what_was_changed(tmp_path: Path, cli: typer.Typer) -> None:
    write(tmp_path / "copy", {"data/20200325_counsel_chat.csv": "a", "LICENSE": "b", "train.py": "c"})
    words = ["fetch", "counsel-chat", "--from", str(tmp_path / "copy"), "--out", str(tmp_path / "data")]
    shown = CliRunner().invoke(cli, words)
    folder = tmp_path / "data" / "counsel_chat"
    assert (shown.exit_code, shown.stdout.strip()) == (0, str(folder))
    assert "attribution: Bertagnolli 2020" in shown.stderr and "2 files new, 0 were there" in shown.stderr
    (folder / "LICENSE").write_text("changed")
    shown = CliRunner().invoke(cli, words)
    assert f"{folder / 'LICENSE'} is not what was fetched" in shown.stderr
    refused = CliRunner().invoke(cli, ["fetch", "psyqa", "--from", str(tmp_path), "--out", str(tmp_path / "data")])
    assert isinstance(refused.exception, DataError)


def test_nothing_of_it_is_imported_before_it_is_used() -> None:
    heavy = "{'huggingface_hub', 'modelscope', 'pyarrow', 'zstandard', 'scrapy', 'httpx'} & set(sys.modules)"
    code = f"import sys, anxin.corpus.sources; print(sorted({heavy}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    assert Fetched.__module__ == "anxin.corpus.sources.fetch"
