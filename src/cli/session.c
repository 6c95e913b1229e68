/* SPDX-License-Identifier: Apache-2.0 */
/* session - one run of one command: see session.h. */
#include "cli/session.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cli/output.h"
#include "client/address.h"
#include "json/write.h"

#define DEFAULT_ORIGIN "http://127.0.0.1:8080"

struct str session_variable(const char *name)
{
    const char *value = getenv(name);
    return value == NULL || value[0] == '\0' ? (struct str){0} : str_of(value);
}

static struct str first_of(struct str a, struct str b)
{
    return str_is_empty(a) ? b : a;
}

/* ---- where and who ------------------------------------------------------------------------------
 */

static struct str without_slash(struct str origin)
{
    while (str_ends_with(origin, STR("/")))
        origin.size--;
    return origin;
}

static struct fault find_home(struct session *session)
{
    struct str directory = session_variable("SUPERFLAG_HOME");
    struct str person = session_variable("HOME");
    if (str_is_absent(directory) && str_is_absent(person))
        return fault_make(FAULT_MISSING, STR("HOME"),
                          STR("neither SUPERFLAG_HOME nor HOME says where to keep credentials"));
    if (str_is_absent(directory))
        directory = arena_format(&session->arena, "%.*s/.superflag", STR_ARG(person));
    session->home = (struct home){&session->arena, directory};
    struct fault fault = home_load_credentials(&session->home, &session->credentials);
    if (!failed(fault))
        fault = home_load_context(&session->home, &session->context);
    return fault;
}

/* A token that was made for one server is not shown to another. */
static void find_token(struct session *session)
{
    struct str variable =
        first_of(session_variable("GUIDON_TOKEN"), session_variable("SUPERFLAG_TOKEN"));
    session->token = first_of(session->token, variable);
    if (!str_is_empty(session->token))
        return;
    struct str theirs = without_slash(session->credentials.api);
    if (str_is_empty(theirs) || str_equal(theirs, session->origin))
        session->token = session->credentials.token;
}

struct fault session_prepare(struct session *session)
{
    struct fault fault = find_home(session);
    struct str variable =
        first_of(session_variable("GUIDON_API"), session_variable("SUPERFLAG_API_URL"));
    session->origin = first_of(session->origin, first_of(variable, session->credentials.api));
    session->origin = without_slash(first_of(session->origin, STR(DEFAULT_ORIGIN)));
    if (!address_is_origin(session->origin))
        return fault_make(FAULT_INVALID, STR("--api"),
                          arena_format(&session->arena,
                                       "\"%.*s\" is no server: say http://HOST:PORT or "
                                       "https://HOST",
                                       STR_ARG(session->origin)));
    find_token(session);
    return fault;
}

/* ---- asking -------------------------------------------------------------------------------------
 */

struct answer session_get(struct session *session, struct str path)
{
    const struct call call = {.path = path};
    return client_ask(session->client, &session->arena, &call);
}

struct answer session_list(struct session *session, struct str path, struct json **items,
                           size_t *count)
{
    size_t room = 0;
    *items = NULL;
    *count = 0;
    struct str page = address_with(&session->arena, path, "limit", STR("1000"));
    struct str first = page;
    for (;;) {
        struct answer answer = session_get(session, page);
        const struct json *got = json_find(&answer.json, STR("items"));
        if (answer.kind != ANSWER_OK)
            return answer;
        uint32_t more = got != NULL && got->type == JSON_ARRAY ? got->count : 0;
        if (*count + more > room) {
            room = (*count + more) * 2;
            struct json *larger = ARENA_NEW_ARRAY(&session->arena, struct json, room);
            if (*count > 0)
                memcpy(larger, *items, *count * sizeof(struct json));
            *items = larger;
        }
        if (more > 0)
            memcpy(*items + *count, got->elements, more * sizeof(struct json));
        *count += more;
        if (str_is_empty(answer.next))
            return answer;
        page = address_with(&session->arena, first, "cursor", answer.next);
    }
}

/* ---- environments -------------------------------------------------------------------------------
 */

bool session_is_production(struct str name)
{
    return str_equal_ignoring_case(name, STR("production")) ||
           str_equal_ignoring_case(name, STR("prod"));
}

static struct str text_of(const struct json *json, struct str key)
{
    const struct json *member = json_find(json, key);
    return member != NULL && member->type == JSON_STRING ? member->string : (struct str){0};
}

/* 0: it has none, or what it has is no number of an environment. */
static uint64_t number_of(const struct json *item)
{
    const struct json *number = json_find(item, STR("number"));
    bool is_one = number != NULL && number->type == JSON_NUMBER && number->number >= 1 &&
                  number->number < 9007199254740992.0;
    return is_one ? (uint64_t)number->number : 0;
}

