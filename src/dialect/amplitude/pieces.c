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
static struct answer_piece write_answer(struct desk *desk, struct arena *arena,
                                        const struct flag_revision *revision,
                                        const struct variation *variation)
{
    struct answer_piece answer = {
        .is_default = variation_is_off(variation),
        .name = write_text(desk, arena, variation->id),
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
    answer.text = arena_copy_str(arena, buf_str(&desk->buf));
    return answer;
}

static const struct answer_piece *write_answers(struct desk *desk, struct arena *arena,
                                                const struct flag_revision *revision)
{
    size_t count = revision->flag.variation_count;
    struct answer_piece *answers = ARENA_NEW_ARRAY(arena, struct answer_piece, count);
    for (size_t i = 0; i < count; i++)
        answers[i] = write_answer(desk, arena, revision, &revision->flag.variations[i]);
    return answers;
}

static const struct str *write_segments(struct desk *desk, struct arena *arena,
                                        const struct flag *flag)
{
    struct str *segments = ARENA_NEW_ARRAY(arena, struct str, flag->rule_count);
    for (size_t i = 0; i < flag->rule_count; i++)
        segments[i] = write_text(desk, arena, rule_segment_name(&flag->rules[i]));
    return segments;
}

static void write_pieces(struct desk *desk, struct arena *arena,
                         const struct flag_revision *revision, struct flag_pieces *pieces)
{
    const struct flag *flag = &revision->flag;
    pieces->answers = write_answers(desk, arena, revision);
    pieces->segments = write_segments(desk, arena, flag);
    pieces->experiment_member =
        flag->kind == FLAG_KIND_EXPERIMENT ? STR(",\"expKey\":\"" EXPERIMENT_KEY "\"") : STR("");
}

/* Twice: the first time tells how much it takes (as revision.c has it). */
static struct flag_pieces *write_flag(struct desk *desk, const struct flag_revision *revision)
{
    if (configuration_is_group(&revision->flag))
        return annex_make(sizeof(struct flag_pieces), 0);
    struct flag_pieces draft;
    arena_reset(&desk->scratch);
    write_pieces(desk, &desk->scratch, revision, &draft);
    struct flag_pieces *pieces = annex_make(sizeof(*pieces), arena_used_bytes(&desk->scratch));
    write_pieces(desk, &pieces->annex.arena, revision, pieces);
    return pieces;
}

static const struct flag_pieces *find_or_write(struct desk *desk, struct flag_revision *revision)
{
    annex_slot *slot = &revision->annexes[AMPLITUDE_ANSWERS];
    const struct flag_pieces *pieces = annex_find(slot);
    return pieces != NULL ? pieces : annex_keep(slot, write_flag(desk, revision));
}

static struct flag_configuration *write_configuration(struct desk *desk,
                                                      const struct flag_revision *revision)
{
    const struct configuration_input input = {
        .flag = &revision->flag,
        .sequence = revision->provenance.sequence,
    };
    configuration_encode(&desk->buf, &desk->scratch, &input);
    struct flag_configuration *configuration =
        annex_make(sizeof(*configuration), desk->buf.size + 1);
    configuration->text = arena_copy_str(&configuration->annex.arena, buf_str(&desk->buf));
    return configuration;
}

static void desk_open(struct desk *desk)
{
    buf_open(&desk->buf, SIZE_MAX);
    arena_open(&desk->scratch, 4096);
}

static void desk_close(struct desk *desk)
{
    arena_close(&desk->scratch);
    buf_close(&desk->buf);
}

const struct flag_configuration *pieces_configuration(struct flag_revision *revision)
{
    annex_slot *slot = &revision->annexes[AMPLITUDE_CONFIGURATION];
    const struct flag_configuration *configuration = annex_find(slot);
    if (configuration != NULL)
        return configuration;
    struct desk desk;
    desk_open(&desk);
    configuration = annex_keep(slot, write_configuration(&desk, revision));
    desk_close(&desk);
    return configuration;
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
    assert(index <= lists->count);
    assert(lists->count == 0 || lists->deployments != NULL);
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

static struct snapshot_pieces *write_lists(const struct snapshot *snapshot)
{
    size_t bytes = snapshot->state.flag_count * sizeof(uint32_t) + sizeof(struct deployment_list);
    struct snapshot_pieces *pieces = annex_make(sizeof(*pieces), bytes);
    struct lists lists = {.arena = &pieces->annex.arena, .state = &snapshot->state};
    list_deployments(&lists, pieces);
    return pieces;
}

static struct snapshot_answers *write_all(const struct snapshot *snapshot)
{
    size_t count = snapshot->state.flag_count;
    struct snapshot_answers *answers =
        annex_make(sizeof(*answers), count * sizeof(const struct flag_pieces *));
    answers->flags = ARENA_NEW_ARRAY(&answers->annex.arena, const struct flag_pieces *, count);
    struct desk desk;
    desk_open(&desk);
    for (size_t i = 0; i < count; i++) {
        struct flag_revision *revision = snapshot->flags[i];
        if (!revision->flag.is_archived)
            answers->flags[i] = find_or_write(&desk, revision);
    }
    desk_close(&desk);
    return answers;
}

void amplitude_render(struct snapshot *snapshot)
{
    if (snapshot_is_asked(snapshot, (uint32_t)1 << AMPLITUDE_LISTS))
        pieces_of(snapshot);
    if (snapshot_is_asked(snapshot, (uint32_t)1 << AMPLITUDE_ANSWERS))
        pieces_answers(snapshot);
}

/* ---- reading --------------------------------------------------------------------------------- */

/* The slots are the one part of a published snapshot that readers fill; they hold it as const. */
static annex_slot *slot_of(const struct snapshot *snapshot, size_t annex)
{
    snapshot_note_asked(snapshot, (uint32_t)1 << annex);
    return &((struct snapshot *)snapshot)->annexes[annex];
}

const struct snapshot_pieces *pieces_of(const struct snapshot *snapshot)
{
    annex_slot *slot = slot_of(snapshot, AMPLITUDE_LISTS);
    const struct snapshot_pieces *pieces = annex_find(slot);
    return pieces != NULL ? pieces : annex_keep(slot, write_lists(snapshot));
}

const struct snapshot_answers *pieces_answers(const struct snapshot *snapshot)
{
    annex_slot *slot = slot_of(snapshot, AMPLITUDE_ANSWERS);
    const struct snapshot_answers *answers = annex_find(slot);
    return answers != NULL ? answers : annex_keep(slot, write_all(snapshot));
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
