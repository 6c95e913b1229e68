/* SPDX-License-Identifier: Apache-2.0 */
/* keys - `keys`: what SDKs read an environment with. superflag-cli.md 3.2. */
#include <stdio.h>

#include "cli/superflag/groups.h"
#include "cli/superflag/vendor.h"
#include "client/address.h"

#define KEYS_PATH "/api/v1/keys"

static const struct column columns[] = {
    {"ID", "id", COLUMN_TEXT},
    {"TYPE", "type", COLUMN_TEXT},
    {"PREFIX", "prefix", COLUMN_TEXT},
    {"CREATED", "createdAt", COLUMN_TEXT},
};

static int get_keys(struct session *session, struct vendor_place *place, struct json *keys)
{
    int status = vendor_find_place(session, place);
    return status != EXIT_OK ? status
                             : vendor_ask(session, NULL, vendor_path(session, KEYS_PATH, place),
                                          (struct str){0}, keys);
}

static int list(struct session *session, const struct invocation *invocation)
{
    (void)invocation;
    struct vendor_place place;
    struct json keys;
    int status = get_keys(session, &place, &keys);
    if (status == EXIT_OK)
        vendor_show_array(session, columns, COUNT_OF(columns), &keys);
    return status;
}

static int create(struct session *session, const struct invocation *invocation)
{
    struct str type = invocation_text(invocation, "type");
    if (!str_equal(type, STR("pub")) && !str_equal(type, STR("sdk")))
        return session_fail(session, EXIT_USAGE, STR("--type is pub or sdk"),
                            "pub: for browsers and apps, may be seen; sdk: for servers, secret");
    struct vendor_place place;
    int status = vendor_find_place(session, &place);
    if (status != EXIT_OK)
        return status;
    struct vendor_body body;
    struct json data;
    vendor_body_begin(&body, &place);
    json_member_string(&body.writer, STR("type"), type);
    status =
        vendor_ask(session, "POST", STR(KEYS_PATH), vendor_body_end(&body, &session->arena), &data);
    if (status != EXIT_OK)
        return status;
    if (session->format == OUTPUT_JSON) {
        output_json(&data);
        return EXIT_OK;
    }
    output_raw(vendor_text(&data, "key"));
    output_raw(STR("\n"));
    output_say(session, "Keep it: it is not shown again.");
    return EXIT_OK;
}

static bool has_key(const struct json *keys, struct str id)
{
    for (uint32_t i = 0; keys->type == JSON_ARRAY && i < keys->count; i++) {
        if (str_equal(vendor_text(&keys->elements[i], "id"), id))
            return true;
    }
    return false;
}

/* An id says nothing of its environment, and that decides whether somebody must confirm. */
static int confirm_revocation(struct session *session, struct str id)
{
    struct vendor_place place;
    struct json keys;
    int status = session->is_vendor ? EXIT_OK : get_keys(session, &place, &keys);
    if (session->is_vendor || status != EXIT_OK)
        return status;
    struct arena *arena = &session->arena;
    if (!has_key(&keys, id))
        return session_fail(session, EXIT_NOT_FOUND,
                            arena_format(arena, "there is no key %.*s in %.*s", STR_ARG(id),
                                         STR_ARG(place.environment)),
                            "say where it is with --app and --env; `keys list` shows ids");
    struct str sentence = arena_format(arena, "revoke the key %.*s", STR_ARG(id));
    return vendor_confirm(session, &place, sentence) ? EXIT_OK : EXIT_USAGE;
}

static int revoke(struct session *session, const struct invocation *invocation)
{
    struct str id = invocation_argument(invocation, 0);
    struct json data;
    int status = confirm_revocation(session, id);
    if (status == EXIT_OK)
        status = vendor_ask(session, "DELETE",
                            address_with(&session->arena, STR(KEYS_PATH), "keyId", id),
                            (struct str){0}, &data);
    if (status != EXIT_OK)
        return status;
    if (session->format == OUTPUT_JSON)
        output_json(&data);
    else if (session->is_vendor && !session->is_quiet)
        printf("revoked %.*s\n", STR_ARG(id));
    else
        output_say(session, "%.*s is revoked: nothing is read with it any more", STR_ARG(id));
    return EXIT_OK;
}

static const struct command_option create_options[] = {
    {"type", '\0', "pub|sdk", "for browsers and apps, or for servers", COMPLETES_CHOICES, false}};

static const char *const list_examples[] = {"keys list", NULL};
static const char *const create_examples[] = {"keys create --type pub",
                                              "keys create --type sdk --env staging", NULL};
static const char *const revoke_examples[] = {"keys revoke key_3 --yes", NULL};

static const struct command commands[] = {
    {.verb = "list",
     .arguments = "",
     .summary = "show the environment's keys, not their secrets",
     .examples = list_examples,
     .needs = NEEDS_TOKEN,
     .run = list},
    {.verb = "create",
     .arguments = "",
     .summary = "make a key; it is shown this once",
     .examples = create_examples,
     .options = create_options,
     .option_count = COUNT_OF(create_options),
     .needs = NEEDS_TOKEN,
     .run = create},
    {.verb = "revoke",
     .arguments = "KEY-ID",
     .summary = "make a key useless, at once",
     .examples = revoke_examples,
     .argument_min = 1,
     .argument_max = 1,
     .needs = NEEDS_TOKEN,
     .run = revoke},
};

const struct command_group group_vendor_keys = {
    .noun = "keys",
    .topic = "Superflag",
    .summary = "Keys that SDKs read the environment in use with.",
    .commands = commands,
    .command_count = COUNT_OF(commands),
    .falls_to = "key",
};
