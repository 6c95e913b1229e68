/* SPDX-License-Identifier: Apache-2.0 */
/*
 * event_fuzz - bytes as a reported event: decisions, assignments, exposures, outcomes.
 *
 * What has no issues is written canonically, and that has none either and is written the same.
 */
#include "dialect/superflag/feature_event.h"
#include "fuzz.h"

static bool write(struct arena *arena, struct str text, struct buf *buf)
{
    struct json event;
    struct issue *issues = NULL;
    const struct superflag_event_options options = {.takes_any_dimension = true};
    if (failed(json_parse(arena, text, &json_budget_default, &event)) ||
        superflag_check_event(arena, &event, &options, &issues) > 0)
        return false;
    struct json_writer writer;
    buf_open(buf, SIZE_MAX);
    json_writer_open(&writer, buf);
    superflag_append_event(&writer, &event);
    struct event_row row = superflag_decode_event(arena, &event, 1, 1930000000000);
    require(row.environment == 1);
    (void)superflag_exposure_dedupe_key(arena, &event);
    require(!str_is_empty(superflag_event_dedupe_key(arena, &event)));
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    arena_open(&arena, 4096);
    struct buf first, second;
    if (write(&arena, (struct str){(const char *)data, size}, &first)) {
        require(write(&arena, buf_str(&first), &second));
        require(str_equal(buf_str(&first), buf_str(&second)));
        buf_close(&first);
        buf_close(&second);
    }
    arena_close(&arena);
    return 0;
}
