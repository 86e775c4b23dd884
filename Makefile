# Everything a newcomer needs: `make run` and `make test`. `make` alone lists the rest.
# The distribution's Python before any other: it gets security updates, and is built with profile-guided
# optimisation, which is worth some 10 % (docs/decisions/0007). PYTHON=... chooses another.
ifndef PYTHON
PYTHON := $(shell for v in 3.11 3.12 3.13 3.14; do for p in /usr/bin/python$$v $$(command -v python$$v); do \
    $$p -c 'import ensurepip, venv' 2>/dev/null && echo $$p && exit; done; done; echo python3)
endif
BIN := .venv/bin
STAMP := .venv/.installed

.DEFAULT_GOAL := help
.PHONY: help tools setup run test check soak days cards acts lint lab lab-if-it-can-be mistakes clean lock deb journey cover-routing compiled

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

# Before there is a .venv: Debian keeps `venv` itself in a package of its own.
tools: ## install what the tests need of the machine (Debian or Ubuntu, root)
	@$(PYTHON) -m tests.lab.tools

setup: $(STAMP) ## create .venv and install everything, hash-checked

# pip checks each download against requirements.lock; --no-deps keeps to exactly that list.
$(STAMP): requirements.lock pyproject.toml
	@echo "setup: creating .venv with $(PYTHON) (a minute at most on a first run)"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --editable .
	@touch $@

run: setup ## the daemon with a simulated Asterisk, callers, agents and a live screen
	@$(BIN)/python -m simulators demo

lint: setup ## format, lint, types, import contracts
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo 2>/dev/null || $(BIN)/lint-imports

lab: setup ## build the real Asterisk that tests and benchmarks use (270 MB into .cache/)
	@$(BIN)/python -m tests.lab build

# Where it cannot be, it says why in one line; the tests that need it are skipped, which CI refuses.
lab-if-it-can-be: setup
	@$(BIN)/python -m tests.lab build || test -z "$$CI"

mistakes: lab ## make deliberate mistakes on an Asterisk of the lab, and show the red line that each gets
	@$(BIN)/python -m tests.worlds.asterisk.mistakes

HEADERS := import os, sysconfig; exit(not os.path.exists(sysconfig.get_path('include') + '/Python.h'))
compiled: setup ## the core as an extension of the same source (C compiler, 40 s); benchmarks use it
	@if ! command -v $(CC) >/dev/null; then echo "compiled: no C compiler here, the core stays plain Python"; \
	elif ! $(BIN)/python -c "$(HEADERS)"; then echo "compiled: no headers of $(PYTHON) here (python3-dev), the core stays plain"; \
	elif $(BIN)/python -c "from benchmarks.core.cores import *; exit(len(cores()) < 2)"; then :; \
	else echo "compiled: making the core an extension (40 s)"; mkdir -p .cache; rm -rf .cache/compiled .cache/build; \
	    CTI_COMPILED=1 $(BIN)/python setup.py -q build --build-base .cache/build \
	        --build-lib .cache/compiled >.cache/compiled.log 2>&1 || { tail -20 .cache/compiled.log; exit 1; }; \
	    rm -rf .cache/compiled/cti .cache/compiled/benchmarks .cache/compiled/simulators; fi

test: tools ## all gates, all tests, the real Asterisk included; ROOM=gateway: only that room's
	@$(MAKE) --no-print-directory setup
	@$(MAKE) --no-print-directory -j2 --output-sync=target lint compiled lab-if-it-can-be
	@$(BIN)/python -m tests $(if $(ROOM),--room $(ROOM))

check: lint ## the gates and the tests that need no Asterisk
	@$(BIN)/python -m tests -m "not real" $(if $(ROOM),--room $(ROOM))

# The slow lane: what is whole but long. tests/README.md says when.
soak: setup ## random days, storms and theory, many times over (10 minutes)
	@PAIDUI_WHOLE=1 $(BIN)/python -m tests -m soak

SEEDS ?= 200
days: setup ## random days of phones and strangers on all cores; SEEDS=2000 (35 minutes on 2 quiet cores)
	@$(BIN)/python -m tests.worlds.days --seeds $(SEEDS) --without "$(WITHOUT)"

cards: tools lab ## every telephony card again and again, 20 kills of the router (15 minutes)
	@PAIDUI_WHOLE=1 $(BIN)/python -m tests -m cards

acts: tools lab ## every act of phones and strangers on a real Asterisk, with the real daemon (4 minutes)
	@PAIDUI_WHOLE=1 $(BIN)/python -m tests -m acts

cover-routing: setup ## branch coverage of the routing core, which has to be whole
	@mkdir -p .cache
	@COVERAGE_FILE=.cache/coverage-routing $(BIN)/python -m pytest -q --cov=routing --cov-branch --cov-fail-under=100 \
	    --cov-report=term-missing:skip-covered --ignore-glob='*codec*' \
	    tests/unit/routing tests/complaints tests/scenarios/test_scenarios.py tests/property

deb: setup ## the Debian package, into dist/
	@$(BIN)/python -m deploy.build deb

journey: setup ## package to routed call, upgrade, move, removal: prints each command (5 min)
	@$(BIN)/python -m tests.deploy

lock: setup ## write the three locks anew from pyproject.toml
	@$(BIN)/python -m pip install --quiet uv
	@$(BIN)/uv pip compile pyproject.toml --group dev --extra centre --universal --generate-hashes --no-emit-index-url --no-header --quiet --python-version 3.11 -o requirements.lock
	@$(BIN)/uv pip compile pyproject.toml --universal --generate-hashes --no-emit-index-url --no-header --quiet --python-version 3.11 -c requirements.lock -o requirements-runtime.lock
	@$(BIN)/uv pip compile pyproject.toml --extra centre --universal --generate-hashes --no-emit-index-url --no-header --quiet --python-version 3.11 -c requirements.lock -o requirements-centre.lock

clean: ## remove .venv and caches; data in var/ stay
	rm -rf .venv dist .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info
