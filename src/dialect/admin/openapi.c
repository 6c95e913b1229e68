/* SPDX-License-Identifier: Apache-2.0 */
/* openapi - the description, put together and served: see openapi.h. */
#include "dialect/admin/openapi.h"

#include <stdatomic.h>

#include "base/gzip.h"
#include "base/memory.h"
#include "dialect/admin/answer.h"
#include "dialect/admin/condition.h"
#include "dialect/admin/openapi_parts.h"
#include "dialect/admin/request.h"
#include "dialect/admin/routes.h"

struct texts {
    struct arena arena;             /* holds these texts */
    struct str plain, gzip;         /* two forms are two representations */
    struct str plain_tag, gzip_tag; /* one each */
};

/* Most servers are never asked: the texts are made by whoever asks first, on any thread. */
struct description {
    const struct dialect *const *dialects;
    size_t dialect_count;
    _Atomic(struct texts *) texts;
};

/* ---- about
 * --------------------------------------------------------------------------------------- */

#define ABOUT                                                                                      \
    "Feature flags: decided for applications through OpenFeature's remote evaluation protocol, "   \
    "managed under /admin/v1.\n\nEvery list comes in pages (`limit`, `cursor`). Every object has " \
    "an "                                                                                          \
    "ETag: reading takes If-None-Match, changing takes If-Match. Every change takes "              \
    "Idempotency-Key and `dryRun`. Every refusal is a problem document whose `type` leads to "     \
    "what "                                                                                        \
    "is known about its kind. Members of a query or a body that are not known are refused."

static void write_info(struct json_writer *writer)
{
    json_key(writer, STR("info"));
    json_object_begin(writer);
    json_member_string(writer, STR("title"), STR("Guidon"));
    json_member_string(writer, STR("version"), STR(GUIDON_VERSION));
    json_member_string(writer, STR("description"), STR(ABOUT));
    json_key(writer, STR("license"));
    json_object_begin(writer);
    json_member_string(writer, STR("name"), STR("Apache License 2.0"));
    json_member_string(writer, STR("identifier"), STR("Apache-2.0"));
    json_object_end(writer);
    json_object_end(writer);
    json_key(writer, STR("servers"));
    json_raw(writer, STR("[{\"url\":\"/\"}]"));
}

/* ---- tags
 * ------------------------------------------------------------------------------------------ */

static bool is_described(const struct route *route)
{
    return route->operation != NULL;
}

/* In the order in which operations name them. */
static void write_tags_of(struct json_writer *writer, const struct dialect *dialect,
                          struct map *written)
{
    for (size_t i = 0; i < dialect->route_count; i++) {
        const struct route *route = &dialect->routes[i];
        if (!is_described(route) || !map_insert(written, route->operation->tag, 1))
            continue;
        json_object_begin(writer);
        json_member_string(writer, STR("name"), route->operation->tag);
        json_object_end(writer);
    }
}

/* ---- paths
 * ------------------------------------------------------------------------------------------- */

static const char *method_name(enum http_method method)
{
    switch (method) {
    case HTTP_GET:
        return "get";
    case HTTP_HEAD:
        return "head";
    case HTTP_POST:
        return "post";
    case HTTP_PUT:
        return "put";
    case HTTP_PATCH:
        return "patch";
    case HTTP_DELETE:
        return "delete";
    case HTTP_OPTIONS:
        return "options";
    case HTTP_OTHER_METHOD:
        break;
    }
    return "trace";
}

static void write_methods(struct json_writer *writer, const struct dialect *dialect,
                          struct str path)
{
    for (size_t i = 0; i < dialect->route_count; i++) {
        const struct route *route = &dialect->routes[i];
        if (!is_described(route) || !str_equal(route->path, path))
            continue;
        json_key(writer, str_of(method_name(route->method)));
        json_object_begin(writer);
        openapi_write_operation(writer, route, dialect == &admin_dialect);
        json_object_end(writer);
    }
}

static void write_path(struct json_writer *writer, const struct dialect *dialect, struct str path)
{
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    openapi_append_template(&buf, path);
    json_key(writer, buf_str(&buf));
    buf_close(&buf);
    json_object_begin(writer);
    write_methods(writer, dialect, path);
    json_object_end(writer);
}

/* The methods of a path stand together there, wherever their routes do. */
static void write_paths_of(struct json_writer *writer, const struct dialect *dialect,
                           struct map *written)
{
    for (size_t i = 0; i < dialect->route_count; i++) {
        const struct route *route = &dialect->routes[i];
        if (is_described(route) && map_insert(written, route->path, 1))
            write_path(writer, dialect, route->path);
    }
}

/* ---- schemas
 * --------------------------------------------------------------------------------------------- */

static void write_schemas_of(struct json_writer *writer, const struct dialect *dialect,
                             struct map *written)
{
    for (size_t i = 0; i < dialect->schemas_count; i++) {
        const struct operation_schemas *schemas = dialect->schemas[i];
        for (size_t at = 0; at < schemas->count; at++) {
            if (!map_insert(written, schemas->items[at].name, 1))
                continue; /* a name is one thing: tests/unit/server/description_test.c */
            json_key(writer, schemas->items[at].name);
            json_raw(writer, schemas->items[at].text);
        }
    }
}

