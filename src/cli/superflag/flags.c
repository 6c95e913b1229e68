/* SPDX-License-Identifier: Apache-2.0 */
/* flags - `flags`: a value per flag and environment. superflag-cli.md 3.2. */
#include <stdlib.h>

#include "cli/superflag/flag_value.h"
#include "cli/superflag/groups.h"
#include "cli/superflag/vendor.h"
#include "client/address.h"

#define FLAGS_PATH "/api/v1/flags"

enum { BULK_BYTES_MAX = 1024 * 1024 };

static const struct column columns[] = {
    {"KEY", "key", COLUMN_TEXT},
    {"TYPE", "type", COLUMN_TEXT},
    {"VALUE", "value", COLUMN_JSON},
};

/* A flag's own members with its key in front. */
static struct json item_of(struct arena *arena, const struct json_member *member)
{
    const struct json *flag = &member->value;
    const uint32_t count = flag->type == JSON_OBJECT ? flag->count : 0;
    struct json item = {.type = JSON_OBJECT, .count = count + 1};
    item.members = ARENA_NEW_ARRAY(arena, struct json_member, count + 1);
    item.members[0] = (struct json_member){STR("key"), json_make_string(member->key)};
    for (uint32_t i = 0; i < count; i++)
        item.members[i + 1] = flag->members[i];
    return item;
}

static int compare_items(const void *left, const void *right)
{
    const struct json *a = left, *b = right;
    return str_compare(a->members[0].value.string, b->members[0].value.string);
}

static int get_flags(struct session *session, const struct vendor_place *place, struct json *flags)
{
    int status =
        vendor_ask(session, NULL, vendor_path(session, FLAGS_PATH, place), (struct str){0}, flags);
    if (status == EXIT_OK && flags->type != JSON_OBJECT)
        *flags = (struct json){.type = JSON_OBJECT};
    return status;
}

static int list(struct session *session, const struct invocation *invocation)
{
    (void)invocation;
    struct vendor_place place;
    struct json flags = json_make_null();
    int status = vendor_find_place(session, &place);
    if (status == EXIT_OK)
        status = get_flags(session, &place, &flags);
    if (status != EXIT_OK)
        return status;
    struct json *items = ARENA_NEW_ARRAY(&session->arena, struct json, flags.count);
    for (uint32_t i = 0; i < flags.count; i++)
        items[i] = item_of(&session->arena, &flags.members[i]);
    if (flags.count > 1)
        qsort(items, flags.count, sizeof(*items), compare_items);
    vendor_show_list(session, columns, COUNT_OF(columns), &flags, items, flags.count);
    return EXIT_OK;
}

/* One flag of all: the vendor's API has no other way. */
static int find_flag(struct session *session, const struct vendor_place *place, struct str key,
                     struct json_member *found)
{
    struct json flags = json_make_null();
    int status = get_flags(session, place, &flags);
    if (status != EXIT_OK)
        return status;
    const struct json *flag = json_find(&flags, key);
    if (flag == NULL)
        return session_fail(session, EXIT_NOT_FOUND, STR("Flag not found"),
                            arena_format(&session->arena,
                                         "`%.*s flags list` shows the flags of %.*s",
                                         STR_ARG(session->program), STR_ARG(place->environment))
                                .data);
    *found = (struct json_member){key, *flag};
    return EXIT_OK;
}

static int get(struct session *session, const struct invocation *invocation)
{
    struct vendor_place place;
    struct json_member flag = {0};
    int status = vendor_find_place(session, &place);
    if (status == EXIT_OK)
        status = find_flag(session, &place, invocation_argument(invocation, 0), &flag);
    if (status != EXIT_OK)
        return status;
    struct json item = item_of(&session->arena, &flag);
    if (vendor_shows_data(session))
        output_json(&flag.value);
    else
        output_item(session, columns, COUNT_OF(columns), &item);
    return EXIT_OK;
}

/* ---- writing ------------------------------------------------------------------------------- */

static int misuse(struct session *session, struct fault fault)
{
    return session_fail(session, EXIT_USAGE, fault.why, NULL);
}

