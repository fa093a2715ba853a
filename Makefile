# `make` lists the targets. Each target first makes the environment if it is missing or outdated.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
READY := .venv/.ready
# Arguments for pytest, the benchmarks and the build of the image, for example ARGS="-k offset".
ARGS ?=
# What the native engine is compiled from.
ENGINE := $(wildcard stampapp/native/*.cpp stampapp/native/*.hpp stampapp/native/*.h) \
	stampapp/native/build_binding.py
# Keep compiled modules, whatever the environment says: without them an import of TensorFlow takes 15 s
# instead of 5, in each process.
export PYTHONDONTWRITEBYTECODE :=
# How many seconds `make fuzz` runs.
SECONDS = 600

.DEFAULT_GOAL := help
.PHONY: help setup demo test lint image soak bench fuzz requirements audit clean

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /\1	/p' $(MAKEFILE_LIST) | expand -t 14

setup: $(READY) ## make the environment in .venv, with all packages pinned by hash

# Install wheels only, except for stampapp itself: build dependencies are not pinned.
$(READY): requirements/build.txt requirements/dev.txt pyproject.toml setup.py $(ENGINE)
	$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14) and "Python 3.11 to 3.13 is needed: make PYTHON=...")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --only-binary :all: --require-hashes -r requirements/build.txt
	VIRTUAL_ENV=.venv $(BIN)/uv pip sync --quiet --no-build --require-hashes requirements/dev.txt
	VIRTUAL_ENV=.venv $(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

demo: $(READY) ## classify simulated alerts and print them; ALERTS=path MODEL=path COUNT=100 RATE=20
	@$(BIN)/python -m stampapp.demo $(if $(ALERTS),--alerts "$(ALERTS)") \
		$(if $(MODEL),--model "$(MODEL)") $(if $(COUNT),--count $(COUNT)) $(if $(RATE),--rate $(RATE))

# The tests of a module run in one process, so that they share its fixtures. The slowest modules have the
# first names and start first. ARGS=-n0 uses one process.
test: $(READY) ## run every test
	$(BIN)/python -m pytest --numprocesses auto --dist loadscope --no-loadscope-reorder \
		--max-worker-restart 0 $(ARGS)

lint: $(READY) ## check style, format and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict

image: ## build the image by docker, podman or buildah; DEBIAN=1 where no image registry is reached
	@deploy/build-image.sh $(if $(DEBIAN),--debian) $(ARGS)

soak: $(READY) ## rounds of injected faults, ROUNDS=50 SEED=1 (QUICK=1); or one long run, MINUTES=30
	@$(BIN)/python -m tests.system.faults $(if $(MINUTES),--minutes $(MINUTES)) \
		$(if $(MEMORY),--memory $(MEMORY)) $(if $(ROUNDS),--rounds $(ROUNDS)) \
		$(if $(SEED),--seed $(SEED)) $(if $(ALERTS),--alerts $(ALERTS)) $(if $(QUICK),--quick) \
		$(if $(PACKETS),--packets $(PACKETS)) \
		$(if $(MAX_DETECTIONS),--max-detections $(MAX_DETECTIONS)) $(if $(SHADOW),--shadow)

bench: $(READY) ## measure rate and latency on this machine
	$(BIN)/python -m benchmarks $(ARGS)

fuzz: $(READY) ## fuzz the code that reads messages and archives, for SECONDS=600
	$(BIN)/python -m tests.fuzz -max_total_time=$(SECONDS)

# The .in files that each .txt pins. The .in of an extra lists only the packages that the extra adds,
# because setuptools reads it as well; its .txt is a complete environment.
INPUTS_build := build
INPUTS_base := lean base
INPUTS_lean := lean
INPUTS_image := lean base image
INPUTS_simulation := lean base simulation
INPUTS_training := lean base simulation training
INPUTS_demo := lean base simulation demo
INPUTS_lsst := lean base lsst
INPUTS_tables := lean base tables
INPUTS_test := test
INPUTS_dev := dev
# If it is empty, versions that still fit are kept.
UPGRADE ?= --upgrade

# Pin $(1).txt with the constraints $(2). The empty line at the end makes each call a separate command.
define pin
UV_CUSTOM_COMPILE_COMMAND="make requirements" $(BIN)/uv pip compile --quiet $(UPGRADE) \
		--universal --python-version 3.11 --generate-hashes --no-emit-index-url $(2) \
		$(INPUTS_$(1):%=requirements/%.in) -o requirements/$(1).txt

endef

requirements: $(READY) ## pin the newest versions of all packages; UPGRADE= keeps those that fit
	$(foreach name,build base,$(call pin,$(name)))
	$(call pin,image,-c requirements/build.txt -c requirements/base.txt --overrides requirements/image.overrides)
	$(foreach name,lean simulation training demo lsst tables test dev,$(call pin,$(name),\
		-c requirements/build.txt -c requirements/base.txt))

audit: $(READY) ## check the pinned packages for known vulnerabilities
	$(BIN)/pip-audit --strict --disable-pip --require-hashes -r requirements/dev.txt

clean: ## remove the environment and the files of the demo
	rm -rf .venv .demo
