/* SPDX-License-Identifier: Apache-2.0 */
/* user - people: who they are, what they may do, what they sign in with. */
#include "cli/groups.h"
#include "cli/resource.h"
#include "client/address.h"

static const struct column user_columns[] = {
    {"ID", "id", COLUMN_TEXT},
    {"EMAIL", "email", COLUMN_TEXT},
    {"ROLE", "role", COLUMN_TEXT},
    {"CREATED", "createdAt", COLUMN_INSTANT},
};

/* ---- people -------------------------------------------------------------------------------------
 */

static int list_users(struct session *session, const struct invocation *invocation)
{
    (void)invocation;
    return resource_list(session, STR("/admin/v1/users"), user_columns, COUNT_OF(user_columns));
}

static struct str path_of(struct session *session, struct str id)
{
    return address_path(&session->arena, "/admin/v1/users/{}", 1, id);
}

/* By e-mail or id. */
static int find_user(struct session *session, struct str word, struct str *path)
{
    struct json *items = NULL;
    size_t count = 0;
    struct answer answer = session_list(session, STR("/admin/v1/users"), &items, &count);
    if (answer.kind != ANSWER_OK)
        return session_refuse(session, &answer);
    for (size_t i = 0; i < count; i++) {
        const struct json *id = json_find(&items[i], STR("id"));
        const struct json *email = json_find(&items[i], STR("email"));
        bool is_whole =
            id != NULL && id->type == JSON_STRING && email != NULL && email->type == JSON_STRING;
        if (is_whole && (str_equal(id->string, word) || str_equal(email->string, word))) {
            *path = path_of(session, id->string);
            return EXIT_OK;
        }
    }
    return session_fail(session, EXIT_NOT_FOUND,
                        arena_format(&session->arena, "there is no user \"%.*s\"", STR_ARG(word)),
                        "`guidon user list` shows them all");
}

static int create_user(struct session *session, const struct invocation *invocation)
{
    struct body body;
    body_begin(&body);
    body_text(&body, "email", invocation_argument(invocation, 0));
    body_text(&body, "role", invocation_argument(invocation, 1));
    const struct edit edit = {.method = "POST",
                              .path = STR("/admin/v1/users"),
                              .body = body_end(&body, &session->arena),
                              .columns = user_columns,
                              .column_count = COUNT_OF(user_columns)};
    return resource_edit(session, invocation, &edit);
}

static int set_user(struct session *session, const struct invocation *invocation)
{
    struct str path = {0};
    int status = find_user(session, invocation_argument(invocation, 0), &path);
    if (status != EXIT_OK)
        return status;
    struct body body;
    body_begin(&body);
    body_text(&body, "role", invocation_argument(invocation, 1));
    const struct edit edit = {.method = "PATCH",
                              .path = path,
                              .body = body_end(&body, &session->arena),
                              .columns = user_columns,
                              .column_count = COUNT_OF(user_columns)};
    return resource_edit(session, invocation, &edit);
}

static int delete_user(struct session *session, const struct invocation *invocation)
{
    struct str path = {0};
    int status = find_user(session, invocation_argument(invocation, 0), &path);
    if (status != EXIT_OK)
        return status;
    const struct edit edit = {
        .method = "DELETE", .path = path, .done = "deleted: their tokens are refused from now on"};
    return resource_edit(session, invocation, &edit);
}

/* ---- passwords ----------------------------------------------------------------------------------
 *
 * Typed at a terminal, or in a file: never words of the command line, which everybody on the
 * machine can see.
 */

enum { PASSWORD_FILE_BYTES_MAX = 4096 };

static bool is_own(struct session *session, struct str path)
{
    struct answer me = session_get(session, STR("/admin/v1/me"));
    const struct json *id = json_find(&me.json, STR("userId"));
    return me.kind == ANSWER_OK && id != NULL && id->type == JSON_STRING &&
           str_equal(path_of(session, id->string), path);
}

/* The first line of a file, "-" for standard input. */
static int read_line(struct session *session, struct str file, struct str *line)
{
    struct str text = {0};
    struct fault fault = home_read_file(&session->arena, file, PASSWORD_FILE_BYTES_MAX, &text);
    if (failed(fault))
        return session_fail_fault(session, fault);
    *line = str_slice(text, 0, str_find_byte(text, '\n', 0));
    if (str_ends_with(*line, STR("\r")))
        line->size--;
    return EXIT_OK;
}