/* clientEnabled and rollout, when they are written; none takes a rollout back. */
static struct fault append_extras(struct session *session, const struct invocation *invocation,
                                  struct json_writer *writer)
{
    struct str shown = invocation_text(invocation, "client-enabled");
    struct str rollout = invocation_text(invocation, "rollout");
    struct json value;
    if (!str_is_absent(shown)) {
        if (failed(flag_value_parse(&session->arena, STR("bool"), shown, &value)))
            return fault_make(FAULT_INVALID, shown, STR("--client-enabled is true or false"));
        json_member_tree(writer, STR("clientEnabled"), &value);
    }
    if (str_is_absent(rollout))
        return fault_none();
    if (str_equal(rollout, STR("none"))) {
        json_key(writer, STR("rollout"));
        json_null(writer);
        return fault_none();
    }
    if (failed(flag_value_parse(&session->arena, STR("number"), rollout, &value)))
        return fault_make(FAULT_INVALID, rollout, STR("--rollout is a percentage: 0 to 100"));
    json_key(writer, STR("rollout"));
    json_object_begin(writer);
    json_member_tree(writer, STR("percentage"), &value);
    json_object_end(writer);
    return fault_none();
}

static int create(struct session *session, const struct invocation *invocation)
{
    struct str key = invocation_text(invocation, "key"), type = invocation_text(invocation, "type");
    struct str text = invocation_text(invocation, "value");
    struct json value, data;
    if (str_is_absent(key) || str_is_absent(type) || str_is_absent(text))
        return session_fail(session, EXIT_USAGE, STR("--key, --type and --value are needed"), NULL);
    struct fault fault = flag_value_parse(&session->arena, type, text, &value);
    if (failed(fault))
        return misuse(session, fault);
    struct vendor_place place;
    int status = vendor_find_place(session, &place);
    if (status != EXIT_OK)
        return status;
    struct vendor_body body;
    vendor_body_begin(&body, &place);
    json_member_string(&body.writer, STR("key"), key);
    json_member_string(&body.writer, STR("type"), type);
    json_member_tree(&body.writer, STR("value"), &value);
    fault = append_extras(session, invocation, &body.writer);
    struct str sent = vendor_body_end(&body, &session->arena);
    if (failed(fault))
        return misuse(session, fault);
    status = vendor_ask(session, "POST", STR(FLAGS_PATH), sent, &data);
    if (status == EXIT_OK)
        vendor_show_change(
            session, &data,
            arena_format(&session->arena, "%.*s is made in %.*s of %.*s", STR_ARG(key),
                         STR_ARG(place.environment),
                         STR_ARG(str_is_empty(place.app_name) ? place.app_id : place.app_name)));
    return status;
}

/* Puts what the body says of a flag there, after a confirmation. */
static int patch(struct session *session, const struct vendor_place *place, struct str key,
                 struct str body, struct str value_text)
{
    struct arena *arena = &session->arena;
    bool has_value = !str_is_absent(value_text);
    struct str sentence =
        has_value ? arena_format(arena, "set %.*s to %.*s", STR_ARG(key), STR_ARG(value_text))
                  : arena_format(arena, "change %.*s", STR_ARG(key));
    if (!vendor_confirm(session, place, sentence))
        return EXIT_USAGE;
    struct json data;
    int status = vendor_ask(session, "PATCH", STR(FLAGS_PATH), body, &data);
    if (status == EXIT_OK)
        vendor_show_change(session, &data,
                           has_value
                               ? arena_format(arena, "%.*s is %.*s in %.*s", STR_ARG(key),
                                              STR_ARG(value_text), STR_ARG(place->environment))
                               : arena_format(arena, "%.*s is changed in %.*s", STR_ARG(key),
                                              STR_ARG(place->environment)));
    return status;
}

static struct str json_text(struct session *session, const struct json *value)
{
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    struct json_writer writer;
    json_writer_open(&writer, &buf);
    json_tree(&writer, value);
    struct str text = arena_copy_str(&session->arena, buf_str(&buf));
    buf_close(&buf);
    return text;
}

/* The type as it is written, else as the flag has it. */
static int find_type(struct session *session, const struct invocation *invocation,
                     const struct vendor_place *place, struct str key, struct str *type)
{
    *type = invocation_text(invocation, "type");
    if (!str_is_absent(*type))
        return EXIT_OK;
    struct json_member flag = {0};
    int status = find_flag(session, place, key, &flag);
    if (status == EXIT_OK)
        *type = vendor_text(&flag.value, "type");
    return status;
}

static int change(struct session *session, const struct invocation *invocation, struct str key,
                  struct str text)
{
    struct vendor_place place;
    struct str type = {0}, shown = {0};
    struct json value = json_make_null();
    struct fault fault = fault_none();
    int status = vendor_find_place(session, &place);
    if (status == EXIT_OK && !str_is_absent(text))
        status = find_type(session, invocation, &place, key, &type);
    if (status != EXIT_OK)
        return status;
    struct vendor_body body;
    vendor_body_begin(&body, &place);
    json_member_string(&body.writer, STR("key"), key);
    if (!str_is_absent(text)) {
        fault = flag_value_parse(&session->arena, type, text, &value);
        if (!failed(fault))
            shown = json_text(session, &value);
        json_member_tree(&body.writer, STR("value"), &value);
    }
    if (!failed(fault))
        fault = append_extras(session, invocation, &body.writer);
    struct str sent = vendor_body_end(&body, &session->arena);
    return failed(fault) ? misuse(session, fault) : patch(session, &place, key, sent, shown);
}

