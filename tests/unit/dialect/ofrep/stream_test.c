/* SPDX-License-Identifier: Apache-2.0 */
/* Event streams over time: a clock that only the test moves, and keys that see more or less. */
#include "../../http/client.h"
#include "dialect/ofrep/evaluate.h"
#include "dialect/ofrep/routes.h"
#include "gazette.h"
#include "model/codec.h"
#include "stream/stream.h"

/* 2030-01-01, which is where the gazette's clock begins. */
#define DAY "2030-01-01T"
enum { MINUTE_MS = 60000, EVENT_BYTES = 256 };

struct hall {
    struct gazette gazette;
    struct services services;
    struct site *site;
};

/* /browser and /server follow environment 1 with the key of that name. */
static void on_request(struct http_request *request, void *context)
{
    struct hall *hall = context;
    if (str_equal(request->path, STR("/probe"))) {
        site_say(request, STR("here"));
        return;
    }
    struct view *view = view_acquire(hall->gazette.views);
    struct str id = str_slice(request->path, 1, request->path.size);
    const struct catalog_credential *credential = catalog_find_credential(view->catalog, id);
    CHECK(credential != NULL);
    struct exchange x = {
        .request = request,
        .services = &hall->services,
        .view = view,
        .arena = request->arena,
        .caller = keyring_find_hash(&view->catalog->keyring, &credential->hash, 0),
    };
    ofrep_follow(&x);
    CHECK(x.is_streaming);
    view_release(view);
}

static void on_wake(struct http_loop *loop, bool is_draining, void *context)
{
    struct hall *hall = context;
    stream_hub_wake(hall->services.streams, loop, is_draining);
}

/* Environment 1 has a flag that everybody sees and one that servers see, with these members. */
static void publish(struct hall *hall, uint64_t version, const char *seen, const char *hidden)
{
    static const char common[] =
        "\"kind\":\"flag\",\"type\":\"boolean\",\"description\":\"\",\"tags\":[],\"owner\":\"\","
        "\"lifecycle\":\"active\",\"enabled\":true,\"arithmetic\":{\"hash\":\"fnv1a_32_utf16\","
        "\"comparison\":\"typed\"},\"variations\":[{\"id\":\"on\",\"value\":true},{\"id\":\"off\","
        "\"value\":false}],\"offVariation\":\"off\"";
    struct gazette *gazette = &hall->gazette;
    const struct str texts[] = {
        arena_format(&gazette->arena, "{\"id\":\"flag_1\",\"key\":\"seen\",%s,%s}", common, seen),
        arena_format(&gazette->arena,
                     "{\"id\":\"flag_2\",\"key\":\"unseen\",\"visibility\":\"server\",%s,%s}",
                     common, hidden),
    };
    struct flag_revision *flags[COUNT_OF(texts)];
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct flag flag;
        CHECK_OK(flag_decode(&gazette->arena, texts[i], &flag));
        flags[i] = flag_revision_make(&flag, NULL);
    }
    const struct snapshot_parts parts = {.environment = 1,
                                         .version = version,
                                         .now_ms = gazette_now(&gazette->clock),
                                         .app_id = STR("app_1"),
                                         .name = STR("env"),
                                         .flags = flags,
                                         .flag_count = COUNT_OF(flags)};
    snapshot_release(gazette->snapshots[0]);
    gazette->snapshots[0] = snapshot_make(&parts);
    ofrep_render(gazette->snapshots[0]);
    for (size_t i = 0; i < COUNT_OF(flags); i++)
        flag_revision_release(flags[i]);
    gazette_publish(gazette);
    stream_hub_notify(hall->services.streams);
}

#define ON "\"fallthrough\":{\"variation\":\"on\"}"
#define OFF "\"fallthrough\":{\"variation\":\"off\"}"

static struct hall *hall_open(const char *seen, const char *hidden)
{
    struct hall *hall = calloc(1, sizeof(struct hall));
    CHECK(hall != NULL);
    gazette_open(&hall->gazette);
    hall->services.clock = &hall->gazette.clock;
    hall->services.views = hall->gazette.views;
    hall->services.streams =
        stream_hub_open(hall->gazette.views, &hall->gazette.clock, &stream_limits_default);
    gazette_add_credential(&hall->gazette, (struct credential_row){.id = STR("browser"),
                                                                   .kind = CREDENTIAL_BROWSER_KEY,
                                                                   .environment = 1});
    gazette_add_credential(&hall->gazette, (struct credential_row){.id = STR("server"),
                                                                   .kind = CREDENTIAL_SERVER_KEY,
                                                                   .environment = 1});
    publish(hall, 1, seen, hidden);
    hall->site = site_open_with(
        http_limits_default, 1,
        (struct http_callbacks){.on_wake = on_wake, .on_request = on_request, .context = hall});
    stream_hub_attach(hall->services.streams, hall->site->server);
    return hall;
}

static void hall_close(struct hall *hall)
{
    stream_hub_attach(hall->services.streams, NULL);
    site_close(hall->site);
    stream_hub_close(hall->services.streams);
    gazette_close(&hall->gazette);
    free(hall);
}

/* An event; comments are passed over. */
struct event {
    char id[17];
    long long modified_s;
};

