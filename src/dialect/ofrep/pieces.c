/* SPDX-License-Identifier: Apache-2.0 */
/* pieces - answers written ahead: see pieces.h. */
#include "dialect/ofrep/pieces.h"

#include <assert.h>

#include "base/stamp.h"
#include "dialect/ofrep/encode.h"
#include "dialect/ofrep/routes.h"

/* ---- one revision ---------------------------------------------------------------------------- */

static struct answer_piece keep(struct arena *arena, struct buf *buf)
{
    struct str text = arena_copy_str(arena, buf_str(buf));
    return (struct answer_piece){text, stamp_of(text)};
}

static struct answer_piece write_piece(struct buf *buf, struct flag_revision *revision,
                                       const struct ofrep_value *value, struct str variant)
{
    buf_clear(buf);
    ofrep_encode_piece(buf, &revision->flag, value, variant);
    return keep(&revision->arena, buf);
}

static struct str off_variant(const struct flag *flag)
{
    int off = flag_find_variation(flag, flag->off_variation);
    return off < 0 ? STR("") : flag->variations[off].id;
}

static void write_answers(struct buf *buf, struct flag_revision *revision, struct ofrep_flag *flag)
{
    const struct flag *document = &revision->flag;
    struct answer_piece *answers =
        ARENA_NEW_ARRAY(&revision->arena, struct answer_piece, document->variation_count);
    struct ofrep_values values = ofrep_values_of(document);
    for (size_t i = 0; i < document->variation_count; i++) {
        struct ofrep_value value = ofrep_value_of(&values, i);
        answers[i] = write_piece(buf, revision, &value, document->variations[i].id);
    }
    const struct ofrep_value none = {0};
    flag->answers = answers;
    flag->disabled = write_piece(buf, revision, &none, off_variant(document));
    flag->nothing = write_piece(buf, revision, &none, STR(""));
    buf_clear(buf);
    ofrep_encode_error_piece(buf, document);
    flag->error = keep(&revision->arena, buf);
}

static bool names_anybody(const struct flag *flag)
{
    for (size_t i = 0; i < flag->variation_count; i++) {
        if (flag->variations[i].included_count + flag->variations[i].cohort_count > 0)
            return true;
    }
    return false;
}

static const struct ofrep_flag *write_flag(struct buf *buf, struct flag_revision *revision)
{
    struct ofrep_flag *flag = ARENA_NEW(&revision->arena, struct ofrep_flag);
    effect_read_flag(&revision->arena, &revision->flag, &flag->source);
    if (!channel_serves(&revision->flag))
        return flag;
    write_answers(buf, revision, flag);
    flag->is_static = revision->flag.rule_count == 0 && revision->flag.prerequisite_count == 0 &&
                      !names_anybody(&revision->flag);
    return flag;
}

/* ---- one snapshot ---------------------------------------------------------------------------- */

static bool has_sticky(const struct ruleset *rules)
{
    for (size_t i = 0; i < rules->flag_count; i++) {
        if (rules->flags[i].sticky_count > 0)
            return true;
    }
    return false;
}

static const struct ofrep_flag *const *write_flags(struct buf *buf, struct snapshot *snapshot)
{
    const struct ofrep_flag **flags =
        ARENA_NEW_ARRAY(&snapshot->arena, const struct ofrep_flag *, snapshot->state.flag_count);
    for (size_t i = 0; i < snapshot->state.flag_count; i++) {
        struct flag_revision *revision = snapshot->flags[i];
        if (revision->annexes[OFREP_ANNEX] == NULL)
            revision->annexes[OFREP_ANNEX] = write_flag(buf, revision);
        flags[i] = revision->annexes[OFREP_ANNEX];
    }
    return flags;
}

static const uint64_t *resolve_effects(struct snapshot *snapshot,
                                       const struct ofrep_flag *const *flags)
{
    struct arena scratch;
    arena_open(&scratch, 4096);
    const struct effect_source **sources =
        ARENA_NEW_ARRAY(&scratch, const struct effect_source *, snapshot->state.flag_count);
    for (size_t i = 0; i < snapshot->state.flag_count; i++)
        sources[i] = &flags[i]->source;
    const uint64_t *effects = effect_resolve(snapshot, sources);
    arena_close(&scratch);
    return effects;
}

