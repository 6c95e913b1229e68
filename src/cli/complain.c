/* SPDX-License-Identifier: Apache-2.0 */
/* complain - ending badly, in words that help: see session.h. */
#include <stdio.h>

#include "cli/output.h"
#include "json/write.h"

static void complain_in_json(struct session *session, enum exit_status status, struct str message,
                             const char *hint, const struct answer *answer)
{
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    struct json_writer writer;
    json_writer_open(&writer, &buf);
    json_object_begin(&writer);
    json_member_string(&writer, STR("error"), message);
    json_member_u64(&writer, STR("exitStatus"), status);
    if (hint != NULL)
        json_member_string(&writer, STR("hint"), str_of(hint));
    if (answer != NULL && answer->json.type == JSON_OBJECT)
        json_member_tree(&writer, STR("problem"), &answer->json);
    json_object_end(&writer);
    fprintf(stderr, "%.*s\n", STR_ARG(buf_str(&buf)));
    buf_close(&buf);
    (void)session;
}

static int complain(struct session *session, enum exit_status status, struct str message,
                    const char *hint, const struct answer *answer)
{
    fflush(stdout);
    if (session->has_format && session->format == OUTPUT_JSON && !session->is_vendor) {
        complain_in_json(session, status, message, hint, answer);
        return status;
    }
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    output_append_visible(&buf, message);
    bool has_colour = session->has_colour && session->is_error_terminal;
    fprintf(stderr, "%serror:%s %.*s\n", has_colour ? output_colour(session, COLOUR_RED) : "",
            has_colour ? output_colour(session, COLOUR_NONE) : "", STR_ARG(buf_str(&buf)));
    buf_close(&buf);
    if (hint != NULL)
        fprintf(stderr, "%s\n", hint);
    return status;
}

int session_fail(struct session *session, enum exit_status status, struct str message,
                 const char *hint)
{
    return complain(session, status, message, hint, NULL);
}

int session_fail_fault(struct session *session, struct fault fault)
{
    static const enum exit_status statuses[] = {
        [FAULT_NONE] = EXIT_FAILED,
        [FAULT_INVALID] = EXIT_FAILED,
        [FAULT_MISSING] = EXIT_NOT_FOUND,
        [FAULT_CONFLICT] = EXIT_CONFLICT,
        [FAULT_UNAUTHENTICATED] = EXIT_NOT_ALLOWED,
        [FAULT_DENIED] = EXIT_NOT_ALLOWED,
        [FAULT_LIMIT] = EXIT_FAILED,
        [FAULT_UNAVAILABLE] = EXIT_FAILED,
        [FAULT_FULL] = EXIT_FAILED,
        [FAULT_STALE] = EXIT_CONFLICT,
    };
    return complain(session, statuses[fault.kind], fault.why, NULL, NULL);
}

static const char *hint_for(const struct session *session, const struct answer *answer)
{
    switch (answer->kind) {
    case ANSWER_UNAUTHENTICATED:
        return session->is_vendor ? "run \"superflag login\"" : "run `guidon login`";
    case ANSWER_DENIED:
        return session->is_vendor ? NULL : "`guidon whoami` shows what this token may do";
    case ANSWER_UNREACHABLE:
        return "is the server running there? --api or GUIDON_API say which one is meant";
    case ANSWER_LIMITED:
        return "wait a moment and run it again";
    case ANSWER_OK:
    case ANSWER_INVALID:
    case ANSWER_MISSING:
    case ANSWER_CONFLICT:
    case ANSWER_FAILED:
    case ANSWER_STOPPED:
        return NULL;
    }
    return NULL;
}

int session_refuse(struct session *session, const struct answer *answer)
{
    static const enum exit_status statuses[] = {
        [ANSWER_OK] = EXIT_FAILED,
        [ANSWER_INVALID] = EXIT_FAILED,
        [ANSWER_MISSING] = EXIT_NOT_FOUND,
        [ANSWER_UNAUTHENTICATED] = EXIT_NOT_ALLOWED,
        [ANSWER_DENIED] = EXIT_NOT_ALLOWED,
        [ANSWER_CONFLICT] = EXIT_CONFLICT,
        [ANSWER_LIMITED] = EXIT_LIMITED,
        [ANSWER_FAILED] = EXIT_UNREACHABLE,
        [ANSWER_UNREACHABLE] = EXIT_UNREACHABLE,
        [ANSWER_STOPPED] = EXIT_FAILED,
    };
    struct str message = answer->message;
    if (!str_is_empty(answer->pointer))
        message = arena_format(&session->arena, "%.*s: %.*s", STR_ARG(answer->pointer),
                               STR_ARG(answer->message));
    return complain(session, statuses[answer->kind], message, hint_for(session, answer), answer);
}
