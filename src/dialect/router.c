/* SPDX-License-Identifier: Apache-2.0 */
/* router - which language a path belongs to, and which of its routes: see router.h. */
#include "dialect/router.h"

#include <assert.h>

#define METHOD_COUNT HTTP_OTHER_METHOD /* those a route can have */

struct segment_pattern {
    struct str literal; /* absent: a parameter */
};

struct router_entry {
    struct str path; /* as its first route spells it */
    const struct dialect *dialect;
    const struct route *routes[METHOD_COUNT];
    struct segment_pattern segments[ROUTER_SEGMENTS_MAX];
    size_t segment_count;
    size_t parameter_count;    /* 0: matched as a whole, by the map */
    bool has_rest;             /* the last parameter takes all that is left */
    struct router_entry *next; /* pattern of the same dialect with as many segments, or a rest */
};

struct router_shelf {
    struct router_entry *patterns[ROUTER_SEGMENTS_MAX + 1]; /* by their number of segments */
    struct router_entry *rests; /* patterns whose last parameter takes what is left */
};

/* ---- dialects -------------------------------------------------------------------------- */

/* Most prefixes are told apart by the byte they end in. */
static bool speaks_for(struct str prefix, struct str path)
{
    if (path.size < prefix.size || path.data[prefix.size - 1] != prefix.data[prefix.size - 1] ||
        !str_starts_with(path, prefix))
        return false;
    return path.size == prefix.size || str_ends_with(prefix, STR("/")) ||
           path.data[prefix.size] == '/';
}

static size_t find_index(const struct dialect *const *dialects, size_t count, struct str path)
{
    size_t found = 0;
    size_t longest = 0;
    for (size_t i = 0; i < count; i++) {
        for (size_t at = 0; at < dialects[i]->prefix_count; at++) {
            struct str prefix = dialects[i]->prefixes[at];
            if (prefix.size <= longest || !speaks_for(prefix, path))
                continue;
            found = i;
            longest = prefix.size;
        }
    }
    return found;
}

const struct dialect *dialects_find(const struct dialect *const *dialects, size_t count,
                                    struct str path)
{
    return dialects[find_index(dialects, count, path)];
}

struct str dialect_path(const struct dialect *dialect, struct str path)
{
    bool has_idle_slash =
        dialect->takes_repeated_slashes && path.size > 1 && str_ends_with(path, STR("/"));
    return str_slice(path, 0, path.size - has_idle_slash);
}

/* ---- making ---------------------------------------------------------------------------- */

/* What lies between the slashes of a path that begins with one; a last slash leaves an empty last
 * segment, repeated ones are one. Returns how many there are, SIZE_MAX when there are more than
 * were written. */
static size_t split(struct str path, struct str segments[ROUTER_SEGMENTS_MAX])
{
    size_t count = 0;
    for (size_t at = 1; at <= path.size;) {
        size_t end = str_find_byte(path, '/', at);
        bool is_repeated_slash = end == at && end < path.size;
        if (!is_repeated_slash) {
            if (count == ROUTER_SEGMENTS_MAX)
                return SIZE_MAX;
            segments[count++] = str_slice(path, at, end);
        }
        at = end + 1;
    }
    return count;
}

static bool is_parameter(struct str segment)
{
    return str_starts_with(segment, STR("{")) && str_ends_with(segment, STR("}"));
}

static bool is_rest(struct str segment)
{
    return is_parameter(segment) && str_ends_with(segment, STR("*}"));
}

static struct router_entry make_entry(const struct dialect *dialect, const struct route *route)
{
    struct router_entry entry = {.path = route->path, .dialect = dialect};
    struct str segments[ROUTER_SEGMENTS_MAX];
    entry.segment_count = split(route->path, segments);
    assert(entry.segment_count != SIZE_MAX);
    for (size_t i = 0; i < entry.segment_count; i++) {
        if (is_parameter(segments[i]))
            entry.parameter_count++;
        else
            entry.segments[i].literal = segments[i];
        assert(!entry.has_rest); /* nothing comes behind it */
        entry.has_rest = is_rest(segments[i]);
    }
    assert(entry.parameter_count <= ROUTE_PARAMETERS_MAX);
    return entry;
}

/* The same literals and parameters at the same places; their names do not matter. */
static bool is_same_pattern(const struct router_entry *a, const struct router_entry *b)
{
    if (a->segment_count != b->segment_count || a->has_rest != b->has_rest)
        return false;
    for (size_t i = 0; i < a->segment_count; i++) {
        struct str one = a->segments[i].literal;
        struct str other = b->segments[i].literal;
        if (str_is_absent(one) != str_is_absent(other) || !str_equal(one, other))
            return false;
    }
    return true;
}

