# Everything one does here by hand; `make help` lists it. Each target builds .venv by itself when it is missing or stale.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= python3
N ?= 20000
OUT ?= shards
RECIPE ?=
SCENES ?=
DATA ?= $(OUT)
EVAL ?=

BIN := .venv/bin
STAMP := .venv/.installed
BENCH_STAMP := .venv/.installed-bench
TRAIN_STAMP := .venv/.installed-train
SLOW_STAMP := .venv/.installed-slow
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: help setup render train-detector train-recognizer test test-slow check bench clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(STAMP) ## make .venv with synthgen and what its tests need

render: $(STAMP) ## render N word images (20000) and SCENES scenes (a hundredth of N) into OUT (shards), or go on with a run that was stopped; RECIPE=FILE chooses another look
	$(BIN)/synthgen render --n $(N) --out $(OUT) --resume $(if $(SCENES),--scenes $(SCENES)) $(if $(RECIPE),--recipe $(RECIPE))

train-detector: RUN ?= runs/detector
train-detector: SAMPLES ?= 100000
train-detector: $(TRAIN_STAMP) ## train the detector on the scenes of DATA (OUT) into RUN, or go on with a run that was stopped; sees SAMPLES views of them (100000), EVAL=DIR measures on real photos
	$(BIN)/detector train --data $(DATA) --out $(RUN) --samples $(SAMPLES) --resume $(foreach place,$(EVAL),--evaluate-on $(place))

train-recognizer: RUN ?= runs/recognizer
train-recognizer: SAMPLES ?= 1000000
train-recognizer: $(TRAIN_STAMP) ## train the reader on the words of DATA (OUT) into RUN, or go on with a run that was stopped; sees SAMPLES of them (1000000), EVAL=DIR measures on real crops
	$(BIN)/recognizer train --data $(DATA) --out $(RUN) --samples $(SAMPLES) --resume $(foreach place,$(EVAL),--evaluate-on $(place))

test: $(TRAIN_STAMP) ## run the fast tests, 3 to 5 minutes; installs TensorFlow
	$(BIN)/python -m pytest -q -n 2

test-slow: $(SLOW_STAMP) ## run the slow tests too; installs JAX, Ray, Spark (which needs Java 17) and EasyOCR with PyTorch (7 GB)
	$(BIN)/python -m pytest -q -n 2 -m "slow or not slow"
	KERAS_BACKEND=jax $(BIN)/python -m pytest -q -m "slow or not slow" tests/training tests/detector tests/recognizer

check: $(STAMP) ## lint, formatting, types and the house rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/test_house_rules.py

bench: $(BENCH_STAMP) ## measure speed here, each script one JSON line; benchmarks/RESULTS.md says what was measured where
	@for script in benchmarks/*_bench.py; do echo "$$script" >&2; $(BIN)/python "$$script"; done

clean: ## remove caches and .venv; data stays
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist
	find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +

# The stamp is written last, so a setup that was interrupted is done again.
$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "synthgen needs Python 3.11 or newer, and '$(PYTHON)' is $$($(PYTHON) --version 2>&1 || true); name another: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1; }
	@echo "building .venv: a minute or two, once" >&2
	@rm -f $(STAMP) $(BENCH_STAMP) $(TRAIN_STAMP) $(SLOW_STAMP)
	@$(BIN)/python -m pip --version > /dev/null 2>&1 || $(PYTHON) -m venv --clear .venv
	@$(PIP) --editable '.[dev]'
	@touch $(STAMP)

$(BENCH_STAMP): $(STAMP)
	@$(PIP) --editable '.[dev,train,bench]'
	@touch $(BENCH_STAMP)

$(TRAIN_STAMP): $(STAMP)
	@echo "installing TensorFlow: a minute or two, once" >&2
	@$(PIP) --editable '.[dev,train]'
	@touch $(TRAIN_STAMP)

$(SLOW_STAMP): $(TRAIN_STAMP)
	@$(PIP) --editable '.[dev,slow]'
	@touch $(SLOW_STAMP)
