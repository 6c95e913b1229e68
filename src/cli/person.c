/* SPDX-License-Identifier: Apache-2.0 */
/* person - who is at work, where, and on what: `whoami`, `status`, `logout`, `use`. */
#include <stdio.h>

#include "cli/groups.h"
#include "cli/identity.h"
#include "cli/output.h"
#include "cli/superflag/vendor.h"

/* An object under construction; texts that are absent are null. */
struct card {
    struct json json;
    struct json_member members[12];
};

static void put(struct card *card, struct str key, struct json value)
{
    card->json.type = JSON_OBJECT;
    card->json.members = card->members;
    if (card->json.count < COUNT_OF(card->members))
        card->members[card->json.count++] = (struct json_member){key, value};
}

static void put_text(struct card *card, struct str key, struct str text)
{
    put(card, key, str_is_absent(text) ? json_make_null() : json_make_string(text));
}

/* The vendor's lines, unless the data was asked for. */
static bool speaks_vendor(const struct session *session)
{
    return session->is_vendor && session->format != OUTPUT_JSON;
}

static void print_line(const char *name, struct str text, const char *otherwise)
{
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    output_append_visible(&buf, str_is_empty(text) ? str_of(otherwise) : text);
    printf("%s: %.*s\n", name, STR_ARG(buf_str(&buf)));
    buf_close(&buf);
}

/* ---- whoami -------------------------------------------------------------------------------- */

static const struct column whoami_columns[] = {
    {"User", "user", COLUMN_TEXT},
    {"Token works", "tokenWorks", COLUMN_TEXT},
    {"Kind", "kind", COLUMN_TEXT},
    {"Role", "role", COLUMN_TEXT},
    {"May", "may", COLUMN_TEXT},
    {"Token", "tokenId", COLUMN_TEXT},
    {"Expires", "expiresAt", COLUMN_INSTANT},
};

/* What our own API says beyond the vendor's; a server that has none says nothing. */
static struct json ask_rights(struct session *session)
{
    struct answer answer = session_get(session, STR("/admin/v1/me"));
    return answer.kind == ANSWER_OK ? answer.json : json_make_null();
}

static void put_member(struct card *card, struct str key, const struct json *object)
{
    const struct json *member = json_find(object, key);
    put(card, key, member == NULL ? json_make_null() : *member);
}

static int whoami(struct session *session, const struct invocation *invocation)
{
    (void)invocation;
    struct identity identity;
    struct answer answer = identity_ask(session, session->token, &identity);
    if (answer.kind != ANSWER_OK)
        return session_refuse(session, &answer);
    struct str name = identity_name(&identity);
    struct card card = {0};
    put_text(&card, STR("user"), name);
    put(&card, STR("tokenWorks"), json_make_boolean(true));
    if (speaks_vendor(session)) {
        print_line("user", name, "");
        print_line("token", STR("works"), "");
        return EXIT_OK;
    }
    struct json rights = ask_rights(session);
    put_member(&card, STR("kind"), &rights);
    put_member(&card, STR("role"), &rights);
    put_member(&card, STR("may"), &rights);
    put_member(&card, STR("tokenId"), &rights);
    put_member(&card, STR("expiresAt"), &rights);
    output_item(session, whoami_columns, COUNT_OF(whoami_columns), &card.json);
    return EXIT_OK;
}

/* ---- status -------------------------------------------------------------------------------- */

static const struct column status_columns[] = {
    {"User", "user", COLUMN_TEXT},
    {"Role", "role", COLUMN_TEXT},
    {"App", "app", COLUMN_TEXT},
    {"Environment", "env", COLUMN_TEXT},
    {"Server", "api", COLUMN_TEXT},
    {"Reachable", "reachable", COLUMN_TEXT},
    {"Server version", "serverVersion", COLUMN_TEXT},
    {"Version", "version", COLUMN_TEXT},
    {"Files", "home", COLUMN_TEXT},
};

/* What stands in --app and --env counts before what `use` chose. */
static struct str first_of(struct str a, struct str b)
{
    return str_is_empty(a) ? b : a;
}

static void print_status(struct session *session, struct str user)
{
    print_line("user", user, "not authenticated");
    print_line("app", first_of(session->app_option, session->context.app_name), "none");
    print_line("env", first_of(session->environment_option, session->context.environment), "none");
    print_line("api", session->origin, "");
}

/* Its description carries it; an older or another server has none. */
static struct str ask_version(struct session *session)
{
    struct answer answer = session_get(session, STR("/openapi.json"));
    const struct json *version =
        answer.kind == ANSWER_OK ? output_find(&answer.json, "info.version") : NULL;
    bool is_text = version != NULL && version->type == JSON_STRING;
    return is_text ? version->string : (struct str){0};
}

