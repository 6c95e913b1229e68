/* SPDX-License-Identifier: Apache-2.0 */
/* callback - only who knows the state is listened to, and nobody is waited for. */
#include "client/callback.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "test.h"

static const char state_text[] = "A1b2C3d4";

struct scene {
    struct arena arena;
    struct callback *callback;
    struct callback_news news;
    char answer[4096];
};

static void scene_open(struct scene *scene)
{
    memset(scene, 0, sizeof(*scene));
    arena_open(&scene->arena, 4096);
    CHECK_OK(callback_open(&scene->callback, 0, str_of(state_text)));
}

static void scene_close(struct scene *scene)
{
    callback_close(scene->callback);
    arena_close(&scene->arena);
}

static int visit(const struct scene *scene, const char *sent)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(callback_port(scene->callback)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int link = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(connect(link, (const struct sockaddr *)&address, sizeof(address)) == 0);
    CHECK(send(link, sent, strlen(sent), MSG_NOSIGNAL) == (ssize_t)strlen(sent));
    return link;
}

static struct str hear(struct scene *scene, int link)
{
    size_t size = 0;
    ssize_t got = 0;
    while (size < sizeof(scene->answer) &&
           (got = recv(link, scene->answer + size, sizeof(scene->answer) - size, 0)) > 0)
        size += (size_t)got;
    close(link);
    return (struct str){scene->answer, size};
}

static bool wait_briefly(struct scene *scene)
{
    return callback_wait(scene->callback, &scene->arena, 150, &scene->news);
}

/* What a caller who is not meant is told. */
static struct str told(struct scene *scene, const char *sent)
{
    int link = visit(scene, sent);
    CHECK(!wait_briefly(scene));
    return hear(scene, link);
}

TEST(news_arrive_decoded_and_the_browser_waits_for_the_end)
{
    struct scene scene;
    scene_open(&scene);
    int link = visit(&scene, "GET /callback?email=a%2Bb%40x.org&token=cli_1%2f2&state=A1b2C3d4 "
                             "HTTP/1.1\r\nHost: localhost\r\n\r\n");
    CHECK(wait_briefly(&scene));
    CHECK_STR(scene.news.token, STR("cli_1/2"));
    CHECK_STR(scene.news.email, STR("a+b@x.org"));
    callback_conclude(scene.callback, true);
    struct str answer = hear(&scene, link);
    CHECK(str_starts_with(answer, STR("HTTP/1.1 200 OK\r\n")));
    CHECK(!str_contains(answer, STR("cli_1")));
    callback_conclude(scene.callback, true); /* nobody waits any more */
    scene_close(&scene);
}

TEST(a_login_that_failed_is_told_as_one)
{
    struct scene scene;
    scene_open(&scene);
    int link = visit(&scene, "GET /callback?token=t&state=A1b2C3d4 HTTP/1.1\r\n\r\n");
    CHECK(wait_briefly(&scene));
    CHECK(str_is_absent(scene.news.email));
    callback_conclude(scene.callback, false);
    CHECK(!str_contains(hear(&scene, link), STR("200 OK")));
    scene_close(&scene);
}

TEST(another_state_is_refused_and_counted)
{
    static const char *const states[] = {
        "&state=A1b2C3d5", "&state=A1b2C3d",  "&state=A1b2C3d4x", "&state=", "",
        "&State=A1b2C3d4", "&xstate=A1b2C3d4"};
    struct scene scene;
    scene_open(&scene);
    for (size_t i = 0; i < COUNT_OF(states); i++) {
        char sent[128];
        snprintf(sent, sizeof(sent), "GET /callback?token=t%s HTTP/1.1\r\n\r\n", states[i]);
        CHECK(str_starts_with(told(&scene, sent), STR("HTTP/1.1 400 ")));
        CHECK_INT(callback_strangers(scene.callback), i + 1);
    }
    scene_close(&scene);
}

TEST(what_is_no_such_request_is_told_so)
{
    static const struct {
        const char *sent, *status;
    } cases[] = {
        {"GET / HTTP/1.1\r\n\r\n", "404"},
        {"GET /callback/?token=t&state=A1b2C3d4 HTTP/1.1\r\n\r\n", "404"},
        {"POST /callback?token=t&state=A1b2C3d4 HTTP/1.1\r\n\r\n", "405"},
        {"HEAD /callback?token=t&state=A1b2C3d4 HTTP/1.1\r\n\r\n", "405"},
        {"GET /callback?token=t&state=A1b2C3d4 HTTP/2\r\n\r\n", "400"},
        {"GET /callback?token=t&state=A1b2C3d4\r\n\r\n", "400"},
        {"GET\r\n\r\n", "400"},
        {"\r\n\r\n", "400"},
        {"GET /callback?state=A1b2C3d4 HTTP/1.1\r\n\r\n", "400"},
        {"GET /callback?token=&state=A1b2C3d4 HTTP/1.1\r\n\r\n", "400"},
    };
    struct scene scene;
    scene_open(&scene);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct str answer = told(&scene, cases[i].sent);
        CHECK_STR(str_slice(answer, 9, 12), str_of(cases[i].status));
    }
    CHECK_INT(callback_strangers(scene.callback), 0);
    scene_close(&scene);
}

TEST(a_head_without_end_is_refused)
{
    struct scene scene;
    static char long_text[9000];
    scene_open(&scene);
    memset(long_text, 'x', sizeof(long_text) - 1);
    int link = visit(&scene, long_text);
    CHECK(!wait_briefly(&scene));
    close(link);
    scene_close(&scene);
}

TEST(silent_callers_stand_in_nobodys_way)
{
    enum { SILENT = 60 };
    struct scene scene;
    int links[SILENT];
    scene_open(&scene);
    for (size_t i = 0; i < SILENT; i++) {
        links[i] = visit(&scene, i % 2 == 0 ? "" : "GET /callback?token=");
        if (i % 10 == 9)
            callback_wait(scene.callback, &scene.arena, 30, &scene.news);
    }
    int link = visit(&scene, "GET /callback?token=t&state=A1b2C3d4 HTTP/1.1\r\n\r\n");
    CHECK(callback_wait(scene.callback, &scene.arena, 5000, &scene.news));
    callback_conclude(scene.callback, true);
    CHECK(str_starts_with(hear(&scene, link), STR("HTTP/1.1 200 ")));
    for (size_t i = 0; i < SILENT; i++)
        close(links[i]);
    scene_close(&scene);
}

TEST(a_port_has_one_listener)
{
    struct scene scene;
    struct callback *second = NULL;
    scene_open(&scene);
    CHECK_FAULT(callback_open(&second, callback_port(scene.callback), str_of(state_text)),
                FAULT_CONFLICT);
    scene_close(&scene);
}

TEST(waiting_ends)
{
    struct scene scene;
    scene_open(&scene);
    int64_t began_ms = clock_monotonic_ms(clock_system());
    CHECK(!callback_wait(scene.callback, &scene.arena, 120, &scene.news));
    int64_t took_ms = clock_monotonic_ms(clock_system()) - began_ms;
    CHECK(took_ms >= 120);
    CHECK(took_ms < 3000);
    scene_close(&scene);
}

TESTS(news_arrive_decoded_and_the_browser_waits_for_the_end, a_login_that_failed_is_told_as_one,
      another_state_is_refused_and_counted, what_is_no_such_request_is_told_so,
      a_head_without_end_is_refused, silent_callers_stand_in_nobodys_way, a_port_has_one_listener,
      waiting_ends)
