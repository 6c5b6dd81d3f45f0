# make demo   everything a newcomer needs: installs and starts the provider with a sample application
# make dev    the same, made anew whenever a file of the provider changes
# make test   the whole test suite, on real servers; T=tests/flows/test_consent.py: only that
# make check  every static check (format, lint, types, layers, templates, translations)
# Nothing is assumed but Python 3.11 or newer and make; uv is needed only by `make lock`.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input
# One more than there are cores, four at most: while a test waits for a process or a page, another one uses the core.
PYTEST_WORKERS ?= $(shell $(PYTHON) -c 'import os; print(min(4, (os.cpu_count() or 1) + 1))')
PYTEST_ARGS ?=
T ?=
B ?=
BENCH_ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help install install-dev demo dev test rules breaks interop check format bench screenshots lock clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile | expand -t 22

install: $(VENV)/.installed ## .venv with `idp` in it, and what the demo needs
install-dev: $(VENV)/.installed-dev ## the same, with what tests and checks need

demo: install ## the provider on port 8000 and a sample application on port 8001, ready to log in
	@exec $(BIN)/idp demo

dev: install-dev ## the demo, made anew whenever a file of the provider changes
	@exec $(BIN)/idp demo --reload

# The suite starts the product some hundred times; a quarter of each start is compiling what a kept `.pyc` would have.
test: install-dev ## the whole suite, with branch coverage of the login and of the protocol; T="path …": only these, without
ifneq ($(strip $(T)),)
	env -u PYTHONDONTWRITEBYTECODE $(BIN)/pytest $(T) $(PYTEST_ARGS)
else
	env -u PYTHONDONTWRITEBYTECODE $(BIN)/pytest -n $(PYTEST_WORKERS) --dist worksteal --cov --cov-report=term-missing:skip-covered $(PYTEST_ARGS)
endif

rules: install-dev ## the rules of logging in: what each says, and the tests that prove it
	$(BIN)/python -m tests.rules

breaks: install-dev ## each rule broken once, in a copy, and its test seen to fail; B="B5 C2": only these
	$(BIN)/python -m tests.breaks $(B)

interop: install-dev ## client libraries of others on a running server; installs them in var/, Debian's by apt-get as root
	IDP_INTEROP=1 $(BIN)/pytest tests/interop $(PYTEST_ARGS)

check: install-dev ## every static check
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/djlint --check --lint --quiet templates idp/demo/sample_app/templates
	$(BIN)/python -m tests.frame.translations

format: install-dev ## rewrite the code in the one format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: install-dev ## what each kind of request costs, in CPU time and as a multiple of a bare Flask answer
	$(BIN)/python -m tests.bench $(BENCH_ARGS)

screenshots: install-dev ## a picture of every page, at 390 and 1280 px, light and dark, English and Dutch, in test-results/screenshots
	$(BIN)/python -m tests.screenshots

lock: ## renew both lock files within the bounds of pyproject.toml (needs uv)
	uv pip compile pyproject.toml --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --custom-compile-command "make lock" --extra embedded --group build -o requirements.lock
	uv pip compile pyproject.toml --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --custom-compile-command "make lock" --extra test --group build -c requirements.lock \
	  -o requirements-test.lock

clean: ## remove what was installed or generated (never the demo's data)
	rm -rf $(VENV) build dist .coverage .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# A lock names everything, so pip resolves nothing (`--no-deps`): left to resolve, it asks for the newest release of a
# dependency's extra, which no lock can know. `pip check` says when a lock is not whole.
# A stamp is written only when its step is complete, so an interrupted install is simply repeated.
$(VENV)/.installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "Python 3.11 or newer is needed; \`$(PYTHON)\` is not. Name another: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PIP) --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	$(PIP) install --quiet --no-deps --require-hashes -r requirements.lock
	$(PIP) install --quiet --no-deps --no-build-isolation -e .
	$(PIP) check
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed requirements-test.lock
	$(PIP) install --quiet --no-deps --require-hashes -r requirements-test.lock
	$(PIP) check
	@touch $@