static void show_status(struct session *session, struct str user, bool answers)
{
    struct card card = {0};
    struct json rights = str_is_absent(user) ? json_make_null() : ask_rights(session);
    put_text(&card, STR("user"), user);
    put_member(&card, STR("role"), &rights);
    put_text(&card, STR("app"), first_of(session->app_option, session->context.app_name));
    put_text(&card, STR("env"),
             first_of(session->environment_option, session->context.environment));
    put_text(&card, STR("api"), session->origin);
    put(&card, STR("reachable"), json_make_boolean(answers));
    put_text(&card, STR("serverVersion"), answers ? ask_version(session) : (struct str){0});
    put_text(&card, STR("version"), STR(GUIDON_VERSION));
    put_text(&card, STR("home"), session->home.directory);
    output_item(session, status_columns, COUNT_OF(status_columns), &card.json);
}

/* Everything that is known is shown, and then how it ended. */
static int status(struct session *session, const struct invocation *invocation)
{
    (void)invocation;
    struct identity identity = {0};
    struct answer answer = {.kind = ANSWER_UNAUTHENTICATED, .message = STR("Not authenticated")};
    bool has_token = !str_is_empty(session->token);
    if (has_token)
        answer = identity_ask(session, session->token, &identity);
    struct str user = answer.kind == ANSWER_OK ? identity_name(&identity) : (struct str){0};
    bool answers = has_token ? answer.kind != ANSWER_UNREACHABLE
                             : session_get(session, STR("/api/v1/me")).kind != ANSWER_UNREACHABLE;
    if (speaks_vendor(session))
        print_status(session, user);
    else
        show_status(session, user, answers);
    return answer.kind == ANSWER_OK ? EXIT_OK : session_refuse(session, &answer);
}

/* ---- logout -------------------------------------------------------------------------------- */

/* A token that is dead already needs no more; one that cannot be revoked now is kept. */
static int revoke(struct session *session)
{
    struct str token = session->credentials.token;
    if (str_is_empty(token))
        return EXIT_OK;
    if (!str_is_empty(session->credentials.api))
        session->origin = session->credentials.api;
    struct client *client = identity_client(session, token);
    const struct call call = {.method = "DELETE", .path = STR("/api/v1/tokens/current")};
    struct answer answer = client_ask(client, &session->arena, &call);
    client_close(client);
    if (answer.kind == ANSWER_OK || answer.kind == ANSWER_UNAUTHENTICATED)
        return EXIT_OK;
    int ended = session_refuse(session, &answer);
    output_note(session, "You are still logged in; without --revoke the token is only forgotten "
                         "here.");
    return ended;
}

static int logout(struct session *session, const struct invocation *invocation)
{
    bool was_there = false, revokes = invocation_has(invocation, "revoke");
    int ended = revokes ? revoke(session) : EXIT_OK;
    if (ended != EXIT_OK)
        return ended;
    struct fault fault = home_forget_credentials(&session->home, &was_there);
    if (failed(fault))
        return session_fail_fault(session, fault);
    if (session->is_vendor && !session->is_quiet)
        printf("%s\n", was_there ? "Logged out" : "Nobody was logged in");
    else
        output_say(session, "%s",
                   !was_there ? "Nobody was logged in."
                   : revokes  ? "Logged out; the token is revoked."
                              : "Logged out; the token is forgotten here and still good.");
    return EXIT_OK;
}

/* ---- use ----------------------------------------------------------------------------------- */

static const struct column use_columns[] = {
    {"App", "app", COLUMN_TEXT},
    {"Environment", "env", COLUMN_TEXT},
    {"Number", "number", COLUMN_TEXT},
    {"App id", "appId", COLUMN_TEXT},
};

static int show_context(struct session *session)
{
    const struct home_context *context = &session->context;
    if (speaks_vendor(session)) {
        print_line("app", context->app_name, "none");
        print_line("env", context->environment, "none");
        return EXIT_OK;
    }
    struct card card = {0};
    put_text(&card, STR("app"), context->app_name);
    put_text(&card, STR("env"), context->environment);
    put(&card, STR("number"),
        context->number == 0 ? json_make_null() : json_make_number((double)context->number));
    put_text(&card, STR("appId"), context->app_id);
    output_item(session, use_columns, COUNT_OF(use_columns), &card.json);
    return EXIT_OK;
}

static struct str text_of(const struct json *object, const char *key)
{
    const struct json *member = json_find(object, str_of(key));
    return member != NULL && member->type == JSON_STRING ? member->string : (struct str){0};
}

static bool is_called(const struct json *item, const char *id, const char *name, struct str word)
{
    return str_equal(text_of(item, id), word) || str_equal(text_of(item, name), word);
}

