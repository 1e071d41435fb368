"""WARC and WET files to samples: ours and others', sound and broken, as often as one likes."""

from __future__ import annotations

import gzip
import io
import json
import os
import tracemalloc
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from anxin.corpus.crawl import Record, extract, load_profile, read_pages, read_warc
from anxin.corpus.crawl.page import article, language_of, thread
from anxin.corpus.files import Damage, read_samples, shards
from anxin.corpus.sample import Drop, Sample
from anxin.errors import DataError
from tests.corpus.crawl.conftest import WriteProfile
from tests.corpus.crawl.local import article as paragraphs
from tests.corpus.crawl.local import page

warcio = pytest.importorskip("warcio.warcwriter")
pytest.importorskip("trafilatura")

HTML = "text/html; charset=utf-8"
_WALK = "A walk\nround the block, and home before the rain"


def _warc(
    path: Path,
    pages: Iterable[tuple[str, bytes, str, int]],
    gzipped: bool = True,
    headers: Mapping[str, str] | None = None,
) -> Path:
    """A file as another crawler writes it: warcinfo, then request, response and metadata for each page."""
    from warcio.statusandheaders import StatusAndHeaders

    with path.open("wb") as file:
        writer: Any = warcio.WARCWriter(file, gzip=gzipped)
        writer.write_record(writer.create_warcinfo_record(path.name, {"software": "another"}))
        for address, body, kind, status in pages:
            fields = [("Content-Type", kind)] * bool(kind) + [*(headers or {}).items()]
            asked = StatusAndHeaders("GET / HTTP/1.1", [("Host", "x")], is_http_request=True)
            writer.write_record(writer.create_warc_record(address, "request", http_headers=asked))
            answer = StatusAndHeaders(f"{status} X", fields, "HTTP/1.1")
            writer.write_record(
                writer.create_warc_record(address, "response", io.BytesIO(body), len(body), http_headers=answer)
            )
            note = io.BytesIO(b"fetchTimeMs: 1\r\n")
            writer.write_record(writer.create_warc_record(address, "metadata", note, 16))
    return path


def _pages(count: int) -> list[tuple[str, bytes, str, int]]:
    return [
        (f"https://a.example.org/{n}", page(f"Page {n}", paragraphs(f"p{n} ")).encode(), HTML, 200)
        for n in range(count)
    ]


def _read(path: Path) -> list[Sample | Damage]:
    return [found for shard in shards(path) for found in read_samples(shard)]


@pytest.mark.parametrize("gzipped", [True, False])
def test_another_crawlers_file_becomes_documents(tmp_path: Path, gzipped: bool) -> None:
    good = page("A quiet week", paragraphs("week")).encode()
    dated = page("Dated", paragraphs("dated"), head='<meta name="date" content="2024-05-06">').encode()
    path = _warc(
        tmp_path / f"x.warc{'.gz' * gzipped}",
        [
            ("https://a.example.org/robots.txt", b"User-agent: *", "text/plain", 200),
            ("https://a.example.org/1", good, HTML, 200),
            ("https://a.example.org/2", good, HTML, 200),
            ("https://a.example.org/3", dated, "", 200),
            ("https://a.example.org/4", b"%PDF-1.7", "application/pdf", 200),
            ("https://a.example.org/5", b"gone", HTML, 404),
            ("https://a.example.org/6", b"<html><body></body></html>", HTML, 200),
            ("https://a.example.org/7", page("x", "x", head="<meta name=robots content=noindex>").encode(), HTML, 200),
            ("https://a.example.org/8", page("x", "y", head="<meta name=robots content=noai>").encode(), HTML, 200),
            ("https://a.example.org/9", b"<html>" + bytes(range(129, 255)) * 30 + b"\xff\x80" * 900, HTML, 200),
        ],
        gzipped,
    )
    tally = extract([path], tmp_path / "out")
    drops = {"duplicate": 1, "not_html": 1, "status": 1, "no_text": 1, "noindex": 1, "reserved": 1, "broken": 1}
    assert (tally.read, tally.kept, dict(tally.dropped)) == (9, 2, drops)
    first, second = _read(tmp_path / "out")
    assert isinstance(first, Sample) and isinstance(second, Sample)
    assert first.metadata["address"] == "https://a.example.org/1"
    assert (first.metadata["title"], first.metadata["language"]) == ("A quiet week", "en")
    assert second.metadata["date"] == "2024-05-06"
    assert "kettle" in first.document and "pillows" not in first.document
    left_out = [found for found in _read(tmp_path / "out" / "dropped") if isinstance(found, Sample)]
    assert all(not sample.document for sample in left_out), "of a page that is no sample no text is kept"


