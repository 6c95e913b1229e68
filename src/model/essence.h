/* SPDX-License-Identifier: Apache-2.0 */
/*
 * essence - what evaluation reads of a document: all but what is there for people.
 *
 * Two flags with one essence that lean on the same are decided alike, whoever asks. The text family
 * tells a decision by its rule's description, and lets who leans on a flag select its metadata;
 * sticky variations are remembered by the flag's id. Who may see a flag is not part of it.
 */
#ifndef MODEL_ESSENCE_H
#define MODEL_ESSENCE_H

#include "model/flag.h"

/* Both borrow all but what is taken out; the flag's lists live in the arena. */
struct flag flag_essence(struct arena *arena, const struct flag *flag);
struct segment segment_essence(const struct segment *segment);

#endif