/* Among the environments this token may see. */
static int choose(struct session *session, struct str app, struct str environment,
                  struct vendor_place *place)
{
    struct arena *arena = &session->arena;
    struct json *items = NULL;
    size_t count = 0;
    bool has_app = false;
    struct answer answer = session_list(session, STR("/admin/v1/environments"), &items, &count);
    if (answer.kind != ANSWER_OK)
        return session_refuse(session, &answer);
    for (size_t i = 0; i < count; i++) {
        if (!is_called(&items[i], "appId", "appName", app))
            continue;
        has_app = true;
        const struct json *number = json_find(&items[i], STR("number"));
        if (!is_called(&items[i], "id", "name", environment) || number == NULL ||
            number->type != JSON_NUMBER ||
            !(number->number >= 1 && number->number < 9007199254740992.0))
            continue;
        *place = (struct vendor_place){.app_id = text_of(&items[i], "appId"),
                                       .app_name = text_of(&items[i], "appName"),
                                       .environment = text_of(&items[i], "name"),
                                       .number = (uint64_t)number->number};
        return EXIT_OK;
    }
    return session_fail(session, EXIT_NOT_FOUND,
                        arena_format(arena, "there is no %s \"%.*s\"",
                                     has_app ? "environment" : "app",
                                     STR_ARG(has_app ? environment : app)),
                        "`guidon env list` shows them all");
}

/* superflag-cli.md 3.2: through the vendor's own lists. */
static int choose_as_vendor(struct session *session, struct str app, struct str environment,
                            struct vendor_place *place)
{
    int ended = vendor_look_up_app(session, app, place);
    return ended != EXIT_OK ? ended : vendor_look_up_environment(session, environment, place);
}

/* APP ENVIRONMENT, APP/ENVIRONMENT, or an environment of the app in use. */
static int find_choice(struct session *session, const struct invocation *invocation,
                       struct vendor_place *place)
{
    struct str app = invocation_argument(invocation, 0);
    struct str environment = invocation_argument(invocation, 1);
    size_t slash = str_find_byte(app, '/', 0);
    if (str_is_absent(environment) && slash < app.size) {
        environment = str_slice(app, slash + 1, app.size);
        app = str_slice(app, 0, slash);
    } else if (str_is_absent(environment)) {
        environment = app;
        app = first_of(session->app_option, session->context.app_id);
        if (str_is_empty(app))
            return session_fail(session, EXIT_USAGE, STR("no app is chosen"),
                                "say which: use APP ENVIRONMENT");
    }
    return session->is_vendor ? choose_as_vendor(session, app, environment, place)
                              : choose(session, app, environment, place);
}

static int use(struct session *session, const struct invocation *invocation)
{
    struct vendor_place place = {0};
    if (invocation->argument_count == 0)
        return show_context(session);
    int ended = session_provide(session, NEEDS_TOKEN);
    if (ended == EXIT_OK)
        ended = find_choice(session, invocation, &place);
    if (ended != EXIT_OK)
        return ended;
    session->context = (struct home_context){.app_id = place.app_id,
                                             .app_name = place.app_name,
                                             .environment = place.environment,
                                             .number = place.number,
                                             .api = session->origin};
    struct fault fault = home_save_context(&session->home, &session->context);
    if (failed(fault))
        return session_fail_fault(session, fault);
    return session->is_quiet ? EXIT_OK : show_context(session);
}

/* ---- the table ----------------------------------------------------------------------------- */

static const struct command_option logout_options[] = {
    {"revoke", '\0', NULL, "make the token useless at the server, too", COMPLETES_NOTHING, false}};

static const char *const whoami_examples[] = {"whoami", NULL};
static const char *const status_examples[] = {"status", "status --json", NULL};
static const char *const logout_examples[] = {"logout", "logout --revoke", NULL};
static const char *const use_examples[] = {"use storefront production", "use staging", "use", NULL};

static const struct command commands[] = {
    {.verb = "whoami",
     .arguments = "",
     .summary = "show whose token this is, and that it works",
     .examples = whoami_examples,
     .needs = NEEDS_TOKEN,
     .run = whoami},
    {.verb = "status",
     .arguments = "",
     .summary = "show who, where and on what you work",
     .examples = status_examples,
     .needs = NEEDS_SERVER,
     .run = status},
    {.verb = "use",
     .arguments = "[APP] [ENVIRONMENT]",
     .summary = "choose what commands are about; alone: show it",
     .examples = use_examples,
     .argument_max = 2,
     .completes = COMPLETES_APPS,
     .needs = NEEDS_SERVER,
     .run = use},
    {.verb = "logout",
     .arguments = "",
     .summary = "forget the token",
     .examples = logout_examples,
     .options = logout_options,
     .option_count = COUNT_OF(logout_options),
     .needs = NEEDS_SERVER,
     .run = logout},
};

const struct command_group group_person = {
    .topic = "You",
    .commands = commands,
    .command_count = COUNT_OF(commands),
};
