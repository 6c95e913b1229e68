/* SPDX-License-Identifier: Apache-2.0 */
/* assignment - see assignment.h. */
#include "dialect/amplitude/assignment.h"

#include "base/utf.h"
#include "dialect/amplitude/configuration_encode.h"
#include "ingest/assignments.h"

/* ---- names ----------------------------------------------------------------------------------- */

int32_t hash_java(int32_t hash, struct str text)
{
    uint32_t sum = (uint32_t)hash;
    for (size_t at = 0; at < text.size;) {
        uint32_t point = utf8_next(text, &at);
        if (point > 0xFFFF) {
            sum = sum * 31 + (0xD800 + ((point - 0x10000) >> 10));
            point = 0xDC00 + ((point - 0x10000) & 0x3FF);
        }
        sum = sum * 31 + point;
    }
    return (int32_t)sum;
}

/* The canonical form, hashed as it is spoken: user, device, then flag and variant in key order. */
static int32_t hash_results(int32_t hash, const struct amplitude_user *user,
                            const struct flag_results *results)
{
    const struct str blank = STR(" ");
    hash = hash_java(hash_java(hash, user->user_id), blank);
    hash = hash_java(hash_java(hash, user->device_id), blank);
    for (size_t i = 0; i < results->count; i++) {
        hash = hash_java(hash_java(hash, results->items[i].revision->flag.key), blank);
        hash = hash_java(hash_java(hash, result_variation(&results->items[i])), blank);
    }
    return hash;
}

static struct str make_insert_id(struct arena *arena, const struct amplitude_user *user,
                                 int32_t hash, int64_t day)
{
    return arena_format(arena, "%.*s %.*s %d %lld", STR_ARG(user->user_id),
                        STR_ARG(user->device_id), hash, (long long)day);
}

/* ---- events ---------------------------------------------------------------------------------- */

/* What the events of one request share. */
struct report {
    struct arena *arena;
    const struct amplitude_user *user;
    struct str subject;
    uint64_t environment, version;
    int64_t now_ms;
    struct buf buf; /* the document being written */
};

/* Canonical: members in order, so that equal events are equal texts. */
static void begin_document(struct report *report, struct json_writer *writer)
{
    buf_clear(&report->buf);
    json_writer_open(writer, &report->buf);
    json_object_begin(writer);
    json_member_string(writer, STR("device_id"), report->user->device_id);
    json_key(writer, STR("event_properties"));
    json_object_begin(writer);
}

static void end_document(struct report *report, struct json_writer *writer, struct str event_type,
                         struct str insert_id)
{
    json_object_end(writer);
    json_member_string(writer, STR("event_type"), event_type);
    if (report->user->groups != NULL) {
        json_key(writer, STR("groups"));
        json_tree(writer, report->user->groups);
    }
    json_member_string(writer, STR("insert_id"), insert_id);
    json_member_string(writer, STR("user_id"), report->user->user_id);
    json_key(writer, STR("user_properties"));
}

/* {"$set":{"[Experiment] <flag>":"<variant>"}}, or $unset for a default (section 8.1). */
static void write_user_property(struct report *report, struct json_writer *writer,
                                const struct flag_result *result)
{
    bool is_set = !result->answer->is_default;
    json_object_begin(writer);
    json_key(writer, is_set ? STR("$set") : STR("$unset"));
    json_object_begin(writer);
    json_member_string(
        writer,
        arena_format(report->arena, "[Experiment] %.*s", STR_ARG(result->revision->flag.key)),
        is_set ? result_variation(result) : STR("-"));
    json_object_end(writer);
    json_object_end(writer);
    json_object_end(writer);
}

static struct event_row make_row(struct report *report, const struct flag_result *result,
                                 struct str kind, struct str insert_id)
{
    return (struct event_row){
        .environment = report->environment,
        .event_id = arena_format(report->arena, "%.*s %.*s", STR_ARG(insert_id),
                                 STR_ARG(result->revision->flag.key)),
        .kind = kind,
        .flag_key = result->revision->flag.key,
        .variation = result_variation(result),
        .subject_id = report->subject,
        .version = report->version,
        .at_ms = report->now_ms,
        .received_ms = report->now_ms,
        .document = arena_copy_str(report->arena, buf_str(&report->buf)),
    };
}

/* "v12 rule:Nordics". The segment is JSON text here: between its quotes it is what is wanted. */
static void write_details(struct report *report, struct json_writer *writer,
                          const struct flag_result *result)
{
    struct str key = arena_format(report->arena, "%.*s.details", STR_ARG(result->revision->flag.key));
    json_key(writer, key);
    json_raw(writer, arena_format(report->arena, "\"v%llu rule:%.*s",
                                  (unsigned long long)result->revision->provenance.sequence,
                                  STR_ARG(str_slice(result->segment, 1, result->segment.size))));
}

static struct event_row make_assignment(struct report *report, const struct flag_result *result,
                                        struct str insert_id)
{
    struct json_writer writer;
    begin_document(report, &writer);
    write_details(report, &writer, result);
    json_member_string(
        &writer, arena_format(report->arena, "%.*s.variant", STR_ARG(result->revision->flag.key)),
        result_variation(result));
    end_document(report, &writer, STR("[Experiment] Assignment"), insert_id);
    write_user_property(report, &writer, result);
    return make_row(report, result, STR("assignment"), insert_id);
}

