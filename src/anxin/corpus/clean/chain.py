"""The order in which dialogues of counselling are cleaned."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from anxin.corpus.clean.adverts import Adverts
from anxin.corpus.clean.boilerplate import Boilerplate
from anxin.corpus.clean.crisis import Crisis
from anxin.corpus.clean.discloses import discloses
from anxin.corpus.clean.encoding import Encoding
from anxin.corpus.clean.language import Languages
from anxin.corpus.clean.length import Length
from anxin.corpus.clean.machine import machine
from anxin.corpus.clean.markup import Markup
from anxin.corpus.clean.persona import Persona
from anxin.corpus.clean.quality import Quality
from anxin.corpus.clean.repetition import Repetition
from anxin.corpus.clean.roles import Roles
from anxin.corpus.clean.spacing import spacing
from anxin.corpus.clean.template import Template
from anxin.corpus.clean.unsafe import UnsafeCounsellor
from anxin.corpus.sample import Step

__all__ = ["CLEANING", "COUNSELLING", "DOCUMENTS"]

CLEANING: Mapping[str, Step | type[Any]] = {
    "adverts": Adverts,
    "boilerplate": Boilerplate,
    "crisis": Crisis,
    "discloses": discloses,
    "encoding": Encoding,
    "language": Languages,
    "length": Length,
    "machine": machine,
    "markup": Markup,
    "persona": Persona,
    "quality": Quality,
    "repetition": Repetition,
    "roles": Roles,
    "spacing": spacing,
    "template": Template,
    "unsafe_counsellor": UnsafeCounsellor,
}
"""The steps by the names recipes call them: a function, or the dataclass of its options."""

COUNSELLING: tuple[tuple[str, Mapping[str, Any]], ...] = (
    ("encoding", {}),
    ("markup", {}),
    ("spacing", {}),
    ("persona", {}),
    ("quality", {}),
    ("roles", {}),
    ("boilerplate", {}),
    ("language", {}),
    ("length", {}),
    ("repetition", {}),
    ("adverts", {}),
    ("machine", {}),
    ("discloses", {}),
    ("unsafe_counsellor", {}),
    ("crisis", {}),
    ("template", {}),
)
"""Dialogues: repair first, since every rule reads what repair leaves; then what is cheap to judge; the guard and the
screen last, since they cost the most. `unsafe_counsellor` stands before `crisis` so that an unsafe reply does not lie
in the crisis shard either."""

DOCUMENTS: tuple[tuple[str, Mapping[str, Any]], ...] = tuple(
    (name, {})
    for name in (
        "encoding", "markup", "spacing", "boilerplate", "adverts", "language", "length", "repetition", "quality"
    )
)  # fmt: skip
"""General text."""
