# Gerland: `make demo` and `make test` do all the set-up they need.
.DEFAULT_GOAL := help
REPORTS ?= 20000
SEED ?= 1
WORKERS ?= 2
LANDING ?= data/landing
bin := .venv/bin

help: ## these lines
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "make %-8s %s\n", $$1, $$2}'

setup: ## install what is locked, fetch the jars
	@infra/setup.sh

demo: setup ## the main job on a simulated country: lake, signals, report
	@$(bin)/gerland simulate --out $(LANDING) --reports $(REPORTS) --seed $(SEED)
	@$(bin)/gerland run --landing $(LANDING)

test: setup ## all tests but the slow proofs, in WORKERS processes (2)
	@$(bin)/python -m pytest -q -m "not slow" -n $(WORKERS) --dist loadfile --no-loadscope-reorder --max-worker-restart=0

prove: setup ## the slow proofs
	@$(bin)/python -m pytest -q -m slow

cluster: setup ## the main job embedded, over Connect, on a cluster, on an object store: a table of hashes, all equal
	@$(bin)/python -m infra.jars s3
	@$(bin)/python -m pytest -q -m slow tests/cluster

fuzz: setup ## the readers of every source under a coverage-guided fuzzer, a million inputs a source
	@$(bin)/python -m tests.fuzz

bench: setup ## each job against a named peer, ratios of processor seconds
	@$(bin)/python -m tests.benchmarks

check: setup ## lint, format, types, architecture
	@$(bin)/ruff check .
	@$(bin)/ruff format --check .
	@$(bin)/mypy
	@$(bin)/lint-imports --no-cache

docs: setup ## the dictionary page, and the documentation site in data/site
	@$(bin)/python -m pipelines.commands.dictionary
	@NO_MKDOCS_2_WARNING=1 PYTHONPATH=$(CURDIR) $(bin)/mkdocs build --strict --quiet --config-file infra/mkdocs.yml

lock: setup ## resolve the dependencies again
	@$(bin)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-annotate --no-header \
		--group pyproject.toml:dev --extra cluster pyproject.toml -o requirements.lock

clean: ## everything that was made: environment, lake, caches
	@rm -rf .venv data .pytest_cache .ruff_cache .mypy_cache .hypothesis

.PHONY: help setup demo test prove cluster fuzz bench check docs lock clean
