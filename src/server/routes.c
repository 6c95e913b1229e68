/* SPDX-License-Identifier: Apache-2.0 */
/* routes - which languages this server speaks: one line each, the first answers for lost paths. */
#include "server/routes.h"

#include "dialect/admin/routes.h"
#include "dialect/amplitude/pieces.h"
#include "dialect/amplitude/routes.h"
#include "dialect/login/routes.h"
#include "dialect/ofrep/routes.h"
#include "dialect/superflag/read_config.h"
#include "dialect/superflag/routes.h"

const struct language server_languages[] = {
    {&superflag_dialect, superflag_render_config},
    {&amplitude_dialect, amplitude_render},
    {&ofrep_dialect, ofrep_render},
    {&admin_dialect, NULL},
    {&login_dialect, NULL},
};
const size_t server_language_count = COUNT_OF(server_languages);
