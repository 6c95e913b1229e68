/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codec - canonical text of flags and segments, as the store keeps it.
 *
 * One spelling per document: fixed member order, ECMAScript numbers, absent optionals left out.
 * decode(encode(x)) is x, and encode(decode(text)) is text for every text the encoder made. The
 * decoder is strict (unknown members refused) and runs the same check as a write, so that what was
 * accepted is exactly what loads.
 */
#ifndef MODEL_CODEC_H
#define MODEL_CODEC_H

#include "model/environment.h"
#include "json/write.h"

void flag_encode(const struct flag *flag, struct buf *buf);
void segment_encode(const struct segment *segment, struct buf *buf);
void settings_encode(const struct environment_settings *settings, struct buf *buf);

/* Whether two documents are one: the same canonical text. */
bool flag_is_same(const struct flag *a, const struct flag *b);
bool segment_is_same(const struct segment *a, const struct segment *b);

/* text must live as long as the result. */
struct fault flag_decode(struct arena *arena, struct str text, struct flag *flag) MUST_CHECK;
struct fault segment_decode(struct arena *arena, struct str text,
                            struct segment *segment) MUST_CHECK;
struct fault settings_decode(struct arena *arena, struct str text,
                             struct environment_settings *settings) MUST_CHECK;
/* The same from trees, which must live as long as the result. */
struct fault flag_decode_tree(struct arena *arena, const struct json *tree,
                              struct flag *flag) MUST_CHECK;
struct fault segment_decode_tree(struct arena *arena, const struct json *tree,
                                 struct segment *segment) MUST_CHECK;

/*
 * The parts, for dialects whose documents share this shape: expressions, serves, schedules,
 * variations as JSON. Decoding reports the first fault with a path below `path`.
 */
void expression_encode(const struct expression *expression, struct json_writer *writer);
void serve_encode(const struct serve *serve, struct json_writer *writer);
void schedule_encode(const struct schedule *schedule, struct json_writer *writer);
struct fault expression_decode(struct arena *arena, const struct json *json, struct str path,
                               struct expression *expression) MUST_CHECK;
struct fault serve_decode(struct arena *arena, const struct json *json, struct str path,
                          struct serve *serve) MUST_CHECK;
struct fault schedule_decode(struct arena *arena, const struct json *json, struct str path,
                             struct schedule *schedule) MUST_CHECK;

#endif
