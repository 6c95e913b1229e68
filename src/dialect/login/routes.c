/* SPDX-License-Identifier: Apache-2.0 */
/* routes - the logins at a glance. */
#include "dialect/login/routes.h"

#include "dialect/login/browser.h"
#include "dialect/login/device_api.h"
#include "dialect/login/device_page.h"
#include "dialect/login/page.h"

enum { NO_BODY = 0, BODY = 8 * 1024 };

static const struct route routes[] = {
    {HTTP_GET, STR("/cli/login"), SCOPE_ANYONE, LANE_FAST, NO_BODY, login_get_page},
    {HTTP_POST, STR("/cli/login"), SCOPE_ANYONE, LANE_STORE, BODY, login_post_page},
    {HTTP_POST, STR("/cli/device"), SCOPE_ANYONE, LANE_FAST, BODY, login_begin_device},
    {HTTP_POST, STR("/cli/device/token"), SCOPE_ANYONE, LANE_STORE, BODY, login_ask_device},
    {HTTP_GET, STR("/device"), SCOPE_ANYONE, LANE_FAST, NO_BODY, login_get_device},
    {HTTP_POST, STR("/device"), SCOPE_ANYONE, LANE_STORE, BODY, login_post_device},
    {HTTP_GET, STR("/cli/page.css"), SCOPE_ANYONE, LANE_FAST, NO_BODY, page_get_style},
};

static const struct str prefixes[] = {STR("/cli"), STR("/device")};

/* ---- no -------------------------------------------------------------------------------------- */

static int status_of(struct fault fault)
{
    if (fault_is_passing(fault))
        return 503;
    return fault.kind == FAULT_MISSING ? 404 : 400;
}

static struct str sentence_of(int status)
{
    switch (status) {
    case 404:
        return STR("There is no such page.");
    case 405:
        return STR("This page is not asked for in this way.");
    case 413:
        return STR("That is too much to send here.");
    case 503:
        return STR("The server cannot do this now: try again later.");
    default:
        return STR("The server does not understand this request.");
    }
}

static void refuse(struct exchange *x, struct fault fault, int status, struct str allow)
{
    if (status == 0)
        status = status_of(fault);
    const char *lines = status == 503 ? "Retry-After: 1\r\n" : "";
    if (!str_is_absent(allow))
        lines = arena_format(x->arena, "Allow: %.*s\r\n", STR_ARG(allow)).data;
    if (str_starts_with(x->path, STR("/cli/device")))
        device_api_refuse(x, status,
                          status == 503 ? STR("temporarily_unavailable") : STR("invalid_request"),
                          sentence_of(status), lines);
    else
        page_answer(x, status, "That did not work", sentence_of(status), lines);
}

/* Nothing here is called from other origins. */
static void preflight(struct exchange *x, struct str allow)
{
    if (str_is_absent(allow)) {
        refuse(x, fault_none(), 404, allow);
        return;
    }
    x->response.status = 204;
    x->response.headers = arena_format(x->arena, "Allow: %.*s\r\n", STR_ARG(allow));
}

/* Tests and tools serve languages without what these need. */
static bool admit(struct exchange *x)
{
    if (x->services->sign_in != NULL && x->services->device_logins != NULL)
        return true;
    refuse(x, fault_make(FAULT_UNAVAILABLE, STR("sign_in"), STR("")), 0, (struct str){0});
    return false;
}

const struct dialect login_dialect = {
    .name = "login",
    .prefixes = prefixes,
    .prefix_count = COUNT_OF(prefixes),
    .routes = routes,
    .route_count = COUNT_OF(routes),
    .refuse = refuse,
    .preflight = preflight,
    .admit = admit,
};