static size_t index_of(const struct router *router, const struct dialect *dialect)
{
    size_t index = 0;
    while (router->dialects[index] != dialect)
        index++;
    return index;
}

static struct router_entry *add_entry(struct router *router, const struct router_entry *entry)
{
    struct router_entry *added = &router->entries[router->entry_count];
    *added = *entry;
    if (entry->parameter_count == 0) {
        map_insert(&router->exact, entry->path, (uint32_t)router->entry_count);
    } else {
        struct router_shelf *shelf = &router->shelves[index_of(router, entry->dialect)];
        struct router_entry **link =
            entry->has_rest ? &shelf->rests : &shelf->patterns[entry->segment_count];
        while (*link != NULL) /* those declared first are tried first */
            link = &(*link)->next;
        *link = added;
    }
    router->entry_count++;
    return added;
}

static struct router_entry *find_entry(struct router *router, const struct router_entry *like)
{
    for (size_t i = 0; i < router->entry_count; i++) {
        if (is_same_pattern(&router->entries[i], like))
            return &router->entries[i];
    }
    return NULL;
}

static void add_route(struct router *router, const struct dialect *dialect,
                      const struct route *route)
{
    assert(dialects_find(router->dialects, router->dialect_count, route->path) == dialect);
    assert(route->method < METHOD_COUNT);
    assert(route->scope >= SCOPE_ANYONE); /* a row that forgot to say who may: no start */
    assert(route->handle != NULL);
    const struct router_entry like = make_entry(dialect, route);
    struct router_entry *entry = find_entry(router, &like);
    if (entry == NULL)
        entry = add_entry(router, &like);
    assert(entry->routes[route->method] == NULL);
    entry->routes[route->method] = route;
}

void router_open(struct router *router, const struct dialect *const *dialects, size_t count)
{
    assert(count > 0);
    *router = (struct router){.dialects = dialects, .dialect_count = count};
    arena_open(&router->arena, 4096);
    size_t route_count = 0;
    for (size_t i = 0; i < count; i++)
        route_count += dialects[i]->route_count;
    router->entries = ARENA_NEW_ARRAY(&router->arena, struct router_entry, route_count);
    router->shelves = ARENA_NEW_ARRAY(&router->arena, struct router_shelf, count);
    map_open(&router->exact, &router->arena, route_count);
    for (size_t i = 0; i < count; i++) {
        for (size_t at = 0; at < dialects[i]->route_count; at++)
            add_route(router, dialects[i], &dialects[i]->routes[at]);
    }
}

void router_close(struct router *router)
{
    arena_close(&router->arena);
}

/* ---- finding --------------------------------------------------------------------------- */

/* Who is spoken to. */
struct address {
    const struct dialect *dialect;
    const struct router_shelf *shelf; /* the dialect's */
    struct str path;                  /* without the slash behind it that is overlooked */
};

static struct address find_address(const struct router *router, const struct http_request *request)
{
    size_t index = find_index(router->dialects, router->dialect_count, request->path);
    const struct dialect *dialect = router->dialects[index];
    return (struct address){dialect, &router->shelves[index], dialect_path(dialect, request->path)};
}

bool router_has_patterns(const struct router *router, const struct dialect *dialect)
{
    for (size_t i = 0; i < router->entry_count; i++) {
        if (router->entries[i].dialect == dialect && router->entries[i].parameter_count > 0)
            return true;
    }
    return false;
}

static enum http_method route_method(enum http_method method)
{
    return method == HTTP_HEAD ? HTTP_GET : method; /* http/ leaves the body of a HEAD away */
}

static const struct router_entry *find_exact(const struct router *router,
                                             const struct http_request *request,
                                             const struct address *address)
{
    if (request->has_encoded_slash) /* its path only looks like one */
        return NULL;
    uint32_t index = map_find(&router->exact, address->path);
    return index == MAP_ABSENT ? NULL : &router->entries[index];
}

/* A request's path on the way through the patterns. */
struct trail {
    const struct router_shelf *shelf;
    struct str raw;                           /* as received */
    size_t begins[ROUTER_SEGMENTS_MAX];       /* where in raw each of the segments does */
    struct str segments[ROUTER_SEGMENTS_MAX]; /* decoded */
    size_t segment_count;
    bool has_more; /* segments than these: only a rest may take them */
};

static void split_trail(struct trail *trail, const struct http_request *request)
{
    size_t count = split(trail->raw, trail->segments);
    trail->has_more = count == SIZE_MAX;
    trail->segment_count = trail->has_more ? ROUTER_SEGMENTS_MAX : count;
    bool is_encoded = str_find_byte(trail->raw, '%', 0) < trail->raw.size;
    for (size_t i = 0; i < trail->segment_count; i++) {
        trail->begins[i] = (size_t)(trail->segments[i].data - trail->raw.data);
        if (is_encoded)
            trail->segments[i] = http_decode_segment(request->arena, trail->segments[i]);
    }
}

