/* SPDX-License-Identifier: Apache-2.0 */
/* audit - who did what: list, export, verify. The chain itself is in audit_chain.c. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/audit_chain.h"
#include "cli/groups.h"
#include "cli/resource.h"
#include "client/address.h"

enum { OPEN_TO_OWNER = 0600 };

static const struct column columns[] = {
    {"SEQUENCE", "sequence", COLUMN_TEXT},
    {"AT", "at", COLUMN_INSTANT},
    {"ACTOR", "actor", COLUMN_TEXT},
    {"ACTION", "action", COLUMN_TEXT},
    {"ENVIRONMENT", "environment", COLUMN_TEXT},
    {"VERSION", "version", COLUMN_TEXT},
    {"SUBJECT", "subject", COLUMN_TEXT},
};

/* ---- list ---------------------------------------------------------------------------------------
 */

static int filtered(struct session *session, const struct invocation *invocation, struct str *path)
{
    static const char *const filters[] = {"actor", "action", "subject", "from", "to"};
    *path = STR("/admin/v1/audit");
    for (size_t i = 0; i < COUNT_OF(filters); i++)
        *path = address_with(&session->arena, *path, filters[i],
                             invocation_text(invocation, filters[i]));
    if (str_is_empty(session->environment_option))
        return EXIT_OK;
    struct session_environment environment;
    int status = session_find_environment(session, session->environment_option, &environment);
    if (status == EXIT_OK)
        *path = address_with(
            &session->arena, *path, "environment",
            arena_format(&session->arena, "%llu", (unsigned long long)environment.number));
    return status;
}

static int list(struct session *session, const struct invocation *invocation)
{
    uint64_t wanted = 50;
    struct str limit = invocation_text(invocation, "limit"), first;
    if (!str_is_absent(limit) && (!str_parse_u64(limit, &wanted) || wanted == 0 || wanted > 100000))
        return session_fail(session, EXIT_USAGE, STR("--limit is a number from 1 to 100000"), NULL);
    int status = filtered(session, invocation, &first);
    if (status != EXIT_OK)
        return status;
    struct str batch =
        arena_format(&session->arena, "%llu", (unsigned long long)(wanted < 1000 ? wanted : 1000));
    first = address_with(&session->arena, first, "limit", batch);
    struct json *found = ARENA_NEW_ARRAY(&session->arena, struct json, wanted);
    struct str page = first;
    for (size_t count = 0;;) {
        struct answer answer = session_get(session, page);
        if (answer.kind != ANSWER_OK)
            return session_refuse(session, &answer);
        const struct json *items = json_find(&answer.json, STR("items"));
        for (uint32_t i = 0; items != NULL && i < items->count && count < wanted; i++)
            found[count++] = items->elements[i];
        if (count == wanted || str_is_empty(answer.next)) {
            output_list(session, columns, COUNT_OF(columns), found, count);
            return EXIT_OK;
        }
        page = address_with(&session->arena, first, "cursor", answer.next);
    }
}

/* ---- export -------------------------------------------------------------------------------------
 */

/* Where the rows go, and whether they make a whole chain on their way. */
struct writing {
    struct session *session;
    FILE *file;
    struct str path; /* for messages */
    struct chain chain;
    struct progress progress;
};

static bool write_row(struct writing *writing, const struct json *row)
{
    struct buf buf;
    struct json_writer writer;
    buf_open(&buf, SIZE_MAX);
    json_writer_open(&writer, &buf);
    json_tree(&writer, row);
    buf_append_byte(&buf, '\n');
    bool is_written = fwrite(buf.data, 1, buf.size, writing->file) == buf.size;
    buf_close(&buf);
    chain_take(&writing->chain, row);
    progress_at(&writing->progress, writing->chain.row_count);
    return is_written;
}

/* Page by page, each in memory of its own: the trail may be longer than there is. */
static int write_pages(struct writing *writing)
{
    struct session *session = writing->session;
    struct arena arena;
    struct str cursor = {0};
    int status = EXIT_OK;
    arena_open(&arena, 65536);
    do {
        struct str page = address_with(&arena, STR("/admin/v1/audit?limit=1000"), "cursor", cursor);
        const struct call call = {.path = page};
        struct answer answer = client_ask(session->client, &arena, &call);
        if (answer.kind != ANSWER_OK) {
            status = session_refuse(session, &answer);
            break;
        }
        const struct json *items = json_find(&answer.json, STR("items"));
        for (uint32_t i = 0; items != NULL && i < items->count && status == EXIT_OK; i++) {
            if (!write_row(writing, &items->elements[i]))
                status = session_fail_fault(
                    session, home_cannot(&session->arena, "write", writing->path, errno));
        }
        cursor = arena_copy_str(&session->arena, answer.next);
        arena_reset(&arena);
    } while (status == EXIT_OK && !str_is_empty(cursor));
    arena_close(&arena);
    return status;
}

