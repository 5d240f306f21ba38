# make run    the dashboard on http://localhost:8501, with the demo where nothing is configured
# make serve  the same by WORKERS processes (2) behind nginx, for many readers at once
# make test   everything that CI runs
# make bench  speed and size on this machine; USERS, DAYS and JSON say how much and where to

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TESTED := $(BIN)/python -m pytest -n 5 --dist loadscope --no-loadscope-reorder

.PHONY: run serve test test-long snapshots lint clean screenshots bench

run: $(VENV)/installed
	@$(BIN)/python -m kpi ready
	$(BIN)/streamlit run app.py

WORKERS ?= 2

serve: $(VENV)/installed
	@$(BIN)/python -m kpi ready
	$(BIN)/python deploy/serve.py --workers $(WORKERS)

test: $(VENV)/installed-dev browser
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	PYTHONPATH=. $(BIN)/lint-imports
	$(BIN)/mypy & types=$$!; $(TESTED) --durations=15 && wait $$types

test-long: $(VENV)/installed-dev browser
	HYPOTHESIS_PROFILE=long $(TESTED) -m ""

# Writes tests/snapshots/ and docs/glossary.md anew; read the difference before you commit it.
snapshots: $(VENV)/installed-dev
	$(BIN)/python -m pytest tests/*/test_*_snapshots.py tests/store/test_grammar.py tests/whole/test_docs.py -m "" --renew-snapshots

# Every page, light and dark, wide and narrow, into docs/screenshots/.
screenshots: $(VENV)/installed-dev browser
	$(BIN)/python docs/screenshots.py

USERS ?= 100000
DAYS ?= 394
JSON ?= benchmark.json

bench: $(VENV)/installed-dev
	$(BIN)/pip install --quiet --disable-pip-version-check -r benchmarks/requirements.txt
	$(BIN)/python -m benchmarks --users $(USERS) --days $(DAYS) --json $(JSON)

# Playwright drives the system's own Chromium, and tests run its nginx: the distribution's packages.
.PHONY: browser
browser:
	@test -x /usr/bin/chromium -a -x /usr/sbin/nginx || sh .ci/install-packages

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: requirements.lock | $(VENV)/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

$(VENV)/installed-dev: requirements-dev.txt $(VENV)/installed
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

clean:
	rm -rf $(VENV)
