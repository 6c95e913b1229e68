/* SPDX-License-Identifier: Apache-2.0 */
/* description - what is served and what is described are one: over the tables of all languages. */
#include "dialect/admin/openapi.h"

#include "base/random.h"
#include "dialect/admin/routes.h"
#include "dialect/operation.h"
#include "server/routes.h"
#include "test.h"

struct desk {
    struct arena arena;
    const struct dialect *dialects[16];
    struct description *description;
    struct json document;
};

static struct desk *desk_open(void)
{
    static const struct json_budget budget = {64, 2000, 256 * 1024, 64, 0};
    struct desk *desk = test_calloc(1, sizeof(*desk));
    random_open();
    arena_open(&desk->arena, 64 * 1024);
    for (size_t i = 0; i < server_language_count; i++)
        desk->dialects[i] = server_languages[i].dialect;
    desk->description = description_open(desk->dialects, server_language_count);
    CHECK_OK(
        json_parse(&desk->arena, description_text(desk->description), &budget, &desk->document));
    return desk;
}

static void desk_close(struct desk *desk)
{
    description_close(desk->description);
    arena_close(&desk->arena);
    test_free(desk);
}

static const struct json *walk(const struct json *from, const char *const *steps)
{
    for (; from != NULL && *steps != NULL; steps++)
        from = json_find(from, str_of(*steps));
    return from;
}

/* Those that describe themselves: with at least one operation. */
static bool describes_itself(const struct dialect *dialect)
{
    for (size_t i = 0; i < dialect->route_count; i++) {
        if (dialect->routes[i].operation != NULL)
            return true;
    }
    return false;
}

typedef void visit_route(struct desk *desk, const struct route *route);

static void for_each_route(visit_route *visit)
{
    struct desk *desk = desk_open();
    size_t languages = 0;
    for (size_t i = 0; i < server_language_count; i++) {
        const struct dialect *dialect = desk->dialects[i];
        if (!describes_itself(dialect))
            continue;
        languages++;
        for (size_t at = 0; at < dialect->route_count; at++)
            visit(desk, &dialect->routes[at]);
    }
    CHECK(languages >= 2); /* the admin API and OFREP */
    desk_close(desk);
}

static struct str method_of(struct arena *arena, const struct route *route)
{
    static const char *const names[] = {"get", "head", "post", "put", "patch", "delete", "options"};
    CHECK((size_t)route->method < COUNT_OF(names));
    return arena_format(arena, "%s", names[route->method]);
}

/* "{name*}" is written "{name}" there. */
static struct str template_of(struct arena *arena, struct str path)
{
    char *text = arena_allocate(arena, path.size);
    size_t size = 0;
    for (size_t i = 0; i < path.size; i++) {
        if (path.data[i] != '*')
            text[size++] = path.data[i];
    }
    return (struct str){text, size};
}

static const struct json *find_operation(struct desk *desk, const struct route *route)
{
    const struct json *paths = json_find(&desk->document, STR("paths"));
    const struct json *path = json_find(paths, template_of(&desk->arena, route->path));
    return path == NULL ? NULL : json_find(path, method_of(&desk->arena, route));
}

/* ---- every route --------------------------------------------------------------------------------
 */

static void expect_described(struct desk *desk, const struct route *route)
{
    if (route->operation == NULL)
        fprintf(stderr, "%.*s has no operation\n", STR_ARG(route->path));
    CHECK(route->operation != NULL);
    CHECK(route->scope >= SCOPE_ANYONE);
    CHECK(route->operation->id.size > 0);
    CHECK(route->operation->tag.size > 0);
    CHECK(route->operation->summary.size > 0);
    const struct json *described = find_operation(desk, route);
    CHECK(described != NULL);
    CHECK_STR(json_find(described, STR("operationId"))->string, route->operation->id);
    const struct json *security = json_find(described, STR("security"));
    CHECK(security != NULL);
    CHECK_INT(security->count == 0, route->scope == SCOPE_ANYONE);
}

TEST(every_route_of_a_language_that_describes_itself_is_described)
{
    for_each_route(expect_described);
}

static void expect_manners(struct desk *desk, const struct route *route)
{
    CHECK(route->operation != NULL);
    unsigned traits = route->operation->traits;
    bool mutates = (traits & OPERATION_MUTATES) != 0;
    (void)desk;
    bool is_admin = str_starts_with(route->path, STR("/admin/v1/"));
    if (mutates) /* it waits for the writer, and looks for what was answered before */
        CHECK_INT(route->lane, LANE_STORE);
    if (is_admin && route->scope != SCOPE_ANYONE && route->method != HTTP_GET &&
        route->method != HTTP_POST)
        CHECK(mutates);
    if (route->method == HTTP_GET) {
        CHECK(!mutates);
        CHECK_INT(route->body_bytes_max, 0);
    }
    if ((traits & OPERATION_CREATES) != 0)
        CHECK(mutates);
    if ((traits & OPERATION_LISTS) != 0)
        CHECK(!str_is_absent(route->operation->answer));
    if (is_admin && route->method == HTTP_GET && (traits & OPERATION_STREAMS) == 0)
        CHECK((traits & OPERATION_DETECTS) != 0);
    bool is_download =
        str_is_absent(route->operation->answer) && !str_is_absent(route->operation->answer_media);
    bool has_body = !str_is_absent(route->operation->body);
    if (has_body != (route->body_bytes_max > 0))
        fprintf(stderr, "%.*s: whether there is a body\n", STR_ARG(route->path));
    CHECK_INT(has_body, route->body_bytes_max > 0);
    if (route->operation->status == 204)
        CHECK(str_is_absent(route->operation->answer));
    else if ((traits & OPERATION_STREAMS) == 0)
        CHECK(!str_is_absent(route->operation->answer) || is_download);
}