static void tell(struct writing *writing)
{
    struct session *session = writing->session;
    const struct chain *chain = &writing->chain;
    if (chain_is_whole(chain))
        output_note(session, "%llu rows, head %.*s", (unsigned long long)chain->row_count,
                    STR_ARG(chain_head(&session->arena, chain)));
    else
        output_note(session,
                    "warning: these rows make no whole chain (%.*s): this token does not see all "
                    "of them, or the trail was damaged; `guidon audit verify` knows",
                    STR_ARG(chain->why));
}

static int write_file(struct writing *writing, struct str path)
{
    struct session *session = writing->session;
    writing->path = path;
    struct str unique = client_new_key(&session->arena); /* nobody can have it wait for us */
    struct str temporary =
        arena_format(&session->arena, "%.*s.%.8s.part", STR_ARG(path), unique.data);
    int descriptor = open(temporary.data, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
                          (mode_t)OPEN_TO_OWNER);
    writing->file = descriptor < 0 ? NULL : fdopen(descriptor, "w");
    if (writing->file == NULL)
        return session_fail_fault(session, home_cannot(&session->arena, "write", temporary, errno));
    int status = write_pages(writing);
    bool is_kept = fflush(writing->file) == 0 && fsync(descriptor) == 0;
    is_kept =
        fclose(writing->file) == 0 && is_kept && status == EXIT_OK &&
        rename(temporary.data, arena_format(&session->arena, "%.*s", STR_ARG(path)).data) == 0;
    if (!is_kept)
        unlink(temporary.data);
    if (!is_kept && status == EXIT_OK)
        return session_fail(
            session, EXIT_FAILED,
            arena_format(&session->arena, "%.*s could not be written", STR_ARG(path)), NULL);
    return status;
}

static int export(struct session *session, const struct invocation *invocation)
{
    struct writing writing = {.session = session, .file = stdout, .path = STR("standard output")};
    struct str path = invocation_text(invocation, "file");
    chain_open(&writing.chain);
    progress_begin(&writing.progress, session, "rows", 0);
    int status = str_is_absent(path) ? write_pages(&writing) : write_file(&writing, path);
    progress_end(&writing.progress);
    if (status == EXIT_OK) {
        chain_end(&writing.chain);
        tell(&writing);
    }
    chain_close(&writing.chain);
    return status;
}

/* ---- verify -------------------------------------------------------------------------------------
 */

static const struct column verdict_columns[] = {{"Whole", "verified", COLUMN_TEXT},
                                                {"Rows", "rows", COLUMN_TEXT},
                                                {"Head", "hash", COLUMN_TEXT},
                                                {"First bad row", "firstBad", COLUMN_TEXT}};

static bool is_head(const struct json *verdict, struct str head)
{
    const struct json *hash = json_find(verdict, STR("hash"));
    return hash != NULL && hash->type == JSON_STRING && str_equal_ignoring_case(hash->string, head);
}

static int refuse_head(struct session *session)
{
    return session_fail(session, EXIT_FAILED,
                        STR("the last row is not the one with that hash: rows are missing at the "
                            "end, or the hash is of another time"),
                        NULL);
}

static int verify_server(struct session *session, struct str head)
{
    struct fault fault = session_prepare(session);
    if (failed(fault))
        return session_fail(session, EXIT_USAGE, fault.why, NULL);
    int status = session_provide(session, NEEDS_TOKEN);
    if (status != EXIT_OK)
        return status;
    struct answer answer = session_get(session, STR("/admin/v1/audit/verify"));
    if (answer.kind != ANSWER_OK)
        return session_refuse(session, &answer);
    output_item(session, verdict_columns, COUNT_OF(verdict_columns), &answer.json);
    const struct json *is_whole = json_find(&answer.json, STR("verified"));
    if (is_whole == NULL || is_whole->type != JSON_BOOLEAN || !is_whole->boolean)
        return session_fail(session, EXIT_FAILED, STR("the audit trail has been tampered with"),
                            "restore a backup from before, and compare");
    return str_is_absent(head) || is_head(&answer.json, head) ? EXIT_OK : refuse_head(session);
}

static void show_verdict(struct session *session, const struct chain *chain)
{
    struct json members[4];
    struct json_member named[4];
    bool is_whole = chain_is_whole(chain);
    members[0] = json_make_boolean(is_whole);
    members[1] = json_make_number((double)chain->row_count);
    members[2] = json_make_string(chain_head(&session->arena, chain));
    members[3] = is_whole ? json_make_null() : json_make_number((double)chain->bad_sequence);
    for (size_t i = 0; i < 4; i++)
        named[i] = (struct json_member){str_of(verdict_columns[i].path), members[i]};
    const struct json verdict = {.type = JSON_OBJECT, .count = 4, .members = named};
    output_item(session, verdict_columns, COUNT_OF(verdict_columns), &verdict);
}

