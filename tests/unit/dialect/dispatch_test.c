/* SPDX-License-Identifier: Apache-2.0 */
/* dispatch - every request gets to the one route that is meant, or hears why not. */
#include "port.h"

/* ---- finding -------------------------------------------------------------------------------- */

TEST(parameters_are_split_before_they_are_decoded)
{
    struct port *port = port_open();
    expect(port, "GET /api/1/flags/17", 200, "/api/1/flags/{id} caller=- [17] body=0");
    expect(port, "GET /api/1/flags/a%2Fb%2fc", 200, "/api/1/flags/{id} caller=- [a/b/c] body=0");
    expect(port, "GET /api/1/flags/a%20b%C3%BC+?x=/%2F", 200,
           "/api/1/flags/{id} caller=- [a b\xc3\xbc+] body=0");
    expect(port, "GET /api/1/flags/%2525", 200, "/api/1/flags/{id} caller=- [%25] body=0");
    expect(port, "GET /api/1/flags/a%252Fb", 200, "/api/1/flags/{id} caller=- [a%2Fb] body=0");
    expect(port, "GET /api/1/flags/..%2F..%2Fx", 200,
           "/api/1/flags/{id} caller=- [../../x] body=0");
    expect(port, "GET /api/1/flags/DOMAIN%5Cuser", 200,
           "/api/1/flags/{id} caller=- [DOMAIN\\user] body=0");
    expect(port, "GET /api/1/flags/a%5c..%5C%2F", 200,
           "/api/1/flags/{id} caller=- [a\\..\\/] body=0");
    expect(port, "GET /api/1/flags/a\\b", 400, "paths says no");
    expect(port, "GET /api/1/fl%61gs/x%2Fy/vari%61nts/z%2Fw", 200,
           "/api/1/flags/{flag}/variants/{key} caller=- [x/y][z/w] body=0");
    expect(port, "DELETE /api/1/flags/x/variants/y", 200,
           "/api/1/flags/{number}/variants/{name} caller=- [x][y] body=0");
    port_close(port);
}

TEST(whole_paths_win_over_parameters_and_methods_are_looked_for_in_both)
{
    struct port *port = port_open();
    expect(port, "GET /api/1/flags/bulk", 200, "/api/1/flags/bulk caller=-  body=0");
    expect(port, "GET /api/1/flags/bul%6B", 200, "/api/1/flags/bulk caller=-  body=0");
    expect(port, "PATCH /api/1/flags/bulk", 200, "/api/1/flags/{id} caller=- [bulk] body=0");
    expect(port, "GET /api/1/flags/versions", 200,
           "/api/1/flags/{id} caller=- [versions] body=0"); /* declared before {kind}/versions */
    expect(port, "GET /api/1/cats/versions", 200, "/api/1/{kind}/versions caller=- [cats] body=0");
    port_close(port);
}

TEST(what_is_no_path_of_ours_is_404)
{
    struct port *port = port_open();
    static const char *const lines[] = {
        "GET /api/1",
        "GET /sdk",
        "GET /sdk/v2/nothing",
        "GET /api/1/flags/17/variants/x/y",
        "GET /api/1/a/b/c/d/e/f/g/h",
        "GET /api/1/flags%2F17",
        "GET /api/1/flags%5C17",
        "GET /sdk/query%5C",
        "GET /api/1/flags/%2F17/x",
        "GET /api/1/flags/17%2Fvariants/x/",
        "GET /api/1/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r/s/t/u/v",
    };
    for (size_t i = 0; i < COUNT_OF(lines); i++)
        expect(port, lines[i], 404, "paths says no");
    expect(port, "GET /api/v1/nothing", 404, "plain says no");
    expect(port, "GET /nobody/speaks/for/this", 404, "plain says no");
    expect(port, "GET /api/1x/flags/17", 404, "plain says no");
    expect(port, "GET /sdk%2Fquery", 400, "plain says no"); /* not below /sdk at all */
    expect(port, "GET /sdk%5Cquery", 400, "plain says no");
    expect(port, "GET /api/1%5Cflags", 400, "plain says no");
    expect(port, "GET /api/v1%5Cthings", 400, "plain says no");
    expect(port, "GET /api/v1/things%5C", 400, "plain says no");
    port_close(port);
}

