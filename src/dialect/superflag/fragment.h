/* SPDX-License-Identifier: Apache-2.0 */
/* fragment - pieces of JSON that several of the vendor's documents share. */
#ifndef SUPERFLAG_FRAGMENT_H
#define SUPERFLAG_FRAGMENT_H

#include "model/environment.h"
#include "json/write.h"

void superflag_append_optional(struct json_writer *writer, struct str key, struct str text);
void superflag_append_texts(struct json_writer *writer, struct str key, const struct str *texts,
                            size_t count);
void superflag_append_instant(struct json_writer *writer, struct str key, int64_t ms);

/* "source":{"app","environment"} */
void superflag_append_source(struct json_writer *writer, const struct environment_state *state);

/* Nothing when both sides are open. */
void superflag_append_schedule(struct json_writer *writer, struct str key,
                               const struct schedule *schedule);

#endif
