"""Raw text to clean dialogues. Never trains; never reaches the network without being told to."""

from anxin.corpus.clean import Drop, clean
from anxin.corpus.psysuicide import PSYSUICIDE
from anxin.corpus.sources import READERS, Sample, read

__all__ = ["PSYSUICIDE", "READERS", "Drop", "Sample", "clean", "read"]