TEST(a_rest_is_everything_behind_the_slash_decoded_once)
{
    static const char *const rests[][2] = {
        {"a", "[a]"},
        {"a/b/c", "[a/b/c]"},
        {"a/", "[a/]"},
        {"a%2Fb", "[a/b]"},
        {"a%2Fb/c%20d", "[a/b/c d]"},
        {"a%252Fb", "[a%2Fb]"},
        {"a+b/c", "[a+b/c]"},
        {"%2F", "[/]"},
        {"one", "[one]"},
        {"a/b/one", "[a/b/one]"},
        {"1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17/18",
         "[1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17/18]"},
        {"a?b=c/d", "[a]"},
    };
    struct port *port = port_open();
    char line[160];
    char answer[160];
    for (size_t i = 0; i < COUNT_OF(rests); i++) {
        snprintf(line, sizeof(line), "GET /sdk/rest/%s", rests[i][0]);
        snprintf(answer, sizeof(answer), "/sdk/rest/{key*} caller=- %s body=0", rests[i][1]);
        expect(port, line, 200, answer);
    }
    expect(port, "GET /sdk//rest//a//b", 200, "/sdk/rest/{key*} caller=- [a//b] body=0");
    expect(port, "GET /sdk/two/a%2Fb/c/d", 200, "/sdk/two/{id}/{key*} caller=- [a/b][c/d] body=0");
    expect(port, "GET /sdk/two/a", 404, "paths says no");
    expect(port, "GET /sdk/two/a/", 404, "paths says no");
    port_close(port);
}

TEST(a_rest_is_tried_last)
{
    struct port *port = port_open();
    expect(port, "GET /sdk/rest/a/one", 200, "/sdk/rest/{id}/one caller=- [a] body=0");
    expect(port, "POST /sdk/rest", 200, "/sdk/rest caller=-  body=0");
    expect(port, "POST /sdk/rest/", 200, "/sdk/rest caller=-  body=0");
    expect(port, "GET /sdk/rest", 405, "paths says no");
    expect(port, "GET /sdk/rest/", 405, "paths says no");
    expect(port, "POST /sdk/rest/a/b", 405, "paths says no");
    port_close(port);
}

TEST(the_longest_prefix_says_who_is_spoken_to)
{
    struct port *port = port_open();
    expect(port, "GET /api/v1/other/5", 200, "/api/v1/other/{id} caller=- [5] body=0");
    expect(port, "GET /api/v1/other", 404, "paths says no");
    expect(port, "GET /api/v1/others/5", 404, "plain says no");
    expect(port, "GET /api/v1/things", 200, "/api/v1/things caller=-  body=0");
    port_close(port);
}

TEST(slashes_are_a_matter_of_the_language)
{
    struct port *port = port_open();
    expect(port, "GET //api/1///flags//17", 200, "/api/1/flags/{id} caller=- [17] body=0");
    expect(port, "GET //sdk//query?a=b", 200, "b");
    expect(port, "GET //api/v1/things", 404, "plain says no");
    expect(port, "GET /api/1/flags/17/", 200, "/api/1/flags/{id} caller=- [17] body=0");
    expect(port, "GET /api/1/flags/17//", 200, "/api/1/flags/{id} caller=- [17] body=0");
    expect(port, "GET /api/1/flags/bulk/?x", 200, "/api/1/flags/bulk caller=-  body=0");
    expect(port, "GET /api/1/flags/x/variants/", 200,
           "/api/1/flags/{flag}/variants caller=- [x] body=0");
    expect(port, "GET /api/1/flags/a%2F", 200, "/api/1/flags/{id} caller=- [a/] body=0");
    expect(port, "GET /api/v1/things/", 404, "plain says no");
    /* An encoded slash leaves a doubt where there are no parameters: the connection ends, too. */
    struct client client = client_open(port->site);
    struct reply reply =
        client_ask(&client, STR("GET /api/v1%2Fthings HTTP/1.1\r\nHost: a\r\n\r\n"));
    CHECK_INT(reply.status, 400);
    CHECK_STR(reply.body, STR("plain says no"));
    CHECK_STR(reply_header(&reply, "Connection"), STR("close"));
    client_expect_end(&client);
    client_close(&client);
    port_close(port);
}

