/* SPDX-License-Identifier: Apache-2.0 */
/* vendor - what the vendor's commands share: see vendor.h. */
#include "cli/superflag/vendor.h"

#include <stdio.h>

#include "client/address.h"

struct str vendor_text(const struct json *object, const char *key)
{
    const struct json *member = json_find(object, str_of(key));
    return member != NULL && member->type == JSON_STRING ? member->string : (struct str){0};
}

/* ---- asking -------------------------------------------------------------------------------- */

int vendor_ask(struct session *session, const char *method, struct str path, struct str body,
               struct json *data)
{
    *data = json_make_null();
    const struct call call = {.method = method, .path = path, .body = body};
    struct answer answer = client_ask(session->client, &session->arena, &call);
    if (answer.kind != ANSWER_OK)
        return session_refuse(session, &answer);
    const struct json *found = json_find(&answer.json, STR("data"));
    if (found == NULL)
        return session_fail(session, EXIT_FAILED,
                            arena_format(&session->arena, "%.*s does not answer as it should",
                                         STR_ARG(session->origin)),
                            "is it the server that is meant? --api says which one");
    *data = *found;
    return EXIT_OK;
}

struct str vendor_path(struct session *session, const char *path, const struct vendor_place *place)
{
    struct str with_app = address_with(&session->arena, str_of(path), "appId", place->app_id);
    return address_with(&session->arena, with_app, "env", place->environment);
}

void vendor_body_begin(struct vendor_body *body, const struct vendor_place *place)
{
    buf_open(&body->buf, SIZE_MAX);
    json_writer_open(&body->writer, &body->buf);
    json_object_begin(&body->writer);
    json_member_string(&body->writer, STR("appId"), place->app_id);
    json_member_string(&body->writer, STR("env"), place->environment);
}

struct str vendor_body_end(struct vendor_body *body, struct arena *arena)
{
    json_object_end(&body->writer);
    struct str text = arena_copy_str(arena, buf_str(&body->buf));
    buf_close(&body->buf);
    return text;
}

/* ---- places -------------------------------------------------------------------------------- */

static const struct json *find_item(const struct json *items, struct str word)
{
    const struct json *named = NULL;
    for (uint32_t i = 0; items->type == JSON_ARRAY && i < items->count; i++) {
        const struct json *item = &items->elements[i];
        if (str_equal(vendor_text(item, "id"), word))
            return item;
        if (named == NULL && str_equal(vendor_text(item, "name"), word))
            named = item;
    }
    return named;
}

static int not_there(struct session *session, const char *what, struct str word, const char *list)
{
    struct arena *arena = &session->arena;
    return session_fail(
        session, EXIT_NOT_FOUND,
        arena_format(arena, "there is no %s \"%.*s\"", what, STR_ARG(word)),
        arena_format(arena, "`%.*s %s` shows which there are", STR_ARG(session->program), list)
            .data);
}

int vendor_look_up_app(struct session *session, struct str word, struct vendor_place *place)
{
    struct json apps;
    int status = vendor_ask(session, NULL, STR("/api/v1/apps"), (struct str){0}, &apps);
    if (status != EXIT_OK)
        return status;
    const struct json *app = find_item(&apps, word);
    if (app == NULL)
        return not_there(session, "app", word, "apps list");
    place->app_id = vendor_text(app, "id");
    place->app_name = vendor_text(app, "name");
    return EXIT_OK;
}

int vendor_look_up_environment(struct session *session, struct str word, struct vendor_place *place)
{
    const struct vendor_place app = {.app_id = place->app_id};
    struct json environments;
    int status = vendor_ask(session, NULL, vendor_path(session, "/api/v1/envs", &app),
                            (struct str){0}, &environments);
    if (status != EXIT_OK)
        return status;
    const struct json *environment = find_item(&environments, word);
    if (environment == NULL)
        return not_there(session, "environment", word, "envs list");
    const struct json *number = json_find(environment, STR("number"));
    place->environment = vendor_text(environment, "name");
    place->number = number != NULL && number->type == JSON_NUMBER ? (uint64_t)number->number : 0;
    return EXIT_OK;
}

