/* SPDX-License-Identifier: Apache-2.0 */
/* document - a flag or a segment on its way: as a writer's check takes it, as its stored text is,
 * as a load takes that. */
#ifndef DIFFERENTIAL_DOCUMENT_H
#define DIFFERENTIAL_DOCUMENT_H

#include "model/codec.h"

struct document {
    bool is_segment;
    struct flag flag;
    struct segment segment;
};

static inline struct fault document_check(struct arena *arena, const struct document *document)
{
    return document->is_segment ? segment_check(arena, &document->segment)
                                : flag_check(arena, &document->flag);
}

static inline struct str document_encode(struct arena *arena, const struct document *document)
{
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    if (document->is_segment)
        segment_encode(&document->segment, &buf);
    else
        flag_encode(&document->flag, &buf);
    struct str text = arena_copy_str(arena, buf_str(&buf));
    buf_close(&buf);
    return text;
}

/* As the store's and the disk's texts are read. */
static inline struct fault document_load(struct arena *arena, bool is_segment, struct str text,
                                         struct document *document)
{
    document->is_segment = is_segment;
    return is_segment ? segment_decode(arena, text, &document->segment)
                      : flag_decode(arena, text, &document->flag);
}

/* As a body is put: parsed, decoded, checked. What a body may be on top of that (nesting of all of
 * it, bytes: http and dialect see to it before) is left out: there texts are smaller than stored
 * ones, never larger. */
static inline struct fault document_write(struct arena *arena, bool is_segment, struct str text,
                                          struct document *document)
{
    struct json *tree = ARENA_NEW(arena, struct json);
    const struct json_budget budget = {.depth_max = JSON_DEPTH_MAX,
                                       .members_max = 10000,
                                       .string_bytes_max = 1024 * 1024,
                                       .number_bytes_max = 64};
    struct fault fault = json_parse(arena, text, &budget, tree);
    document->is_segment = is_segment;
    if (!failed(fault))
        fault = is_segment ? segment_decode_tree(arena, tree, &document->segment)
                           : flag_decode_tree(arena, tree, &document->flag);
    return failed(fault) ? fault : document_check(arena, document);
}

#endif
