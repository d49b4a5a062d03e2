# `make help` lists the targets.

SHELL = /bin/sh
PYTHON ?= python3
VENV ?= .venv
ARGS ?=
export PYTHON VENV
# Tests start hundreds of processes, each of which would compile every module again.
export PYTHONDONTWRITEBYTECODE =

.DEFAULT_GOAL := help
.PHONY: help run test test-lowest lint bench bench-peers scale lock dist release clean

help: ## List the targets.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' Makefile

run: ## Start a demo server and walk through the API. ARGS=--exit: stop after the walk.
	@tools/install requirements.txt
	@exec $(VENV)/bin/python -m openucwa demo $(ARGS)

test: lint ## Run all checks and tests. ARGS="-k name": only some. PYTHON=python3.13 VENV=.venv-3.13: another Python.
	@$(VENV)/bin/python -m tests.needs
	TMPDIR=$$($(VENV)/bin/python -m tests.folder) $(VENV)/bin/python -m pytest $(PARALLEL) $(HANGING) $(ARGS)

# Three test files at a time, for two processors: many wait for a process, a database or a browser. tests/order.py sorts
# the files.
PARALLEL = -n 3 --dist loadfile --no-loadscope-reorder

# A test that hangs ends the run, with a traceback of where.
HANGING = -o faulthandler_timeout=300 -o faulthandler_exit_on_timeout=true

test-lowest: ## Run the tests of the wire and the resources with the lowest versions that pyproject.toml declares.
	@VENV=.venv-lowest tools/install requirements-lowest.txt
	@.venv-lowest/bin/python -m tests.needs
	TMPDIR=$$(.venv-lowest/bin/python -m tests.folder) .venv-lowest/bin/python -m pytest $(PARALLEL) $(HANGING) $(LOWEST)

# A server process, every resource, both formats, the event channel.
LOWEST = tests/process/test_serving.py tests/resources tests/representation tests/channel/test_poll.py -k "not plain"

lint: ## Check style and types.
	@tools/install requirements-dev.txt
	$(VENV)/bin/python -m ruff check .
	$(VENV)/bin/python -m ruff format --check .
	$(VENV)/bin/python -m mypy
	$(VENV)/bin/python -m mypy tests bench
	tools/lint-pages

bench: ## Run the benchmarks and write docs/performance.md. ARGS=--help: options.
	@tools/install requirements-dev.txt
	@$(VENV)/bin/python -m bench $(ARGS)

bench-peers: ## Install the servers that `make bench` compares with (needs npm).
	@tools/install requirements-dev.txt
	@$(VENV)/bin/python -m bench.others

scale: ## Compute what a million users need from the measurements and write docs/scale.md. ARGS=--help: other loads.
	@tools/install requirements-dev.txt
	@$(VENV)/bin/python -m bench.fanout $(ARGS)

lock: ## Update the lock files to the newest releases (needs uv).
	uv pip compile $(LOCK) $(EXTRAS) --group build -o requirements.txt pyproject.toml
	uv pip compile $(LOCK) $(EXTRAS) --group dev -o requirements-dev.txt pyproject.toml
	echo 'python-ldap>=3.4.5' | uv pip compile $(LOCK) -o requirements-ldap.txt -
	mkdir -p build && $(PYTHON) tools/minimums > build/minimums.txt
	uv pip compile $(LOCK) $(EXTRAS) --group dev -c build/minimums.txt -o requirements-lowest.txt pyproject.toml

EXTRAS = --extra nats --extra postgres --extra traces
LOCK = --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header

dist: ## Build the source distribution and the wheel into dist/.
	@tools/install requirements.txt
	@rm -rf dist
	$(VENV)/bin/python -m hatchling build -d dist

release: ## Commit, tag and build a release. VERSION=0.2.0: its version.
	@tools/install requirements.txt
	@rm -rf dist
	@PYTHON=$(VENV)/bin/python tools/release $(VERSION)

clean: ## Remove installed packages and caches; data is kept.
	rm -rf .venv .venv-* node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist
	find src tests bench -name __pycache__ -prune -exec rm -rf {} +
