/* SPDX-License-Identifier: Apache-2.0 */
/* pieces - answers written ahead: see pieces.h. */
#include "dialect/ofrep/pieces.h"

#include <assert.h>

#include "base/stamp.h"
#include "dialect/ofrep/effect.h"
#include "dialect/ofrep/encode.h"
#include "dialect/ofrep/routes.h"

/* ---- one revision ---------------------------------------------------------------------------- */

/* What a revision is written with: the texts of all its pieces, one behind the other, and where
 * each ends; so that their extent is known before they are kept. */
struct desk {
    struct buf texts;
    struct arena scratch; /* for one revision */
    size_t *ends;
    size_t count;
};

static void desk_open(struct desk *desk)
{
    *desk = (struct desk){0};
    buf_open(&desk->texts, SIZE_MAX);
    arena_open(&desk->scratch, 2048);
}

static void desk_close(struct desk *desk)
{
    arena_close(&desk->scratch);
    buf_close(&desk->texts);
}

static void end_piece(struct desk *desk)
{
    desk->ends[desk->count++] = desk->texts.size;
}

/* Behind those of the variations. */
enum { PIECE_DISABLED, PIECE_NOTHING, PIECE_ERROR, PIECES_MORE };

static struct str off_variant(const struct flag *flag)
{
    int off = flag_find_variation(flag, flag->off_variation);
    return off < 0 ? STR("") : flag->variations[off].id;
}

static void write_texts(struct desk *desk, const struct flag *flag)
{
    const struct ofrep_value none = {0};
    struct ofrep_values values = ofrep_values_of(flag);
    buf_clear(&desk->texts);
    arena_reset(&desk->scratch);
    desk->ends = ARENA_NEW_ARRAY(&desk->scratch, size_t, flag->variation_count + PIECES_MORE);
    desk->count = 0;
    for (size_t i = 0; i < flag->variation_count; i++) {
        struct ofrep_value value = ofrep_value_of(&values, i);
        ofrep_encode_piece(&desk->texts, flag, &value, flag->variations[i].id);
        end_piece(desk);
    }
    ofrep_encode_piece(&desk->texts, flag, &none, off_variant(flag));
    end_piece(desk);
    ofrep_encode_piece(&desk->texts, flag, &none, STR(""));
    end_piece(desk);
    ofrep_encode_error_piece(&desk->texts, flag);
    end_piece(desk);
}

/* The piece with this number, of the kept texts. */
static struct answer_piece piece_at(const struct desk *desk, struct str texts, size_t number)
{
    size_t begin = number == 0 ? 0 : desk->ends[number - 1];
    struct str text = str_slice(texts, begin, desk->ends[number]);
    return (struct answer_piece){text, stamp_of(text)};
}

static struct ofrep_flag *keep_texts(const struct desk *desk, const struct flag *flag)
{
    size_t count = flag->variation_count;
    struct ofrep_flag *kept = annex_make(sizeof(*kept), count * sizeof(struct answer_piece) +
                                                            desk->texts.size + ARENA_ALIGNMENT);
    struct answer_piece *answers = ARENA_NEW_ARRAY(&kept->annex.arena, struct answer_piece, count);
    struct str texts = arena_copy_str(&kept->annex.arena, buf_str(&desk->texts));
    for (size_t i = 0; i < count; i++)
        answers[i] = piece_at(desk, texts, i);
    kept->answers = answers;
    kept->disabled = piece_at(desk, texts, count + PIECE_DISABLED);
    kept->nothing = piece_at(desk, texts, count + PIECE_NOTHING);
    kept->error = piece_at(desk, texts, count + PIECE_ERROR);
    return kept;
}

static bool names_anybody(const struct flag *flag)
{
    for (size_t i = 0; i < flag->variation_count; i++) {
        if (flag->variations[i].included_count + flag->variations[i].cohort_count > 0)
            return true;
    }
    return false;
}

