"""Writes the tables of docs/jurisdictions.md from the data; run it after a change of jurisdictions.toml."""

from __future__ import annotations

import re
from pathlib import Path

from anxin.safety import Jurisdiction, jurisdiction, jurisdictions
from anxin.safety.jurisdiction import Row, Source

PAGE = Path(__file__).parents[2] / "docs" / "jurisdictions.md"


def written(page: str) -> str:
    """The page with its tables as the data has them."""
    packs = jurisdictions()
    sources = {source.key: source for pack in packs for source in pack.sources}
    tables = {
        "packs": _table(
            ("Pack", "Rule", "Value", "Source", "In force", "Checked", "Confidence", "What the source says"),
            [line for pack in packs if pack.code != "default" for line in _pack(pack)],
        ),
        "house": _table(
            ("Rule", "Value", "Why"), [(row.rule, _value(row), row.says) for row in jurisdiction("default").rows]
        ),
        "sources": _table(
            ("Law", "In force", "Note", "Found in", "Reviewed by counsel"), list(map(_source, sources.values()))
        ),
    }
    for name, table in tables.items():
        page = re.sub(
            rf"(<!-- {name}[^>]*-->\n).*?(<!-- /{name} -->)",
            lambda found, table=table: f"{found[1]}{table}\n{found[2]}",  # type: ignore[misc]
            page,
            flags=re.DOTALL,
        )
    return page


def _pack(pack: Jurisdiction) -> list[tuple[str, ...]]:
    name = f"{pack.code} {pack.title['en']} {pack.title['zh']}, lines of {pack.region}"
    own = [row for row in pack.rows if row.source is not None]
    if not own:
        return [(name, "all", "as below", "house rules: no source was found", "", "", "", "")]
    lines: list[tuple[str, ...]] = []
    for row in own:
        if (source := row.source) is not None:
            law = f"{source.law['en']}, {row.article}"
            known = (_day(source), source.checked.isoformat(), source.confidence)
            lines.append((row.rule, _value(row), law, *known, row.says))
    rest = ("", "all others", "as below", "house rules", "", "", "", "")
    return [*((name if place == 0 else "", *line) for place, line in enumerate(lines)), rest]


def _source(source: Source) -> tuple[str, ...]:
    return (source.law["en"], _day(source), source.note, source.found, "yes" if source.reviewed_by_counsel else "no")


def _day(source: Source) -> str:
    return source.in_force.isoformat() if source.in_force is not None else "day not found"


def _value(row: Row) -> str:
    match row.value:
        case None:
            return "never"
        case bool():
            return "yes" if row.value else "no"
        case float():
            return f"{row.value:g} h"
        case tuple():
            return ", ".join(row.value)
    return str(row.value)


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "/") for cell in line) + " |" for line in lines)


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
