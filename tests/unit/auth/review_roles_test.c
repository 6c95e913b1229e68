/* SPDX-License-Identifier: Apache-2.0 */
/* Who may do what: no role, no rights. */
#include "auth/keyring.h"

#include "test.h"

TEST(a_user_without_a_role_does_not_even_read)
{
    struct caller caller = {.kind = CREDENTIAL_PERSONAL, .role = ROLE_NONE};
    CHECK(!caller_may_read(&caller));
    CHECK(!caller_may_write(&caller));
    caller.role = ROLE_VIEWER;
    CHECK(caller_may_read(&caller));
    CHECK(!caller_may_write(&caller));
}

TEST(keys_that_read_a_configuration_manage_nothing)
{
    const struct caller browser = {.kind = CREDENTIAL_BROWSER_KEY};
    const struct caller server = {.kind = CREDENTIAL_SERVER_KEY};
    const struct caller app = {.kind = CREDENTIAL_APP, .app_id = STR("app_1")};
    CHECK(!caller_may_read(&browser));
    CHECK(!caller_may_read(&server));
    CHECK(caller_may_read(&app));
}

TESTS(a_user_without_a_role_does_not_even_read, keys_that_read_a_configuration_manage_nothing)
