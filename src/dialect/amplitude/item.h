/* SPDX-License-Identifier: Apache-2.0 */
/*
 * item - flags and experiments as the management API speaks of them, to canonical flags and back.
 * amplitude-management-api.md 2.8, 2.9, 3.1 to 3.3.
 *
 * Reading looks at the body and the flag alone. What depends on other flags (prerequisites, who
 * depends on this one) is dependencies.h; deployments need the catalog: manage_deployments.c.
 */
#ifndef AMPLITUDE_ITEM_H
#define AMPLITUDE_ITEM_H

#include "dialect/amplitude/rollout.h"
#include "snapshot/snapshot.h"

/* ---- in -------------------------------------------------------------------------------------- */

/* A new item of a kind from its create body, with every default. is_old: section 9. */
void item_create(struct wire *wire, const struct json *body, enum flag_kind kind, bool is_old,
                 struct flag *flag);
/* What a PATCH names, laid over the flag. */
void item_patch(struct wire *wire, const struct json *body, bool is_old, struct flag *flag);

/* Refuses when the flag was made elsewhere with other arithmetic, whose rules this API cannot say.
 */
void item_require_managed(struct wire *wire, const struct flag *flag, struct str where);

/* experiment.c: the members only experiments have. */
void experiment_read(struct wire *wire, const struct json *body, bool is_old, struct flag *flag);
struct str experiment_state(const struct flag *flag, int64_t now_ms);

/* 8 characters of A-Z a-z 0-9. */
struct str item_random_salt(struct arena *arena);

/* variant.c */
struct variant_input {
    bool has_key, has_name, has_description, has_payload_member, has_weight;
    struct str key, name, description;
    struct json payload; /* null: none */
    uint32_t weight;
};
void variant_read(struct wire *wire, const struct json *json, struct str path, bool is_old,
                  struct variant_input *input);
/* Lays the input over a variation: all but the key and the weight. */
void variant_lay(struct variation *variation, const struct variant_input *input);
/* A new variation "key" with the value "key", before "off". */
struct variation *variant_insert(struct arena *arena, struct flag *flag, struct str key);
/* The variant with this key, NULL for "off" too. */
struct variation *variant_find(struct flag *flag, struct str key);
void variant_remove(struct arena *arena, struct flag *flag, struct str key);
void variant_rename(struct flag *flag, struct str key, struct str new_key);

/* ---- back ------------------------------------------------------------------------------------ */

/* Resolves keys of parents: in a snapshot, or in history. 0 when nobody has that key. */
struct numbers {
    uint64_t (*find)(const struct numbers *numbers, struct str key);
    const struct snapshot *snapshot;
};
struct numbers numbers_of_snapshot(const struct snapshot *snapshot);

struct item_source {
    const struct flag *flag;
    uint64_t number;
    uint64_t environment;
    const struct provenance *provenance; /* NULL: as in a version, without the members that tell who
                                            and when, deleted and tags */
    const struct catalog *catalog;
    const struct numbers *numbers;
    int64_t now_ms; /* an experiment's state depends on it */
};
void item_put(struct json_writer *writer, struct arena *arena, const struct item_source *source);

/* {"key","name","payload","description","rolloutWeight"}: all five, always (2.4). */
void variant_put_detail(struct json_writer *writer, struct arena *arena, const struct flag *flag,
                        const struct variation *variation);

/* The numbers of a flag's deployments, ascending, for one that is on all of them too. */
size_t item_deployments(struct arena *arena, const struct catalog *catalog, uint64_t environment,
                        const struct flag *flag, const uint64_t **numbers);

#endif
