# The workshop: every command that is run by hand or by a robot has a name here. `make help` lists them.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup setup-dev demo servers fetch-servers test test-fast test-servers test-faults soak fuzz check format docs bench \
  bench-kafka bench-day early-warning hooks clean

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
PINNED := --constraint constraints.txt --build-constraint constraints.txt

# The first Python on the path that runs and is new enough; say `make setup PYTHON=…` to choose another.
FITS := import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 13))
PYTHON ?= $(shell for each in python3.11 python3.12 python3; do \
  if "$$each" -c '$(FITS)' 2>/dev/null; then echo "$$each"; break; fi; done)

# Processes that share the tests.
WORKERS ?= 2

# Set to 1, a missing server is fetched, and a test that finds none fails instead of being left out.
REQUIRE_SERVERS ?=

help: ## List these commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "make %-13s %s\n", $$1, $$2 }'

setup: $(VENV)/.installed ## Build .venv and install the program into it, pinned by constraints.txt
setup-dev: $(VENV)/.installed-dev ## The same, with the tools of the workshop

demo: setup ## Stream simulated cohorts through the pipeline and show the result
	@$(BIN)/engagement demo

servers: ## Fetch what tests need: Apache Kafka (by Maven) and, as root on Debian, PostgreSQL and Chromium
	@tests/servers/install.sh

test: check $(if $(filter 1,$(REQUIRE_SERVERS)),fetch-servers) ## The whole suite: the checks, then every test; ends with pytest's summary
	@$(BIN)/pytest --numprocesses $(WORKERS)

test-fast: setup-dev ## Only the tests that take little time, up to the first failure
	@$(BIN)/pytest --numprocesses $(WORKERS) --exitfirst tests/unit tests/docs

test-servers: setup-dev fetch-servers ## Only the tests on real servers; one that is missing is a failure
	@REQUIRE_SERVERS=1 $(BIN)/pytest --numprocesses $(WORKERS) -m server

test-faults: setup-dev ## The fault tests at full length; takes long
	@FAULT_ROUNDS=full $(BIN)/pytest --numprocesses $(WORKERS) tests/faults

soak: setup-dev fetch-servers ## The fault tests on real servers at full length; takes long
	@REQUIRE_SERVERS=1 FAULT_ROUNDS=full $(BIN)/pytest --numprocesses $(WORKERS) tests/faults_servers

fuzz: setup-dev ## Bad and good input by the thousand; FUZZ_CASES=1000000 for a night
	@FUZZ_CASES="$${FUZZ_CASES:-100000}" $(BIN)/pytest --numprocesses 0 tests/fuzz

check: setup-dev ## Style, types, the floors of the house; changes nothing
	@$(BIN)/ruff check --quiet
	@$(BIN)/ruff format --check --quiet
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports --no-logo

format: setup-dev ## Lay the code out and mend what can be mended without thinking
	@$(BIN)/ruff check --fix --quiet || true
	@$(BIN)/ruff format

docs: setup ## Write the generated pages of docs/reference and .env.example anew from the code
	@$(BIN)/python docs/reference_pages.py

bench: setup-dev ## Measure the pipeline beside the usual Faust pattern and a plain loop
	@$(BIN)/python -m bench.pipeline

bench-kafka: setup-dev servers ## The same on Kafka and PostgreSQL, with one worker and with two; some ten minutes
	@$(BIN)/python -m bench.pipeline --broker kafka

bench-day: setup-dev ## Measure what a new day costs with 100,000 active enrolments
	@$(BIN)/python -m bench.new_day

early-warning: setup-dev ## Test the risk policy on past presentations: DATA=folder PRESENTATION=2014B
	@$(BIN)/python -m bench.early_warning --data "$(DATA)" --presentation "$(PRESENTATION)"

hooks: setup-dev ## Run the checks before every commit from now on
	@$(BIN)/pre-commit install

clean: ## Remove .venv, caches and what was built; never your data
	rm -rf $(VENV) .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache build dist *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# What could not be fetched is told by the tests that miss it.
fetch-servers:
	@tests/servers/install.sh || true

# A stamp is newer than what it was made from, so that a second run has nothing to do.
$(VENV)/.installed: pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "There is no Python 3.11 or 3.12 here; install one and try again." >&2; exit 1; }
	@echo "Installing into $(VENV) ..." >&2
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) install --upgrade --constraint constraints.txt pip
	@$(PIP) --quiet install $(PINNED) --editable . # twice quiet: setuptools warns of every editable install
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	@echo "Installing the tools of the workshop ..." >&2
	@$(PIP) install $(PINNED) --group dev
	@touch $@
