/* SPDX-License-Identifier: Apache-2.0 */
/* pieces - answers written ahead: see pieces.h. */
#include "dialect/amplitude/pieces.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "dialect/amplitude/configuration_encode.h"

/* ---- one revision ---------------------------------------------------------------------------- */

/* What a revision is written with: a buffer for the text being written, an arena for what lives
 * as long as that. */
struct desk {
    struct buf buf;
    struct arena scratch;
};

static uint64_t stamp_of(struct desk *desk, const struct flag *flag,
                         const struct variation *variation)
{
    buf_clear(&desk->buf);
    buf_append(&desk->buf, flag->key);
    buf_append_byte(&desk->buf, ' ');
    buf_append(&desk->buf, variation->id);
    return map_hash(buf_str(&desk->buf));
}

static struct str write_text(struct desk *desk, struct arena *arena, struct str text)
{
    struct json_writer writer;
    buf_clear(&desk->buf);
    json_writer_open(&writer, &desk->buf);
    json_string(&writer, text);
    return arena_copy_str(arena, buf_str(&desk->buf));
}

/* The name is the last member of the metadata, so that what a request adds comes behind it. */
static struct answer_piece write_answer(struct desk *desk, struct flag_revision *revision,
                                        const struct variation *variation)
{
    struct answer_piece answer = {
        .is_default = variation_is_off(variation),
        .name = write_text(desk, &revision->arena, variation->id),
        .stamp = stamp_of(desk, &revision->flag, variation),
    };
    struct json_writer writer;
    buf_clear(&desk->buf);
    json_writer_open(&writer, &desk->buf);
    json_object_begin(&writer);
    json_key(&writer, revision->flag.key);
    json_object_begin(&writer);
    configuration_encode_variant(&writer, &revision->flag, variation);
    answer.plain_size = (uint32_t)desk->buf.size;
    json_key(&writer, STR("metadata"));
    json_object_begin(&writer);
    if (answer.is_default)
        json_member_boolean(&writer, STR("default"), true);
    json_member_boolean(&writer, STR("deployed"), true);
    configuration_encode_metadata(&writer, &revision->flag, revision->provenance.sequence, false);
    json_key(&writer, STR("segmentName"));
    desk->buf.data[0] = ','; /* where the object began: this is a member of the whole answer */
    answer.text = arena_copy_str(&revision->arena, buf_str(&desk->buf));
    return answer;
}

static const struct answer_piece *write_answers(struct desk *desk, struct flag_revision *revision)
{
    size_t count = revision->flag.variation_count;
    struct answer_piece *answers = ARENA_NEW_ARRAY(&revision->arena, struct answer_piece, count);
    for (size_t i = 0; i < count; i++)
        answers[i] = write_answer(desk, revision, &revision->flag.variations[i]);
    return answers;
}

static const struct str *write_segments(struct desk *desk, struct flag_revision *revision)
{
    size_t count = revision->flag.rule_count;
    struct str *segments = ARENA_NEW_ARRAY(&revision->arena, struct str, count);
    for (size_t i = 0; i < count; i++)
        segments[i] =
            write_text(desk, &revision->arena, rule_segment_name(&revision->flag.rules[i]));
    return segments;
}

static struct str write_configuration(struct desk *desk, struct flag_revision *revision)
{
    const struct configuration_input input = {
        .flag = &revision->flag,
        .sequence = revision->provenance.sequence,
    };
    buf_clear(&desk->buf);
    configuration_encode(&desk->buf, &desk->scratch, &input);
    return arena_copy_str(&revision->arena, buf_str(&desk->buf));
}

static const struct flag_pieces *write_flag(struct desk *desk, struct flag_revision *revision)
{
    const struct flag *flag = &revision->flag;
    struct flag_pieces *pieces = ARENA_NEW(&revision->arena, struct flag_pieces);
    pieces->is_whole = flag->is_enabled && configuration_is_whole(flag, false);
    if (configuration_is_group(flag))
        return pieces; /* never answered; its configuration depends on who leans on it */
    pieces->answers = write_answers(desk, revision);
    pieces->segments = write_segments(desk, revision);
    pieces->experiment_member =
        flag->kind == FLAG_KIND_EXPERIMENT ? STR(",\"expKey\":\"" EXPERIMENT_KEY "\"") : STR("");
    pieces->configuration = write_configuration(desk, revision);
    arena_reset(&desk->scratch);
    return pieces;
}

