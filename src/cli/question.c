/* SPDX-License-Identifier: Apache-2.0 */
/* question - who is asked about, as of when: see question.h. */
#include "cli/question.h"

#include "base/clock.h"
#include "base/instant.h"
#include "client/address.h"
#include "dialect/admin/offline.h"

enum { CONTEXT_BYTES_MAX = 64 * 1024, FILE_BYTES_MAX = 64 * 1024 * 1024 };

/* Of what was written right here. */
static const struct json_budget answer_budget = {
    .depth_max = JSON_DEPTH_MAX,
    .members_max = UINT32_MAX,
    .string_bytes_max = SIZE_MAX,
    .number_bytes_max = 64,
};

static struct fault read_context(struct session *session, struct str text, struct json *context)
{
    *context = (struct json){.type = JSON_OBJECT};
    if (str_is_absent(text))
        return fault_none();
    struct fault fault = fault_none();
    if (str_equal(text, STR("-")))
        fault = home_read_file(&session->arena, text, CONTEXT_BYTES_MAX, &text);
    else if (str_starts_with(text, STR("@")))
        fault = home_read_file(&session->arena, str_slice(text, 1, text.size), CONTEXT_BYTES_MAX,
                               &text);
    if (!failed(fault))
        fault = json_parse(&session->arena, text, &json_budget_default, context);
    if (!failed(fault) && context->type != JSON_OBJECT)
        fault = fault_make(FAULT_INVALID, STR(""), STR("it is not a JSON object"));
    if (failed(fault))
        fault.why = arena_format(&session->arena, "--context: %.*s", STR_ARG(fault.why));
    return fault;
}

/* What is given by name wins over what stands in the context. */
static bool is_given(const struct invocation *invocation, struct str name, struct str user)
{
    if (!str_is_absent(user) && str_equal(name, STR("targetingKey")))
        return true;
    struct str pair = invocation_nth(invocation, "with", 0);
    for (size_t i = 0; !str_is_absent(pair); pair = invocation_nth(invocation, "with", ++i)) {
        if (str_equal(str_slice(pair, 0, str_find_byte(pair, '=', 0)), name))
            return true;
    }
    return false;
}

static void append_pair(struct session *session, struct json_writer *writer, struct str pair)
{
    size_t equals = str_find_byte(pair, '=', 0);
    struct str text = str_slice(pair, equals + 1, pair.size);
    struct json value;
    if (failed(json_parse(&session->arena, text, &json_budget_default, &value)))
        value = json_make_string(text);
    json_member_tree(writer, str_slice(pair, 0, equals), &value);
}

/* The context as one value: what was sent, with what is given by name. */
static void append_context(struct session *session, const struct invocation *invocation,
                           struct json_writer *writer, const struct json *context, struct str user)
{
    json_object_begin(writer);
    if (!str_is_absent(user))
        json_member_string(writer, STR("targetingKey"), user);
    for (uint32_t i = 0; i < context->count; i++) {
        if (!is_given(invocation, context->members[i].key, user))
            json_member_tree(writer, context->members[i].key, &context->members[i].value);
    }
    struct str pair = invocation_nth(invocation, "with", 0);
    for (size_t i = 0; !str_is_absent(pair); pair = invocation_nth(invocation, "with", ++i))
        append_pair(session, writer, pair);
    json_object_end(writer);
}

/* ---- asking a server --------------------------------------------------------------------------
 */

/* The server has no version of the future, but it can say what the newest will decide then. */
static bool is_future(struct str at)
{
    int64_t at_ms = 0;
    return !str_is_absent(at) && instant_parse(at, &at_ms) && instant_is_calendar_date(at) &&
           at_ms > clock_wall_ms(clock_system());
}

/* now: absent unless the future is asked about. */
static struct str body_of(struct session *session, struct str context, struct str key,
                          struct str now)
{
    struct body body;
    body_begin(&body);
    json_key(&body.writer, STR("context"));
    json_raw(&body.writer, context);
    body_text(&body, "now", now);
    if (!str_is_absent(key)) {
        json_key(&body.writer, STR("flags"));
        json_array_begin(&body.writer);
        json_string(&body.writer, key);
        json_array_end(&body.writer);
    }
    return body_end(&body, &session->arena);
}

static int ask_server(struct session *session, const struct invocation *invocation, bool is_why,
                      struct str key, struct str context, struct answer *answer)
{
    struct fault fault = session_prepare(session);
    if (failed(fault))
        return session_fail(session, EXIT_USAGE, fault.why, NULL);
    int status = session_provide(session, NEEDS_ENVIRONMENT);
    if (status != EXIT_OK)
        return status;
    struct str path = arena_format(&session->arena, "%.*s/%s", STR_ARG(session->environment.path),
                                   is_why ? "explain" : "evaluate");
    struct str at = invocation_text(invocation, "at"), none = {0};
    const struct call call = {
        .method = "POST",
        .path = address_with(&session->arena, path, "at", is_future(at) ? none : at),
        .body = body_of(session, context, key, is_future(at) ? at : none)};
    *answer = client_ask(session->client, &session->arena, &call);
    return answer->kind == ANSWER_OK ? EXIT_OK : session_refuse(session, answer);
}

