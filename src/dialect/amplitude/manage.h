/* SPDX-License-Identifier: Apache-2.0 */
/*
 * manage - handlers of the Management API: amplitude-management-api.md. Each is one paragraph:
 * find, decode, ask the domain, answer. Listed in routes.c.
 *
 * Flags and experiments share theirs, and so does the old API (section 9): a handler reads from its
 * route which of them it is.
 */
#ifndef AMPLITUDE_MANAGE_H
#define AMPLITUDE_MANAGE_H

#include "change/edit.h"
#include "dialect/amplitude/item.h"
#include "dialect/amplitude/request.h"

/* manage_items.c */
void amplitude_list_items(struct exchange *x);
void amplitude_create_item(struct exchange *x);
void amplitude_get_item(struct exchange *x);
void amplitude_patch_item(struct exchange *x);

/* manage_variants.c */
void amplitude_list_variants(struct exchange *x);
void amplitude_create_variant(struct exchange *x);
void amplitude_get_variant(struct exchange *x);
void amplitude_patch_variant(struct exchange *x);
void amplitude_delete_variant(struct exchange *x);

/* manage_inclusions.c */
void amplitude_list_users(struct exchange *x);
void amplitude_add_users(struct exchange *x);
void amplitude_delete_all_users(struct exchange *x);
void amplitude_delete_user(struct exchange *x);
void amplitude_delete_users(struct exchange *x);
void amplitude_list_cohorts(struct exchange *x);
void amplitude_add_cohorts(struct exchange *x);
void amplitude_delete_cohorts(struct exchange *x);

/* manage_deployments.c */
void amplitude_list_item_deployments(struct exchange *x);
void amplitude_add_item_deployments(struct exchange *x);
void amplitude_delete_item_deployment(struct exchange *x);
void amplitude_list_deployments(struct exchange *x);
void amplitude_create_deployment(struct exchange *x);
void amplitude_get_deployment(struct exchange *x);
void amplitude_patch_deployment(struct exchange *x);

/* manage_versions.c */
void amplitude_list_item_versions(struct exchange *x);
void amplitude_get_item_version(struct exchange *x);
void amplitude_list_versions(struct exchange *x);

/* manage_groups.c */
void amplitude_list_groups(struct exchange *x);
void amplitude_create_mutex(struct exchange *x);
void amplitude_create_holdout(struct exchange *x);
void amplitude_get_group(struct exchange *x);
void amplitude_patch_group(struct exchange *x);
void amplitude_patch_slot(struct exchange *x);

/* manage_legacy.c */
void amplitude_legacy_create_item(struct exchange *x);
void amplitude_legacy_activate(struct exchange *x);
void amplitude_legacy_deactivate(struct exchange *x);
void amplitude_legacy_set_weights(struct exchange *x);

/* ---- what they share (manage_items.c) ---------------------------------------------------------
 */

/* From the route: flags or experiments, today's API or the old one. */
enum flag_kind manage_kind(const struct exchange *x);

/* The flag or experiment the path names. */
bool manage_find_item(struct exchange *x, struct found *found);

/* … and the variant its second parameter names (manage_variants.c). */
bool manage_find_variant(struct exchange *x, struct found *found,
                         const struct variation **variation);

/* One edit of one item, on the writer thread against its newest revision. */
struct item_edit {
    const struct exchange *x;
    uint64_t number;
    bool is_old;
    const struct json *body;
    struct str text;     /* what `apply` wants of the path */
    const void *details; /* … and of the handler */
    void (*apply)(struct wire *wire, struct edit *edit, const struct item_edit *input,
                  struct flag *flag); /* flag: a copy in the wire's arena */
};
typedef void item_apply(struct wire *wire, struct edit *edit, const struct item_edit *input,
                        struct flag *flag);
/* The whole of a handler whose edit is in the body: finds the item, reads, edits, answers. */
void manage_edit_by_body(struct exchange *x, struct str text, item_apply *apply);
/* Edits and answers "OK", or refuses. */
void manage_edit_item(struct exchange *x, const struct found *found, struct item_edit *edit);

/* Creates from the body and hands back its number; false when the exchange was refused. */
bool manage_create_item(struct exchange *x, uint64_t *number,
                        const struct catalog_environment **environment);

void manage_put_item(struct json_writer *writer, struct exchange *x,
                     const struct catalog_environment *environment, const struct snapshot *snapshot,
                     const struct flag_revision *revision);

/* A body's list of deployments of one project, ascending; absent: none (manage_deployments.c). */
bool manage_read_deployments(struct wire *wire, const struct exchange *x, const struct json *body,
                             uint64_t environment, const uint64_t **numbers, size_t *count);

#endif
