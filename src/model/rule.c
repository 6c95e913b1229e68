/* SPDX-License-Identifier: Apache-2.0 */
/* rule - operators by name, and when a schedule is active: see rule.h. */
#include "model/rule.h"

#include "model/names.h"

struct str operator_name(enum operator operator)
{
    return name_at(&operator_names, operator);
}

bool operator_parse(struct str name, enum operator* operator)
{
    int found = name_find(&operator_names, name);
    if (found < 0)
        return false;
    *operator=(enum operator) found;
    return true;
}

bool schedule_is_active(const struct schedule *schedule, int64_t now_ms)
{
    bool has_begun = str_is_absent(schedule->start) || now_ms >= schedule->start_ms;
    bool has_ended = !str_is_absent(schedule->end) && now_ms >= schedule->end_ms;
    return has_begun && !has_ended;
}
