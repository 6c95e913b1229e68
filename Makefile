# Guidon. `make run` serves, `make test` tests, `make demo` shows; `make help` lists the rest.
# Every room of src/ is a library of its own, compiled against only the rooms below it: its
# include directory holds links to those and to nothing else. This file builds; what people ask
# for beyond that (run, test, check, bench) is in tools/tasks.mk.

# release, debug, asan (address and undefined behaviour), tsan (threads), fuzz (libFuzzer)
MODE ?= release
BUILD ?= $(if $(filter release,$(MODE)),build,build/$(MODE))
CC := $(if $(filter fuzz msan,$(MODE)),clang-14,gcc)
MAKEFLAGS += --no-builtin-rules
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all

# ---- rooms, bottom-up, and what each may see ----------------------------------------------
ROOMS := base json http model eval auth store snapshot ingest change stream dialect dialect/superflag \
	dialect/amplitude dialect/ofrep dialect/admin dialect/login import client cli server program
SEES_base :=
SEES_json := base
SEES_http := base
SEES_model := base json
SEES_eval := base json model
SEES_auth := base json model
SEES_store := base json model
SEES_snapshot := base json model eval auth store
SEES_ingest := base json model eval auth store
SEES_change := base json model eval auth store snapshot ingest
SEES_stream := base json http model eval auth store snapshot
SEES_dialect := base json http model eval auth store snapshot ingest change stream
SEES_dialect/superflag := $(SEES_dialect) dialect
SEES_dialect/amplitude := $(SEES_dialect) dialect
SEES_dialect/ofrep := $(SEES_dialect) dialect
SEES_dialect/admin := $(SEES_dialect) dialect
SEES_dialect/login := $(SEES_dialect) dialect
SEES_server := $(SEES_dialect) dialect dialect/superflag dialect/amplitude dialect/ofrep dialect/admin dialect/login
# Of the dialects the command line uses the pure halves: documents in and out.
SEES_import := $(SEES_dialect) dialect dialect/superflag dialect/amplitude
SEES_client := base json
SEES_cli := $(SEES_import) dialect/admin import client
SEES_program := $(SEES_server) import client cli server

# Folders within a room.
PARTS_store := sqlite
PARTS_import := amplitude superflag unleash launchdarkly flagd goff
PARTS_cli := superflag

VERSION := 0.1.0
PACKAGES := libuv libsodium sqlite3 libpcre2-8 zlib yaml-0.1

# llhttp: a package of its own where there is one, else the C source node-llhttp installs.
LLHTTP_SOURCE := /usr/share/llhttp
ifeq ($(shell pkg-config --exists libllhttp 2>/dev/null && echo yes),yes)
LLHTTP_CFLAGS := $(shell pkg-config --cflags libllhttp)
LLHTTP_LIBS := $(shell pkg-config --libs libllhttp)
else
LLHTTP_CFLAGS := -isystem /usr/share/include/llhttp
LLHTTP_LIBS := $(BUILD)/lib/libllhttp.a
endif

WARNINGS := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2 \
	-Wswitch-enum -Wconversion -Wno-sign-conversion -Wimplicit-fallthrough -Wundef -Wpointer-arith \
	-Wno-missing-field-initializers # tables leave out what is zero
COMMA := ,
HARDENING := -fPIE -fstack-protector-strong -fstack-clash-protection -fcf-protection=full \
	-fno-delete-null-pointer-checks -fno-strict-overflow -fno-strict-aliasing -ftrivial-auto-var-init=zero
LINK_HARDENING := -pie -Wl,-z,relro,-z,now,-z,noexecstack

