/* SPDX-License-Identifier: Apache-2.0 */
/*
 * planted - the server with a fault in its evaluator, for tests of what happens then.
 *
 * Linked with --wrap=evaluate_flag: whoever decides a flag comes through here. A flag with a rule
 * of one of these ids is decided wrongly; every other as ever.
 */
#include <stdlib.h>

#include "eval/evaluate.h"

struct decision __real_evaluate_flag(const struct flag_rules *flag, struct context *context,
                                     int64_t now_ms, struct trace *trace);
struct decision __wrap_evaluate_flag(const struct flag_rules *flag, struct context *context,
                                     int64_t now_ms, struct trace *trace);

static bool has_rule(const struct flag_rules *flag, const char *id)
{
    for (size_t i = 0; i < flag->flag->rule_count; i++) {
        if (str_equal(flag->flag->rules[i].id, str_of(id)))
            return true;
    }
    return false;
}

struct decision __wrap_evaluate_flag(const struct flag_rules *flag, struct context *context,
                                     int64_t now_ms, struct trace *trace)
{
    struct decision decision = __real_evaluate_flag(flag, context, now_ms, trace);
    if (has_rule(flag, "aborts"))
        abort();
    while (has_rule(flag, "hangs"))
        continue;
    if (has_rule(flag, "wanders") && trace != NULL)
        decision.variation = VARIATION_NONE;
    if (has_rule(flag, "invents"))
        decision.variation = 77;
    return decision;
}
