/* SPDX-License-Identifier: Apache-2.0 */
/* person - who a subject is to what is remembered: see person.h. */
#include "dialect/ofrep/person.h"

#include "base/instant.h"
#include "base/stamp.h"
#include "eval/selector.h"
#include "ingest/assignments.h"
#include "ingest/identities.h"

enum { MS_PER_DAY = 86400000 };

/* Absent for nobody. */
static struct str person_name(const struct ofrep_person *person)
{
    const struct ofrep_subject *subject = person->subject;
    struct notebook *devices = person->x->services->devices;
    if (!str_is_empty(subject->key))
        return subject->key;
    if (str_is_empty(subject->device_id) || devices == NULL)
        return subject->device_id;
    return identity_resolve(devices, person->x->caller->environment, STR(""), subject->device_id,
                            person->x->arena);
}

/* The one that counts of a type: a text, or the first of a list (evaluate.h). */
static struct str group_name(const struct ofrep_person *person, struct str type)
{
    const struct str path[] = {STR("groups"), type};
    const struct json *named = json_walk(&person->subject->attributes, path, COUNT_OF(path));
    if (named != NULL && named->type == JSON_ARRAY && named->count > 0)
        named = &named->elements[0];
    bool has_name = named != NULL && named->type == JSON_STRING;
    return has_name ? named->string : (struct str){0};
}

static struct str name_of(const void *source, struct str group_type)
{
    const struct ofrep_person *person = source;
    return str_is_empty(group_type) ? person_name(person) : group_name(person, group_type);
}

void person_open(struct ofrep_person *person, const struct exchange *x,
                 const struct ofrep_subject *subject)
{
    *person = (struct ofrep_person){
        .x = x,
        .subject = subject,
        .sticky = {x->services->variations, x->caller->environment, name_of, person},
    };
}

/* ---- assignments ----------------------------------------------------------------------------- */

/* What has been decided for this person, and not for everybody at once. */
static bool is_dealt(const struct decision *decision)
{
    switch (decision->reason) {
    case REASON_TARGETING_MATCH:
    case REASON_SPLIT:
    case REASON_FALLTHROUGH:
    case REASON_INCLUDED:
    case REASON_STICKY:
        return decision->error == DECISION_OK && decision->variation != VARIATION_NONE;
    case REASON_OFF:
    case REASON_PREREQUISITE_FAILED:
    case REASON_SCHEDULED_OUT:
    case REASON_DEFAULT:
        break;
    }
    return false;
}

/* Equal for equal (environment, person, flag, variation); keyed by what the name is hashed with. */
static uint64_t digest_of(uint64_t environment, struct str name, const struct decision *decision)
{
    const struct flag *flag = decision->flag->flag;
    uint64_t digest = stamp_mix(map_hash(name), environment);
    digest = stamp_mix(digest, map_hash(flag->id));
    return stamp_mix(digest, (uint64_t)decision->variation);
}

static struct str write_document(const struct ofrep_person *person, struct str name,
                                 const struct decision *decision)
{
    const struct flag *flag = decision->flag->flag;
    struct buf buf;
    struct json_writer writer;
    char at[INSTANT_TEXT_BYTES];
    instant_format(person->x->now_ms, at);
    buf_open(&buf, SIZE_MAX);
    json_writer_open(&writer, &buf);
    json_object_begin(&writer);
    json_member_string(&writer, STR("at"), str_of(at));
    json_member_string(&writer, STR("flagKey"), flag->key);
    json_member_string(&writer, STR("reason"), reason_name(decision->reason));
    json_member_string(&writer, STR("subject"), name);
    json_member_string(&writer, STR("variation"), flag->variations[decision->variation].id);
    json_object_end(&writer);
    struct str document = arena_copy_str(person->x->arena, buf_str(&buf));
    buf_close(&buf);
    return document;
}

/* Names the assignment by itself, so that it is stored once whatever is forgotten in between. */
static struct str write_event_id(const struct ofrep_person *person, struct str name, int64_t day,
                                 const struct decision *decision)
{
    const struct flag *flag = decision->flag->flag;
    struct str variation = flag->variations[decision->variation].id;
    return arena_format(person->x->arena, "%lld %.*s %.*s %.*s", (long long)day, STR_ARG(flag->id),
                        STR_ARG(variation), STR_ARG(name));
}

void person_note_assignment(const struct ofrep_person *person, const struct snapshot *snapshot,
                            const struct decision *decision)
{
    const struct exchange *x = person->x;
    struct assignments *assignments = x->services->assignments;
    if (assignments == NULL || !is_dealt(decision))
        return;
    struct str name = person_name(person);
    int64_t day = x->now_ms / MS_PER_DAY;
    if (str_is_empty(name) ||
        !assignments_is_new(assignments, digest_of(snapshot->environment, name, decision), day))
        return;
    const struct flag *flag = decision->flag->flag;
    const struct event_row row = {
        .environment = snapshot->environment,
        .event_id = write_event_id(person, name, day, decision),
        .kind = STR("assignment"),
        .flag_key = flag->key,
        .variation = flag->variations[decision->variation].id,
        .subject_id = name,
        .version = snapshot->version,
        .at_ms = x->now_ms,
        .received_ms = x->now_ms,
        .document = write_document(person, name, decision),
    };
    assignments_post(assignments, &row, 1); /* a full queue drops it, and counts */
}
