/* SPDX-License-Identifier: Apache-2.0 */
/*
 * restore_plan - which versions the environments of a backup get: see restore.h.
 *
 * An environment that was further in the replaced store, or as far with another content, gets the
 * version after that one. What the snapshot on disk says may be half a minute old
 * (change/writer.c), so that more room is left above it.
 */
#include "server/restore.h"

#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/sha256.h"
#include "snapshot/disk.h"
#include "json/write.h"

enum { SNAPSHOT_MARGIN = 100000, NUMBER_MARGIN = 1000 };

/* ---- what is replaced ----------------------------------------------------------------------- */

struct replaced_marks {
    struct mark_row *rows;
    size_t count;
    bool has_digests;
};

static struct fault read_store(struct restore *restore, struct store *store,
                               struct replaced_marks *marks)
{
    struct fault fault = store_check_pages(store, true);
    if (!failed(fault))
        fault = store_examine(store, &restore->replaced_facts);
    if (!failed(fault))
        fault = store_load_marks(store, &restore->arena, &marks->rows, &marks->count);
    if (!failed(fault))
        fault = store_load_counters(store, &restore->arena, &restore->counters,
                                    &restore->counter_count);
    return fault;
}

/* How much of the replaced trail is beyond the backup's, if the one goes on where the other ends.
 */
static struct fault count_lost(struct restore *restore, struct store *store)
{
    const struct store_facts *facts = &restore->facts;
    unsigned char hash[32];
    bool is_found = false;
    struct fault fault = store_find_audit_hash(store, facts->audit_sequence, hash, &is_found);
    restore->knows_lost = is_found && memcmp(hash, facts->audit_hash, sizeof(hash)) == 0;
    if (restore->knows_lost)
        restore->lost_changes = restore->replaced_facts.audit_sequence - facts->audit_sequence;
    return fault;
}

static struct fault look_at_store(struct restore *restore, struct replaced_marks *marks)
{
    struct store *store = NULL;
    struct fault fault = store_open(&store, str_of(restore->directory), STORE_EXAMINER);
    if (!failed(fault))
        fault = read_store(restore, store, marks);
    if (!failed(fault))
        fault = count_lost(restore, store);
    store_close(store);
    marks->has_digests = true;
    return fault;
}

static void render_nothing(struct snapshot *snapshot)
{
    (void)snapshot;
}

