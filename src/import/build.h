/* SPDX-License-Identifier: Apache-2.0 */
/*
 * build - parts of a typed flag, put together: conditions, variations, serves.
 *
 * Conditions come out simplified: an `all` of one is that one, one that can never hold makes the
 * `all` around it never hold, and so on, so that what a foreign document nests deeper than our
 * limits often fits. Everything lives in the arena; texts and trees are borrowed.
 */
#ifndef IMPORT_BUILD_H
#define IMPORT_BUILD_H

#include "model/flag.h"

/* ---- conditions ------------------------------------------------------------------------------ */

struct expression build_always(void); /* an `all` of nothing */
struct expression build_never(void);  /* an `any` of nothing */
bool build_is_always(const struct expression *expression);
bool build_is_never(const struct expression *expression);

struct expression build_match(struct str attribute, enum operator operator, struct json value);
struct expression build_exists(struct str attribute);
struct expression build_segment(struct str key, bool is_negated);

struct expression build_not(struct arena *arena, struct expression child);
struct expression build_both(struct arena *arena, struct expression one, struct expression other);
struct expression build_either(struct arena *arena, struct expression one, struct expression other);
/* kind is EXPRESSION_ALL or EXPRESSION_ANY; children are copied. */
struct expression build_list(struct arena *arena, enum expression_kind kind,
                             const struct expression *children, size_t count);

/* Dots part our paths, so a name that has one cannot be said; nor can an empty or a long one. */
bool build_attribute_can_be_said(struct str name);

/* ---- variations ------------------------------------------------------------------------------ */

/* true and false, with the ids "true" and "false"; the flag is boolean. */
void build_boolean_variations(struct arena *arena, struct flag *flag);

/* What to serve where nothing was: the one that is false or empty, else the first. There is one. */
struct str build_least_variation(const struct flag *flag);

/* The one type all values have; false when there are two, or a null among them. */
bool build_common_type(const struct json *values, size_t count, enum value_type *type);

/* ---- serves ---------------------------------------------------------------------------------- */

struct serve build_serve(struct str variation);

/* A rule whose id is "<prefix><n>", n counted from 1. */
struct str build_rule_id(struct arena *arena, const char *prefix, size_t index);

#endif