static struct str allow_of(struct port *port, struct client *client, const char *line)
{
    char text[256];
    int size = snprintf(text, sizeof(text), "%s HTTP/1.1\r\nHost: a\r\n\r\n", line);
    (void)port;
    struct reply reply = client_ask(client, (struct str){text, (size_t)size});
    CHECK_INT(reply.status, 405);
    return reply_header(&reply, "Allow");
}

TEST(another_method_is_405_and_says_which_there_are)
{
    struct port *port = port_open();
    struct client client = client_open(port->site);
    CHECK_STR(allow_of(port, &client, "DELETE /api/v1/things"), STR("GET, HEAD, POST, OPTIONS"));
    CHECK_STR(allow_of(port, &client, "DELETE /api/1/flags/17"), STR("GET, HEAD, PATCH, OPTIONS"));
    CHECK_STR(allow_of(port, &client, "PUT /api/1/flags/bulk"),
              STR("GET, HEAD, PATCH, DELETE, OPTIONS"));
    CHECK_STR(allow_of(port, &client, "POST /api/1/flags/a%2Fb/variants/c"),
              STR("GET, HEAD, DELETE, OPTIONS"));
    CHECK_STR(allow_of(port, &client, "TRACE /api/1/flags"), STR("GET, HEAD, OPTIONS"));
    client_close(&client);
    port_close(port);
}

TEST(head_is_get_without_the_body)
{
    struct port *port = port_open();
    CHECK_INT(ask(port, "HEAD /api/1/flags/17", "", NULL, 0), 200);
    CHECK_INT(ask(port, "HEAD /api/v1/things", "", NULL, 0), 200);
    CHECK_INT(ask(port, "HEAD /api/1/pour/17", "", NULL, 0), 405);
    port_close(port);
}

TEST(a_preflight_needs_no_credential)
{
    struct port *port = port_open();
    struct client client = client_open(port->site);
    struct reply reply =
        client_ask(&client, STR("OPTIONS /sdk/deployment HTTP/1.1\r\nHost: a\r\n\r\n"));
    CHECK_INT(reply.status, 204);
    CHECK_STR(reply_header(&reply, "X-Language"), STR("paths"));
    CHECK_STR(reply_header(&reply, "X-Methods"), STR("GET, HEAD, OPTIONS"));
    reply = client_ask(&client, STR("OPTIONS /api/1/pour/a%2Fb HTTP/1.1\r\nHost: a\r\n\r\n"));
    CHECK_STR(reply_header(&reply, "X-Methods"), STR("PUT, OPTIONS"));
    reply = client_ask(&client, STR("OPTIONS /sdk/nothing HTTP/1.1\r\nHost: a\r\n\r\n"));
    CHECK_STR(reply_header(&reply, "X-Methods"), STR("none"));
    client_close(&client);
    port_close(port);
}

TEST(a_query_member_is_a_value_or_a_fault)
{
    struct port *port = port_open();
    expect(port, "GET /sdk/query?a=x%20y", 200, "x y");
    expect(port, "GET /sdk/query?b=1", 200, "absent");
    expect(port, "GET /sdk/query?a=%zz", 400, "a");
    port_close(port);
}

static const struct {
    const char *bytes, *body, *path;
    int status;
} refusals[] = {
    {"GET /sdk/query?a HTTP/1.1\r\nNo Host\r\n\r\n", "paths says no", "/sdk/query", 400},
    {"GET //sdk//query/ HTTP/1.1\r\n\r\n", "paths says no", "/sdk/query", 400},
    {"GET /sdk/query HTTP/3.0\r\nHost: a\r\n\r\n", "paths says no", "/sdk/query", 505},
    {"GET /sdk/%zz HTTP/1.1\r\nHost: a\r\n\r\n", "paths says no", "/sdk/%zz", 400},
    {"PATCH /api/1/flags/17 HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n", "paths says no",
     "/api/1/flags/17", 413},
    {"PATCH /api/1/flags/17/ HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n", "paths says no",
     "/api/1/flags/17", 413},
    {"GET /api/v1/things HTTP/1.1\r\n\r\n", "plain says no", "/api/v1/things", 400},
    {"GET /api/v1/things/ HTTP/1.1\r\n\r\n", "plain says no", "/api/v1/things/", 400},
    {"GET sdk/query HTTP/1.1\r\n\r\n", "plain says no", "", 400},
    /* And those that got as far as a route, or nearly. */
    {"GET //sdk//nothing// HTTP/1.1\r\nHost: a\r\n\r\n", "paths says no", "/sdk/nothing", 404},
    {"PUT /sdk/query/ HTTP/1.1\r\nHost: a\r\n\r\n", "paths says no", "/sdk/query", 405},
    {"GET /sd%6B/deployment/ HTTP/1.1\r\nHost: a\r\n\r\n", "paths says no", "/sdk/deployment",
     500 - FAULT_UNAUTHENTICATED},
};

