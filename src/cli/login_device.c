/* SPDX-License-Identifier: Apache-2.0 */
/* login_device - a code that is entered on another device (RFC 8628): see login.h. */
#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "cli/login.h"
#include "cli/output.h"
#include "json/write.h"

enum {
    INTERVAL_SECONDS = 5, /* where the server says none: RFC 8628, section 3.2 */
    INTERVAL_SECONDS_MAX = 60,
    SLOWER_SECONDS = 5,
    EXPIRY_SECONDS = 600,
    EXPIRY_SECONDS_MAX = 3600
};

struct device {
    struct session *session;
    struct client *client;
    struct str code, user_code, address, whole_address;
    uint64_t interval_s, expires_s;
};

static struct str text_of(const struct json *object, struct str key)
{
    const struct json *member = json_find(object, key);
    return member != NULL && member->type == JSON_STRING ? member->string : (struct str){0};
}

static uint64_t seconds_of(const struct json *object, struct str key, uint64_t otherwise,
                           uint64_t most)
{
    const struct json *member = json_find(object, key);
    if (member == NULL || member->type != JSON_NUMBER || !(member->number >= 1))
        return otherwise;
    return member->number < (double)most ? (uint64_t)member->number : most;
}

static int no_code(struct session *session, const struct answer *answer)
{
    if (answer->kind != ANSWER_OK && answer->kind != ANSWER_MISSING)
        return session_refuse(session, answer);
    return session_fail(
        session, EXIT_FAILED,
        arena_format(&session->arena, "%.*s has no login with a code", STR_ARG(session->origin)),
        "use `login --token -`, or log in with a browser on this machine");
}

static int begin(struct device *device)
{
    const struct call call = {.method = "POST", .path = STR("/cli/device"), .body = STR("{}")};
    struct answer answer = client_ask(device->client, &device->session->arena, &call);
    device->code = text_of(&answer.json, STR("device_code"));
    device->user_code = text_of(&answer.json, STR("user_code"));
    device->address = text_of(&answer.json, STR("verification_uri"));
    device->whole_address = text_of(&answer.json, STR("verification_uri_complete"));
    device->interval_s =
        seconds_of(&answer.json, STR("interval"), INTERVAL_SECONDS, INTERVAL_SECONDS_MAX);
    device->expires_s =
        seconds_of(&answer.json, STR("expires_in"), EXPIRY_SECONDS, EXPIRY_SECONDS_MAX);
    bool is_whole = answer.kind == ANSWER_OK && !str_is_empty(device->code) &&
                    !str_is_empty(device->user_code) && !str_is_empty(device->address);
    return is_whole ? EXIT_OK : no_code(device->session, &answer);
}

static struct str visible(struct session *session, struct str text)
{
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    output_append_visible(&buf, text);
    struct str copy = arena_copy_str(&session->arena, buf_str(&buf));
    buf_close(&buf);
    return copy;
}

static void invite(const struct device *device)
{
    struct session *session = device->session;
    login_tell(session, "Open this page on any device:  %.*s",
               STR_ARG(visible(session, device->address)));
    login_tell(session, "and enter this code:           %.*s",
               STR_ARG(visible(session, device->user_code)));
    if (!str_is_empty(device->whole_address))
        login_tell(session, "or open both in one:           %.*s",
                   STR_ARG(visible(session, device->whole_address)));
}

static struct answer ask_for_token(struct device *device)
{
    struct buf buf;
    struct json_writer writer;
    buf_open(&buf, SIZE_MAX);
    json_writer_open(&writer, &buf);
    json_object_begin(&writer);
    json_member_string(&writer, STR("device_code"), device->code);
    json_object_end(&writer);
    const struct call call = {
        .method = "POST", .path = STR("/cli/device/token"), .body = buf_str(&buf)};
    struct answer answer = client_ask(device->client, &device->session->arena, &call);
    buf_close(&buf);
    return answer;
}

/* RFC 8628, section 3.5. False: asking again helps nobody; *status says how it ends. */
static bool may_go_on(struct device *device, const struct answer *answer, int *status)
{
    struct str error = text_of(&answer->json, STR("error"));
    struct session *session = device->session;
    if (str_equal(error, STR("slow_down")))
        device->interval_s += SLOWER_SECONDS;
    bool is_away = answer->kind == ANSWER_UNREACHABLE || answer->kind == ANSWER_FAILED ||
                   answer->kind == ANSWER_LIMITED;
    if (is_away || str_equal(error, STR("slow_down")) ||
        str_equal(error, STR("authorization_pending")))
        return true;
    if (str_equal(error, STR("access_denied")))
        *status = session_fail(session, EXIT_NOT_ALLOWED, STR("the login was denied"), NULL);
    else if (str_equal(error, STR("expired_token")) || str_equal(error, STR("invalid_grant")))
        *status = session_fail(session, EXIT_NOT_ALLOWED, STR("the code is no longer good"),
                               "run it again");
    else
        *status = session_refuse(session, answer);
    return false;
}

static void wait_seconds(uint64_t seconds)
{
    struct timespec left = {.tv_sec = (time_t)seconds};
    while (nanosleep(&left, &left) != 0 && errno == EINTR) {
    }
}

static int wait_for_person(struct device *device)
{
    int64_t end_ms = clock_monotonic_ms(clock_system()) + (int64_t)(device->expires_s * 1000);
    int status = EXIT_OK;
    for (;;) {
        int64_t left_ms = end_ms - clock_monotonic_ms(clock_system());
        if (left_ms <= 0)
            break;
        uint64_t left_s = (uint64_t)left_ms / 1000 + 1;
        wait_seconds(device->interval_s < left_s ? device->interval_s : left_s);
        struct answer answer = ask_for_token(device);
        struct str token = text_of(&answer.json, STR("token"));
        if (answer.kind == ANSWER_OK && !str_is_empty(token))
            return login_keep(device->session, token);
        if (!may_go_on(device, &answer, &status))
            return status;
    }
    return session_fail(device->session, EXIT_NOT_ALLOWED, STR("the code is no longer good"),
                        "run it again");
}

int login_with_device(struct session *session)
{
    struct device device = {.session = session,
                            .client = identity_client(session, (struct str){0})};
    int status = begin(&device);
    if (status == EXIT_OK) {
        invite(&device);
        status = wait_for_person(&device);
    }
    client_close(device.client);
    return status;
}
