# Curule's commands. `make` lists them.
#
# One virtual environment serves them all. Stamp files record what it holds, so that
# `make demo` needs no development tools and nothing is installed twice.

PYTHON ?= python3
UV     ?= uv
BIN    := .venv/bin
VENV   := .venv/$(notdir $(PYTHON)).stamp

DEMO_ARGS ?=
TEST_ARGS ?=
TEST_PROCESSES ?= 2
LOCK_ARGS ?=
BENCH     ?= .bench

MAKEFLAGS += --no-print-directory
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SUFFIXES:
.PHONY: help demo test faults check bench docs lock clean

help:  ## list these commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-7s %s\n", $$1, $$2 }' Makefile

demo: .venv/run.stamp  ## record a real organisation's history and serve it (DEMO_ARGS=--once: record, show, stop)
	@$(BIN)/curule demo $(DEMO_ARGS)

test: .venv/dev.stamp  ## run the tests (TEST_ARGS="-k vault"; TEST_PROCESSES=0: in one process)
	@$(BIN)/python -m pytest -n $(TEST_PROCESSES) --dist worksteal $(TEST_ARGS)

faults: .venv/dev.stamp  ## kill the service, cut power, network and room on the disk, as often as docs/operations.md says
	@CURULE_FAULTS=long $(BIN)/python -m pytest tests/faults tests/test_building.py $(TEST_ARGS)

check: .venv/dev.stamp  ## format, lint, types and import contracts
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

bench: .venv/dev.stamp  ## measure appends, decisions, bulk recording, streams, replay, verification, views, questions on this machine
	@$(BIN)/python -m bench.appends
	@$(BIN)/python -m bench.decisions
	@$(BIN)/python -m bench.bulk
	@$(BIN)/python -m bench.stream
	@$(BIN)/python -m bench.replay $(BENCH)/100000 --entries 100000
	@$(BIN)/python -m bench.questions $(BENCH)
	@$(BIN)/python -m bench.views $(BENCH)/1000000 --entries 1000000
	@$(BIN)/python -m bench.building $(BENCH)/1000000 --entries 1000000 --rounds 1
	@$(BIN)/python -m bench.verify $(BENCH)/1000000 --entries 1000000

docs: .venv/run.stamp  ## write docs/acts.md, docs/problems.md and docs/facts.md anew
	@$(BIN)/python -m docs.generate

# Hashes for every supported Python and platform, and no address of any index or machine.
# Versions already locked stay unless LOCK_ARGS=--upgrade (or "--upgrade-package NAME").
COMPILE = env -u PIP_FIND_LINKS $(UV) pip compile --quiet --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate --group build

lock:  ## pin and hash all requirements (needs uv; LOCK_ARGS=--upgrade)
	@command -v $(UV) >/dev/null || { echo "make lock needs uv (pip install uv), or UV=path" >&2; exit 1; }
	@$(COMPILE) $(LOCK_ARGS) pyproject.toml -o requirements/run.txt
	@$(COMPILE) $(LOCK_ARGS) --extra test --constraint requirements/run.txt pyproject.toml -o requirements/dev.txt
	@echo "requirements/run.txt and requirements/dev.txt are locked"

clean:  ## remove the environment and every cache (never a ledger)
	@rm -rf .venv build dist .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Another PYTHON makes the environment anew.
$(VENV):
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null || { \
		echo "Curule needs Python 3.11, 3.12 or 3.13; $(PYTHON) is: $$($(PYTHON) --version 2>&1 | head -n 1)" >&2; \
		echo "Name one that is installed: make PYTHON=python3.12 ..." >&2; exit 1; }
	@echo "making .venv with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv --clear .venv
	@touch $@

.venv/run.stamp: $(VENV) requirements/run.txt pyproject.toml
	@echo "installing Curule (requirements/run.txt)"
	@$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements/run.txt
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

.venv/dev.stamp: .venv/run.stamp requirements/dev.txt
	@echo "installing the development tools (requirements/dev.txt)"
	@$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements/dev.txt
	@touch $@
