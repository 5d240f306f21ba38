# make run    the dashboard on http://localhost:8501, with the demo where nothing is configured
# make serve  the same by WORKERS processes (2) behind nginx, for many readers at once
# make test   everything that CI runs
# make bench  speed and size on this machine; USERS, DAYS and JSON say how much and where to

# Bytecode is written once, where an environment says otherwise, too: the tests start some hundred processes.
export PYTHONDONTWRITEBYTECODE :=

# What `make test` needs is installed at the same time.
MAKEFLAGS += --jobs=3

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip install --quiet --disable-pip-version-check --no-compile
# Imports every test once, so that its modules and theirs are compiled before five workers need them.
COMPILED := $(BIN)/python -m pytest --collect-only --quiet >/dev/null 2>&1
TESTED := $(BIN)/python -m pytest -n 5 --dist loadscope --no-loadscope-reorder

.PHONY: run serve test test-long snapshots lint clean screenshots bench

run: $(VENV)/installed
	@$(BIN)/python -m kpi ready
	$(BIN)/streamlit run app.py

WORKERS ?= 2

serve: $(VENV)/installed
	@$(BIN)/python -m kpi ready
	$(BIN)/python deploy/serve.py --workers $(WORKERS)

test: $(VENV)/installed $(VENV)/installed-dev browser
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	PYTHONPATH=. $(BIN)/lint-imports
	$(BIN)/mypy & types=$$!; $(COMPILED); $(TESTED) --durations=15 && wait $$types

test-long: $(VENV)/installed $(VENV)/installed-dev browser
	$(COMPILED); HYPOTHESIS_PROFILE=long $(TESTED) -m ""

# Writes tests/snapshots/ and docs/glossary.md anew; read the difference before you commit it.
snapshots: $(VENV)/installed $(VENV)/installed-dev
	$(BIN)/python -m pytest tests/*/test_*_snapshots.py tests/store/test_grammar.py tests/whole/test_docs.py -m "" --renew-snapshots

# Every page, light and dark, wide and narrow, into docs/screenshots/.
screenshots: $(VENV)/installed $(VENV)/installed-dev browser
	$(BIN)/python docs/screenshots.py

USERS ?= 100000
DAYS ?= 394
JSON ?= benchmark.json

bench: $(VENV)/installed $(VENV)/installed-dev
	$(PIP) -r benchmarks/requirements.txt
	$(BIN)/python -m benchmarks --users $(USERS) --days $(DAYS) --json $(JSON)

# Playwright drives the system's own Chromium, and tests run its nginx: the distribution's packages.
.PHONY: browser
browser:
	@test -x /usr/bin/chromium -a -x /usr/sbin/nginx || sh .ci/install-packages

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: requirements.lock | $(VENV)/bin/python
	$(PIP) --require-hashes -r requirements.lock
	@touch $@

$(VENV)/installed-dev: requirements-dev.lock | $(VENV)/bin/python
	$(PIP) --no-deps --require-hashes -r requirements-dev.lock
	@touch $@

clean:
	rm -rf $(VENV)
