/* SPDX-License-Identifier: Apache-2.0 */
/*
 * export - an environment as one text, or as a folder with a file for each thing.
 *
 *     DIR/environment.json  format and settings
 *     DIR/flags/KEY.json  DIR/groups/KEY.json  DIR/segments/KEY.json  DIR/cohorts/ID.json
 *
 * The folder is what plan, apply, validate and fmt read, and made for version control: the same
 * thing has the same file, whatever else is there.
 */
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/map.h"
#include "cli/declared.h"
#include "cli/document.h"
#include "cli/groups.h"
#include "client/address.h"

enum { OPEN_TO_ALL = 0644, FOLDER_OPEN_TO_ALL = 0755, FILE_BYTES_MAX = 64 * 1024 * 1024 };

static const struct json_budget export_budget = {
    .depth_max = JSON_DEPTH_MAX,
    .members_max = SIZE_MAX,
    .string_bytes_max = SIZE_MAX,
    .number_bytes_max = 64,
};

static const struct str marker = {"environment.json", 16};
static const struct str folders[] = {STR("flags"), STR("groups"), STR("segments"), STR("cohorts")};

/* ---- one folder ---------------------------------------------------------------------------------
 */

struct folder {
    struct session *session;
    struct str path;
    struct map written; /* names below the path */
    size_t changed, removed;
};

static struct fault make_folder(struct folder *folder, struct str path)
{
    if (mkdir(path.data, FOLDER_OPEN_TO_ALL) != 0 && errno != EEXIST)
        return home_cannot(&folder->session->arena, "make", path, errno);
    return fault_none();
}

static bool is_empty(struct str path)
{
    DIR *listing = opendir(path.data);
    if (listing == NULL)
        return errno == ENOENT;
    size_t count = 0;
    for (struct dirent *entry = readdir(listing); entry != NULL; entry = readdir(listing))
        count += entry->d_name[0] != '.'; /* a folder under version control counts as empty */
    closedir(listing);
    return count == 0;
}

/* What was not written by an export is nobody's to tidy up. */
static struct fault check_folder(struct folder *folder)
{
    struct arena *arena = &folder->session->arena;
    struct str text,
        path = arena_format(arena, "%.*s/%.*s", STR_ARG(folder->path), STR_ARG(marker));
    if (is_empty(folder->path))
        return fault_none();
    struct fault fault = home_read_file(arena, path, FILE_BYTES_MAX, &text);
    if (!failed(fault) && str_contains(text, declared_format))
        return fault_none();
    return fault_make(FAULT_CONFLICT, folder->path,
                      arena_format(arena, "%.*s is not empty and not the folder of an export",
                                   STR_ARG(folder->path)));
}

/* What is as it was stays untouched. */
static struct fault write_file(struct folder *folder, struct str name, struct str text)
{
    struct arena *arena = &folder->session->arena;
    struct str before,
        path = arena_format(arena, "%.*s/%.*s", STR_ARG(folder->path), STR_ARG(name));
    map_insert(&folder->written, name, 0);
    struct fault fault = home_read_file(arena, path, FILE_BYTES_MAX, &before);
    if (!failed(fault) && str_equal(before, text))
        return fault_none();
    folder->changed++;
    return home_write_file(arena, path, text, OPEN_TO_ALL);
}

static struct fault write_tree(struct folder *folder, struct str name, const struct json *tree)
{
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    document_append_pretty(&buf, tree);
    struct fault fault = write_file(folder, name, buf_str(&buf));
    buf_close(&buf);
    return fault;
}

static struct str folder_of(enum declared_kind kind, const struct json *tree)
{
    const struct json *word = json_find(tree, STR("kind"));
    bool is_group =
        word != NULL && word->type == JSON_STRING &&
        (str_equal(word->string, STR("mutex")) || str_equal(word->string, STR("holdout")));
    if (kind == DECLARED_FLAG)
        return is_group ? folders[1] : folders[0];
    return kind == DECLARED_SEGMENT ? folders[2] : folders[3];
}

/* Keys are letters, digits, '.', '_' and '-'; the ids of cohorts may be anything. */
static struct str name_of(struct arena *arena, enum declared_kind kind, const struct json *tree)
{
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    buf_append(&buf, folder_of(kind, tree));
    buf_append_byte(&buf, '/');
    address_append_encoded(&buf, declared_key(kind, tree));
    buf_append(&buf, STR(".json"));
    struct str name = arena_copy_str(arena, buf_str(&buf));
    buf_close(&buf);
    return name;
}

static struct fault write_list(struct folder *folder, enum declared_kind kind,
                               const struct json *list)
{
    struct arena *arena = &folder->session->arena;
    struct fault fault = fault_none();
    for (uint32_t i = 0; list != NULL && i < list->count && !failed(fault); i++)
        fault = write_tree(folder, name_of(arena, kind, &list->elements[i]), &list->elements[i]);
    return fault;
}

static struct fault write_marker(struct folder *folder, const struct json *settings)
{
    const bool has_list[DECLARED_KIND_COUNT] = {false};
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    declared_append_whole(&buf, settings, NULL, 0, has_list);
    struct fault fault = write_file(folder, marker, buf_str(&buf));
    buf_close(&buf);
    return fault;
}

/* ---- what is gone -------------------------------------------------------------------------------
 */

