"""`anxin prefer`: from what clients said to pairs of replies, by a recipe, a stage at a time, or by other roads."""

from __future__ import annotations

from anxin.cli.prefer import rate, roads
from anxin.cli.prefer.stages import app

__all__ = ["app"]

app.command("rate")(rate.rate)
app.command("safety")(roads.safety)
app.command("votes")(roads.votes)
app.command("corrupt")(roads.corrupt)
app.command("corrections")(roads.corrections)
app.command("ratings")(roads.ratings)
