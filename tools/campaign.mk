# The long tier: what takes too long for every commit and is added up in proofs/ledger.jsonl.
# Included by tools/tasks.mk. A campaign is a target campaign-NAME and a line that adds NAME to
# CAMPAIGNS; its size is a variable with a default, and it ends by itself.

CAMPAIGN := GUIDON_PROOFS=$(abspath proofs/ledger.jsonl) $(AGAINST)
CAMPAIGNS :=

# ---- all of them ---------------------------------------------------------------------------------
campaign:
	@tools/install build run test check bench
	+@$(SUB) -j$(JOBS) all
	@rm -rf $(LOGS)
	+@$(SUB) $(addprefix suite-campaign-,$(CAMPAIGNS))
	@tools/summary $(LOGS)

.PHONY: campaign $(addprefix campaign-,$(CAMPAIGNS))
