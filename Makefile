# Two commands: `make zhili` runs the flagship study, `make test` runs the tests. Both set everything up.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
SPARK := $(VENV)/.ready-spark
# Of the pins with the extra, those of PySpark and what it brings: a line that starts with a name begins the next pin.
SPARK_ONLY := (echo "\# What the extra [spark] adds to requirements.txt; written by \`make requirements\`."; awk '/^[a-z0-9]/ {kept = /^(pyspark|py4j)==/} kept')

.DEFAULT_GOAL := help
.PHONY: help setup zhili test test-slow test-spark docs bench reference requirements clean

help: ## what can be made
	@sed -n 's/^\([a-z-]*\):.*## /make \1\t/p' Makefile | expand -t 22

setup: $(READY) ## the environment, from pinned versions with hashes

$(READY): requirements.txt requirements-uv.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "townshift needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1). Try: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@echo "Setting up townshift in $(VENV) (about half a minute, once) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-uv.txt
	@VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --compile-bytecode --require-hashes -r requirements.txt
	@VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

zhili: $(READY) ## run the flagship study: claims, verdicts, report
	@$(BIN)/townshift run studies/zhili

test: $(READY) ## the fast tests and the checks of the code
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -n 2 -m "not slow and not spark"

test-slow: $(READY) ## the tests that take minutes: calibration, false records, killed runs
	$(BIN)/pytest -n 2 -m "slow and not spark"

test-spark: $(SPARK) ## the tests of both engines on Spark, workers killed; installs PySpark and, as root, Java
	@.ci/java
	JAVA_TOOL_OPTIONS="-XX:TieredStopAtLevel=1 -XX:+UseSerialGC" $(BIN)/pytest -n 0 -m spark -r s

$(SPARK): requirements-spark.txt $(READY)
	@echo "Adding Spark to $(VENV) (about 400 MB, once) ..."
	@VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --no-deps --require-hashes -r requirements-spark.txt
	@touch $@

docs: $(READY) ## the documentation site, in site/
	NO_MKDOCS_2_WARNING=true $(BIN)/mkdocs build --strict --quiet

bench: $(SPARK) ## every benchmark at a small size; in full: BENCH=--full
	@.ci/java
	$(BIN)/python benchmarks/run.py $(BENCH)

reference: $(READY) ## write the reference pages of the docs again from the code
	$(BIN)/python docs/build_reference.py

requirements: $(READY) ## resolve the pinned versions anew
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --group dev pyproject.toml -o requirements.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --extra spark -c requirements.txt pyproject.toml \
	  | $(SPARK_ONLY) > requirements-spark.txt
	echo uv | $(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes - -o requirements-uv.txt

clean: ## remove the environment and everything computed
	rm -rf $(VENV) site studies/*/out