static bool trail_open(struct trail *trail, const struct http_request *request,
                       const struct address *address)
{
    trail->shelf = address->shelf;
    trail->raw = str_slice(request->target, 0, str_find_byte(request->target, '?', 0));
    if (!str_starts_with(trail->raw, STR("/")))
        return false;
    split_trail(trail, request);
    if (!trail->has_more && address->path.size < request->path.size)
        trail->segment_count--; /* the empty one behind it */
    return true;
}

/* The first pattern with as many segments as the trail has, then those that take the rest. */
static const struct router_entry *first_pattern(const struct trail *trail)
{
    const struct router_entry *entry =
        trail->has_more ? NULL : trail->shelf->patterns[trail->segment_count];
    return entry != NULL ? entry : trail->shelf->rests;
}

static const struct router_entry *next_pattern(const struct trail *trail,
                                               const struct router_entry *entry)
{
    if (entry->next != NULL || entry->has_rest)
        return entry->next;
    return trail->shelf->rests;
}

static bool matches(const struct router_entry *entry, const struct trail *trail)
{
    if (trail->segment_count < entry->segment_count)
        return false;
    for (size_t i = 0; i < entry->segment_count; i++) {
        struct str literal = entry->segments[i].literal;
        bool fits = str_is_absent(literal) ? trail->segments[i].size > 0
                                           : str_equal(literal, trail->segments[i]);
        if (!fits)
            return false;
    }
    return true;
}

static void fill_parameters(struct router_match *match, const struct router_entry *entry,
                            const struct trail *trail, struct arena *arena)
{
    for (size_t i = 0; i < entry->segment_count; i++) {
        if (str_is_absent(entry->segments[i].literal))
            match->parameters[match->parameter_count++] = trail->segments[i];
    }
    struct str *last = &match->parameters[match->parameter_count - 1];
    struct str rest =
        str_slice(trail->raw, trail->begins[entry->segment_count - 1], trail->raw.size);
    if (entry->has_rest && rest.size > last->size)
        *last = http_decode_segment(arena, rest);
}

static void find_pattern(const struct http_request *request, const struct address *address,
                         enum http_method method, struct router_match *match)
{
    struct trail trail = {0};
    if (!trail_open(&trail, request, address))
        return;
    const struct router_entry *entry = first_pattern(&trail);
    for (; entry != NULL; entry = next_pattern(&trail, entry)) {
        if (entry->routes[method] == NULL || !matches(entry, &trail))
            continue;
        match->route = entry->routes[method];
        fill_parameters(match, entry, &trail, request->arena);
        return;
    }
}

struct router_match router_find(const struct router *router, const struct http_request *request)
{
    const struct address address = find_address(router, request);
    struct router_match match = {.dialect = address.dialect};
    enum http_method method = route_method(request->method);
    if (method >= METHOD_COUNT)
        return match;
    const struct router_entry *entry = find_exact(router, request, &address);
    if (entry != NULL && entry->routes[method] != NULL)
        match.route = entry->routes[method];
    else
        find_pattern(request, &address, method, &match);
    return match;
}

/* ---- methods ---------------------------------------------------------------------------- */

static void note_methods(const struct router_entry *entry, bool is_taken[METHOD_COUNT])
{
    for (size_t method = 0; method < METHOD_COUNT; method++)
        is_taken[method] = is_taken[method] || entry->routes[method] != NULL;
}

struct str router_list_methods(const struct router *router, const struct http_request *request)
{
    static const struct {
        enum http_method method;
        const char *name;
    } names[] = {{HTTP_GET, "GET, HEAD, "},
                 {HTTP_POST, "POST, "},
                 {HTTP_PUT, "PUT, "},
                 {HTTP_PATCH, "PATCH, "},
                 {HTTP_DELETE, "DELETE, "}};
    bool is_taken[METHOD_COUNT] = {false};
    const struct address address = find_address(router, request);
    const struct router_entry *exact = find_exact(router, request, &address);
    if (exact != NULL)
        note_methods(exact, is_taken);
    struct trail trail = {0};
    bool is_path = trail_open(&trail, request, &address);
    for (const struct router_entry *entry = is_path ? first_pattern(&trail) : NULL; entry != NULL;
         entry = next_pattern(&trail, entry)) {
        if (matches(entry, &trail))
            note_methods(entry, is_taken);
    }
    struct str list = STR("");
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (is_taken[names[i].method])
            list = arena_format(request->arena, "%.*s%s", STR_ARG(list), names[i].name);
    }
    if (list.size == 0)
        return (struct str){0};
    return arena_format(request->arena, "%.*sOPTIONS", STR_ARG(list));
}
