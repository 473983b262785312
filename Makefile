# Headwater. `make` lists what can be asked for; the recipes need a POSIX shell and GNU make 3.81 or newer.
#
# Each step leaves a stamp and is redone only when what it was made from has changed, so that a second
# `make run` starts at once and needs no network.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:

VENV := .venv/bin
# Node.js from .venv goes first: it is there only where the machine's own will not do. Either trusts the
# certificates that the machine trusts.
WITH_NODE := PATH="$(CURDIR)/$(VENV):$$PATH" NODE_USE_SYSTEM_CA=1
PAGE := backend/src/headwater/page/index.html
PAGE_SOURCES := $(shell find frontend/src frontend/public frontend/diagram 2>/dev/null) \
	$(wildcard frontend/index.html frontend/package.json frontend/tsconfig*.json frontend/vite.config.* frontend/scripts/*.ts)

LIBRARY_SOURCES := $(wildcard frontend/library/*.* frontend/examples/embedded/*.* frontend/examples/embedded/src/*)

# Where HOME cannot be written (a container's bare user), caches go beside the build.
ifeq ($(shell test -w "$$HOME/." && echo writable),)
export HOME := $(shell mkdir -p .make/home)$(CURDIR)/.make/home
endif

# Else every process of the tests compiles all of its source again, which takes longer than most of them do.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help
help: ## This list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' Makefile

# --- Setting up

.PHONY: setup
setup: .venv/.runtime .venv/.local-model $(PAGE) ## Install what the application needs and build the page

# The environment, and in it what installs the rest. Made again when its Python is gone or the folder has moved.
ifneq ($(shell $(VENV)/python -c 'print(open(".venv/.place").read())' 2>/dev/null),$(CURDIR))
.venv/.place: again
endif
.PHONY: again
again:

.venv/.place: backend/requirements-setup.lock
	@echo "Headwater: making the Python environment in .venv"
	@python=$$(sh scripts/find-python.sh) && "$$python" -m venv --clear .venv
	@sh scripts/install.sh --require-hashes -r backend/requirements-setup.lock
	@printf '%s\n' "$(CURDIR)" > $@

.venv/.runtime: backend/requirements.lock backend/pyproject.toml .venv/.place
	@echo "Headwater: installing the server"
	@sh scripts/install.sh --require-hashes -r backend/requirements.lock
	@sh scripts/install.sh --no-build-isolation -e backend
	@touch $@

.venv/.local-model: backend/requirements-local.lock .venv/.place
	@echo "Headwater: installing the local model"
	@sh scripts/install-local-model.sh
	@touch $@

.PHONY: node
node: .venv/.place
	@sh scripts/find-node.sh

frontend/node_modules/.stamp: frontend/package.json frontend/package-lock.json $(wildcard frontend/.npmrc) | node
	@echo "Headwater: installing the page's packages"
	@cd frontend && $(WITH_NODE) npm ci --include=dev --no-audit --no-fund --no-update-notifier --loglevel=error >/dev/null
	@touch $@

$(PAGE): $(PAGE_SOURCES) frontend/node_modules/.stamp
	@echo "Headwater: building the page"
	@cd frontend && $(WITH_NODE) npm run --silent build:page -- --logLevel warn
	@cd frontend && $(WITH_NODE) npm run --silent build:diagram -- --logLevel warn
	@touch $@

LIBRARY := frontend/examples/embedded/dist/index.html

.PHONY: library
library: node $(LIBRARY) ## The chat as a library for React, and the example that uses it

$(LIBRARY): $(PAGE_SOURCES) $(LIBRARY_SOURCES) frontend/node_modules/.stamp
	@echo "Headwater: building the library"
	@cd frontend && $(WITH_NODE) npm run --silent build:library -- --logLevel warn
	@ln -sfn ../library frontend/node_modules/headwater-chat
	@cd frontend && $(WITH_NODE) npm run --silent build:example -- --logLevel warn

.venv/.dev: backend/requirements-dev.lock .venv/.runtime
	@echo "Headwater: installing the development tools"
	@sh scripts/install.sh --require-hashes -r backend/requirements-dev.lock
	@touch $@

.PHONY: dev-tools browser
dev-tools: .venv/.dev frontend/node_modules/.stamp node
browser: .venv/.dev node
	@$(WITH_NODE) $(VENV)/python scripts/find_browser.py

# --- Running

.PHONY: run dev
run: setup ## Set up, then serve on http://127.0.0.1:8000
	@exec $(VENV)/headwater serve

dev: setup .venv/.dev node ## Both halves, each reloading when its source changes
	@exec sh scripts/dev.sh

# --- Checking

RUFF_ELSEWHERE := --config ../backend/pyproject.toml --config 'src = ["."]'

.PHONY: check format
check: dev-tools ## Format, lint, types and arrows of both halves, in seconds
	cd backend && ../$(VENV)/ruff format --check --quiet . && ../$(VENV)/ruff check --quiet .
	cd e2e && ../$(VENV)/ruff format --check --quiet $(RUFF_ELSEWHERE) . && ../$(VENV)/ruff check --quiet $(RUFF_ELSEWHERE) .
	cd scripts && ../$(VENV)/ruff format --check --quiet $(RUFF_ELSEWHERE) . && ../$(VENV)/ruff check --quiet $(RUFF_ELSEWHERE) .
	cd backend && ../$(VENV)/mypy
	cd e2e && ../$(VENV)/mypy .
	cd backend && ../$(VENV)/lint-imports
	cd frontend && ../$(VENV)/ruff format --check --quiet $(RUFF_ELSEWHERE) bench && ../$(VENV)/ruff check --quiet $(RUFF_ELSEWHERE) bench
	cd frontend && $(WITH_NODE) npm run --silent check
	@$(WRITE_STUBS) && for file in .make/stubs/headwater/v1/*; do cmp -s $$file $(STUBS)/$${file##*/} || \
		{ echo "Headwater: $(STUBS) is not what $(PROTO) says; run make proto" >&2; exit 1; }; done
	@$(WRITE_TYPES) && cmp -s .make/schema.ts $(TYPES) || \
		{ echo "Headwater: $(TYPES) is not what the server describes; run make types" >&2; exit 1; }
	@$(WRITE_CONFIGURATION) && cmp -s .make/configuration.md $(CONFIGURATION) || \
		{ echo "Headwater: $(CONFIGURATION) is not what the settings say; run make configuration" >&2; exit 1; }