TEST(traits_fit_routes)
{
    for_each_route(expect_manners);
}

/* ---- the document
 * --------------------------------------------------------------------------------- */

TEST(the_same_tables_give_the_same_bytes)
{
    struct desk *desk = desk_open();
    struct description *again = description_open(desk->dialects, server_language_count);
    CHECK_STR(description_text(again), description_text(desk->description));
    description_close(again);
    desk_close(desk);
}

static size_t count_operations(const struct dialect *dialect)
{
    size_t count = 0;
    for (size_t i = 0; i < dialect->route_count; i++)
        count += dialect->routes[i].operation != NULL;
    return count;
}

TEST(nothing_is_described_that_has_no_route_and_ids_are_unique)
{
    struct desk *desk = desk_open();
    struct map ids;
    size_t routed = 0, described = 0;
    map_open(&ids, &desk->arena, 64);
    for (size_t i = 0; i < server_language_count; i++)
        routed += count_operations(desk->dialects[i]);
    const struct json *paths = json_find(&desk->document, STR("paths"));
    for (uint32_t i = 0; i < paths->count; i++) {
        const struct json *path = &paths->members[i].value;
        for (uint32_t at = 0; at < path->count; at++) {
            const struct json *id = json_find(&path->members[at].value, STR("operationId"));
            CHECK(map_insert(&ids, id->string, 1));
            described++;
        }
    }
    CHECK_INT(described, routed);
    desk_close(desk);
}

/* "/a/{x}" and "/a/{y}" would be one template. */
TEST(templates_are_unique_whatever_their_parameters_are_called)
{
    struct desk *desk = desk_open();
    struct map shapes;
    map_open(&shapes, &desk->arena, 64);
    const struct json *paths = json_find(&desk->document, STR("paths"));
    for (uint32_t i = 0; i < paths->count; i++) {
        struct str path = paths->members[i].key;
        char *shape = arena_allocate(&desk->arena, path.size);
        size_t size = 0;
        bool is_inside = false;
        for (size_t at = 0; at < path.size; at++) {
            is_inside = path.data[at] == '{' || (is_inside && path.data[at] != '}');
            if (!is_inside)
                shape[size++] = path.data[at];
        }
        CHECK(map_insert(&shapes, (struct str){shape, size}, 1));
    }
    desk_close(desk);
}

static void check_reference(struct desk *desk, struct str reference)
{
    const struct json *at = &desk->document;
    CHECK(str_starts_with(reference, STR("#/")));
    for (size_t from = 2; from < reference.size && at != NULL;) {
        size_t end = str_find_byte(reference, '/', from);
        at = json_find(at, str_slice(reference, from, end));
        from = end + 1;
    }
    if (at == NULL)
        fprintf(stderr, "%.*s leads nowhere\n", STR_ARG(reference));
    CHECK(at != NULL);
}

/* Recursion is bounded by the budget's depth. */
static size_t check_references(struct desk *desk, const struct json *json)
{
    size_t count = 0;
    if (json->type == JSON_ARRAY) {
        for (uint32_t i = 0; i < json->count; i++)
            count += check_references(desk, &json->elements[i]);
    }
    if (json->type != JSON_OBJECT)
        return count;
    for (uint32_t i = 0; i < json->count; i++) {
        const struct json_member *member = &json->members[i];
        if (str_equal(member->key, STR("$ref")) && member->value.type == JSON_STRING) {
            check_reference(desk, member->value.string);
            count++;
        }
        count += check_references(desk, &member->value);
    }
    return count;
}

TEST(every_reference_leads_somewhere)
{
    struct desk *desk = desk_open();
    CHECK(check_references(desk, &desk->document) > 100);
    desk_close(desk);
}

TEST(a_schema_has_one_name_and_a_name_one_schema)
{
    struct desk *desk = desk_open();
    struct map names;
    map_open(&names, &desk->arena, 64);
    for (size_t i = 0; i < server_language_count; i++) {
        const struct dialect *dialect = desk->dialects[i];
        for (size_t list = 0; list < dialect->schemas_count; list++) {
            const struct operation_schemas *schemas = dialect->schemas[list];
            for (size_t at = 0; at < schemas->count; at++) {
                bool is_new = map_insert(&names, schemas->items[at].name, 1);
                if (!is_new)
                    fprintf(stderr, "%.*s is there twice\n", STR_ARG(schemas->items[at].name));
                CHECK(is_new);
            }
        }
    }
    desk_close(desk);
}

TEST(every_schema_is_used_and_every_tag_is_listed)
{
    struct desk *desk = desk_open();
    struct str text = description_text(desk->description);
    static const char *const steps[] = {"components", "schemas", NULL};
    const struct json *schemas = walk(&desk->document, steps);
    for (uint32_t i = 0; i < schemas->count; i++) {
        struct str reference = arena_format(&desk->arena, "\"#/components/schemas/%.*s\"",
                                            STR_ARG(schemas->members[i].key));
        if (!str_contains(text, reference))
            fprintf(stderr, "nothing leads to %.*s\n", STR_ARG(reference));
        CHECK(str_contains(text, reference));
    }
    const struct json *tags = json_find(&desk->document, STR("tags"));
    CHECK(tags->count > 3);
    desk_close(desk);
}

TESTS(every_route_of_a_language_that_describes_itself_is_described, traits_fit_routes,
      the_same_tables_give_the_same_bytes,
      nothing_is_described_that_has_no_route_and_ids_are_unique,
      templates_are_unique_whatever_their_parameters_are_called, every_reference_leads_somewhere,
      a_schema_has_one_name_and_a_name_one_schema, every_schema_is_used_and_every_tag_is_listed)
