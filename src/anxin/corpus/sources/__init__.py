"""Known sets and anybody's files, read as they stand: one function reads one released format, past whatever is damaged.

`open_source` reads a set of the catalogue, or one of one's own, from a folder; `allow` is the licence gate; `fetch`
gets a set from its home. `read` is the strict form: it stops at the first record that cannot be read.
"""

from anxin.corpus.sources.fetch import Fetched, fetch
from anxin.corpus.sources.licence import allow
from anxin.corpus.sources.origin import Origin, Part, Purpose, catalogue, files_of, locate, open_source, origin
from anxin.corpus.sources.overlap import DropIds
from anxin.corpus.sources.readers import READERS, STREAMS, Reader, Stream, read, stream

__all__ = [
    "READERS",
    "STREAMS",
    "DropIds",
    "Fetched",
    "Origin",
    "Part",
    "Purpose",
    "Reader",
    "Stream",
    "allow",
    "catalogue",
    "fetch",
    "files_of",
    "locate",
    "open_source",
    "origin",
    "read",
    "stream",
]
