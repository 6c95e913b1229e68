/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tail - an environment's versions, as they are made.
 *
 * The stream says that there is a new version; what it changed is asked on another connection. Of
 * versions that follow each other too closely the stream tells the last: those between are asked
 * for as well. A connection that is lost is made again, and nothing is missed.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/random.h"
#include "cli/describe.h"
#include "cli/groups.h"
#include "cli/resource.h"
#include "client/address.h"
#include "client/events.h"

enum { PATIENCE_MS_FIRST = 500, PATIENCE_MS_MAX = 30000, PHRASES_MAX = 4 };

struct tail {
    struct session *session;
    struct client *stream;
    struct arena arena; /* of one version */
    struct events events;
    struct str flag; /* absent: all */
    uint64_t seen;
    bool has_seen;
    bool has_limit;
    uint64_t left;  /* has_limit: how many more are wanted */
    bool is_done;   /* all that were wanted were told, or `status` says why not */
    bool was_heard; /* something came since the last try */
    int status;
};

static struct str text_of(const struct json *json, const char *path)
{
    const struct json *member = output_find(json, path);
    return member != NULL && member->type == JSON_STRING ? member->string : STR("");
}

/* ---- in words -----------------------------------------------------------------------------------
 */

static void append_differences(struct buf *buf, const struct json *differences)
{
    uint32_t count = differences == NULL ? 0 : differences->count;
    for (uint32_t i = 0; i < count && i < PHRASES_MAX; i++) {
        buf_append(buf, i == 0 ? STR(": ") : STR("; "));
        describe_difference(buf, &differences->elements[i]);
    }
    if (count > PHRASES_MAX)
        buf_append_format(buf, "; and %u more", count - PHRASES_MAX);
}

static void append_change(struct buf *buf, const struct json *change)
{
    struct str op = text_of(change, "op");
    bool is_update = str_equal(op, STR("update"));
    if (!is_update)
        buf_append_format(buf, "%.*sd ", STR_ARG(op)); /* created, deleted */
    buf_append(buf, text_of(change, "kind"));
    buf_append_byte(buf, ' ');
    output_append_visible(buf, text_of(change, "key"));
    if (is_update)
        append_differences(buf, json_find(change, STR("diff")));
}

static void append_words(struct buf *buf, const struct json *version)
{
    const struct json *changes = json_find(version, STR("changes"));
    uint32_t count = changes == NULL ? 0 : changes->count;
    for (uint32_t i = 0; i < count && i < PHRASES_MAX; i++) {
        buf_append(buf, i == 0 ? STR("") : STR(" | "));
        append_change(buf, &changes->elements[i]);
    }
    if (count > PHRASES_MAX)
        buf_append_format(buf, " | and %u more", count - PHRASES_MAX);
    if (count == 0)
        buf_append(buf, STR("nothing"));
}

static void show_line(struct tail *tail, const struct json *version)
{
    struct session *session = tail->session;
    bool is_tsv = session->format == OUTPUT_TSV;
    const char *gap = is_tsv ? "\t" : "  ";
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    buf_append_format(&buf, "%s%s", output_colour(session, COLOUR_BOLD), is_tsv ? "" : "v");
    output_append_cell(&buf, json_find(version, STR("version")), COLUMN_TEXT);
    buf_append_format(&buf, "%s%s%s", output_colour(session, COLOUR_NONE), gap,
                      output_colour(session, COLOUR_DIM));
    output_append_cell(&buf, json_find(version, STR("at")), COLUMN_INSTANT);
    buf_append_format(&buf, "%s%s", output_colour(session, COLOUR_NONE), gap);
    output_append_visible(&buf, text_of(version, "actor"));
    buf_append_format(&buf, "%s%.*s%s", gap, STR_ARG(text_of(version, "action")), gap);
    append_words(&buf, version);
    buf_append_byte(&buf, '\n');
    output_raw(buf_str(&buf));
    buf_close(&buf);
}

/* ---- one version --------------------------------------------------------------------------------
 */

