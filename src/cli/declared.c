/* SPDX-License-Identifier: Apache-2.0 */
/* declared - from a path to files and to the things in them: see declared.h. */
#include "cli/declared.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/map.h"
#include "base/sha256.h"
#include "cli/plan.h"
#include "import/source.h"

enum { FILE_BYTES_MAX = 64 * 1024 * 1024, FOLDER_DEPTH_MAX = 8, FILES_MAX = 100000 };

const char *const declared_lists[DECLARED_KIND_COUNT] = {"segments", "flags", "cohorts"};
const struct str declared_format = {"guidon.environment/1", 20};

static struct str text_of(const struct json *json, struct str key)
{
    const struct json *member = json_find(json, key);
    return member != NULL && member->type == JSON_STRING ? member->string : STR("");
}

struct str declared_key(enum declared_kind kind, const struct json *tree)
{
    return text_of(tree, kind == DECLARED_COHORT ? STR("id") : STR("key"));
}

/* ---- files --------------------------------------------------------------------------------------
 */

static bool has_extension(struct str name)
{
    return str_ends_with(name, STR(".json")) || str_ends_with(name, STR(".yaml")) ||
           str_ends_with(name, STR(".yml"));
}

static struct declared_file *add_file(struct declared *declared, struct str path, struct str name)
{
    if (declared->file_count == declared->file_room) {
        size_t room = declared->file_room * 2 + 64;
        struct declared_file *larger = ARENA_NEW_ARRAY(declared->arena, struct declared_file, room);
        if (declared->file_count > 0)
            memcpy(larger, declared->files, declared->file_count * sizeof(*larger));
        declared->files = larger;
        declared->file_room = room;
    }
    struct declared_file *file = &declared->files[declared->file_count++];
    *file = (struct declared_file){.path = path, .name = name};
    return file;
}

static struct str join(struct arena *arena, struct str folder, struct str name)
{
    if (str_is_empty(folder))
        return name;
    return arena_format(arena, "%.*s/%.*s", STR_ARG(folder), STR_ARG(name));
}

/* The sentence has the path in it. */
static struct fault cannot_read(struct declared *declared, struct str path)
{
    struct fault fault = home_cannot(declared->arena, "read", path, errno);
    fault.where = STR("");
    return fault;
}

static struct fault walk(struct declared *declared, struct str path, struct str name,
                         unsigned depth);

static struct fault walk_entry(struct declared *declared, struct str path, struct str name,
                               struct str entry, unsigned depth)
{
    struct stat status;
    struct str inside = join(declared->arena, path, arena_copy_str(declared->arena, entry));
    struct str inside_name = join(declared->arena, name, arena_copy_str(declared->arena, entry));
    if (str_starts_with(entry, STR(".")) || stat(inside.data, &status) != 0)
        return fault_none();
    if (S_ISDIR(status.st_mode))
        return walk(declared, inside, inside_name, depth + 1);
    if (!S_ISREG(status.st_mode) || !has_extension(entry))
        return fault_none();
    if (declared->file_count == FILES_MAX)
        return fault_make(FAULT_LIMIT, name, STR("has more than 100000 files"));
    add_file(declared, inside, inside_name);
    return fault_none();
}

static struct fault walk(struct declared *declared, struct str path, struct str name,
                         unsigned depth)
{
    if (depth > FOLDER_DEPTH_MAX)
        return fault_make(FAULT_LIMIT, name, STR("lies too deep in folders"));
    DIR *folder = opendir(path.data);
    if (folder == NULL)
        return cannot_read(declared, path);
    struct fault fault = fault_none();
    for (struct dirent *entry = readdir(folder); entry != NULL && !failed(fault);
         entry = readdir(folder))
        fault = walk_entry(declared, path, name, str_of(entry->d_name), depth);
    closedir(folder);
    return fault;
}

static int compare_files(const void *a, const void *b)
{
    const struct declared_file *left = a, *right = b;
    return str_compare(left->name, right->name);
}

static struct str last_part(struct str path)
{
    size_t from = path.size;
    while (from > 0 && path.data[from - 1] != '/')
        from--;
    return str_slice(path, from, path.size);
}

