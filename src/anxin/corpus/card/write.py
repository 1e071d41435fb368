"""The card as Markdown and as a page that needs nothing but a browser."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from itertools import chain
from pathlib import Path
from string import Template
from typing import Any

from anxin.corpus.card.measure import Facts, Lengths, measure
from anxin.corpus.files import Tally, read_samples, shards
from anxin.corpus.manifest import read_manifest, write_atomically
from anxin.corpus.stage import Report

__all__ = ["Card", "card"]

Table = tuple[str, Sequence[str], Sequence[Sequence[str]]]
"""A heading, the columns' names, and the rows. A cell that begins with `%` is a share, drawn as a bar on the page."""


@dataclass(frozen=True, slots=True)
class Card:
    """`title` and `summary` are the card's own words; `examples` is how many samples it shows."""

    title: str = "Data card"
    summary: str = ""
    examples: int = 3


def card(folders: Sequence[Path], root: Path, out: Path, options: Card, report: Report) -> Tally:
    """Write `card.md` and `card.html` to `out` for the data in `folders`; `root` holds the stages that led to them."""
    files_ = [file for folder in folders for file in shards(folder)]
    report("card", 0, 1)
    facts = measure(chain.from_iterable(map(read_samples, files_)), options.examples)
    tables = [*_origins(root, facts), *_contents(facts), *_stages(root)]
    write_atomically(out / "card.md", _markdown(options, facts, tables))
    write_atomically(out / "card.html", _page(options, facts, tables))
    report("card", 1, 1)
    samples = sum(facts.samples.values())
    return Tally(read=samples + facts.damaged, kept=samples)


def _origins(root: Path, facts: Facts) -> Iterator[Table]:
    licences: Mapping[str, Any] = (read_manifest(root / "read") or {}).get("licences", {})
    whole = sum(facts.characters.values())
    rows = [
        (
            source,
            f"{count:,}",
            f"{facts.characters[source]:,}",
            _share(facts.characters[source], whole),
            str(licences.get(source, {}).get("licence", "unknown")),
            str(licences.get(source, {}).get("attribution", "")),
        )
        for source, count in facts.samples.most_common()
    ]
    yield "Sources", ("source", "samples", "characters", "share", "licence", "attribution"), rows


def _contents(facts: Facts) -> Iterator[Table]:
    samples = sum(facts.samples.values())
    yield "Languages and kinds", ("", "samples", "share"), _counted(facts.languages + facts.kinds, samples)
    dialogues = facts.kinds["dialogue"]
    if dialogues:
        yield (
            "Topics (by the client's words; a dialogue may have several)",
            ("topic", "dialogues", "share"),
            _counted(facts.topics, dialogues),
        )
    lengths = {
        "messages in a dialogue": facts.turns,
        "characters in a client's message": facts.client,
        "characters in a counsellor's message": facts.counsellor,
        "characters in a thought": facts.thoughts,
        "characters in a document": facts.documents,
    }
    yield (
        "Lengths",
        ("", "count", "mean", "median", "5 %", "95 %", "longest"),
        [_length(name, lengths_) for name, lengths_ in lengths.items() if lengths_.count],
    )
    if facts.personal:
        yield (
            "Personal data found and replaced",
            ("kind", "times", "share"),
            _counted(facts.personal, sum(facts.personal.values())),
        )


def _stages(root: Path) -> Iterator[Table]:
    manifests = [
        found for path in root.iterdir() if path.is_dir() and (found := read_manifest(path)) and "counts" in found
    ]
    manifests.sort(key=lambda found: str(found.get("finished")))
    rows = []
    dropped: list[Sequence[str]] = []
    for found in manifests:
        tally = Tally.from_json(found["counts"])
        gone = sum(tally.dropped.values())
        aside = ", ".join(f"{name} {count:,}" for name, count in tally.aside.most_common())
        rows.append((found["stage"], f"{tally.read:,}", f"{tally.kept:,}", f"{tally.changed:,}", f"{gone:,}", aside))
        dropped += [
            (found["stage"], reason, f"{count:,}", _share(count, tally.read))
            for reason, count in tally.dropped.most_common()
        ]
    yield "Stages", ("stage", "read", "kept", "changed", "dropped", "set aside"), rows
    if dropped:
        yield "What was left out, and why", ("stage", "reason", "samples", "share of those read"), dropped


def _counted(counts: Counter[str], whole: int) -> list[Sequence[str]]:
    return [(name, f"{count:,}", _share(count, whole)) for name, count in counts.most_common()]


def _length(name: str, lengths: Lengths) -> Sequence[str]:
    quantiles = (f"{lengths.quantile(share):,}" for share in (0.5, 0.05, 0.95))
    return (name, f"{lengths.count:,}", f"{lengths.mean:,.1f}", *quantiles, f"{lengths.longest:,}")


def _share(part: int, whole: int) -> str:
    return f"%{100 * part / whole:.1f}" if whole else "%0.0"


def _plain(cell: str) -> str:
    return f"{cell[1:]} %" if cell.startswith("%") else cell


def _markdown(options: Card, facts: Facts, tables: Sequence[Table]) -> str:
    parts = [f"# {options.title}", options.summary] if options.summary else [f"# {options.title}"]
    for heading, columns, rows in tables:
        head = f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}\n"
        body = "\n".join(f"| {' | '.join(_plain(cell).replace('|', '/') for cell in row)} |" for row in rows)
        parts += [f"## {heading}", head + body]
    if facts.examples:
        parts.append("## Examples")
        parts += ["```text\n" + _spoken(sample.text.replace("```", "ʼʼʼ")) + "\n```" for sample in facts.examples]
    return "\n\n".join(parts) + "\n"


def _page(options: Card, facts: Facts, tables: Sequence[Table]) -> str:
    body: list[str] = []
    for heading, columns, rows in tables:
        head = "".join(f'<th scope="col">{escape(column)}</th>' for column in columns)
        lines = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
        body.append(
            f"<h2>{escape(heading)}</h2><div><table><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table></div>"
        )
    if facts.examples:
        body.append("<h2>Examples</h2>")
        body += [f"<blockquote>{escape(_spoken(sample.text))}</blockquote>" for sample in facts.examples]
    template = Template(files("anxin.corpus.card").joinpath("page.html").read_text(encoding="utf-8"))
    return template.substitute(title=escape(options.title), summary=escape(options.summary), body="\n".join(body))


def _cell(cell: str) -> str:
    if cell.startswith("%"):
        return f'<td class="bar"><i style="width:{min(100.0, float(cell[1:])):.1f}%"></i>{_plain(cell)}</td>'
    return f"<td>{escape(cell)}</td>"


def _spoken(text: str, most: int = 1200) -> str:
    return text if len(text) <= most else text[:most] + " …"
