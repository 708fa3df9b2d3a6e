.DEFAULT_GOAL := help
.PHONY: help setup demo test browser spark conformance lint docs bench soak lock reference examples picture screenshots clean

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

help:
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: $(READY) ## make .venv with tablemend in it

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("tablemend needs Python 3.11 or newer; name one: make setup PYTHON=python3.12")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(PIP) install --require-hashes --no-deps --requirement requirements.lock
	$(PIP) install --no-deps --no-build-isolation --editable .
	$(BIN)/python -m compileall -q src
	@touch $(READY)

demo: $(READY) ## heal a generated table whose truth is known
	$(BIN)/python -m tablemend.bench.demo

test: $(READY) ## run the tests
	$(BIN)/python -m pytest -n 2 -m "not soak and not spark and not browser"

browser: $(READY) ## run the tests in a real browser; they need Chromium
	$(BIN)/python -m pytest -m browser

soak: $(READY) ## run the long tests
	$(BIN)/python -m pytest -m soak

spark: $(READY) ## run the tests on a Spark session; they need a Java runtime
	$(PIP) install --require-hashes --no-deps --requirement requirements-spark.lock
	$(BIN)/python -m pytest -m spark

conformance: $(READY) ## write the page of what DuckDB and Spark agree on
	$(PIP) install --require-hashes --no-deps --requirement requirements-spark.lock
	$(BIN)/python -m pytest tests/conformance/test_engines.py --conformance docs/reference/engines.md

lint: $(READY) ## check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: $(READY) ## build the documentation into docs/_build/html
	$(BIN)/sphinx-build -q -W --keep-going -b html docs docs/_build/html

bench: $(READY) ## measure speed and memory
	$(BIN)/tablemend bench

reference: $(READY) ## write the generated pages of the reference
	$(BIN)/python docs/reference.py

examples: $(READY) ## write the outputs of the documentation's examples anew
	$(BIN)/python docs/examples.py

picture: $(READY) ## draw the run that the README shows
	$(BIN)/python docs/picture.py

screenshots: $(READY) ## take the pictures of the browser that the documentation shows; they need Chromium
	$(BIN)/python docs/screenshots.py

lock: ## pin the newest allowed version of every dependency
	test -x $(BIN)/uv || $(MAKE) setup
	$(BIN)/uv pip compile pyproject.toml --extra mysql --extra otel --extra postgres --extra redis --group build --group dev --group docs --universal --generate-hashes \
	  --no-emit-index-url --no-header --no-annotate --upgrade --quiet --output-file requirements.lock
	$(BIN)/uv pip compile pyproject.toml --extra spark --constraint requirements.lock --universal --generate-hashes \
	  --no-emit-index-url --no-header --no-annotate --upgrade --quiet --output-file requirements-spark.lock

clean: ## remove what was made
	rm -rf .venv demo build dist docs/_build .mypy_cache .pytest_cache .ruff_cache .hypothesis