format: dev-tools ## Format both halves and mend what the linters can
	cd backend && ../$(VENV)/ruff check --fix --quiet . ; ../$(VENV)/ruff format .
	cd e2e && ../$(VENV)/ruff check --fix --quiet $(RUFF_ELSEWHERE) . ; ../$(VENV)/ruff format $(RUFF_ELSEWHERE) .
	cd frontend && ../$(VENV)/ruff check --fix --quiet $(RUFF_ELSEWHERE) bench ; ../$(VENV)/ruff format $(RUFF_ELSEWHERE) bench
	cd frontend && $(WITH_NODE) npm run --silent format

.PHONY: test test-backend test-frontend test-deploy test-e2e
test: setup dev-tools browser check test-deploy test-backend test-frontend test-e2e ## Everything, its own set-up included

test-backend: setup dev-tools ## The server's tests
	cd backend && ../$(VENV)/python -m pytest -n auto --dist worksteal

test-frontend: dev-tools ## The page's tests
	cd frontend && $(WITH_NODE) npm test

KUBERNETES := $(filter-out %/kustomization.yaml,$(wildcard deploy/kubernetes/*.yaml))

test-deploy: dev-tools ## The syntax of what is in Dockerfile, docker-compose.yml, Caddyfile, deploy/ and .github/
	$(VENV)/hadolint Dockerfile
	$(VENV)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml
	$(VENV)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/ci.yml
	$(VENV)/caddy validate --adapter caddyfile --config Caddyfile 2>.make/caddy.log || { cat .make/caddy.log; exit 1; }
	! $(VENV)/kubernetes-validate --strict --quiet $(KUBERNETES) 2>&1 | grep .
	@if docker compose version >/dev/null 2>&1; then docker compose --profile '*' config --quiet; fi

.PHONY: image-check
image-check: setup dev-tools ## Build the image without a registry, and run two of it with Caddy and PostgreSQL (as root)
	PYTHONPATH=backend $(VENV)/python scripts/image_check.py

test-e2e: setup dev-tools browser library ## The whole application in a real browser
	HEADWATER_TEST_BROWSER="$$(cat .make/browser)" $(VENV)/python -m pytest e2e -n 2 --dist worksteal

CHAOS_SECONDS ?= 600

.PHONY: chaos
chaos: setup dev-tools ## Faults at random for CHAOS_SECONDS while servers on one PostgreSQL read each other's replies (ARGS="7 transaction": a seed, through PgBouncer)
	cd backend && ../$(VENV)/python -m tests.live.chaos $(CHAOS_SECONDS) $(ARGS)

.PHONY: fuzz
fuzz: setup dev-tools ## The property tests with inputs that are drawn anew; make test draws the same each time
	cd backend && HEADWATER_FUZZ=1 ../$(VENV)/python -m pytest -n auto --dist worksteal -m hypothesis
	cd frontend && HEADWATER_FUZZ=1 $(WITH_NODE) npx vitest run $$(grep -rl fast-check src --include=*.test.ts --include=*.test.tsx)

.PHONY: soak
soak: setup dev-tools ## An hour of replies in minutes while everything goes wrong that can (MINUTES=3 for each half)
	cd backend && ../$(VENV)/python -m benchmarks.soak --minutes $(or $(MINUTES),3)

.PHONY: bench bench-quick
bench: .venv/.dev ## Streams, processor time and memory beside other servers; writes docs/performance.md (an hour)
	@cd backend && ../$(VENV)/python -m benchmarks.streams --write $(ARGS)

bench-quick: .venv/.dev ## A part of it in two minutes, which writes nothing (ARGS="--help")
	@cd backend && ../$(VENV)/python -m benchmarks.streams --quick $(ARGS)

frontend/bench/node_modules/.stamp: frontend/bench/package.json frontend/bench/package-lock.json | node
	@cd frontend/bench && $(WITH_NODE) npm ci --no-audit --no-fund --no-update-notifier --loglevel=error >/dev/null
	@touch $@

.PHONY: bench-render
bench-render: dev-tools browser frontend/bench/node_modules/.stamp ## What it costs to draw a reply, beside other renderers (ARGS="--help")
	@cd frontend && $(WITH_NODE) npm run --silent bench -- --logLevel error
	@$(VENV)/python frontend/bench/measure.py $(ARGS)

# --- Upkeep

TYPES := frontend/src/api/schema.ts
WRITE_TYPES = mkdir -p .make && $(VENV)/headwater openapi >.make/openapi.json && cd frontend && \
	$(WITH_NODE) npm run --silent types <../.make/openapi.json >../.make/schema.ts && cd ..

.PHONY: types
types: dev-tools ## Write the page's types anew from the server's description
	@$(WRITE_TYPES) && cp .make/schema.ts $(TYPES)

PROTO := proto/headwater/v1/chat.proto
STUBS := backend/src/headwater/v1
WRITE_STUBS = rm -rf .make/stubs && mkdir -p .make/stubs && $(VENV)/python -m grpc_tools.protoc -Iproto \
	--plugin=$(VENV)/protoc-gen-connectrpc --connectrpc_opt=protobuf=google,io=async \
	$(foreach kind,python pyi grpc_python connectrpc,--$(kind)_out=.make/stubs) $(PROTO)

.PHONY: proto
proto: dev-tools ## Write the messages, the client and the service of gRPC anew from proto/
	@$(WRITE_STUBS) && cp .make/stubs/headwater/v1/* $(STUBS)/

# The page has one table, and it stands behind the marker.
CONFIGURATION := docs/configuration.md
WRITE_CONFIGURATION = mkdir -p .make && $(VENV)/headwater settings >.make/settings.md && \
	sed -e '/^<!-- make configuration/r .make/settings.md' -e '/^|/d' $(CONFIGURATION) >.make/configuration.md

.PHONY: configuration
configuration: dev-tools ## Write the table of variables in docs/configuration.md anew from the settings
	@$(WRITE_CONFIGURATION) && cp .make/configuration.md $(CONFIGURATION)

.PHONY: capacity
capacity: dev-tools ## Write the table of machines in docs/operating.md anew from the simulation
	@cd backend && ../$(VENV)/python -m benchmarks.capacity --write

COMPILE = ../$(VENV)/uv pip compile --quiet --no-config --universal --python-version 3.11 \
	--generate-hashes --no-annotate --no-header $(if $(UPGRADE),--upgrade)

.PHONY: lock clean
lock: .venv/.place ## Write the lock files anew (UPGRADE=1 takes the newest versions)
	cd backend && $(COMPILE) pyproject.toml -o requirements.lock
	cd backend && for group in dev setup node; do \
		$(COMPILE) --group $$group -c requirements.lock -o requirements-$$group.lock || exit 1; done
	cd backend && $(COMPILE) --group local --no-deps -o requirements-local.lock
	cd backend && for peer in fastapi litellm; do $(filter-out --generate-hashes,$(COMPILE)) \
		benchmarks/streams/servers/programs/$$peer.in -o benchmarks/streams/servers/programs/$$peer.lock || exit 1; done

clean: ## Remove everything that was installed or built; conversations in .headwater stay
	rm -rf .venv .make frontend/node_modules frontend/bench/node_modules frontend/library/dist frontend/examples/embedded/dist backend/src/headwater/page backend/src/*.egg-info
	rm -rf backend/.mypy_cache backend/.ruff_cache backend/.pytest_cache backend/.hypothesis backend/.import_linter_cache
