"""The process that crawls; `run.py` starts it."""

import sys

from anxin.corpus.crawl.spider import main

sys.exit(main())
