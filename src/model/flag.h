/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flag - the canonical flag document, and segment, its companion.
 *
 * Every dialect decodes its wire form into these and encodes it back; the store keeps their
 * canonical text (model/codec.h), one per revision. A flag is immutable once it is part of an
 * environment: a change makes a new revision.
 */
#ifndef MODEL_FLAG_H
#define MODEL_FLAG_H

#include "model/rule.h"
#include "model/value.h"

/*
 * A mutex group's variations are slot-1 … slot-n, unallocated and off; its fallthrough is one
 * bucket over them. A holdout group's are holdout, on and off. Who is in a group is said by the
 * members alone: a prerequisite on the group.
 */
enum flag_kind { FLAG_KIND_FLAG, FLAG_KIND_EXPERIMENT, FLAG_KIND_MUTEX, FLAG_KIND_HOLDOUT };

enum lifecycle { LIFECYCLE_DRAFT, LIFECYCLE_ACTIVE, LIFECYCLE_DEPRECATED, LIFECYCLE_ARCHIVED };

/* Whether browsers may see it. UNSET follows the app's default (environment_state). */
enum visibility { VISIBILITY_UNSET, VISIBILITY_CLIENT, VISIBILITY_SERVER };

/*
 * How a flag turns a subject into a ticket and compares attributes: data, frozen with the flag by
 * whoever created it, changed only knowingly (decision 5). Named after the arithmetic.
 *
 * The first two are the ones new flags are made with. The others are those of other systems, so
 * that flags brought over from there deal everybody what they had (decision 13); only a flag that
 * deals shares needs one. Flags that have one are decided here and never handed to SDKs that
 * evaluate by themselves: flag_hash_is_ours.
 *
 * Of the others, what is hashed is "<salt><separator><subject>" in UTF-8; where no salt is written
 * (absent; an empty one is written) the flag's key stands in its place. Splits write the salt and
 * the subject (a dotted path, absent: the targeting key) on themselves, buckets may have them from
 * the flag.
 *
 *   sha1_60             separator ".": the first 60 bits of SHA-1, over 2^60 - 1: a position from 0
 *                       to 1; ticket = position * 100000, rounded down. Whoever is behind the last
 *                       share has the last one. Who has no subject, or one that is neither a text
 *                       nor a whole number, has ticket 0. (A salt of its own on top of the flag's
 *                       key: "<key>.<salt>" is written as the salt.)
 *   murmur3_32_scaled   no separator: MurmurHash3 x86 32, seed 0; ticket = (hash * total) >> 32 in
 *                       64 bits, total being the sum of the split's weights. Of texts alone.
 *   fnv1a_32_modulo     no separator: FNV-1a over bytes; ticket = hash mod total. Of texts alone
 *                       that are not empty.
 *   murmur3_32_percent  separator ":": percent = MurmurHash3 (seed 0) mod 100, as in
 *                       murmur3_32_utf8; within the slice ticket = MurmurHash3 of the same text
 *                       (seed 86028157) mod the sum of the slice's weights.
 *
 * In documents: {"arithmetic":{"hash":"sha1_60","comparison":"typed"},…}, the names as above.
 */
enum flag_hash {
    FLAG_HASH_FNV1A_32_UTF16,  /* FNV-1a, xor of whole 16-bit units; ticket = hash mod 100000 of
                                  "<flag key>:<salt>:<subject>"; serves by split */
    FLAG_HASH_MURMUR3_32_UTF8, /* MurmurHash3 x86 32, seed 0, of "<salt>/<subject>" in UTF-8; serves
                                  by bucket */
    FLAG_HASH_SHA1_60,         /* typed; serves by split, weights at most 100000 together */
    FLAG_HASH_MURMUR3_32_SCALED,  /* typed; serves by split, weights at most 2^31 - 1 together */
    FLAG_HASH_FNV1A_32_MODULO,    /* the same */
    FLAG_HASH_MURMUR3_32_PERCENT, /* text; serves by bucket */
};
enum flag_comparison {
    FLAG_COMPARISON_TYPED, /* JSON types, no coercion */
    FLAG_COMPARISON_TEXT,  /* everything is text; selectors instead of paths */
};
struct arithmetic {
    enum flag_hash hash;
    enum flag_comparison comparison;
};

