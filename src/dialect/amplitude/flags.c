/* SPDX-License-Identifier: Apache-2.0 */
/* flags - see flags.h; and the two routes that answer with them. */
#include "dialect/amplitude/flags.h"

#include <assert.h>

#include "base/gzip.h"
#include "base/memory.h"
#include "dialect/amplitude/configuration_encode.h"
#include "dialect/amplitude/evaluate.h"
#include "dialect/amplitude/reply.h"

/* ---- what belongs in the array --------------------------------------------------------------- */

enum mark { MARK_NONE, MARK_DEPLOYED, MARK_PARENT };

/* Flags by place: those of the list, and behind them what they lean on, each once. */
struct gathering {
    const struct snapshot *snapshot;
    bool is_remote_told;
    uint8_t *marks;   /* by place: enum mark */
    uint32_t *places; /* in the order they came */
    size_t count;
    size_t group_count; /* groups among them */
};

static const struct flag *flag_at(const struct gathering *gathering, uint32_t place)
{
    return gathering->snapshot->state.flags[place];
}

static void gather(struct gathering *gathering, uint32_t place, enum mark mark)
{
    if (gathering->marks[place] != MARK_NONE)
        return;
    gathering->marks[place] = (uint8_t)mark;
    gathering->places[gathering->count++] = place;
    gathering->group_count += configuration_is_group(flag_at(gathering, place));
}

/* It would be told, but what it leans on is not: it is a stub, too. */
static bool leans_on_stub(const struct gathering *gathering, uint32_t place)
{
    return configuration_stub_below(&gathering->snapshot->state, flag_at(gathering, place),
                                    gathering->is_remote_told) != NULL;
}

/* A stub says "off" whatever its parents do: they need not come along (section 4.5). */
static bool leans(const struct gathering *gathering, uint32_t place)
{
    const struct flag *flag = flag_at(gathering, place);
    if (flag->prerequisite_count == 0 || !flag->is_enabled)
        return false;
    return configuration_is_whole(flag, gathering->is_remote_told) &&
           !leans_on_stub(gathering, place);
}

static void gather_parents(struct gathering *gathering, const struct flag *flag)
{
    for (size_t i = 0; i < flag->prerequisite_count; i++) {
        const struct flag_rules *parent =
            ruleset_find(gathering->snapshot->rules, flag->prerequisites[i].flag);
        if (parent != NULL && !parent->flag->is_archived)
            gather(gathering, parent->index, MARK_PARENT);
    }
}

static void gather_all(struct gathering *gathering, const struct flag_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        gather(gathering, list->places[i], MARK_DEPLOYED);
    for (size_t i = 0; i < gathering->count; i++) { /* the count grows meanwhile */
        if (leans(gathering, gathering->places[i]))
            gather_parents(gathering, flag_at(gathering, gathering->places[i]));
    }
}

/* ---- who is in a group ----------------------------------------------------------------------- */

static bool is_gathered_group(const struct gathering *gathering, struct str key)
{
    const struct flag_rules *parent = ruleset_find(gathering->snapshot->rules, key);
    return parent != NULL && configuration_is_group(parent->flag) &&
           gathering->marks[parent->index] != MARK_NONE;
}

static size_t list_memberships(const struct gathering *gathering, const struct flag *flag,
                               uint64_t number, struct group_member *members)
{
    size_t count = 0;
    for (size_t i = 0; i < flag->prerequisite_count; i++) {
        const struct prerequisite *parent = &flag->prerequisites[i];
        if (!is_gathered_group(gathering, parent->flag))
            continue;
        for (size_t j = 0; j < parent->variation_count; j++) {
            if (members != NULL)
                members[count] = (struct group_member){parent->flag, parent->variations[j], number};
            count++;
        }
    }
    return count;
}

/* Said by the members alone; of the whole environment, on the deployment or not. */
static size_t list_members(const struct gathering *gathering, struct group_member *members)
{
    const struct snapshot *snapshot = gathering->snapshot;
    size_t count = 0;
    for (size_t i = 0; i < snapshot->state.flag_count; i++) {
        if (!snapshot->state.flags[i]->is_archived)
            count += list_memberships(gathering, snapshot->state.flags[i],
                                      snapshot->flags[i]->provenance.number,
                                      members == NULL ? NULL : members + count);
    }
    return count;
}

/* ---- writing --------------------------------------------------------------------------------- */

/* What pieces.h has no text for: groups, remote flags told whole, and what depends on others. */
static void encode_now(struct buf *buf, const struct gathering *gathering, uint32_t place,
                       struct arena *scratch, const struct group_member *members,
                       size_t member_count)
{
    const struct configuration_input input = {
        .flag = flag_at(gathering, place),
        .sequence = gathering->snapshot->flags[place]->provenance.sequence,
        .is_remote_told = gathering->is_remote_told,
        .leans_on_stub = leans_on_stub(gathering, place),
        .members = members,
        .member_count = member_count,
    };
    configuration_encode(buf, scratch, &input);
}

