/* SPDX-License-Identifier: Apache-2.0 */
/* request - what admin calls name. Each function either finds it, or has refused the exchange with
 * a problem document and returns false. */
#ifndef ADMIN_REQUEST_H
#define ADMIN_REQUEST_H

#include "dialect/exchange.h"

void admin_refuse_because(struct exchange *x, enum fault_kind kind, const char *where,
                          struct str why);
/* The same, for those who return false then. */
static inline bool admin_refuse_with(struct exchange *x, enum fault_kind kind, const char *where,
                                     struct str why)
{
    admin_refuse_because(x, kind, where, why);
    return false;
}

/* The body as a JSON object; as one with no members but these, of few values: a MiB of small ones
 * takes as long to read as all else that is done about a question. */
enum { ADMIN_BODY_VALUES_MAX = 100000 };
bool admin_read_object(struct exchange *x, const struct json_budget *budget, struct json *body);
bool admin_read_body(struct exchange *x, const struct str *known, size_t known_count,
                     struct json *body);
bool admin_read_query(struct exchange *x, struct str name, struct str *text);

/* ?acknowledge=growth,reuse: what the change does beside, and is meant. Words that are not among
 * `known` are refused. */
enum acknowledgement {
    ACKNOWLEDGE_RESHUFFLE = 1 << 0, /* people are dealt anew */
    ACKNOWLEDGE_GROWTH = 1 << 1,    /* change/growth.h */
    ACKNOWLEDGE_REUSE = 1 << 2,     /* change/reuse.h */
};
bool admin_read_acknowledgement(struct exchange *x, unsigned known, unsigned *said);

/* A page of a list: `limit` items behind the one whose key is `after` (absent: from the first). */
struct admin_page {
    size_t limit;
    struct str after;
};
bool admin_read_page(struct exchange *x, struct admin_page *page);

/* What the caller says the object must be: If-Match, or If-None-Match: "*" for one that must not be
 * there. Read on the handler's thread, held against the object's tag wherever it is safe from
 * others: inside an edit, or in a change's guard. */
struct admin_condition {
    struct str tags;     /* of If-Match; absent: any */
    bool must_be_absent; /* If-None-Match: * */
};
bool admin_read_condition(struct exchange *x, struct admin_condition *condition);
/* tag: absent when there is no such object. FAULT_STALE says in `why` what it is now. */
struct fault admin_condition_check(const struct admin_condition *condition, struct str tag,
                                   struct arena *arena) MUST_CHECK;

/* Entity tags, quoted. A flag's says its number and revision, others a digest of their text. */
struct provenance;
struct str admin_tag_of_flag(struct arena *arena, const struct provenance *provenance);
struct str admin_tag_of_text(struct arena *arena, struct str text);

/* The environment whose number or id (env_…) is the first path parameter; NULL for one that the
 * caller may not see, as for one that is not there. The second refuses then. */
const struct catalog_environment *admin_seen_environment(const struct exchange *x);
/* The same for a number or an id from elsewhere. */
const struct catalog_environment *admin_seen_environment_named(const struct exchange *x,
                                                               struct str name_or_id);
bool admin_find_environment(struct exchange *x, const struct catalog_environment **environment);

/* 403 unless the caller may change things. */
bool admin_may_write(struct exchange *x);

/* Applies it as the caller's, once if they sent an Idempotency-Key. False when the exchange is
 * answered: refused, or ?dryRun was asked for and its report is the answer. */
bool admin_apply(struct exchange *x, struct change *change);

/* "123" -> 123; false for anything but decimal digits of a number there can be. */
bool admin_parse_number(struct str text, uint64_t *number);

#endif
