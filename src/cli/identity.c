/* SPDX-License-Identifier: Apache-2.0 */
/* identity - whose a token is: see identity.h. */
#include "cli/identity.h"

static struct str text_of(const struct json *object, struct str key)
{
    const struct json *member = object == NULL ? NULL : json_find(object, key);
    bool is_text = member != NULL && member->type == JSON_STRING && member->string.size > 0;
    return is_text ? member->string : (struct str){0};
}

struct client *identity_client(struct session *session, struct str token)
{
    const struct client_config config = {
        .origin = session->origin,
        .token = token,
        .ca_file = session_variable("GUIDON_CA_FILE"),
        .program = STR("guidon/" GUIDON_VERSION),
    };
    return client_open(&config);
}

/* Tokens of single environments speak our own API alone. */
static struct answer ask_ourselves(struct session *session, struct client *client,
                                   struct identity *identity)
{
    const struct call me = {.path = STR("/admin/v1/me")};
    struct answer answer = client_ask(client, &session->arena, &me);
    if (answer.kind == ANSWER_OK)
        identity->name = text_of(&answer.json, STR("actor"));
    return answer;
}

struct answer identity_ask(struct session *session, struct str token, struct identity *identity)
{
    struct client *client = identity_client(session, token);
    const struct call me = {.path = STR("/api/v1/me")};
    const struct call apps = {.path = STR("/api/v1/apps")};
    struct answer answer = client_ask(client, &session->arena, &me);
    const struct json *data = json_find(&answer.json, STR("data"));
    struct str app = text_of(data, STR("appId"));
    *identity = (struct identity){.email = text_of(data, STR("email"))};
    if (!str_is_absent(app))
        identity->name = arena_format(&session->arena, "a key of %.*s", STR_ARG(app));
    /* The question is not in the vendor's documentation, listing apps is. */
    if (answer.kind == ANSWER_MISSING)
        answer = client_ask(client, &session->arena, &apps);
    else if (answer.kind == ANSWER_DENIED)
        answer = ask_ourselves(session, client, identity);
    client_close(client);
    return answer;
}

struct str identity_name(const struct identity *identity)
{
    if (!str_is_absent(identity->email))
        return identity->email;
    return str_is_absent(identity->name) ? STR("somebody") : identity->name;
}
