"""Cleaning: steps that keep, change or drop a sample, and a drop says why."""

from anxin.corpus.clean.adverts import Adverts
from anxin.corpus.clean.boilerplate import Boilerplate
from anxin.corpus.clean.chain import CLEANING, COUNSELLING, DOCUMENTS
from anxin.corpus.clean.crisis import Crisis
from anxin.corpus.clean.discloses import discloses
from anxin.corpus.clean.encoding import Encoding
from anxin.corpus.clean.language import Languages
from anxin.corpus.clean.length import Length
from anxin.corpus.clean.machine import machine
from anxin.corpus.clean.markup import Markup
from anxin.corpus.clean.mini import clean
from anxin.corpus.clean.persona import Persona
from anxin.corpus.clean.quality import Quality
from anxin.corpus.clean.repetition import Repetition
from anxin.corpus.clean.roles import Roles
from anxin.corpus.clean.spacing import spacing
from anxin.corpus.clean.template import Template
from anxin.corpus.clean.unsafe import UnsafeCounsellor

__all__ = [
    "CLEANING",
    "COUNSELLING",
    "DOCUMENTS",
    "Adverts",
    "Boilerplate",
    "Crisis",
    "Encoding",
    "Languages",
    "Length",
    "Markup",
    "Persona",
    "Quality",
    "Repetition",
    "Roles",
    "Template",
    "UnsafeCounsellor",
    "clean",
    "discloses",
    "machine",
    "spacing",
]
