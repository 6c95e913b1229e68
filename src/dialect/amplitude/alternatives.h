/* SPDX-License-Identifier: Apache-2.0 */
/*
 * alternatives - expressions as the conditions of a flag configuration: alternatives, each a list
 * of conditions that all must hold. amplitude-evaluation.md 4.2, 9.10, 9.11.
 */
#ifndef AMPLITUDE_ALTERNATIVES_H
#define AMPLITUDE_ALTERNATIVES_H

#include "model/rule.h"
#include "json/write.h"

/* Whether it is an `any` of `all`s of matches, or part of that. */
bool alternatives_can_say(const struct expression *expression);

/* Of one that can be said. Neither is ever written: engines disagree on an empty list. */
bool alternatives_always_hold(const struct expression *expression);
bool alternatives_never_hold(const struct expression *expression);

/* [[condition, …], …] of one that holds sometimes. Selectors are taken apart in scratch. */
void alternatives_encode(struct json_writer *writer, struct arena *scratch,
                         const struct expression *expression);

/* [condition]: an alternative by itself. */
void alternative_encode(struct json_writer *writer, const struct str *path, size_t path_count,
                        struct str operator_text, const struct str *values, size_t value_count);

/* A selector, which is a JSON Pointer, as the array of its steps. */
void selector_encode(struct json_writer *writer, struct arena *scratch, struct str selector);

#endif
