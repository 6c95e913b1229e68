/* SPDX-License-Identifier: Apache-2.0 */
/* answer - from an answer's head and body to what a caller wants to know: see answer.h. */
#include "client/answer.h"

/* Value of the last header line of that name; empty when there is none. */
static struct str header_of(struct str head, struct str name)
{
    struct str value = {0};
    for (size_t from = 0; from < head.size;) {
        size_t to = str_find_byte(head, '\n', from);
        struct str line = str_slice(head, from, to);
        size_t colon = str_find_byte(line, ':', 0);
        if (colon < line.size && str_equal_ignoring_case(str_slice(line, 0, colon), name)) {
            value = str_slice(line, colon + 1, line.size);
            if (str_ends_with(value, STR("\r")))
                value.size--;
            value = str_trim(value);
        }
        from = to + 1;
    }
    return value;
}

static enum answer_kind kind_of(int status, bool names_a_time)
{
    switch (status) {
    case 304:
        return ANSWER_OK;
    case 401:
        return ANSWER_UNAUTHENTICATED;
    case 403:
        return ANSWER_DENIED;
    case 404:
    case 410:
        return ANSWER_MISSING;
    case 409:
    case 412:
    case 428:
        return ANSWER_CONFLICT;
    case 429:
        return ANSWER_LIMITED;
    case 503:
        return names_a_time ? ANSWER_LIMITED : ANSWER_FAILED;
    default:
        return status / 100 == 2 ? ANSWER_OK : status / 100 == 4 ? ANSWER_INVALID : ANSWER_FAILED;
    }
}

static struct str text_of(const struct json *json, struct str key)
{
    const struct json *member = json_find(json, key);
    return member != NULL && member->type == JSON_STRING ? member->string : (struct str){0};
}

/* A problem document (RFC 9457), or what the vendors' dialects say instead. */
static void read_refusal(struct arena *arena, struct answer *answer)
{
    answer->code = text_of(&answer->json, STR("code"));
    answer->message = text_of(&answer->json, STR("detail"));
    if (str_is_empty(answer->message))
        answer->message = text_of(&answer->json, STR("error_description"));
    if (str_is_empty(answer->message))
        answer->message = text_of(&answer->json, STR("error"));
    const struct json *errors = json_find(&answer->json, STR("errors"));
    if (errors != NULL && errors->type == JSON_ARRAY && errors->count > 0) {
        answer->pointer = text_of(&errors->elements[0], STR("pointer"));
        struct str detail = text_of(&errors->elements[0], STR("detail"));
        if (!str_is_empty(detail))
            answer->message = detail;
    }
    if (str_is_empty(answer->message))
        answer->message = text_of(&answer->json, STR("title"));
    if (str_is_empty(answer->message))
        answer->message = arena_format(arena, "the server answered %d", answer->status);
}

static void read_json(struct arena *arena, struct answer *answer)
{
    bool is_json = str_equal(answer->type, STR("application/json")) ||
                   str_ends_with(answer->type, STR("+json"));
    struct json_budget budget = json_budget_default;
    budget.members_max = budget.values_max =
        SIZE_MAX / 64; /* what our own server says is trusted */
    budget.string_bytes_max = SIZE_MAX / 64;
    if (!is_json || failed(json_parse(arena, answer->text, &budget, &answer->json)))
        answer->json = json_make_null();
    answer->next = text_of(&answer->json, STR("next"));
}

struct answer answer_read(struct arena *arena, int status, struct str head, struct str body)
{
    head = arena_copy_str(arena, head);
    struct str retry = header_of(head, STR("Retry-After"));
    struct str type = header_of(head, STR("Content-Type"));
    struct answer answer = {
        .status = status,
        .text = arena_copy_str(arena, body),
        .etag = header_of(head, STR("ETag")),
        .digest = header_of(head, STR("Repr-Digest")),
        .type = str_trim(str_slice(type, 0, str_find_byte(type, ';', 0))),
        .request_id = header_of(head, STR("X-Request-Id")),
    };
    bool names_a_time = str_parse_u64(retry, &answer.retry_after_s);
    answer.kind = kind_of(status, names_a_time);
    read_json(arena, &answer);
    if (answer.kind != ANSWER_OK)
        read_refusal(arena, &answer);
    return answer;
}
