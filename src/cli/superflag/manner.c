/* SPDX-License-Identifier: Apache-2.0 */
/* manner - behaving like the vendor's own tool when called by its name: see manner.h. */
#include "cli/superflag/manner.h"

void manner_adopt(struct session *session)
{
    session->is_vendor = str_equal(session->program, STR("superflag"));
    if (!session->is_vendor)
        return;
    session->format = OUTPUT_TSV;
    session->has_colour = false;
}

int manner_status(const struct session *session, int status)
{
    static const int theirs[] = {
        [EXIT_OK] = 0,        [EXIT_FAILED] = 1,  [EXIT_CHANGES] = 1,
        [EXIT_NOT_FOUND] = 1, [EXIT_USAGE] = 2,   [EXIT_NOT_ALLOWED] = 3,
        [EXIT_CONFLICT] = 1,  [EXIT_LIMITED] = 4, [EXIT_UNREACHABLE] = 4,
    };
    return session->is_vendor ? theirs[status] : status;
}
