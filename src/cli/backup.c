/* SPDX-License-Identifier: Apache-2.0 */
/*
 * backup - the whole store, copied while the server goes on, into a file here.
 *
 *   GET -> FILE.….part, hashed on the way -> the digest the server told -> FILE, FILE.sha256
 *
 * What did not arrive whole never has the name that was asked for.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/instant.h"
#include "base/sha256.h"
#include "cli/groups.h"
#include "cli/output.h"

enum { OPEN_TO_OWNER = 0600 }; /* it has every verifier of every secret in it */

struct download {
    struct session *session;
    struct str path, temporary;
    int descriptor;
    struct sha256 sha256;
    uint64_t bytes;
    int error; /* errno of what could not be written; 0: none */
    struct progress progress;
};

/* ---- names --------------------------------------------------------------------------------------
 */

/* guidon-20310310T093000Z.db, here. */
static struct str own_name(struct session *session)
{
    char now[INSTANT_TEXT_BYTES], kept[INSTANT_TEXT_BYTES];
    size_t size = 0;
    instant_format_seconds(clock_wall_ms(clock_system()), now);
    for (const char *at = now; *at != '\0'; at++) {
        if (*at != '-' && *at != ':')
            kept[size++] = *at;
    }
    return arena_format(&session->arena, "guidon-%.*s.db", (int)size, kept);
}

static bool exists(struct session *session, struct str path)
{
    struct stat status;
    return lstat(arena_format(&session->arena, "%.*s", STR_ARG(path)).data, &status) == 0;
}

static struct str base_name(struct str path)
{
    size_t from = path.size;
    while (from > 0 && path.data[from - 1] != '/')
        from--;
    return str_slice(path, from, path.size);
}

static struct str digest_file(const struct download *download)
{
    return arena_format(&download->session->arena, "%.*s.sha256", STR_ARG(download->path));
}

static int check_names(struct download *download, bool replaces)
{
    struct session *session = download->session;
    struct str taken = exists(session, download->path)          ? download->path
                       : exists(session, digest_file(download)) ? digest_file(download)
                                                                : (struct str){0};
    if (str_is_absent(taken) || replaces)
        return EXIT_OK;
    return session_fail(session, EXIT_CONFLICT,
                        arena_format(&session->arena, "%.*s is there already", STR_ARG(taken)),
                        "--force replaces it");
}

static int cannot_write(struct download *download, struct str path, int error)
{
    return session_fail_fault(download->session,
                              home_cannot(&download->session->arena, "write", path, error));
}

/* ---- bytes --------------------------------------------------------------------------------------
 */

static bool write_all(int descriptor, struct str piece, int *error)
{
    while (piece.size > 0) {
        ssize_t written = write(descriptor, piece.data, piece.size);
        if (written < 0 && errno != EINTR) {
            *error = errno;
            return false;
        }
        if (written > 0)
            piece = str_slice(piece, (size_t)written, piece.size);
    }
    return true;
}

static bool take_piece(struct str piece, uint64_t expected_bytes, void *user)
{
    struct download *download = user;
    download->progress.total = expected_bytes;
    download->bytes += piece.size;
    sha256_add(&download->sha256, piece);
    progress_at(&download->progress, download->bytes);
    return write_all(download->descriptor, piece, &download->error);
}

/* ---- what arrived -------------------------------------------------------------------------------
 */

/* sha-256=:BASE64:, among others maybe (RFC 9530). */
static bool is_told(struct str digest, struct str base64)
{
    struct str name = STR("sha-256=:");
    for (size_t i = 0; i + name.size + base64.size < digest.size; i++) {
        struct str rest = str_slice(digest, i, digest.size);
        if (str_starts_with(rest, name) &&
            str_starts_with(str_slice(rest, name.size, rest.size), base64) &&
            rest.data[name.size + base64.size] == ':')
            return true;
    }
    return false;
}

