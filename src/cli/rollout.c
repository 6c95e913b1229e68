/* SPDX-License-Identifier: Apache-2.0 */
/* rollout - a share of the people, in the form that the flag's arithmetic deals by. */
#include "cli/document.h"

static struct str text_at(const struct json *json, const char *path)
{
    const struct json *member = output_find(json, path);
    return member != NULL && member->type == JSON_STRING ? member->string : (struct str){0};
}

/* The first that is not the off variation. */
static struct str first_on(const struct json *document)
{
    const struct json *variations = json_find(document, STR("variations"));
    struct str off = text_at(document, "offVariation");
    bool is_list = variations != NULL && variations->type == JSON_ARRAY;
    for (uint32_t i = 0; is_list && i < variations->count; i++) {
        struct str id = text_at(&variations->elements[i], "id");
        if (!str_equal(id, off))
            return id;
    }
    return (struct str){0};
}

static void append_share(struct json_writer *writer, struct str variation, uint64_t weight)
{
    json_object_begin(writer);
    json_member_string(writer, STR("variation"), variation);
    json_member_u64(writer, STR("weight"), weight);
    json_object_end(writer);
}

static void append_bucket(struct json_writer *writer, struct str on, struct str off,
                          uint64_t percent)
{
    json_key(writer, STR("bucket"));
    json_object_begin(writer);
    json_member_string(writer, STR("otherwise"), off);
    json_key(writer, STR("slices"));
    json_array_begin(writer);
    json_object_begin(writer);
    json_member_u64(writer, STR("percent"), percent);
    json_key(writer, STR("variations"));
    json_array_begin(writer);
    append_share(writer, on, 1);
    json_array_end(writer);
    json_object_end(writer);
    json_array_end(writer);
    json_object_end(writer);
}

static void append_split(struct json_writer *writer, struct str on, struct str off,
                         uint64_t percent)
{
    json_key(writer, STR("rollout"));
    json_object_begin(writer);
    json_key(writer, STR("variations"));
    json_array_begin(writer);
    append_share(writer, on, percent * 1000);
    append_share(writer, off, (100 - percent) * 1000);
    json_array_end(writer);
    json_object_end(writer);
}

/* A merge patch: the kinds of serve that are not meant are taken away by name. */
static struct str rollout_patch(struct session *session, const struct json *document, struct str on,
                                uint64_t percent)
{
    static const char *const others[] = {"variation", "progressive", "progressiveBucket"};
    struct str off = text_at(document, "offVariation");
    bool is_by_bucket = str_equal(text_at(document, "arithmetic.comparison"), STR("text"));
    struct body body;
    body_begin(&body);
    json_key(&body.writer, STR("fallthrough"));
    json_object_begin(&body.writer);
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        json_key(&body.writer, str_of(others[i]));
        json_null(&body.writer);
    }
    json_key(&body.writer, is_by_bucket ? STR("rollout") : STR("bucket"));
    json_null(&body.writer);
    if (is_by_bucket)
        append_bucket(&body.writer, on, off, percent);
    else
        append_split(&body.writer, on, off, percent);
    json_object_end(&body.writer);
    return body_end(&body, &session->arena);
}

int document_roll_out(struct session *session, const struct invocation *invocation)
{
    struct str key = invocation_argument(invocation, 0);
    struct str percent_text = invocation_argument(invocation, 1);
    uint64_t percent = 0;
    if (str_ends_with(percent_text, STR("%")))
        percent_text.size--;
    if (!str_parse_u64(percent_text, &percent) || percent > 100)
        return session_fail(session, EXIT_USAGE, STR("PERCENT is a whole number from 0 to 100"),
                            NULL);
    struct answer answer;
    const struct json *document = NULL;
    int status = document_fetch(session, &document_flags, key, &answer, &document);
    if (status != EXIT_OK)
        return status;
    struct str on = invocation_text(invocation, "variation");
    if (str_is_absent(on))
        on = first_on(document);
    if (str_equal(on, text_at(document, "offVariation")))
        return session_fail(session, EXIT_FAILED,
                            arena_format(&session->arena,
                                         "%.*s is what everybody else gets: the one for off",
                                         STR_ARG(on)),
                            "`guidon flag set KEY offVariation=ID` makes another one that");
    if (str_is_absent(on))
        return session_fail(session, EXIT_FAILED,
                            STR("the flag has no variation but the one for off"),
                            "add one to its `variations` with `guidon flag edit`");
    return document_send_patch(session, invocation, key,
                               rollout_patch(session, document, on, percent), "roll out");
}