static void remove_others(struct folder *folder, struct str below)
{
    struct arena *arena = &folder->session->arena;
    struct str path = arena_format(arena, "%.*s/%.*s", STR_ARG(folder->path), STR_ARG(below));
    DIR *listing = opendir(path.data);
    if (listing == NULL)
        return;
    for (struct dirent *entry = readdir(listing); entry != NULL; entry = readdir(listing)) {
        struct str name = arena_format(arena, "%.*s/%s", STR_ARG(below), entry->d_name);
        if (!str_ends_with(name, STR(".json")) || map_find(&folder->written, name) != MAP_ABSENT)
            continue;
        if (unlink(arena_format(arena, "%.*s/%.*s", STR_ARG(folder->path), STR_ARG(name)).data) ==
            0)
            folder->removed++;
    }
    closedir(listing);
}

static struct fault write_folder(struct folder *folder, const struct json *environment)
{
    struct arena *arena = &folder->session->arena;
    struct fault fault = make_folder(folder, folder->path);
    for (size_t i = 0; i < COUNT_OF(folders) && !failed(fault); i++)
        fault = make_folder(
            folder, arena_format(arena, "%.*s/%.*s", STR_ARG(folder->path), STR_ARG(folders[i])));
    if (!failed(fault)) /* first, so that a run that was cut short can be taken up */
        fault = write_marker(folder, json_find(environment, STR("settings")));
    for (size_t kind = 0; kind < DECLARED_KIND_COUNT && !failed(fault); kind++)
        fault = write_list(folder, (enum declared_kind)kind,
                           json_find(environment, str_of(declared_lists[kind])));
    for (size_t i = 0; i < COUNT_OF(folders) && !failed(fault); i++)
        remove_others(folder, folders[i]);
    return fault;
}

static int keep_folder(struct session *session, struct str path, struct str text)
{
    struct json environment;
    struct folder folder = {.session = session,
                            .path = arena_format(&session->arena, "%.*s", STR_ARG(path))};
    map_open(&folder.written, &session->arena, 64);
    struct fault fault = json_parse(&session->arena, text, &export_budget, &environment);
    if (!failed(fault))
        fault = check_folder(&folder);
    if (!failed(fault))
        fault = write_folder(&folder, &environment);
    if (failed(fault))
        return session_fail_fault(session, fault);
    output_note(session, "wrote %zu and removed %zu files in %.*s", folder.changed, folder.removed,
                STR_ARG(path));
    return EXIT_OK;
}

/* ---- the command --------------------------------------------------------------------------------
 */

static int keep_file(struct session *session, struct str file, struct str text)
{
    struct fault fault = home_write_file(&session->arena, file, text, OPEN_TO_ALL);
    if (failed(fault))
        return session_fail_fault(session, fault);
    output_note(session, "wrote %.*s", STR_ARG(file));
    return EXIT_OK;
}

static int export(struct session *session, const struct invocation *invocation)
{
    struct str file = invocation_text(invocation, "file");
    struct str folder = invocation_text(invocation, "folder");
    struct str path =
        arena_format(&session->arena, "%.*s/export", STR_ARG(session->environment.path));
    path = address_with(&session->arena, path, "at", invocation_text(invocation, "at"));
    if (invocation_has(invocation, "no-cohorts"))
        path = address_with(&session->arena, path, "cohorts", STR("none"));
    if (!str_is_absent(file) && !str_is_absent(folder))
        return session_fail(session, EXIT_USAGE, STR("--file and --folder are one too many"), NULL);
    struct answer answer = session_get(session, path);
    if (answer.kind != ANSWER_OK)
        return session_refuse(session, &answer);
    if (!str_is_absent(folder))
        return keep_folder(session, folder, answer.text);
    if (!str_is_absent(file))
        return keep_file(session, file, answer.text);
    output_raw(answer.text);
    return EXIT_OK;
}

/* ---- tables -------------------------------------------------------------------------------------
 */

static const struct command_option options[] = {
    {"file", 'O', "FILE", "where to write it [standard output]", COMPLETES_FILES, false},
    {"folder", '\0', "DIR", "a file for each thing, for version control", COMPLETES_FILES, false},
    {"at", '\0', "V", "as of a version or an instant", COMPLETES_NOTHING, false},
    {"no-cohorts", '\0', NULL, "without the members of cohorts", COMPLETES_NOTHING, false}};

static const char *const examples[] = {"export > shop.json", "export -O shop.json --at 41",
                                       "export --folder shop/", NULL};
static const char *const detail[] = {
    "The same environment gives the same text: one object a line, sorted by key. `import`, `plan` "
    "and `apply` take it, and `eval --file` asks it.",
    "With --folder, flags lie in flags/, groups in groups/, segments in segments/ and cohorts in "
    "cohorts/, each in a file of its key; files there of what is gone are removed. The folder must "
    "be new, empty, or one that an export wrote.",
    NULL};

static const struct command commands[] = {
    {.verb = "export",
     .arguments = "",
     .summary = "write the environment as one canonical text",
     .examples = examples,
     .detail = detail,
     .options = options,
     .option_count = COUNT_OF(options),
     .needs = NEEDS_ENVIRONMENT,
     .run = export},
};

const struct command_group group_export = {
    .topic = "Move",
    .commands = commands,
    .command_count = COUNT_OF(commands),
};
