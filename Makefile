# Only Python >= 3.11 (with venv), git and make are needed; the rest comes from the lock files.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP_FLAGS := --quiet --disable-pip-version-check
LOCK := requirements.lock
DEV_LOCK := requirements-dev.lock
SOURCES := gateway translators tests benchmarks

.PHONY: help install demo demo-compare test check fuzz bench gate gate-record gate-proof kill-test front-test stall-test crowd-test laboratory client-test fault-test power-test mutants planted-bugs prove lock format docs clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  \1\t/' | expand -t 14

$(VENV)/.python:
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0] + "; name another with: make PYTHON=python3.12")'
	@echo "Creating $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@touch $@

# The locks are complete, so nothing is resolved: a resolver asks for extras again (pytest-cov for
# coverage[toml]) and would then take the newest version, which has no hash.
$(VENV)/.installed: $(VENV)/.python $(LOCK) pyproject.toml
	@echo "Installing from $(LOCK)"
	@$(BIN)/python -m pip install $(PIP_FLAGS) --no-deps --require-hashes -r $(LOCK)
	@$(BIN)/python -m pip install $(PIP_FLAGS) --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed $(DEV_LOCK)
	@echo "Installing from $(DEV_LOCK)"
	@$(BIN)/python -m pip install $(PIP_FLAGS) --no-deps --require-hashes -r $(DEV_LOCK)
	@touch $@

install: $(VENV)/.installed ## install into .venv; afterwards .venv/bin/dispatch-gateway works
	@echo "Installed in $(VENV)"

demo: $(VENV)/.installed ## run one real workflow through gateway, simulated upstream and a sample application
	@$(BIN)/dispatch-gateway demo

demo-compare: $(VENV)/.installed ## watch a stand-in of Dispatch, and say whether to cut over
	@$(BIN)/dispatch-gateway demo --compare

check: $(VENV)/.installed-dev ## lint, types and import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: check ## lint, types, import contracts and tests
	$(BIN)/python -m pytest

fuzz: $(VENV)/.installed-dev ## send 50,000 mutated requests, 15,000 mutated webhooks, and what schemathesis makes (minutes)
	$(BIN)/python -m tests.fuzz $(FUZZ)
	FUZZ_EXAMPLES=50 $(BIN)/python -m pytest --timeout 600 tests/gateway/api/test_schemathesis.py

bench: $(VENV)/.installed-dev ## measure; prints ratios taken side by side in one run
	$(BIN)/python -m benchmarks

gate: $(VENV)/.installed-dev ## count instructions a request; fails at 2 % more than recorded (needs valgrind)
	$(BIN)/python -m benchmarks.gate

gate-record: $(VENV)/.installed-dev ## write down what became cheaper; with WHY="…" what became dearer, too
	$(BIN)/python -m benchmarks.gate --record --why "$$WHY"

gate-proof: $(VENV)/.installed-dev ## make the gateway 3 % dearer, and see the gate fail
	$(BIN)/python -m benchmarks.gate --plant 3

kill-test: $(VENV)/.installed-dev ## 20 rounds of kill -9 during 200 dispatches (minutes)
	$(BIN)/python -m tests.kill --rounds 20 --dispatches 200

fault-test: $(VENV)/.installed-dev ## let each write and fsync of the store fail during 1,000 requests (minutes)
	$(BIN)/python -m tests.faults --requests 1000

prove: $(VENV)/.installed-dev ## run the small world whole: one dispatch, every order, every kill, every lost reply (minutes)
	$(BIN)/python -m tests.laboratory.small_world $(PROVE)

power-test: $(VENV)/.installed-dev ## let the power go at 10,000 changes of a store's files (minutes)
	$(BIN)/python -m tests.power --changes 10000

front-test: $(VENV)/.installed-dev ## flood a real gateway in every way a stranger can (six minutes)
	$(BIN)/python -m tests.front

stall-test: $(VENV)/.installed-dev ## stop and kill real gateways over their expiries (three minutes)
	$(BIN)/python -m tests.stall

crowd-test: $(VENV)/.installed-dev ## let ten times too much come, and 100,000 sends wait beside a neighbour (four minutes)
	$(BIN)/python -m tests.crowd

planted-bugs: $(VENV)/.installed-dev ## plant bugs one at a time, and count the seeds until the laboratory notices (minutes)
	$(BIN)/python -m tests.laboratory.planted

mutants: $(VENV)/.installed-dev ## put 300 small faults into the code, one at a time, and tell which no test notices (an hour)
	$(BIN)/python -m tests.mutants $(MUTANTS)

laboratory: $(VENV)/.installed-dev ## live through 3,000 simulated worlds full of faults (three minutes)
	$(BIN)/python -m tests.laboratory run 1..3000

client-test: $(VENV)/.installed-dev ## published npm clients and curl against this gateway (needs node, npm)
	$(BIN)/python -m tests.clients

docs: $(VENV)/.installed-dev ## regenerate the pages that are made from tables in the code
	$(BIN)/python -m tests.support.generated --write

format: $(VENV)/.installed-dev ## format the sources
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Needs uv on the PATH. The lock files carry hashes and no index address.
lock: ## pin the newest versions that pyproject.toml admits
	uv pip compile pyproject.toml --group build --universal --python-version 3.11 --upgrade --generate-hashes --no-emit-index-url --no-emit-find-links --no-header -q -o $(LOCK)
	uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --upgrade --generate-hashes --no-emit-index-url --no-emit-find-links --no-header -q -o $(DEV_LOCK)

clean: ## remove .venv and caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage .import_linter_cache
