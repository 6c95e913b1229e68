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

/* Appends "<user> <device> <hash> <day>". */
static void append_insert_id(struct buf *buf, const struct amplitude_user *user, int32_t hash,
                             int64_t day)
{
    buf_append(buf, user->user_id);
    buf_append_byte(buf, ' ');
    buf_append(buf, user->device_id);
    buf_append(buf, hash < 0 ? STR(" -") : STR(" "));
    buf_append_u64(buf, hash < 0 ? 0 - (uint64_t)hash : (uint64_t)hash);
    buf_append_byte(buf, ' ');
    buf_append_u64(buf, (uint64_t)day);
}

/* ---- events ---------------------------------------------------------------------------------- */

/*
 * What the rows of one request share. A person's first request of a day makes a row for each of
 * its flags, on an event loop: so they are appended from texts that are JSON already, members in
 * canonical order. Flag keys have nothing in them that JSON would escape.
 */
struct report {
    struct arena *arena;
    const struct assignment_source *source;
    const struct amplitude_user *user;
    struct buf text;        /* documents and event ids of all rows, one behind the other */
    struct str device;      /* {"device_id":"d","event_properties":{ */
    struct str groups;      /* "groups":{…}, or nothing */
    struct str user_member; /* ,"user_id":"u","user_properties":{ */
};

/* Where a text is while its buffer may still move. */
struct span {
    size_t from, size;
};
struct draft {
    const struct flag_result *result;
    struct span event_id, document;
};

static struct str write_member(struct arena *arena, struct str before, struct str text,
                               struct str after)
{
    struct buf buf;
    struct json_writer writer;
    buf_open(&buf, SIZE_MAX);
    buf_append(&buf, before);
    json_writer_open(&writer, &buf);
    json_string(&writer, text);
    buf_append(&buf, after);
    struct str member = arena_copy_str(arena, buf_str(&buf));
    buf_close(&buf);
    return member;
}

static struct str write_groups(struct arena *arena, const struct json *groups)
{
    if (groups == NULL)
        return STR("");
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    buf_append(&buf, STR("\"groups\":"));
    json_append_canonical(&buf, groups);
    buf_append_byte(&buf, ',');
    struct str member = arena_copy_str(arena, buf_str(&buf));
    buf_close(&buf);
    return member;
}

static void open_report(struct report *report)
{
    const struct amplitude_user *user = report->user;
    buf_open(&report->text, SIZE_MAX);
    report->device = write_member(report->arena, STR("{\"device_id\":"), user->device_id,
                                  STR(",\"event_properties\":{"));
    report->groups = write_groups(report->arena, user->groups);
    report->user_member = write_member(report->arena, STR(",\"user_id\":"), user->user_id,
                                       STR(",\"user_properties\":{"));
}

/* {"$set":{"[Experiment] <flag>":"<variant>"}}, or $unset for a default (section 8.1). */
static void append_user_property(struct buf *buf, const struct flag_result *result)
{
    bool is_set = !result->answer->is_default;
    buf_append(buf, is_set ? STR("\"$set\":{\"[Experiment] ") : STR("\"$unset\":{\"[Experiment] "));
    buf_append(buf, result->revision->flag.key);
    buf_append(buf, STR("\":"));
    buf_append(buf, is_set ? result->answer->name : STR("\"-\""));
    buf_append(buf, STR("}}}"));
}

static void append_end(struct report *report, const struct flag_result *result,
                       struct str event_type, struct str insert_id_member)
{
    struct buf *buf = &report->text;
    buf_append(buf, event_type);
    buf_append(buf, report->groups);
    buf_append(buf, insert_id_member);
    buf_append(buf, report->user_member);
    append_user_property(buf, result);
}

