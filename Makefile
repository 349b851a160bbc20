# Two commands: `make demo` runs the story, `make test` runs every test.
# They need Rust, a C compiler and Python 3.10 or later, and say so where one is missing.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help tools demo bench fuzz leak torture programs backends timing test test-rust test-doc test-python test-mobile test-examples test-verify lint doc clean

CARGO ?= cargo
LANG_OF_DEMO ?= en

help:
	@echo 'make demo                           the story on an invented person'
	@echo "make demo FILES='a.json b.zip' QUESTION='...'   the same on your files (paths without blanks)"
	@echo 'make test                           all tests: Rust, documentation, C, Python, mobile, the verifiers'
	@echo 'make bench                          the table of speeds, beside SQLCipher and SQLite'
	@echo 'make fuzz                           every fuzz target for FUZZ_SECONDS (60)'
	@echo 'make leak                           the leak test kit, times too (LEAK_ROUNDS, 60)'
	@echo 'make torture                        crashes, faults, damage and kills, for hours (TORTURE=--quick)'
	@echo 'make programs                       random programs of calls against a vault (PROGRAMS, 100000)'
	@echo 'make backends                       ring and AWS-LC: known answers, and spaces of one opened by the other'
	@echo 'make timing                         whether comparisons of secrets take one time (TIMING=100000)'
	@echo 'make lint, make doc                 formatting and clippy; the API pages'

tools:
	@ok=1; \
	command -v $(CARGO) >/dev/null || { ok=0; echo 'missing: Rust 1.89 or later, from https://rustup.rs' >&2; }; \
	command -v cc >/dev/null || command -v gcc >/dev/null || command -v clang >/dev/null || \
	  { ok=0; echo 'missing: a C compiler (Debian: apt-get install build-essential; macOS: xcode-select --install)' >&2; }; \
	command -v python3 >/dev/null || { ok=0; echo 'missing: Python 3.10 or later (Debian: apt-get install python3 python3-venv)' >&2; }; \
	[ $$ok = 1 ]

# The question reaches the program through the environment: it may hold any character.
demo: export STORY_QUESTION := $(value QUESTION)
demo: tools
	@set -e; args=(--lang '$(LANG_OF_DEMO)'); \
	if [ -n "$$STORY_QUESTION" ]; then args+=(--question "$$STORY_QUESTION"); fi; \
	$(CARGO) run --quiet --locked --release -p healthspace-examples --bin story -- \
	  "$${args[@]}" $(if $(strip $(FILES)),$(FILES),--person)

# The peer is a package of its own: nobody else compiles OpenSSL. BENCH='--quick' for a short look.
bench: tools
	$(CARGO) build --release --locked --manifest-path benches/peer-sqlcipher/Cargo.toml --target-dir target/peer
	$(CARGO) run --release --locked -p healthspace-benches --features internals -- \
	  --peer target/peer/release/healthspace-peer-sqlcipher $(BENCH)

# The seeds are read-only: what a run finds goes to core/fuzz/corpus. FUZZ='fhir zip' for some; FUZZ_JOBS at once.
FUZZ ?= fhir apple zip form keys sealed proof evidence segment question consent file
FUZZ_SECONDS ?= 60
FUZZ_JOBS ?= 1
fuzz: tools
	@command -v cargo-fuzz >/dev/null || { echo 'missing: cargo install cargo-fuzz --locked' >&2; exit 1; }
	@rustup run nightly rustc --version >/dev/null || { echo 'missing: rustup toolchain install nightly' >&2; exit 1; }
	cd core/fuzz && $(CARGO) +nightly fuzz build --fuzz-dir .
	@cd core/fuzz && mkdir -p artifacts && printf '%s\n' $(FUZZ) | xargs -P $(FUZZ_JOBS) -I{} bash -c ' \
	  mkdir -p corpus/{}; \
	  if $(CARGO) +nightly fuzz run --fuzz-dir . {} corpus/{} seeds/{} -- -max_total_time=$(FUZZ_SECONDS) \
	    -rss_limit_mb=512 -timeout=10 -print_final_stats=1 >artifacts/{}.log 2>&1; \
	  then echo "== Fuzzed: {}: $$(grep -h number_of_executed_units artifacts/{}.log), nothing found"; \
	  else tail -40 artifacts/{}.log; echo "== Fuzzed: {}: FAILED"; exit 255; fi'

