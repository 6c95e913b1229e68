# The long tier: what takes too long for every commit and is added up in proofs/ledger.jsonl.
# Included by tools/tasks.mk. A campaign is a target campaign-NAME and a line that adds NAME to
# CAMPAIGNS; its size is a variable with a default, and it ends by itself.

CAMPAIGN := GUIDON_PROOFS=$(abspath proofs/ledger.jsonl) $(AGAINST)
CAMPAIGNS :=

# ---- promises ------------------------------------------------------------------------------------
# What proves them, all of the commit tier or these: make prove PROMISES="D3 S5".
PROMISES ?=
prove: all
	@$(CAMPAIGN) proofs/prove.py $(PROMISES)
# docs/guarantees.md and the README's tables, from what was recorded.
guarantees:
	@$(PYTHON) proofs/report.py --write
.PHONY: prove guarantees

# ---- the sandbox: every API test in a network that leads nowhere, and many successors inside -----
CAMPAIGNS += sandbox
SANDBOX_HANDOVERS ?= 200
campaign-sandbox: all $(BUILD)/support/routes
	@OUTBOUND_TOUR=all SANDBOX_HANDOVERS=$(SANDBOX_HANDOVERS) $(CAMPAIGN) -m pytest -q -s -p no:cacheprovider \
	  tests/api/test_no_outbound.py tests/api/test_sandbox.py

# ---- the disk, and sudden deaths -----------------------------------------------------------------
# Each kill is one more for the ledger: a campaign may be run as often as there is time.
CAMPAIGN_KILLS ?= 10000
CAMPAIGN_KILL_FLAGS ?= 5000
CAMPAIGN_POWER_CHANGES ?= 200
CAMPAIGN_POWER_RANDOM ?= 5000
CAMPAIGN_FLIPS ?= 10000
CAMPAIGN_FULL_SECONDS ?= 600
CAMPAIGN_BACKUPS ?= 100
CAMPAIGNS += kill kill-flags power io full-disk flips backups
campaign-kill: fault-binaries
	@GUIDON_KILLS=$(CAMPAIGN_KILLS) $(CAMPAIGN) tests/fault/kill_test.py
# How soon a server of many flags is ready again.
campaign-kill-flags: fault-binaries
	@GUIDON_KILLS=100 GUIDON_LANES=1 GUIDON_KILL_FLAGS=$(CAMPAIGN_KILL_FLAGS) $(CAMPAIGN) tests/fault/kill_test.py
campaign-power: fault-binaries
	@GUIDON_POWER_CHANGES=$(CAMPAIGN_POWER_CHANGES) GUIDON_POWER_POINTS=0 GUIDON_POWER_STARTS=50 \
	  GUIDON_POWER_RANDOM=$(CAMPAIGN_POWER_RANDOM) $(CAMPAIGN) tests/fault/power_test.py
campaign-io: fault-binaries
	@GUIDON_IO_POINTS=0 $(CAMPAIGN) tests/fault/io_test.py
campaign-full-disk: fault-binaries
	@GUIDON_FULL_SECONDS=$(CAMPAIGN_FULL_SECONDS) $(CAMPAIGN) tests/fault/full_disk_test.py
campaign-flips: fault-binaries
	@GUIDON_FLIPS=$(CAMPAIGN_FLIPS) GUIDON_FLIP_STARTS=300 $(CAMPAIGN) tests/fault/flip_test.py
campaign-backups: fault-binaries
	@GUIDON_BACKUPS=$(CAMPAIGN_BACKUPS) $(CAMPAIGN) tests/fault/backup_test.py

# Stores of every earlier schema, killed and cut off while they are brought up to date.
CAMPAIGN_MIGRATION_KILLS ?= 1000
CAMPAIGN_MIGRATION_CUTS ?= 1000
CAMPAIGNS += migrations
campaign-migrations: fault-binaries
	@GUIDON_MIGRATION_KILLS=$(CAMPAIGN_MIGRATION_KILLS) GUIDON_MIGRATION_CUTS=$(CAMPAIGN_MIGRATION_CUTS) \
	  GUIDON_MIGRATION_STARTS=25 $(CAMPAIGN) tests/fault/migration_test.py

# ---- bench: what start, memory and streams cost, with their targets --------------------------------
CAMPAIGN_BENCH ?= standing streams
CAMPAIGNS += bench
campaign-bench: bench-binaries
	@BUILD=$(BUILD) BENCH_ONLY="$(CAMPAIGN_BENCH)" $(CAMPAIGN) bench/run.py

