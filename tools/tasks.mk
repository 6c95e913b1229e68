# What people ask for: run, demo, test, check, fuzz, bench. Included by the Makefile, which builds.
# Each suite or check is one line on the terminal and one log in $(LOGS); tools/summary closes.

LISTEN ?= 127.0.0.1:8080
DATA ?= ./data
FUZZ_SECONDS ?= 60
CHECK_FUZZ_SECONDS ?= 5
JOBS ?= $(shell nproc 2>/dev/null || echo 2)
# Debian's own python3 is the one that has Debian's packages.
PYTHON := $(firstword $(wildcard /usr/bin/python3) python3)
VECTORS ?= ../shared/reference/superflag-vectors.json
AMPLITUDE_VECTORS ?= ../shared/reference/amplitude-eval-vectors.json
SUB := $(MAKE) --no-print-directory

help:
	@echo 'make            build $(BUILD)/guidon'
	@echo 'make run        install what is missing, build, serve on $(LISTEN) with data in $(DATA)'
	@echo 'make demo       the same on temporary data, with an app to look at'
	@echo 'make test       install what the tests need, build, run them all'
	@echo 'make test-sdk   official SDKs for Python, Go and the JVM (npm ones are in make test), api-fuzz'
	@echo 'make api-fuzz   requests made up from /openapi.json, every answer held against it'
	@echo 'make check      before every commit: format, tidy, both compilers, static analysis, sanitizers, fuzz'
	@echo 'make check-more what CI runs beside it: the API tests under the address sanitizer, paths through functions, tests built by clang'
	@echo 'make unit-ROOM  the unit tests of one room: $(subst /,-,$(ROOMS))'
	@echo 'make tidy       the rules of the house: directions, words per room, banned calls'
	@echo 'make format     lay out every source file'
	@echo 'make fuzz       every parser for FUZZ_SECONDS=$(FUZZ_SECONDS)'
	@echo 'make bench      speed, beside nginx in the same minute (bench-quick: a glance)'
	@echo 'make campaign   the long tier: hours of faults, load and fuzzing, added up in proofs/ledger.jsonl'
	@echo 'make coverage   which lines the unit tests reach'
	@echo 'make coverage-evaluator   each branch and condition of the decision path (MC/DC)'
	@echo 'make deb sbom   the Debian package, and the list of what it is made of (SPDX), in $(BUILD)'
	@echo 'make install    program, man pages, completions into DESTDIR=$(DESTDIR) PREFIX=$(PREFIX)'
	@echo 'make test-packaging   installs and removes the package in a Debian of its own; builds twice and compares'
	@echo 'make hooks      check the layout before each commit'
	@echo 'make clean'
	@echo 'MODE=release|debug|asan|tsan|msan  CC=gcc|clang-14  LISTEN=HOST:PORT  DATA=DIR'

# ---- run --------------------------------------------------------------------------------------
# The packages come first, and a second make reads what pkg-config says of them.
run:
	@tools/install build run
	+@$(SUB) -s -j$(JOBS) all
	@exec $(BUILD)/guidon serve --listen $(LISTEN) --data $(DATA)

demo:
	@tools/install build run
	+@$(SUB) -s -j$(JOBS) all
	@exec tools/demo.sh $(BUILD)/guidon $(LISTEN)