static void write_flags(struct buf *buf, const struct gathering *gathering)
{
    struct arena scratch;
    arena_open(&scratch, 4096);
    size_t member_count = gathering->group_count == 0 ? 0 : list_members(gathering, NULL);
    struct group_member *members = ARENA_NEW_ARRAY(&scratch, struct group_member, member_count);
    if (member_count > 0)
        list_members(gathering, members);
    buf_append_byte(buf, '[');
    for (size_t i = 0; i < gathering->count; i++) {
        uint32_t place = gathering->places[i];
        if (i > 0)
            buf_append_byte(buf, ',');
        buf_append(buf, gathering->marks[place] == MARK_DEPLOYED
                            ? STR("{\"metadata\":{\"deployed\":true")
                            : STR("{\"metadata\":{\"deployed\":false"));
        if (gathering->is_remote_told || configuration_is_group(flag_at(gathering, place)) ||
            leans_on_stub(gathering, place))
            encode_now(buf, gathering, place, &scratch, members, member_count);
        else
            buf_append(buf, pieces_configuration(gathering->snapshot->flags[place])->text);
    }
    buf_append_byte(buf, ']');
    arena_close(&scratch);
}

/* Appends the array: the flags in the list, and whatever they lean on. */
static void flags_append(struct buf *buf, const struct snapshot *snapshot,
                         const struct flag_list *list, bool is_remote_told)
{
    size_t flag_count = snapshot->state.flag_count;
    struct gathering gathering = {
        .snapshot = snapshot,
        .is_remote_told = is_remote_told,
        .marks = MEMORY_NEW_ARRAY(uint8_t, flag_count + 1),
        .places = MEMORY_NEW_ARRAY(uint32_t, flag_count + 1),
    };
    gather_all(&gathering, list);
    write_flags(buf, &gathering);
    memory_free(gathering.marks);
    memory_free(gathering.places);
}

/* ---- kept bodies ----------------------------------------------------------------------------- */

/* Names among all dialects' bodies: ours begin with an 'A'. */
static uint64_t body_name(uint64_t deployment, enum flags_form form)
{
    return (uint64_t)'A' << 56 | (uint64_t)form << 48 | deployment;
}

static void write_body(struct buf *buf, const struct snapshot *snapshot, uint64_t deployment,
                       enum flags_form form)
{
    struct flag_list list = pieces_on(pieces_of(snapshot), deployment);
    switch (form) {
    case FLAGS_PLAIN:
    case FLAGS_REMOTE_TOLD:
        flags_append(buf, snapshot, &list, form == FLAGS_REMOTE_TOLD);
        return;
    case FLAGS_GZIP:
        gzip_compress(flags_body(snapshot, deployment, FLAGS_PLAIN)->body, buf, GZIP_LEVEL_FAST);
        return;
    case FLAGS_REMOTE_TOLD_GZIP:
        gzip_compress(flags_body(snapshot, deployment, FLAGS_REMOTE_TOLD)->body, buf,
                      GZIP_LEVEL_FAST);
        return;
    case FLAGS_STREAM:
        buf_append(buf, STR("data: "));
        buf_append(buf, flags_body(snapshot, deployment, FLAGS_PLAIN)->body);
        buf_append(buf, STR("\n\n"));
        return;
    }
    assert(false);
}

struct shared_body *flags_body(const struct snapshot *snapshot, uint64_t deployment,
                               enum flags_form form)
{
    uint64_t name = body_name(deployment, form);
    struct shared_body *body = snapshot_find_body(snapshot, name);
    if (body != NULL)
        return body;
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    write_body(&buf, snapshot, deployment, form);
    return snapshot_keep_body(snapshot, name, shared_body_make(&buf));
}

/* ---- routes ---------------------------------------------------------------------------------- */

static void answer_all(struct exchange *x, const struct snapshot *snapshot, bool is_remote_told)
{
    enum flags_form plain = is_remote_told ? FLAGS_REMOTE_TOLD : FLAGS_PLAIN;
    enum flags_form gzip = is_remote_told ? FLAGS_REMOTE_TOLD_GZIP : FLAGS_GZIP;
    struct shared_body *body = flags_body(snapshot, x->caller->deployment, plain);
    bool is_gzip = body->body.size >= GZIP_BODY_BYTES_MIN && http_accepts_gzip(x->request);
    if (is_gzip)
        body = flags_body(snapshot, x->caller->deployment, gzip);
    reply_shared(x, body, is_gzip);
}

static const struct snapshot *find_snapshot(struct exchange *x)
{
    const struct snapshot *snapshot = view_find(x->view, x->caller->environment);
    x->version = snapshot->version;
    return snapshot;
}

/* eval_mode=remote is for engines that are compared with ours; a key that anybody may read does not
 * open what remote evaluation keeps from clients. */
void amplitude_get_flags(struct exchange *x)
{
    struct str mode = {0};
    struct fault fault = exchange_query(x, STR("eval_mode"), &mode);
    if (failed(fault)) {
        amplitude_refuse_evaluation(x, fault, 0, (struct str){0});
        return;
    }
    bool is_remote_told = x->caller->kind == CREDENTIAL_SERVER_DEPLOYMENT && !str_is_absent(mode) &&
                          str_equal(mode, STR("remote"));
    answer_all(x, find_snapshot(x), is_remote_told);
}

void amplitude_get_flags_by_key(struct exchange *x)
{
    const struct str *keys = NULL;
    size_t key_count = 0;
    struct fault fault = reply_query_keys(x, &keys, &key_count);
    if (failed(fault)) {
        amplitude_refuse_evaluation(x, fault, 0, (struct str){0});
        return;
    }
    const struct snapshot *snapshot = find_snapshot(x);
    if (key_count == 0) {
        answer_all(x, snapshot, false);
        return;
    }
    struct flag_list all = pieces_on(pieces_of(snapshot), x->caller->deployment);
    struct flag_list list = pieces_select(x->arena, snapshot->rules, &all, keys, key_count);
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    flags_append(&buf, snapshot, &list, false);
    reply_json(x, 200, &buf);
}