static struct event_row make_exposure(struct report *report, const struct flag_result *result,
                                      struct str insert_id)
{
    const struct flag *flag = &result->revision->flag;
    struct json_writer writer;
    begin_document(report, &writer);
    if (flag->kind == FLAG_KIND_EXPERIMENT)
        json_member_string(&writer, STR("[Experiment] Experiment Key"), STR(EXPERIMENT_KEY));
    json_member_string(&writer, STR("[Experiment] Flag Key"), flag->key);
    json_member_string(&writer, STR("[Experiment] Variant"), result_variation(result));
    json_key(&writer, STR("metadata"));
    json_object_begin(&writer);
    json_member_u64(&writer, STR("flagVersion"), result->revision->provenance.sequence);
    json_key(&writer, STR("segmentName"));
    json_raw(&writer, result->segment);
    json_object_end(&writer);
    end_document(report, &writer, STR("[Experiment] Exposure"), insert_id);
    write_user_property(report, &writer, result);
    return make_row(report, result, STR("exposure"), insert_id);
}

/* ---- once a day ------------------------------------------------------------------------------ */

enum tracked { TRACKED_ASSIGNMENT, TRACKED_EXPOSURE };

static uint64_t mix(uint64_t digest, uint64_t value)
{
    digest = (digest ^ value) * 0x9E3779B97F4A7C15u;
    return digest ^ (digest >> 29);
}

/* Equal for equal (environment, person, results), and made of what is at hand: no text is built. */
static uint64_t digest_of(const struct report *report, const struct flag_results *results,
                          enum tracked tracked)
{
    uint64_t digest = mix(report->environment, tracked);
    digest = mix(digest, map_hash(report->user->user_id));
    digest = mix(digest, map_hash(report->user->device_id));
    for (size_t i = 0; i < results->count; i++)
        digest = mix(digest, results->items[i].answer->stamp);
    return digest;
}

static size_t build_assignments(struct report *report, const struct flag_results *results,
                                struct event_row *rows)
{
    int64_t day = report->now_ms / MS_PER_DAY;
    struct str insert_id =
        make_insert_id(report->arena, report->user, hash_results(0, report->user, results), day);
    for (size_t i = 0; i < results->count; i++)
        rows[i] = make_assignment(report, &results->items[i], insert_id);
    return results->count;
}

/* Those that got something: one event each, named by the flag before all the results. */
static size_t build_exposures(struct report *report, const struct flag_results *results,
                              struct event_row *rows)
{
    int64_t day = report->now_ms / MS_PER_DAY;
    size_t count = 0;
    for (size_t i = 0; i < results->count; i++) {
        const struct flag_result *result = &results->items[i];
        if (result->answer->is_default)
            continue;
        int32_t hash = hash_java(hash_java(0, result->revision->flag.key), STR(" "));
        hash = hash_java(hash_java(hash, result_variation(result)), STR(" "));
        rows[count++] = make_exposure(report, result,
                                      make_insert_id(report->arena, report->user, hash, day));
    }
    return count;
}

static void track(struct report *report, struct assignments *assignments,
                  const struct flag_results *results, enum tracked tracked)
{
    uint64_t digest = digest_of(report, results, tracked);
    if (!assignments_is_new(assignments, digest, report->now_ms / MS_PER_DAY))
        return;
    struct event_row *rows = ARENA_NEW_ARRAY(report->arena, struct event_row, results->count);
    buf_open(&report->buf, SIZE_MAX);
    size_t count = tracked == TRACKED_ASSIGNMENT ? build_assignments(report, results, rows)
                                                 : build_exposures(report, results, rows);
    buf_close(&report->buf);
    if (count > 0 && !assignments_post(assignments, rows, count))
        return; /* the queue is full: dropped and counted there */
}

/* Assignments are tracked unless the caller says otherwise, exposures only when it asks. */
static bool tracks_assignments(const struct exchange *x)
{
    struct str asked = http_header(x->request, STR("x-amp-exp-track"));
    return !str_equal(asked, STR("no-track")) && !str_equal(asked, STR("read-only"));
}

static bool tracks_exposures(const struct exchange *x)
{
    return str_equal(http_header(x->request, STR("x-amp-exp-exposure-track")), STR("track"));
}

void assignment_note(struct exchange *x, const struct snapshot *snapshot,
                     const struct amplitude_user *user, struct str subject,
                     const struct flag_results *results)
{
    struct assignments *assignments = x->services->assignments;
    if (assignments == NULL || results->count == 0 || str_is_empty(subject))
        return;
    struct report report = {
        .arena = x->arena,
        .user = user,
        .subject = subject,
        .environment = snapshot->environment,
        .version = snapshot->version,
        .now_ms = x->now_ms,
    };
    if (tracks_assignments(x))
        track(&report, assignments, results, TRACKED_ASSIGNMENT);
    if (tracks_exposures(x))
        track(&report, assignments, results, TRACKED_EXPOSURE);
}