/* "v12 rule:Nordics". The segment is JSON text: behind its first quote it ends this one. */
static void append_details(struct buf *buf, const struct flag_result *result)
{
    buf_append_byte(buf, '"');
    buf_append(buf, result->revision->flag.key);
    buf_append(buf, STR(".details\":\"v"));
    buf_append_u64(buf, result->revision->provenance.sequence);
    buf_append(buf, STR(" rule:"));
    buf_append(buf, str_slice(result->segment, 1, result->segment.size));
}

static void append_assignment(struct report *report, const struct flag_result *result,
                              struct str insert_id_member)
{
    struct buf *buf = &report->text;
    buf_append(buf, report->device);
    append_details(buf, result);
    buf_append(buf, STR(",\""));
    buf_append(buf, result->revision->flag.key);
    buf_append(buf, STR(".variant\":"));
    buf_append(buf, result->answer->name);
    append_end(report, result, STR("},\"event_type\":\"[Experiment] Assignment\","),
               insert_id_member);
}

static void append_exposure(struct report *report, const struct flag_result *result,
                            struct str insert_id_member)
{
    struct buf *buf = &report->text;
    buf_append(buf, report->device);
    if (result->pieces->experiment_member.size > 0)
        buf_append(buf, STR("\"[Experiment] Experiment Key\":\"" EXPERIMENT_KEY "\","));
    buf_append(buf, STR("\"[Experiment] Flag Key\":\""));
    buf_append(buf, result->revision->flag.key);
    buf_append(buf, STR("\",\"[Experiment] Variant\":"));
    buf_append(buf, result->answer->name);
    buf_append(buf, STR(",\"metadata\":{\"flagVersion\":"));
    buf_append_u64(buf, result->revision->provenance.sequence);
    buf_append(buf, STR(",\"segmentName\":"));
    buf_append(buf, result->segment);
    append_end(report, result, STR("}},\"event_type\":\"[Experiment] Exposure\","),
               insert_id_member);
}

/* The name of the row: the event's insert id and the flag. */
static struct span append_event_id(struct report *report, const struct flag_result *result,
                                   struct str insert_id)
{
    size_t from = report->text.size;
    buf_append(&report->text, insert_id);
    buf_append_byte(&report->text, ' ');
    buf_append(&report->text, result->revision->flag.key);
    return (struct span){from, report->text.size - from};
}

static struct str make_insert_id(struct report *report, int32_t hash, struct str *member)
{
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    append_insert_id(&buf, report->user, hash, report->source->now_ms / MS_PER_DAY);
    struct str insert_id = arena_copy_str(report->arena, buf_str(&buf));
    buf_close(&buf);
    *member = write_member(report->arena, STR("\"insert_id\":"), insert_id, STR(""));
    return insert_id;
}

static size_t draft_assignments(struct report *report, const struct flag_results *results,
                                struct draft *drafts)
{
    struct str member;
    struct str insert_id = make_insert_id(report, hash_results(0, report->user, results), &member);
    for (size_t i = 0; i < results->count; i++) {
        const struct flag_result *result = &results->items[i];
        struct span event_id = append_event_id(report, result, insert_id);
        size_t from = report->text.size;
        append_assignment(report, result, member);
        drafts[i] = (struct draft){result, event_id, {from, report->text.size - from}};
    }
    return results->count;
}

/* Those that got something: an event each, named by what they got. */
static size_t draft_exposures(struct report *report, const struct flag_results *results,
                              struct draft *drafts)
{
    size_t count = 0;
    for (size_t i = 0; i < results->count; i++) {
        const struct flag_result *result = &results->items[i];
        if (result->answer->is_default)
            continue;
        int32_t hash = hash_java(hash_java(0, result->revision->flag.key), STR(" "));
        struct str member;
        struct str insert_id =
            make_insert_id(report, hash_java(hash, result_variation(result)), &member);
        struct span event_id = append_event_id(report, result, insert_id);
        size_t from = report->text.size;
        append_exposure(report, result, member);
        drafts[count++] = (struct draft){result, event_id, {from, report->text.size - from}};
    }
    return count;
}

