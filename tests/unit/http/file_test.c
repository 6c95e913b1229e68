/* SPDX-License-Identifier: Apache-2.0 */
/*
 * file - answers whose body is a file: whole, in pieces, let go of once, and lost when it is not
 * what was announced.
 *
 * The server is a cellar: /N answers with the first N bytes of one file.
 */
#include <fcntl.h>
#include <pthread.h>

#include "client.h"
#include "scratch.h"

enum { FILE_BYTES = 5 * 1024 * 1024 + 77 };

struct cellar {
    struct site *site;
    struct scratch scratch;
    char *content;
    int descriptor;
    _Atomic unsigned let_go;
    _Atomic bool may_finish, was_abandoned;
};

static void let_go(void *owner)
{
    struct cellar *cellar = owner;
    atomic_fetch_add(&cellar->let_go, 1);
}

static void answer(struct http_request *request)
{
    struct cellar *cellar = request->user;
    struct http_file *file = ARENA_NEW(request->arena, struct http_file);
    CHECK(str_parse_u64(str_slice(request->path, 1, request->path.size), &file->size));
    file->descriptor = cellar->descriptor;
    const struct http_response response = {.status = 200,
                                           .headers = STR("Content-Type: wine/red\r\n"),
                                           .file = file,
                                           .body_owner = cellar,
                                           .release = let_go};
    http_respond(request, &response);
}

static void think(struct http_request *request)
{
    struct cellar *cellar = request->user;
    while (!atomic_load(&cellar->may_finish)) {
        if (http_is_abandoned(request))
            atomic_store(&cellar->was_abandoned, true);
        usleep(1000);
    }
}

static void say_thought(struct http_request *request)
{
    site_say(request, STR("thought"));
}

static void on_request(struct http_request *request, void *context)
{
    request->user = context;
    if (str_equal(request->path, STR("/think"))) {
        http_take_time(request);
        CHECK(http_offload(request, think, say_thought));
    } else if (str_equal(request->path, STR("/echo"))) {
        site_echo(request);
    } else {
        answer(request);
    }
}

static struct cellar *cellar_open(struct http_limits limits)
{
    struct cellar *cellar = calloc(1, sizeof(struct cellar));
    CHECK(cellar != NULL);
    CHECK(scratch_open(&cellar->scratch));
    cellar->content = malloc(FILE_BYTES);
    CHECK(cellar->content != NULL);
    for (size_t i = 0; i < FILE_BYTES; i++)
        cellar->content[i] = (char)(i * 2654435761U >> 13);
    char path[320];
    snprintf(path, sizeof(path), "%s/file", cellar->scratch.path);
    cellar->descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    CHECK_INT(write(cellar->descriptor, cellar->content, FILE_BYTES), FILE_BYTES);
    cellar->site =
        site_open_with(limits, 1,
                       (struct http_callbacks){
                           .on_request = on_request, .on_refusal = site_refuse, .context = cellar});
    return cellar;
}

static void cellar_close(struct cellar *cellar, unsigned let_go_times)
{
    site_close(cellar->site);
    CHECK_INT(atomic_load(&cellar->let_go), let_go_times);
    close(cellar->descriptor);
    scratch_close(&cellar->scratch);
    free(cellar->content);
    free(cellar);
}

static void ask(struct client *client, const char *method, size_t size, const char *version)
{
    char text[128];
    int length =
        snprintf(text, sizeof(text), "%s /%zu HTTP/%s\r\nHost: a\r\n\r\n", method, size, version);
    client_send(client, (struct str){text, (size_t)length});
}

/* All that comes until the server closes. */
static struct str read_all(struct client *client)
{
    while (client_receive(client))
        continue;
    return (struct str){client->bytes, client->size};
}

static struct str body_of(struct str all)
{
    for (size_t i = 0; i + 4 <= all.size; i++) {
        if (memcmp(all.data + i, "\r\n\r\n", 4) == 0)
            return str_slice(all, i + 4, all.size);
    }
    fail();
    return all;
}

static void expect_file(const char *version, size_t size)
{
    struct cellar *cellar = cellar_open(http_limits_default);
    struct client client = client_open(cellar->site);
    ask(&client, "GET", size, version);
    struct str all = read_all(&client);
    char length[64];
    snprintf(length, sizeof(length), "\r\nContent-Length: %zu\r\n", size);
    struct str head = str_slice(all, 0, all.size - body_of(all).size);
    CHECK(str_starts_with(head, STR("HTTP/1.1 200 OK\r\n")));
    CHECK(str_contains(head, str_of(length)));
    CHECK(str_contains(head, STR("\r\nConnection: close\r\n")));
    CHECK(str_contains(head, STR("\r\nContent-Type: wine/red\r\n")));
    CHECK(!str_contains(head, STR("chunked")));
    CHECK_INT(body_of(all).size, size);
    CHECK_INT(memcmp(body_of(all).data, cellar->content, size), 0);
    client_close(&client);
    cellar_close(cellar, 1);
}

TEST(a_file_comes_whole_whatever_its_size)
{
    static const size_t sizes[] = {0, 1, 1024, 1025, 128 * 1024, 128 * 1024 + 1, FILE_BYTES};
    for (size_t i = 0; i < COUNT_OF(sizes); i++)
        expect_file("1.1", sizes[i]);
    expect_file("1.0", FILE_BYTES);
}

