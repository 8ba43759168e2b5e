# Needs Python 3.11 or newer with venv, and make. `make help` lists what there is.
PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 5000
PIP_FLAGS = --quiet --disable-pip-version-check --no-input
VENV = .venv
BIN = $(VENV)/bin
export HOST PORT

.DEFAULT_GOAL := help
.PHONY: help run test faults fuzz check lint types bench bench-api clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /  make \1	/p' $(MAKEFILE_LIST)

run: $(VENV)/runtime ## serve the site; the first time with demo content and an administrator
	@$(BIN)/python manage.py setup
	@exec $(BIN)/python manage.py serve

test: $(VENV)/development ## run the whole suite on every database and browser that is found
	@$(BIN)/python -m tests.run

faults: $(VENV)/development ## kill workers and servers 500 times while they work
	@FAULT_KILLS=$${FAULT_KILLS:-500} $(BIN)/python -m tests.run tests/faults

fuzz: $(VENV)/development ## send the API 20,000 calls by its own document
	@FUZZ_REQUESTS=$${FUZZ_REQUESTS:-20000} $(BIN)/python -m tests.run tests/fuzz

check: lint types test ## all that CI does

lint: $(VENV)/development ## formatting and rules
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .

types: $(VENV)/development ## strict types
	@$(BIN)/mypy

bench-api: $(VENV)/runtime ## measure the JSON API beside REST framework and hand-written routes
	@$(BIN)/python -m benchmarks.api

bench: $(VENV)/runtime ## measure pages at several sizes (CPU ms, growth)
	@$(BIN)/python -m benchmarks

clean: ## remove what these targets made, but no data
	rm -rf $(VENV) .pytest_cache .ruff_cache .mypy_cache .hypothesis .coverage*

# A stamp is younger than the requirements that were installed.
$(VENV)/runtime: requirements.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing requirements …"
	@$(BIN)/python -m pip install $(PIP_FLAGS) -r requirements.txt
	@touch $@

$(VENV)/development: requirements.txt requirements-dev.txt $(VENV)/runtime
	@echo "Installing what tests and checks need …"
	@$(BIN)/python -m pip install $(PIP_FLAGS) -r requirements-dev.txt
	@touch $@
