# Every target sets up what it needs first. `make test PYTHON=3.13` tries another Python beside it.
.DEFAULT_GOAL := help
.PHONY: help book site pdf test lab notebooks students instructors slides bench lint lock latest next processor audit clean

ifdef PYTHON
VENV := .venv-$(PYTHON)
else
PYTHON := >=3.12
VENV := .venv
endif
LOCK := requirements.lock
python := $(VENV)/bin/python
uv := $(or $(shell command -v uv 2>/dev/null),.tools/bin/uv)

# With these locales Python 3.12 can't start in a folder with an accent.
ifneq ($(filter C POSIX,$(LC_ALL)),)
export LC_ALL := C.UTF-8
endif

# Several parts keep files in the reader's home. One that can't be written to gets a stand-in.
ifneq ($(shell test -w "$$HOME" || echo no),)
export HOME := $(CURDIR)/_build/home
$(shell mkdir -p "$(HOME)")
endif

help: ## Show this list
	@grep -hE '^[a-z]+:.*## ' Makefile | awk -F ':.*## ' '{ printf "make %-12s %s\n", $$1, $$2 }'

book: $(VENV)/ready ## Execute the chapters that changed and build the site
	@$(python) tools/build.py --execute

site: $(VENV)/ready ## Build the site from the outputs that the chapters hold
	@$(python) tools/build.py

pdf: book ## Print the whole book as one PDF (needs Chromium)
	$(python) tools/print_book.py

test: site slides ## Run every test: chapters, helpers, derivation, site
	$(python) -m pytest -n 2 --dist loadscope

lab: $(VENV)/ready ## Open the chapters in JupyterLab
	$(python) -m jupyterlab .

ONLY := notebooks/*.ipynb teaching/exercises/*.ipynb
notebooks: $(VENV)/ready ## Execute the chapters in place, to commit them with their outputs
	$(python) tools/execute.py $(ONLY)

# nbconvert's own preprocessors take out what is tagged "solution", and all outputs.
students: $(VENV)/ready ## Make the students' notebooks from the solved exercises
	$(python) -m nbconvert --log-level WARN --to notebook --output-dir teaching/students \
		--TagRemovePreprocessor.enabled=True --TagRemovePreprocessor.remove_cell_tags=solution \
		--ClearOutputPreprocessor.enabled=True --ClearMetadataPreprocessor.enabled=True \
		--ClearMetadataPreprocessor.preserve_nb_metadata_mask=kernelspec \
		--ClearMetadataPreprocessor.preserve_nb_metadata_mask=language_info \
		--ClearMetadataPreprocessor.preserve_cell_metadata_mask=tags teaching/exercises/*.ipynb

# Laid out as the book is, so that links between the notebooks hold.
instructors: students slides ## Gather chapters, stubs, solutions, guide and slides in _build/instructors
	rm -rf _build/instructors && mkdir -p _build/instructors
	tar -cf - --exclude .ruff_cache data derivation.md notebooks teaching | tar -xf - -C _build/instructors
	cp -R _build/slides _build/instructors/slides

slides: $(VENV)/ready ## Build the slides of the two lessons in _build/slides
	$(python) -m sphinx -W -q -b revealjs teaching/slides _build/slides
	@$(python) -c 'from pathlib import Path; print("The slides:", Path("_build/slides/index.html").resolve().as_uri())'

bench: ## Time the book's ways to fit against their peers (half an hour)
	@sh _ext/setup.sh .venv-bench "$(PYTHON)" bench/requirements.lock
	.venv-bench/bin/python bench/run.py

lint: $(VENV)/ready ## Check what can be checked without running anything; commits are checked so too
	$(python) -m pre_commit run --all-files

compile := pip compile --quiet --upgrade --universal --python-version 3.12 --custom-compile-command "make lock"

lock: $(uv) ## Renew the locked environments from the short lists in pyproject.toml
	$(uv) $(compile) --generate-hashes --extra book --output-file requirements.lock pyproject.toml
	$(uv) $(compile) --generate-hashes --extra book --extra bench --output-file bench/requirements.lock pyproject.toml
	$(uv) $(compile) --extra book --output-file requirements.txt pyproject.toml
	echo "-e ." >> requirements.txt

latest: $(uv) ## Build and test with the newest release of every package
	mkdir -p _build && $(uv) $(compile) --generate-hashes --extra book --output-file _build/latest.lock pyproject.toml
	$(MAKE) test VENV=.venv-latest LOCK=_build/latest.lock

next: $(VENV)/ready ## Build the same pages on current Sphinx, without Jupyter Book 1
	mkdir -p _build/next && $(uv) $(compile) --generate-hashes --extra next --output-file _build/next.lock pyproject.toml
	@sh _ext/setup.sh .venv-next "$(PYTHON)" _build/next.lock
	$(python) tools/next_conf.py _build/next/conf.py
	.venv-next/bin/python -m sphinx -W -n --keep-going -q -c _build/next . _build/next/html
	SITE=_build/next/html $(python) -m pytest -n 2 --dist loadscope tests/test_site.py

# An older processor: NumPy, OpenBLAS, Numba and the C library without what it lacks.
vectors = $(shell $(python) -c 'import numpy; print(*numpy.show_config("dicts")["SIMD Extensions"]["found"])')
older = NPY_DISABLE_CPU_FEATURES="$(vectors)" OPENBLAS_CORETYPE=Prescott NUMBA_CPU_NAME=generic \
	GLIBC_TUNABLES=glibc.cpu.hwcaps=-AVX2,-AVX512F,-FMA,-FMA4

processor: $(VENV)/ready ## Execute everything as a processor without vector instructions does
	$(older) $(python) -m pytest -n 2 --dist loadscope notebooks teaching/exercises

audit: $(uv) ## Ask whether a locked version has a known hole
	$(uv) tool run pip-audit --requirement requirements.lock --require-hashes --disable-pip --strict

clean: ## Remove all that was built, and the environment
	rm -rf _build .venv .venv-* .tools .pytest_cache .ruff_cache

%/ready: $(LOCK) pyproject.toml
	@sh _ext/setup.sh "$(@D)" "$(PYTHON)" $(LOCK)

.tools/bin/uv:
	@sh _ext/setup.sh .venv ">=3.12" requirements.lock
