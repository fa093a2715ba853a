# `make` alone lists the targets. Each makes the environment first where it is missing or old.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
READY := .venv/.ready
# Arguments that go on to pytest and to the benchmarks, for example ARGS="-k ledger".
ARGS ?=
# How long `make fuzz` tries.
SECONDS = 600

.DEFAULT_GOAL := help
.PHONY: help setup demo test lint soak bench fuzz requirements audit clean

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /\1	/p' $(MAKEFILE_LIST) | expand -t 14

setup: $(READY) ## make the environment in .venv, every package pinned by its hash

# Nothing is built but ourselves: what builds a package is not pinned.
$(READY): requirements/build.txt requirements/dev.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14) and "Python 3.11 to 3.13 is needed: make PYTHON=...")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --only-binary :all: --require-hashes -r requirements/build.txt
	VIRTUAL_ENV=.venv $(BIN)/uv pip sync --quiet --no-build --require-hashes requirements/dev.txt
	VIRTUAL_ENV=.venv $(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

demo: $(READY) ## classify simulated alerts and watch; ALERTS=file or folder, MODEL=model.zip or folder
	@$(BIN)/python -m stampapp.demo $(if $(ALERTS),--alerts "$(ALERTS)") \
		$(if $(MODEL),--model "$(MODEL)") $(if $(COUNT),--count $(COUNT)) $(if $(RATE),--rate $(RATE))

# A module stays in one process, with what it has made for its tests, and the longest, which come
# first in the order of their names, are begun first. ARGS=-n0 takes one process.
test: $(READY) ## run every test
	$(BIN)/python -m pytest --numprocesses auto --dist loadscope --no-loadscope-reorder \
		--max-worker-restart 0 $(ARGS)

lint: $(READY) ## check style, format and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict

soak: $(READY) ## rounds of faults, ROUNDS=50 SEED=1 (QUICK=1); or the long run, MINUTES=30
	@$(BIN)/python -m tests.system.faults $(if $(MINUTES),--minutes $(MINUTES)) \
		$(if $(MEMORY),--memory $(MEMORY)) $(if $(ROUNDS),--rounds $(ROUNDS)) \
		$(if $(SEED),--seed $(SEED)) $(if $(ALERTS),--alerts $(ALERTS)) $(if $(QUICK),--quick)

bench: $(READY) ## measure the speed on this machine
	$(BIN)/python -m benchmarks $(ARGS)

fuzz: $(READY) ## try to break what reads strangers' bytes, for SECONDS=600
	$(BIN)/python -m tests.fuzz -max_total_time=$(SECONDS)

# Which .in files each .txt pins. The .in of an extra lists only the packages that the extra adds,
# because setuptools reads it, too; its .txt is a whole environment.
INPUTS_build := build
INPUTS_base := base
INPUTS_simulation := base simulation
INPUTS_training := base simulation training
INPUTS_demo := base simulation demo
INPUTS_test := test
INPUTS_dev := dev
# Set to nothing, it keeps the versions that still fit.
UPGRADE ?= --upgrade

# Pins $(1).txt; $(2): constraints. Ends in an empty line, so that each call is a command of its own.
define pin
UV_CUSTOM_COMPILE_COMMAND="make requirements" $(BIN)/uv pip compile --quiet $(UPGRADE) \
		--universal --python-version 3.11 --generate-hashes --no-emit-index-url $(2) \
		$(INPUTS_$(1):%=requirements/%.in) -o requirements/$(1).txt

endef

requirements: $(READY) ## pin the newest versions of everything; UPGRADE= keeps those that fit
	$(foreach name,build base,$(call pin,$(name)))
	$(foreach name,simulation training demo test dev,$(call pin,$(name),\
		-c requirements/build.txt -c requirements/base.txt))

audit: $(READY) ## ask whether a pinned package has a known vulnerability
	$(BIN)/pip-audit --strict --disable-pip --require-hashes -r requirements/dev.txt

clean: ## remove the environment and what the demo left
	rm -rf .venv .demo
