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
        [CLI_OK] = 0,        [CLI_FAILED] = 1,  [CLI_CHANGES] = 1,
        [CLI_NOT_FOUND] = 1, [CLI_USAGE] = 2,   [CLI_NOT_ALLOWED] = 3,
        [CLI_CONFLICT] = 1,  [CLI_LIMITED] = 4, [CLI_UNREACHABLE] = 4,
    };
    return session->is_vendor ? theirs[status] : status;
}
