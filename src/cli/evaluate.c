/* SPDX-License-Identifier: Apache-2.0 */
/* evaluate - `eval`: what somebody gets. */
#include "cli/groups.h"
#include "cli/question.h"

static const struct column columns[] = {
    {"FLAG", "key", COLUMN_TEXT},
    {"VALUE", "value", COLUMN_JSON},
    {"VARIATION", "variation", COLUMN_TEXT},
    {"REASON", "reason", COLUMN_TEXT},
    {"RULE", "rule", COLUMN_TEXT},
};

/* --test VALUE: whether the value is that JSON, or the variation that id. */
static int check(struct session *session, const struct json *decision, struct str expected)
{
    const struct json *value = json_find(decision, STR("value"));
    const struct json *variation = json_find(decision, STR("variation"));
    struct json wanted;
    bool is_value = value != NULL &&
                    !failed(json_parse(&session->arena, expected, &json_budget_default, &wanted)) &&
                    json_equal(value, &wanted);
    bool is_variation = variation != NULL && variation->type == JSON_STRING &&
                        str_equal(variation->string, expected);
    if (is_value || is_variation)
        return EXIT_OK;
    return session_fail(session, EXIT_FAILED,
                        arena_format(&session->arena, "it is not %.*s", STR_ARG(expected)),
                        "`guidon why` with the same words shows how it came about");
}

/* For scripts: a text as it is, anything else as JSON. A terminal obeys no flag. */
static void print_value(const struct json *value, bool is_for_terminal)
{
    if (value == NULL)
        return;
    if (value->type != JSON_STRING) {
        output_json(value);
        return;
    }
    struct buf visible;
    buf_open(&visible, SIZE_MAX);
    output_append_visible(&visible, value->string);
    output_raw(is_for_terminal ? buf_str(&visible) : value->string);
    output_raw(STR("\n"));
    buf_close(&visible);
}

static int evaluate_all(struct session *session, const struct invocation *invocation)
{
    struct answer answer;
    struct str none = {0};
    int status =
        question_ask(session, invocation, false, none, invocation_argument(invocation, 0), &answer);
    const struct json *first = status == EXIT_OK ? question_decision(&answer, 0) : NULL;
    uint32_t count = 0;
    while (status == EXIT_OK && question_decision(&answer, count) != NULL)
        count++;
    if (status == EXIT_OK)
        output_list(session, columns, COUNT_OF(columns), first, count);
    return status;
}

static int evaluate(struct session *session, const struct invocation *invocation)
{
    if (invocation_has(invocation, "all"))
        return evaluate_all(session, invocation);
    struct str key = invocation_argument(invocation, 0);
    if (str_is_absent(key))
        return session_fail(session, EXIT_USAGE, STR("which flag?"),
                            "guidon eval KEY [USER], or guidon eval --all [USER]");
    struct answer answer;
    int status =
        question_ask(session, invocation, false, key, invocation_argument(invocation, 1), &answer);
    const struct json *decision = status == EXIT_OK ? question_decision(&answer, 0) : NULL;
    if (status != EXIT_OK || decision == NULL)
        return status;
    if (question_is_unknown(decision))
        return question_refuse_unknown(session, invocation, key);
    if (invocation_has(invocation, "value"))
        print_value(json_find(decision, STR("value")), session->is_output_terminal);
    else
        output_item(session, columns, COUNT_OF(columns), decision);
    struct str expected = invocation_text(invocation, "test");
    return str_is_absent(expected) ? EXIT_OK : check(session, decision, expected);
}

static const struct command_option options[] = {
    QUESTION_OPTIONS,
    {"all", '\0', NULL, "every flag; the only word is then USER", COMPLETES_NOTHING, false},
    {"value", '\0', NULL, "the value alone, as it is", COMPLETES_NOTHING, false},
    {"test", '\0', "VALUE", "end with 1 unless it is that value or variation", COMPLETES_NOTHING,
     false}};

static const char *const examples[] = {
    "eval dark-mode user-1", "eval dark-mode user-1 --with plan=pro --test true",
    "eval dark-mode user-1 --at 2026-11-01T00:00:00Z", "eval --all user-1 --file shop.json", NULL};

static const struct command commands[] = {
    {.verb = "eval",
     .arguments = "KEY [USER]",
     .summary = "show what somebody gets, now or then",
     .examples = examples,
     .options = options,
     .option_count = COUNT_OF(options),
     .argument_max = 2,
     .completes = COMPLETES_FLAGS,
     .needs = NEEDS_NOTHING,
     .run = evaluate},
};

const struct command_group group_eval = {
    .topic = "Understand",
    .commands = commands,
    .command_count = COUNT_OF(commands),
};
