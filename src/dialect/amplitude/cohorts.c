/* SPDX-License-Identifier: Apache-2.0 */
/* cohorts - downloads for SDKs that test membership themselves, memberships for those that ask.
 * amplitude-evaluation.md 7. */
#include "dialect/amplitude/evaluate.h"
#include "dialect/amplitude/reply.h"

/* A whole number in the query; `missing` when it is not there. */
static struct fault read_number(struct exchange *x, struct str name, uint64_t missing,
                                uint64_t *number)
{
    struct str text = {0};
    *number = missing;
    struct fault fault = exchange_query(x, name, &text);
    if (failed(fault) || str_is_empty(text))
        return fault;
    if (!str_parse_u64(text, number))
        return fault_make(FAULT_INVALID, name, STR("must be a whole number"));
    return fault_none();
}

/* memberIds come last: SDKs that read as it arrives want the other members first. */
static void write_cohort(struct json_writer *writer, const struct cohort *cohort)
{
    bool is_people = str_equal(cohort->group_type, STR("User"));
    json_object_begin(writer);
    json_member_string(writer, STR("cohortId"), cohort->id);
    json_member_string(writer, STR("groupType"), cohort->group_type);
    json_member_u64(writer, STR("groupTypeId"), is_people ? 0 : 1);
    json_key(writer, STR("lastComputed"));
    json_i64(writer, cohort->modified_ms);
    json_key(writer, STR("lastModified"));
    json_i64(writer, cohort->modified_ms);
    json_member_u64(writer, STR("size"), cohort->size);
    json_key(writer, STR("memberIds"));
    json_array_begin(writer);
    for (size_t i = 0; i < cohort->size; i++)
        json_string(writer, cohort_member_at(cohort->members, i));
    json_array_end(writer);
    json_object_end(writer);
}

/* Megabytes: owned by the answer, not copied into its arena. */
static void reply_cohort(struct exchange *x, const struct cohort *cohort)
{
    struct buf buf;
    struct json_writer writer;
    buf_open(&buf, SIZE_MAX);
    json_writer_open(&writer, &buf);
    write_cohort(&writer, cohort);
    reply_json(x, 200, &buf);
}

static void answer_cohort(struct exchange *x, const struct cohort *cohort, uint64_t held_ms,
                          uint64_t size_max)
{
    bool is_held = cohort->modified_ms >= 0 && (uint64_t)cohort->modified_ms <= held_ms;
    if (held_ms > 0 && is_held)
        reply_empty(x, 204);
    else if (cohort->size > size_max)
        reply_error(x, 413, STR("the cohort is larger than maxCohortSize"));
    else
        reply_cohort(x, cohort);
}

void amplitude_download_cohort(struct exchange *x)
{
    uint64_t held_ms = 0;
    uint64_t size_max = 0;
    struct fault fault = read_number(x, STR("lastModified"), 0, &held_ms);
    if (!failed(fault))
        fault = read_number(x, STR("maxCohortSize"), UINT64_MAX, &size_max);
    const struct snapshot *snapshot = view_find(x->view, x->caller->environment);
    const struct cohort *cohort = environment_find_cohort(&snapshot->state, x->parameters[0]);
    if (!failed(fault) && cohort == NULL)
        fault = fault_make(FAULT_MISSING, STR("cohortId"), STR("there is no such cohort"));
    x->version = snapshot->version;
    if (failed(fault))
        amplitude_refuse_evaluation(x, fault, 0, (struct str){0});
    else
        answer_cohort(x, cohort, held_ms, size_max);
}

void amplitude_list_memberships(struct exchange *x)
{
    const struct snapshot *snapshot = view_find(x->view, x->caller->environment);
    struct buf buf;
    struct json_writer writer;
    buf_open(&buf, SIZE_MAX);
    json_writer_open(&writer, &buf);
    json_array_begin(&writer);
    for (size_t i = 0; i < snapshot->state.cohort_count; i++) {
        const struct cohort *cohort = snapshot->state.cohorts[i];
        if (str_equal(cohort->group_type, x->parameters[0]) && cohort_has(cohort, x->parameters[1]))
            json_string(&writer, cohort->id);
    }
    json_array_end(&writer);
    x->version = snapshot->version;
    reply_json(x, 200, &buf);
}