def test_packed_and_chunked_bodies_are_unpacked(tmp_path: Path) -> None:
    body = gzip.compress(page("Packed", paragraphs("packed")).encode())
    chunked = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    headers = {"Content-Encoding": "gzip", "Transfer-Encoding": "chunked"}
    path = _warc(tmp_path / "x.warc.gz", [("https://a.example.org/1", chunked, HTML, 200)], headers=headers)
    ((sample, drop),) = read_pages(path)
    assert drop is None and isinstance(sample, Sample) and "packed0. After a long week" in sample.document


def test_a_file_that_is_one_gzip_member_is_read_too(tmp_path: Path) -> None:
    plain = _warc(tmp_path / "x.warc", _pages(3), gzipped=False)
    path = tmp_path / "one.warc.gz"
    path.write_bytes(gzip.compress(plain.read_bytes()))
    assert [type(record) for record in read_warc(path)] == [Record] * 3


@pytest.mark.parametrize("gzipped", [True, False])
@pytest.mark.parametrize("part", [0.2, 0.5, 0.81, 0.97])
def test_of_a_file_that_breaks_off_everything_before_is_kept(tmp_path: Path, gzipped: bool, part: float) -> None:
    path = _warc(tmp_path / f"x.warc{'.gz' * gzipped}", _pages(20), gzipped)
    whole = [record for record in read_warc(path) if isinstance(record, Record)]
    os.truncate(path, int(path.stat().st_size * part))
    *found, damage = read_warc(path)
    assert isinstance(damage, Damage) and damage.reason == "truncated" and "x.warc" in damage.where
    assert found == whole[: len(found)] and len(found) >= int(20 * part) - 1