TEST(a_refusal_comes_in_the_language_of_the_path)
{
    struct port *port = port_open();
    for (size_t i = 0; i < COUNT_OF(refusals); i++) {
        struct client client = client_open(port->site);
        struct reply reply = client_ask(&client, str_of(refusals[i].bytes));
        if (!str_equal(reply.body, str_of(refusals[i].body)))
            fprintf(stderr, "%s\n", refusals[i].bytes);
        CHECK_INT(reply.status, refusals[i].status);
        CHECK_STR(reply.body, str_of(refusals[i].body));
        struct str path = reply_header(&reply, "X-Path");
        CHECK_STR(str_is_absent(path) ? STR("") : path, str_of(refusals[i].path));
        client_close(&client);
    }
    port_close(port);
}

/* ---- bodies --------------------------------------------------------------------------------- */

static int send_body(struct port *port, const char *line, struct str secret, size_t size,
                     char *answer, size_t answer_size)
{
    char text[512];
    int length = snprintf(text, sizeof(text),
                          "%s HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: %zu\r\n"
                          "Authorization: Bearer %.*s\r\n\r\n",
                          line, size, STR_ARG(secret));
    struct client client = client_open(port->site);
    client_send(&client, (struct str){text, (size_t)length});
    client_send(&client, (struct str){port->site->large, size});
    struct reply reply = client_read(&client, false);
    snprintf(answer, answer_size, "%.*s", STR_ARG(reply.body));
    client_close(&client);
    return reply.status;
}

TEST(routes_with_parameters_bound_their_bodies_too)
{
    struct port *port = port_open();
    struct str token = port->secrets[CREDENTIAL_ENVIRONMENT];
    char body[256];
    CHECK_INT(send_body(port, "PATCH /api/1/flags/a%2Fb", token, 10, body, sizeof(body)), 200);
    CHECK_INT(send_body(port, "PATCH /api/1/flags/a%2Fb", token, 11, body, sizeof(body)), 413);
    CHECK_INT(send_body(port, "POST /api/1/large/x", token, LARGE_BODY_BYTES, body, sizeof(body)),
              200);
    assert_string_equal(body, "/api/1/large/{id} caller=environment [x] body=1048576");
    CHECK_INT(
        send_body(port, "POST /api/1/large/x", token, LARGE_BODY_BYTES + 1, body, sizeof(body)),
        413);
    /* Strangers get what fits into one read, and hear who they are not. */
    struct str stranger = port->secrets[CREDENTIAL_BROWSER_KEY];
    CHECK_INT(send_body(port, "POST /api/1/large/x", stranger, 65536, body, sizeof(body)), DENIED);
    CHECK_INT(send_body(port, "POST /api/1/large/x", stranger, 65537, body, sizeof(body)), 413);
    CHECK_INT(send_body(port, "GET /api/1/flags/17", token, 1, body, sizeof(body)), 413);
    port_close(port);
}

