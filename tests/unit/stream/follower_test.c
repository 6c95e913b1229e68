/* SPDX-License-Identifier: Apache-2.0 */
/* followers - tokens follow the environments they see, as long as they see them. */
#include "square.h"

static const uint64_t listed[] = {1, 3};

/* Personal, app and environment tokens; of environments, one that lists 1 and 3. */
static struct square *open_with_tokens(void)
{
    struct square *square = square_open();
    const struct credential_row rows[] = {
        {.id = STR("person"), .kind = CREDENTIAL_PERSONAL, .user_id = STR("user_1")},
        {.id = STR("app"), .kind = CREDENTIAL_APP, .app_id = STR("app_1")},
        {.id = STR("list"),
         .kind = CREDENTIAL_ENVIRONMENT,
         .environments = listed,
         .environment_count = COUNT_OF(listed)},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        gazette_add_credential(&square->gazette, rows[i]);
    gazette_publish(&square->gazette);
    return square;
}

static int status_of(struct square *square, const char *path)
{
    char text[128];
    int size = snprintf(text, sizeof(text), "GET %s HTTP/1.0\r\n\r\n", path);
    struct client client = client_open(square->site);
    int status = client_ask(&client, (struct str){text, (size_t)size}).status;
    client_close(&client);
    return status;
}

static void publish(struct square *square)
{
    gazette_make_catalog(&square->gazette);
    gazette_publish(&square->gazette);
    stream_hub_notify(square->hub);
}

static void expect_end(struct client *client)
{
    client_expect_end(client);
    client_close(client);
}

TEST(tokens_follow_what_they_see)
{
    struct square *square = open_with_tokens();
    static const char *const seen[] = {"/1/0?as=person", "/2/0?as=person", "/3/0?as=app",
                                       "/1/0?as=list", "/3/0?as=list"};
    for (size_t i = 0; i < COUNT_OF(seen); i++)
        CHECK_INT(status_of(square, seen[i]), 200);
    CHECK_INT(status_of(square, "/2/0?as=list"), 500 + FAULT_UNAUTHENTICATED);
    CHECK_INT(status_of(square, "/4/0?as=person"), 500 + FAULT_UNAUTHENTICATED);
    CHECK_INT(status_of(square, "/2/0?as=key_1"), 500 + FAULT_UNAUTHENTICATED);
    CHECK_INT(status_of(square, "/1/0?as=nobody"), 500 + FAULT_UNAUTHENTICATED);
    wait_for_open(square, 0);
    square_close(square);
}

TEST(a_stream_ends_when_its_user_has_no_role_any_more)
{
    struct square *square = open_with_tokens();
    struct client person = follow(square, "/1/0?as=person");
    struct client list = follow(square, "/1/0?as=list");
    expect(&person, "one for 0\n");
    expect(&list, "one for 0\n");
    square->gazette.role = ROLE_VIEWER;
    publish(square);
    expect_silence(square, &person);
    square->gazette.role = ROLE_NONE;
    publish(square);
    expect_end(&person);
    expect_silence(square, &list);
    CHECK_INT(status_of(square, "/1/0?as=person"), 500 + FAULT_UNAUTHENTICATED);
    leave(square, &list);
    square_close(square);
}

/* Nobody publishes and nobody asks: the loop itself has to look. */
TEST(a_stream_ends_at_the_moment_its_token_does)
{
    struct square *square = open_with_tokens();
    struct client person = follow(square, "/1/0?as=person");
    struct client app = follow(square, "/1/0?as=app");
    expect(&person, "one for 0\n");
    expect(&app, "one for 0\n");
    for (size_t i = 0; i < square->gazette.credential_count; i++) {
        struct credential_row *row = &square->gazette.credentials[i];
        if (str_equal(row->id, STR("person")))
            row->expires_ms = gazette_now(&square->gazette.clock) + 60000;
    }
    publish(square);
    expect_silence(square, &person);
    atomic_fetch_add(&square->gazette.now_ms, 59000);
    expect(&person, "tick\n");
    expect(&app, "tick\n");
    atomic_fetch_add(&square->gazette.now_ms, 1000);
    expect_end(&person);
    expect_silence(square, &app);
    leave(square, &app);
    square_close(square);
}

TESTS(tokens_follow_what_they_see, a_stream_ends_when_its_user_has_no_role_any_more,
      a_stream_ends_at_the_moment_its_token_does)