@pytest.mark.parametrize(
    "content", [b"", b"no warc at all, only words\n" * 50, b"\x1f\x8b\x08\x00broken", os.urandom(3000)]
)
def test_what_is_no_warc_is_one_damage(tmp_path: Path, content: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "x.warc.gz"
    path.write_bytes(content)
    (damage,) = read_warc(path)
    assert isinstance(damage, Damage) and "words" not in damage.where
    assert capsys.readouterr() == ("", "")


def test_garbage_in_the_middle_costs_what_is_behind_it_and_prints_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = _warc(tmp_path / "x.warc", _pages(3), gzipped=False)
    raw = path.read_bytes()
    cut = raw.index(b"WARC/1.0", raw.index(b"example.org/1"))
    path.write_bytes(raw[:cut] + b"a stranger's private words\r\n\r\n" + raw[cut:])
    *found, damage = read_warc(path)
    assert len(found) >= 1 and isinstance(damage, Damage)
    assert "private" not in damage.where and "private" not in "".join(capsys.readouterr())


def test_wet_files_are_documents_as_they_stand(tmp_path: Path) -> None:
    path = tmp_path / "x.warc.wet.gz"
    with path.open("wb") as file:
        writer: Any = warcio.WARCWriter(file, gzip=True)
        for number, (text, language) in enumerate([("窗边\n等水开了才回消息", "zho"), (_WALK, ""), ("", "")]):
            body = text.encode()
            known = {"WARC-Identified-Content-Language": language} if language else {}
            writer.write_record(
                writer.create_warc_record(
                    f"https://a.example.org/{number}", "conversion", io.BytesIO(body), len(body), "text/plain", known
                )
            )
    tally = extract([path], tmp_path / "out")
    assert (tally.kept, tally.dropped) == (2, {"no_text": 1})
    chinese, english = _read(tmp_path / "out")
    assert isinstance(chinese, Sample) and isinstance(english, Sample)
    assert (chinese.metadata["language"], chinese.metadata["title"]) == ("zh", "窗边")
    assert english.document == _WALK and english.metadata["language"] == "en"


def test_several_files_in_several_processes_and_once_more(tmp_path: Path) -> None:
    for number in range(3):
        _warc(tmp_path / f"{number}.warc.gz", _pages(4))
    alone = extract([tmp_path], tmp_path / "alone")
    together = extract([tmp_path], tmp_path / "together", jobs=2)
    assert alone == together and alone.kept == 12
    assert _read(tmp_path / "alone") == _read(tmp_path / "together")
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "alone").rglob("*.zst")}
    assert extract([tmp_path], tmp_path / "alone") == alone
    assert before == {path: path.stat().st_mtime_ns for path in before}, "what is complete is not done again"
    with pytest.raises(DataError, match="other files"):
        extract([tmp_path / "0.warc.gz"], tmp_path / "alone")
    manifest = json.loads((tmp_path / "alone" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["counts"]["kept"] == 12 and len(manifest["inputs"]) == 3


def test_a_run_that_was_stopped_goes_on(tmp_path: Path) -> None:
    for number in range(2):
        _warc(tmp_path / f"{number}.warc.gz", _pages(3))
    extract([tmp_path], tmp_path / "whole")
    extract([tmp_path], tmp_path / "out")
    (tmp_path / "out" / "manifest.json").unlink()
    (tmp_path / "out" / ".done" / "1.warc.json").unlink()
    (tmp_path / "out" / "data" / "1.warc.jsonl.zst").write_bytes(b"half")
    assert extract([tmp_path], tmp_path / "out").kept == 6
    assert _read(tmp_path / "out") == _read(tmp_path / "whole")


def test_nothing_to_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no"):
        extract([tmp_path], tmp_path / "out")


def test_a_page_larger_than_any_page_is_not_held(tmp_path: Path) -> None:
    big = b"<html>" + b"spam " * 8_000_000
    path = _warc(tmp_path / "x.warc.gz", [("https://a.example.org/1", big, HTML, 200), *_pages(1)])
    del big
    tracemalloc.start()
    found = [(drop.reason if drop else "") for _, drop in read_pages(path)]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found == ["too_large", ""]
    assert peak < 40 << 20, "16 MiB of a page, and what reading them takes"


def test_threads(write_profile: WriteProfile) -> None:
    profile = load_profile(
        write_profile(
            "http://127.0.0.1/",
            extra='kind = "thread"',
            tables='[thread]\nquestion = ".q"\nanswer = ".a"\ntitle = "h1"\nvotes = ".v"\n',
        )
    )
    shown = (
        "<h1>Can't sleep</h1><div class=q>Can't sleep<br>since May</div><div class=a><p>One  thing\n at a time.</p>"
        "<ul><li>tea<li>a walk</ul><b class=v>-3 votes</b></div><div class=a style='display:none'>hidden</div>"
        "<div class=a><script>x</script></div>"
    )
    found = list(thread(shown, "http://127.0.0.1/q/1", profile))
    assert [(drop.reason if drop else "") for _, drop in found] == ["", "empty", "empty"]
    sample = found[0][0]
    assert sample.text == "Can't sleep\nsince May\nOne thing at a time.\ntea\na walk\n-3 votes"
    assert sample.metadata["votes"] == -3
    assert [drop for _, drop in thread("<p>nothing", "http://127.0.0.1/", profile)] == [Drop("no_question")]
    deep = "<div>" * 5000 + "x" + "</div>" * 5000
    assert list(thread(f"<div class=q>why</div><div class=a>{deep}</div>", "http://127.0.0.1/", profile))


def test_an_article_has_no_menu_and_no_comments() -> None:
    comments = '<div id="comments"><p>First! Buy my book about kettles, it is very good indeed.</p></div>'
    text, known = article(page("A walk", paragraphs("walk") + comments, "/one", "/two"), "https://a.example.org/walk")
    assert known["title"] == "A walk" and "mornings had become" in text
    assert not any(word in text for word in ("Imprint", "/one", "my book", "pillows"))


@pytest.mark.parametrize(
    ("text", "said", "language"),
    [
        ("她坐在窗边，等水开了才去回别人的消息。", "en", "zh"),
        ("She sat by the window and waited for the kettle to sing.", "de-DE", "en"),
        ("窓のそばに座って、お湯が沸くのを待っていた。", "", "ja"),
        ("…", "zh-CN", "zh"),
        ("", "", ""),
    ],
)
def test_language(text: str, said: str, language: str) -> None:
    assert language_of(text, f'<!doctype html><html class="x" lang="{said}">') == language
