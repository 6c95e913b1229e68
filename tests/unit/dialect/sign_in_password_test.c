/* SPDX-License-Identifier: Apache-2.0 */
/* sign_in - who shows a password is who it belongs to, and everybody else hears the same no. */
#include <stdlib.h>

#include "dialect/sign_in.h"

#include "town.h"

enum { PER_ADDRESS = 50, PER_ACCOUNT = 4, MINUTE_MS = 60000 };

static const struct str battery = {"correct horse battery", 21};

/* A request in a town, where Ann has a password and Bob has none. */
struct door {
    struct town town;
    struct services services;
    struct http_request request;
    struct exchange x;
    struct view *view;
    struct str ann, bob;
    struct signed_in person;
    uint32_t retry_after_s;
};

static struct exchange *refresh(struct door *door)
{
    if (door->view != NULL)
        view_release(door->view);
    door->view = view_acquire(door->town.views);
    door->x.view = door->view;
    door->x.now_ms = clock_wall_ms(&door->town.clock);
    return &door->x;
}

static struct str make_user(struct door *door, const char *email)
{
    struct change change = {.kind = CHANGE_CREATE_USER,
                            .action = STR("user.create"),
                            .name = str_of(email),
                            .role = ROLE_VIEWER};
    CHECK_OK(town_apply(&door->town, &change));
    return change.created_id;
}

static void set_role(struct door *door, struct str user, enum role role)
{
    struct change change = {
        .kind = CHANGE_EDIT_USER, .action = STR("user.edit"), .user_id = user, .role = role};
    CHECK_OK(town_apply(&door->town, &change));
}

static struct door *door_open(void)
{
    struct door *door = calloc(1, sizeof(*door));
    CHECK(door != NULL);
    town_open(&door->town);
    door->services = (struct services){
        .clock = &door->town.clock,
        .changer = door->town.changer,
        .sign_in = sign_in_open((struct sign_in_limits){PER_ADDRESS, PER_ACCOUNT}),
    };
    door->request = (struct http_request){.peer = STR("192.0.2.7"), .arena = &door->town.arena};
    door->x = (struct exchange){
        .request = &door->request, .services = &door->services, .arena = &door->town.arena};
    door->ann = make_user(door, "ann@example.test");
    door->bob = make_user(door, "bob@example.test");
    struct change change = {
        .kind = CHANGE_SET_PASSWORD, .action = STR("user.password"), .user_id = door->ann};
    CHECK_OK(sign_in_stretch(refresh(door), battery, &change.verifier));
    CHECK_OK(town_apply(&door->town, &change));
    return door;
}

static void door_close(struct door *door)
{
    view_release(door->view);
    sign_in_close(door->services.sign_in);
    town_close(&door->town);
    free(door);
}

static struct fault try_as(struct door *door, const char *email, struct str password)
{
    door->person = (struct signed_in){0};
    return sign_in_by_password(refresh(door), str_of(email), password, &door->person,
                               &door->retry_after_s);
}

static const struct catalog_user *user_of(struct door *door, struct str id)
{
    return catalog_find_user(refresh(door)->view->catalog, id);
}

static void pass_a_minute(struct door *door)
{
    door->town.now_ms += MINUTE_MS;
}

TEST(a_right_password_says_who_it_is)
{
    struct door *door = door_open();
    CHECK_OK(try_as(door, "Ann@Example.test", battery));
    CHECK_STR(door->person.email, STR("ann@example.test"));
    CHECK_STR(door->person.caller.actor, STR("ann@example.test"));
    CHECK_STR(door->person.caller.user_id, door->ann);
    CHECK_INT(door->person.caller.kind, CREDENTIAL_PERSONAL);
    CHECK_INT(door->person.caller.role, ROLE_VIEWER);
    CHECK(str_is_absent(door->person.caller.credential_id));
    set_role(door, door->ann, ROLE_OWNER);
    CHECK_OK(try_as(door, "ann@example.test", battery));
    CHECK_INT(door->person.caller.role, ROLE_OWNER);
    door_close(door);
}