static void set_environment(struct session *session, const struct json *item,
                            struct session_environment *environment)
{
    *environment = (struct session_environment){
        .number = number_of(item),
        .id = text_of(item, STR("id")),
        .name = text_of(item, STR("name")),
        .app_id = text_of(item, STR("appId")),
        .app_name = text_of(item, STR("appName")),
    };
    environment->path = arena_format(&session->arena, "/admin/v1/environments/%llu",
                                     (unsigned long long)environment->number);
    environment->is_critical = session_is_production(environment->name);
}

/* Which app is meant: one written before a slash, --app, the one in use. Absent: any. */
static bool is_of_app(const struct session *session, const struct json *item, struct str app)
{
    struct str id = text_of(item, STR("appId")), name = text_of(item, STR("appName"));
    if (!str_is_empty(app))
        return str_equal(app, id) || str_equal(app, name);
    if (!str_is_empty(session->app_option))
        return str_equal(session->app_option, id) || str_equal(session->app_option, name);
    return str_is_empty(session->context.app_id) || str_equal(session->context.app_id, id);
}

static bool is_meant(const struct session *session, const struct json *item, struct str word)
{
    uint64_t wanted = 0;
    if (str_parse_u64(word, &wanted) && wanted != 0 && number_of(item) == wanted)
        return true;
    if (str_equal(word, text_of(item, STR("id"))))
        return true;
    size_t slash = str_find_byte(word, '/', 0);
    struct str app = slash < word.size ? str_slice(word, 0, slash) : (struct str){0};
    struct str name = slash < word.size ? str_slice(word, slash + 1, word.size) : word;
    return str_equal(name, text_of(item, STR("name"))) && is_of_app(session, item, app);
}

static int complain_about(struct session *session, struct str word, unsigned found)
{
    if (found > 1)
        return session_fail(session, EXIT_USAGE,
                            arena_format(&session->arena,
                                         "several apps have an environment \"%.*s\"",
                                         STR_ARG(word)),
                            "say which: --app NAME, or APP/ENVIRONMENT");
    return session_fail(
        session, EXIT_NOT_FOUND,
        arena_format(&session->arena, "there is no environment \"%.*s\"", STR_ARG(word)),
        "`guidon env list` shows them all");
}

int session_find_environment(struct session *session, struct str word,
                             struct session_environment *environment)
{
    struct json *items = NULL;
    size_t count = 0;
    struct answer answer = session_list(session, STR("/admin/v1/environments"), &items, &count);
    if (answer.kind != ANSWER_OK)
        return session_refuse(session, &answer);
    unsigned found = 0;
    for (size_t i = 0; i < count; i++) {
        if (is_meant(session, &items[i], word) && found++ == 0)
            set_environment(session, &items[i], environment);
    }
    return found == 1 ? EXIT_OK : complain_about(session, word, found);
}

static int provide_environment(struct session *session)
{
    const struct home_context *context = &session->context;
    bool is_chosen = str_is_empty(session->app_option) && str_is_empty(session->environment_option);
    /* The same number at another server is somebody else's environment, maybe its production. */
    bool is_from_here = str_equal(context->api, session->origin);
    if (is_chosen && is_from_here && context->number != 0) {
        session->environment = (struct session_environment){
            .number = context->number,
            .name = context->environment,
            .app_id = context->app_id,
            .app_name = context->app_name,
            .path = arena_format(&session->arena, "/admin/v1/environments/%llu",
                                 (unsigned long long)context->number),
            .is_critical = session_is_production(context->environment),
        };
        return EXIT_OK;
    }
    struct str word = first_of(session->environment_option, context->environment);
    if (str_is_empty(word))
        return session_fail(session, EXIT_USAGE, STR("no environment is chosen"),
                            "run `guidon use APP ENVIRONMENT`, or add --app APP --env ENVIRONMENT");
    return session_find_environment(session, word, &session->environment);
}

struct client *session_open_client(const struct session *session)
{
    const struct client_config config = {
        .origin = session->origin,
        .token = session->token,
        .ca_file = session_variable("GUIDON_CA_FILE"),
        .program = STR("guidon/" GUIDON_VERSION),
    };
    return client_open(&config);
}

int session_provide(struct session *session, enum command_needs needs)
{
    if (needs >= NEEDS_SERVER && session->client == NULL)
        session->client = session_open_client(session);
    if (needs >= NEEDS_TOKEN && str_is_empty(session->token))
        return session_fail(session, EXIT_NOT_ALLOWED, STR("Not authenticated"),
                            session->is_vendor ? "run \"superflag login\""
                                               : "run `guidon login`, or set GUIDON_TOKEN");
    return needs >= NEEDS_ENVIRONMENT ? provide_environment(session) : EXIT_OK;
}
