/* SPDX-License-Identifier: Apache-2.0 */
/*
 * backup - the whole store as one file, while changes go on: see change/backup.h.
 *
 * The copy is made first, however long that takes, because its length and digest go ahead of it;
 * then it is sent from the disk.
 */
#include "change/backup.h"

#include "base/instant.h"
#include "base/log.h"
#include "base/sha256.h"
#include "dialect/admin/condition.h"
#include "dialect/admin/manage.h"
#include "dialect/admin/problems.h"
#include "dialect/admin/request.h"
#include "dialect/admin/rights.h"

enum { NAME_BYTES = 16 }; /* 20310310T093000Z */

static bool is_awaited(void *request)
{
    return !http_is_abandoned(request);
}

static void let_go(void *backup)
{
    change_close_backup(backup);
}

/* One that is under way has some time to go. */
static void refuse(struct exchange *x, struct fault fault)
{
    bool is_busy = fault.kind == FAULT_UNAVAILABLE && str_equal(fault.where, STR("backup"));
    x->note = fault.where;
    problem_answer(x, problem_of(fault, 0), fault,
                   is_busy ? STR("Retry-After: 10\r\n") : STR("Retry-After: 1\r\n"), 0);
}

/* "2031-03-10T09:30:00Z" without what some file systems do not take in a name. */
static struct str file_name(struct arena *arena, int64_t at_ms)
{
    char text[INSTANT_TEXT_BYTES];
    char name[NAME_BYTES];
    size_t size = 0;
    instant_format_seconds(at_ms, text);
    for (const char *at = text; *at != '\0' && size < sizeof(name); at++) {
        if (*at != '-' && *at != ':')
            name[size++] = *at;
    }
    return arena_format(arena, "guidon-%.*s.db", (int)size, name);
}

static void answer_unchanged(struct exchange *x, struct str tag)
{
    x->response.status = 304;
    x->response.headers =
        arena_format(x->arena, "Cache-Control: no-store\r\nETag: %.*s\r\n", STR_ARG(tag));
}

static void answer_file(struct exchange *x, struct backup *backup, struct str tag)
{
    struct http_file *file = ARENA_NEW(x->arena, struct http_file);
    *file = (struct http_file){backup->descriptor, backup->size};
    x->response.status = 200;
    x->response.file = file;
    x->response.body_owner = backup;
    x->response.release = let_go;
    x->response.headers = arena_format(
        x->arena,
        "Content-Type: application/vnd.sqlite3\r\nCache-Control: no-store\r\nETag: %.*s\r\n"
        "Content-Disposition: attachment; filename=\"%.*s\"\r\nRepr-Digest: sha-256=:%.*s:\r\n",
        STR_ARG(tag), STR_ARG(file_name(x->arena, backup->at_ms)),
        STR_ARG(sha256_base64(x->arena, backup->digest)));
}

/* Without a change between them two copies are the same, byte for byte. */
static void answer(struct exchange *x, struct backup *backup)
{
    struct str hex = sha256_hex(x->arena, backup->digest);
    struct str tag = arena_format(x->arena, "\"%.*s\"", STR_ARG(hex));
    if (!condition_names(http_header(x->request, STR("if-none-match")), tag)) {
        answer_file(x, backup, tag);
        return;
    }
    change_close_backup(backup);
    answer_unchanged(x, tag);
}

void admin_download_backup(struct exchange *x)
{
    if (!rights_take_all(x->caller)) {
        admin_refuse_because(x, FAULT_DENIED, "", STR("only owners take everything along"));
        return;
    }
    const struct copying copying = {is_awaited, x->request};
    struct backup *backup = NULL;
    int64_t began_us = clock_monotonic_us();
    struct fault fault = change_open_backup(x->services->changer, &copying, &backup);
    if (failed(fault)) {
        log_warn("backup_failed", "why=\"%.*s\"", STR_ARG(fault.why));
        refuse(x, fault);
        return;
    }
    log_info("backup", "credential=%.*s bytes=%llu us=%lld", STR_ARG(x->caller->credential_id),
             (unsigned long long)backup->size, (long long)(clock_monotonic_us() - began_us));
    answer(x, backup);
}
