# Every target sets up what it needs first. `make test PYTHON=3.13` tries another Python beside it.
.DEFAULT_GOAL := help
.PHONY: help installed ready exercises wheels book site pdf test luck lab notebooks students instructors slides bench lint lock latest next processor audit clean

ifdef PYTHON
VENV := .venv-$(PYTHON)
else
PYTHON := >=3.12
VENV := .venv
endif
export UV_PYTHON := $(PYTHON)
python := $(VENV)/bin/python
uv := $(or $(shell command -v uv 2>/dev/null),.tools/bin/uv)
# uv makes an environment that lacks something, and takes turns with itself. A second time with the
# system's certificates, for a network that has one of its own.
sync = UV_PROJECT_ENVIRONMENT=$(1) $(uv) sync --quiet --locked $(2)
environment = @$(call sync,$(1),$(2)) || UV_SYSTEM_CERTS=1 $(call sync,$(1),$(2))

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

book: installed ## Execute the chapters that changed and build the site
	@$(python) tools/build.py --execute

site: installed ## Build the site from the outputs that the chapters hold
	@$(python) tools/build.py

ready: installed ## Set up the whole book, and say whether it runs here
	@$(python) tools/ready.py --book

exercises: $(uv) ## Set up the exercises alone, in .venv-exercises, and say whether they run here
	$(call environment,.venv-exercises,--no-dev --group exercises)
	@.venv-exercises/bin/python tools/ready.py

# For another Python, one system, or the whole book: make wheels FOR="--book --system windows --python 3.13"
wheels: installed ## Fill the folder wheels, for a room without a network
	@$(python) tools/wheels.py wheels --uv $(uv) $(FOR)

pdf: book ## Print the whole book as one PDF (needs Chromium)
	$(python) tools/print_book.py

test: site ## Run every test: chapters, helpers, derivation, site
	$(python) -m pytest -n 2 --dist loadscope

luck: installed ## Execute the chapters with five other seeds: what they assert has to hold (an hour)
	$(python) tools/luck.py --times 5

lab: installed ## Open the chapters in JupyterLab
	$(python) -m jupyterlab .

ONLY := notebooks/*.ipynb teaching/exercises/*.ipynb
notebooks: installed ## Execute the chapters in place, to commit them with their outputs
	$(python) tools/execute.py $(ONLY)

# nbconvert's own preprocessors take out what is tagged "solution", and all outputs.
students: installed ## Make the students' notebooks from the solved exercises
	$(python) -m nbconvert --log-level WARN --to notebook --output-dir teaching/students \
		--TagRemovePreprocessor.enabled=True --TagRemovePreprocessor.remove_cell_tags=solution \
		--ClearOutputPreprocessor.enabled=True --ClearMetadataPreprocessor.enabled=True \
		--ClearMetadataPreprocessor.preserve_nb_metadata_mask=kernelspec \
		--ClearMetadataPreprocessor.preserve_nb_metadata_mask=language_info \
		--ClearMetadataPreprocessor.preserve_cell_metadata_mask=tags teaching/exercises/*.ipynb

instructors: students site ## Gather the whole book and its built site in _build/instructors
	rm -rf _build/instructors
	$(python) -m zipfile -e _build/html/partial-pooling.zip _build/instructors
	mkdir _build/instructors/partial-pooling/_build
	cp -R _build/html _build/instructors/partial-pooling/_build/html

slides: installed ## Build the slides alone, in _build/html/slides, where the site has them too
	$(python) -m sphinx -W -q -b revealjs teaching/slides _build/html/slides
	@$(python) -c 'from pathlib import Path; print("The slides:", Path("_build/html/slides/index.html").resolve().as_uri())'

bench: $(uv) ## Time the book's ways to fit against their peers (half an hour)
	$(call environment,.venv-bench,--no-dev --group bench)
	.venv-bench/bin/python bench/run.py

lint: $(uv) ## Check what can be checked without running anything; commits are checked so too
	@test -x $(python) || UV_PROJECT_ENVIRONMENT=$(VENV) $(uv) sync --quiet --locked --only-group lint
	$(python) -m pre_commit run --all-files

lock: $(uv) ## Renew uv.lock and what is made of it: every package, or PACKAGE=pymc alone
	$(uv) lock $(if $(PACKAGE),--upgrade-package $(PACKAGE),--upgrade)
	$(uv) export --quiet --locked --no-hashes --output-file requirements.txt
	$(uv) export --quiet --locked --no-hashes --no-dev --group exercises \
		--output-file requirements-exercises.txt

latest: $(uv) ## Build and test with the newest release of every package
	$(uv) venv --quiet --clear .venv-latest
	$(uv) pip install --quiet --python .venv-latest --group dev --editable .
	$(MAKE) test VENV=.venv-latest environment=

next: installed ## Build the same pages on current Sphinx, without Jupyter Book 1
	$(call environment,.venv-next,--no-dev --group next)
	mkdir -p _build/next
	$(python) tools/next_conf.py _build/next/conf.py
	.venv-next/bin/python -m sphinx -W -n --keep-going -q -c _build/next . _build/next/html
	SITE=_build/next/html $(python) -m pytest -n 2 --dist loadscope tests/test_pages.py tests/test_site.py

# An older processor: NumPy, OpenBLAS, Numba and the C library without what it lacks.
vectors = $(shell $(python) -c 'import numpy; print(*numpy.show_config("dicts")["SIMD Extensions"]["found"])')
older = NPY_DISABLE_CPU_FEATURES="$(vectors)" OPENBLAS_CORETYPE=Prescott NUMBA_CPU_NAME=generic \
	GLIBC_TUNABLES=glibc.cpu.hwcaps=-AVX2,-AVX512F,-FMA,-FMA4

processor: installed ## Execute everything as a processor without vector instructions does
	$(older) $(python) -m pytest -n 2 --dist loadscope notebooks teaching/exercises

audit: $(uv) ## Ask whether a locked version has a known hole
	$(uv) audit --locked

clean: ## Remove all that was built, and the environments
	rm -rf _build .venv .venv-* .tools .pytest_cache .ruff_cache

installed: $(uv)
	$(call environment,$(VENV))

# For those who have no uv. It moves in as a whole, in case that another make does the same.
.tools/bin/uv:
	@folder=$$(mktemp -d ./.tools.XXXXXX) && mkdir -p .tools/bin && python3 -m venv "$$folder" && \
		"$$folder/bin/python" -m pip install --quiet --disable-pip-version-check uv && \
		mv "$$folder/bin/uv" $@ && rm -rf "$$folder" || \
		{ echo "The set-up needs uv, or a python3 with venv and pip: please install either one."; exit 1; }