static struct ofrep_flag *write_flag(struct desk *desk, const struct flag *flag)
{
    if (!channel_serves(flag))
        return annex_make(sizeof(struct ofrep_flag), 0);
    write_texts(desk, flag);
    struct ofrep_flag *kept = keep_texts(desk, flag);
    kept->is_static =
        flag->rule_count == 0 && flag->prerequisite_count == 0 && !names_anybody(flag);
    return kept;
}

static const struct ofrep_flag *find_or_write(struct desk *desk, struct flag_revision *revision)
{
    annex_slot *slot = &revision->annexes[OFREP_ANNEX];
    const struct ofrep_flag *flag = annex_find(slot);
    return flag != NULL ? flag : annex_keep(slot, write_flag(desk, &revision->flag));
}

const struct ofrep_flag *ofrep_flag_of(struct flag_revision *revision)
{
    const struct ofrep_flag *flag = annex_find(&revision->annexes[OFREP_ANNEX]);
    if (flag != NULL)
        return flag;
    struct desk desk;
    desk_open(&desk);
    flag = find_or_write(&desk, revision);
    desk_close(&desk);
    return flag;
}

/* ---- one snapshot ---------------------------------------------------------------------------- */

static struct ofrep_answers *list_answers(const struct snapshot *snapshot)
{
    size_t count = snapshot->state.flag_count;
    struct ofrep_answers *answers =
        annex_make(sizeof(*answers), count * sizeof(const struct ofrep_flag *));
    answers->flags = ARENA_NEW_ARRAY(&answers->annex.arena, const struct ofrep_flag *, count);
    struct desk desk;
    desk_open(&desk);
    for (size_t i = 0; i < count; i++)
        answers->flags[i] = find_or_write(&desk, snapshot->flags[i]);
    desk_close(&desk);
    return answers;
}

/* The slots are the one part of a published snapshot that readers fill; they hold it as const. */
static annex_slot *slot_of(const struct snapshot *snapshot, size_t annex)
{
    snapshot_note_asked(snapshot, (uint32_t)1 << annex);
    return &((struct snapshot *)snapshot)->annexes[annex];
}

const struct ofrep_answers *ofrep_answers_of(const struct snapshot *snapshot)
{
    annex_slot *slot = slot_of(snapshot, OFREP_ANSWERS);
    const struct ofrep_answers *answers = annex_find(slot);
    return answers != NULL ? answers : annex_keep(slot, list_answers(snapshot));
}

static bool has_sticky(const struct ruleset *rules)
{
    for (size_t i = 0; i < rules->flag_count; i++) {
        if (rules->flags[i].sticky_count > 0)
            return true;
    }
    return false;
}

static struct ofrep_pieces *write_pieces(const struct snapshot *snapshot)
{
    struct ofrep_pieces *pieces = annex_make(sizeof(*pieces), channel_bytes(snapshot));
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    pieces->channels = channel_render(&pieces->annex.arena, snapshot);
    pieces->has_sticky = has_sticky(snapshot->rules);
    ofrep_encode_metadata(&buf, &snapshot->settings.metadata);
    pieces->metadata = arena_copy_str(&pieces->annex.arena, buf_str(&buf));
    pieces->metadata_stamp = stamp_of(pieces->metadata);
    buf_close(&buf);
    return pieces;
}

const struct ofrep_pieces *ofrep_pieces_of(const struct snapshot *snapshot)
{
    annex_slot *slot = slot_of(snapshot, OFREP_ANNEX);
    const struct ofrep_pieces *pieces = annex_find(slot);
    return pieces != NULL ? pieces : annex_keep(slot, write_pieces(snapshot));
}

void ofrep_render(struct snapshot *snapshot)
{
    if (snapshot_is_asked(snapshot, (uint32_t)1 << OFREP_ANNEX))
        ofrep_pieces_of(snapshot);
    if (snapshot_is_asked(snapshot, (uint32_t)1 << OFREP_ANSWERS))
        ofrep_answers_of(snapshot);
    if (snapshot_is_asked(snapshot, (uint32_t)1 << OFREP_EFFECTS))
        ofrep_effects_of(snapshot);
}

/* ---- reading --------------------------------------------------------------------------------- */

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