ifneq ($(findstring clang,$(CC)),)
WARNINGS += -Wno-unused-command-line-argument -Wno-gnu-zero-variadic-macro-arguments
# Until 15 clang wanted to be told twice; later ones do not know the option.
HARDENING += $(if $(filter clang-14 clang-15,$(CC)),-enable-trivial-auto-var-init-zero-knowing-it-will-be-removed-from-clang)
endif
ifeq ($(MODE),release)
OPTIMISE := -O2 -g -D_FORTIFY_SOURCE=3
else ifeq ($(MODE),asan)
OPTIMISE := -O1 -g1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
LINK_HARDENING += -fsanitize=address,undefined
else ifeq ($(MODE),tsan)
OPTIMISE := -O1 -g1 -fno-omit-frame-pointer -fsanitize=thread
# libuv closes descriptors where the sanitizer does not look: tests/support/closed.c.
LINK_HARDENING += -fsanitize=thread tests/support/closed.c
else ifeq ($(MODE),fuzz)
OPTIMISE := -O1 -g1 -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
LINK_HARDENING += -fsanitize=address,undefined
else ifeq ($(MODE),msan)
# What is built with it must be told what other libraries write: tests/support/known.c.
HARDENING := $(filter-out -ftrivial-auto-var-init=zero -enable-trivial%,$(HARDENING))
OPTIMISE := -O1 -g1 -fno-omit-frame-pointer -fsanitize=memory -fsanitize-memory-track-origins
KNOWN := crypto_shorthash crypto_shorthash_keygen randombytes_buf crypto_generichash_final crypto_hash_sha256_final \
	sodium_bin2base64 sodium_base642bin sodium_bin2hex
LINK_HARDENING += -fsanitize=memory tests/support/known.c $(addprefix -Wl$(COMMA)--wrap=,$(KNOWN))
else
OPTIMISE := -O0 -g
endif

CFLAGS_ALL := -std=c17 -D_GNU_SOURCE -DGUIDON_VERSION='"$(VERSION)"' $(WARNINGS) $(HARDENING) $(OPTIMISE) -ffile-prefix-map=$(CURDIR)=. \
	-MMD -MP $(CFLAGS)
PACKAGE_CFLAGS := $(shell pkg-config --cflags $(PACKAGES) 2>/dev/null) $(LLHTTP_CFLAGS)
PACKAGE_LIBS := $(shell pkg-config --libs $(PACKAGES) 2>/dev/null) -lm -pthread

