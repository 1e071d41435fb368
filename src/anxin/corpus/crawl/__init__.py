"""Pages of sites that allow it: crawled politely into WARC files, then read as documents and dialogues.

Scrapy, trafilatura and warcio (extra `crawl`) are imported where they are used, Scrapy's reactor only in a process of
its own.
"""

from anxin.corpus.crawl.archive import Record, read_warc
from anxin.corpus.crawl.extract import extract, read_pages
from anxin.corpus.crawl.profile import Limits, Profile, Thread, load_profile, user_agent
from anxin.corpus.crawl.run import crawl

__all__ = [
    "Limits",
    "Profile",
    "Record",
    "Thread",
    "crawl",
    "extract",
    "load_profile",
    "read_pages",
    "read_warc",
    "user_agent",
]
