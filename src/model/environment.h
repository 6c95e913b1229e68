/* SPDX-License-Identifier: Apache-2.0 */
/*
 * environment_state - one environment at one version: everything an evaluation may depend on.
 *
 * Borrowed arrays, sorted by key (bytes): who builds it owns the memory. The pair
 * (environment, version) names exactly one such state for ever.
 */
#ifndef MODEL_ENVIRONMENT_H
#define MODEL_ENVIRONMENT_H

#include "model/cohort.h"
#include "model/flag.h"

/* Which document form config readers get; AUTO picks the oldest that says everything exactly. */
enum document_form { DOCUMENT_FORM_AUTO, DOCUMENT_FORM_LEGACY, DOCUMENT_FORM_CORE };

/* What belongs to the environment itself and is versioned with it. */
struct environment_settings {
    enum document_form document_form;
    bool hides_flags_by_default; /* what VISIBILITY_UNSET means; false: browsers see them */
    struct json metadata;        /* document metadata: an object, or null */
};

struct environment_state {
    struct str app_id; /* app_… */
    struct str name;   /* production */
    uint64_t version;
    struct environment_settings settings;
    const struct flag *const *flags; /* sorted by key */
    size_t flag_count;
    const struct segment *const *segments; /* sorted by key */
    size_t segment_count;
    const struct cohort *const *cohorts; /* sorted by id */
    size_t cohort_count;
};

/* Puts pointers in the order that a state has them in. */
void environment_sort_flags(const struct flag **flags, size_t count);
void environment_sort_segments(const struct segment **segments, size_t count);
void environment_sort_cohorts(const struct cohort **cohorts, size_t count);

const struct flag *environment_find_flag(const struct environment_state *state, struct str key);
const struct segment *environment_find_segment(const struct environment_state *state,
                                               struct str key);

const struct cohort *environment_find_cohort(const struct environment_state *state, struct str id);

/* Whether browsers see the flag, the app's default applied. */
bool flag_is_client_visible(const struct flag *flag, const struct environment_settings *settings);

/* The rules between flags and segments: references exist, no cycles, depth, counts, and nothing a
 * browser sees leans on something it does not. Returns the first fault, in key order. */
struct fault environment_check(struct arena *arena,
                               const struct environment_state *state) MUST_CHECK;

/*
 * Dependency edges, for "what does this lean on" and "what breaks if I change it". A path is a
 * simple chain of resources; see environment_paths.
 */
enum resource_kind { RESOURCE_FLAG, RESOURCE_SEGMENT };
struct resource {
    enum resource_kind kind;
    struct str key;
};
enum relationship { RELATION_FLAG_PREREQUISITE, RELATION_FLAG_SEGMENT, RELATION_SEGMENT_SEGMENT };
struct resource_path {
    struct resource *resources; /* relationship_count + 1 of them */
    enum relationship *relationships;
    size_t relationship_count;
};
enum path_direction { PATH_DEPENDENCIES, PATH_IMPACT };

/* All simple paths from `start`, at most paths_max of them, depth first over edges ordered by
 * (from, to, kind) as "flag:key" / "segment:id" texts; each prefix comes before its extensions. */
size_t environment_paths(struct arena *arena, const struct environment_state *state,
                         struct resource start, enum path_direction direction, size_t paths_max,
                         struct resource_path **paths);

#endif
