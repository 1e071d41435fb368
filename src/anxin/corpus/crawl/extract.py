"""From WARC to samples, without the network and as often as one likes: a stage of its own, a shard for each file."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from anxin.corpus.crawl.archive import Record, read_warc
from anxin.corpus.crawl.consent import read_wishes
from anxin.corpus.crawl.encoding import decode
from anxin.corpus.crawl.page import article, language_of, thread
from anxin.corpus.crawl.profile import Profile, load_profile
from anxin.corpus.crawl.run import PROFILE, warcs
from anxin.corpus.files import DATA, DROPPED, Damage, Shard, Tally
from anxin.corpus.manifest import digest, file_facts, read_manifest, write_manifest
from anxin.corpus.sample import Drop, Sample
from anxin.corpus.stage import DONE, Report, each_shard, finished, mark, names
from anxin.errors import DataError

__all__ = ["extract", "extract_file", "read_pages"]

_HTML = ("text/html", "application/xhtml")
_ASIDE = frozenset({"/robots.txt", "/.well-known/tdmrep.json"})
_LOOKS = re.compile(rb"^\s*(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL)


def extract(
    places: Sequence[Path], out: Path, profile: Path | None = None, jobs: int = 1, report: Report = lambda *_: None
) -> Tally:
    """Samples of the pages in WARC or WET files or folders of them (a crawl's, Common Crawl's) as a stage's folder.

    `profile` says how to read pages; a crawl's folder brings its own; without one every page is an article. A run that
    was stopped goes on with the files it had not finished. Raises `DataError` where there is nothing to read, or where
    `out` holds what was made from other files or with another profile.
    """
    files = [file for place in places for file in warcs(place)]
    if profile is None:
        own = {place / PROFILE for place in places if (place / PROFILE).is_file()}
        if len(own) > 1:
            raise DataError("these folders have a profile each: extract them one by one, or name one with --profile")
        profile = own.pop() if own else None
    chosen = load_profile(profile) if profile else None
    inputs = file_facts([*files, *([profile] if profile else [])])
    made_from = digest({"stage": "extract"}, inputs)
    done = read_manifest(out)
    begun = out / ".from"
    if (done and done.get("digest") != made_from) or (begun.is_file() and begun.read_text("utf-8") != made_from):
        raise DataError(f"{out} was made from other files, or with another profile; give another --out")
    if done:
        return Tally.from_json(done["counts"])
    out.mkdir(parents=True, exist_ok=True)
    begun.write_text(made_from, "utf-8")
    work = [(file, out, name, chosen) for file, name in zip(files, names(files), strict=True)]
    tally = each_shard(extract_file, work, jobs, report, "extract")
    for left in out.rglob("*.part"):  # by a process that was killed
        left.unlink(missing_ok=True)
    outputs = sorted(path for where in (DATA, DROPPED) for path in (out / where).glob("*.jsonl.zst"))
    about = {"profile": chosen.name, "licence": chosen.licence, "terms": chosen.terms} if chosen else {}
    notes = [json.loads(path.read_text("utf-8")) for path in sorted((out / DONE).glob("*.json"))]
    damage = [where for note in notes for where in note.get("damage", [])][:50]
    body = {"stage": "extract", "digest": made_from, **about, "counts": tally.to_json(), "damage": damage}
    write_manifest(out, body, inputs, file_facts(outputs, out))
    return tally


def extract_file(path: Path, out: Path, name: str, profile: Profile | None = None) -> Tally:
    """One WARC or WET file to the shard `name` of the stage at `out`; one that is complete is not done again."""
    if (done := finished(out, name)) is not None:
        return done
    damaged: list[str] = []
    with Shard(out, name) as shard:
        for sample, drop in read_pages(path, profile):
            if isinstance(sample, Damage):
                damaged.append(sample.where)
            shard.put(sample, drop)
    mark(out, name, shard.tally, damaged[:20])
    return shard.tally


def read_pages(path: Path, profile: Profile | None = None) -> Iterator[tuple[Sample | Damage, Drop | None]]:
    """The samples of one WARC or WET file, each with the reason where it is none: status, not_html, too_large, broken,
    duplicate, noindex, reserved, other_page, no_text, and those of `thread`.

    Of a page that does not want to be kept, no text is given either. The digests of one file's pages are held (20 bytes
    each); copies in different files are the deduplication's work, except that a crawl's own are marked as it goes.
    """
    seen: set[bytes] = set()
    for record in read_warc(path):
        if isinstance(record, Damage):
            yield record, None
        elif urlsplit(record.address).path not in _ASIDE:
            yield from _samples(record, profile, seen)


def _samples(record: Record, profile: Profile | None, seen: set[bytes]) -> Iterator[tuple[Sample, Drop | None]]:
    source = profile.name if profile else ""
    known = {"address": record.address, "crawled": record.date}
    bare = Sample(_id(record), source=source, metadata=known)
    if (drop := _unread(record, profile, seen)) is not None:
        yield bare, drop
        return
    if record.kind == "conversion":
        yield _wet(record, bare)
        return
    text, encoding = decode(record.body, record.header("content-type"), profile.encoding if profile else "")
    if not encoding:
        yield bare, Drop("broken", "the page's encoding")
        return
    wishes = read_wishes(record.headers, text)
    if not (wishes.index and wishes.archive and wishes.train):
        reason = "noindex" if not wishes.index else "reserved" if not wishes.train else "noarchive"
        yield bare, Drop(reason)
        return
    if profile and profile.thread:
        language = profile.language
        for sample, drop in thread(text, record.address, profile):
            yield sample.noting(**known, language=language or language_of(sample.text, text)), drop
        return
    document, found = article(text, record.address)
    if not document:
        yield bare, Drop("no_text")
        return
    language = profile.language if profile and profile.language else language_of(document, text)
    yield Sample(bare.id, document=document, source=source, metadata={**known, **found, "language": language}), None


def _unread(record: Record, profile: Profile | None, seen: set[bytes]) -> Drop | None:
    """Why a record's body is not looked at, if it is not."""
    if record.kind in ("response", "revisit") and not 200 <= record.status < 300:
        return Drop("status", str(record.status))
    if record.kind == "revisit":
        return Drop("duplicate")
    if not record.whole:
        return Drop("too_large")
    content = hashlib.sha1(record.body, usedforsecurity=False).digest()
    if content in seen:
        return Drop("duplicate")
    seen.add(content)
    if record.kind != "conversion":
        kind = record.header("content-type").lower()
        if not kind.startswith(_HTML) and (kind or not _LOOKS.match(record.body[:1000])):
            return Drop("not_html", kind.partition(";")[0])
    if profile and not profile.wants(record.address):
        return Drop("other_page")
    return None


def _wet(record: Record, bare: Sample) -> tuple[Sample, Drop | None]:
    """Text that somebody else has taken out of a page: Common Crawl's WET. Menus and adverts are still in it."""
    try:
        document = record.body.decode("utf-8").strip()
    except UnicodeDecodeError as error:
        return bare, Drop("broken", f"not UTF-8 at byte {error.start}")
    if not document:
        return bare, Drop("no_text")
    first = record.language.split(",")[0]
    language = _SHORT.get(first, first) or language_of(document)
    title = document.partition("\n")[0][:200]
    return Sample(bare.id, document=document, metadata={**bare.metadata, "title": title, "language": language}), None


_SHORT = {"zho": "zh", "eng": "en"}


def _id(record: Record) -> str:
    return hashlib.sha1(
        f"{record.address} {record.date}".encode("utf-8", "replace"), usedforsecurity=False
    ).hexdigest()[:16]