/* ---- the whole
 * --------------------------------------------------------------------------------------------- */

struct source {
    struct arena *arena;
    const struct dialect *const *dialects;
    size_t count;
};

static void for_each(const struct source *source, struct json_writer *writer,
                     void (*write)(struct json_writer *, const struct dialect *, struct map *))
{
    struct map written;
    map_open(&written, source->arena, 64);
    for (size_t i = 0; i < source->count; i++)
        write(writer, source->dialects[i], &written);
}

static void write_description(const struct source *source, struct buf *buf)
{
    struct json_writer writer;
    json_writer_open(&writer, buf);
    json_object_begin(&writer);
    json_member_string(&writer, STR("openapi"), STR("3.1.0"));
    json_member_string(&writer, STR("jsonSchemaDialect"),
                       STR("https://json-schema.org/draft/2020-12/schema"));
    write_info(&writer);
    json_key(&writer, STR("tags"));
    json_array_begin(&writer);
    for_each(source, &writer, write_tags_of);
    json_array_end(&writer);
    json_key(&writer, STR("paths"));
    json_object_begin(&writer);
    for_each(source, &writer, write_paths_of);
    json_object_end(&writer);
    json_key(&writer, STR("components"));
    json_object_begin(&writer);
    openapi_write_components(&writer);
    json_key(&writer, STR("schemas"));
    json_object_begin(&writer);
    for_each(source, &writer, write_schemas_of);
    json_object_end(&writer);
    json_object_end(&writer);
    json_object_end(&writer);
}

static struct texts *make_texts(const struct description *description)
{
    struct texts *texts = MEMORY_NEW(struct texts);
    arena_open(&texts->arena, 16 * 1024);
    struct buf plain;
    struct buf gzip;
    buf_open(&plain, SIZE_MAX);
    buf_open(&gzip, SIZE_MAX);
    const struct source source = {&texts->arena, description->dialects, description->dialect_count};
    write_description(&source, &plain);
    gzip_compress(buf_str(&plain), &gzip, GZIP_LEVEL_SMALL);
    texts->plain = arena_copy_str(&texts->arena, buf_str(&plain));
    texts->gzip = arena_copy_str(&texts->arena, buf_str(&gzip));
    buf_close(&gzip);
    buf_close(&plain);
    texts->plain_tag = admin_tag_of_text(&texts->arena, texts->plain);
    texts->gzip_tag = admin_tag_of_text(&texts->arena, texts->gzip);
    return texts;
}

static void free_texts(struct texts *texts)
{
    arena_close(&texts->arena);
    memory_free(texts);
}

/* Whoever is faster is kept; the same tables have given both the same bytes. */
static const struct texts *texts_of(struct description *description)
{
    struct texts *texts = atomic_load_explicit(&description->texts, memory_order_acquire);
    if (texts != NULL)
        return texts;
    struct texts *mine = make_texts(description);
    if (atomic_compare_exchange_strong_explicit(&description->texts, &texts, mine,
                                                memory_order_acq_rel, memory_order_acquire))
        return mine;
    free_texts(mine);
    return texts;
}

struct description *description_open(const struct dialect *const *dialects, size_t count)
{
    struct description *description = MEMORY_NEW(struct description);
    description->dialects = dialects;
    description->dialect_count = count;
    return description;
}

void description_close(struct description *description)
{
    struct texts *texts = atomic_load_explicit(&description->texts, memory_order_acquire);
    if (texts != NULL)
        free_texts(texts);
    memory_free(description);
}

struct str description_text(struct description *description)
{
    return texts_of(description)->plain;
}

/* ---- serving
 * ------------------------------------------------------------------------------------------------
 */

static void answer(struct exchange *x, const char *media)
{
    if (x->services->description == NULL) {
        admin_refuse_with(x, FAULT_MISSING, "", STR("nothing is described here"));
        return;
    }
    const struct texts *texts = texts_of(x->services->description);
    bool is_gzip = http_accepts_gzip(x->request);
    struct str tag = is_gzip ? texts->gzip_tag : texts->plain_tag;
    bool is_known = condition_names(http_header(x->request, STR("if-none-match")), tag);
    x->response.status = is_known ? 304 : 200;
    x->response.headers =
        arena_format(x->arena,
                     "Content-Type: %s\r\nCache-Control: no-cache\r\nVary: Accept-Encoding\r\n"
                     "ETag: %.*s\r\n%s",
                     media, STR_ARG(tag), is_gzip && !is_known ? "Content-Encoding: gzip\r\n" : "");
    if (!is_known)
        x->response.body = is_gzip ? texts->gzip : texts->plain;
}

void admin_get_description(struct exchange *x)
{
    answer(x, "application/json");
}

void admin_get_description_as_yaml(struct exchange *x)
{
    answer(x, "application/yaml");
}