TEST(a_sink_is_for_those_who_may_and_the_handler_finds_it)
{
    struct port *port = port_open();
    struct str token = port->secrets[CREDENTIAL_ENVIRONMENT];
    char body[256];
    CHECK_INT(send_body(port, "PUT /api/1/pour/x%2Fy", token, 300000, body, sizeof(body)), 200);
    assert_string_equal(body, "poured 300000 into x/y");
    CHECK_INT(send_body(port, "PUT /api/1/pour/x/later", token, 300000, body, sizeof(body)), 200);
    assert_string_equal(body, "poured 300000 into x");
    CHECK_INT(send_body(port, "PUT /api/1/pour/x", token, 0, body, sizeof(body)), 200);
    assert_string_equal(body, "poured 0 into x");
    CHECK_INT(atomic_load(&sinks_opened), 2);
    CHECK_INT(send_body(port, "PUT /api/1/pour/unknown", token, 100, body, sizeof(body)),
              500 - FAULT_MISSING);
    CHECK_INT(send_body(port, "PUT /api/1/pour/x", token, LARGE_BODY_BYTES + 1, body, sizeof(body)),
              413);
    struct str stranger = port->secrets[CREDENTIAL_BROWSER_KEY];
    CHECK_INT(send_body(port, "PUT /api/1/pour/x", stranger, 100, body, sizeof(body)), DENIED);
    CHECK_INT(send_body(port, "PUT /api/1/pour/x", stranger, 65537, body, sizeof(body)), 413);
    CHECK_INT(atomic_load(&sinks_opened), 2);
    port_close(port);
}

TEST(a_credential_that_goes_during_an_upload_stops_it)
{
    struct port *port = port_open();
    char text[512];
    struct str token = port->secrets[CREDENTIAL_ENVIRONMENT];
    int length = snprintf(text, sizeof(text),
                          "PUT /api/1/pour/x HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n"
                          "Authorization: Bearer %.*s\r\n\r\nhalf",
                          STR_ARG(token));
    struct client client = client_open(port->site);
    client_send(&client, (struct str){text, (size_t)length});
    while (atomic_load(&sinks_opened) == 0)
        usleep(1000);
    gazette_remove_credential(&port->gazette, STR("environment"));
    gazette_publish(&port->gazette);
    CHECK_INT(client_ask(&client, STR("half")).status, UNAUTHENTICATED);
    CHECK_INT(atomic_load(&sinks_abandoned), 1);
    client_close(&client);
    port_close(port);
}

/* ---- streams -------------------------------------------------------------------------------- */

TEST(a_handler_may_turn_its_request_into_a_stream)
{
    struct port *port = port_open_with(true);
    stream_hub_attach(port->services.streams, port->site->server);
    char text[256];
    struct str key = port->secrets[CREDENTIAL_SERVER_DEPLOYMENT];
    int length =
        snprintf(text, sizeof(text),
                 "GET /sdk/stream HTTP/1.0\r\nAuthorization: Api-Key %.*s\r\n\r\n", STR_ARG(key));
    struct client client = client_open(port->site);
    CHECK_INT(client_ask(&client, (struct str){text, (size_t)length}).status, 200);
    while (client_unread(&client).size < 3)
        CHECK(client_receive(&client));
    gazette_write(&port->gazette, 1, STR("two"));
    stream_hub_notify(port->services.streams);
    while (client_unread(&client).size < 6)
        CHECK(client_receive(&client));
    CHECK_STR(client_unread(&client), STR("onetwo"));
    stream_hub_attach(port->services.streams, NULL);
    client_close(&client);
    port_close(port);
}

TEST(without_a_hub_there_are_no_streams)
{
    struct port *port = port_open();
    CHECK_INT(ask_as(port, "GET /sdk/stream", "Api-Key", port->secrets[CREDENTIAL_PROJECT_KEY]),
              503);
    port_close(port);
}

TESTS(parameters_are_split_before_they_are_decoded,
      whole_paths_win_over_parameters_and_methods_are_looked_for_in_both,
      what_is_no_path_of_ours_is_404, a_rest_is_everything_behind_the_slash_decoded_once,
      a_rest_is_tried_last, the_longest_prefix_says_who_is_spoken_to,
      slashes_are_a_matter_of_the_language, another_method_is_405_and_says_which_there_are,
      head_is_get_without_the_body, a_preflight_needs_no_credential,
      a_query_member_is_a_value_or_a_fault, a_refusal_comes_in_the_language_of_the_path,
      routes_with_parameters_bound_their_bodies_too,
      a_sink_is_for_those_who_may_and_the_handler_finds_it,
      a_credential_that_goes_during_an_upload_stops_it,
      a_handler_may_turn_its_request_into_a_stream, without_a_hub_there_are_no_streams)