static int ask_twice(struct session *session, struct str *password)
{
    struct str again = {0};
    if (!session_ask(session, "New password: ", true, password) ||
        !session_ask(session, "The same again: ", true, &again))
        return session_fail(session, EXIT_USAGE, STR("a password is typed at a terminal"),
                            "or read with --new-from FILE, - for standard input");
    return str_equal(*password, again)
               ? EXIT_OK
               : session_fail(session, EXIT_USAGE, STR("these were two, nothing was changed"),
                              NULL);
}

/* The server asks for the one they have, when it is their own. */
static int read_passwords(struct session *session, const struct invocation *invocation,
                          bool is_theirs, struct str *password, struct str *current)
{
    struct str file = invocation_text(invocation, "new-from");
    struct str current_file = invocation_text(invocation, "current-from");
    *current = (struct str){0};
    int status = EXIT_OK;
    if (!str_is_absent(current_file))
        status = read_line(session, current_file, current);
    else if (is_theirs && str_is_absent(file) &&
             !session_ask(session, "Password so far (empty: none): ", true, current))
        return ask_twice(session, password); /* says that there is no terminal */
    if (status != EXIT_OK)
        return status;
    if (str_is_empty(*current))
        *current = (struct str){0};
    return str_is_absent(file) ? ask_twice(session, password) : read_line(session, file, password);
}

static int set_password(struct session *session, const struct invocation *invocation)
{
    struct str path = {0}, password = {0}, current = {0};
    int status = find_user(session, invocation_argument(invocation, 0), &path);
    if (status == EXIT_OK)
        status = read_passwords(session, invocation, is_own(session, path), &password, &current);
    if (status != EXIT_OK)
        return status;
    struct body body;
    body_begin(&body);
    body_text(&body, "password", password);
    body_text(&body, "current", current);
    const struct edit edit = {.method = "PUT",
                              .path = arena_format(&session->arena, "%.*s/password", STR_ARG(path)),
                              .body = body_end(&body, &session->arena),
                              .done = "set: they sign in with it from now on"};
    return resource_edit(session, invocation, &edit);
}

/* ---- tables -------------------------------------------------------------------------------------
 */

static const struct command_option edits[] = {RESOURCE_EDIT_OPTIONS};
static const struct command_option dry_run[] = {RESOURCE_DRY_RUN};
static const struct command_option password_options[] = {
    {"new-from", '\0', "FILE|-", "the new one is its first line", COMPLETES_FILES, false},
    {"current-from", '\0', "FILE", "your own so far is its first line", COMPLETES_FILES, false}};

static const char *const user_list_examples[] = {"user list", NULL};
static const char *const user_create_examples[] = {"user create ada@example.org editor", NULL};
static const char *const user_set_examples[] = {"user set ada@example.org admin", NULL};
static const char *const user_delete_examples[] = {"user delete ada@example.org", NULL};
static const char *const user_password_examples[] = {
    "user password ada@example.org", "user password ada@example.org --new-from secret.txt", NULL};

static const struct command user_commands[] = {
    {.verb = "list",
     .arguments = "",
     .summary = "show who is here",
     .examples = user_list_examples,
     .needs = NEEDS_TOKEN,
     .run = list_users},
    {.verb = "create",
     .arguments = "EMAIL ROLE",
     .summary = "add a person",
     .examples = user_create_examples,
     .options = dry_run,
     .option_count = COUNT_OF(dry_run),
     .argument_min = 2,
     .argument_max = 2,
     .needs = NEEDS_TOKEN,
     .run = create_user},
    {.verb = "set",
     .arguments = "EMAIL ROLE",
     .summary = "change a role: viewer, editor, admin, owner",
     .examples = user_set_examples,
     .options = edits,
     .option_count = COUNT_OF(edits),
     .argument_min = 2,
     .argument_max = 2,
     .needs = NEEDS_TOKEN,
     .run = set_user},
    {.verb = "delete",
     .arguments = "EMAIL",
     .summary = "remove a person and their tokens",
     .examples = user_delete_examples,
     .options = edits,
     .option_count = COUNT_OF(edits),
     .argument_min = 1,
     .argument_max = 1,
     .needs = NEEDS_TOKEN,
     .run = delete_user},
    {.verb = "password",
     .arguments = "EMAIL",
     .summary = "set what somebody signs in with",
     .examples = user_password_examples,
     .options = password_options,
     .option_count = COUNT_OF(password_options),
     .argument_min = 1,
     .argument_max = 1,
     .needs = NEEDS_TOKEN,
     .run = set_password},
};

const struct command_group group_user = {
    .noun = "user",
    .topic = "Access",
    .summary = "People, and what they may do.",
    .commands = user_commands,
    .command_count = COUNT_OF(user_commands),
};
