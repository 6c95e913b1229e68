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
CAMPAIGNS += abuse cpu-bound crowds
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
	@$(CAMPAIGN) tests/load/crowd.py overload $(ABUSE_OVERLOAD)

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
	  tests/api/test_hostile.py tests/api/test_rehearsal.py tests/api/test_growth.py
	@$(CAMPAIGN) proofs/rehearsal.py

# ---- all of them ---------------------------------------------------------------------------------
campaign:
	@tools/install build run test check bench
	+@$(SUB) -j$(JOBS) all
	@rm -rf $(LOGS)
	+@$(SUB) $(addprefix suite-campaign-,$(CAMPAIGNS))
	@tools/summary $(LOGS)

.PHONY: campaign $(addprefix campaign-,$(CAMPAIGNS))
