# Each target does all the set-up it needs: a fresh machine with Python 3.11 or newer is enough.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test check bench clean

demo: $(VENV)/.run  ## draw scenes, augment them, show the result
	$(BIN)/mmaug demo

test: $(VENV)/.dev  ## lint, types, all tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	OMP_NUM_THREADS=1 HF_HUB_OFFLINE=1 $(BIN)/pytest -n 2

check: $(VENV)/.dev  ## what a commit must pass, without the tests
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/pyright

bench: $(VENV)/.bench  ## tables with ratios to peers and bare libraries; make bench DATA="FOLDER ..." adds whole folders
	for table in plan_and_resolve image batch text audio caption_rules; do \
		OMP_NUM_THREADS=1 HF_HUB_OFFLINE=1 $(BIN)/python -W ignore benchmarks/$$table.py || exit 1; done
	$(if $(DATA),OMP_NUM_THREADS=1 $(BIN)/python benchmarks/augment_folder.py $(DATA))

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; assert sys.version_info >= (3, 11), f"mmaug needs Python 3.11 or newer, this is {sys.version}; say make PYTHON=..."'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: $(VENV)/bin/python pyproject.toml constraints.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable .
	touch $@

$(VENV)/.dev: $(VENV)/bin/python pyproject.toml constraints.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	touch $@ $(VENV)/.run

$(VENV)/.bench: $(VENV)/.dev
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev,bench]'
	touch $@

clean:
	rm -rf $(VENV) mmaug-demo build dist *.egg-info
