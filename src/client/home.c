/* SPDX-License-Identifier: Apache-2.0 */
/* home - what the command line remembers between two commands: see home.h. */
#include "client/home.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/random.h"
#include "json/write.h"

enum { FILE_BYTES_MAX = 256 * 1024, OWN_FILE = 0600, OWN_FOLDER = 0700 };

struct str home_path(const struct home *home, const char *name)
{
    return arena_format(home->arena, "%.*s/%s", STR_ARG(home->directory), name);
}

/* ---- files --------------------------------------------------------------------------------------
 */

struct fault home_cannot(struct arena *arena, const char *verb, struct str path, int error)
{
    enum fault_kind kind = error == ENOENT ? FAULT_MISSING : FAULT_UNAVAILABLE;
    char text[128];
    return fault_make(kind, path,
                      arena_format(arena, "cannot %s %.*s: %s", verb, STR_ARG(path),
                                   strerror_r(error, text, sizeof(text))));
}

static struct fault read_descriptor(struct arena *arena, int descriptor, struct str path,
                                    size_t bytes_max, struct str *text)
{
    struct buf buf;
    buf_open(&buf, bytes_max + 1);
    struct fault fault = fault_none();
    for (;;) {
        size_t room = bytes_max + 1 - buf.size < 65536 ? bytes_max + 1 - buf.size : 65536;
        char *into = room == 0 ? NULL : buf_reserve(&buf, room);
        if (into == NULL) {
            fault = fault_make(
                FAULT_LIMIT, path,
                arena_format(arena, "%.*s is larger than %zu bytes", STR_ARG(path), bytes_max));
            break;
        }
        ssize_t got = read(descriptor, into, room);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            fault = home_cannot(arena, "read", path, errno);
        if (got <= 0)
            break;
        buf_advance(&buf, (size_t)got);
    }
    *text = failed(fault) ? (struct str){0} : arena_copy_str(arena, buf_str(&buf));
    buf_close(&buf);
    return fault;
}

struct fault home_read_file(struct arena *arena, struct str path, size_t bytes_max,
                            struct str *text)
{
    *text = (struct str){0};
    if (str_equal(path, STR("-")))
        return read_descriptor(arena, STDIN_FILENO, STR("standard input"), bytes_max, text);
    int descriptor = open(arena_format(arena, "%.*s", STR_ARG(path)).data, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0)
        return home_cannot(arena, "read", path, errno);
    struct fault fault = read_descriptor(arena, descriptor, path, bytes_max, text);
    close(descriptor);
    return fault;
}

