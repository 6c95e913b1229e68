/* SPDX-License-Identifier: Apache-2.0 */
/* restore_report - what a restore found and did, for people and for programs: see restore.h. */
#include <string.h>

#include "base/buf.h"
#include "base/instant.h"
#include "server/restore.h"
#include "json/write.h"

static const char *what_happens(const struct restored_environment *row)
{
    if (row->number == 0)
        return "lost";
    if (row->version > row->backup)
        return "raised";
    return row->was_there ? "kept" : "added";
}

/* ---- for programs --------------------------------------------------------------------------- */

static void write_version(struct json_writer *writer, struct str key, bool has, uint64_t version)
{
    json_key(writer, key);
    if (has)
        json_u64(writer, version);
    else
        json_null(writer);
}

static void write_text(struct json_writer *writer, struct str key, struct str text)
{
    json_key(writer, key);
    if (str_is_absent(text))
        json_null(writer);
    else
        json_string(writer, text);
}

static void write_environment(struct json_writer *writer, const struct restored_environment *row)
{
    json_object_begin(writer);
    json_member_string(writer, STR("id"), row->id);
    json_member_string(writer, STR("app"), row->app_name);
    json_member_string(writer, STR("environment"), row->name);
    write_version(writer, STR("backup"), row->number != 0, row->backup);
    write_version(writer, STR("replaced"), row->was_there, row->replaced);
    write_version(writer, STR("version"), row->number != 0, row->version);
    json_member_string(writer, STR("outcome"), str_of(what_happens(row)));
    json_object_end(writer);
}

static struct str word_of(enum replaced replaced)
{
    switch (replaced) {
    case REPLACED_NOTHING:
        return STR("nothing");
    case REPLACED_STORE:
        return STR("store");
    case REPLACED_SNAPSHOT:
        return STR("snapshot");
    case REPLACED_UNREADABLE:
        return STR("unreadable");
    }
    return STR("nothing");
}

void restore_write_json(const struct restore *restore, struct buf *buf)
{
    char at[INSTANT_TEXT_BYTES];
    struct json_writer writer;
    instant_format(restore->facts.last_ms, at);
    json_writer_open(&writer, buf);
    json_object_begin(&writer);
    json_member_boolean(&writer, STR("dryRun"), restore->is_dry_run);
    json_member_string(&writer, STR("file"), restore->file);
    json_member_string(&writer, STR("sha256"), restore->digest);
    json_member_boolean(&writer, STR("digestChecked"), restore->is_digest_checked);
    json_member_string(&writer, STR("lastChangeAt"), str_of(at));
    json_member_u64(&writer, STR("schema"), restore->facts.schema);
    json_member_u64(&writer, STR("schemaNow"), restore->facts.schema_known);
    json_member_u64(&writer, STR("auditRows"), restore->facts.audit_sequence);
    json_member_string(&writer, STR("replaced"), word_of(restore->replaced));
    write_version(&writer, STR("lostChanges"), restore->knows_lost, restore->lost_changes);
    json_key(&writer, STR("environments"));
    json_array_begin(&writer);
    for (size_t i = 0; i < restore->environment_count; i++)
        write_environment(&writer, &restore->environments[i]);
    json_array_end(&writer);
    write_text(&writer, STR("kept"), restore->kept);
    write_text(&writer, STR("warning"), restore->warning);
    json_object_end(&writer);
    buf_append_byte(buf, '\n');
}

/* ---- for people ----------------------------------------------------------------------------- */

static const char *explain(const struct restored_environment *row)
{
    const char *outcome = what_happens(row);
    if (strcmp(outcome, "lost") == 0)
        return "is lost: the backup does not have it";
    if (strcmp(outcome, "raised") == 0)
        return "the backup's content, above every version that was served";
    return strcmp(outcome, "added") == 0 ? "was not in the replaced store" : "";
}

static void append_version(struct buf *buf, bool has, uint64_t version)
{
    if (has)
        buf_append_format(buf, " %10llu", (unsigned long long)version);
    else
        buf_append_format(buf, " %10s", "-");
}

/* Columns of bytes: names in other scripts stand a little out of line. */
static size_t name_width(const struct restore *restore)
{
    size_t width = sizeof("ENVIRONMENT") - 1;
    for (size_t i = 0; i < restore->environment_count; i++) {
        const struct restored_environment *row = &restore->environments[i];
        size_t size = row->app_name.size + 1 + row->name.size;
        width = size > width ? size : width;
    }
    return width;
}

static void append_table(const struct restore *restore, struct buf *buf)
{
    size_t width = name_width(restore);
    buf_append_format(buf, "%-*s %10s %10s %10s\n", (int)width, "ENVIRONMENT", "BACKUP", "REPLACED",
                      "NOW");
    for (size_t i = 0; i < restore->environment_count; i++) {
        const struct restored_environment *row = &restore->environments[i];
        buf_append_format(buf, "%.*s/%.*s", STR_ARG(row->app_name), STR_ARG(row->name));
        for (size_t at = row->app_name.size + 1 + row->name.size; at < width; at++)
            buf_append_byte(buf, ' ');
        append_version(buf, row->number != 0, row->backup);
        append_version(buf, row->was_there, row->replaced);
        append_version(buf, row->number != 0, row->version);
        const char *why = explain(row);
        buf_append_format(buf, "%s%s\n", *why == '\0' ? "" : "  ", why);
    }
}

static void append_verified(const struct restore *restore, struct buf *buf)
{
    char at[INSTANT_TEXT_BYTES];
    instant_format_seconds(restore->facts.last_ms, at);
    buf_append_format(
        buf,
        "%.*s is whole: its last change is of %s, %llu rows of its audit trail are as "
        "they were written%s.\n",
        STR_ARG(restore->file), at, (unsigned long long)restore->facts.audit_sequence,
        restore->is_digest_checked ? ", and so is its digest" : "");
    if (!restore->is_digest_checked)
        buf_append_format(buf,
                          "No digest lies beside it (%.*s.sha256): its content was checked, "
                          "where the store has checksums of it.\n",
                          STR_ARG(restore->file));
    if (restore->facts.schema < restore->facts.schema_known)
        buf_append_format(buf, "It was made by an older version, and is brought up to date.\n");
}

static void append_replaced(const struct restore *restore, struct buf *buf)
{
    if (!str_is_absent(restore->replaced_why))
        buf_append_format(buf, "The store there cannot be read: %.*s.\n",
                          STR_ARG(restore->replaced_why));
    if (restore->replaced == REPLACED_SNAPSHOT)
        buf_append(buf, STR("Versions that were served are known by the snapshot on disk alone, "
                            "which may lag behind: there is room left above them.\n"));
    if (restore->knows_lost && restore->lost_changes > 0)
        buf_append_format(buf,
                          "%llu recorded changes were made after the backup: they are not in "
                          "it.\n",
                          (unsigned long long)restore->lost_changes);
    else if (restore->replaced == REPLACED_STORE && !restore->knows_lost)
        buf_append(buf, STR("The replaced store is not a continuation of this backup: another "
                            "history, or an older one.\n"));
    if (restore->replaced == REPLACED_NOTHING && restore->above == 0)
        buf_append(buf, STR("Nothing is replaced. If clients know newer versions of this store "
                            "from elsewhere, say --above N.\n"));
}

void restore_write_report(const struct restore *restore, struct buf *buf)
{
    append_verified(restore, buf);
    append_replaced(restore, buf);
    buf_append_byte(buf, '\n');
    append_table(restore, buf);
}
