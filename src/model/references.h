/* SPDX-License-Identifier: Apache-2.0 */
/* references - flags and segments of an environment by position, for the graphs between them: those
 * of model/ and the budget of eval/. */
#ifndef MODEL_REFERENCES_H
#define MODEL_REFERENCES_H

#include "model/environment.h"

#define INDEX_ABSENT SIZE_MAX

typedef struct str (*environment_key_at)(const struct environment_state *state, size_t index);
struct str environment_flag_key(const struct environment_state *state, size_t index);
struct str environment_segment_key(const struct environment_state *state, size_t index);

/* INDEX_ABSENT when there is none. */
size_t environment_flag_index(const struct environment_state *state, struct str key);
size_t environment_segment_index(const struct environment_state *state, struct str key);

#endif
