/* SPDX-License-Identifier: Apache-2.0 */
/* rehearsal - from drafts to a verdict: see rehearsal.h. */
#include "change/rehearsal.h"

#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "change/script.h"
#include "model/codec.h"

struct stage *rehearsal_open(const struct change_config *config)
{
    const struct stage_config stage = {
        .play = rehearse,
        .play_context = (void *)&config->render,
        .fence = config->fence,
        .fence_context = config->context,
        .step_ms = config->rehearsal_ms,
    };
    return config->rehearsal_ms == 0 ? NULL : stage_open(&stage);
}

/* ---- what was written ------------------------------------------------------------------------ */

static bool flag_reads_back(struct arena *arena, const struct flag *flag, struct buf *text)
{
    struct flag read;
    flag_encode(flag, text);
    return !failed(flag_decode(arena, buf_str(text), &read)) && flag_is_same(flag, &read);
}

static bool segment_reads_back(struct arena *arena, const struct segment *segment, struct buf *text)
{
    struct segment read;
    segment_encode(segment, text);
    return !failed(segment_decode(arena, buf_str(text), &read)) && segment_is_same(segment, &read);
}

/* The first that does not, absent when all do. */
static struct str find_unlike(const struct rehearsal_part *part, const struct choice *choice)
{
    struct str unlike = {0};
    struct arena arena;
    struct buf text;
    arena_open(&arena, 4096);
    buf_open(&text, SIZE_MAX);
    for (size_t i = 0; i < choice->flag_count && str_is_absent(unlike); i++) {
        const struct flag *flag = &part->draft->flags[i]->flag;
        if (!choice->is_new[i])
            continue;
        if (!flag_reads_back(&arena, flag, &text))
            unlike = flag->key;
        buf_clear(&text);
        arena_reset(&arena);
    }
    for (size_t i = 0; i < choice->segment_count && str_is_absent(unlike); i++) {
        const struct segment *segment = &part->draft->segments[i]->segment;
        if (!choice->is_segment_new[i])
            continue;
        if (!segment_reads_back(&arena, segment, &text))
            unlike = segment->key;
        buf_clear(&text);
        arena_reset(&arena);
    }
    buf_close(&text);
    arena_close(&arena);
    return unlike;
}

/* ---- the verdict ----------------------------------------------------------------------------- */

static struct fault refuse(struct arena *arena, const struct ending *ending)
{
    struct str key = arena_copy_str(arena, ending->key);
    log_error("rehearsal_failed", "step=\"%s\" key=\"%.*s\" how=\"%s\" signal=%d", ending->what,
              STR_ARG(key), ending->how, ending->signal);
    return fault_make(FAULT_LIMIT, STR("rehearsal"),
                      arena_format(arena, "the rehearsal of this change failed: %s %.*s %s",
                                   ending->what, STR_ARG(key), ending->how));
}

static void count_rehearsal(struct changer *changer, enum outcome outcome)
{
    pthread_mutex_lock(&changer->lock);
    changer->counters.rehearsals++;
    if (outcome == OUTCOME_BAD)
        changer->counters.rehearsals_failed++;
    if (outcome == OUTCOME_NO_CHILD)
        changer->counters.rehearsals_skipped++;
    pthread_mutex_unlock(&changer->lock);
}

static enum outcome play(struct changer *changer, const struct choice *choices, size_t count,
                         int64_t now_ms)
{
    struct buf script;
    buf_open(&script, SIZE_MAX);
    script_write(&script, choices, count, now_ms);
    enum outcome outcome = stage_play(changer->stage, buf_str(&script));
    int why = errno;
    buf_close(&script);
    errno = why;
    return outcome;
}

static struct fault judge(struct changer *changer, struct arena *arena, enum outcome outcome)
{
    const struct ending ending = stage_ending(changer->stage);
    switch (outcome) {
    case OUTCOME_GOOD:
        break;
    case OUTCOME_BAD:
        return refuse(arena, &ending);
    case OUTCOME_STILL:
        log_error("rehearsal_stood_still", "step=\"%s\"", ending.what);
        return fault_make(FAULT_UNAVAILABLE, STR("rehearsal"),
                          STR("the rehearsal of this change did not come to an end"));
    case OUTCOME_NO_CHILD:
        log_warn("rehearsal_skipped", "why=\"no process could be made: %s\"",
                 strerrorname_np(errno));
        break;
    }
    return fault_none();
}

struct fault rehearsal_run(struct changer *changer, struct arena *arena,
                           const struct rehearsal_part *parts, size_t count, int64_t now_ms)
{
    if (changer->stage == NULL || count == 0)
        return fault_none();
    struct choice *choices = ARENA_NEW_ARRAY(arena, struct choice, count);
    for (size_t i = 0; i < count; i++)
        choices[i] = choice_make(arena, &parts[i]);
    struct ending unlike = {.what = "reading back", .how = "does not read as it was written"};
    enum outcome outcome = play(changer, choices, count, now_ms);
    for (size_t i = 0; i < count && outcome == OUTCOME_GOOD && str_is_absent(unlike.key); i++)
        unlike.key = find_unlike(&parts[i], &choices[i]);
    count_rehearsal(changer, str_is_absent(unlike.key) ? outcome : OUTCOME_BAD);
    return str_is_absent(unlike.key) ? judge(changer, arena, outcome) : refuse(arena, &unlike);
}