/* ---- asking a file ----------------------------------------------------------------------------
 */

static int refuse_file(struct session *session, struct str file, struct fault fault)
{
    struct str where = str_is_empty(fault.where) ? STR("") : fault.where;
    return session_fail(session, EXIT_FAILED,
                        arena_format(&session->arena, "%.*s: %.*s%s%.*s", STR_ARG(file),
                                     STR_ARG(where), str_is_empty(where) ? "" : " ",
                                     STR_ARG(fault.why)),
                        "--file takes what `guidon export` writes");
}

static struct fault decide(struct session *session, struct str text, const struct json *context,
                           struct str key, int64_t now_ms, bool is_why, struct answer *answer)
{
    struct admin_offline *offline = NULL;
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    struct fault fault = admin_offline_open(&session->arena, text, &offline);
    if (!failed(fault))
        fault = admin_offline_answer(offline, context, key, now_ms, is_why, &buf);
    admin_offline_close(offline);
    *answer =
        (struct answer){.kind = ANSWER_OK, .text = arena_copy_str(&session->arena, buf_str(&buf))};
    buf_close(&buf);
    return failed(fault) ? fault
                         : json_parse(&session->arena, answer->text, &answer_budget, &answer->json);
}

static int ask_file(struct session *session, const struct invocation *invocation, bool is_why,
                    struct str key, struct str context_text, struct answer *answer)
{
    struct str file = invocation_text(invocation, "file"), text;
    struct str at = invocation_text(invocation, "at");
    int64_t now_ms = clock_wall_ms(clock_system());
    if (!str_is_absent(at) && (!instant_parse(at, &now_ms) || !instant_is_calendar_date(at)))
        return session_fail(session, EXIT_USAGE,
                            STR("a file has no versions: --at is an instant here"),
                            "without --file the server is asked, which has them");
    struct fault fault = home_read_file(&session->arena, file, FILE_BYTES_MAX, &text);
    if (failed(fault))
        return session_fail_fault(session, fault);
    struct json context;
    fault = json_parse(&session->arena, context_text, &json_budget_default, &context);
    if (!failed(fault))
        fault = decide(session, text, &context, key, now_ms, is_why, answer);
    return failed(fault) ? refuse_file(session, file, fault) : EXIT_OK;
}

/* ---- both -------------------------------------------------------------------------------------
 */

int question_ask(struct session *session, const struct invocation *invocation, bool is_why,
                 struct str key, struct str user, struct answer *answer)
{
    struct json context;
    struct fault fault = read_context(session, invocation_text(invocation, "context"), &context);
    if (failed(fault))
        return session_fail(session, fault.kind == FAULT_MISSING ? EXIT_NOT_FOUND : EXIT_USAGE,
                            fault.why, "e.g. --context '{\"plan\":\"pro\"}', or --with plan=pro");
    struct buf buf;
    struct json_writer writer;
    buf_open(&buf, SIZE_MAX);
    json_writer_open(&writer, &buf);
    append_context(session, invocation, &writer, &context, user);
    struct str text = arena_copy_str(&session->arena, buf_str(&buf));
    buf_close(&buf);
    return invocation_has(invocation, "file")
               ? ask_file(session, invocation, is_why, key, text, answer)
               : ask_server(session, invocation, is_why, key, text, answer);
}

bool question_is_unknown(const struct json *decision)
{
    const struct json *code = json_find(decision, STR("errorCode"));
    return code != NULL && code->type == JSON_STRING &&
           str_equal(code->string, STR("FLAG_NOT_FOUND"));
}

int question_refuse_unknown(struct session *session, const struct invocation *invocation,
                            struct str key)
{
    bool is_file = invocation_has(invocation, "file");
    return session_fail(session, EXIT_NOT_FOUND,
                        arena_format(&session->arena, "there is no flag \"%.*s\"", STR_ARG(key)),
                        is_file ? "`guidon eval --all --file EXPORT` shows them all"
                                : "`guidon flag list` shows them all");
}

const struct json *question_decision(const struct answer *answer, uint32_t n)
{
    const struct json *results = json_find(&answer->json, STR("results"));
    if (results == NULL || results->type != JSON_ARRAY || results->count == 0)
        return NULL;
    const struct json *flags = json_find(&results->elements[0], STR("flags"));
    bool is_there = flags != NULL && flags->type == JSON_ARRAY && n < flags->count;
    return is_there ? &flags->elements[n] : NULL;
}