static int update(struct session *session, const struct invocation *invocation)
{
    struct str key = invocation_text(invocation, "key");
    struct str value = invocation_text(invocation, "value");
    bool has_change = !str_is_absent(value) || invocation_has(invocation, "rollout") ||
                      invocation_has(invocation, "client-enabled");
    if (str_is_absent(key) || !has_change)
        return session_fail(session, EXIT_USAGE, STR("--key and --value are needed"), NULL);
    return change(session, invocation, key, value);
}

static int set(struct session *session, const struct invocation *invocation)
{
    return change(session, invocation, invocation_argument(invocation, 0),
                  invocation_argument(invocation, 1));
}

static int toggle(struct session *session, const struct invocation *invocation)
{
    struct str key = invocation_argument(invocation, 0);
    struct vendor_place place;
    struct json_member flag = {0};
    int status = vendor_find_place(session, &place);
    if (status == EXIT_OK)
        status = find_flag(session, &place, key, &flag);
    if (status != EXIT_OK)
        return status;
    const struct json *value = json_find(&flag.value, STR("value"));
    if (value == NULL || value->type != JSON_BOOLEAN)
        return session_fail(session, EXIT_FAILED,
                            arena_format(&session->arena,
                                         "%.*s is a %.*s flag: only bool flags "
                                         "toggle",
                                         STR_ARG(key), STR_ARG(vendor_text(&flag.value, "type"))),
                            NULL);
    struct vendor_body body;
    vendor_body_begin(&body, &place);
    json_member_string(&body.writer, STR("key"), key);
    json_member_boolean(&body.writer, STR("value"), !value->boolean);
    return patch(session, &place, key, vendor_body_end(&body, &session->arena),
                 value->boolean ? STR("false") : STR("true"));
}

static int delete (struct session *session, const struct invocation *invocation)
{
    struct arena *arena = &session->arena;
    struct str key = invocation_argument(invocation, 0);
    struct vendor_place place;
    int status = vendor_find_place(session, &place);
    if (status != EXIT_OK)
        return status;
    if (!vendor_confirm(session, &place, arena_format(arena, "delete %.*s", STR_ARG(key))))
        return EXIT_USAGE;
    struct json data;
    struct str path = address_with(arena, vendor_path(session, FLAGS_PATH, &place), "key", key);
    status = vendor_ask(session, "DELETE", path, (struct str){0}, &data);
    if (status == EXIT_OK)
        vendor_show_change(session, &data,
                           arena_format(arena, "%.*s is deleted from %.*s", STR_ARG(key),
                                        STR_ARG(place.environment)));
    return status;
}

static int bulk(struct session *session, const struct invocation *invocation)
{
    struct arena *arena = &session->arena;
    struct str file = invocation_argument(invocation, 0), text;
    struct json flags, data;
    struct fault fault = home_read_file(arena, file, BULK_BYTES_MAX, &text);
    if (failed(fault))
        return session_fail_fault(session, fault);
    fault = flag_value_parse_json(arena, text, &flags);
    if (failed(fault) || flags.type != JSON_OBJECT)
        return session_fail(
            session, EXIT_FAILED,
            failed(fault) ? arena_format(arena, "%.*s: %.*s", STR_ARG(file), STR_ARG(fault.why))
                          : arena_format(arena,
                                         "%.*s: not an object of key and "
                                         "value",
                                         STR_ARG(file)),
            "write it like {\"dark-mode\": true, \"page-size\": 25}");
    struct vendor_place place;
    int status = vendor_find_place(session, &place);
    if (status != EXIT_OK)
        return status;
    if (!vendor_confirm(session, &place, arena_format(arena, "set %u flags", flags.count)))
        return EXIT_USAGE;
    struct vendor_body body;
    vendor_body_begin(&body, &place);
    json_member_tree(&body.writer, STR("flags"), &flags);
    status =
        vendor_ask(session, "POST", STR(FLAGS_PATH "/bulk"), vendor_body_end(&body, arena), &data);
    if (status == EXIT_OK)
        vendor_show_change(session, &data,
                           arena_format(arena, "%u flags are set in %.*s", flags.count,
                                        STR_ARG(place.environment)));
    return status;
}

