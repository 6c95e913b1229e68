/* SPDX-License-Identifier: Apache-2.0 */
/*
 * owner_token - `guidon owner-token`: the way back in when the last owner's token is lost.
 *
 * Whoever can write the data directory of a stopped server owns what is in it; this gives them a
 * token for it, as a change like any other: durable, and in the audit trail as token.recover.
 */
#include <stdio.h>
#include <sys/stat.h>

#include "change/change.h"
#include "server/arguments.h"
#include "server/server.h"
#include "server/terminal.h"

struct owner_token {
    struct str data, email;
};

static const struct argument table[] = {
    {"data", 0, ARGUMENT_TEXT, offsetof(struct owner_token, data), "DIR",
     "the data directory of a server that is not running"},
    {"email", 0, ARGUMENT_TEXT, offsetof(struct owner_token, email), "ADDRESS",
     "which owner, where there are several"},
};

static const char *const more[] = {
    "  guidon owner-token --data /var/lib/guidon",
    "",
    "The token is shown once. Old ones stay good: revoke what is lost with `guidon token revoke`.",
    NULL,
};

static const struct argument_table command = {
    .usage = "owner-token --data DIR [--email ADDRESS]",
    .summary = "Make a token for an owner who lost theirs, while the server is stopped.",
    .more = more,
    .arguments = table,
    .count = COUNT_OF(table),
};

/* Nobody reads from this process. */
static void render_nothing(struct snapshot *snapshot)
{
    (void)snapshot;
}

static void notice_nothing(uint64_t environment, uint64_t version, void *context)
{
    (void)environment;
    (void)version;
    (void)context;
}

/* A new store would get a new owner: that is not what was asked for. */
static struct fault check_store(struct arena *arena, struct str data)
{
    struct stat status;
    if (str_is_empty(data))
        return fault_make(FAULT_INVALID, STR("data"), STR("say which data directory: --data DIR"));
    if (stat(arena_format(arena, "%.*s/guidon.db", STR_ARG(data)).data, &status) == 0)
        return fault_none();
    return fault_make(FAULT_MISSING, data,
                      arena_format(arena, "there is no store in %.*s", STR_ARG(data)));
}

static struct fault find_owner(struct arena *arena, const struct catalog *catalog, struct str email,
                               const struct catalog_user **owner)
{
    size_t count = 0;
    for (size_t i = 0; i < catalog->user_count; i++) {
        const struct catalog_user *user = &catalog->users[i];
        bool is_meant = str_is_absent(email) || str_equal_ignoring_case(user->email, email);
        if (user->role == ROLE_OWNER && is_meant && count++ == 0)
            *owner = user;
    }
    if (count == 1)
        return fault_none();
    if (count > 1)
        return fault_make(FAULT_INVALID, STR("email"),
                          STR("there are several owners: say which with --email"));
    return fault_make(FAULT_MISSING, STR("email"),
                      arena_format(arena, "no owner is called %.*s", STR_ARG(email)));
}

static struct fault make_token(struct arena *arena, struct changer *changer,
                               const struct catalog_user *owner)
{
    const struct caller caller = {.kind = CREDENTIAL_PERSONAL,
                                  .actor = owner->email,
                                  .user_id = owner->id,
                                  .role = ROLE_OWNER};
    struct change change = {.kind = CHANGE_CREATE_TOKEN,
                            .caller = &caller,
                            .arena = arena,
                            .action = STR("token.recover"),
                            .key_kind = CREDENTIAL_PERSONAL,
                            .user_id = owner->id,
                            .name = STR("made on the server")};
    struct fault fault = change_apply(changer, &change);
    if (failed(fault))
        return fault;
    fprintf(stderr, "A token for %.*s. It is shown once; keep it safe:\n", STR_ARG(owner->email));
    terminal_say(arena_format(arena, "%.*s\n", STR_ARG(change.secret)));
    return fault_none();
}

static struct fault with_changer(struct arena *arena, struct changer *changer,
                                 struct view_slot *slot, struct str email)
{
    struct view *view = view_acquire(slot);
    if (view == NULL)
        return fault_make(FAULT_UNAVAILABLE, STR("data"), STR("the store shows nothing"));
    const struct catalog_user *owner = NULL;
    struct fault fault = find_owner(arena, view->catalog, email, &owner);
    if (!failed(fault))
        fault = make_token(arena, changer, owner);
    view_release(view);
    return fault;
}

static struct fault run(struct arena *arena, const struct owner_token *wanted)
{
    struct fault fault = check_store(arena, wanted->data);
    if (failed(fault))
        return fault;
    struct view_slot *slot = view_slot_open();
    const struct change_config config = {.directory = wanted->data,
                                         .clock = clock_system(),
                                         .render = render_nothing,
                                         .slot = slot,
                                         .event_queue_bytes_max = 65536,
                                         .waiting_max = 1,
                                         .on_published = notice_nothing};
    struct changer *changer = NULL;
    struct bootstrap bootstrap;
    struct fault degraded;
    fault = change_open(&changer, &config, arena, &bootstrap, &degraded);
    if (!failed(fault)) {
        fault = failed(degraded) ? degraded : with_changer(arena, changer, slot, wanted->email);
        change_close(changer);
    }
    view_slot_close(slot);
    return fault;
}

int owner_token_run(int count, char **arguments)
{
    struct arena arena;
    arena_open(&arena, 4096);
    struct owner_token wanted = {0};
    struct operands operands = {0};
    struct fault fault = arguments_read(&arena, &command, count, arguments, &wanted, &operands);
    if (!failed(fault) && operands.wants_help) {
        struct buf buf;
        buf_open(&buf, SIZE_MAX);
        arguments_help(&command, &buf);
        terminal_say(buf_str(&buf));
        buf_close(&buf);
    } else if (!failed(fault)) {
        fault = run(&arena, &wanted);
    }
    int status = terminal_status(fault);
    arena_close(&arena);
    return status;
}
