/* SPDX-License-Identifier: Apache-2.0 */
/*
 * files - `evaluate` and `types`: a configuration document at work, without a server.
 *
 * Both do what the vendor's library does, to the letter: superflag-api.md 13 and 21, proven by the
 * vectors `evaluate` and `codegen`.
 */
#include "base/clock.h"
#include "base/instant.h"
#include "cli/superflag/flag_value.h"
#include "cli/superflag/groups.h"
#include "cli/superflag/local.h"
#include "cli/superflag/vendor.h"
#include "dialect/superflag/details.h"
#include "dialect/superflag/types.h"

/* ---- evaluate ------------------------------------------------------------------------------ */

/* What is evaluated, as written. */
struct question {
    struct superflag_question question;
    struct json context, fallback;
};

static int misuse(struct session *session, struct str what, struct fault fault)
{
    return session_fail(
        session, EXIT_USAGE,
        arena_format(&session->arena, "%.*s: %.*s", STR_ARG(what), STR_ARG(fault.why)), NULL);
}

static void put_member(struct json *object, struct str key, const struct json *value)
{
    for (uint32_t i = 0; i < object->count; i++) {
        if (str_equal(object->members[i].key, key)) {
            object->members[i].value = *value;
            return;
        }
    }
    object->members[object->count++] = (struct json_member){key, *value};
}

/* --attr NAME=JSON, as often as there are attributes; a text may stand without quotes. */
static int read_attributes(struct session *session, const struct invocation *invocation,
                           struct json *attributes)
{
    *attributes = (struct json){.type = JSON_OBJECT};
    attributes->members =
        ARENA_NEW_ARRAY(&session->arena, struct json_member, invocation->value_count);
    for (size_t n = 0;; n++) {
        struct str written = invocation_nth(invocation, "attr", n);
        if (str_is_absent(written))
            return EXIT_OK;
        size_t equals = str_find_byte(written, '=', 0);
        if (equals == 0 || equals == written.size)
            return session_fail(session, EXIT_USAGE, STR("--attr is NAME=VALUE"),
                                "like --attr plan=pro or --attr age=41");
        struct json value;
        struct fault fault = flag_value_parse_loose(
            &session->arena, str_slice(written, equals + 1, written.size), &value);
        if (failed(fault))
            return misuse(session, str_slice(written, 0, equals), fault);
        put_member(attributes, str_slice(written, 0, equals), &value);
    }
}

static int read_context(struct session *session, const struct invocation *invocation,
                        struct json *context)
{
    struct str key = invocation_text(invocation, "targeting-key");
    struct json attributes;
    int status = read_attributes(session, invocation, &attributes);
    *context = (struct json){.type = JSON_OBJECT,
                             .members = ARENA_NEW_ARRAY(&session->arena, struct json_member, 2)};
    if (!str_is_absent(key))
        context->members[context->count++] =
            (struct json_member){STR("targetingKey"), json_make_string(key)};
    if (attributes.count > 0)
        context->members[context->count++] = (struct json_member){STR("attributes"), attributes};
    return status;
}

/* An instant, a date, or milliseconds since 1970. What is none of these is evaluated as the library
 * does it: it says so in the details. */
static void read_moment(struct str text, struct superflag_question *question)
{
    uint64_t ms = 0;
    question->now_ms = clock_wall_ms(clock_system());
    if (str_is_absent(text))
        return;
    if (str_parse_u64(text, &ms) && ms <= INT64_MAX)
        question->now_ms = (int64_t)ms;
    else
        question->is_now_invalid = !instant_parse_date(text, &question->now_ms);
}

/* Written, else what the flag serves while it is off, as the vendor's hooks do. */
static int read_fallback(struct session *session, const struct invocation *invocation,
                         const struct superflag_document *document, struct str key,
                         struct json *fallback)
{
    struct str text = invocation_text(invocation, "fallback");
    *fallback = json_make_null();
    if (!str_is_absent(text)) {
        struct fault fault = flag_value_parse_json(&session->arena, text, fallback);
        return failed(fault) ? misuse(session, STR("--fallback"), fault) : EXIT_OK;
    }
    for (size_t i = 0; i < document->flag_count; i++) {
        const struct flag *flag = &document->flags[i];
        int off = str_equal(flag->key, key) ? flag_find_variation(flag, flag->off_variation) : -1;
        if (off >= 0)
            *fallback = flag->variations[off].value;
    }
    return EXIT_OK;
}

static int read_question(struct session *session, const struct invocation *invocation,
                         const struct superflag_document *document, struct question *asked)
{
    struct superflag_question *question = &asked->question;
    struct str type = invocation_text(invocation, "type");
    question->flag_key = invocation_text(invocation, "flag");
    question->context = &asked->context;
    question->fallback = &asked->fallback;
    question->has_type = !str_is_absent(type);
    if (str_is_absent(question->flag_key))
        return session_fail(session, EXIT_USAGE, STR("--flag is needed"), NULL);
    if (question->has_type && !value_type_parse(type, &question->type))
        return session_fail(session, EXIT_USAGE, STR("--type is boolean, string, number or object"),
                            NULL);
    read_moment(invocation_text(invocation, "now"), question);
    int status = read_context(session, invocation, &asked->context);
    return status != EXIT_OK
               ? status
               : read_fallback(session, invocation, document, question->flag_key, &asked->fallback);
}

