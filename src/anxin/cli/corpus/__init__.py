"""`anxin corpus`: from raw text to training sets, a recipe at a time or a step at a time."""

from __future__ import annotations

import typer

from anxin.cli.corpus import crawl, fetch, review, run, think

__all__ = ["app"]

app = typer.Typer(
    help="From raw text to clean dialogues: fetch, crawl, clean, deduplicate, split, mix.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.callback()
def _root() -> None:
    """From raw text to clean dialogues: fetch, crawl, clean, deduplicate, split, mix."""


app.command("sources")(fetch.sources)
app.command("fetch")(fetch.fetch)
app.command("crawl")(crawl.crawl)
app.command("extract")(crawl.extract)
app.command("run")(run.run)
app.command("steps")(run.steps)
app.command("show")(run.show)
app.command("overlap")(run.overlap)
app.command("think")(think.think)
app.command("review")(review.review)
app.command("agreement")(review.agreement)
