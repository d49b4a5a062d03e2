# What there is to do here; `make help` lists it.

SHELL = /bin/sh
PYTHON ?= python3
ARGS ?=
export PYTHON

.DEFAULT_GOAL := help
.PHONY: help run test lint bench bench-peers scale lock clean

help: ## List what there is to do.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' Makefile

run: ## Serve with two users, and show what it does. ARGS=--exit: end after that.
	@tools/install requirements.txt
	@exec .venv/bin/python -m openucwa demo $(ARGS)

test: lint ## Run all checks and all tests. ARGS="-k name": these tests.
	@.venv/bin/python -m tests.needs
	TMPDIR=$$(.venv/bin/python -m tests.folder) .venv/bin/python -m pytest $(TOGETHER) $(HANGING) $(ARGS)

# Two files of tests at a time: many wait for a process, a database, a browser.
TOGETHER = -n 2 --dist loadfile

# A test that hangs ends the run, with a traceback that says where.
HANGING = -o faulthandler_timeout=300 -o faulthandler_exit_on_timeout=true

lint: ## Check style and types.
	@tools/install requirements-dev.txt
	.venv/bin/python -m ruff check .
	.venv/bin/python -m ruff format --check .
	.venv/bin/python -m mypy
	tools/lint-pages

bench: ## Measure, beside floors and peers, and write docs/performance.md. ARGS=--help: what can be chosen.
	@tools/install requirements-dev.txt
	@.venv/bin/python -m bench $(ARGS)

bench-peers: ## Install the peers that `make bench` measures beside (needs npm).
	@tools/install requirements-dev.txt
	@.venv/bin/python -m bench.others

scale: ## Reckon what a million users need, from what was measured, and write docs/scale.md. ARGS=--help: of other loads.
	@tools/install requirements-dev.txt
	@.venv/bin/python -m bench.fanout $(ARGS)

lock: ## Write the lock files anew, with the newest releases (needs uv).
	uv pip compile $(LOCK) --extra build -o requirements.txt pyproject.toml
	uv pip compile $(LOCK) --extra dev -o requirements-dev.txt pyproject.toml
	echo 'python-ldap>=3.4.5' | uv pip compile $(LOCK) -o requirements-ldap.txt -

LOCK = --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header

clean: ## Remove what was installed and cached. Data stays.
	rm -rf .venv node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist
	find src tests bench -name __pycache__ -prune -exec rm -rf {} +