static int verify_file(struct session *session, struct str path, struct str head)
{
    struct chain chain;
    int status = EXIT_OK;
    chain_open(&chain);
    struct fault fault = chain_read_file(&chain, &session->arena, path);
    if (failed(fault)) {
        chain_close(&chain);
        return session_fail_fault(session, fault);
    }
    show_verdict(session, &chain);
    if (!chain_is_whole(&chain))
        status =
            session_fail(session, EXIT_FAILED,
                         arena_format(&session->arena, "the chain breaks at row %llu: %.*s",
                                      (unsigned long long)chain.bad_sequence, STR_ARG(chain.why)),
                         NULL);
    else if (!str_is_absent(head) &&
             !str_equal_ignoring_case(chain_head(&session->arena, &chain), head))
        status = refuse_head(session);
    chain_close(&chain);
    return status;
}

static int verify(struct session *session, const struct invocation *invocation)
{
    struct str path = invocation_argument(invocation, 0);
    struct str head = invocation_text(invocation, "head");
    return str_is_absent(path) ? verify_server(session, head) : verify_file(session, path, head);
}

/* ---- tables -------------------------------------------------------------------------------------
 */

static const struct command_option list_options[] = {
    {"limit", '\0', "N", "at most so many [50]", COMPLETES_NOTHING, false},
    {"actor", '\0', "WHO", "only what they did", COMPLETES_NOTHING, false},
    {"action", '\0', "WHAT", "only this: flag.update; all of flags: flag.", COMPLETES_NOTHING,
     false},
    {"subject", '\0', "KEY", "only what was done to it", COMPLETES_FLAGS, false},
    {"from", '\0', "INSTANT", "not before", COMPLETES_NOTHING, false},
    {"to", '\0', "INSTANT", "before", COMPLETES_NOTHING, false}};
static const struct command_option export_options[] = {
    {"file", 'O', "FILE", "where to write it [standard output]", COMPLETES_FILES, false}};
static const struct command_option verify_options[] = {
    {"head", '\0', "HASH", "what the last row's hash must be", COMPLETES_NOTHING, false}};

static const char *const list_examples[] = {"audit list",
                                            "audit list --action key. --from 2031-03-01",
                                            "audit list --env production", NULL};
static const char *const export_examples[] = {"audit export -O trail.ndjson", NULL};
static const char *const verify_examples[] = {"audit verify", "audit verify trail.ndjson",
                                              "audit verify trail.ndjson --head 9f3c...", NULL};
static const char *const export_detail[] = {
    "One row a line, newest first, with all that its hash is made of; the head, which is the hash "
    "of the newest row, is told at the end. Keep it somewhere else: it is what shows that rows "
    "were cut off.",
    NULL};
static const char *const verify_detail[] = {
    "Each row's hash covers the row and the hash of the row before it, so that a row that was "
    "changed, removed, added or moved breaks the chain, and the first one that does is named. "
    "Without FILE the server checks its own; with FILE the file alone is looked at, and no server "
    "is asked.",
    "Rows cut off at the end leave a shorter chain that is whole: only a head kept elsewhere, "
    "given "
    "with --head, shows that. Exit status 1: it is not whole.",
    NULL};

static const struct command commands[] = {
    {.verb = "list",
     .arguments = "",
     .summary = "show who did what, newest first",
     .examples = list_examples,
     .options = list_options,
     .option_count = COUNT_OF(list_options),
     .needs = NEEDS_TOKEN,
     .run = list},
    {.verb = "export",
     .arguments = "",
     .summary = "write the whole trail, for keeping and verifying",
     .examples = export_examples,
     .detail = export_detail,
     .options = export_options,
     .option_count = COUNT_OF(export_options),
     .needs = NEEDS_TOKEN,
     .run = export},
    {.verb = "verify",
     .arguments = "[FILE]",
     .summary = "check that no row was changed, removed or moved",
     .examples = verify_examples,
     .detail = verify_detail,
     .options = verify_options,
     .option_count = COUNT_OF(verify_options),
     .argument_max = 1,
     .completes = COMPLETES_FILES,
     .run = verify},
};

const struct command_group group_audit = {
    .noun = "audit",
    .topic = "Understand",
    .summary = "The audit trail: who did what, and whether that is still the truth.",
    .commands = commands,
    .command_count = COUNT_OF(commands),
};