void ofrep_render(struct snapshot *snapshot)
{
    struct ofrep_pieces *pieces = ARENA_NEW(&snapshot->arena, struct ofrep_pieces);
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    pieces->flags = write_flags(&buf, snapshot);
    pieces->effects = resolve_effects(snapshot, pieces->flags);
    pieces->channels = channel_render(snapshot);
    pieces->has_sticky = has_sticky(snapshot->rules);
    buf_clear(&buf);
    ofrep_encode_metadata(&buf, &snapshot->settings.metadata);
    pieces->metadata = arena_copy_str(&snapshot->arena, buf_str(&buf));
    pieces->metadata_stamp = stamp_of(pieces->metadata);
    buf_close(&buf);
    snapshot->annexes[OFREP_ANNEX] = pieces;
}

/* ---- reading --------------------------------------------------------------------------------- */

const struct ofrep_pieces *ofrep_pieces_of(const struct snapshot *snapshot)
{
    const struct ofrep_pieces *pieces = snapshot->annexes[OFREP_ANNEX];
    assert(pieces != NULL);
    return pieces;
}

#define END(reason, number)                                                                        \
    {                                                                                              \
        .text = reason "\"}", .size = sizeof(reason "\"}") - 1, .stamp = (number)                  \
    }
#define ERROR_END(code, details, number)                                                           \
    {                                                                                              \
        .text = code "\",\"errorDetails\":\"" details "\"}",                                       \
        .size = sizeof(code "\",\"errorDetails\":\"" details "\"}") - 1, .stamp = (number),        \
        .is_error = true, .note = {                                                                \
            code,                                                                                  \
            sizeof(code) - 1                                                                       \
        }                                                                                          \
    }

enum {
    END_STATIC,
    END_TARGETING_MATCH,
    END_SPLIT,
    END_DEFAULT,
    END_DISABLED,
    END_KEY_MISSING,
    END_CYCLE,
};
static const struct answer_end ends[] = {
    [END_STATIC] = END("STATIC", 1),
    [END_TARGETING_MATCH] = END("TARGETING_MATCH", 2),
    [END_SPLIT] = END("SPLIT", 3),
    [END_DEFAULT] = END("DEFAULT", 4),
    [END_DISABLED] = END("DISABLED", 5),
    [END_KEY_MISSING] = ERROR_END("TARGETING_KEY_MISSING",
                                  "the flag is dealt by targetingKey, and there is none", 6),
    [END_CYCLE] = ERROR_END("PARSE_ERROR", "the flag leans on itself", 7),
};

static const struct answer_end *end_of(const struct ofrep_flag *flag, enum reason reason)
{
    switch (reason) {
    case REASON_OFF:
    case REASON_SCHEDULED_OUT:
        return &ends[END_DISABLED];
    case REASON_TARGETING_MATCH:
    case REASON_INCLUDED:
    case REASON_STICKY:
        return &ends[END_TARGETING_MATCH];
    case REASON_SPLIT:
        return &ends[END_SPLIT];
    case REASON_FALLTHROUGH:
        return flag->is_static ? &ends[END_STATIC] : &ends[END_DEFAULT];
    case REASON_PREREQUISITE_FAILED:
    case REASON_DEFAULT:
        break;
    }
    return &ends[END_DEFAULT];
}

/* Off is said first: a flag that is off may have no variation for that. */
static struct answer_parts parts_of_failure(const struct ofrep_flag *flag,
                                            const struct decision *decision)
{
    switch (decision->error) {
    case DECISION_KEY_MISSING:
    case DECISION_INVALID_CONTEXT:
        return (struct answer_parts){&flag->error, &ends[END_KEY_MISSING]};
    case DECISION_CYCLE_DETECTED:
        return (struct answer_parts){&flag->error, &ends[END_CYCLE]};
    case DECISION_NO_VARIATION:
    case DECISION_FLAG_NOT_FOUND:
    case DECISION_OK:
        break;
    }
    return (struct answer_parts){&flag->nothing, &ends[END_DEFAULT]};
}

struct answer_parts ofrep_answer_parts(const struct ofrep_flag *flag,
                                       const struct decision *decision)
{
    const struct answer_end *end = end_of(flag, decision->reason);
    if (end == &ends[END_DISABLED])
        return (struct answer_parts){&flag->disabled, end};
    if (decision->error != DECISION_OK)
        return parts_of_failure(flag, decision);
    assert(decision->variation != VARIATION_NONE);
    return (struct answer_parts){&flag->answers[decision->variation], end};
}
