/* SPDX-License-Identifier: Apache-2.0 */
/* sign_in - where tries are counted, which tokens are a person's, and who is nobody any longer. */
#include "dialect/sign_in.h"

#include <stdlib.h>
#include <string.h>

#include "gazette.h"

enum { PER_ADDRESS = 3, MINUTE_MS = 60000 };

/* A request in a world of one person, user_1. */
struct door {
    struct gazette gazette;
    struct services services;
    struct http_request request;
    struct exchange x;
    struct view *view;
    struct signed_in person;
    uint32_t retry_after_s;
};

static struct door *door_open(void)
{
    struct door *door = calloc(1, sizeof(*door));
    CHECK(door != NULL);
    gazette_open(&door->gazette);
    door->services = (struct services){
        .clock = &door->gazette.clock,
        .sign_in = sign_in_open((struct sign_in_limits){PER_ADDRESS, PER_ADDRESS}),
    };
    door->request = (struct http_request){.peer = STR("192.0.2.7"), .arena = &door->gazette.arena};
    door->x = (struct exchange){
        .request = &door->request, .services = &door->services, .arena = &door->gazette.arena};
    return door;
}

/* The exchange sees what is so now. */
static struct exchange *refresh(struct door *door)
{
    if (door->view != NULL)
        view_release(door->view);
    gazette_publish(&door->gazette);
    door->view = view_acquire(door->gazette.views);
    door->x.view = door->view;
    door->x.now_ms = clock_wall_ms(&door->gazette.clock);
    return &door->x;
}

static void door_close(struct door *door)
{
    view_release(door->view);
    sign_in_close(door->services.sign_in);
    gazette_close(&door->gazette);
    free(door);
}

static struct fault show_token(struct door *door, struct str token)
{
    door->person = (struct signed_in){0};
    atomic_fetch_add(&door->gazette.now_ms, MINUTE_MS); /* so that no try is one too many */
    return sign_in_by_token(refresh(door), token, &door->person, &door->retry_after_s);
}

static struct str place_of(struct door *door, const char *peer)
{
    door->request.peer = str_of(peer);
    return sign_in_place(&door->x);
}

/* ---- how often ------------------------------------------------------------------------------ */

TEST(a_place_is_an_address_or_the_half_of_one_that_says_whose_it_is)
{
    struct door *door = door_open();
    refresh(door);
    CHECK_STR(place_of(door, "192.0.2.7"), STR("\xC0\x00\x02\x07"));
    CHECK_STR(place_of(door, "::ffff:192.0.2.7"), STR("\xC0\x00\x02\x07"));
    CHECK_STR(place_of(door, "2001:db8:1:2:3:4:5:6"), STR("\x20\x01\x0d\xb8\x00\x01\x00\x02"));
    CHECK_STR(place_of(door, "2001:db8:1:2::9"), STR("\x20\x01\x0d\xb8\x00\x01\x00\x02"));
    CHECK_STR(place_of(door, "2001:db8:1:3::9"), STR("\x20\x01\x0d\xb8\x00\x01\x00\x03"));
    CHECK_STR(place_of(door, "somewhere"), STR("-"));
    CHECK_STR(place_of(door, ""), STR("-"));
    door_close(door);
}

TEST(so_many_tries_a_minute_from_a_place)
{
    struct door *door = door_open();
    struct exchange *x = refresh(door);
    for (int i = 0; i < PER_ADDRESS; i++)
        CHECK_OK(sign_in_count(x, &door->retry_after_s));
    CHECK_INT(door->retry_after_s, 0);
    CHECK_FAULT(sign_in_count(x, &door->retry_after_s), FAULT_LIMIT);
    CHECK_INT(door->retry_after_s, MINUTE_MS / 1000 / PER_ADDRESS);
    CHECK_FAULT(sign_in_by_token(x, STR("x"), &door->person, &door->retry_after_s), FAULT_LIMIT);
    CHECK_FAULT(sign_in_by_password(x, STR("a@b"), STR("x"), &door->person, &door->retry_after_s),
                FAULT_LIMIT);
    door->request.peer = STR("192.0.2.8");
    CHECK_OK(sign_in_count(x, &door->retry_after_s));
    door->request.peer = STR("192.0.2.7");
    atomic_fetch_add(&door->gazette.now_ms, MINUTE_MS / PER_ADDRESS);
    CHECK_OK(sign_in_count(x, &door->retry_after_s));
    CHECK_FAULT(sign_in_count(x, &door->retry_after_s), FAULT_LIMIT);
    door_close(door);
}

/* No such address can be anybody's: no password is looked at. */
TEST(an_address_longer_than_mail_has_is_nobodys)
{
    struct door *door = door_open();
    char email[255];
    memset(email, 'a', sizeof(email));
    CHECK_FAULT(sign_in_by_password(refresh(door), (struct str){email, sizeof(email)}, STR("x"),
                                    &door->person, &door->retry_after_s),
                FAULT_UNAUTHENTICATED);
    door_close(door);
}

