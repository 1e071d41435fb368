"""What is counted for Prometheus: routes, risk levels, times and tokens. Never a word, never an id."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

__all__ = ["CONTENT_TYPE", "Metrics"]

CONTENT_TYPE = CONTENT_TYPE_LATEST
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)


class Metrics:
    """One app's counters, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.turns = Counter("anxin_turns", "Turns screened", ("surface", "route", "risk"), registry=self.registry)
        self.endings = Counter("anxin_turn_endings", "How turns ended", ("reason",), registry=self.registry)
        self.refusals = Counter("anxin_refusals", "Requests refused", ("code",), registry=self.registry)
        self.faults = Counter("anxin_faults", "Faults inside the server", registry=self.registry)
        self.running = Gauge("anxin_generations_running", "Turns being answered now", registry=self.registry)
        self.waiting = Gauge("anxin_generations_waiting", "Of those, waiting for the model", registry=self.registry)
        self.first_piece = Histogram(
            "anxin_first_piece_seconds", "From request to first piece", registry=self.registry, buckets=_SECONDS
        )
        self.tokens = Counter("anxin_tokens", "The model's tokens", ("kind",), registry=self.registry)

    def text(self) -> bytes:
        """Everything in Prometheus' text format."""
        return generate_latest(self.registry)
