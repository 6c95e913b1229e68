/* SPDX-License-Identifier: Apache-2.0 */
/* question - who is asked about, as of when: see question.h. */
#include "cli/question.h"

#include "client/address.h"

enum { CONTEXT_BYTES_MAX = 64 * 1024 };

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

static void append_context(struct session *session, const struct invocation *invocation,
                           struct json_writer *writer, const struct json *context, struct str user)
{
    json_key(writer, STR("context"));
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

int question_ask(struct session *session, const struct invocation *invocation, const char *verb,
                 struct str key, struct str user, struct answer *answer)
{
    struct json context;
    struct fault fault = read_context(session, invocation_text(invocation, "context"), &context);
    if (failed(fault))
        return session_fail_fault(session, fault);
    struct body body;
    body_begin(&body);
    append_context(session, invocation, &body.writer, &context, user);
    if (!str_is_absent(key)) {
        json_key(&body.writer, STR("flags"));
        json_array_begin(&body.writer);
        json_string(&body.writer, key);
        json_array_end(&body.writer);
    }
    struct str path =
        arena_format(&session->arena, "%.*s/%s", STR_ARG(session->environment.path), verb);
    const struct call call = {
        .method = "POST",
        .path = address_with(&session->arena, path, "at", invocation_text(invocation, "at")),
        .body = body_end(&body, &session->arena)};
    *answer = client_ask(session->client, &session->arena, &call);
    return answer->kind == ANSWER_OK ? CLI_OK : session_refuse(session, answer);
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
