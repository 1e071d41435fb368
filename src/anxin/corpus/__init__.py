"""Raw text to clean dialogues. Never trains; never reaches the network without being told to."""

from anxin.corpus.clean import clean
from anxin.corpus.psysuicide import PSYSUICIDE
from anxin.corpus.sample import Aside, Drop, Result, Sample, Step, from_record, to_record
from anxin.corpus.sources import READERS, read

__all__ = [
    "PSYSUICIDE",
    "READERS",
    "Aside",
    "Drop",
    "Result",
    "Sample",
    "Step",
    "clean",
    "from_record",
    "read",
    "to_record",
]
