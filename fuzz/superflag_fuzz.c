/* SPDX-License-Identifier: Apache-2.0 */
/*
 * superflag_fuzz - a document from outside, all the way to a decision.
 *
 * Bytes -> JSON -> validated -> decoded -> checked -> canonical text and back -> compiled -> every
 * flag decided and explained -> served in every form. Nothing may crash, hang or disagree:
 * a document without issues decodes, and what a write accepts loads again as it was.
 */
#include <assert.h>

#include "dialect/superflag/details.h"
#include "dialect/superflag/document.h"
#include "dialect/superflag/explain.h"
#include "dialect/superflag/feature_event.h"
#include "model/codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void decide_all(struct arena *arena, const struct environment_state *state)
{
    static struct pattern_scratch *scratch;
    if (scratch == NULL)
        scratch = pattern_scratch_open();
    const struct ruleset *ruleset = ruleset_compile(arena, state);
    struct json_member context = {STR("targetingKey"), json_make_string(STR("user-1"))};
    const struct json who = {.type = JSON_OBJECT, .count = 1, .members = &context};
    const struct json fallback = json_make_boolean(false);
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    for (size_t i = 0; i < state->flag_count && i < 50; i++) {
        const struct superflag_question question = {
            .ruleset = ruleset,
            .scratch = scratch,
            .flag_key = state->flags[i]->key,
            .context = &who,
            .fallback = &fallback,
            .now_ms = 1930000000000,
        };
        struct json_writer writer;
        json_writer_open(&writer, &buf);
        superflag_append_explanation(&writer, arena, &question);
        buf_clear(&buf);
    }
    buf_close(&buf);
    ruleset_close(ruleset);
}

static void serve(const struct environment_state *state)
{
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    superflag_append_config(&buf, state, SUPERFLAG_CLIENT, 60);
    buf_clear(&buf);
    superflag_append_config(&buf, state, SUPERFLAG_SERVER, 60);
    buf_close(&buf);
}

/* What flag_check accepts is what loads, unchanged. */
static void check_round_trip(struct arena *arena, const struct flag *flag)
{
    if (failed(flag_check(arena, flag)))
        return;
    struct buf first;
    struct buf second;
    buf_open(&first, SIZE_MAX);
    buf_open(&second, SIZE_MAX);
    flag_encode(flag, &first);
    struct flag again;
    struct fault fault = flag_decode(arena, arena_copy_str(arena, buf_str(&first)), &again);
    assert(!failed(fault));
    flag_encode(&again, &second);
    assert(str_equal(buf_str(&first), buf_str(&second)));
    buf_close(&first);
    buf_close(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    arena_open(&arena, 16384);
    struct json json;
    struct str text = {(const char *)data, size};
    if (!failed(json_parse(&arena, text, &json_budget_default, &json))) {
        struct issue *issues = NULL;
        static const struct superflag_event_options options = {.takes_any_dimension = true};
        superflag_check_event(&arena, &json, &options, &issues);
        size_t count = superflag_validate(&arena, &json, &issues);
        struct superflag_document document;
        struct fault fault = superflag_decode_document(&arena, &json, &document);
        assert(failed(fault) == (count > 0));
        if (!failed(fault)) {
            for (size_t i = 0; i < document.flag_count; i++)
                check_round_trip(&arena, &document.flags[i]);
            struct environment_state state = superflag_document_state(&arena, &document);
            struct fault refused = environment_check(&arena, &state);
            decide_all(&arena, &state);
            if (!failed(refused))
                serve(&state);
        }
    }
    arena_close(&arena);
    return 0;
}