TEST(everybody_else_hears_the_same_no)
{
    struct door *door = door_open();
    struct fault wrong = try_as(door, "ann@example.test", STR("correct horse batterz"));
    struct fault without = try_as(door, "bob@example.test", battery);
    struct fault nobody = try_as(door, "eve@example.test", battery);
    CHECK_FAULT(wrong, FAULT_UNAUTHENTICATED);
    CHECK_FAULT(without, FAULT_UNAUTHENTICATED);
    CHECK_FAULT(nobody, FAULT_UNAUTHENTICATED);
    CHECK_STR(without.why, wrong.why);
    CHECK_STR(nobody.why, wrong.why);
    CHECK(str_is_absent(door->person.email));
    door_close(door);
}

/* Counted per account, right or wrong, whether there is one or not. */
TEST(so_many_tries_a_minute_at_an_account)
{
    struct door *door = door_open();
    const char *const emails[] = {"ann@example.test", "eve@example.test"};
    for (size_t i = 0; i < COUNT_OF(emails); i++) {
        for (int count = 0; count < PER_ACCOUNT; count++)
            CHECK_FAULT(try_as(door, emails[i], STR("wrong, wrong, wrong")), FAULT_UNAUTHENTICATED);
        CHECK_FAULT(try_as(door, emails[i], battery), FAULT_LIMIT);
        CHECK_INT(door->retry_after_s, MINUTE_MS / 1000 / PER_ACCOUNT);
    }
    CHECK_FAULT(try_as(door, "ANN@example.test", battery), FAULT_LIMIT);
    CHECK_FAULT(try_as(door, "bob@example.test", battery), FAULT_UNAUTHENTICATED);
    pass_a_minute(door);
    CHECK_OK(try_as(door, "ann@example.test", battery));
    door_close(door);
}

TEST(who_has_a_password_confirms_with_it)
{
    struct door *door = door_open();
    uint32_t *wait_s = &door->retry_after_s;
    const struct catalog_user *ann = user_of(door, door->ann);
    const struct catalog_user *bob = user_of(door, door->bob);
    CHECK_OK(sign_in_confirm(&door->x, ann, battery, wait_s));
    CHECK_FAULT(sign_in_confirm(&door->x, ann, STR("wrong, wrong, wrong"), wait_s), FAULT_DENIED);
    CHECK_OK(sign_in_confirm(&door->x, bob, STR("anything"), wait_s));
    CHECK_OK(sign_in_confirm(&door->x, bob, (struct str){0}, wait_s));
    door_close(door);
}

TEST(confirming_is_a_try_unless_nothing_was_shown)
{
    struct door *door = door_open();
    uint32_t *wait_s = &door->retry_after_s;
    const struct catalog_user *ann = user_of(door, door->ann);
    for (int count = 0; count < 2 * PER_ACCOUNT; count++)
        CHECK_FAULT(sign_in_confirm(&door->x, ann, (struct str){0}, wait_s), FAULT_DENIED);
    for (int count = 0; count < PER_ACCOUNT; count++)
        CHECK_OK(sign_in_confirm(&door->x, ann, battery, wait_s));
    CHECK_FAULT(sign_in_confirm(&door->x, ann, battery, wait_s), FAULT_LIMIT);
    CHECK_INT(*wait_s, MINUTE_MS / 1000 / PER_ACCOUNT);
    door_close(door);
}

/* Who cannot be looked up is not let in, whatever is shown. */
TEST(without_a_store_nobody_signs_in)
{
    struct door *door = door_open();
    view_release(door->view);
    door->view = NULL;
    town_stop(&door->town);
    town_lose_store(&door->town);
    CHECK_OK(town_start(&door->town));
    door->services.changer = door->town.changer;
    static const char *const emails[] = {"ann@example.test", "bob@example.test",
                                         "eve@example.test"};
    for (size_t i = 0; i < COUNT_OF(emails); i++) {
        CHECK_FAULT(try_as(door, emails[i], battery), FAULT_UNAVAILABLE);
        CHECK(door->retry_after_s > 0);
        CHECK(str_is_absent(door->person.email));
    }
    door_close(door);
}

TESTS(a_right_password_says_who_it_is, everybody_else_hears_the_same_no,
      so_many_tries_a_minute_at_an_account, who_has_a_password_confirms_with_it,
      confirming_is_a_try_unless_nothing_was_shown, without_a_store_nobody_signs_in)
