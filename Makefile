# Every target sets up what it needs first. `make test PYTHON=3.13` tries another Python beside it.
.DEFAULT_GOAL := help
.PHONY: help book pdf test lab notebooks students instructors slides lint lock clean

ifdef PYTHON
VENV := .venv-$(PYTHON)
else
PYTHON := >=3.12
VENV := .venv
endif
python := $(VENV)/bin/python
uv := $(or $(shell command -v uv 2>/dev/null),.tools/bin/uv)

help: ## Show this list
	@grep -hE '^[a-z]+:.*## ' Makefile | awk -F ':.*## ' '{ printf "make %-12s %s\n", $$1, $$2 }'

book: $(VENV)/ready _build/helpers ## Execute the chapters that changed and build the site
	$(VENV)/bin/jupyter-book build . --all -W -n --keep-going
	@$(python) -c 'from pathlib import Path; print("\nThe book:", Path("_build/html/index.html").resolve().as_uri())'

pdf: book ## Print the whole book as one PDF (needs Chromium)
	$(python) _ext/print_book.py

test: book slides ## Run every test: chapters, helpers, derivation, site
	$(python) -m pytest -n 2 --dist loadscope

lab: $(VENV)/ready ## Open the chapters in JupyterLab
	$(python) -m jupyterlab .

notebooks: $(VENV)/ready ## Execute the chapters in place, to commit them with their outputs
	$(python) -m nbconvert --to notebook --execute --inplace \
		--CoalesceStreamsPreprocessor.enabled=True notebooks/*.ipynb teaching/exercises/*.ipynb
	$(python) tests/main_figure.py

# nbconvert's own preprocessors take out what is tagged "solution", and all outputs.
students: $(VENV)/ready ## Make the students' notebooks from the solved exercises
	$(python) -m nbconvert --log-level WARN --to notebook --output-dir teaching/students \
		--TagRemovePreprocessor.enabled=True --TagRemovePreprocessor.remove_cell_tags=solution \
		--ClearOutputPreprocessor.enabled=True --ClearMetadataPreprocessor.enabled=True \
		--ClearMetadataPreprocessor.clear_notebook_metadata=False \
		--ClearMetadataPreprocessor.preserve_cell_metadata_mask=tags teaching/exercises/*.ipynb

# Laid out as the book is, so that links between the notebooks hold.
instructors: students slides ## Gather chapters, stubs, solutions, guide and slides in _build/instructors
	rm -rf _build/instructors && mkdir -p _build/instructors
	tar -cf - --exclude .ruff_cache data derivation.md notebooks teaching | tar -xf - -C _build/instructors
	cp -R _build/slides _build/instructors/slides

slides: $(VENV)/ready ## Build the slides of the two lessons in _build/slides
	$(python) -m sphinx -W -q -b revealjs teaching/slides _build/slides
	@$(python) -c 'from pathlib import Path; print("The slides:", Path("_build/slides/index.html").resolve().as_uri())'

lint: $(VENV)/ready ## Check the style of modules and notebooks
	$(python) -m ruff check .
	$(python) -m ruff format --check .

lock: $(uv) ## Renew requirements.txt from the short list in pyproject.toml
	$(uv) pip compile --quiet --upgrade --universal --python-version 3.12 \
		--custom-compile-command "make lock" --output-file requirements.txt pyproject.toml
	echo "-e ." >> requirements.txt

clean: ## Remove all that was built, and the environment
	rm -rf _build .venv .venv-* .tools .pytest_cache .ruff_cache

$(VENV)/ready: requirements.txt pyproject.toml | $(uv)
	@$(uv) venv --quiet --clear --python "$(PYTHON)" $(VENV) || \
		{ echo "This book needs Python 3.12 or later: please install one, then run make again."; exit 1; }
	@# A second time with the system's certificates, for a network that has one of its own.
	$(uv) pip sync --quiet --python $(python) requirements.txt || \
		UV_SYSTEM_CERTS=1 $(uv) pip sync --quiet --python $(python) requirements.txt
	@touch $@

.tools/bin/uv:
	@python3 -m venv .tools && .tools/bin/python -m pip install --quiet --disable-pip-version-check uv || \
		{ rm -rf .tools; echo "The set-up needs uv, or a python3 with venv and pip: please install either one."; exit 1; }

# What the chapters import and read is not part of their cache key: forget all results when it changes.
_build/helpers: $(wildcard helpers/*.py data/*.csv teaching/*.csv) requirements.txt
	rm -rf _build/.jupyter_cache
	@mkdir -p _build && touch $@
