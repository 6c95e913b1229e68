/* SPDX-License-Identifier: Apache-2.0 */
/*
 * edit_fuzz - bytes as changes to what is there: merge patches, and the legacy form of flags.
 *
 * A patch applied twice changes nothing more; a legacy flag that is taken is one by our own word,
 * and what is said of it is taken again.
 */
#include "base/random.h"
#include "dialect/admin/merge_patch.h"
#include "dialect/superflag/legacy.h"
#include "fuzz.h"

static void fuzz_merge(struct arena *arena, const struct json *target, const struct json *patch)
{
    struct json once = merge_patch(arena, target, patch);
    struct json twice = merge_patch(arena, &once, patch);
    require(json_equal(&once, &twice));
}

static void fuzz_legacy(struct arena *arena, const struct json *sent)
{
    static const char *const types[] = {"bool", "string", "number", "json"};
    for (size_t i = 0; i < COUNT_OF(types); i++) {
        struct flag flag, patched;
        struct fault fault = superflag_decode_legacy_flag(
            arena, STR("a"), str_of(types[i]), json_find(sent, STR("value")),
            json_find(sent, STR("rollout")), json_find(sent, STR("variants")),
            json_find(sent, STR("clientEnabled")), &flag);
        if (failed(fault))
            continue;
        require(superflag_is_legacy(&flag));
        if (!failed(superflag_patch_legacy_flag(arena, &flag, sent, &patched)))
            require(superflag_is_legacy(&patched));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    random_open();
    struct arena arena;
    arena_open(&arena, 4096);
    struct str bytes = {(const char *)data, size};
    struct json target, patch;
    if (!failed(json_parse(&arena, fuzz_take(&bytes), &json_budget_default, &target))) {
        fuzz_legacy(&arena, &target);
        if (!failed(json_parse(&arena, bytes, &json_budget_default, &patch)))
            fuzz_merge(&arena, &target, &patch);
    }
    arena_close(&arena);
    return 0;
}
