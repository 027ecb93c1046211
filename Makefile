# Two commands do all the set-up: `make demo` and `make test`.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
export HF_HUB_OFFLINE ?= 1
export HF_HUB_DISABLE_TELEMETRY ?= 1

.PHONY: install demo test test-fast ui check format bench docs wheel clean

install: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	@command -v $(PYTHON) >/dev/null 2>&1 || { echo "error: $(PYTHON) is not here; set PYTHON=python3 (3.11 or newer)"; exit 2; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	@echo "installing torch and the libraries (about 2.6 GB, a few minutes)"
	$(BIN)/python -m pip install --quiet -c constraints.txt torch
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[offline,ray,dev]'
	touch $(STAMP)

demo: install
	$(BIN)/workbench demo

ui: install
	$(BIN)/workbench ui

test: install
	$(BIN)/python -m pytest

test-fast: install
	$(BIN)/python -m pytest -m "not slow"

check: install
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: install
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

BENCHMARKS := import_speed propose_speed near_duplicates semantic leakage quality_precision findings_scale pii secrets_found

bench: install
	for name in $(BENCHMARKS); do $(BIN)/python benchmarks/$$name.py || exit 1; done

docs: install
	$(BIN)/python -m typer workbench.cli.main utils docs --name workbench --title Commands --output docs/commands.md

wheel: install
	rm -rf dist && $(BIN)/python -m build --wheel
	$(BIN)/python tests/wheel_check.py

clean:
	rm -rf dist build .mypy_cache .ruff_cache .pytest_cache