# ---- test -------------------------------------------------------------------------------------
LOGS := $(BUILD)/test-logs
SUITE := SUITE_LOGS=$(LOGS) tools/suite
TESTED_ROOMS := $(foreach room,$(ROOMS),$(if $(wildcard tests/unit/$(room)/*_test.c),$(room)))
UNIT_SUITES := $(foreach room,$(TESTED_ROOMS),unit-$(call room_id,$(room))) \
	$(foreach folder,contract scenario,$(if $(wildcard tests/$(folder)/*_test.c),$(folder)))
TEST_BINARIES := $(foreach room,$(ROOMS),$(call test_binaries,tests/unit/$(room))) \
	$(call test_binaries,tests/contract) $(call test_binaries,tests/scenario)
BELOW_SERVER := $(call reverse_libraries,$(SEES_server))

# Programs beside the server see every room: the conformance runners, the fuzzers, the benches.
SEE_ALL := -I$(call room_include,server) -Itests/support $(PACKAGE_CFLAGS) -Wno-missing-prototypes
LINK_ALL = -Wl,--start-group $(BELOW_SERVER) -Wl,--end-group $(LLHTTP_LIBS) $(PACKAGE_LIBS)
NEED_ALL := $(BELOW_SERVER) $(filter %.a,$(LLHTTP_LIBS)) | $(call room_include,server)/.made

VECTOR_RUNNER := $(if $(wildcard tests/conformance/superflag/*.c),$(BUILD)/conformance/superflag-vectors)
$(BUILD)/conformance/superflag-vectors: $(wildcard tests/conformance/superflag/*.[ch]) $(NEED_ALL)
	@mkdir -p $(@D)
	@echo "  cc tests/conformance/superflag"; $(CC) $(CFLAGS_ALL) $(SEE_ALL) $(LINK_HARDENING) \
	  $(filter %.c,$^) $(LINK_ALL) -ljansson -o $@

AMPLITUDE_RUNNER := $(if $(wildcard tests/conformance/amplitude/*.c),$(BUILD)/conformance/amplitude-vectors)
$(BUILD)/conformance/amplitude-vectors: $(wildcard tests/conformance/amplitude/*.[ch]) $(NEED_ALL)
	@mkdir -p $(@D)
	@echo "  cc tests/conformance/amplitude"; $(CC) $(CFLAGS_ALL) $(SEE_ALL) $(LINK_HARDENING) \
	  $(filter %.c,$^) $(LINK_ALL) -o $@

# Against slow implementations of their own: every tests/differential/*_test.c with all that lies there.
DIFFERENTIAL := $(patsubst tests/%_test.c,$(BUILD)/%,$(wildcard tests/differential/*_test.c))
$(BUILD)/differential/%: tests/differential/%_test.c $(wildcard tests/differential/*.[ch] tests/scenario/*.h) $(NEED_ALL)
	@mkdir -p $(@D)
	@echo "  cc $<"; $(CC) $(CFLAGS_ALL) $(SEE_ALL) -Itests/differential $(LINK_HARDENING) \
	  $< $(filter-out %_test.c,$(filter %.c,$^)) $(LINK_ALL) -lcmocka -o $@
differential: $(DIFFERENTIAL)
	@$(PYTHON) tests/differential/run.py $(DIFFERENTIAL)

# The recorded cases lie beside a maintainer's checkout; our own are always here.
vectors: $(VECTOR_RUNNER) $(AMPLITUDE_RUNNER)
	@status=0; for file in $(wildcard $(VECTORS)) $(wildcard tests/conformance/superflag/*.json); do \
	  $(VECTOR_RUNNER) $$file || status=1; done; \
	for file in $(AMPLITUDE_VECTORS) $(wildcard tests/conformance/amplitude/*.json); do \
	  $(AMPLITUDE_RUNNER) $$file || status=1; done; exit $$status

# A file of tests/api is one worker's: its servers are its own.
WORKERS ?= $(JOBS)
AGAINST := PYTHONDONTWRITEBYTECODE=1 GUIDON_BINARY=$(abspath $(BUILD)/guidon) $(PYTHON)
# Every route and its policy, as the tables have them: what the matrix of permissions is made of.
$(BUILD)/support/routes: tests/support/routes.c $(call room_library,server) $(NEED_ALL)
	@mkdir -p $(@D)
	@echo "  cc $<"; $(CC) $(CFLAGS_ALL) $(SEE_ALL) $(LINK_HARDENING) $< $(call room_library,server) $(LINK_ALL) -o $@
# The server with a fault in its evaluator.
$(BUILD)/support/planted: tests/support/planted.c $(BUILD)/guidon
	@mkdir -p $(@D)
	@echo "  cc $<"; $(CC) $(CFLAGS_ALL) $(SEE_ALL) $(LINK_HARDENING) -Wl,--wrap=evaluate_flag $< -Wl,--whole-archive $(call room_library,program) \
	  -Wl,--no-whole-archive $(call reverse_libraries,$(SEES_program)) $(LLHTTP_LIBS) $(PACKAGE_LIBS) -o $@
api: all $(BUILD)/support/routes $(BUILD)/support/planted
	@$(AGAINST) -m pytest -q -p no:cacheprovider --durations=5 -n $(WORKERS) --dist loadfile tests/api
# The command line, against servers of its own, at pipes and at pseudo-terminals.
cli: all
	@$(AGAINST) -m pytest -q -p no:cacheprovider --durations=5 tests/cli
# Every block of the documentation, on servers of its own.
docs: all
	@$(AGAINST) -m pytest -q -p no:cacheprovider --durations=5 tests/docs
FAULT_TESTS := $(wildcard tests/fault/*_test.py)
# A disk that fails and is written down, loaded into the server; and what a data directory holds.
FAULT_PARTS := $(BUILD)/fault/states $(foreach shim,disk memory clock stall,$(BUILD)/fault/$(shim)_shim.so)
$(BUILD)/fault/%_shim.so: tests/fault/shim/%_shim.c
	@mkdir -p $(@D)
	@echo "  cc $<"; $(CC) -std=gnu17 -D_GNU_SOURCE -O2 -g -fPIC -shared -fno-builtin $(WARNINGS) \
	  -Wno-missing-prototypes $< -ldl -o $@
$(BUILD)/fault/disk_shim.so: $(wildcard tests/fault/shim/disk_shim.c tests/fault/shim/journal.[ch])
	@mkdir -p $(@D)
	@echo "  cc tests/fault/shim"; $(CC) -std=gnu17 -D_GNU_SOURCE -O2 -g -fPIC -shared $(WARNINGS) \
	  -Wno-missing-prototypes $(filter %.c,$^) -ldl -o $@
$(BUILD)/fault/states: tests/fault/shim/states.c $(NEED_ALL)
	@mkdir -p $(@D)
	@echo "  cc $<"; $(CC) $(CFLAGS_ALL) $(SEE_ALL) $(LINK_HARDENING) $< $(LINK_ALL) -o $@
fault-binaries: all $(FAULT_PARTS) $(BUILD)/support/routes
fault: fault-binaries
	@status=0; for test in $(FAULT_TESTS); do $(AGAINST) $$test || status=1; done; exit $$status
# Official SDKs, unmodified, from their registries: those of npm are part of `test`.
SDK_SUITES := sdk-python sdk-go sdk-jvm api-fuzz
SDK_RUN := BUILD=$(abspath $(BUILD)) PYTHON=$(PYTHON) GUIDON_BINARY=$(abspath $(BUILD)/guidon) tests/sdk/run
sdk-%: all
	@$(SDK_RUN) $*
# Requests made up from /openapi.json, right and wrong ones: API_FUZZ_SEED=N repeats a run.
api-fuzz: all
	@$(SDK_RUN) api-fuzz
SERVER_SUITES := $(if $(VECTOR_RUNNER),vectors) $(if $(DIFFERENTIAL),differential) $(if $(wildcard tests/api/test_*.py),api) \
	$(if $(FAULT_TESTS),fault) sdk-npm $(if $(wildcard tests/cli/test_*.py),cli) $(if $(wildcard tests/docs/test_*.py),docs)

test-binaries: all $(FAULT_PARTS) $(BUILD)/support/routes $(BUILD)/support/planted $(TEST_BINARIES) $(VECTOR_RUNNER) $(AMPLITUDE_RUNNER) $(DIFFERENTIAL)

test:
	@tools/install build run test
	+@$(SUB) -j$(JOBS) test-binaries
	@rm -rf $(LOGS)
	+@$(SUB) $(addprefix suite-,$(UNIT_SUITES) $(SERVER_SUITES))
	@tools/summary $(LOGS)

test-sdk:
	@tools/install build sdk
	+@$(SUB) -j$(JOBS) all
	@rm -rf $(LOGS)
	+@$(SUB) $(addprefix suite-,$(SDK_SUITES))
	@tools/summary $(LOGS)

# As root, all of it; what a machine cannot do (debootstrap, namespaces, systemd) is skipped aloud.
PACKAGING_SUITES := packaging reproducible
packaging: all
	@$(AGAINST) -m pytest -q -p no:cacheprovider --durations=5 tests/packaging
reproducible:
	@BUILD=$(abspath $(BUILD)) JOBS=$(JOBS) SOURCE_DATE_EPOCH=$(SOURCE_DATE_EPOCH) tools/reproducible
test-packaging:
	@tools/install build package packaging-test
	+@$(SUB) -j$(JOBS) all
	@rm -rf $(LOGS)
	+@$(SUB) $(addprefix suite-,$(PACKAGING_SUITES))
	@tools/summary $(LOGS)

suite-%:
	+@$(SUITE) $* $(SUB) $*

# ---- check: what CI runs ------------------------------------------------------------------------
SOURCES := $(wildcard src/*/*.c src/*/*/*.c)
OTHER_SOURCES := $(wildcard tests/*/*.c tests/*/*/*.c tests/*/*/*/*.c fuzz/*.c bench/*.c)
HEADERS := $(wildcard src/*/*.h src/*/*/*.h tests/*/*.h tests/*/*/*.h tests/*/*/*/*.h fuzz/*.h bench/*.h)
THREADED := $(filter http store snapshot ingest change stream dialect,$(TESTED_ROOMS))

check:
	@tools/install build run test check
	@rm -rf $(LOGS)
	+@$(SUB) -j$(JOBS) suite-check-gcc
	+@$(SUB) -j$(JOBS) $(addprefix suite-check-,$(STATIC_CHECKS))
	+@$(SUB) $(addprefix suite-check-,$(DYNAMIC_CHECKS))
	+@$(SUB) -j$(JOBS) FUZZ_SECONDS=$(CHECK_FUZZ_SECONDS) FUZZ_SEED=1 $(addprefix suite-fuzz-,$(FUZZERS))
	@tools/summary $(LOGS)

check-more:
	@tools/install build run test check
	@rm -rf $(LOGS)
	+@$(SUB) -j$(JOBS) suite-check-clang suite-check-paths
	+@$(SUB) suite-check-asan-api
	@tools/summary $(LOGS)

# Each of these leaves the others' files alone, so they may run side by side.
STATIC_CHECKS := format tidy artefact cppcheck clang-tidy
DYNAMIC_CHECKS := asan $(if $(VECTOR_RUNNER),asan-vectors) \
	$(if $(THREADED),tsan) $(if $(filter api,$(SERVER_SUITES)),tsan-api) \
	$(if $(FUZZERS),fuzz-build) msan coverage-evaluator instructions

check-format:
	@clang-format-14 --dry-run -Werror $(SOURCES) $(OTHER_SOURCES) $(HEADERS)
check-tidy: tidy
check-gcc:
	+@$(SUB) CC=gcc test-binaries bench-binaries
# The server itself clang builds for its fuzzers; here also all that only tests are made of.
check-clang:
	+@$(SUB) CC=clang-14 BUILD=$(BUILD)/clang OPTIMISE='-O0 -g0' test-binaries bench-binaries
check-artefact:
	@tools/check-artefact $(BUILD)/guidon
check-cppcheck: $(call room_include,program)/.made
	@cppcheck --quiet --std=c11 -j$(JOBS) --enable=warning,performance,portability \
	  --inline-suppr --suppressions-list=tools/cppcheck.txt --error-exitcode=1 \
	  -D_GNU_SOURCE -DGUIDON_VERSION='"$(VERSION)"' -I$(call room_include,program) src
# gcc's own path analysis; not part of `check` while it takes a declared non-null for one.
check-analyser:
	+@$(SUB) MODE=release BUILD=$(BUILD)/analyser CFLAGS=-fanalyzer -k all
check-clang-tidy:
	+@$(SUB) -k $(patsubst %,$(BUILD)/clang-tidy/%.ok,$(SOURCES))

source_room = $(strip $(foreach room,$(ROOMS),$(if $(filter $(1),$(call room_sources,$(room))),$(room))))
# The paths through functions take ten times as long as all the rest, and are check-more's. There the
# analysis of one function goes a third as far as it would, which is to the end of most, in a third of
# the time. `make campaign-analysis` goes all the way.
TIDY_WITHOUT ?= -clang-analyzer-*
TIDY_NODES ?= 75000
define CLANG_TIDY_RULE
$(BUILD)/clang-tidy/$(1).ok: $(1) .clang-tidy $(HEADERS) | $(call room_include,$(2))/.made
	@mkdir -p $$(@D)
	@clang-tidy-14 --quiet --warnings-as-errors='*' --checks='$$(TIDY_WITHOUT)' $(1) -- -std=c17 -D_GNU_SOURCE \
	  -DGUIDON_VERSION='"$(VERSION)"' -I$(call room_include,$(2)) $(PACKAGE_CFLAGS) \
	  -Xclang -analyzer-config -Xclang max-nodes=$$(TIDY_NODES) >$$@.log 2>&1 \
	  && touch $$@ || { cat $$@.log; exit 1; }
endef
$(foreach source,$(SOURCES),$(eval $(call CLANG_TIDY_RULE,$(source),$(call source_room,$(source)))))

check-paths:
	+@$(SUB) -k TIDY_WITHOUT= BUILD=$(BUILD)/paths check-clang-tidy

# Leaks count, and so does every undefined step.
SANITIZE := ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1:abort_on_error=1 \
	UBSAN_OPTIONS=print_stacktrace=1 \
	TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1
# The thread sanitizer wants an address space it can foresee, where the kernel grants that.
FIXED := $(shell setarch -R true 2>/dev/null && echo setarch -R)
ASAN := $(SANITIZE) $(SUB) MODE=asan BUILD=$(BUILD)/asan
TSAN := $(SANITIZE) $(FIXED) $(SUB) MODE=tsan BUILD=$(BUILD)/tsan
# Servers that are slow to start leave a third of the processors idle; no test here measures time.
CROWDED := WORKERS=$(shell echo $$(( 2 * $(JOBS) )))

check-asan:
	+@$(ASAN) -j$(JOBS) test-binaries
	+@$(ASAN) -k -j$(JOBS) --output-sync $(UNIT_SUITES)
check-asan-vectors:
	+@$(ASAN) vectors
check-asan-api:
	+@$(ASAN) -j$(JOBS) all
	+@$(ASAN) $(CROWDED) api
threaded-binaries: $(foreach room,$(THREADED),$(call test_binaries,tests/unit/$(room)))
check-tsan:
	+@$(TSAN) -j$(JOBS) all threaded-binaries
	+@$(TSAN) -k -j$(JOBS) --output-sync $(addprefix unit-,$(THREADED)) SINGLE_THREADED='%/store/disk_test'
check-tsan-api:
	+@$(TSAN) $(CROWDED) api

# What is read before it was written, where text becomes flags and flags become decisions. jansson is
# not built for it and trips over itself.
MSAN_TESTS := $(filter-out %/json/differential_test,$(foreach room,base json model eval,$(call test_binaries,tests/unit/$(room))))
unpoisoned: $(MSAN_TESTS)
	@status=0; for test in $^; do $$test || status=1; done; exit $$status
check-msan:
	+@$(SUB) MODE=msan BUILD=$(BUILD)/msan -j$(JOBS) unpoisoned

# Instructions per request of the hot journeys, against bench/instructions.json.
INSTRUCTIONS := PYTHONDONTWRITEBYTECODE=1 BUILD=$(BUILD) $(PYTHON) bench/instructions.py
check-instructions: all $(BUILD)/bench/instructions
	@$(INSTRUCTIONS)
instructions-accept: all $(BUILD)/bench/instructions
	@$(INSTRUCTIONS) --accept

tidy:
	@tools/tidy
format:
	@clang-format-14 -i $(SOURCES) $(OTHER_SOURCES) $(HEADERS)
hooks:
	@mkdir -p "$$(git rev-parse --git-path hooks)"
	@ln -sf ../../tools/pre-commit "$$(git rev-parse --git-path hooks)/pre-commit"
	@echo 'commits are now checked by tools/pre-commit'

# ---- fuzz: fuzz/NAME_fuzz.c with its seeds in fuzz/NAME/corpus ----------------------------------
FUZZERS := $(patsubst fuzz/%_fuzz.c,%,$(wildcard fuzz/*_fuzz.c))
FUZZ := $(SANITIZE) $(SUB) MODE=fuzz CC=clang-14 BUILD=$(BUILD)/fuzz
fuzz:
	@tools/install build check
	@rm -rf $(LOGS)
	+@$(SUB) -j$(JOBS) fuzz-binaries
	+@$(SUB) -j$(JOBS) $(addprefix suite-fuzz-,$(FUZZERS))
	@tools/summary $(LOGS)
check-fuzz-build: fuzz-binaries
fuzz-binaries:
	+@mkdir -p $(BUILD)/fuzz && flock $(BUILD)/fuzz/.lock env $(FUZZ) $(FUZZERS:%=$(BUILD)/fuzz/bin/%)
ifeq ($(MODE),fuzz)
# Beside what a server is made of, what reads other systems' documents and a server's answers.
FUZZ_LIBRARIES := $(foreach room,server import client,$(call room_library,$(room)))
$(BUILD)/bin/%: fuzz/%_fuzz.c fuzz/fuzz.h $(FUZZ_LIBRARIES) $(NEED_ALL)
	@mkdir -p $(@D)
	@echo "  cc $<"; $(CC) $(CFLAGS_ALL) -Isrc $(PACKAGE_CFLAGS) -Wno-missing-prototypes $(LINK_HARDENING) \
	  -fsanitize=fuzzer $< -Wl,--start-group $(FUZZ_LIBRARIES) $(BELOW_SERVER) -Wl,--end-group $(LLHTTP_LIBS) $(PACKAGE_LIBS) -o $@
endif
define FUZZ_RULE
fuzz-$(1): fuzz-binaries
	@mkdir -p $(BUILD)/fuzz/found/$(1) $(BUILD)/fuzz/crashes
	@$(SANITIZE) $(BUILD)/fuzz/bin/$(1) $(if $(FUZZ_SEED),-seed=$(FUZZ_SEED)) -max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=2048 \
	  $(addprefix -dict=,$(wildcard fuzz/$(1)/$(1).dict)) -print_final_stats=1 -artifact_prefix=$(BUILD)/fuzz/crashes/$(1)- \
	  $(BUILD)/fuzz/found/$(1) $(wildcard fuzz/$(1)/corpus)
.PHONY: fuzz-$(1)
endef
$(foreach fuzzer,$(FUZZERS),$(eval $(call FUZZ_RULE,$(fuzzer))))

# ---- bench --------------------------------------------------------------------------------------
BENCHES := $(patsubst %.c,$(BUILD)/%,$(wildcard bench/*_bench.c)) $(BUILD)/bench/writers
$(BUILD)/bench/%: bench/%.c $(NEED_ALL)
	@mkdir -p $(@D)
	@echo "  cc $<"; $(CC) $(CFLAGS_ALL) $(SEE_ALL) $(LINK_HARDENING) $< $(LINK_ALL) $(LIBS_$*) -o $@
LIBS_json_bench := -ljansson
bench-binaries: all $(BENCHES) $(BUILD)/bench/instructions
# It has the whole server in it, for callgrind to count.
$(BUILD)/bench/instructions: bench/instructions.c $(call room_library,server) $(NEED_ALL)
	@mkdir -p $(@D)
	@echo "  cc $<"; $(CC) $(CFLAGS_ALL) $(SEE_ALL) $(LINK_HARDENING) $< $(call room_library,server) $(LINK_ALL) -o $@
bench:
	@tools/install build test bench
	+@$(SUB) -j$(JOBS) bench-binaries
	@BUILD=$(BUILD) BENCH_RESULTS=bench/results.json bench/run.py
# The pages that are made of the results.
bench-report:
	@bench/report.py --write
bench-quick:
	@tools/install build test bench
	+@$(SUB) -j$(JOBS) bench-binaries
	@BUILD=$(BUILD) BENCH_SECONDS=1 BENCH_PAIRS=2 bench/run.py

# ---- package ------------------------------------------------------------------------------------
# The instant the source is of, so that the same source gives the same package whenever it is built.
SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct 2>/dev/null || stat -c %Y CHANGELOG.md)
LLHTTP_HEADER := $(if $(filter %.a,$(LLHTTP_LIBS)),$(wildcard /usr/share/include/llhttp/llhttp.h))
deb: all
	@SOURCE_DATE_EPOCH=$(SOURCE_DATE_EPOCH) packaging/deb/build $(BUILD)/guidon $(VERSION) $(BUILD)
sbom: all
	@SOURCE_DATE_EPOCH=$(SOURCE_DATE_EPOCH) packaging/sbom $(BUILD)/guidon $(VERSION) $(LLHTTP_HEADER) \
	  >$(BUILD)/guidon.spdx.json.part && mv $(BUILD)/guidon.spdx.json.part $(BUILD)/guidon.spdx.json
	@echo $(BUILD)/guidon.spdx.json

DESTDIR ?=
PREFIX ?= /usr/local
INSTALLED := $(DESTDIR)$(PREFIX)
install: all
	@install -D -m 0755 $(BUILD)/guidon $(INSTALLED)/bin/guidon
	@install -d $(INSTALLED)/share/man/man1 $(INSTALLED)/share/bash-completion/completions \
	  $(INSTALLED)/share/zsh/site-functions $(INSTALLED)/share/fish/vendor_completions.d
	@$(BUILD)/guidon man $(INSTALLED)/share/man
	@$(BUILD)/guidon completion bash >$(INSTALLED)/share/bash-completion/completions/guidon
	@$(BUILD)/guidon completion zsh >$(INSTALLED)/share/zsh/site-functions/_guidon
	@$(BUILD)/guidon completion fish >$(INSTALLED)/share/fish/vendor_completions.d/guidon.fish
	@echo 'installed below $(INSTALLED)'

# ---- coverage -----------------------------------------------------------------------------------
COVERAGE := $(SUB) MODE=debug CFLAGS=--coverage BUILD=$(BUILD)/coverage
coverage:
	@tools/install build test check
	+@$(COVERAGE) -j$(JOBS) test-binaries
	+@for suite in $(UNIT_SUITES); do $(COVERAGE) $$suite >/dev/null || exit 1; done
	@gcovr --root . --filter src/ --object-directory $(BUILD)/coverage/obj --txt
# Each branch and condition of the decision path; fails when one is not decided both ways.
EVALUATOR := $(SUB) MODE=debug CC=clang-19 CFLAGS='-fprofile-instr-generate -fcoverage-mapping -fcoverage-mcdc' \
	BUILD=$(BUILD)/evaluator
coverage-evaluator:
	@tools/install build test coverage
	+@$(EVALUATOR) -j$(JOBS) unit-eval-binaries
	@PYTHONDONTWRITEBYTECODE=1 $(PYTHON) tools/coverage-evaluator $(BUILD)/evaluator
unit-eval-binaries: $(call test_binaries,tests/unit/eval)
.PHONY: coverage-evaluator unit-eval-binaries
check-coverage-evaluator: coverage-evaluator

.PHONY: help run demo test test-sdk api-fuzz test-binaries threaded-binaries check check-more vectors differential api cli docs fault fault-binaries tidy format hooks fuzz fuzz-binaries \
	bench bench-quick bench-binaries bench-report instructions-accept coverage deb sbom install packaging reproducible test-packaging \
	unpoisoned check-gcc $(addprefix check-,$(STATIC_CHECKS) $(DYNAMIC_CHECKS))
include tools/campaign.mk
