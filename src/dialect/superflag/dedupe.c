/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dedupe - the library's names for "the same exposure" and "the same event".
 *
 * A name is a prefix and 16 hex digits: the FNV hash of a JSON array's text and that of the same
 * text with its code points reversed. With an experiment the exposure is about the iteration;
 * without one it is about the flag's variation at a version. Vectors `dedupeKeys`.
 */
#include <inttypes.h>
#include <string.h>

#include "base/utf.h"
#include "dialect/superflag/feature_event.h"
#include "dialect/superflag/property.h"
#include "eval/hash.h"

static struct str reverse_code_points(struct arena *arena, struct str text)
{
    char *reversed = arena_allocate(arena, text.size + 1);
    size_t end = text.size;
    for (size_t at = 0; at < text.size;) {
        size_t start = at;
        utf8_next(text, &at);
        end -= at - start;
        memcpy(reversed + end, text.data + start, at - start);
    }
    return (struct str){reversed, text.size};
}

static struct str name_of(struct arena *arena, const char *prefix, struct str array)
{
    return arena_format(arena, "%s%08" PRIx32 "%08" PRIx32, prefix, hash_fnv1a_utf16(array),
                        hash_fnv1a_utf16(reverse_code_points(arena, array)));
}

static void append_member(struct json_writer *writer, const struct json *object, struct str key)
{
    const struct json *value = property_find(object, key);
    if (value == NULL)
        json_null(writer);
    else
        json_tree(writer, value);
}

static void append_subject(struct json_writer *writer, const struct json *event)
{
    const struct json *subject = json_find(event, STR("subject"));
    append_member(writer, subject, STR("namespace"));
    append_member(writer, subject, STR("id"));
    append_member(writer, subject, STR("revision"));
}

static void append_source(struct json_writer *writer, const struct json *event)
{
    const struct json *source = json_find(event, STR("source"));
    append_member(writer, source, STR("app"));
    append_member(writer, source, STR("environment"));
}

static struct str close_name(struct arena *arena, const char *prefix, struct buf *buf)
{
    struct str name = name_of(arena, prefix, buf_str(buf));
    buf_close(buf);
    return name;
}

struct str superflag_exposure_dedupe_key(struct arena *arena, const struct json *event)
{
    const struct json *experiment = json_find(event, STR("experiment"));
    struct buf buf;
    struct json_writer writer;
    buf_open(&buf, SIZE_MAX);
    json_writer_open(&writer, &buf);
    json_array_begin(&writer);
    append_source(&writer, event);
    if (experiment != NULL) {
        append_member(&writer, experiment, STR("experimentId"));
        append_member(&writer, experiment, STR("iterationId"));
        append_subject(&writer, event);
    } else {
        append_member(&writer, event, STR("configVersion"));
        append_subject(&writer, event);
        append_member(&writer, event, STR("flagKey"));
        append_member(&writer, event, STR("variation"));
    }
    json_array_end(&writer);
    return close_name(arena, "exposure_", &buf);
}

struct str superflag_event_dedupe_key(struct arena *arena, const struct json *event)
{
    struct buf buf;
    struct json_writer writer;
    buf_open(&buf, SIZE_MAX);
    json_writer_open(&writer, &buf);
    json_array_begin(&writer);
    append_source(&writer, event);
    append_member(&writer, event, STR("id"));
    json_array_end(&writer);
    return close_name(arena, "event_", &buf);
}