# ---- fuzzing: FUZZ_MINUTES shared by all targets, what they find added to their corpora ----------
CAMPAIGNS += fuzz
FUZZ_MINUTES ?= 120
FUZZ_TARGETS ?= $(FUZZERS)
campaign-fuzz: fuzz-binaries
	@$(SANITIZE) $(CAMPAIGN) proofs/fuzz.py $(BUILD)/fuzz/bin $(BUILD)/fuzz/found $(FUZZ_MINUTES) $(FUZZ_TARGETS)

# ---- abuse ---------------------------------------------------------------------------------------
# Crowds in large, and the commit tier's random tests with more dice. ABUSE_SEED repeats a run.
ABUSE_SEED ?= $(shell date +%s)
ABUSE_MUTANTS ?= 20000
ABUSE_SWAPS ?= 10000
ABUSE_SLOW ?= 4000
ABUSE_OVERLOAD ?= 1000
ABUSE_STREAMS ?= 15000
ABUSE_API = $(CAMPAIGN) -m pytest -q -p no:cacheprovider -s
CAMPAIGNS += abuse cpu-bound crowds overload
campaign-abuse: all $(BUILD)/support/routes
	@GUIDON_SEED=$(ABUSE_SEED) GUIDON_MUTANTS=$(ABUSE_MUTANTS) GUIDON_SWAPS=$(ABUSE_SWAPS) \
	  GUIDON_STORM_RATIO_MAX=1.5 $(ABUSE_API) tests/api/test_proxy_differential.py tests/api/test_abuse.py \
	  tests/api/test_route_matrix.py tests/api/test_path_encodings.py tests/api/test_http_conformance.py \
	  tests/api/test_secrets_canary.py
campaign-cpu-bound: all $(BUILD)/support/routes
	@GUIDON_CPU_BOUND_MS=50 $(ABUSE_API) tests/api/test_cpu_bound.py
campaign-crowds: all $(BUILD)/support/routes
	@$(CAMPAIGN) tests/load/crowd.py slow $(ABUSE_SLOW)
	@$(CAMPAIGN) tests/load/crowd.py storm $(ABUSE_STREAMS)

campaign-overload: all $(BUILD)/bench/overload_bench
	@$(CAMPAIGN) tests/load/overload.py 3 $(ABUSE_OVERLOAD)

# ---- hours of ordinary life ----------------------------------------------------------------------
CAMPAIGNS += soak
SOAK_MINUTES ?= 120
campaign-soak: all
	@$(CAMPAIGN) tests/load/soak.py $(SOAK_MINUTES)

# ---- allocations ---------------------------------------------------------------------------------
# Every n-th allocation that finds no memory, of a start, of every route, of changes (promise D4); 0:
# all there are.
CAMPAIGNS += allocation
ALLOCATION_POINTS ?= 0
campaign-allocation: fault-binaries $(BUILD)/support/routes
	@GUIDON_ALLOCATION_POINTS=$(ALLOCATION_POINTS) GUIDON_ALLOCATION_STARTS=$(ALLOCATION_POINTS) \
	  GUIDON_ALLOCATION_CHANGES=$(ALLOCATION_POINTS) $(CAMPAIGN) tests/fault/allocation_test.py

# ---- safe change: what a rehearsal costs, hostile configurations, faults planted in the evaluator -
CAMPAIGN_HOSTILE ?= 10000
CAMPAIGNS += safe-change
campaign-safe-change: all $(BUILD)/support/planted $(BUILD)/bench/writers
	@HOSTILE_COUNT=$(CAMPAIGN_HOSTILE) $(CAMPAIGN) -m pytest -q -s -p no:cacheprovider \
	  tests/api/test_hostile.py tests/api/test_rehearsal.py tests/api/test_growth.py tests/api/test_reuse.py
	@$(CAMPAIGN) proofs/rehearsal.py

# ---- limits --------------------------------------------------------------------------------------
# The limiters against their models, LIMITS_SEQUENCES random walks of them; the bound on their memory.
LIMITS_SEQUENCES ?= 300000
LIMITS_TESTS := $(BUILD)/unit/dialect/rate_model_test $(BUILD)/unit/dialect/rate_bound_test
CAMPAIGNS += limits
campaign-limits: $(LIMITS_TESTS)
	@GUIDON_SEQUENCES=$(LIMITS_SEQUENCES) $(CAMPAIGN) proofs/figures.py S9 fair-limits $(LIMITS_TESTS)