static bool touches(const struct json *version, struct str key)
{
    const struct json *changes = json_find(version, STR("changes"));
    for (uint32_t i = 0; changes != NULL && i < changes->count; i++) {
        if (str_equal(text_of(&changes->elements[i], "key"), key))
            return true;
    }
    return false;
}

static void show(struct tail *tail, const struct json *version)
{
    if (!str_is_absent(tail->flag) && !touches(version, tail->flag))
        return;
    if (tail->session->format == OUTPUT_JSON)
        output_json(version);
    else
        show_line(tail, version);
    fflush(stdout); /* who reads along wants it now */
    if (tail->has_limit && --tail->left == 0)
        tail->is_done = true;
}

/* False: not now; it is asked for again when the connection is there again. */
static bool tell_version(struct tail *tail, uint64_t number)
{
    arena_reset(&tail->arena);
    const struct call call = {.path = arena_format(&tail->arena, "%.*s/versions/%llu",
                                                   STR_ARG(tail->session->environment.path),
                                                   (unsigned long long)number)};
    struct answer answer = client_ask(tail->session->client, &tail->arena, &call);
    if (answer.kind == ANSWER_UNREACHABLE || answer.kind == ANSWER_FAILED ||
        answer.kind == ANSWER_LIMITED)
        return false;
    if (answer.kind == ANSWER_OK) {
        show(tail, &answer.json);
    } else if (answer.kind != ANSWER_MISSING) { /* lost to a restore: versions have gaps then */
        tail->status = session_refuse(tail->session, &answer);
        tail->is_done = true;
    }
    tail->seen = number;
    return !tail->is_done;
}

static bool read_version(const struct event *event, struct arena *arena, uint64_t *version)
{
    struct json data;
    if (failed(json_parse(arena, event->data, &json_budget_default, &data)))
        return false;
    const struct json *number = json_find(&data, STR("version"));
    if (number == NULL || number->type != JSON_NUMBER || number->number < 0)
        return false;
    *version = (uint64_t)number->number;
    return true;
}

static bool take_event(const struct event *event, void *user)
{
    struct tail *tail = user;
    uint64_t version = 0;
    arena_reset(&tail->arena);
    if (!str_equal(event->name, STR("version")) || !read_version(event, &tail->arena, &version))
        return true;
    if (!tail->has_seen) {
        output_note(tail->session, "following %.*s from version %llu on; Ctrl-C ends it",
                    STR_ARG(tail->session->environment.name), (unsigned long long)version);
        tail->has_seen = true;
        tail->seen = version;
    }
    while (tail->seen < version) {
        if (!tell_version(tail, tail->seen + 1))
            return false;
    }
    return true;
}

static bool take_piece(struct str piece, uint64_t expected_bytes, void *user)
{
    struct tail *tail = user;
    (void)expected_bytes;
    tail->was_heard = true;
    return events_take(&tail->events, piece);
}

/* ---- again and again ----------------------------------------------------------------------------
 */

/* Nothing is lost by leaving at once: every line is written out when it is whole. */
static void leave(int signal_number)
{
    (void)signal_number;
    _exit(EXIT_OK);
}

static void leave_on_interrupt(void)
{
    struct sigaction action = {.sa_handler = leave};
    sigaction(SIGINT, &action, NULL);
}

static void wait_ms(uint64_t ms)
{
    struct timespec left = {.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000};
    while (nanosleep(&left, &left) != 0 && errno == EINTR) {
    }
}

static uint64_t chance(void)
{
    uint32_t drawn = 0;
    random_fill(&drawn, sizeof(drawn));
    return drawn;
}

/* Twice as long each time, and not all who lost it at the same moment. */
static uint64_t next_patience(uint64_t patience_ms)
{
    return patience_ms * 2 < PATIENCE_MS_MAX ? patience_ms * 2 : PATIENCE_MS_MAX;
}

static bool is_final(const struct answer *answer)
{
    switch (answer->kind) {
    case ANSWER_INVALID:
    case ANSWER_MISSING:
    case ANSWER_UNAUTHENTICATED:
    case ANSWER_DENIED:
    case ANSWER_CONFLICT:
        return true;
    case ANSWER_OK:
    case ANSWER_LIMITED:
    case ANSWER_FAILED:
    case ANSWER_UNREACHABLE:
    case ANSWER_STOPPED:
        return false;
    }
    return false;
}

