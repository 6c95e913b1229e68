/* SPDX-License-Identifier: Apache-2.0 */
/*
 * export_fuzz - bytes as an environment's export and a context, all the way to every flag's
 * decision and its explanation: decoded, checked, compiled, evaluated, said.
 *
 * What is read twice is answered alike.
 */
#include "base/random.h"
#include "dialect/admin/offline.h"
#include "fuzz.h"

static const int64_t now_ms = 1930000000000;

static bool answer(struct arena *arena, struct str text, const struct json *context,
                   struct buf *buf)
{
    struct admin_offline *offline = NULL;
    struct fault fault = admin_offline_open(arena, text, &offline);
    bool is_answered = false;
    buf_open(buf, SIZE_MAX);
    if (!failed(fault)) {
        fault = admin_offline_answer(offline, context, (struct str){0}, now_ms, false, buf);
        is_answered = !failed(fault);
    }
    if (is_answered) {
        struct buf why;
        buf_open(&why, SIZE_MAX);
        (void)failed(admin_offline_answer(offline, context, STR("a"), now_ms, true, &why));
        buf_close(&why);
    }
    admin_offline_close(offline);
    return is_answered;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    random_open();
    struct arena arena;
    arena_open(&arena, 4096);
    struct str bytes = {(const char *)data, size};
    struct json context;
    if (!failed(json_parse(&arena, fuzz_take(&bytes), &json_budget_default, &context))) {
        struct buf first, second;
        bool is_first = answer(&arena, bytes, &context, &first);
        bool is_second = answer(&arena, bytes, &context, &second);
        require(is_first == is_second);
        require(!is_first || str_equal(buf_str(&first), buf_str(&second)));
        buf_close(&first);
        buf_close(&second);
    }
    arena_close(&arena);
    return 0;
}
