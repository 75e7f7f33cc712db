# `make help` lists the targets.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := build

PEERS := $(patsubst tests/peers/%/go.mod,%,$(wildcard tests/peers/*/go.mod))

.PHONY: help
help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: ## Build the release binary
	cargo build --release --locked

.PHONY: test
test: install lint deny peers doc fuzz ## Everything: install what is missing, lint, build the peers, run every test
	cargo test --workspace --locked
	@echo 'make test: everything passed'

.PHONY: install
install: ## Install the Debian packages that are missing
	@.ci/install

.PHONY: fmt
fmt: ## Format the sources
	cargo fmt --all

.PHONY: lint
lint: install ## Check formatting, lints and scripts
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	shellcheck .ci/* benches/compare benches/compare-cluster examples/demo examples/encrypt keys-example/make tests/peers/build tests/peers/control-plane crates/kustomize/tests/cases/make

.PHONY: deny
deny: install ## Check licences, banned crates and sources of the dependencies
	"$$(.ci/install cargo-deny)" --locked check bans licenses sources

.PHONY: peers
peers: install ## Build the real programs that the tests run against
	@for peer in $(PEERS); do tests/peers/build "$$peer"; done

.PHONY: doc
doc: install ## Build the documentation of the workspace
	RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps --locked

.PHONY: fuzz
fuzz: install ## Type-check the fuzz targets (running them needs cargo-fuzz and a nightly toolchain)
	@# The product's lock file, and libFuzzer on top: what is fuzzed is what is shipped.
	cp Cargo.lock fuzz/Cargo.lock
	cargo check --manifest-path fuzz/Cargo.toml

.PHONY: bench
bench: ## Run the criterion benches
	cargo bench --workspace --locked

.PHONY: compare
compare: install build ## Measure lockstep and the real programs side by side, write benches/compare*.md
	benches/compare

.PHONY: demo
demo: install build ## Show a sync with secrets on a real API server, which is started for it
	examples/demo

.PHONY: vectors
vectors: peers ## Make the test vectors anew with the real programs
	@for script in $(sort $(wildcard crates/*/tests/vectors/make crates/*/tests/cases/make tests/vectors/make)); do echo "$$script"; "$$script"; done

.PHONY: clean
clean: ## Remove what was built in the checkout
	cargo clean
	rm -rf fuzz/target
