/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feature - one document of Unleash on its way into a draft. Private to this folder.
 *
 * Everything is text over there, so the flags are of the text family. A feature is on for whom any
 * of its strategies lets in: a strategy is a rule, and whoever its rollout does not have passes on
 * to the next. A feature without variants is boolean; one with variants serves their names (and
 * their payloads beside), `enabled` where it is on without one, and `disabled` where it is off.
 *
 * Contexts are said as its own OpenFeature providers say them: userId is the targeting key, all
 * other fields and properties are attributes.
 */
#ifndef IMPORT_UNLEASH_FEATURE_H
#define IMPORT_UNLEASH_FEATURE_H

#include "import/build.h"
#include "import/draft.h"
#include "import/source.h"

#define UNLEASH_USER STR("/context/user/user_id")

struct feature {
    struct str name;
    struct draft_flag *item;
    const struct json *source;
    bool is_enabled;
    const struct json **strategies; /* in order, those that are disabled too */
    size_t strategy_count;
    const struct json *variants;     /* the feature's own; NULL: none */
    const struct json *dependencies; /* NULL: none */
    struct str *tags;
    size_t tag_count;
    bool has_variants; /* of its own, or one of its strategies has */
    struct str on;     /* id of the variation for "on, without a variant", or absent */
};

struct features {
    struct arena *arena;
    struct draft draft;
    struct feature *list;
    size_t count;
    struct map names;    /* of features, to index into the list */
    struct map segments; /* id as text, to index into segment_sources */
    const struct json **segment_sources;
    struct map fields; /* of contexts, that have a row */
};

/* What a strategy asks of a context, its constraints and segments together. */
struct condition {
    struct features *features;
    struct feature *feature;
    struct expression when;
    size_t constraint_count;
    bool has_start, has_end;
    int64_t start_ms, end_ms; /* when it may hold at all */
    struct str why;           /* it cannot be said; absent: it can */
};

/* How far a strategy is rolled out, and who is dealt what. */
struct gate {
    bool is_dealt; /* else everybody */
    uint32_t percent;
    struct str selector, salt;
};

/* ---- constraint.c ---- */

/* Adds the constraint to the condition. */
void condition_add(struct condition *condition, const struct json *constraint);
/* The selector of a context's field; its row is written when it is the first time. */
struct str field_selector(struct features *features, struct str name);
/* Whether the field is one of the texts. */
struct expression field_is_any(struct features *features, struct str name, const struct str *texts,
                               size_t count);

/* ---- text.c ---- */

enum text_place { TEXT_PLACE_START, TEXT_PLACE_ANYWHERE, TEXT_PLACE_END, TEXT_PLACE_WHOLE };

/* Any of the texts at that place, as regular expressions as long as ours may be. */
struct expression text_match(struct arena *arena, struct str selector, enum text_place place,
                             const struct str *texts, size_t count, bool folds_case);
/* The same of expressions written already. */
struct expression pattern_match_any(struct arena *arena, struct str selector, enum text_place place,
                                    const struct str *patterns, size_t count);
struct expression values_match(struct arena *arena, struct str selector, enum operator operator,
                               const struct str * texts, size_t count);

/* ---- address.c ---- */

/* The addresses of an IPv4 range ("10.0.0.0/8", or one address) as a regular expression; absent
 * when the text is no such range. */
struct str address_pattern(struct arena *arena, struct str range);

/* ---- variant.c ---- */

/* The feature's variations, for all its variants, and the one it has when it is off. */
void variations_read(struct features *features, struct feature *feature);
/* Id of the variation for "on, without a variant". */
struct str variation_on(struct features *features, struct feature *feature);
/* Id of a variant's variation; absent when it has none. */
struct str variation_of(struct features *features, const struct feature *feature,
                        const struct json *variant);

/* ---- strategy.c ---- */

/* Rules for whom the strategy lets in, behind those that are there. */
void strategy_read(struct features *features, struct feature *feature, const struct json *strategy,
                   size_t index);
/* The rules themselves, for a condition and a gate; `strategy` is NULL where the feature has none
 * and is on for all. */
void strategy_serve(struct condition *condition, const struct json *strategy,
                    const struct gate *gate, struct str description);

/* ---- dependency.c ---- */

void features_read_dependencies(struct features *features);

#endif