/* ---- tokens --------------------------------------------------------------------------------- */

TEST(a_persons_own_token_says_who_they_are)
{
    struct door *door = door_open();
    struct str token =
        gazette_add_credential(&door->gazette, (struct credential_row){.id = STR("mine"),
                                                                       .kind = CREDENTIAL_PERSONAL,
                                                                       .user_id = STR("user_1")});
    CHECK_OK(show_token(door, token));
    CHECK_STR(door->person.email, STR("o@localhost"));
    CHECK_STR(door->person.caller.user_id, STR("user_1"));
    CHECK_STR(door->person.caller.credential_id, STR("mine"));
    CHECK_FAULT(show_token(door, STR("")), FAULT_UNAUTHENTICATED);
    CHECK_FAULT(show_token(door, str_slice(token, 1, token.size)), FAULT_UNAUTHENTICATED);
    door->gazette.role = ROLE_VIEWER;
    gazette_make_catalog(&door->gazette);
    CHECK_OK(show_token(door, token));
    door->gazette.role = ROLE_NONE;
    gazette_make_catalog(&door->gazette);
    CHECK_FAULT(show_token(door, token), FAULT_DENIED);
    gazette_remove_credential(&door->gazette, STR("mine"));
    CHECK_FAULT(show_token(door, token), FAULT_UNAUTHENTICATED);
    door_close(door);
}

TEST(no_other_credential_is_a_person)
{
    struct door *door = door_open();
    static const uint64_t listed[] = {1};
    const struct credential_row rows[] = {
        {.id = STR("app"), .kind = CREDENTIAL_APP, .app_id = STR("app_1")},
        {.id = STR("environment"),
         .kind = CREDENTIAL_ENVIRONMENT,
         .environments = listed,
         .environment_count = 1},
        {.id = STR("server"), .kind = CREDENTIAL_SERVER_KEY, .environment = 1},
        {.id = STR("browser"), .kind = CREDENTIAL_BROWSER_KEY, .environment = 1},
        {.id = STR("reader"),
         .kind = CREDENTIAL_PERSONAL,
         .user_id = STR("user_1"),
         .is_read_only = true},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct str token = gazette_add_credential(&door->gazette, rows[i]);
        CHECK_FAULT(show_token(door, token), FAULT_DENIED);
        CHECK(str_is_absent(door->person.email));
    }
    door_close(door);
}

/* ---- once more ------------------------------------------------------------------------------ */

TEST(who_was_recognised_is_looked_for_again)
{
    struct door *door = door_open();
    gazette_add_credential(&door->gazette, (struct credential_row){.id = STR("mine"),
                                                                   .kind = CREDENTIAL_PERSONAL,
                                                                   .user_id = STR("user_1")});
    gazette_add_credential(&door->gazette, (struct credential_row){.id = STR("reader"),
                                                                   .kind = CREDENTIAL_PERSONAL,
                                                                   .user_id = STR("user_1"),
                                                                   .is_read_only = true});
    gazette_add_credential(
        &door->gazette,
        (struct credential_row){.id = STR("app"), .kind = CREDENTIAL_APP, .app_id = STR("app_1")});
    struct exchange *x = refresh(door);
    struct signed_in *person = &door->person;
    CHECK(sign_in_again(x, STR("user_1"), STR(""), person));
    CHECK_STR(person->email, STR("o@localhost"));
    CHECK_STR(person->caller.user_id, STR("user_1"));
    CHECK_INT(person->caller.kind, CREDENTIAL_PERSONAL);
    CHECK_INT(person->caller.role, ROLE_OWNER);
    CHECK(str_is_absent(person->caller.credential_id));
    CHECK(sign_in_again(x, STR("user_1"), STR("mine"), person));
    CHECK_STR(person->caller.credential_id, STR("mine"));
    CHECK(!sign_in_again(x, STR("user_2"), STR(""), person));
    CHECK(!sign_in_again(x, STR("user_1"), STR("reader"), person));
    CHECK(!sign_in_again(x, STR("user_1"), STR("app"), person));
    CHECK(!sign_in_again(x, STR("user_1"), STR("revoked"), person));
    door->gazette.role = ROLE_VIEWER;
    gazette_make_catalog(&door->gazette);
    CHECK(sign_in_again(refresh(door), STR("user_1"), STR(""), person));
    door->gazette.role = ROLE_NONE;
    gazette_make_catalog(&door->gazette);
    CHECK(!sign_in_again(refresh(door), STR("user_1"), STR(""), person));
    door_close(door);
}

TESTS(a_place_is_an_address_or_the_half_of_one_that_says_whose_it_is,
      so_many_tries_a_minute_from_a_place, an_address_longer_than_mail_has_is_nobodys,
      a_persons_own_token_says_who_they_are, no_other_credential_is_a_person,
      who_was_recognised_is_looked_for_again)