static struct fault find_files(struct declared *declared, struct str path)
{
    struct stat status;
    struct str terminated = arena_format(declared->arena, "%.*s", STR_ARG(path));
    if (str_equal(path, STR("-"))) {
        add_file(declared, path, STR("standard input"));
        return fault_none();
    }
    if (stat(terminated.data, &status) != 0)
        return cannot_read(declared, path);
    if (!S_ISDIR(status.st_mode)) {
        add_file(declared, terminated, terminated);
        return fault_none();
    }
    while (terminated.size > 1 && str_ends_with(terminated, STR("/")))
        terminated =
            arena_format(declared->arena, "%.*s", (int)terminated.size - 1, terminated.data);
    struct fault fault = walk(declared, terminated, STR(""), 0);
    if (!failed(fault) && declared->file_count == 0)
        return fault_make(FAULT_MISSING, path, STR("has no file with definitions"));
    if (declared->file_count > 1)
        qsort(declared->files, declared->file_count, sizeof(*declared->files), compare_files);
    return fault;
}

/* ---- what is in them ----------------------------------------------------------------------------
 */

/* The innermost folder that says so. */
static enum declared_kind kind_of_place(struct str name)
{
    static const struct {
        struct str folder;
        enum declared_kind kind;
    } places[] = {{STR("segments"), DECLARED_SEGMENT},
                  {STR("flags"), DECLARED_FLAG},
                  {STR("groups"), DECLARED_FLAG},
                  {STR("cohorts"), DECLARED_COHORT}};
    enum declared_kind kind = DECLARED_FLAG;
    for (size_t from = 0; from < name.size;) {
        size_t to = str_find_byte(name, '/', from);
        for (size_t i = 0; i < COUNT_OF(places) && to < name.size; i++) {
            if (str_equal(str_slice(name, from, to), places[i].folder))
                kind = places[i].kind;
        }
        from = to + 1;
    }
    return kind;
}

static bool is_environment(const struct json *tree)
{
    if (json_find(tree, STR("format")) != NULL)
        return true;
    const struct json *flags = json_find(tree, STR("flags"));
    const struct json *segments = json_find(tree, STR("segments"));
    return (flags != NULL && flags->type == JSON_ARRAY) ||
           (segments != NULL && segments->type == JSON_ARRAY &&
            json_find(tree, STR("key")) == NULL);
}

static struct declared_item *add_item(struct declared *declared, enum declared_kind kind,
                                      const struct declared_file *file)
{
    if (declared->item_count == declared->item_room) {
        size_t room = declared->item_room * 2 + 64;
        struct declared_item *larger = ARENA_NEW_ARRAY(declared->arena, struct declared_item, room);
        if (declared->item_count > 0)
            memcpy(larger, declared->items, declared->item_count * sizeof(*larger));
        declared->items = larger;
        declared->item_room = room;
    }
    struct declared_item *item = &declared->items[declared->item_count++];
    *item = (struct declared_item){.kind = kind, .file = file};
    declared->has_list[kind] = true;
    return item;
}

static struct fault refuse(const struct declared_file *file, const char *why)
{
    return fault_make(FAULT_INVALID, file->name, str_of(why));
}

static struct fault take_lists(struct declared *declared, const struct declared_file *file)
{
    for (size_t kind = 0; kind < DECLARED_KIND_COUNT; kind++) {
        const struct json *list = json_find(&file->tree, str_of(declared_lists[kind]));
        if (list == NULL)
            continue;
        if (list->type != JSON_ARRAY)
            return refuse(file, "segments, flags and cohorts are lists");
        declared->has_list[kind] = true;
        for (uint32_t i = 0; i < list->count; i++) {
            if (list->elements[i].type != JSON_OBJECT)
                return refuse(file, "in its lists stands what is no object");
            add_item(declared, (enum declared_kind)kind, file)->tree =
                json_copy(declared->arena, &list->elements[i]);
        }
    }
    return fault_none();
}

static struct fault take_environment(struct declared *declared, const struct declared_file *file)
{
    static const struct str known[] = {STR("format"), STR("settings"), STR("segments"),
                                       STR("flags"), STR("cohorts")};
    const struct json *format = json_find(&file->tree, STR("format"));
    if (format != NULL && !str_equal(text_of(&file->tree, STR("format")), declared_format))
        return refuse(file, "its format is not guidon.environment/1");
    for (uint32_t i = 0; i < file->tree.count; i++) {
        size_t at = 0;
        while (at < COUNT_OF(known) && !str_equal(known[at], file->tree.members[i].key))
            at++;
        if (at == COUNT_OF(known))
            return fault_make(FAULT_INVALID, file->name,
                              arena_format(declared->arena, "\"%.*s\" is not known here",
                                           STR_ARG(file->tree.members[i].key)));
    }
    const struct json *settings = json_find(&file->tree, STR("settings"));
    if (settings != NULL && declared->settings != NULL)
        return refuse(file, "another file has the settings already");
    if (settings != NULL)
        declared->settings = settings;
    return take_lists(declared, file);
}