TEST(a_head_has_the_length_and_no_body_and_needs_no_file)
{
    struct cellar *cellar = cellar_open(http_limits_default);
    struct client client = client_open(cellar->site);
    ask(&client, "HEAD", FILE_BYTES, "1.1");
    struct str all = read_all(&client);
    CHECK(str_contains(all, STR("\r\nContent-Length: 5242957\r\n")));
    CHECK_INT(body_of(all).size, 0);
    client_close(&client);
    cellar_close(cellar, 1);
}

TEST(a_file_that_is_shorter_than_announced_is_a_loss_and_not_an_end)
{
    struct cellar *cellar = cellar_open(http_limits_default);
    CHECK_INT(ftruncate(cellar->descriptor, FILE_BYTES - 1000), 0);
    struct client client = client_open(cellar->site);
    ask(&client, "GET", FILE_BYTES, "1.1");
    struct str all = read_all(&client);
    CHECK(body_of(all).size < FILE_BYTES);
    client_close(&client);
    cellar_close(cellar, 1);
}

TEST(who_leaves_midway_holds_nothing)
{
    struct cellar *cellar = cellar_open(http_limits_default);
    for (unsigned i = 0; i < 8; i++) {
        struct client client = client_open(cellar->site);
        ask(&client, "GET", FILE_BYTES, "1.1");
        CHECK(client_receive(&client));
        client_close(&client);
    }
    for (int i = 0; atomic_load(&cellar->let_go) < 8; i++) {
        CHECK(i < 5000);
        usleep(1000);
    }
    cellar_close(cellar, 8);
}

TEST(who_does_not_read_is_given_up)
{
    struct http_limits limits = http_limits_default;
    limits.write_timeout_ms = 100;
    struct cellar *cellar = cellar_open(limits);
    struct client client = client_open(cellar->site);
    ask(&client, "GET", FILE_BYTES, "1.1");
    for (int i = 0; atomic_load(&cellar->let_go) == 0; i++) {
        CHECK(i < 5000);
        usleep(1000);
    }
    client_close(&client);
    cellar_close(cellar, 1);
}

TEST(others_are_answered_while_a_file_is_sent)
{
    struct cellar *cellar = cellar_open(http_limits_default);
    struct client slow = client_open(cellar->site);
    ask(&slow, "GET", FILE_BYTES, "1.1");
    struct client other = client_open(cellar->site);
    struct reply reply = client_ask(&other, STR("GET /echo HTTP/1.1\r\nHost: a\r\n\r\n"));
    CHECK_INT(reply.status, 200);
    CHECK_INT(body_of(read_all(&slow)).size, FILE_BYTES);
    client_close(&other);
    client_close(&slow);
    cellar_close(cellar, 1);
}

TEST(who_takes_time_is_not_refused_for_it)
{
    struct http_limits limits = http_limits_default;
    limits.handler_timeout_ms = 50;
    struct cellar *cellar = cellar_open(limits);
    struct client client = client_open(cellar->site);
    client_send(&client, STR("GET /think HTTP/1.1\r\nHost: a\r\n\r\n"));
    usleep(300 * 1000);
    CHECK(!atomic_load(&cellar->was_abandoned));
    atomic_store(&cellar->may_finish, true);
    struct reply reply = client_ask(&client, STR(""));
    CHECK_INT(reply.status, 200);
    CHECK_STR(reply.body, STR("thought"));
    /* The connection goes on, with its deadlines as ever. */
    reply = client_ask(&client, STR("GET /echo HTTP/1.1\r\nHost: a\r\n\r\n"));
    CHECK_INT(reply.status, 200);
    client_close(&client);
    cellar_close(cellar, 0);
}

static void *finish_later(void *context)
{
    struct cellar *cellar = context;
    for (int i = 0; !atomic_load(&cellar->was_abandoned) && i < 5000; i++)
        usleep(1000);
    atomic_store(&cellar->may_finish, true);
    return NULL;
}

TEST(the_servers_end_tells_who_takes_time)
{
    struct http_limits limits = http_limits_default;
    limits.drain_timeout_ms = 100;
    struct cellar *cellar = cellar_open(limits);
    struct client client = client_open(cellar->site);
    client_send(&client, STR("GET /think HTTP/1.1\r\nHost: a\r\n\r\n"));
    while (http_counters_read(cellar->site->server).requests == 0)
        usleep(1000);
    pthread_t thread;
    CHECK_INT(pthread_create(&thread, NULL, finish_later, cellar), 0);
    http_close(cellar->site->server);
    pthread_join(thread, NULL);
    CHECK(atomic_load(&cellar->was_abandoned));
    client_close(&client);
    site_free(cellar->site);
    close(cellar->descriptor);
    scratch_close(&cellar->scratch);
    free(cellar->content);
    free(cellar);
}

TESTS(a_file_comes_whole_whatever_its_size, a_head_has_the_length_and_no_body_and_needs_no_file,
      a_file_that_is_shorter_than_announced_is_a_loss_and_not_an_end,
      who_leaves_midway_holds_nothing, who_does_not_read_is_given_up,
      others_are_answered_while_a_file_is_sent, who_takes_time_is_not_refused_for_it,
      the_servers_end_tells_who_takes_time)
