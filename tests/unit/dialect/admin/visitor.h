/* SPDX-License-Identifier: Apache-2.0 */
/* visitor - an exchange made by hand: a request that never came through a socket. */
#ifndef TESTS_UNIT_ADMIN_VISITOR_H
#define TESTS_UNIT_ADMIN_VISITOR_H

#include <string.h>

#include "base/random.h"
#include "dialect/admin/answer.h"
#include "dialect/admin/request.h"
#include "dialect/admin/visit.h"
#include "dialect/operation.h"
#include "test.h"

enum { VISITOR_HEADERS_MAX = 8 };

struct visitor {
    struct arena arena;
    struct http_header headers[VISITOR_HEADERS_MAX];
    struct http_request request;
    struct services services;
    struct caller caller;
    struct operation operation;
    struct route route;
    struct exchange x;
};

static inline struct visitor *visitor_open(enum http_method method, const char *target)
{
    struct visitor *visitor = test_calloc(1, sizeof(*visitor));
    random_open();
    arena_open(&visitor->arena, 4096);
    struct str text = str_of(target);
    size_t mark = str_find_byte(text, '?', 0);
    visitor->request = (struct http_request){
        .method = method,
        .method_text = STR("ANY"),
        .target = text,
        .path = str_slice(text, 0, mark),
        .headers = visitor->headers,
        .body = STR(""),
        .arena = &visitor->arena,
    };
    if (mark < text.size)
        visitor->request.query = str_slice(text, mark + 1, text.size);
    visitor->caller = (struct caller){.credential_id = STR("token_1")};
    visitor->route = (struct route){.method = method, .operation = &visitor->operation};
    visitor->x = (struct exchange){
        .request = &visitor->request,
        .services = &visitor->services,
        .route = &visitor->route,
        .caller = &visitor->caller,
        .arena = &visitor->arena,
        .path = visitor->request.path,
    };
    return visitor;
}

static inline void visitor_close(struct visitor *visitor)
{
    arena_close(&visitor->arena);
    test_free(visitor);
}

static inline void visitor_say(struct visitor *visitor, const char *name, const char *value)
{
    size_t count = visitor->request.header_count++;
    CHECK(count < VISITOR_HEADERS_MAX);
    visitor->headers[count] = (struct http_header){str_of(name), str_of(value)};
}

/* A header of the answer; absent when there is none. */
static inline struct str visitor_header(const struct visitor *visitor, const char *name)
{
    struct str lines = visitor->x.response.headers;
    for (size_t at = 0; at < lines.size;) {
        size_t end = str_find_byte(lines, '\n', at);
        struct str line = str_slice(lines, at, end - 1);
        size_t colon = str_find_byte(line, ':', 0);
        if (str_equal(str_slice(line, 0, colon), str_of(name)))
            return str_trim(str_slice(line, colon + 1, line.size));
        at = end + 1;
    }
    return (struct str){0};
}

/* A member of the answer's body, which must be a JSON object. */
static inline struct json visitor_body(struct visitor *visitor)
{
    struct json body;
    CHECK_OK(json_parse(&visitor->arena, visitor->x.response.body, &json_budget_default, &body));
    return body;
}

static inline struct str visitor_member(struct visitor *visitor, const char *name)
{
    struct json body = visitor_body(visitor);
    const struct json *member = json_find(&body, str_of(name));
    return member != NULL && member->type == JSON_STRING ? member->string : (struct str){0};
}

/* What `errors` says first under this name: "pointer", "parameter". */
static inline struct str visitor_place(struct visitor *visitor, const char *name)
{
    struct json body = visitor_body(visitor);
    const struct json *errors = json_find(&body, STR("errors"));
    if (errors == NULL || errors->count == 0)
        return (struct str){0};
    const struct json *place = json_find(&errors->elements[0], str_of(name));
    return place == NULL ? (struct str){0} : place->string;
}

static inline void visitor_expect_refusal(struct visitor *visitor, int status, const char *code)
{
    CHECK_INT(visitor->x.response.status, status);
    CHECK_STR(visitor_member(visitor, "code"), str_of(code));
}

#endif
