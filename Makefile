# The doors of the project. `make demo` and `make test` set everything up by themselves.
.PHONY: help setup demo test check format lint types contracts tests tests-nojit mutants soak fuzz bench wheel clean-cache
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
# Lowest and first unsupported Python: numba decides both.
PYTHON_MIN := 3, 11
PYTHON_END := 3, 16

help:  ## show this list
	@grep -hE '^[a-z-]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 14

$(VENV)/.ready: requirements.lock pyproject.toml
	@found=; for p in $(PYTHON) python3 python python3.15 python3.14 python3.13 python3.12 python3.11; do \
	  if command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(not ($(PYTHON_MIN)) <= sys.version_info[:2] < ($(PYTHON_END)))' 2>/dev/null; \
	  then found=$$p; break; fi; done; \
	if [ -z "$$found" ]; then echo "ceax needs Python 3.11, 3.12, 3.13, 3.14 or 3.15 (numba supports no other); found: $$(python3 --version 2>&1 || echo none). Try: make PYTHON=/path/to/python3.12 setup" >&2; exit 1; fi; \
	echo "setting up $(VENV) with $$($$found --version) (once; a minute or two)"; \
	rm -rf $(VENV) && $$found -m venv $(VENV) || { echo "the venv module is missing: on Debian or Ubuntu run: apt-get install python3-venv" >&2; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@ && echo "ready: $(BIN)/ceax --help"

setup: $(VENV)/.ready  ## build .venv once, with pinned versions

demo: setup  ## run the first day of the national market with all real parts
	@$(BIN)/ceax demo

test: setup tests  ## set up and run the tests

check: setup lint types contracts tests  ## everything that must pass before a commit

format: setup  ## format the code
	@$(BIN)/ruff format --quiet . && $(BIN)/ruff check --quiet --fix .

lint:
	@$(BIN)/ruff format --check --quiet . && $(BIN)/ruff check --quiet .

types:
	@$(BIN)/mypy

contracts:
	@$(BIN)/lint-imports --no-cache

tests:
	@$(BIN)/python -m pytest -q -n 2 --dist loadgroup

tests-nojit: setup  ## the engine's tests without the compiler
	@NUMBA_DISABLE_JIT=1 CEAX_SHORT=1 $(BIN)/python -m pytest -q -n 2 tests/engine

mutants: setup  ## every planted bug must be killed
	@$(BIN)/python -m tests.mutants.run

soak: setup  ## the full form of every long proof (an hour or so); seeds are printed
	@CEAX_SOAK=1 $(BIN)/python -m pytest -q -s --timeout 3600 -m soak tests
	@CEAX_SOAK=1 $(BIN)/python -m pytest -q -s --timeout 3600 tests/gateway/test_journal_power.py tests/engine/test_outside_judge.py tests/gateway/test_cut_line.py

fuzz: setup  ## ten minutes each of guided fuzzing: frame decoder, framing, journal reader
	@$(BIN)/python -m tests.fuzz.run decoder 600
	@$(BIN)/python -m tests.fuzz.run framing 600
	@$(BIN)/python -m tests.fuzz.run journal 600

bench: setup  ## nanoseconds per command of the compiled core
	@$(BIN)/ceax bench engine

wheel: setup  ## build the wheel into dist/
	@$(BIN)/python -m build --no-isolation --wheel --outdir dist . >/dev/null && ls dist/*.whl

clean-cache:  ## forget compiled code
	@rm -rf "$${CEAX_CACHE:-$${XDG_CACHE_HOME:-$$HOME/.cache}/ceax}"