# Two spaces that differ in withheld data only: nobody who asks may tell them apart.
LEAK_ROUNDS ?= 60
leak: tools
	$(CARGO) run --quiet --locked --release -p healthspace-examples --bin leak_kit -- --rounds $(LEAK_ROUNDS)

# Crash states, faults at every call, every flipped bit, exchanged rows, kills, bombs: `core/docs/assurance.md`.
# TORTURE='--quick', '--only crash,flips', '--seed N', '--from N', '--seconds N'.
torture: tools
	$(CARGO) run --quiet --locked --release -p healthspace-torture --bin healthspace-torture -- $(TORTURE)

# Random programs against a real vault: with a model beside them, and with what truly came from health records.
# PROGRAMS=37000..100000 goes on where a run ended.
PROGRAMS ?= 100000
programs: tools
	HEALTHSPACE_PROGRAMS=$(PROGRAMS) $(CARGO) test --locked --release -p healthspace --lib -- --nocapture --test-threads 2 tests_programs tests_taint

# The tests of what does cryptography on AWS-LC, then spaces that each library wrote, opened with the other.
# All tests of the core with BACKEND_TESTS='all()'. The profile is the tests': AWS-LC is compiled once.
BACKEND_SPACES ?= 1000
BACKEND_TESTS ?= test(crypto::) + test(keyring::) + test(ledger::) + test(tests_memory::)
# Few of the tests run here: compiling them optimised takes longer than they do.
BACKEND_CONFIG = --config profile.test.package.healthspace.opt-level=0
backends: tools
	@if $(CARGO) nextest --version >/dev/null 2>&1; then \
	  $(CARGO) nextest run $(BACKEND_CONFIG) --locked -p healthspace --lib --no-default-features --features backend-aws-lc -E '$(BACKEND_TESTS)'; \
	else \
	  $(CARGO) test $(BACKEND_CONFIG) --locked -p healthspace --lib --no-default-features --features backend-aws-lc; \
	fi
	$(CARGO) build --quiet --locked -p healthspace-torture
	cp target/debug/healthspace-torture target/debug/healthspace-on-ring
	$(CARGO) build --quiet --locked -p healthspace-torture --features backend-aws-lc
	target/debug/healthspace-on-ring backends target/debug/healthspace-torture $(BACKEND_SPACES)

# Whether a comparison of secrets says by its time how it came out. TIMING='100000' for a short look;
# TIMING_FEATURES=internals,backend-aws-lc for the other library.
TIMING_FEATURES ?= internals
timing: tools
	$(CARGO) run --quiet --locked --release -p healthspace-torture --features $(TIMING_FEATURES) --bin healthspace-timing -- $(TIMING)

# What follows the Rust tests is of one core each, and two at a time; each says what it says at its end.
TOGETHER = -j2 --no-print-directory $(if $(filter output-sync,$(.FEATURES)),--output-sync=target)

test: test-rust test-doc
	@$(MAKE) $(TOGETHER) test-python test-mobile test-examples test-verify

# cargo-nextest where it is installed, else cargo's own runner.
test-rust: tools
	@[ -d ../shared ] || echo 'SKIPPED: ../shared is not there; what is tested on real files and on published vectors is passed over'
	@if $(CARGO) nextest --version >/dev/null 2>&1; then \
	  echo '== Rust tests (cargo nextest)'; $(CARGO) nextest run --locked --workspace --no-fail-fast; \
	else \
	  echo '== Rust tests (cargo test)'; $(CARGO) test --locked --workspace --lib --bins --tests --no-fail-fast; \
	fi

test-doc: tools
	@echo '== Documentation tests'; $(CARGO) test --locked --workspace --doc --no-fail-fast

# Each binding brings a script that builds what it needs and runs its tests.
test-python test-mobile: test-%: tools
	@if [ -f bindings-$*/test.sh ]; then \
	  echo '== Binding tests: $*'; bash bindings-$*/test.sh; \
	else \
	  echo 'SKIPPED: bindings-$*/test.sh is not there yet'; \
	fi

# The stories in C and in Python, as a reader of `examples/` runs them.
test-examples: test-python
	@echo '== Examples in C and Python'; CARGO='$(CARGO)' bash examples/test.sh

# Receipts, consistency proofs and evidence files, verified by programs that are not the library.
test-verify: tools
	@echo '== Verifiers in Go and Python'; CARGO='$(CARGO)' bash examples/verify/test.sh

lint: tools
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings

doc: tools
	RUSTDOCFLAGS='-D warnings' $(CARGO) doc --locked --workspace --no-deps

clean:
	$(CARGO) clean
	rm -rf .venv
