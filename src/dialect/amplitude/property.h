/* SPDX-License-Identifier: Apache-2.0 */
/*
 * property - what a condition or a bucket looks at: the vendor's property names and our selectors.
 * amplitude-evaluation.md 9.10.
 *
 *     country          /context/user/country           a member of the user
 *     gp:plan          /context/user/user_properties/plan
 *     plan             the same: it is no member; shown back as gp:plan
 *     userdata_cohort  /context/user/cohort_ids         in conditions only (condition.h)
 */
#ifndef AMPLITUDE_PROPERTY_H
#define AMPLITUDE_PROPERTY_H

#include "base/arena.h"
#include "base/str.h"

/* Absent when the name says nothing ("", "gp:"). */
struct str property_selector(struct arena *arena, struct str name);

/* Absent when no name stands for the selector. In the arena or borrowed from the selector. */
struct str property_name(struct arena *arena, struct str selector);

/* Whether it holds version numbers, so that comparisons are of versions (9.11). */
bool property_is_version(struct str selector);

extern const struct str property_cohorts; /* the selector of cohort ids */

#endif