/* ---- the table ----------------------------------------------------------------------------- */

#define KEY_OPTION                                                                                 \
    {                                                                                              \
        "key", '\0', "KEY", "which flag", COMPLETES_FLAGS, false                                   \
    }
#define TYPE_OPTION(help)                                                                          \
    {                                                                                              \
        "type", '\0', "bool|string|number|json", help, COMPLETES_CHOICES, false                    \
    }
#define VALUE_OPTION                                                                               \
    {                                                                                              \
        "value", '\0', "VALUE", "true, 25, text, or JSON, by the type", COMPLETES_NOTHING, false   \
    }
#define EXTRA_OPTIONS                                                                              \
    {"client-enabled", '\0', "true|false", "whether browsers see it", COMPLETES_CHOICES, false},   \
    {                                                                                              \
        "rollout", '\0', "PERCENT", "how many get it; none: everybody", COMPLETES_NOTHING, false   \
    }

static const struct command_option create_options[] = {
    KEY_OPTION, TYPE_OPTION("what its values are"), VALUE_OPTION, EXTRA_OPTIONS};
static const struct command_option update_options[] = {
    KEY_OPTION, VALUE_OPTION, TYPE_OPTION("saves looking it up"), EXTRA_OPTIONS};
static const struct command_option set_options[] = {TYPE_OPTION("saves looking it up")};

static const char *const list_examples[] = {"flags list", "flags list --env staging --json", NULL};
static const char *const get_examples[] = {"flags get dark-mode", NULL};
static const char *const create_examples[] = {
    "flags create --key dark-mode --type bool --value true",
    "flags create --key limits --type json --value '{\"max\":3}' --client-enabled=false", NULL};
static const char *const update_examples[] = {"flags update --key page-size --value 50", NULL};
static const char *const set_examples[] = {"flags set page-size 50", NULL};
static const char *const toggle_examples[] = {"flags toggle dark-mode", NULL};
static const char *const delete_examples[] = {"flags delete dark-mode --yes", NULL};
static const char *const bulk_examples[] = {"flags bulk values.json", "flags bulk - --yes", NULL};

static const struct command commands[] = {
    {.verb = "list",
     .arguments = "",
     .summary = "show every flag and its value",
     .examples = list_examples,
     .needs = NEEDS_TOKEN,
     .run = list},
    {.verb = "get",
     .arguments = "KEY",
     .summary = "show one flag",
     .examples = get_examples,
     .argument_min = 1,
     .argument_max = 1,
     .completes = COMPLETES_FLAGS,
     .needs = NEEDS_TOKEN,
     .run = get},
    {.verb = "create",
     .arguments = "",
     .summary = "make a flag",
     .examples = create_examples,
     .options = create_options,
     .option_count = COUNT_OF(create_options),
     .needs = NEEDS_TOKEN,
     .run = create},
    {.verb = "update",
     .arguments = "",
     .summary = "give a flag another value",
     .examples = update_examples,
     .options = update_options,
     .option_count = COUNT_OF(update_options),
     .needs = NEEDS_TOKEN,
     .run = update},
    {.verb = "set",
     .arguments = "KEY VALUE",
     .summary = "the same in fewer words",
     .examples = set_examples,
     .options = set_options,
     .option_count = COUNT_OF(set_options),
     .argument_min = 2,
     .argument_max = 2,
     .completes = COMPLETES_FLAGS,
     .needs = NEEDS_TOKEN,
     .run = set},
    {.verb = "toggle",
     .arguments = "KEY",
     .summary = "turn true into false and false into true",
     .examples = toggle_examples,
     .argument_min = 1,
     .argument_max = 1,
     .completes = COMPLETES_FLAGS,
     .needs = NEEDS_TOKEN,
     .run = toggle},
    {.verb = "delete",
     .arguments = "KEY",
     .summary = "remove a flag",
     .examples = delete_examples,
     .argument_min = 1,
     .argument_max = 1,
     .completes = COMPLETES_FLAGS,
     .needs = NEEDS_TOKEN,
     .run = delete},
    {.verb = "bulk",
     .arguments = "FILE",
     .summary = "set many flags in one step, from a JSON map of key and value",
     .examples = bulk_examples,
     .argument_min = 1,
     .argument_max = 1,
     .completes = COMPLETES_FILES,
     .needs = NEEDS_TOKEN,
     .run = bulk},
};

const struct command_group group_vendor_flags = {
    .noun = "flags",
    .topic = "Superflag",
    .summary = "Flags as key, type and value, in the environment in use.",
    .commands = commands,
    .command_count = COUNT_OF(commands),
    .falls_to = "flag",
};
