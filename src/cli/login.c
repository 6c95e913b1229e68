/* SPDX-License-Identifier: Apache-2.0 */
/* login - `login`: a token for this person, kept for the commands to come. See login.h. */
#include "cli/login.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli/browser.h"
#include "cli/groups.h"
#include "cli/output.h"
#include "client/address.h"

enum { TOKEN_BYTES_MAX = 1024, PORT_MIN = 1024 };

void login_tell(const struct session *session, const char *format, ...)
{
    bool is_for_people = session->is_vendor || session->format == OUTPUT_TABLE;
    FILE *file = is_for_people ? stdout : stderr;
    va_list arguments;
    va_start(arguments, format);
    vfprintf(file, format, arguments);
    va_end(arguments);
    fputc('\n', file);
    fflush(file); /* what follows is a wait */
}

/* ---- keeping ------------------------------------------------------------------------------- */

/* It travels in a header: nothing in it may end one. */
static bool is_token(struct str text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] <= ' ' || text.data[i] >= 0x7F)
            return false;
    }
    return text.size > 0 && text.size <= TOKEN_BYTES_MAX;
}

static int refuse_token(struct session *session, const struct answer *answer)
{
    if (answer->kind != ANSWER_UNAUTHENTICATED && answer->kind != ANSWER_DENIED)
        return session_refuse(session, answer);
    return session_fail(session, EXIT_NOT_ALLOWED, answer->message,
                        arena_format(&session->arena,
                                     "%.*s does not take this token; --api says which server is "
                                     "meant",
                                     STR_ARG(session->origin))
                            .data);
}

static void warn(struct session *session)
{
    static const char *const variables[] = {"GUIDON_TOKEN", "SUPERFLAG_TOKEN"};
    for (size_t i = 0; i < COUNT_OF(variables); i++) {
        if (!str_is_absent(session_variable(variables[i])))
            output_note(session, "%s is set and counts before what is kept.", variables[i]);
    }
}

static void say_kept(struct session *session, struct str name)
{
    struct json_member members[] = {{STR("user"), json_make_string(name)},
                                    {STR("api"), json_make_string(session->origin)}};
    static const struct column columns[] = {{"USER", "user", COLUMN_TEXT},
                                            {"API", "api", COLUMN_TEXT}};
    const struct json item = {.type = JSON_OBJECT, .count = 2, .members = members};
    bool is_for_people =
        session->format == OUTPUT_TABLE || (session->is_vendor && session->format == OUTPUT_TSV);
    if (!is_for_people) {
        output_item(session, columns, COUNT_OF(columns), &item);
        return;
    }
    struct buf visible;
    buf_open(&visible, SIZE_MAX);
    output_append_visible(&visible, name);
    if (!session->is_quiet)
        printf("Logged in as %.*s at %.*s\n", STR_ARG(buf_str(&visible)), STR_ARG(session->origin));
    buf_close(&visible);
}

int login_keep(struct session *session, struct str token)
{
    struct identity identity;
    if (!is_token(token))
        return session_fail(session, EXIT_USAGE, STR("that is no token"),
                            "it is one word, like cli_…");
    struct answer answer = identity_ask(session, token, &identity);
    if (answer.kind != ANSWER_OK)
        return refuse_token(session, &answer);
    const struct credentials kept = {token, identity.email, session->origin};
    struct fault fault = home_save_credentials(&session->home, &kept);
    if (failed(fault))
        return session_fail_fault(session, fault);
    say_kept(session, identity_name(&identity));
    warn(session);
    return EXIT_OK;
}

/* ---- choosing the way ---------------------------------------------------------------------- */

/* "-": from standard input, where no list of processes shows it. */
static int keep_given(struct session *session, struct str token)
{
    if (str_equal(token, STR("-")) && session->is_input_terminal) {
        if (!session_ask(session, "Token: ", true, &token))
            return session_fail(session, EXIT_USAGE, STR("no token was typed"), NULL);
    } else if (str_equal(token, STR("-"))) {
        struct fault fault = home_read_file(&session->arena, token, TOKEN_BYTES_MAX + 2, &token);
        if (failed(fault))
            return session_fail_fault(session, fault);
        token = str_slice(token, 0, str_find_byte(token, '\n', 0));
    }
    return login_keep(session, str_ends_with(token, STR("\r")) ? str_slice(token, 0, token.size - 1)
                                                               : str_trim(token));
}

static bool read_port(const struct invocation *invocation, uint16_t *port)
{
    struct str text = invocation_text(invocation, "port");
    uint64_t number = LOGIN_PORT;
    if (!str_is_absent(text) && !str_parse_u64(text, &number))
        return false;
    *port = (uint16_t)number;
    return number >= PORT_MIN && number <= UINT16_MAX;
}

static int run(struct session *session, const struct invocation *invocation)
{
    struct str token = invocation_text(invocation, "token");
    uint16_t port = 0;
    if (!read_port(invocation, &port))
        return session_fail(session, EXIT_USAGE, STR("--port is a number from 1024 to 65535"),
                            NULL);
    if (!address_is_private(session->origin))
        output_note(session,
                    "%.*s is neither this machine nor https: who listens on the way "
                    "learns the token.",
                    STR_ARG(session->origin));
    if (!str_is_absent(token))
        return keep_given(session, token);
    bool wants_browser =
        invocation_has(invocation, "no-browser") || invocation_has(invocation, "port");
    bool wants_device = invocation_has(invocation, "device");
    if (wants_device || (!wants_browser && !browser_is_here(session)))
        return login_with_device(session);
    return login_with_browser(session, port, !invocation_has(invocation, "no-browser"));
}

static const struct command_option options[] = {
    {"token", '\0', "TOKEN", "one you have; -: read from standard input", COMPLETES_NOTHING, false},
    {"device", '\0', NULL, "with a code, on another device", COMPLETES_NOTHING, false},
    {"no-browser", '\0', NULL, "do not start a browser, show the address", COMPLETES_NOTHING,
     false},
    {"port", '\0', "PORT", "where the browser comes back to (3737)", COMPLETES_NOTHING, false},
};

static const char *const examples[] = {"login", "login --api https://flags.example.com",
                                       "login --device", "login --token - <token-file", NULL};
static const char *const detail[] = {
    "A browser is started where there is one to be seen; otherwise, and over SSH, a code is shown "
    "that is entered on another device.",
    "What is kept is in ~/.superflag/credentials.json, readable by its owner alone; "
    "SUPERFLAG_HOME names another folder. The token goes to the server it was made for and to no "
    "other.",
    NULL};

static const struct command commands[] = {
    {.verb = "login",
     .arguments = "",
     .summary = "log in: with a browser, with a code, or with a token",
     .examples = examples,
     .detail = detail,
     .options = options,
     .option_count = COUNT_OF(options),
     .needs = NEEDS_SERVER,
     .run = run},
};

const struct command_group group_login = {
    .topic = "You",
    .commands = commands,
    .command_count = COUNT_OF(commands),
};
