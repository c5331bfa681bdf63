# twinhop: `make demo` and `make test` need Python >= 3.11 and a package index; nothing else.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11 python; do \
  "$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$p" && break; done)
BIN := .venv/bin
WORKERS ?= 2
# LAYER=placement, or several: the tests and the doctests of those folders alone, by what is on disk
LAYER =
comma := ,
LAYERS := $(filter-out __pycache__,$(patsubst tests/%/.,%,$(sort $(wildcard tests/*/.))))
ASKED := $(subst $(comma), ,$(LAYER))
UNKNOWN := $(foreach layer,$(ASKED),$(if $(wildcard tests/$(layer)/.),,$(layer)))
ifneq ($(strip $(UNKNOWN)),)
$(error LAYER: no folder tests/$(firstword $(UNKNOWN)); there are $(LAYERS))
endif
TESTED = $(foreach layer,$(ASKED),tests/$(layer) $(wildcard src/twinhop/$(layer) src/twinhop/$(layer).py))

.PHONY: help setup peers demo test test-slow test-live test-page test-page-engines check types format docs docs-outputs lock clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-17s %s\n", $$1, $$2}'

setup: .venv/.stamp ## build .venv from requirements.lock; leaves .venv/bin/twinhop ready

.venv/.stamp: requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "twinhop needs Python 3.11 or newer on the PATH (or: make PYTHON=/path/to/python3.11)"; exit 2; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

peers: .venv-peers/.stamp ## build .venv-peers: other projects' environments and learners, for side-by-side runs

.venv-peers/.stamp: benchmarks/peers.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "twinhop needs Python 3.11 or newer on the PATH (or: make PYTHON=/path/to/python3.11)"; exit 2; }
	$(PYTHON) -m venv .venv-peers
	.venv-peers/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[env]' -r benchmarks/peers.txt
	@touch $@

demo: setup ## plan a generated city, compare the policies, draw the map
	@echo "twinhop: the first run compiles the solver's loops, about half a minute"
	@$(BIN)/twinhop compare city-small --out out/demo
	@$(BIN)/twinhop plan city-small --out out/demo
	@echo "the map is out/demo/map.png, the policies against the bound are out/demo/comparison.png"

test: setup ## the fast tests; of one layer: make test LAYER=placement
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(TESTED)

test-slow: setup ## the slow and live tests too; LAYER as above
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder -m 'slow or not slow' $(TESTED)

test-live: setup ## the live system beside programs of others (Debian: mosquitto, mosquitto-clients, prometheus, curl, systemd)
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder -m 'live and not slow' tests/live

test-page: setup ## the page: sources, bundle, and pages in the system's Chromium; needs node and npm
	@bash web/page-tests/run.sh

test-page-engines: setup ## pages in Firefox and WebKit (Debian: firefox-esr, webkit2gtk-driver, xvfb)
	@bash web/page-tests/run.sh engines

check: setup ## format, lint, types, layers, docs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(MAKE) --no-print-directory --jobs=2 types docs

types: setup ## check the types
	$(BIN)/pyright

docs: setup ## build the documentation; warnings and dead links are errors
	$(BIN)/sphinx-build -q -W --keep-going -b html docs docs/_build/html
	$(BIN)/python docs/_ext/links.py docs/_build/html

docs-outputs: setup ## put what commands print today into README and documentation; PAGES=docs/operating.md: into these alone
	$(BIN)/python docs/_ext/outputs.py $(PAGES)
	$(if $(PAGES),,$(BIN)/python docs/_ext/page_pictures.py)
	$(if $(PAGES),,$(BIN)/python docs/_ext/page_screenshots.py)
	$(if $(PAGES),,$(BIN)/python docs/_ext/notebooks.py)
	$(if $(PAGES),,$(if $(wildcard .venv-peers/.stamp),.venv-peers/bin/python docs/_ext/notebooks.py own-agent))

format: setup ## format the code and mend what ruff can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: setup ## resolve requirements.lock anew from pyproject.toml (needs uv)
	uv pip compile --universal --fork-strategy fewest --generate-hashes --python-version 3.11 --group dev --extra env --extra excel --extra learn --extra serve \
	  --no-emit-index-url --no-header pyproject.toml -o requirements.lock

clean: ## remove what was built
	rm -rf .venv .venv-peers out docs/_build docs/_generated