static struct event expect_event(struct client *client)
{
    struct event event = {{0}, 0};
    for (;;) {
        while (!str_contains(client_unread(client), STR("\n\n")))
            CHECK(client_receive(client));
        char text[EVENT_BYTES];
        struct str rest = client_unread(client);
        size_t size = (size_t)((char *)memmem(rest.data, rest.size, "\n\n", 2) - rest.data);
        snprintf(text, sizeof(text), "%.*s", (int)size, rest.data);
        client->taken += size + 2;
        char again[17];
        if (sscanf(text,
                   "id: %16[0-9a-f]\nevent: message\ndata: {\"type\":\"refetchEvaluation\","
                   "\"etag\":\"\\\"%16[0-9a-f]\\\"\",\"lastModified\":%lld}",
                   event.id, again, &event.modified_s) == 3) {
            assert_string_equal(event.id, again);
            return event;
        }
        CHECK(str_starts_with(str_of(text), STR("retry: ")) || strcmp(text, ": ping") == 0);
    }
}

static struct client follow(struct hall *hall, const char *key)
{
    char text[64];
    int size = snprintf(text, sizeof(text), "GET /%s HTTP/1.0\r\n\r\n", key);
    struct client client = client_open(hall->site);
    CHECK_INT(client_ask(&client, (struct str){text, (size_t)size}).status, 200);
    return client;
}

/* Time passes in steps, and the loop has its turns in each. Returns how many events were sent. */
static uint64_t pass(struct hall *hall, int64_t by_ms)
{
    enum { STEP_MS = 5000, TURNS = 2 };
    uint64_t before = stream_counters_read(hall->services.streams).sent;
    for (int64_t step_ms; by_ms > 0; by_ms -= step_ms) {
        step_ms = by_ms < STEP_MS ? by_ms : STEP_MS;
        atomic_fetch_add(&hall->gazette.now_ms, step_ms);
        stream_hub_notify(hall->services.streams);
        for (int i = 0; i < TURNS; i++) {
            struct client probe = client_open(hall->site);
            CHECK_INT(client_ask(&probe, STR("GET /probe HTTP/1.0\r\n\r\n")).status, 200);
            client_close(&probe);
        }
    }
    return stream_counters_read(hall->services.streams).sent - before;
}

static void leave(struct hall *hall, struct client *client)
{
    client_close(client);
    stream_hub_notify(hall->services.streams);
    for (int i = 0; stream_counters_read(hall->services.streams).open > 0; i++) {
        CHECK(i < 10000);
        usleep(1000);
    }
}

static long long seconds_of(const struct hall *hall)
{
    return gazette_now(&hall->gazette.clock) / 1000;
}

#define STARTS_AT(time) ON ",\"schedule\":{\"start\":\"" DAY time "Z\"}"

TEST(what_is_scheduled_is_told_at_its_moment)
{
    struct hall *hall = hall_open(STARTS_AT("00:00:05"), ON);
    struct client client = follow(hall, "browser");
    struct event first = expect_event(&client);
    CHECK_INT(first.modified_s, seconds_of(hall));
    CHECK_INT(pass(hall, 4999), 0);
    CHECK_INT(pass(hall, 1), 1);
    struct event second = expect_event(&client);
    assert_string_not_equal(second.id, first.id);
    CHECK_INT(second.modified_s, seconds_of(hall));
    CHECK_INT(pass(hall, 5 * MINUTE_MS), 0);
    struct client late = follow(hall, "browser");
    assert_string_equal(expect_event(&late).id, second.id);
    client_close(&late);
    leave(hall, &client);
    hall_close(hall);
}

TEST(what_is_scheduled_for_others_is_not_told)
{
    struct hall *hall = hall_open(ON, STARTS_AT("00:00:05"));
    struct client browser = follow(hall, "browser");
    struct event first = expect_event(&browser);
    CHECK_INT(pass(hall, 2 * MINUTE_MS), 0);
    struct client server = follow(hall, "server");
    expect_event(&server);
    publish(hall, 2, ON, STARTS_AT("00:03:00"));
    expect_event(&server);
    CHECK_INT(pass(hall, 2 * MINUTE_MS), 1);
    expect_event(&server);
    publish(hall, 3, ON, ON);
    expect_event(&server);
    publish(hall, 4, OFF, ON);
    CHECK_INT(pass(hall, 1000), 2);
    assert_string_not_equal(expect_event(&browser).id, first.id);
    client_close(&server);
    leave(hall, &browser);
    hall_close(hall);
}

#define ON_ITS_WAY(from, to)                                                                       \
    "\"fallthrough\":{\"progressive\":{\"start\":\"" DAY from "Z\",\"end\":\"" DAY to              \
    "Z\",\"from\":{\"variations\":[{\"variation\":\"on\",\"weight\":100000}]},\"to\":"             \
    "{\"variations\":[{\"variation\":\"off\",\"weight\":100000}]}}}"

TEST(what_is_on_its_way_is_told_once_a_minute)
{
    struct hall *hall = hall_open(ON_ITS_WAY("00:00:30", "00:03:10"), ON);
    struct client client = follow(hall, "browser");
    static const int64_t steps_ms[] = {30000, 30000, MINUTE_MS, MINUTE_MS, 10000};
    struct event last = expect_event(&client);
    for (size_t i = 0; i < COUNT_OF(steps_ms); i++) {
        CHECK_INT(pass(hall, steps_ms[i] - 1), 0);
        CHECK_INT(pass(hall, 1), 1);
        struct event event = expect_event(&client);
        assert_string_not_equal(event.id, last.id);
        CHECK_INT(event.modified_s, seconds_of(hall));
        struct client late = follow(hall, "browser"); /* another is told the same */
        assert_string_equal(expect_event(&late).id, event.id);
        client_close(&late);
        last = event;
    }
    CHECK_INT(pass(hall, 3 * MINUTE_MS), 0);
    leave(hall, &client);
    hall_close(hall);
}

TESTS(what_is_scheduled_is_told_at_its_moment, what_is_scheduled_for_others_is_not_told,
      what_is_on_its_way_is_told_once_a_minute)
