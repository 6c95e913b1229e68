/* SPDX-License-Identifier: Apache-2.0 */
/*
 * launchdarkly - the importer: which documents there are, and the order they are read in.
 *
 * What SDKs get ({"flags": {…}, "segments": {…}}, alone or as the data of a stream's put) has one
 * environment and variations as bare values. What the management API gives has a part for each
 * environment, and variations with names: one flag, a list ({"items": […]}), or both lists put
 * together under "flags" and "segments".
 */
#include "import/launchdarkly/launchdarkly.h"

#include "import/launchdarkly/reading.h"

/* Flags or segments in any of the ways they are listed. */
struct listing {
    const struct json *list; /* an array, or an object by key; NULL: nothing */
    uint32_t count;
};

static struct listing listing_of(const struct json *list)
{
    const struct json *items = list == NULL ? NULL : source_array(list, "items");
    if (items != NULL)
        list = items;
    bool is_list = list != NULL && (list->type == JSON_ARRAY || list->type == JSON_OBJECT);
    return (struct listing){is_list ? list : NULL, is_list ? list->count : 0};
}

static const struct json *listing_at(struct listing listing, uint32_t index)
{
    return listing.list->type == JSON_ARRAY ? &listing.list->elements[index]
                                            : &listing.list->members[index].value;
}

static struct str listing_name(struct listing listing, uint32_t index)
{
    struct str key = source_text(listing_at(listing, index), "key");
    if (!str_is_absent(key) || listing.list->type == JSON_ARRAY)
        return key;
    return listing.list->members[index].key;
}

/* What was deleted travels on as its key and number alone. */
static bool listing_has(struct listing listing, uint32_t index)
{
    const struct json *item = listing_at(listing, index);
    return item->type == JSON_OBJECT && !source_boolean(item, "deleted", false) &&
           !str_is_empty(listing_name(listing, index));
}

struct document {
    struct listing flags, segments;
    bool has_segments;
};

/* A list of the one there is. */
static const struct json *list_of_one(struct arena *arena, const struct json *item)
{
    struct json *list = ARENA_NEW(arena, struct json);
    list->type = JSON_ARRAY;
    list->count = 1;
    list->elements = arena_copy(arena, item, sizeof(*item));
    return list;
}

static struct fault find_document(struct arena *arena, const struct json *root,
                                  struct document *document)
{
    const struct json *data = source_object(root, "data");
    const struct json *body = data == NULL ? root : data;
    const struct json *flags = source_find(body, "flags");
    if (flags == NULL && (body->type == JSON_ARRAY || source_array(body, "items") != NULL))
        flags = body;
    if (flags == NULL && source_array(body, "variations") != NULL)
        flags = list_of_one(arena, body);
    *document = (struct document){.flags = listing_of(flags)};
    if (document->flags.list == NULL)
        return fault_make(FAULT_INVALID, STR("/flags"),
                          STR("neither what SDKs get (flags and segments) nor flags as the "
                              "management API lists them"));
    const struct json *segments = source_find(body, "segments");
    document->segments = listing_of(segments);
    document->has_segments = document->segments.list != NULL;
    return fault_none();
}

/* ---- which environment ----------------------------------------------------------------------- */

struct environments {
    struct map seen;
    struct str first;
    struct str names; /* "production, staging" */
};

static void note_environments(struct arena *arena, const struct json *flag,
                              struct environments *environments)
{
    const struct json *parts = source_object(flag, "environments");
    for (uint32_t i = 0; parts != NULL && i < parts->count; i++) {
        struct str name = parts->members[i].key;
        if (!map_insert(&environments->seen, name, 0))
            continue;
        bool is_first = environments->seen.count == 1;
        environments->first = is_first ? name : environments->first;
        environments->names = is_first ? name
                                       : arena_format(arena, "%.*s, %.*s",
                                                      STR_ARG(environments->names), STR_ARG(name));
    }
}

static struct fault choose_environment(struct reading *reading, struct listing flags,
                                       const struct import_options *options)
{
    struct environments environments = {0};
    map_open(&environments.seen, reading->arena, 8);
    for (uint32_t i = 0; i < flags.count; i++)
        note_environments(reading->arena, listing_at(flags, i), &environments);
    size_t count = environments.seen.count;
    struct str wanted = options->environment;
    reading->environment = str_is_empty(wanted) ? environments.first : wanted;
    if (count == 0)
        return fault_none();
    if (str_is_empty(wanted) && count > 1)
        return fault_make(FAULT_INVALID, STR("/flags"),
                          arena_format(reading->arena, "has several environments, name one: %.*s",
                                       STR_ARG(environments.names)));
    if (!str_is_empty(wanted) && map_find(&environments.seen, wanted) == MAP_ABSENT)
        return fault_make(FAULT_INVALID, STR("/flags"),
                          arena_format(reading->arena, "has no environment %.*s; it has: %.*s",
                                       STR_ARG(wanted), STR_ARG(environments.names)));
    return fault_none();
}

/* ---- reading --------------------------------------------------------------------------------- */

static void reading_open(struct reading *reading, struct arena *arena,
                         const struct import_options *options, const struct document *document)
{
    *reading = (struct reading){.arena = arena, .has_segments = document->has_segments};
    draft_begin(&reading->draft, arena, options);
    map_open(&reading->segments, arena, document->segments.count);
    map_open(&reading->wanted, arena, 16);
    map_open(&reading->kinds, arena, 4);
    map_open(&reading->numbered, arena, document->flags.count);
    reading->flags = ARENA_NEW_ARRAY(arena, struct numbered_flag, document->flags.count + 1);
}

static void read_segments(struct reading *reading, struct listing segments)
{
    for (uint32_t i = 0; i < segments.count; i++) {
        if (listing_has(segments, i))
            map_insert(&reading->segments, listing_name(segments, i), 0);
    }
    for (uint32_t i = 0; i < segments.count; i++) {
        if (listing_has(segments, i))
            numbered_segment_read(reading, listing_name(segments, i), listing_at(segments, i));
    }
}

static void read_flags(struct reading *reading, struct listing flags)
{
    for (uint32_t i = 0; i < flags.count; i++) {
        if (listing_has(flags, i))
            numbered_prerequisites_note(reading, numbered_settings(reading, listing_at(flags, i)));
    }
    for (uint32_t i = 0; i < flags.count; i++) {
        if (listing_has(flags, i))
            numbered_flag_read(reading, listing_name(flags, i), listing_at(flags, i));
    }
    numbered_prerequisites_read(reading);
    numbered_visibility_settle(reading);
}

static struct fault read_document(struct arena *arena, struct str text,
                                  const struct import_options *options,
                                  struct import_result *result)
{
    struct json *root = ARENA_NEW(arena, struct json);
    struct document document;
    struct reading reading;
    struct fault fault = source_parse_json(arena, text, root);
    if (!failed(fault))
        fault = find_document(arena, root, &document);
    if (failed(fault))
        return fault;
    reading_open(&reading, arena, options, &document);
    fault = choose_environment(&reading, document.flags, options);
    if (failed(fault))
        return fault;
    read_segments(&reading, document.segments);
    read_flags(&reading, document.flags);
    return draft_finish(&reading.draft, result);
}

const struct importer launchdarkly_importer = {
    .name = STR("launchdarkly"),
    .summary = STR("what SDKs get (/sdk/latest-all), or flags and segments of the management API"),
    .read = read_document,
};