/* The key, when it is not said, is the file's name: flags/dark-mode.yaml. */
static void take_thing(struct declared *declared, const struct declared_file *file)
{
    struct declared_item *item = add_item(declared, file->kind, file);
    struct str member = file->kind == DECLARED_COHORT ? STR("id") : STR("key");
    struct str name = last_part(file->name);
    item->tree = json_copy(declared->arena, &file->tree);
    if (json_find(&item->tree, member) != NULL)
        return;
    size_t dot = name.size;
    while (dot > 0 && name.data[dot] != '.')
        dot--;
    struct json_member *members =
        ARENA_NEW_ARRAY(declared->arena, struct json_member, item->tree.count + 1);
    if (item->tree.count > 0)
        memcpy(members + 1, item->tree.members, item->tree.count * sizeof(*members));
    members[0] = (struct json_member){member, json_make_string(str_slice(name, 0, dot))};
    item->tree.members = members;
    item->tree.count++;
}

static struct fault take_file(struct declared *declared, struct declared_file *file)
{
    struct arena *arena = declared->arena;
    struct fault fault = home_read_file(arena, file->path, FILE_BYTES_MAX, &file->text);
    if (failed(fault))
        return fault_make(fault.kind, STR(""), fault.why);
    fault = source_parse(arena, file->text, &file->tree);
    if (failed(fault))
        return fault_make(
            FAULT_INVALID, file->name,
            arena_format(arena, "%.*s: %.*s", STR_ARG(fault.where), STR_ARG(fault.why)));
    if (file->tree.type != JSON_OBJECT)
        return refuse(file, "is no object");
    file->is_json = !str_ends_with(file->name, STR("ml"));
    file->kind = kind_of_place(file->name);
    file->is_whole = is_environment(&file->tree);
    if (str_equal(text_of(&file->tree, STR("format")), plan_format))
        return fault_none(); /* kept beside the files it is about */
    if (file->is_whole)
        return take_environment(declared, file);
    take_thing(declared, file);
    return fault_none();
}

static int compare_items(const void *a, const void *b)
{
    const struct declared_item *left = a, *right = b;
    if (left->kind != right->kind)
        return left->kind < right->kind ? -1 : 1;
    return str_compare(declared_key(left->kind, &left->tree),
                       declared_key(right->kind, &right->tree));
}

static struct fault check_once(const struct declared *declared)
{
    for (size_t i = 1; i < declared->item_count; i++) {
        const struct declared_item *item = &declared->items[i];
        struct str key = declared_key(item->kind, &item->tree);
        if (compare_items(item - 1, item) == 0 && !str_is_empty(key))
            return fault_make(FAULT_INVALID, item->file->name,
                              arena_format(declared->arena, "\"%.*s\" is there twice, in %.*s, too",
                                           STR_ARG(key), STR_ARG(item[-1].file->name)));
    }
    return fault_none();
}

static void add_text(struct sha256 *sha256, struct arena *arena, struct str text)
{
    sha256_add(sha256, arena_format(arena, "%zu:", text.size));
    sha256_add(sha256, text);
}

static struct str digest_of(const struct declared *declared)
{
    unsigned char digest[SHA256_BYTES];
    struct sha256 sha256;
    sha256_begin(&sha256);
    for (size_t i = 0; i < declared->file_count; i++) {
        const struct declared_file *file = &declared->files[i];
        if (str_equal(text_of(&file->tree, STR("format")), plan_format))
            continue;
        add_text(&sha256, declared->arena, file->name);
        add_text(&sha256, declared->arena, file->text);
    }
    sha256_end(&sha256, digest);
    return sha256_hex(declared->arena, digest);
}

struct fault declared_read(struct arena *arena, struct str path, struct declared *declared)
{
    *declared = (struct declared){.arena = arena};
    struct fault fault = find_files(declared, path);
    for (size_t i = 0; i < declared->file_count && !failed(fault); i++)
        fault = take_file(declared, &declared->files[i]);
    if (failed(fault))
        return fault;
    if (declared->item_count > 1)
        qsort(declared->items, declared->item_count, sizeof(*declared->items), compare_items);
    declared->digest = digest_of(declared);
    return check_once(declared);
}