static struct answer listen_once(struct tail *tail, struct arena *arena)
{
    struct call call = {
        .path = arena_format(arena, "%.*s/stream", STR_ARG(tail->session->environment.path)),
        .accept = STR("text/event-stream"),
        .take_piece = take_piece,
        .user = tail};
    if (tail->has_seen)
        call.last_seen = arena_format(arena, "%llu", (unsigned long long)tail->seen);
    tail->was_heard = false;
    events_restart(&tail->events);
    return client_ask(tail->stream, arena, &call);
}

/* The first try must come through: a wrong address is no reason to wait for ever. */
static int follow(struct tail *tail)
{
    struct arena arena;
    uint64_t patience_ms = PATIENCE_MS_FIRST;
    arena_open(&arena, 4096);
    for (bool is_first = true; !tail->is_done; is_first = false) {
        arena_reset(&arena);
        struct answer answer = listen_once(tail, &arena);
        if (tail->is_done)
            break;
        if (is_final(&answer) || (is_first && !tail->was_heard && answer.kind != ANSWER_OK)) {
            tail->status = session_refuse(tail->session, &answer);
            break;
        }
        if (tail->was_heard)
            patience_ms = PATIENCE_MS_FIRST;
        else
            patience_ms = next_patience(patience_ms);
        output_note(tail->session, "the connection ended; trying again");
        wait_ms(patience_ms / 2 + chance() % patience_ms);
    }
    arena_close(&arena);
    return tail->status;
}

static bool read_numbers(const struct invocation *invocation, struct tail *tail)
{
    struct str since = invocation_text(invocation, "since");
    struct str limit = invocation_text(invocation, "limit");
    tail->has_seen = !str_is_absent(since);
    tail->has_limit = !str_is_absent(limit);
    return (!tail->has_seen || str_parse_u64(since, &tail->seen)) &&
           (!tail->has_limit || (str_parse_u64(limit, &tail->left) && tail->left > 0));
}

static int run_tail(struct session *session, const struct invocation *invocation)
{
    struct tail tail = {.session = session, .flag = invocation_text(invocation, "flag")};
    if (!read_numbers(invocation, &tail))
        return session_fail(session, EXIT_USAGE, STR("--since and --limit are numbers"),
                            "`guidon change list` shows versions");
    leave_on_interrupt();
    arena_open(&tail.arena, 65536);
    events_open(&tail.events, take_event, &tail);
    tail.stream = session_open_client(session);
    int status = follow(&tail);
    client_close(tail.stream);
    events_close(&tail.events);
    arena_close(&tail.arena);
    return status;
}

/* ---- tables -------------------------------------------------------------------------------------
 */

static const struct command_option options[] = {
    {"since", '\0', "VERSION", "first those behind it [from now on]", COMPLETES_NOTHING, false},
    {"flag", '\0', "KEY", "only those that touch it", COMPLETES_FLAGS, false},
    {"limit", '\0', "N", "end after so many", COMPLETES_NOTHING, false}};
static const char *const examples[] = {"tail", "tail --flag dark-mode --since 41",
                                       "tail --limit 1 && make deploy", NULL};
static const char *const detail[] = {
    "A line for each version: which, when, by whom, and what it changed. Piped, each is one JSON "
    "object, as `change show` has it. A connection that is lost is made again and nothing is "
    "missed; Ctrl-C ends it with exit status 0.",
    NULL};

static const struct command commands[] = {
    {.verb = "tail",
     .arguments = "",
     .summary = "follow changes as they are made",
     .examples = examples,
     .detail = detail,
     .options = options,
     .option_count = COUNT_OF(options),
     .needs = NEEDS_ENVIRONMENT,
     .run = run_tail},
};

const struct command_group group_tail = {
    .topic = "Understand",
    .commands = commands,
    .command_count = COUNT_OF(commands),
};
