.DEFAULT_GOAL := help
PREFIX ?= /usr/local
PROGRAMS := anycode anycodectl anycode-runner anycode-demo-agent
SOURCES := Package.swift Sources Tests Benchmarks Supervision/Package.swift Supervision/Sources Supervision/Tests migrations

# CI treats warnings as errors everywhere, so that check and test share one build.
ifeq ($(CI),true)
export ANYCODE_STRICT := 1
CHECK_BUILD := .build
else
CHECK_BUILD := .build/strict
endif

.PHONY: help
help: ## Show this help
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: setup
setup:
	@scripts/setup

.PHONY: run
run: setup ## Build, and do a first task with the demo agent: no account, no key, no Docker
	@scripts/build debug $(PROGRAMS)
	@.build/debug/anycode quickstart

.PHONY: test
test: setup ## Run all tests that this machine allows, and name those that it does not
	@scripts/test

.PHONY: check
check: setup ## Format, lint, import directions, forbidden patterns, warnings as errors
	@swift format lint --strict --recursive --parallel $(wildcard $(SOURCES))
	@scripts/check-imports
	@scripts/check-patterns
	@scripts/simulate-planted --check
	@ANYCODE_STRICT=1 scripts/quietly "Building with warnings as errors" \
	    swift build --build-tests --scratch-path $(CHECK_BUILD)
	@echo "All checks passed."

.PHONY: simulate
simulate: setup ## Run whole daemons under seeds, with every fault there is: SEEDS=0..<1000, SHOW=1, ALL=1
	@scripts/simulate '$(or $(SEEDS),0..<1000)' $(if $(SHOW),--show) $(if $(ALL),--all)

.PHONY: simulate-planted
simulate-planted: setup ## Plant known bugs in a copy, and see that the simulation finds each
	@scripts/simulate-planted

.PHONY: format
format: ## Format the sources in place
	@swift format --in-place --recursive --parallel $(wildcard $(SOURCES))

.PHONY: build
build: setup ## Build the release programs into .build/release
	@scripts/build release $(PROGRAMS)

.PHONY: bench
bench: setup ## Measure beside the budgets (ONLY="supervision stages agents live crowd programs docker", ERLANG=1 installs the peer)
	@scripts/bench $(ONLY)

.PHONY: sanitize
sanitize: setup ## Run all tests under AddressSanitizer, then ThreadSanitizer; ONLY=thread for one
	@for kind in $(or $(ONLY),address thread); do echo "Under the $$kind sanitizer:"; \
	    SANITIZE=$$kind scripts/test || exit 1; done

.PHONY: fuzz
fuzz: setup ## Feed every parser of outside bytes with made-up input; SECONDS=60 for each, ONLY=json-rpc for one
	@scripts/fuzz "$(or $(SECONDS),60)" $(ONLY)

.PHONY: storm
storm: setup ## Kill the daemon and its runners KILLS=1000 times and count what is lost; SEED=7 repeats a storm
	@scripts/build debug anycode anycode-runner storm-agent storm
	@.build/debug/storm --kills $(or $(KILLS),1000) --sessions $(or $(SESSIONS),20) $(if $(SEED),--seed $(SEED))

.PHONY: image
image: ## Build the sandbox's image: IMAGE=anycode-sandbox:latest, ARGS="--build-arg BASE=debian:12"
	@docker build -f docker/Dockerfile.agent -t $(or $(IMAGE),anycode-sandbox:latest) $(ARGS) .

.PHONY: install
install: ## Install what `make build` built under PREFIX (/usr/local)
	@scripts/install "$(DESTDIR)$(PREFIX)" $(PROGRAMS)

.PHONY: clean
clean: ## Remove everything that was built
	@rm -rf .build Supervision/.build