room_id = $(subst /,-,$(1))
room_sources = $(wildcard src/$(1)/*.c) $(foreach part,$(PARTS_$(1)),$(wildcard src/$(1)/$(part)/*.c))
room_objects = $(patsubst src/%.c,$(BUILD)/obj/%.o,$(call room_sources,$(1)))
room_library = $(BUILD)/lib/lib$(call room_id,$(1)).a
room_include = $(BUILD)/include/$(call room_id,$(1))
# A room's libraries, top first, so that the linker finds what it needs below.
room_libraries = $(call room_library,$(1)) $(call reverse_libraries,$(SEES_$(1)))
reverse_libraries = $(if $(1),$(call room_library,$(lastword $(1))) $(call reverse_libraries,$(filter-out $(lastword $(1)),$(1))))

all: $(BUILD)/guidon
	@:

define ROOM_RULES
$(call room_include,$(1))/.made: Makefile
	@mkdir -p $$(@D) && find $$(@D) -mindepth 1 -delete
	@for seen in $(1) $(SEES_$(1)); do mkdir -p $$(@D)/$$$$seen; \
	  for header in src/$$$$seen/*.h; do [ -e "$$$$header" ] && ln -sf $$(CURDIR)/$$$$header $$(@D)/$$$$seen/ || true; done; done
	@for part in $(PARTS_$(1)); do mkdir -p $$(@D)/$(1)/$$$$part; \
	  for header in src/$(1)/$$$$part/*.h; do [ -e "$$$$header" ] && ln -sf $$(CURDIR)/$$$$header $$(@D)/$(1)/$$$$part/ || true; done; done
	@touch $$@
$(call room_library,$(1)): $(call room_objects,$(1))
	@mkdir -p $$(@D)
	@rm -f $$@
	@ar rcs $$@ $$^
$(foreach source,$(call room_sources,$(1)),
$(patsubst src/%.c,$(BUILD)/obj/%.o,$(source)): $(source) Makefile | $(call room_include,$(1))/.made
	@mkdir -p $$(@D)
	@echo "  cc $(source)"; $(CC) $(CFLAGS_ALL) -I$(call room_include,$(1)) $(PACKAGE_CFLAGS) -c $(source) -o $$@
)
endef
$(foreach room,$(ROOMS),$(eval $(call ROOM_RULES,$(room))))
# A header added or removed changes the links.
$(foreach room,$(ROOMS),$(eval $(call room_include,$(room))/.made: $(foreach seen,$(room) $(SEES_$(room)),src/$(seen)) \
	$(foreach part,$(PARTS_$(room)),$(wildcard src/$(room)/$(part)))))

$(BUILD)/lib/libllhttp.a: $(wildcard $(LLHTTP_SOURCE)/*.c) Makefile
	@mkdir -p $(BUILD)/obj/llhttp $(@D)
	@for source in $(filter %.c,$^); do $(CC) $(HARDENING) $(OPTIMISE) -std=c99 -ffile-prefix-map=$(CURDIR)=. -I$(LLHTTP_SOURCE) $(LLHTTP_CFLAGS) \
	  -c $$source -o $(BUILD)/obj/llhttp/$$(basename $$source .c).o || exit 1; done
	@ar rcs $@ $(BUILD)/obj/llhttp/*.o

$(BUILD)/guidon: $(call room_libraries,program) $(filter %.a,$(LLHTTP_LIBS))
	@echo "  link $@"; $(CC) $(CFLAGS_ALL) $(LINK_HARDENING) -Wl,--whole-archive $(call room_library,program) -Wl,--no-whole-archive \
	  $(call reverse_libraries,$(SEES_program)) $(LLHTTP_LIBS) $(PACKAGE_LIBS) -o $@

# ---- tests: a folder's *_test.c are programs that link one room and what it sees -----------
# $(call test_binaries,folder) and $(call TEST_RULES,folder,room,target)
test_binaries = $(patsubst tests/%.c,$(BUILD)/%,$(wildcard $(1)/*_test.c))
test_llhttp = $(if $(filter http stream dialect% import cli server,$(1)),$(LLHTTP_LIBS))
define TEST_RULES
$(foreach test,$(wildcard $(1)/*_test.c),
$(patsubst tests/%.c,$(BUILD)/%,$(test)): $(test) $(wildcard tests/support/*.h) $(BUILD)/certificates/certificates.h $(call room_libraries,$(2)) $(filter %.a,$(call test_llhttp,$(2)))
	@mkdir -p $$(@D)
	@echo "  cc $(test)"; $(CC) $(CFLAGS_ALL) -Wno-missing-prototypes -I$(call room_include,$(2)) -Itests/support -I$(BUILD)/certificates $(PACKAGE_CFLAGS) $(LINK_HARDENING) $(test) \
	  -Wl,--start-group $(call room_libraries,$(2)) -Wl,--end-group $(call test_llhttp,$(2)) $(PACKAGE_LIBS) -lcmocka -ljansson -o $$@
)
$(3): $(call test_binaries,$(1))
	@status=0; for test in $$(filter-out $$(SINGLE_THREADED),$$^); do $$$$test || status=1; done; exit $$$$status
.PHONY: $(3)
endef
$(BUILD)/certificates/certificates.h: tests/support/certificates
	@tests/support/certificates $(@D)
$(foreach room,$(ROOMS),$(eval $(call TEST_RULES,tests/unit/$(room),$(room),unit-$(call room_id,$(room)))))
$(eval $(call TEST_RULES,tests/contract,store,contract))
$(eval $(call TEST_RULES,tests/scenario,server,scenario))

UNIT_TARGETS := $(foreach room,$(ROOMS),unit-$(call room_id,$(room)))
unit: $(UNIT_TARGETS)
.PHONY: all unit

clean:
	rm -rf $(BUILD)
.PHONY: clean

-include $(shell find $(BUILD)/obj $(BUILD)/unit $(BUILD)/contract $(BUILD)/scenario -name '*.d' 2>/dev/null)

include tools/tasks.mk