static int nothing_chosen(struct session *session, const char *what)
{
    struct arena *arena = &session->arena;
    return session_fail(session, EXIT_USAGE, arena_format(arena, "no %s is chosen", what),
                        arena_format(arena,
                                     "run `%.*s use APP ENVIRONMENT`, or add --app and --env",
                                     STR_ARG(session->program))
                            .data);
}

/* --env may say APP/ENVIRONMENT. */
static struct str app_word(const struct session *session)
{
    struct str word = session->environment_option;
    size_t slash = str_find_byte(word, '/', 0);
    return slash < word.size ? str_slice(word, 0, slash) : session->app_option;
}

int vendor_find_app(struct session *session, struct vendor_place *place)
{
    const struct home_context *context = &session->context;
    struct str word = app_word(session);
    *place = (struct vendor_place){.app_id = context->app_id, .app_name = context->app_name};
    if (str_is_empty(word) && str_is_empty(context->app_id))
        return nothing_chosen(session, "app");
    if (str_is_empty(word) || str_equal(word, context->app_id) ||
        str_equal(word, context->app_name))
        return EXIT_OK;
    return vendor_look_up_app(session, word, place);
}

/* What is no plain name is asked about: what is confirmed goes by names. */
static bool is_number_or_id(struct str word)
{
    uint64_t number = 0;
    return str_parse_u64(word, &number) || str_starts_with(word, STR("env_"));
}

static int find_number(struct session *session, struct str word, struct vendor_place *place)
{
    uint64_t number = 0;
    if (!str_parse_u64(word, &number))
        return vendor_look_up_environment(session, word, place);
    struct session_environment found;
    int status = session_find_environment(session, word, &found);
    if (status == EXIT_OK)
        *place = (struct vendor_place){.app_id = found.app_id,
                                       .app_name = found.app_name,
                                       .environment = found.name,
                                       .number = found.number};
    return status;
}

int vendor_find_place(struct session *session, struct vendor_place *place)
{
    struct str word = session->environment_option;
    if (is_number_or_id(word) && !str_starts_with(word, STR("env_")))
        return find_number(session, word, place);
    int status = vendor_find_app(session, place);
    if (status != EXIT_OK)
        return status;
    size_t slash = str_find_byte(word, '/', 0);
    word = slash < word.size ? str_slice(word, slash + 1, word.size) : word;
    place->environment = str_is_empty(word) ? session->context.environment : word;
    if (str_is_empty(place->environment))
        return nothing_chosen(session, "environment");
    return is_number_or_id(word) ? find_number(session, word, place) : EXIT_OK;
}

bool vendor_confirm(struct session *session, const struct vendor_place *place, struct str sentence)
{
    const struct session_environment environment = {
        .name = place->environment,
        .app_name = place->app_name,
        .is_critical = session_is_production(place->environment),
    };
    return session_confirm(session, &environment, sentence);
}

/* ---- showing ------------------------------------------------------------------------------- */

bool vendor_shows_data(const struct session *session)
{
    return session->format == OUTPUT_JSON && (session->wants_data || session->is_vendor);
}

void vendor_show_list(struct session *session, const struct column *columns, size_t column_count,
                      const struct json *data, const struct json *items, size_t count)
{
    if (vendor_shows_data(session))
        output_json(data);
    else
        output_list(session, columns, column_count, items, count);
}

void vendor_show_array(struct session *session, const struct column *columns, size_t column_count,
                       const struct json *data)
{
    bool is_array = data->type == JSON_ARRAY;
    vendor_show_list(session, columns, column_count, data, is_array ? data->elements : NULL,
                     is_array ? data->count : 0);
}

void vendor_show_change(struct session *session, const struct json *data, struct str sentence)
{
    static const struct column columns[] = {{"VERSION", "version", COLUMN_TEXT}};
    const struct json *version = json_find(data, STR("version"));
    uint64_t number =
        version != NULL && version->type == JSON_NUMBER ? (uint64_t)version->number : 0;
    if (session->format == OUTPUT_JSON)
        output_json(data);
    else if (session->is_vendor && !session->is_quiet)
        printf("version %llu\n", (unsigned long long)number);
    else if (!session->is_vendor && session->format == OUTPUT_TSV)
        output_list(session, columns, COUNT_OF(columns), data, 1);
    else
        output_say(session, "%.*s: version %llu", STR_ARG(sentence), (unsigned long long)number);
}