static uint64_t most(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* Numbers that were given and are still in use; a little beyond, for those it does not know of. */
static void count_numbers(struct restore *restore, const struct view *view)
{
    const struct catalog *catalog = view->catalog;
    uint64_t environment = 0;
    uint64_t deployment = 0;
    uint64_t flag = 0;
    for (size_t i = 0; i < catalog->environment_count; i++) {
        const struct snapshot *snapshot = view->snapshots[i];
        environment = most(environment, catalog->environments[i].number);
        for (size_t j = 0; j < snapshot->state.flag_count; j++)
            flag = most(flag, snapshot->flags[j]->provenance.number);
    }
    for (size_t i = 0; i < catalog->deployment_count; i++)
        deployment = most(deployment, catalog->deployments[i].number);
    const struct counter_row counters[] = {{STR("environment"), environment + NUMBER_MARGIN},
                                           {STR("deployment"), deployment + NUMBER_MARGIN},
                                           {STR("flag"), flag + NUMBER_MARGIN}};
    restore->counters = arena_copy(&restore->arena, counters, sizeof(counters));
    restore->counter_count = COUNT_OF(counters);
}

static void take_marks(struct restore *restore, const struct view *view,
                       struct replaced_marks *marks)
{
    struct arena *arena = &restore->arena;
    const struct catalog *catalog = view->catalog;
    marks->count = catalog->environment_count;
    marks->rows = ARENA_NEW_ARRAY(arena, struct mark_row, marks->count);
    for (size_t i = 0; i < marks->count; i++) {
        const struct catalog_environment *environment = &catalog->environments[i];
        marks->rows[i] = (struct mark_row){
            .id = arena_copy_str(arena, environment->id),
            .app_name = arena_copy_str(arena, catalog->apps[environment->app].name),
            .name = arena_copy_str(arena, environment->name),
            .version = view->snapshots[i]->version + SNAPSHOT_MARGIN,
        };
    }
}

static bool look_at_snapshot(struct restore *restore, struct replaced_marks *marks)
{
    struct view *view = NULL;
    if (failed(disk_load(str_of(restore->directory), render_nothing, restore->now_ms, &view)))
        return false;
    take_marks(restore, view, marks);
    count_numbers(restore, view);
    view_release(view);
    return true;
}

static bool is_file_there(struct restore *restore)
{
    struct stat status;
    const char *file =
        arena_format(&restore->arena, "%s/" STORE_FILE_NAME, restore->directory).data;
    return stat(file, &status) == 0;
}

static void look_at_replaced(struct restore *restore, struct replaced_marks *marks)
{
    bool is_there = is_file_there(restore);
    if (is_there) {
        struct fault fault = look_at_store(restore, marks);
        restore->replaced = REPLACED_STORE;
        if (!failed(fault))
            return;
        restore->replaced_why = arena_copy_str(&restore->arena, fault.why);
        restore->counter_count = 0;
    }
    *marks = (struct replaced_marks){0};
    if (look_at_snapshot(restore, marks))
        restore->replaced = REPLACED_SNAPSHOT;
    else
        restore->replaced = is_there ? REPLACED_UNREADABLE : REPLACED_NOTHING;
}

/* ---- versions ------------------------------------------------------------------------------- */

static struct mark_row *find_mark(const struct replaced_marks *marks, struct str id)
{
    for (size_t i = 0; i < marks->count; i++) {
        if (str_equal(marks->rows[i].id, id))
            return &marks->rows[i];
    }
    return NULL;
}

static uint64_t version_after(const struct restore *restore, const struct replaced_marks *marks,
                              const struct mark_row *mark, const struct mark_row *before)
{
    uint64_t version = mark->version;
    bool is_same = before != NULL && marks->has_digests && before->version == mark->version &&
                   memcmp(before->digest, mark->digest, sizeof(mark->digest)) == 0;
    if (before != NULL && before->version >= version && !is_same)
        version = before->version + 1;
    if (restore->above != 0 && version <= restore->above)
        version = restore->above + 1;
    return version;
}

static void add_environment(struct restore *restore, const struct restored_environment *row)
{
    restore->environments[restore->environment_count++] = *row;
}

static void plan_environments(struct restore *restore, const struct replaced_marks *marks,
                              const struct mark_row *rows, size_t count)
{
    restore->environments =
        ARENA_NEW_ARRAY(&restore->arena, struct restored_environment, count + marks->count);
    for (size_t i = 0; i < count; i++) {
        struct mark_row *before = find_mark(marks, rows[i].id);
        const struct restored_environment row = {
            .id = rows[i].id,
            .app_name = rows[i].app_name,
            .name = rows[i].name,
            .number = rows[i].number,
            .backup = rows[i].version,
            .was_there = before != NULL,
            .replaced = before == NULL ? 0 : before->version,
            .version = version_after(restore, marks, &rows[i], before),
        };
        add_environment(restore, &row);
        if (before != NULL)
            before->id = (struct str){0}; /* done with: what is left over is lost */
    }
    for (size_t i = 0; i < marks->count; i++) {
        const struct mark_row *lost = &marks->rows[i];
        const struct restored_environment row = {.id = lost->id,
                                                 .app_name = lost->app_name,
                                                 .name = lost->name,
                                                 .was_there = true,
                                                 .replaced = lost->version};
        if (!str_is_absent(lost->id))
            add_environment(restore, &row);
    }
}

struct fault restore_plan(struct restore *restore)
{
    struct replaced_marks marks = {0};
    struct mark_row *rows = NULL;
    size_t count = 0;
    look_at_replaced(restore, &marks);
    if (restore->replaced == REPLACED_UNREADABLE && restore->above == 0)
        return fault_make(
            FAULT_CONFLICT, restore->data,
            arena_format(&restore->arena,
                         "neither the store in %s nor a snapshot of it can be read (%.*s), so that "
                         "nobody knows which versions were served: say --above N, with a version "
                         "that no environment had passed",
                         restore->directory, STR_ARG(restore->replaced_why)));
    struct fault fault = store_load_marks(restore->store, &restore->arena, &rows, &count);
    if (!failed(fault))
        plan_environments(restore, &marks, rows, count);
    return fault;
}

/* ---- telling the copy -------------------------------------------------------------------------
 */

static void write_trail(struct arena *arena, struct json_writer *writer, struct str key,
                        const struct store_facts *facts)
{
    json_key(writer, key);
    json_object_begin(writer);
    json_member_u64(writer, STR("sequence"), facts->audit_sequence);
    json_member_string(writer, STR("hash"), sha256_hex(arena, facts->audit_hash));
    json_object_end(writer);
}

/* By the hashes, what was replaced can be told apart from what somebody later says it was. */
static void write_detail(struct restore *restore, struct buf *buf)
{
    struct json_writer writer;
    json_writer_open(&writer, buf);
    json_object_begin(&writer);
    json_member_string(&writer, STR("file"), restore->digest);
    write_trail(&restore->arena, &writer, STR("trail"), &restore->facts);
    if (restore->replaced == REPLACED_STORE)
        write_trail(&restore->arena, &writer, STR("replacedTrail"), &restore->replaced_facts);
    json_object_end(&writer);
}

static struct fault append_restore(struct restore *restore)
{
    struct buf detail;
    buf_open(&detail, SIZE_MAX);
    write_detail(restore, &detail);
    const struct audit_row row = {.at_ms = restore->now_ms,
                                  .actor = STR("guidon restore"),
                                  .action = STR("store.restore"),
                                  .subject = STR("store"),
                                  .detail = buf_str(&detail)};
    struct fault fault = store_append_audit(restore->store, &row);
    buf_close(&detail);
    return fault;
}

static struct str find_app_id(const struct restore *restore, uint64_t environment)
{
    const struct catalog_environment *found =
        catalog_find_environment(restore->view->catalog, environment);
    return found == NULL ? (struct str){0} : found->app_id;
}

static struct fault raise_version(struct restore *restore, const struct restored_environment *row)
{
    struct fault fault =
        store_raise_version(restore->store, row->number, row->version, restore->now_ms);
    if (failed(fault))
        return fault;
    const struct audit_row audit = {
        .at_ms = restore->now_ms,
        .actor = STR("guidon restore"),
        .action = STR("store.restore"),
        .app_id = find_app_id(restore, row->number),
        .environment = row->number,
        .version = row->version,
        .subject = row->id,
        .detail =
            arena_format(&restore->arena, "{\"content\":%llu}", (unsigned long long)row->backup),
    };
    return store_append_audit(restore->store, &audit);
}

static struct fault write_all(struct restore *restore)
{
    struct fault fault = append_restore(restore);
    for (size_t i = 0; i < restore->environment_count && !failed(fault); i++) {
        const struct restored_environment *row = &restore->environments[i];
        if (row->number != 0 && row->version > row->backup)
            fault = raise_version(restore, row);
    }
    for (size_t i = 0; i < restore->counter_count && !failed(fault); i++)
        fault = store_raise_counter(restore->store, &restore->counters[i]);
    return fault;
}

struct fault restore_tell(struct restore *restore)
{
    struct fault fault = store_begin(restore->store);
    if (failed(fault))
        return fault;
    fault = write_all(restore);
    if (!failed(fault))
        return store_commit(restore->store);
    store_rollback(restore->store);
    return fault;
}
