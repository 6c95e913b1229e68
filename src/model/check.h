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

void expression_inspect(struct inspection *inspection, const struct place *place,
                        const struct expression *expression);

/* [A-Za-z0-9][A-Za-z0-9._-]*, at most bytes_max. */
void key_inspect(struct inspection *inspection, const struct place *outer, struct str key,
                 size_t bytes_max);

#endif