static void show_details(struct session *session, const struct superflag_details *details)
{
    static const struct column columns[] = {
        {"Value", "value", COLUMN_JSON},     {"Variation", "variation", COLUMN_TEXT},
        {"Reason", "reason", COLUMN_TEXT},   {"Rule", "ruleId", COLUMN_TEXT},
        {"Error", "errorCode", COLUMN_TEXT}, {"Because", "errorMessage", COLUMN_TEXT},
        {"At", "timestamp", COLUMN_TEXT},
    };
    struct json tree;
    struct buf buf;
    struct json_writer writer;
    buf_open(&buf, SIZE_MAX);
    json_writer_open(&writer, &buf);
    superflag_append_details(&writer, details);
    struct str text = arena_copy_str(&session->arena, buf_str(&buf));
    buf_close(&buf);
    struct json_budget budget = {JSON_DEPTH_MAX, SIZE_MAX / 64, SIZE_MAX / 64, 64, 0};
    bool is_plain = !session->has_format || session->format == OUTPUT_JSON;
    if (is_plain || failed(json_parse(&session->arena, text, &budget, &tree))) {
        output_raw(text);
        output_raw(STR("\n"));
        return;
    }
    output_item(session, columns, COUNT_OF(columns), &tree);
}

static int evaluate_file(struct session *session, const struct invocation *invocation)
{
    struct superflag_document document;
    struct question asked = {0};
    int status = local_read(session, invocation_argument(invocation, 0), &document);
    if (status == EXIT_OK)
        status = read_question(session, invocation, &document, &asked);
    if (status != EXIT_OK)
        return status;
    struct environment_state state = superflag_document_state(&session->arena, &document);
    const struct ruleset *ruleset = ruleset_compile(&session->arena, &state);
    asked.question.ruleset = ruleset;
    asked.question.scratch = pattern_scratch_open();
    struct superflag_details details = superflag_evaluate(&session->arena, &asked.question);
    show_details(session, &details);
    pattern_scratch_close(asked.question.scratch);
    ruleset_close(ruleset);
    return EXIT_OK;
}

/* ---- types --------------------------------------------------------------------------------- */

static int write_types(struct session *session, const struct invocation *invocation)
{
    struct superflag_document document;
    const struct superflag_types options = {invocation_text(invocation, "interface"),
                                            invocation_text(invocation, "banner")};
    int status = local_read(session, invocation_argument(invocation, 0), &document);
    if (status != EXIT_OK)
        return status;
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    struct fault fault = superflag_append_types(&buf, &document, &options);
    if (failed(fault))
        status = session_fail(session, EXIT_USAGE, fault.why, NULL);
    else
        output_raw(buf_str(&buf));
    buf_close(&buf);
    return status;
}

/* ---- the table ----------------------------------------------------------------------------- */

static const struct command_option evaluate_options[] = {
    {"flag", '\0', "KEY", "which flag", COMPLETES_NOTHING, false},
    {"targeting-key", '\0', "KEY", "for whom", COMPLETES_NOTHING, false},
    {"attr", '\0', "NAME=JSON", "what is known of them", COMPLETES_NOTHING, true},
    {"fallback", '\0', "JSON", "served when all else fails (the off value)", COMPLETES_NOTHING,
     false},
    {"type", '\0', "boolean|string|number|object", "what is expected (the fallback's)",
     COMPLETES_CHOICES, false},
    {"now", '\0', "INSTANT", "at what time, for schedules", COMPLETES_NOTHING, false},
};

static const struct command_option types_options[] = {
    {"interface", '\0', "NAME", "of the values (SuperflagFlagValues)", COMPLETES_NOTHING, false},
    {"banner", '\0', "TEXT", "the first line", COMPLETES_NOTHING, false},
};

static const char *const evaluate_examples[] = {
    "evaluate config.json --flag theme --targeting-key user-1 --attr plan=pro",
    "evaluate config.json --flag sale --targeting-key u --now 2031-03-10T09:30:00Z", NULL};
static const char *const types_examples[] = {"types config.json >flags.ts",
                                             "types config.json --interface Flags", NULL};

static const struct command commands[] = {
    {.verb = "evaluate",
     .arguments = "FILE",
     .summary = "decide one flag of a configuration document, without a server",
     .examples = evaluate_examples,
     .options = evaluate_options,
     .option_count = COUNT_OF(evaluate_options),
     .argument_min = 1,
     .argument_max = 1,
     .completes = COMPLETES_FILES,
     .run = evaluate_file},
    {.verb = "types",
     .arguments = "FILE",
     .summary = "print TypeScript types of a configuration document",
     .examples = types_examples,
     .options = types_options,
     .option_count = COUNT_OF(types_options),
     .argument_min = 1,
     .argument_max = 1,
     .completes = COMPLETES_FILES,
     .run = write_types},
};

const struct command_group group_vendor_files = {
    .topic = "Superflag",
    .commands = commands,
    .command_count = COUNT_OF(commands),
};