static int keep(struct download *download, struct str digest)
{
    struct session *session = download->session;
    unsigned char hash[SHA256_BYTES];
    sha256_end(&download->sha256, hash);
    if (!is_told(digest, sha256_base64(&session->arena, hash)))
        return session_fail(session, EXIT_FAILED,
                            STR("what arrived is not what the server sent: nothing was kept"),
                            "run it again");
    struct str line =
        arena_format(&session->arena, "%.*s  %.*s\n", STR_ARG(sha256_hex(&session->arena, hash)),
                     STR_ARG(base_name(download->path)));
    if (fsync(download->descriptor) != 0 ||
        rename(download->temporary.data, download->path.data) != 0)
        return cannot_write(download, download->path, errno);
    struct fault fault =
        home_write_file(&session->arena, digest_file(download), line, OPEN_TO_OWNER);
    return failed(fault) ? session_fail_fault(session, fault) : EXIT_OK;
}

static const struct column columns[] = {{"File", "file", COLUMN_TEXT},
                                        {"Bytes", "bytes", COLUMN_TEXT},
                                        {"Digest", "digestFile", COLUMN_TEXT}};

static void show(struct download *download)
{
    struct json_member members[] = {
        {STR("file"), json_make_string(download->path)},
        {STR("bytes"), json_make_number((double)download->bytes)},
        {STR("digestFile"), json_make_string(digest_file(download))},
    };
    const struct json item = {.type = JSON_OBJECT, .count = COUNT_OF(members), .members = members};
    output_item(download->session, columns, COUNT_OF(columns), &item);
}

static int fetch(struct download *download)
{
    struct session *session = download->session;
    const struct call call = {
        .path = STR("/admin/v1/backup"), .take_piece = take_piece, .user = download};
    sha256_begin(&download->sha256);
    progress_begin(&download->progress, session, "backup", 0);
    struct answer answer = client_ask(session->client, &session->arena, &call);
    progress_end(&download->progress);
    if (download->error != 0)
        return cannot_write(download, download->temporary, download->error);
    if (answer.kind != ANSWER_OK)
        return session_refuse(session, &answer);
    return keep(download, answer.digest);
}

static int backup(struct session *session, const struct invocation *invocation)
{
    struct str path = invocation_text(invocation, "file");
    struct download download = {.session = session};
    download.path = str_is_absent(path) ? own_name(session)
                                        : arena_format(&session->arena, "%.*s", STR_ARG(path));
    struct str unique = client_new_key(&session->arena);
    download.temporary = arena_format(&session->arena, "%.*s.%.*s.part", STR_ARG(download.path),
                                      STR_ARG(str_slice(unique, 0, 8)));
    int status = check_names(&download, invocation_has(invocation, "force"));
    if (status != EXIT_OK)
        return status;
    /* A new file of our own: in a folder of many, nobody has it open already. */
    download.descriptor =
        open(download.temporary.data, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
             (mode_t)OPEN_TO_OWNER);
    if (download.descriptor < 0)
        return cannot_write(&download, download.temporary, errno);
    status = fetch(&download);
    close(download.descriptor);
    if (status == EXIT_OK)
        show(&download);
    else
        unlink(download.temporary.data);
    return status;
}

/* ---- tables -------------------------------------------------------------------------------------
 */

static const struct command_option options[] = {
    {"file", 'O', "FILE", "where to write it [guidon-TIME.db]", COMPLETES_FILES, false},
    {"force", '\0', NULL, "replace a file that is there", COMPLETES_NOTHING, false}};
static const char *const examples[] = {"backup", "backup -O /var/backups/guidon.db --force", NULL};
static const char *const detail[] = {
    "Copies the whole store while changes go on: apps, environments with all their versions, "
    "people, keys, the audit trail. Only owners may. FILE.sha256 is for sha256sum -c; `guidon "
    "restore FILE` makes it the store of a stopped server again.",
    "The file has no secret in it that could be used, but everything else: keep it safe.", NULL};

static const struct command commands[] = {
    {.verb = "backup",
     .arguments = "",
     .summary = "copy the server's whole store, while it runs",
     .examples = examples,
     .detail = detail,
     .options = options,
     .option_count = COUNT_OF(options),
     .needs = NEEDS_TOKEN,
     .run = backup},
};

const struct command_group group_backup = {
    .topic = "Operate",
    .commands = commands,
    .command_count = COUNT_OF(commands),
};