static void make_rows(const struct report *report, const struct draft *drafts, size_t count,
                      struct str kind, struct event_row *rows)
{
    const struct assignment_source *source = report->source;
    const char *text = arena_copy_str(report->arena, buf_str(&report->text)).data;
    for (size_t i = 0; i < count; i++) {
        const struct draft *draft = &drafts[i];
        rows[i] = (struct event_row){
            .environment = source->environment,
            .event_id = {text + draft->event_id.from, draft->event_id.size},
            .kind = kind,
            .flag_key = draft->result->revision->flag.key,
            .variation = result_variation(draft->result),
            .subject_id = source->subject,
            .version = source->version,
            .at_ms = source->now_ms,
            .received_ms = source->now_ms,
            .document = {text + draft->document.from, draft->document.size},
        };
    }
}

size_t assignment_rows(struct arena *arena, const struct assignment_source *source,
                       enum tracked tracked, const struct flag_results *results,
                       struct event_row *rows)
{
    bool is_exposure = tracked == TRACKED_EXPOSURE;
    struct draft *drafts = ARENA_NEW_ARRAY(arena, struct draft, results->count);
    struct report report = {.arena = arena, .source = source, .user = source->user};
    open_report(&report);
    size_t count = is_exposure ? draft_exposures(&report, results, drafts)
                               : draft_assignments(&report, results, drafts);
    make_rows(&report, drafts, count, is_exposure ? STR("exposure") : STR("assignment"), rows);
    buf_close(&report.text);
    return count;
}

/* ---- once a day ------------------------------------------------------------------------------ */

static uint64_t mix(uint64_t digest, uint64_t value)
{
    digest = (digest ^ value) * 0x9E3779B97F4A7C15u;
    return digest ^ (digest >> 29);
}

/* Equal for equal (environment, person, results), and made of what is at hand: no text is built. */
static uint64_t digest_of(const struct assignment_source *source,
                          const struct flag_results *results, enum tracked tracked)
{
    uint64_t digest = mix(source->environment, tracked);
    digest = mix(digest, map_hash(source->user->user_id));
    digest = mix(digest, map_hash(source->user->device_id));
    for (size_t i = 0; i < results->count; i++)
        digest = mix(digest, results->items[i].answer->stamp);
    return digest;
}

static void track(struct exchange *x, const struct assignment_source *source,
                  const struct flag_results *results, enum tracked tracked)
{
    struct assignments *assignments = x->services->assignments;
    uint64_t digest = digest_of(source, results, tracked);
    if (!assignments_is_new(assignments, digest, source->now_ms / MS_PER_DAY))
        return;
    struct event_row *rows = ARENA_NEW_ARRAY(x->arena, struct event_row, results->count);
    size_t count = assignment_rows(x->arena, source, tracked, results, rows);
    if (count > 0)
        assignments_post(assignments, rows, count); /* a full queue drops them, and counts */
}

bool assignment_is_tracked(const struct exchange *x)
{
    struct str asked = http_header(x->request, STR("x-amp-exp-track"));
    return !str_equal(asked, STR("no-track")) && !str_equal(asked, STR("read-only"));
}

/* Exposures are tracked only when the caller asks. */
static bool tracks_exposures(const struct exchange *x)
{
    return str_equal(http_header(x->request, STR("x-amp-exp-exposure-track")), STR("track"));
}

void assignment_note(struct exchange *x, const struct snapshot *snapshot,
                     const struct amplitude_user *user, struct str subject,
                     const struct flag_results *results)
{
    if (x->services->assignments == NULL || results->count == 0 || str_is_empty(subject))
        return;
    const struct assignment_source source = {
        .environment = snapshot->environment,
        .version = snapshot->version,
        .now_ms = x->now_ms,
        .user = user,
        .subject = subject,
    };
    if (assignment_is_tracked(x))
        track(x, &source, results, TRACKED_ASSIGNMENT);
    if (tracks_exposures(x))
        track(x, &source, results, TRACKED_EXPOSURE);
}
