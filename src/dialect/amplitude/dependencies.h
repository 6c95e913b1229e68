/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dependencies - what an edit has to ask of other flags. amplitude-management-api.md 3.5, 8.
 *
 * All of it runs inside an edit, against the newest state. Cycles and depth are
 * environment_check's.
 */
#ifndef AMPLITUDE_DEPENDENCIES_H
#define AMPLITUDE_DEPENDENCIES_H

#include "change/edit.h"
#include "dialect/amplitude/wire.h"
#include "model/group.h"

/* Replaces the parents that are no groups by those the body names; those that are stay, since
 * groups are edited from their side (section 10). A body without the member changes nothing. */
void dependencies_read(struct wire *wire, const struct edit *edit, const struct json *body,
                       struct flag *flag);

/* What is about to be true of the flag must suit its parents and those who depend on it. */
void dependencies_check(struct wire *wire, const struct edit *edit, const struct flag *current,
                        const struct flag *flag);

/* Refuses at `where` when another flag depends on this variant ("cannot be …: …"). */
void dependencies_check_variant(struct wire *wire, const struct edit *edit, const struct flag *flag,
                                struct str variant, struct str where);

/* ---- groups ---------------------------------------------------------------------------------- */

/* Makes exactly these items depend on a variation of a group: those of the kind that do and are not
 * listed stop doing so. Stages every item that changes. */
struct membership {
    struct str group;          /* key */
    enum evaluation_mode mode; /* the group's */
    struct str variation;
    bool holds_holdouts; /* the list is of holdout groups, else of experiments */
    const uint64_t *numbers;
    size_t count;
    struct str where; /* path of the list in the body */
};
void membership_set(struct wire *wire, struct edit *edit, const struct membership *membership);
/* Nobody depends on the group any more. */
void membership_clear(struct wire *wire, struct edit *edit, struct str group);

#endif
