/* SPDX-License-Identifier: Apache-2.0 */
/* login_browser - a page at the server, and the way back: see login.h, superflag-cli.md 3.6. */
#include <stdio.h>

#include "base/random.h"
#include "cli/browser.h"
#include "cli/login.h"
#include "cli/output.h"
#include "client/address.h"
#include "client/callback.h"

enum { PATIENCE_MINUTES = 5, STATE_BYTES = 32 };

static int cannot_listen(struct session *session, uint16_t port, struct fault fault)
{
    struct arena *arena = &session->arena;
    struct str message = arena_format(arena, "port %u: %.*s", port, STR_ARG(fault.why));
    if (fault.kind != FAULT_CONFLICT)
        return session_fail(session, EXIT_FAILED, message, "choose another one with --port");
    return session_fail(session, EXIT_FAILED, message,
                        arena_format(arena,
                                     "stop the other program (`ss -ltnp sport = :%u` names it), or "
                                     "run `%.*s login --port PORT` or `login --device`",
                                     port, STR_ARG(session->program))
                            .data);
}

static struct str page_address(struct session *session, uint16_t port, struct str state)
{
    struct arena *arena = &session->arena;
    struct str page = arena_format(arena, "%.*s/cli/login", STR_ARG(session->origin));
    page = address_with(arena, page, "port", arena_format(arena, "%u", port));
    return address_with(arena, page, "state", state);
}

static void invite(struct session *session, struct str address, bool opens)
{
    if (opens && browser_open(session, address))
        login_tell(session, "A browser opens this page; if it does not, open it by hand:");
    else
        login_tell(session, "Open this page in a browser on this machine:");
    login_tell(session, "  %.*s", STR_ARG(address));
}

static int give_up(struct session *session, unsigned strangers)
{
    if (strangers > 0)
        output_note(session, "%u callers came from a login that was not begun here.", strangers);
    return session_fail(
        session, EXIT_NOT_ALLOWED,
        arena_format(&session->arena, "nobody logged in within %d minutes", PATIENCE_MINUTES),
        "run it again, or use `login --device`");
}

int login_with_browser(struct session *session, uint16_t port, bool opens)
{
    char *state_text = arena_allocate(&session->arena, STATE_BYTES);
    random_base62(state_text, STATE_BYTES);
    struct str state = {state_text, STATE_BYTES};
    struct callback *callback = NULL;
    struct callback_news news;
    struct fault fault = callback_open(&callback, port, state);
    if (failed(fault))
        return cannot_listen(session, port, fault);
    invite(session, page_address(session, port, state), opens);
    int status = EXIT_OK;
    if (callback_wait(callback, &session->arena, (int64_t)PATIENCE_MINUTES * 60000, &news)) {
        status = login_keep(session, news.token);
        callback_conclude(callback, status == EXIT_OK);
    } else {
        status = give_up(session, callback_strangers(callback));
    }
    callback_close(callback);
    return status;
}
