/* SPDX-License-Identifier: Apache-2.0 */
/* guard - what a change finds when its turn comes may not be what its caller saw when they asked.
 */
#include "dialect/admin/resource.h"
#include "dialect/admin/rights.h"
#include "visitor.h"

struct world {
    struct user_row users[3];
    struct credential_row credentials[2];
    size_t user_count, credential_count;
};

static const struct world usual = {
    .users = {{STR("user_ann"), STR("ann@x"), ROLE_ADMIN, 1},
              {STR("user_bob"), STR("bob@x"), ROLE_VIEWER, 2},
              {STR("user_eve"), STR("eve@x"), ROLE_OWNER, 3}},
    .credentials = {{.id = STR("token_ann"),
                     .kind = CREDENTIAL_PERSONAL,
                     .hash = {{1}},
                     .user_id = STR("user_ann")},
                    {.id = STR("token_eve"),
                     .kind = CREDENTIAL_PERSONAL,
                     .hash = {{2}},
                     .user_id = STR("user_eve")}},
    .user_count = 3,
    .credential_count = 2,
};

static struct catalog *make(const struct world *world)
{
    const struct catalog_parts parts = {
        .users = world->users,
        .user_count = world->user_count,
        .credentials = world->credentials,
        .credential_count = world->credential_count,
    };
    return catalog_make(&parts);
}

/* A user, in two members. */
static bool write_user(struct json_writer *writer, const struct catalog *catalog,
                       const struct caller *caller, const struct resource_name *name)
{
    const struct catalog_user *user = catalog_find_user(catalog, name->id);
    if (user == NULL || !rights_see_user(caller, user))
        return false;
    json_member_string(writer, STR("email"), user->email);
    json_member_u64(writer, STR("role"), (uint64_t)user->role);
    return true;
}

static struct fault demand_admin(const struct catalog *catalog, const struct caller *caller,
                                 void *input)
{
    CHECK(catalog != NULL);
    CHECK(input == NULL);
    return rights_administer(caller) ? fault_none()
                                     : fault_make(FAULT_DENIED, STR(""), STR("not any longer"));
}

/* Ann asks to change Bob, with what she saw of him; then the world is `later`. */
static struct fault ask(const struct world *later, bool is_conditional)
{
    struct visitor *visitor = visitor_open(HTTP_PATCH, "/");
    struct catalog *then = make(&usual);
    struct catalog *now = make(later);
    const struct resource_name bob = {.id = STR("user_bob")};
    visitor->caller = then->keyring.entries[0].caller;
    struct str seen = resource_text(&visitor->arena, write_user, then, &visitor->caller, &bob);
    CHECK_STR(seen, STR("{\"email\":\"bob@x\",\"role\":1}"));
    struct str tag = admin_tag_of_text(&visitor->arena, seen);
    if (is_conditional)
        visitor_say(visitor, "If-Match", arena_format(&visitor->arena, "%.*s", STR_ARG(tag)).data);
    struct resource_guard guard;
    CHECK(resource_guard_open(&visitor->x, write_user, bob, &guard));
    guard.allow = demand_admin;
    CHECK_OK(resource_guard_check(then, &guard));
    struct fault fault = resource_guard_check(now, &guard);
    catalog_release(then);
    catalog_release(now);
    visitor_close(visitor);
    return fault;
}

TEST(nothing_happened_meanwhile)
{
    CHECK_OK(ask(&usual, true));
    CHECK_OK(ask(&usual, false));
}

TEST(what_was_changed_meanwhile_is_stale_for_who_cares)
{
    struct world world = usual;
    world.users[1].role = ROLE_EDITOR;
    CHECK_FAULT(ask(&world, true), FAULT_STALE);
    CHECK_OK(ask(&world, false));
}

TEST(what_is_gone_meanwhile_is_missing)
{
    struct world world = usual;
    world.users[1] = world.users[2];
    world.user_count = 2;
    CHECK_FAULT(ask(&world, true), FAULT_MISSING);
    CHECK_FAULT(ask(&world, false), FAULT_MISSING);
}

TEST(who_has_lost_the_right_meanwhile_is_denied)
{
    for (enum role role = ROLE_NONE; role <= ROLE_OWNER; role++) {
        struct world world = usual;
        world.users[0].role = role;
        enum fault_kind kind = role >= ROLE_ADMIN ? FAULT_NONE : FAULT_DENIED;
        CHECK_FAULT(ask(&world, false), kind);
        CHECK_FAULT(ask(&world, true), kind);
    }
}

TEST(who_is_gone_meanwhile_has_no_rights)
{
    struct world world = usual;
    world.users[0] = world.users[1];
    world.users[1] = world.users[2];
    world.user_count = 2;
    CHECK_FAULT(ask(&world, false), FAULT_DENIED);
}

TEST(rights_of_people)
{
    struct catalog *catalog = make(&usual);
    struct caller admin = catalog->keyring.entries[0].caller;
    struct caller owner = catalog->keyring.entries[1].caller;
    CHECK(rights_manage_role(&admin, ROLE_ADMIN));
    CHECK(!rights_manage_role(&admin, ROLE_OWNER));
    CHECK(rights_manage_role(&owner, ROLE_OWNER));
    const struct catalog_credential *owners = catalog_find_credential(catalog, STR("token_eve"));
    const struct catalog_credential *admins = catalog_find_credential(catalog, STR("token_ann"));
    CHECK(rights_see_token(catalog, &admin, owners));
    CHECK(!rights_revoke_token(catalog, &admin, owners));
    CHECK(rights_revoke_token(catalog, &owner, admins));
    owner.is_read_only = true;
    CHECK(!rights_manage_role(&owner, ROLE_VIEWER));
    CHECK(rights_see_token(catalog, &owner, admins));
    CHECK(!rights_revoke_token(catalog, &owner, admins));
    CHECK(rights_revoke_token(catalog, &owner, owners)); /* itself */
    catalog_release(catalog);
}

TESTS(nothing_happened_meanwhile, what_was_changed_meanwhile_is_stale_for_who_cares,
      what_is_gone_meanwhile_is_missing, who_has_lost_the_right_meanwhile_is_denied,
      who_is_gone_meanwhile_has_no_rights, rights_of_people)
