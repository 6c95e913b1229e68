/* SPDX-License-Identifier: Apache-2.0 */
/*
 * operation - what a route says of itself.
 *
 * The route table and the API's description are one: a described route points at its operation, and
 * /openapi.json is written from the two (admin/openapi.c). What is not said here is not served: a
 * query member that an operation of the admin API does not list is refused.
 */
#ifndef DIALECT_OPERATION_H
#define DIALECT_OPERATION_H

#include "base/str.h"

enum operation_trait {
    OPERATION_MUTATES = 1,  /* takes Idempotency-Key and ?dryRun, and If-Match unless it creates */
    OPERATION_CREATES = 2,  /* a mutation without an If-Match: what it makes is not there yet */
    OPERATION_LISTS = 4,    /* takes ?limit and ?cursor, answers {"items": […], "next": …} */
    OPERATION_AS_OF = 8,    /* takes ?at: a version or an instant */
    OPERATION_DETECTS = 16, /* answers with an ETag and takes If-None-Match */
    OPERATION_STREAMS = 32, /* answers with text/event-stream */
    OPERATION_NO_DRY_RUN = 64,  /* a mutation without ?dryRun: it makes nothing of the catalog or an
                                   environment (none so far) */
    OPERATION_MAY_CREATE = 128, /* a PUT: 201 where it made what was not there, beside its status */
    OPERATION_MAY_LACK_BODY = 256 /* no body means the same as an empty object */
};

struct operation_query {
    struct str name, description;
    struct str schema; /* JSON Schema, as text */
    bool is_required;
};

/* A component of the description: its name and its JSON Schema, as text. References to others are
 * "#/components/schemas/Name". */
struct operation_schema {
    struct str name, text;
};

struct operation_schemas {
    const struct operation_schema *items;
    size_t count;
};

/* How a language that does not speak in problem documents says no. */
struct operation_refusal {
    int status;
    struct str description;
    struct str answer; /* a component schema's name; absent: no body is promised */
};

struct operation {
    struct str id;           /* "getFlag": unique; a client's function */
    struct str tag;          /* "Flags" */
    struct str summary;      /* one line */
    struct str details;      /* more, or absent */
    unsigned traits;         /* enum operation_trait */
    int status;              /* of success: 200, 201, 204 */
    struct str body;         /* a component schema's name; absent: no body */
    struct str body_media;   /* absent: application/json; several with ", " between them */
    struct str answer;       /* a component schema's name; absent: no content, or bytes of another
                                kind. Of an operation that LISTS: of one item */
    struct str answer_media; /* absent: application/json */
    const struct operation_query *query; /* beside those that traits bring along */
    size_t query_count;
    /* Beside problem documents, which those of the admin API answer with and do not list. */
    const struct operation_refusal *refusals;
    size_t refusal_count;
};

#endif