/* ---- one snapshot ---------------------------------------------------------------------------- */

struct lists {
    struct arena *arena;
    const struct environment_state *state;
    struct deployment_list *deployments; /* by number */
    uint32_t **next;                     /* by deployment: where its next place goes */
    size_t count, capacity;
};

static size_t find_list(const struct lists *lists, uint64_t deployment)
{
    size_t low = 0;
    size_t high = lists->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (lists->deployments[middle].deployment < deployment)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Distinct ones are few, however many flags name them. */
static void reserve_deployment(struct lists *lists)
{
    if (lists->count < lists->capacity)
        return;
    size_t capacity = lists->capacity == 0 ? 8 : lists->capacity * 2;
    struct deployment_list *larger =
        ARENA_NEW_ARRAY(lists->arena, struct deployment_list, capacity);
    if (lists->count > 0)
        memcpy(larger, lists->deployments, lists->count * sizeof(*larger));
    lists->deployments = larger;
    lists->capacity = capacity;
}

static void count_on(struct lists *lists, uint64_t deployment)
{
    size_t index = find_list(lists, deployment);
    bool is_new = index == lists->count || lists->deployments[index].deployment != deployment;
    if (is_new) {
        reserve_deployment(lists);
        struct deployment_list *at = &lists->deployments[index];
        memmove(at + 1, at, (lists->count - index) * sizeof(*at));
        *at = (struct deployment_list){.deployment = deployment};
        lists->count++;
    }
    lists->deployments[index].flags.count++;
}

static bool is_answered(const struct flag *flag)
{
    return !flag->is_archived && !configuration_is_group(flag);
}

static void count_flags(struct lists *lists, struct flag_list *everywhere)
{
    for (size_t i = 0; i < lists->state->flag_count; i++) {
        const struct flag *flag = lists->state->flags[i];
        if (!is_answered(flag))
            continue;
        everywhere->count += flag->is_on_all_deployments;
        for (size_t j = 0; !flag->is_on_all_deployments && j < flag->deployment_count; j++)
            count_on(lists, flag->deployments[j]);
    }
}

static uint32_t *open_list(struct lists *lists, struct flag_list *list)
{
    uint32_t *places = ARENA_NEW_ARRAY(lists->arena, uint32_t, list->count);
    list->places = places;
    return places;
}

/* In the order of the state, so that every list is by key. */
static void place_flags(struct lists *lists, uint32_t *everywhere)
{
    for (size_t i = 0; i < lists->state->flag_count; i++) {
        const struct flag *flag = lists->state->flags[i];
        if (!is_answered(flag))
            continue;
        for (size_t j = 0; flag->is_on_all_deployments && j < lists->count; j++)
            *lists->next[j]++ = (uint32_t)i;
        for (size_t j = 0; !flag->is_on_all_deployments && j < flag->deployment_count; j++)
            *lists->next[find_list(lists, flag->deployments[j])]++ = (uint32_t)i;
        if (flag->is_on_all_deployments)
            *everywhere++ = (uint32_t)i;
    }
}

static void list_deployments(struct lists *lists, struct snapshot_pieces *pieces)
{
    count_flags(lists, &pieces->everywhere);
    lists->next = ARENA_NEW_ARRAY(lists->arena, uint32_t *, lists->count);
    for (size_t i = 0; i < lists->count; i++) {
        lists->deployments[i].flags.count += pieces->everywhere.count;
        lists->next[i] = open_list(lists, &lists->deployments[i].flags);
    }
    place_flags(lists, open_list(lists, &pieces->everywhere));
    pieces->deployments = lists->deployments;
    pieces->deployment_count = lists->count;
}

void amplitude_render(struct snapshot *snapshot)
{
    struct arena *arena = &snapshot->arena;
    struct snapshot_pieces *pieces = ARENA_NEW(arena, struct snapshot_pieces);
    size_t flag_count = snapshot->state.flag_count;
    const struct flag_pieces **flags =
        ARENA_NEW_ARRAY(arena, const struct flag_pieces *, flag_count);
    struct desk desk;
    buf_open(&desk.buf, SIZE_MAX);
    arena_open(&desk.scratch, 4096);
    for (size_t i = 0; i < flag_count; i++) {
        struct flag_revision *revision = snapshot->flags[i];
        if (revision->flag.is_archived)
            continue;
        if (revision->annexes[AMPLITUDE_ANNEX] == NULL)
            revision->annexes[AMPLITUDE_ANNEX] = write_flag(&desk, revision);
        flags[i] = revision->annexes[AMPLITUDE_ANNEX];
    }
    arena_close(&desk.scratch);
    buf_close(&desk.buf);
    pieces->flags = flags;
    struct lists lists = {.arena = arena, .state = &snapshot->state};
    list_deployments(&lists, pieces);
    snapshot->annexes[AMPLITUDE_ANNEX] = pieces;
}

/* ---- reading --------------------------------------------------------------------------------- */

const struct snapshot_pieces *pieces_of(const struct snapshot *snapshot)
{
    const struct snapshot_pieces *pieces = snapshot->annexes[AMPLITUDE_ANNEX];
    assert(pieces != NULL);
    return pieces;
}

struct str result_variation(const struct flag_result *result)
{
    size_t index = (size_t)(result->answer - result->pieces->answers);
    assert(index < result->revision->flag.variation_count);
    return result->revision->flag.variations[index].id;
}

struct flag_list pieces_on(const struct snapshot_pieces *pieces, uint64_t deployment)
{
    for (size_t i = 0; i < pieces->deployment_count; i++) {
        if (pieces->deployments[i].deployment == deployment)
            return pieces->deployments[i].flags;
    }
    return pieces->everywhere;
}

static int compare_places(const void *left, const void *right)
{
    uint32_t a = *(const uint32_t *)left;
    uint32_t b = *(const uint32_t *)right;
    return (a > b) - (a < b);
}

static bool list_has(const struct flag_list *list, uint32_t place)
{
    return list->count > 0 &&
           bsearch(&place, list->places, list->count, sizeof(place), compare_places) != NULL;
}

struct flag_list pieces_select(struct arena *arena, const struct ruleset *rules,
                               const struct flag_list *list, const struct str *keys,
                               size_t key_count)
{
    uint32_t *places = ARENA_NEW_ARRAY(arena, uint32_t, key_count);
    size_t count = 0;
    for (size_t i = 0; i < key_count; i++) {
        const struct flag_rules *flag = ruleset_find(rules, keys[i]);
        if (flag != NULL && list_has(list, flag->index))
            places[count++] = flag->index;
    }
    qsort(places, count, sizeof(places[0]), compare_places);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || places[kept - 1] != places[i])
            places[kept++] = places[i];
    }
    return (struct flag_list){places, kept};
}

struct str pieces_segment_of_none(enum reason reason)
{
    switch (reason) {
    case REASON_OFF:
    case REASON_SCHEDULED_OUT:
        return STR("\"" SEGMENT_NAME_OFF "\"");
    case REASON_INCLUDED:
        return STR("\"" SEGMENT_NAME_INCLUDED "\"");
    case REASON_PREREQUISITE_FAILED:
        return STR("\"" SEGMENT_NAME_PREREQUISITES "\"");
    case REASON_STICKY:
        return STR("\"" SEGMENT_NAME_STICKY "\"");
    case REASON_TARGETING_MATCH:
    case REASON_SPLIT:
    case REASON_FALLTHROUGH:
    case REASON_DEFAULT:
        break;
    }
    return STR("\"" SEGMENT_NAME_OTHERS "\"");
}
