# What there is to do here; `make help` lists it.

SHELL = /bin/sh
PYTHON ?= python3
ARGS ?=
export PYTHON

.DEFAULT_GOAL := help
.PHONY: help run test lint lock clean

help: ## List what there is to do.
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-6s %s\n", $$1, $$2 }' Makefile

run: ## Serve with two users, and show what it does. ARGS=--exit: end after that.
	@tools/install requirements.txt
	@exec .venv/bin/python -m openucwa demo $(ARGS)

test: lint ## Run all checks and all tests. ARGS="-k name": these tests.
	@.venv/bin/python -m tests.needs
	.venv/bin/python -m pytest $(HANGING) $(ARGS)

# A test that hangs ends the run, with a traceback that says where.
HANGING = -o faulthandler_timeout=300 -o faulthandler_exit_on_timeout=true

lint: ## Check style and types.
	@tools/install requirements-dev.txt
	.venv/bin/python -m ruff check .
	.venv/bin/python -m ruff format --check .
	.venv/bin/python -m mypy

lock: ## Write the lock files anew, with the newest releases (needs uv).
	uv pip compile $(LOCK) --extra build -o requirements.txt pyproject.toml
	uv pip compile $(LOCK) --extra dev -o requirements-dev.txt pyproject.toml

LOCK = --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header

clean: ## Remove what was installed and cached. Data stays.
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist
	find src tests bench -name __pycache__ -prune -exec rm -rf {} +