# ---- timing: a million timings of each class of wrong credentials (promise S8) ---------------------
$(BUILD)/timing/%: tests/timing/%.c $(NEED_ALL)
	@mkdir -p $(@D)
	@echo "  cc $<"; $(CC) $(CFLAGS_ALL) $(SEE_ALL) $(LINK_HARDENING) $< $(LINK_ALL) -o $@
TIMING := $(BUILD)/timing/credential_timing
TIMING_COUNT ?= 1000000
CAMPAIGNS += timing
campaign-timing: $(TIMING)
	@GUIDON_TIMINGS=$(TIMING_COUNT) $(CAMPAIGN) tests/timing/timing_test.py time $(TIMING)
# Of the commit tier: by instructions, which no busy machine changes.
check-timing: $(TIMING)
	@$(AGAINST) tests/timing/timing_test.py count $(TIMING)
DYNAMIC_CHECKS += timing
.PHONY: check-timing

# ---- a clock that lies, and events while the disk stands still --------------------------------------
CLOCK_STEPS ?= 20000
EVENT_ROUNDS ?= 400
EVENTS_RATIO ?= 1.1
CAMPAIGNS += clock events
campaign-clock: fault-binaries
	@GUIDON_CLOCK_STEPS=$(CLOCK_STEPS) $(CAMPAIGN) tests/fault/clock_test.py
campaign-events: fault-binaries
	@GUIDON_EVENT_ROUNDS=$(EVENT_ROUNDS) GUIDON_EVENTS_RATIO=$(EVENTS_RATIO) $(CAMPAIGN) tests/fault/events_test.py

# ---- mutants: do the tests notice a change of the evaluator, authorisation and limits? (promise E2) --
# MUTANTS of each file, drawn by MUTANTS_SEED; 0: all there are. A run goes on where the last stopped.
MUTANTS ?= 20
MUTANTS_SEED ?= 1
MUTANTS_MINUTES ?= 55
CAMPAIGNS += mutants
campaign-mutants:
	+@$(SUB) -j$(JOBS) MODE=debug BUILD=$(BUILD)/mutants OPTIMISE='-O1 -g0 -fPIC -w' mutation-parts
	@$(CAMPAIGN) tests/mutation/mutants.py $(BUILD)/mutants --jobs $(JOBS) --per-file $(MUTANTS) \
	  --seed $(MUTANTS_SEED) --minutes $(MUTANTS_MINUTES)
# Every room as code for a shared library, and the words the compiler and the linker are to hear.
mutation-parts: $(call room_libraries,program) $(filter %.a,$(LLHTTP_LIBS)) $(BUILD)/certificates/certificates.h
	@echo '$(subst ','\'',$(CC) $(filter-out -MMD -MP,$(CFLAGS_ALL)) $(PACKAGE_CFLAGS))' >$(BUILD)/compile.flags
	@echo '$(LLHTTP_LIBS) $(PACKAGE_LIBS)' >$(BUILD)/link.flags
.PHONY: mutation-parts

# ---- slow implementations beside ours: DIFFERENTIAL_SEED repeats a run ----------------------------
CAMPAIGNS += differential
DIFFERENTIAL_CASES ?= 50000000
DIFFERENTIAL_DOCUMENTS ?= 2000000
DIFFERENTIAL_SEED ?= $(shell date +%s)
campaign-differential: $(DIFFERENTIAL)
	@GUIDON_SEED=$(DIFFERENTIAL_SEED) GUIDON_CASES=$(DIFFERENTIAL_CASES) GUIDON_DOCUMENTS=$(DIFFERENTIAL_DOCUMENTS) \
	  $(CAMPAIGN) tests/differential/run.py $(DIFFERENTIAL)

# ---- the paths of every function, as far as the analysis goes -------------------------------------
CAMPAIGNS += analysis
campaign-analysis:
	+@$(SUB) -k TIDY_NODES=225000 TIDY_WITHOUT= BUILD=$(BUILD)/analysis check-clang-tidy

# ---- all of them ---------------------------------------------------------------------------------
campaign:
	@tools/install build run test check bench
	+@$(SUB) -j$(JOBS) all
	@rm -rf $(LOGS)
	+@$(SUB) $(addprefix suite-campaign-,$(CAMPAIGNS))
	@tools/summary $(LOGS)

.PHONY: campaign $(addprefix campaign-,$(CAMPAIGNS))