struct variation {
    struct str id;
    struct json value;
    struct str name, description; /* absent when not set */
    bool has_payload;
    struct json payload; /* what travels beside the value */
    /* Text family: who gets it whatever the rules say, in this order; earlier variations first. */
    struct str *included; /* user and device ids mixed */
    size_t included_count;
    struct str *cohorts; /* ids of cohorts whose members get it */
    size_t cohort_count;
};

struct prerequisite {
    struct str flag;        /* key */
    struct str *variations; /* ids, any of which satisfies */
    size_t variation_count; /* 0: in the typed family nothing satisfies; in the text family it gates
                               nothing, but is decided first, so that selectors may read it */
};

/* Where a flag is evaluated: LOCAL ones are handed out whole to SDKs that evaluate themselves. */
enum evaluation_mode { EVALUATION_REMOTE, EVALUATION_LOCAL };

/* What only experiments have. Dates as written (ISO 8601), decision words as written. */
struct experiment {
    struct str type;  /* a-b-test, multi-arm-bandit, hypothesis-testing, no-harm */
    bool is_sticky;   /* who got a variation once keeps it */
    bool has_started; /* was enabled at least once */
    struct str start, end;
    struct str decision; /* rollout, rollback, continue-running; absent: none yet */
    struct str decision_reason, rolled_out_variation;
    struct json exposure_event; /* an object, or null: the standard one */
};

struct flag {
    struct str id; /* flag_…; a key created again is a new flag with a new id */
    struct str key;
    enum flag_kind kind;
    enum value_type type;
    struct str name; /* absent: the key */
    struct str description, owner;
    struct str *tags;
    size_t tag_count;
    enum lifecycle lifecycle; /* never affects evaluation */
    bool is_archived;         /* served to nobody; its key stays taken */
    bool is_enabled;
    enum visibility visibility;
    struct arithmetic arithmetic;
    enum evaluation_mode evaluation_mode;
    /* Numbers of the deployments it is on, ascending; is_on_all_deployments: on each there is. */
    bool is_on_all_deployments;
    uint64_t *deployments;
    size_t deployment_count;
    /* Text family: what buckets use that name none of their own. */
    struct str bucket_by;      /* selector */
    struct str bucketing_unit; /* a group type: its name is bucketed instead; absent: people */
    struct str salt;
    struct variation *variations;
    size_t variation_count;
    struct str off_variation; /* id */
    struct serve fallthrough;
    struct prerequisite *prerequisites;
    size_t prerequisite_count;
    struct rule *rules;
    size_t rule_count;
    struct schedule schedule;
    struct json metadata;         /* an object, or null when there is none */
    struct experiment experiment; /* FLAG_KIND_EXPERIMENT */
};

struct segment {
    struct str id; /* segment_… */
    struct str key;
    struct str description;
    enum visibility visibility;      /* UNSET counts as server */
    struct str *included, *excluded; /* targeting keys */
    size_t included_count, excluded_count;
    struct expression *rules; /* any of them */
    size_t rule_count;
    struct schedule schedule;
    bool has_included, has_excluded, has_rules; /* an empty list was written, not left out */
};

/* Index of the variation with this id, or -1. */
int flag_find_variation(const struct flag *flag, struct str id);

/* Whether flags of this hash compare text and deal by buckets; else they are typed and split. */
bool flag_hash_deals_buckets(enum flag_hash hash);
/* Whether new flags are made with it: the SDKs that evaluate by themselves know these two alone. */
bool flag_hash_is_ours(enum flag_hash hash);
/* Whether a split's weights are shares of their own sum, whatever that is; else of 100000. */
bool flag_hash_counts_weights(enum flag_hash hash);
/* What is hashed in front of the subject, its separator included. The salt is a split's, or a
 * bucket's (its own or the flag's); in the arena, or one of these texts. */
struct str flag_hash_prefix(struct arena *arena, enum flag_hash hash, struct str key,
                            struct str salt);

/* The rules a flag or a segment must keep whatever dialect wrote it: names, limits
 * (model/limits.h), references inside itself, types. Refuses with a path from "$" in fault.where
 * (in the arena). Neither looks at other flags; environment_check does. */
struct fault flag_check(struct arena *arena, const struct flag *flag) MUST_CHECK;
struct fault segment_check(struct arena *arena, const struct segment *segment) MUST_CHECK;

struct flag flag_copy(struct arena *arena, const struct flag *flag);
struct segment segment_copy(struct arena *arena, const struct segment *segment);
bool flag_key_is_valid(struct str key); /* [A-Za-z0-9][A-Za-z0-9._-]*, at most FLAG_KEY_BYTES_MAX */

#endif
