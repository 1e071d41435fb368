"""The two commands, as somebody types them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from anxin.cli.corpus.crawl import crawl, extract
from anxin.cli.corpus.run import show
from anxin.errors import ConfigError
from tests.corpus.crawl.conftest import WriteProfile
from tests.corpus.crawl.local import Answer, article, local_site, page

pytest.importorskip("scrapy")
pytest.importorskip("trafilatura")

app = typer.Typer()
app.command("crawl")(crawl)
app.command("extract")(extract)
app.command("show")(show)


def test_crawl_then_extract(tmp_path: Path, write_profile: WriteProfile) -> None:
    with local_site({"/": page("start", article("start"), "/private"), "/private": page("p", article("p"))}) as site:
        profile = str(write_profile(site.address(), extra='contact = "me@example.org"\nrefuse = ["/private"]'))
        done = CliRunner().invoke(app, ["crawl", profile, "--out", str(tmp_path / "crawl"), "--json"])
    assert done.exit_code == 0, done.output
    summary = json.loads(done.stdout.splitlines()[-1])
    assert (summary["pages"], summary["kept"], summary["not_followed"]) == (1, 1, {"pattern": 1})
    read = CliRunner().invoke(app, ["extract", str(tmp_path / "crawl"), "--out", str(tmp_path / "samples")])
    assert read.exit_code == 0 and read.stdout == f"{tmp_path / 'samples'}: 1 samples of 1\n"
    assert "kettle" not in done.output + read.output


def test_a_site_that_is_left_alone_is_told_and_ends_with_1(tmp_path: Path, write_profile: WriteProfile) -> None:
    with local_site({"/robots.txt": Answer(status=500)}) as site:
        arguments = [
            str(write_profile(site.address())),
            "--out",
            str(tmp_path / "crawl"),
            "--contact",
            "me@example.org",
        ]
        done = CliRunner().invoke(app, ["crawl", *arguments])
    assert done.exit_code == 1
    assert "robots.txt could not be had" in done.stderr and "run again later" in done.stderr


def test_a_file_that_is_no_warc_is_named_and_show_reads_the_folder(tmp_path: Path) -> None:
    (tmp_path / "odd.warc.gz").write_bytes(b"not packed")
    (tmp_path / "out" / "data").mkdir(parents=True)
    (tmp_path / "out" / "data" / "odd.jsonl.zst.1.part").write_bytes(b"left by a kill")
    read = CliRunner().invoke(app, ["extract", str(tmp_path / "odd.warc.gz"), "--out", str(tmp_path / "out")])
    assert read.exit_code == 0 and "could not be read: odd.warc.gz" in read.stderr
    assert not list((tmp_path / "out").rglob("*.part"))
    shown = CliRunner().invoke(app, ["show", str(tmp_path / "out")])
    assert shown.exit_code == 0 and "truncated 1" in shown.stdout


def test_without_a_contact_nothing_is_begun(tmp_path: Path, write_profile: WriteProfile) -> None:
    profile = str(write_profile("http://127.0.0.1:9/"))
    done = CliRunner().invoke(app, ["crawl", profile, "--out", str(tmp_path / "crawl")])
    assert isinstance(done.exception, ConfigError) and "--contact" in str(done.exception)
    assert not (tmp_path / "crawl").exists()
