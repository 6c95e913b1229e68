/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check - the rules for parts of a flag or a segment, shared by their checks. Private to model/.
 */
#ifndef MODEL_CHECK_H
#define MODEL_CHECK_H

#include "model/flag.h"
#include "model/inspect.h"

/* A schedule both of whose sides may be open. */
void schedule_inspect(struct inspection *inspection, const struct place *place,
                      const struct schedule *schedule);

/* `flag` is whose variations may be served. */
void serve_inspect(struct inspection *inspection, const struct place *place,
                   const struct serve *serve, const struct flag *flag);

/* Operators of that family alone; segments are for the typed one. */
void expression_inspect(struct inspection *inspection, const struct place *place,
                        const struct expression *expression, enum flag_comparison comparison);

/* What only the text family has (check_text.c). */
void bucket_inspect(struct inspection *inspection, const struct place *place,
                    const struct serve *serve, const struct flag *flag);
void text_match_inspect(struct inspection *inspection, const struct place *place,
                        const struct expression *match);
/* A JSON Pointer that selects at least one step deep, at most SELECTOR_BYTES_MAX. */
void selector_inspect(struct inspection *inspection, const struct place *outer, struct str name,
                      struct str selector);

/* What a flag keeps beside its variations and rules (check_extras.c). */
void arithmetic_inspect(struct inspection *inspection, const struct place *place,
                        const struct flag *flag);
void flag_extras_inspect(struct inspection *inspection, const struct place *place,
                         const struct flag *flag);
void variation_extras_inspect(struct inspection *inspection, const struct place *named,
                              const struct variation *variation, enum flag_comparison comparison);

/* [A-Za-z0-9][A-Za-z0-9._-]* */
bool key_text_is_valid(struct str key);

/* As above, at most bytes_max. */
void key_inspect(struct inspection *inspection, const struct place *outer, struct str key,
                 size_t bytes_max);

#endif
