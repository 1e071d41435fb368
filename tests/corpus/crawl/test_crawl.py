"""A crawl of sites that behave as the web does: what is asked for, when, what is kept, and what a kill costs."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from importlib.metadata import version
from pathlib import Path

import psutil
import pytest

from anxin.corpus.crawl import Record, crawl, extract, read_warc
from anxin.corpus.files import read_samples, shards
from anxin.corpus.sample import Sample
from anxin.errors import ConfigError, DataError, UserError
from tests.corpus.crawl.conftest import WriteProfile
from tests.corpus.crawl.local import Answer, LocalSite, Page, article, local_site, page

pytest.importorskip("scrapy")
pytest.importorskip("warcio")
pytest.importorskip("trafilatura")

CONTACT = "tests@example.org"


def _open_to(*paths: str) -> str:
    return page("start", "", *paths)


def _states(folder: Path) -> dict[str, tuple[str, str]]:
    """Path and query of each address: its state, and why."""
    with contextlib.closing(sqlite3.connect(folder / "crawl.sqlite")) as base:
        rows = base.execute("SELECT address, state, why FROM page").fetchall()
    return {"/" + address.split("/", 3)[3]: (state, why) for address, state, why in rows}


def _sound(folder: Path) -> None:
    """Every record of the WARC files reads back with the digests it was written with."""
    from warcio.archiveiterator import ArchiveIterator

    for path in (folder / "warc").glob("*.gz"):
        with path.open("rb") as file:
            for record in ArchiveIterator(file, check_digests="raise"):
                record.content_stream().read()


def _kept(folder: Path) -> set[str]:
    return {path for path, (state, _) in _states(folder).items() if state == "kept"}


def _records(folder: Path) -> list[Record]:
    found = [record for path in sorted((folder / "warc").glob("*.gz")) for record in read_warc(path)]
    assert all(isinstance(record, Record) for record in found), found
    return [record for record in found if isinstance(record, Record)]


def _samples(folder: Path) -> dict[str, Sample]:
    """Samples of an extracted folder by the path of their address."""
    found = {}
    for shard in shards(folder):
        for sample in read_samples(shard):
            assert isinstance(sample, Sample)
            found["/" + sample.metadata["address"].split("/", 3)[3]] = sample
    return found


def test_one_crawl_meets_most_of_what_the_web_has(tmp_path: Path, write_profile: WriteProfile) -> None:
    elsewhere: dict[str, Page] = {"/": page("elsewhere", article("elsewhere"))}
    noted = '<meta name="robots" content="{}">'
    with local_site(elsewhere) as other:
        pages: dict[str, Page] = {
            "/robots.txt": Answer(b"User-agent: *\nDisallow: /private/\n\nUser-agent: anxin-corpus\nDisallow: /ours/\n"
                                  b"Disallow: /private/\n", kind="text/plain"),
            "/.well-known/tdmrep.json": Answer(
                b'[{"location": "/mined/*", "tdm-reservation": 1}]', kind="application/json"),
            "/": _open_to(
                "/walk", "/walk?utm_source=x", "/walk#second", "/copy-of-walk", "/private/diary", "/ours/secret",
                "/mined/1", "/gb", "/wrong", "/big5", "/loop/a/", "/calendar/2026/1", "/flaky", "/broken", "/busy",
                "/slow", "/away", "/moved", "/round", "/seat", "/huge", "/film",
                "/noindex", "/noarchive", "/noai", "/tdm",
                "/closed", "/missing", "/other-bot", other.address("/"), "mailto:a@example.org", "javascript:void(0)",
            ),
            "/walk": page("A walk", article("walk")),
            "/copy-of-walk": page("A walk", article("walk")),
            "/private/diary": "never", "/ours/secret": "never", "/mined/1": "never",
            "/gb": Answer(page("散步", article("散步", True)).encode("gb18030"), kind="text/html"),
            "/wrong": Answer(page("喝水", article("喝水", True)).encode("gb18030"), kind="text/html; charset=utf-8"),
            "/big5": Answer(page("喝茶", article("窗邊", False)).encode("big5"), kind="text/html; charset=iso-8859-1"),
            "/loop/*": lambda path, _: page(
                path, article(path), "a/", "../b/../c/", "./a/x?PHPSESSID=" + str(len(path))),
            "/calendar/*": lambda path, _: page(
                path, article(path), f"/calendar/2026/{int(path.split('?')[0].split('/')[-1]) + 1}"),
            "/flaky": lambda _, before: page("flaky", article("flaky")) if before else Answer(status=500),
            "/broken": Answer(status=502),
            "/busy": lambda _, before: page("busy", article("busy")) if before else Answer(
                status=429, headers={"Retry-After": "1"}),
            "/slow": lambda _, before: Answer(page("slow", article("slow")).encode(), after=0 if before else 4.0),
            "/away": Answer(status=302, headers={"Location": other.address("/")}),
            "/moved": Answer(status=301, headers={"Location": "/walk"}),
            "/seat": lambda path, _: page("seat", article("seat")) if "sid=" in path else Answer(
                status=302, headers={"Location": "/seat?sid=7"}),
            "/round": Answer(status=302, headers={"Location": "/round"}),
            "/huge": Answer(b"<html>" + b"x" * 300_000),
            "/film": Answer(b"\0" * 200_000, kind="video/mp4"),
            "/noindex": page("noindex", article("noindex"), "/from-noindex", head=noted.format("noindex")),
            "/from-noindex": page("from", article("from noindex")),
            "/noarchive": page("noarchive", article("noarchive"), head=noted.format("NOARCHIVE")),
            "/noai": page("noai", article("noai"), head=noted.format("noai, noimageai")),
            "/tdm": Answer(page("tdm", article("tdm")).encode(), headers={"TDM-Reservation": "1"}),
            "/closed": Answer(
                page("closed", article("closed"), "/behind-closed").encode(), headers={"X-Robots-Tag": "nofollow"}),
            "/behind-closed": "never",
            "/other-bot": Answer(
                (page("other", article("other bot")) + '<a rel="nofollow ugc" href="/behind-nofollow">x</a>').encode(),
                headers={"X-Robots-Tag": "otherbot: noindex, nofollow"}),
            "/behind-nofollow": "never",
        }  # fmt: skip
        with local_site(pages) as site:
            profile = write_profile(
                site.address(), page_bytes=100_000, depth=5, alike=4, timeout=2.0, extra="keep = [':[0-9]+/.']"
            )
            out = tmp_path / "crawl"
            summary = crawl(profile, out, CONTACT)
            states = _states(out)
            again = len(site.asked)
            repeated = crawl(profile, out, CONTACT)

    never = {"/private/diary", "/ours/secret", "/mined/1", "/behind-closed", "/behind-nofollow"}
    assert not never & set(site.paths)
    assert not other.asked, "a host that the profile does not name"
    assert {agent for _, _, agent in site.asked} == {_agent()}
    assert states["/private/diary"] == states["/ours/secret"] == ("refused", "robots")
    assert states["/mined/1"] == ("refused", "reserved")
    assert states["/walk"] == states["/flaky"] == states["/busy"] == states["/slow"] == ("kept", "")
    assert "/walk?utm_source=x" not in states and site.paths.count("/walk") == 1
    assert states["/copy-of-walk"][0] == "duplicate"
    assert states["/broken"] == ("failed", "status_502") and site.paths.count("/broken") == 2
    assert states["/missing"] == ("failed", "status_404") and site.paths.count("/missing") == 1
    assert states["/away"][0] == states["/moved"][0] == states["/round"][0] == "redirect"
    assert states["/seat?sid=7"] == ("kept", ""), "a site that insists on a session's name in the address"
    assert states["/huge"] == ("refused", "too_large")
    assert states["/film"] == ("refused", "not_html")
    assert states["/noindex"] == ("kept", "noindex")
    assert states["/from-noindex"] == ("kept", "")
    assert states["/noarchive"] == ("refused", "noarchive")
    assert states["/noai"] == states["/tdm"] == ("refused", "reserved")
    assert states["/other-bot"] == ("kept", "")
    assert max(Counter(site.paths).values()) == 2, "nothing is asked for over and over"
    assert sum(path.startswith("/calendar/") for path in site.paths) <= 4
    assert sum(path.startswith("/loop/") for path in site.paths) <= 20, "three links a page to depth 5 would be 363"
    assert summary["finished"] and not summary["waiting"]
    assert summary["not_followed"]["other_host"] == 2
    assert repeated["kept"] == summary["kept"] and len(site.asked) == again, "what is complete is not asked for again"

    busy = [when for when, path, _ in site.asked if path == "/busy"]
    assert busy[1] - busy[0] >= 1.0, "Retry-After"
    after = [when - busy[0] for when, path, _ in site.asked if when > busy[0]]
    assert min(after) >= 1.0, "Retry-After speaks of the whole site"

    _sound(out)
    records = _records(out)
    kept = Counter(record.address for record in records if record.kind == "response" and record.status == 200)
    assert set(kept.values()) == {1}
    assert site.address("/robots.txt") in kept
    addresses = {record.address for record in records}
    assert not addresses & {site.address(path) for path in ("/noarchive", "/noai", "/tdm", "/film", "/huge", *never)}
    assert [record.address for record in records if record.kind == "revisit"] == [site.address("/copy-of-walk")]
    log = (out / "crawl.log").read_text(encoding="utf-8")
    assert "kettle" not in log and "散步" not in log, "no page's text in a log"

    tally = extract([out], tmp_path / "samples")
    samples = _samples(tmp_path / "samples")
    assert set(samples) >= {"/walk", "/gb", "/wrong", "/flaky", "/busy", "/slow", "/from-noindex"}
    assert not set(samples) & {"/noindex", "/copy-of-walk", "/broken", "/missing"}
    assert tally.dropped["duplicate"] == 1 and tally.dropped["noindex"] == 1
    assert samples["/walk"].metadata["title"] == "A walk" and samples["/walk"].metadata["language"] == "en"
    assert samples["/walk"].source == "local" and samples["/walk"].metadata["crawled"].endswith("Z")
    assert "第二张纸比想象中短" in samples["/gb"].document and samples["/gb"].metadata["language"] == "zh"
    assert "喝水1. 真正有用的都是小事" in samples["/wrong"].document
    for sample in samples.values():
        assert "pillows" not in sample.document and "Imprint" not in sample.document, "adverts and footers"


def _agent() -> str:
    return f"Anxin-corpus/{version('anxin')} (+mailto:{CONTACT})"


def test_a_crawl_delay_is_kept(tmp_path: Path, write_profile: WriteProfile) -> None:
    pages: dict[str, Page] = {
        "/robots.txt": Answer(b"User-agent: *\nCrawl-delay: 1\n", kind="text/plain"),
        "/": _open_to("/1", "/2"),
        "/1": page("one", article("one")),
        "/2": page("two", article("two")),
    }
    with local_site(pages) as site:
        crawl(write_profile(site.address(), concurrent=4), tmp_path / "crawl", CONTACT)
    times = [when for when, path, _ in site.asked]
    assert site.paths == ["/robots.txt", "/.well-known/tdmrep.json", "/", "/1", "/2"]
    assert min(later - sooner for sooner, later in itertools.pairwise(times)) > 0.95


def test_nothing_is_asked_of_a_site_whose_rules_cannot_be_had(tmp_path: Path, write_profile: WriteProfile) -> None:
    """RFC 9309, sections 2.3.1.3 and 2.3.1.4: 5xx and no answer mean that all is forbidden, 4xx that all is allowed."""
    with contextlib.ExitStack() as held:
        body = page("here", article("here"))
        down = held.enter_context(local_site({"/robots.txt": Answer(status=503), "/": page("down", article("down"))}))
        slow = held.enter_context(local_site({"/robots.txt": Answer(after=5.0), "/": body}))
        free = held.enter_context(local_site({"/": body}))
        sent = held.enter_context(
            local_site({"/robots.txt": Answer(status=301, headers={"Location": "/rules"}),
                        "/rules": Answer(b"User-agent: *\nDisallow: /", kind="text/plain"), "/": body})
        )  # fmt: skip
        reserved = held.enter_context(
            local_site({"/robots.txt": Answer(b"User-agent: *\nContent-Signal: search=yes, ai-train=no\nAllow: /\n",
                                              kind="text/plain"), "/": body})
        )  # fmt: skip
        later = held.enter_context(local_site({"/": Answer(status=503, headers={"Retry-After": "7200"})}))
        sites = [down, slow, free, sent, reserved, later]
        with local_site({}) as gone:
            pass
        profile = write_profile(*(site.address() for site in sites), gone.address(), timeout=2.5)
        summary = crawl(profile, tmp_path / "crawl", CONTACT)
        assert [site.paths.count("/") for site in sites] == [0, 0, 1, 0, 0, 1]
        unreachable = dict.fromkeys((site.address("") for site in (down, slow, gone)), "robots_unreachable")
        assert summary["resting"] == unreachable | {later.address(""): "asked_to_wait"}
        assert summary["waiting"] == 4 and not summary["finished"]
        assert summary["refused"] == {"robots": 1, "reserved": 1}
        assert not (tmp_path / "crawl" / "manifest.json").exists()

        down.pages["/robots.txt"] = Answer(b"", kind="text/plain")
        assert crawl(profile, tmp_path / "crawl", CONTACT)["kept"] == 2, "run again, it goes on"
        assert down.paths.count("/") == 1 and free.paths.count("/") == 1


THREAD = """
<html><head><title>x</title></head><body><h1>睡不好怎么办</h1>
<div class="question"><div class="body"><p>最近总是半夜醒来，</p><p>白天很累。</p><script>track()</script></div></div>
{answers}</body></html>
"""
ANSWER = """
<div class="answer"><span class="badge">{role}</span>{accepted}<div class="body"><p>{text}</p>
<div class="signature">加微信聊聊</div></div><b class="votes" data-count="{votes}">up</b></div>
"""
SELECTORS = """
[thread]
title = "h1"
question = ".question .body"
answer = ".answer"
text = ".body"
role = ".badge"
roles = ["咨询师"]
votes = ".votes::attr(data-count)"
accepted = ".accepted"
cut = [".signature"]
id = "/q/(\\\\d+)"
"""


def test_threads_become_a_dialogue_for_each_answer(tmp_path: Path, write_profile: WriteProfile) -> None:
    answers = [
        ANSWER.format(
            role="国家二级咨询师", accepted='<i class="accepted"></i>', text="听起来你已经累了很久。", votes="12"
        ),
        ANSWER.format(role="咨询师", accepted="", text="先从固定起床时间开始试试。", votes="1.2万"),
        ANSWER.format(role="路人", accepted="", text="顶一下。", votes="0"),
    ]
    thread = THREAD.format(answers="".join(answers)).encode("gb18030")
    pages: dict[str, Page] = {
        "/": _open_to("/q/7", "/q/8"),
        "/q/7": Answer(thread, kind="text/html; charset=gb2312"),
        "/q/8": THREAD.format(answers=""),
    }
    with local_site(pages) as site:
        extra = 'kind = "thread"\nkeep = ["/q/"]\nlanguage = "zh"'
        profile = write_profile(site.address(), extra=extra, tables=SELECTORS)
        crawl(profile, tmp_path / "crawl", CONTACT)
    tally = extract([tmp_path / "crawl"], tmp_path / "samples")
    assert tally.kept == 2
    assert tally.dropped == {"other_page": 1, "other_role": 1, "no_answer": 1}
    (shard,) = shards(tmp_path / "samples")
    first, second = [sample for sample in read_samples(shard) if isinstance(sample, Sample)]
    assert [(message.role, message.text) for message in first.dialogue] == [
        ("client", "睡不好怎么办\n最近总是半夜醒来，\n白天很累。"),
        ("counsellor", "听起来你已经累了很久。"),
    ]
    assert first.metadata["thread"] == second.metadata["thread"]
    assert (first.metadata["votes"], second.metadata["votes"]) == (12, 12_000)
    assert (first.metadata["accepted"], second.metadata["accepted"]) == (True, False)
    assert first.metadata["address"] == site.address("/q/7") and first.metadata["language"] == "zh"
    assert first.id != second.id


def _many(count: int) -> dict[str, Page]:
    """A site of so many pages, each pointing to a few others, with a copy among them and a page that fails once."""
    pages: dict[str, Page] = {
        f"/p/{number}": page(
            f"Page {number}",
            article(f"p{number} "),
            *(f"/p/{child}" for child in (2 * number, 2 * number + 1) if child < count),
        )
        for number in range(1, count)
    }
    pages["/"] = _open_to("/p/1", "/copy")
    pages["/copy"] = pages["/p/1"]
    pages["/p/5"] = lambda _, before: page("five", article("five"), "/p/10", "/p/11") if before else Answer(status=500)
    return pages


def _begin(profile: Path, out: Path, first: str = "") -> subprocess.Popen[bytes]:
    code = first + (
        "import sys; from pathlib import Path; from anxin.corpus.crawl import crawl\n"
        "crawl(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])"
    )
    command = [sys.executable, "-c", code, str(profile), str(out), CONTACT]
    with (out.parent / "said").open("wb") as said:
        return subprocess.Popen(command, stderr=said)


def _wait_for(site: LocalSite, asked: int) -> None:
    until = time.monotonic() + 60
    while len(site.asked) < asked:
        assert time.monotonic() < until, "the crawl did not begin"
        time.sleep(0.01)


def _kill_and_go_on(tmp_path: Path, write_profile: WriteProfile, kills: list[tuple[str, int]], count: int) -> None:
    """Kill the crawl (its child, its parent or both at once) each time so many more requests have come."""
    with local_site(_many(count)) as site:
        whole = crawl(write_profile(site.address(), name="whole"), tmp_path / "whole", CONTACT)
        site.asked.clear()
        profile, out = write_profile(site.address(), name="parts", seconds=0.02), tmp_path / "parts"
        for victim, after in kills:
            process = _begin(profile, out)
            _wait_for(site, len(site.asked) + after)
            (child,) = psutil.Process(process.pid).children()
            if victim != "parent":
                child.send_signal(signal.SIGKILL)
            if victim != "child":
                os.kill(process.pid, signal.SIGKILL)
            process.wait()
            psutil.wait_procs([child], timeout=10)
            assert not child.is_running(), "a crawl that nobody watches must not go on"
        with (sorted((out / "warc").iterdir())[-1]).open("ab") as file:
            file.write(b"\x1f\x8b half of a record that a kill left behind")
        parts = crawl(profile, out, CONTACT)
    assert _kept(out) == _kept(tmp_path / "whole") and len(_kept(out)) == count
    assert (parts["pages"], parts["kept"], parts["duplicate"]) == (whole["pages"], whole["kept"], whole["duplicate"])
    _sound(out)
    pages, before = ([record.address for record in _records(tmp_path / name) if record.status == 200
                      and not record.address.endswith("robots.txt")] for name in ("parts", "whole"))  # fmt: skip
    assert sorted(pages) == sorted(before), "each page stands in the WARC once, whatever was killed"


def test_killed_and_begun_again_it_keeps_the_same_pages(tmp_path: Path, write_profile: WriteProfile) -> None:
    _kill_and_go_on(tmp_path, write_profile, [("child", 7), ("parent", 9)], 24)


@pytest.mark.slow
def test_killed_at_any_moment(tmp_path: Path, write_profile: WriteProfile) -> None:
    chance = random.Random(4)
    kills = [(chance.choice(["child", "parent", "both"]), chance.randrange(1, 15)) for _ in range(12)]
    _kill_and_go_on(tmp_path, write_profile, kills, 120)


def test_limits_and_a_second_run_with_more(tmp_path: Path, write_profile: WriteProfile) -> None:
    with local_site(_many(24)) as site:
        profile, out = write_profile(site.address(), file_bytes=3000), tmp_path / "crawl"
        assert crawl(profile, out, CONTACT, pages=4)["pages"] == 4
        assert len([path for path in site.paths if path not in ("/robots.txt", "/.well-known/tdmrep.json")]) == 4
        more = crawl(profile, out, CONTACT, pages=9)
        assert more["pages"] == 9 and more["finished"]
        manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
        assert manifest["licence"] == "CC0-1.0" and manifest["terms"].startswith("Our own pages")
        files = sorted(path.name for path in (out / "warc").iterdir())
        assert [file["path"] for file in manifest["outputs"]] == [f"warc/{name}" for name in files]
        assert len(files) > 2 and files[0] == "local-00001.warc.gz", "a new file when one is full"
        assert [record.address for record in _records(out)].count(site.address("/p/1")) == 1
        with pytest.raises(DataError, match="another profile"):
            crawl(write_profile(site.address("/p/1")), out, CONTACT)


@pytest.mark.slow
def test_a_full_disk_is_one_line_and_costs_nothing(tmp_path: Path, write_profile: WriteProfile) -> None:
    noise = random.Random(1)
    with local_site(_many(12)) as site:
        for path in [path for path in site.pages if path.startswith("/p/") and path != "/p/5"]:
            site.pages[path] = str(site.pages[path]) + f"<!--{noise.randbytes(40_000).hex()}-->"
        profile, out = write_profile(site.address()), tmp_path / "crawl"
        # No file of this process and its child may grow past 256 KiB: as if there were no more room.
        code = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (262144, 262144))\n"
        _begin(profile, out, code).wait(timeout=120)
        assert "make room and run again" in (tmp_path / "said").read_text(encoding="utf-8")
        whole = crawl(profile, out, CONTACT)
    assert (whole["finished"], whole["kept"]) == (True, 13)
    assert {record.address for record in _records(out)} >= {site.address(path) for path in _kept(out)}


def test_nobody_crawls_without_a_contact(tmp_path: Path, write_profile: WriteProfile) -> None:
    with local_site({}) as site, pytest.raises(ConfigError, match="--contact"):
        crawl(write_profile(site.address()), tmp_path / "crawl")
    assert not site.asked


def test_two_crawls_do_not_write_to_one_folder(tmp_path: Path, write_profile: WriteProfile) -> None:
    with local_site({"/robots.txt": Answer(after=60.0)}) as site:
        profile = write_profile(site.address(), timeout=90.0)
        process = _begin(profile, tmp_path / "crawl")
        try:
            _wait_for(site, 1)
            with pytest.raises(UserError, match="another crawl"):
                crawl(profile, tmp_path / "crawl", CONTACT)
        finally:
            process.kill()
            process.wait()
