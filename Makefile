# The doors of this house. Everything beyond python3 (3.11 or later), make and git comes from the
# package registries; nothing needs root, and nothing needs containers.
.DEFAULT_GOAL := help
.PHONY: help run test check format chaos bench pins clean
MAKEFLAGS += --no-print-directory
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/ready
# Of which Python an environment is; one that was made by another is made anew.
WHICH := import sys; print(sys.base_prefix, sys.version)
DATA := $(or $(BETALT_DATA),.data)
PACKAGES := contracts law plumbing services deploy tests
CONTRACTS := catalogue compatibility described
# Two workers, each with parts of its own; where parts are given, one, for they would share them.
WORKERS ?= 2
GIVEN := $(DATABASE_URL)$(KAFKA_BOOTSTRAP_SERVERS)
DURATION ?= 120
SEED ?= 1
OLD_CLAIMS ?= 1000000
FILE ?= 1000000
SCALE ?= 20000

help: ## Show this help
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(READY) ## Start the whole platform and tell its story; Ctrl-C stops it
	@$(BIN)/betalt run

test: $(READY) lint ## The gate, then every test, on a real PostgreSQL and a real Kafka
	@echo "Tests: on PostgreSQL and Kafka of their own, started on free ports"
	@$(BIN)/pytest -q $(if $(GIVEN),,-n $(WORKERS) --dist loadfile --no-loadscope-reorder) $(STRICT)

check: $(READY) lint ## The gate alone: format, lint, types, imports, contracts; and what is longest
	@$(BIN)/pytest -q --exitfirst tests/architecture $(CONTRACTS:%=tests/contracts/test_%.py)
	@$(BIN)/python -m tests.architecture.sizes

format: $(READY) ## Format the code and mend what the linter can mend
	@$(BIN)/ruff format -q . && $(BIN)/ruff check -q --fix .

chaos: $(READY) ## Kill everything at random during a story, then judge (DURATION= in peace, SEED=)
	@$(BIN)/python -m deploy.chaos --duration $(DURATION) --seed $(SEED)

bench: $(READY) ## Measure beside this machine's raw baseline (SCALE= OLD_CLAIMS= FILE=)
	@$(BIN)/python -m deploy.bench --scale $(SCALE) --old-claims $(OLD_CLAIMS) --file $(FILE)

pins: ## Renew constraints.txt: the newest of everything that pyproject.toml allows
	@rm -rf build/pins && $(PYTHON) -m venv build/pins
	@build/pins/bin/pip install -q -e '.[local,test]'
	@head -1 constraints.txt > build/constraints.txt
	@build/pins/bin/pip freeze --exclude-editable >> build/constraints.txt
	@mv build/constraints.txt constraints.txt && rm -rf build/pins

clean: ## Remove the platform's data, logs and what was built; keeps .venv
	@test ! -e $(DATA)/lock || flock -n $(DATA)/lock true || \
	  { echo "Betalt is running with the data in $(DATA): stop it first"; exit 1; }
	@test ! -L $(DATA)/postgres || rm -rf "$$(readlink -f $(DATA)/postgres)"
	@test ! -e $(DATA)/lock || rm -rf $(DATA)
	@rm -rf build .pytest_cache .mypy_cache .ruff_cache .hypothesis

.PHONY: lint
lint: $(READY)
	@echo "Gate: format, lint, types"
	@$(BIN)/ruff format -q --check .
	@$(BIN)/ruff check -q .
	@$(BIN)/mypy --no-error-summary $(PACKAGES)

$(READY): pyproject.toml constraints.txt
	@command -v $(PYTHON) > /dev/null || { echo "python3 is missing: apt install python3"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or later is needed; this is $$($(PYTHON) --version)"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2> /dev/null || \
	  { echo "Python's venv is missing: apt install python3-venv"; exit 1; }
	@echo "Installing Betalt's libraries, PostgreSQL and Java into .venv (once, a minute or two)"
	@test "$$($(BIN)/python3 -c '$(WHICH)' 2> /dev/null)" = "$$($(PYTHON) -c '$(WHICH)')" || rm -rf .venv
	@$(PYTHON) -m venv .venv
	@$(BIN)/pip install -q --disable-pip-version-check -c constraints.txt -e '.[local,test]'
	@touch $@