static bool write_whole(int descriptor, struct str text)
{
    while (text.size > 0) {
        ssize_t written = write(descriptor, text.data, text.size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        text = str_slice(text, (size_t)written, text.size);
    }
    return true;
}

struct fault home_write_file(struct arena *arena, struct str path, struct str text, unsigned mode)
{
    char unique[8];
    random_base62(unique, sizeof(unique));
    const char *target = arena_format(arena, "%.*s", STR_ARG(path)).data;
    const char *beside = arena_format(arena, "%s.%.8s.tmp", target, unique).data;
    int descriptor = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
    if (descriptor < 0)
        return home_cannot(arena, "write", path, errno);
    int error = 0;
    if (!write_whole(descriptor, text) || fsync(descriptor) != 0)
        error = errno;
    if (close(descriptor) != 0 && error == 0)
        error = errno;
    if (error == 0 && rename(beside, target) != 0)
        error = errno;
    if (error == 0)
        return fault_none();
    unlink(beside);
    return home_cannot(arena, "write", path, error);
}

/* ---- documents ----------------------------------------------------------------------------------
 */

/* No file is an empty object. */
static struct fault load(const struct home *home, const char *name, struct json *json)
{
    *json = json_make_null();
    struct str path = home_path(home, name);
    struct str text;
    struct fault fault = home_read_file(home->arena, path, FILE_BYTES_MAX, &text);
    if (failed(fault))
        return fault.kind == FAULT_MISSING ? fault_none() : fault;
    fault = json_parse(home->arena, text, &json_budget_default, json);
    if (failed(fault) || json->type != JSON_OBJECT) {
        *json = json_make_null();
        return fault_make(
            FAULT_INVALID, path,
            arena_format(home->arena, "%.*s is not a JSON object; remove it", STR_ARG(path)));
    }
    return fault_none();
}

static struct str text_in(const struct json *json, const char *name)
{
    const struct json *member = json_find(json, str_of(name));
    bool is_there = member != NULL && member->type == JSON_STRING && member->string.size > 0;
    return is_there ? member->string : (struct str){0};
}

struct pair {
    const char *name;
    struct str text; /* absent: the member goes */
    uint64_t number; /* when text is absent and this is not 0 */
};

static const struct pair *find_pair(const struct pair *pairs, size_t count, struct str name)
{
    for (size_t i = 0; i < count; i++) {
        if (str_equal(str_of(pairs[i].name), name))
            return &pairs[i];
    }
    return NULL;
}

static void write_document(struct buf *buf, const struct json *old, const struct pair *pairs,
                           size_t count)
{
    struct json_writer writer;
    json_writer_open(&writer, buf);
    json_object_begin(&writer);
    for (size_t i = 0; i < count; i++) {
        if (!str_is_absent(pairs[i].text))
            json_member_string(&writer, str_of(pairs[i].name), pairs[i].text);
        else if (pairs[i].number != 0)
            json_member_u64(&writer, str_of(pairs[i].name), pairs[i].number);
    }
    for (uint32_t i = 0; old->type == JSON_OBJECT && i < old->count; i++) {
        if (find_pair(pairs, count, old->members[i].key) == NULL)
            json_member_tree(&writer, old->members[i].key, &old->members[i].value);
    }
    json_object_end(&writer);
    buf_append_byte(buf, '\n');
}

static struct fault make_directory(const struct home *home)
{
    const char *name = home_path(home, "").data;
    if (mkdir(name, OWN_FOLDER) == 0 || errno == EEXIST)
        return fault_none();
    return home_cannot(home->arena, "make", home->directory, errno);
}

static struct fault save(const struct home *home, const char *name, const struct pair *pairs,
                         size_t count)
{
    struct json old;
    struct fault fault = load(home, name, &old);
    if (fault.kind == FAULT_INVALID) /* what cannot be read is replaced */
        fault = fault_none();
    if (!failed(fault))
        fault = make_directory(home);
    if (failed(fault))
        return fault;
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    write_document(&buf, &old, pairs, count);
    fault = home_write_file(home->arena, home_path(home, name), buf_str(&buf), OWN_FILE);
    buf_close(&buf);
    return fault;
}

struct fault home_load_credentials(const struct home *home, struct credentials *credentials)
{
    struct json json;
    struct fault fault = load(home, "credentials.json", &json);
    *credentials = (struct credentials){text_in(&json, "token"), text_in(&json, "email"),
                                        text_in(&json, "api")};
    return fault;
}

struct fault home_save_credentials(const struct home *home, const struct credentials *credentials)
{
    const struct pair pairs[] = {{"token", credentials->token, 0},
                                 {"email", credentials->email, 0},
                                 {"api", credentials->api, 0}};
    return save(home, "credentials.json", pairs, COUNT_OF(pairs));
}

struct fault home_load_context(const struct home *home, struct home_context *context)
{
    struct json json;
    struct fault fault = load(home, "context.json", &json);
    const struct json *number = json_find(&json, STR("environment"));
    *context = (struct home_context){text_in(&json, "appId"), text_in(&json, "appName"),
                                     text_in(&json, "env"), 0, text_in(&json, "api")};
    if (number != NULL && number->type == JSON_NUMBER && number->number > 0 &&
        number->number < 9007199254740992.0)
        context->number = (uint64_t)number->number;
    return fault;
}

struct fault home_save_context(const struct home *home, const struct home_context *context)
{
    const struct pair pairs[] = {{"appId", context->app_id, 0},
                                 {"appName", context->app_name, 0},
                                 {"env", context->environment, 0},
                                 {"environment", {0}, context->number},
                                 {"api", context->api, 0}};
    return save(home, "context.json", pairs, COUNT_OF(pairs));
}

struct fault home_forget_credentials(const struct home *home, bool *was_there)
{
    struct str path = home_path(home, "credentials.json");
    *was_there = unlink(path.data) == 0;
    if (*was_there || errno == ENOENT || errno == ENOTDIR)
        return fault_none();
    return home_cannot(home->arena, "remove", path, errno);
}
