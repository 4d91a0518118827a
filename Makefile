# The words that everybody uses, locally as in CI. `make` alone lists them.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
WORKERS ?= 2
LINES ?= 60000
REPEAT ?= 3
DEMO := build/demo
CONTEXT ?= reviews
FIRST := tests/e2e/test_sample.py tests/e2e/test_both_directions.py

.DEFAULT_GOAL := help
# Where the programs for odd and hostile inputs lie.
SHARED ?= ../shared

.PHONY: help bench-boundary bench-copy bench-cut harness test-aws test-containers test-compose test-browser test-dask demo docs man test lint e2e golden bench oracle proof-wger clean

help: ## this list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

# One environment for everything, with the versions and hashes that CI uses.
$(VENV)/.ready: requirements/dev.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

test: $(VENV)/.ready ## the tests; the end-to-end proof is `make e2e`
	$(BIN)/python -m pytest -n $(WORKERS) -m "not e2e and not aws and not containers and not compose and not browser"

e2e: $(VENV)/.ready ## analyze, plan, extract and verify copies of whole monoliths
	@# Two processes, each with whole files: the tests of a file build on one another.
	$(BIN)/python -m pytest -m e2e $(FIRST) & first=$$!; \
	$(BIN)/python -m pytest -m e2e $(addprefix --ignore=,$(FIRST)); second=$$?; \
	wait $$first && exit $$second

lint: $(VENV)/.ready ## formatting, lint, types, and the rules of our own architecture
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(VENV)/.ready ## the documentation site, into build/docs/site; any warning fails
	PYTHONPATH=tools $(BIN)/python -m handbook.build

golden: $(VENV)/.ready ## write the golden files and the outputs in docs/ anew; review the diff
	UPDATE_GOLDEN=1 $(BIN)/python -m pytest tests/golden tests/unit/report/test_json.py --update-golden
	UPDATE_DOCS=1 $(BIN)/python -m pytest -n $(WORKERS) -m "not e2e" tests/pages/test_pages.py

bench: $(VENV)/.ready ## time and memory as ratios; TREE="paths", LINES=size of the generated one, REPEAT=rounds
	$(BIN)/python tests/benchmark/bench.py $(TREE) --lines $(LINES) --repeat $(REPEAT)

bench-cut: $(VENV)/.ready ## how good the cut is: graphs in SHARED, TREES="--tree FOLDER[=LABELS] ..." [FIRM=--firm]
	$(BIN)/python tests/benchmark/cut.py --shared $(SHARED) $(TREES) $(FIRM)

bench-copy: $(VENV)/.ready ## rows copied, killed, resumed and checked, beside COPY alone; ROWS="250000 500000 1000000" [FIRM=--firm]
	$(BIN)/python tests/benchmark/copy_rows.py $(if $(ROWS),--rows $(ROWS)) $(FIRM)

bench-boundary: $(VENV)/.ready ## a remote call beside one in the process, connections, throughput; [CALLS=n FIRM=--firm]
	$(BIN)/python tests/benchmark/boundary.py $(if $(CALLS),--calls $(CALLS)) $(FIRM)

oracle: $(VENV)/.ready ## PROJECTS=folder with checkouts [ONLY=name,name SHOW=n KIND=kind]: real projects, run, against our facts
	$(BIN)/python tests/oracle/run.py "$(PROJECTS)" --only "$(ONLY)" --show $(or $(SHOW),0) --kind "$(KIND)" --cache build/oracle

harness: $(VENV)/.ready ## odd and hostile inputs and plans, same bytes, memory, faults while analyze, plan and extract write; SHARED=folder [PARTS="plan extract"], FULL=1 for every point and 3 million lines
	$(BIN)/python tests/harness/run.py $(SHARED) $(PARTS)

test-aws: $(VENV)/.ready ## judges of everything around a service: botocore, cfn-lint, checkov, hadolint, schemas, shellcheck, Terraform; says what it skipped
	@# A judge that cannot be had is skipped by name at the end, not a failure here.
	-$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/aws.txt
	-test -x build/checkov/bin/checkov || { $(PYTHON) -m venv build/checkov \
	  && build/checkov/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/checkov.txt; }
	CHECKOV=build/checkov/bin/checkov SHARED=$(SHARED) $(BIN)/python -m pytest -m aws tests/aws

test-containers: $(VENV)/.ready ## images built, generated tasks and listener rules run; needs podman, buildah, PostgreSQL, redis-server
	sh tests/containers/run.sh $(abspath $(VENV)) "$(SHARED)/containers"

test-compose: $(VENV)/.ready ## the generated compose files started on this machine; needs podman and buildah
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "podman-compose>=1.6"
	sh tests/containers/run.sh $(abspath $(VENV)) "$(SHARED)/containers" compose

test-browser: $(VENV)/.ready ## the review page in chromium, judged by axe-core; needs chromium and npm; MONOLITHS="folder:folder": there and back on these, too
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "playwright>=1.50"
	npm install --no-save --silent axe-core
	MONOLITHS="$(MONOLITHS)" $(BIN)/python -m pytest -m browser -rA --show-capture=stdout

man: $(VENV)/.ready ## the man pages, in build/man; part of a release
	$(BIN)/python -m decompose.cli.man build/man

test-dask: $(VENV)/.ready ## --scheduler on a real cluster of two worker processes
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/dask.txt
	$(BIN)/python -m pytest -m dask

demo: $(VENV)/.ready ## the whole job on a copy of the sample: analyze, plan, extract, verify
	sh tests/e2e/demo.sh $(abspath $(VENV)) $(DEMO) $(CONTEXT)

proof-wger: $(VENV)/.ready ## WGER=checkout PYTHON_OF_WGER=python: extract and verify a context of a real monolith
	sh tests/e2e/proof_wger.sh $(abspath $(VENV)) "$(WGER)" "$(PYTHON_OF_WGER)"

clean: ## remove what can be made again
	rm -rf build dist $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
