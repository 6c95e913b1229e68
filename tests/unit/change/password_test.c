/* SPDX-License-Identifier: Apache-2.0 */
/* Passwords of people: set, found, gone with their person; and what somebody without a credential
 * may do. */
#include "test.h"
#include "town.h"

static struct change set_password(struct str user, const char *verifier)
{
    return (struct change){.kind = CHANGE_SET_PASSWORD,
                           .action = STR("user.password"),
                           .user_id = user,
                           .verifier = str_of(verifier)};
}

static struct str password_of(struct town *town, struct str user)
{
    struct str verifier;
    CHECK_OK(change_find_password(town->changer, &town->arena, user, &verifier));
    return verifier;
}

static struct str make_user(struct town *town, const char *email, enum role role)
{
    struct change change = {.kind = CHANGE_CREATE_USER,
                            .action = STR("user.create"),
                            .name = str_of(email),
                            .role = role};
    CHECK_OK(town_apply(town, &change));
    return change.created_id;
}

TEST(a_password_is_found_replaced_and_gone_with_its_person)
{
    struct town town;
    town_open(&town);
    struct str ann = make_user(&town, "ann@example.test", ROLE_EDITOR);
    struct str bob = make_user(&town, "bob@example.test", ROLE_EDITOR);
    CHECK(str_is_absent(password_of(&town, ann)));
    struct change first = set_password(ann, "$first");
    struct change second = set_password(ann, "$second");
    CHECK_OK(town_apply(&town, &first));
    CHECK_STR(password_of(&town, ann), STR("$first"));
    CHECK_OK(town_apply(&town, &second));
    CHECK_STR(password_of(&town, ann), STR("$second"));
    CHECK(str_is_absent(password_of(&town, bob)));
    CHECK(str_is_absent(password_of(&town, STR("nobody"))));
    struct change deletion = {
        .kind = CHANGE_DELETE_USER, .action = STR("user.delete"), .user_id = ann};
    CHECK_OK(town_apply(&town, &deletion));
    CHECK(str_is_absent(password_of(&town, ann)));
    struct change late = set_password(ann, "$third");
    CHECK_FAULT(town_apply(&town, &late), FAULT_MISSING);
    town_close(&town);
}

TEST(a_dry_run_keeps_none)
{
    struct town town;
    town_open(&town);
    struct str ann = make_user(&town, "ann@example.test", ROLE_EDITOR);
    struct change change = set_password(ann, "$first");
    change.is_dry_run = true;
    CHECK_OK(town_apply(&town, &change));
    CHECK(str_is_absent(password_of(&town, ann)));
    town_close(&town);
}

TEST(the_trail_knows_whose_and_not_what)
{
    struct town town;
    town_open(&town);
    struct str ann = make_user(&town, "ann@example.test", ROLE_EDITOR);
    struct change change = set_password(ann, "$first");
    CHECK_OK(town_apply(&town, &change));
    struct store *reader = NULL;
    struct audit_row *rows = NULL;
    size_t count = 0;
    const struct audit_query newest = {.limit = 1};
    CHECK_OK(store_open(&reader, scratch_path(&town.scratch), STORE_READER));
    CHECK_OK(store_query_audit(reader, &town.arena, &newest, &rows, &count));
    store_close(reader);
    CHECK_INT(count, 1);
    CHECK_STR(rows[0].action, STR("user.password"));
    CHECK_STR(rows[0].subject, ann);
    CHECK_STR(rows[0].detail, STR("{\"email\":\"ann@example.test\"}"));
    town_close(&town);
}

/* ---- without a credential ----------------------------------------------------------------------
 */

static struct fault apply_as(struct town *town, const struct caller *caller, struct change *change)
{
    change->caller = caller;
    change->arena = &town->arena;
    return change_apply(town->changer, change);
}

TEST(who_has_shown_a_password_makes_a_token_of_their_own_and_nothing_else)
{
    struct town town;
    town_open(&town);
    struct str ann = make_user(&town, "ann@example.test", ROLE_OWNER);
    struct str bob = make_user(&town, "bob@example.test", ROLE_VIEWER);
    const struct caller caller = {.kind = CREDENTIAL_PERSONAL,
                                  .actor = STR("ann@example.test"),
                                  .user_id = ann,
                                  .role = ROLE_OWNER};
    struct change own = {.kind = CHANGE_CREATE_TOKEN,
                         .action = STR("token.create"),
                         .key_kind = CREDENTIAL_PERSONAL,
                         .user_id = ann};
    CHECK_OK(apply_as(&town, &caller, &own));
    CHECK(str_starts_with(own.secret, STR("cli_")));
    uint64_t production = town_app(&town, STR("Shop"));
    struct change others[] = {
        {.kind = CHANGE_CREATE_TOKEN, .key_kind = CREDENTIAL_PERSONAL, .user_id = bob},
        {.kind = CHANGE_CREATE_TOKEN,
         .key_kind = CREDENTIAL_ENVIRONMENT,
         .user_id = ann,
         .environments = &production,
         .environment_count = 1},
        {.kind = CHANGE_CREATE_APP, .name = STR("Other")},
        {.kind = CHANGE_EDIT_USER, .user_id = ann, .role = ROLE_VIEWER},
        {.kind = CHANGE_SET_PASSWORD, .user_id = ann, .verifier = STR("$x")},
        {.kind = CHANGE_DELETE_USER, .user_id = bob},
    };
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        others[i].action = STR("any.thing");
        CHECK_FAULT(apply_as(&town, &caller, &others[i]), FAULT_UNAUTHENTICATED);
    }
    struct change deletion = {
        .kind = CHANGE_DELETE_USER, .action = STR("user.delete"), .user_id = ann};
    CHECK_OK(town_apply(&town, &deletion));
    struct change late = own;
    CHECK_FAULT(apply_as(&town, &caller, &late), FAULT_UNAUTHENTICATED);
    town_close(&town);
}

TESTS(a_password_is_found_replaced_and_gone_with_its_person, a_dry_run_keeps_none,
      the_trail_knows_whose_and_not_what,
      who_has_shown_a_password_makes_a_token_of_their_own_and_nothing_else)
