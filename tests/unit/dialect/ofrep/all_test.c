/* SPDX-License-Identifier: Apache-2.0 */
/* All flags for one subject: what is among them, in which order, and when nothing has changed. */
#include "site.h"

#include "dialect/ofrep/tag.h"
#include "stream/stream.h"

static struct json parse(struct site *site, struct str text)
{
    struct json json;
    CHECK_OK(json_parse(&site->arena, text, &json_budget_default, &json));
    return json;
}

/* The answer's flags, compared as text: clients tell what has changed by it. */
static struct str flags_text(struct str answer)
{
    const struct str begin = STR("{\"flags\":");
    CHECK(str_starts_with(answer, begin));
    for (size_t at = begin.size; at < answer.size; at++) {
        struct str rest = str_slice(answer, at, answer.size);
        if (str_starts_with(rest, STR(",\"eventStreams\"")) ||
            str_starts_with(rest, STR(",\"metadata\":{\"team")) || str_equal(rest, STR("}")))
            return str_slice(answer, begin.size, at);
    }
    return (struct str){0};
}

/* "a b c" */
static struct str keys_of(struct site *site, struct str answer)
{
    struct json json = parse(site, answer);
    const struct json *flags = json_find(&json, STR("flags"));
    struct str keys = STR("");
    CHECK_INT(flags->type, JSON_ARRAY);
    for (uint32_t i = 0; i < flags->count; i++)
        keys = arena_format(&site->arena, "%.*s%s%.*s", STR_ARG(keys), i == 0 ? "" : " ",
                            STR_ARG(json_find(&flags->elements[i], STR("key"))->string));
    return keys;
}

/* ---- what is in it --------------------------------------------------------------------------- */

TEST(flags_come_by_key_with_failures_among_them)
{
    struct site site;
    site_open(&site);
    site_flag(&site, "'key':'split','fallthrough':{'rollout':{'variations':["
                     "{'variation':'on','weight':100000}]}}");
    site_flag(&site, "'key':'b','enabled':false");
    site_flag(&site, "'key':'a'");
    site_flag(&site, "'key':'B'");
    site_publish(&site);
    struct str answer = site_all(&site, "");
    CHECK_INT(site_status(&site), 200);
    site_check_json(&site, flags_text(answer),
                    "[{'key':'B','value':true,'reason':'STATIC','variant':'on','metadata':{}},"
                    "{'key':'a','value':true,'reason':'STATIC','variant':'on','metadata':{}},"
                    "{'key':'b','reason':'DISABLED','variant':'off','metadata':{}},"
                    "{'key':'split','errorCode':'TARGETING_KEY_MISSING','errorDetails':"
                    "'the flag is dealt by targetingKey, and there is none','metadata':{}}]");
    site_close(&site);
}

TEST(single_and_bulk_say_the_same)
{
    struct site site;
    site_open(&site);
    site_flag(&site, "'key':'a','rules':[{'id':'r','when':{'op':'match','attribute':'plan',"
                     "'operator':'eq','value':'pro'},'serve':{'variation':'off'}}]");
    site_flag(&site, "'key':'b','fallthrough':{'rollout':{'variations':["
                     "{'variation':'on','weight':50000},{'variation':'off','weight':50000}]}}");
    site_publish(&site);
    for (size_t i = 0; i < 50; i++) {
        struct str body =
            arena_format(&site.arena, "{'context':{'targetingKey':'user-%zu','plan':'%s'}}", i,
                         i % 3 == 0 ? "pro" : "free");
        struct str a = arena_copy_str(&site.arena, site_one(&site, "a", body.data));
        struct str b = arena_copy_str(&site.arena, site_one(&site, "b", body.data));
        struct str both = arena_format(&site.arena, "[%.*s,%.*s]", STR_ARG(a), STR_ARG(b));
        CHECK_STR(flags_text(site_all(&site, body.data)), both);
    }
    site_close(&site);
}

TEST(an_environment_without_flags_answers_with_none)
{
    struct site site;
    site_open(&site);
    site_publish(&site);
    CHECK_STR(flags_text(site_all(&site, ANN)), STR("[]"));
    CHECK(str_starts_with(site_answer_header(&site, "ETag"), STR("\"")));
    site_close(&site);
}

TEST(a_context_that_cannot_be_read_is_refused_as_a_whole)
{
    static const char *const bodies[] = {"{", "[]", "{'context':[]}",
                                         "{'context':{'targetingKey':1}}"};
    struct site site;
    site_open(&site);
    site_flag(&site, "'key':'a'");
    site_publish(&site);
    for (size_t i = 0; i < COUNT_OF(bodies); i++) {
        struct json answer = parse(&site, site_all(&site, bodies[i]));
        CHECK_INT(site_status(&site), 400);
        CHECK_STR(json_find(&answer, STR("errorCode"))->string, STR("INVALID_CONTEXT"));
        CHECK(json_find(&answer, STR("errorDetails"))->string.size > 0);
        CHECK(json_find(&answer, STR("key")) == NULL);
    }
    site_close(&site);
}

/* ---- beside the flags -------------------------------------------------------------------------
 */

TEST(the_event_stream_is_announced_by_its_address)
{
    struct site site;
    struct view_slot *views = view_slot_open();
    site_open(&site);
    site_publish(&site);
    struct json answer = parse(&site, site_all(&site, ANN));
    CHECK(json_find(&answer, STR("eventStreams")) == NULL); /* there are none */
    site.services.streams = stream_hub_open(views, clock_system(), &stream_limits_default);
    answer = parse(&site, site_all(&site, ANN));
    const struct json *streams = json_find(&answer, STR("eventStreams"));
    CHECK_INT(streams->count, 1);
    const struct json *stream = &streams->elements[0];
    CHECK_STR(json_find(stream, STR("type"))->string, STR("sse"));
    CHECK_INT((int)json_find(stream, STR("inactivityDelaySec"))->number, 120);
    CHECK(json_find(stream, STR("url")) == NULL);
    const struct json *endpoint = json_find(stream, STR("endpoint"));
    struct str uri = json_find(endpoint, STR("requestUri"))->string;
    CHECK_INT(endpoint->count, 1);
    CHECK(str_starts_with(uri, STR("/ofrep/v1/events?token=key_server.")));
    CHECK(json_find(&answer, STR("metadata")) == NULL);
    stream_hub_close(site.services.streams);
    view_slot_close(views);
    site_close(&site);
}

TEST(metadata_of_the_environment_is_passed_on_when_there_is_some)
{
    struct site site;
    site_open(&site);
    struct json metadata = parse(&site, STR("{\"team\":\"web\",\"more\":[1]}"));
    site.settings.metadata = metadata;
    site_publish(&site);
    struct json answer = parse(&site, site_all(&site, ANN));
    CHECK_INT(json_find(&answer, STR("metadata"))->count, 1);
    CHECK_STR(json_find(json_find(&answer, STR("metadata")), STR("team"))->string, STR("web"));
    site.settings.metadata = parse(&site, STR("{\"more\":[1]}"));
    site_publish(&site);
    answer = parse(&site, site_all(&site, ANN));
    CHECK(json_find(&answer, STR("metadata")) == NULL);
    site_close(&site);
}

TEST(one_provider_gets_nothing_but_flags)
{
    struct site site;
    site_open(&site);
    site.settings.metadata = parse(&site, STR("{\"team\":\"web\"}"));
    site_flag(&site, "'key':'a'");
    site_publish(&site);
    site_header(&site, "User-Agent", STR("ktor-client"));
    site_check_json(&site, site_all(&site, ANN),
                    "{'flags':[{'key':'a','value':true,'reason':'STATIC','variant':'on',"
                    "'metadata':{}}]}");
    struct str bare = arena_copy_str(&site.arena, site_answer_header(&site, "ETag"));
    site_all(&site, ANN);
    CHECK(!str_equal(site_answer_header(&site, "ETag"), bare));
    site_close(&site);
}

/* ---- what whom sees ---------------------------------------------------------------------------
 */

TEST(keys_see_what_is_theirs)
{
    static const char *const seen[KEYS] = {
        [KEY_BROWSER] = "both client",
        [KEY_SERVER] = "both client hidden nowhere other unset",
        [KEY_CLIENT] = "both",
        [KEY_DEPLOYMENT] = "both hidden unset",
        [KEY_PROJECT] = "both hidden unset",
        [KEY_OTHER] = "hidden other unset",
    };
    struct site site;
    site_open(&site);
    site.settings.hides_flags_by_default = true;
    site_flag(&site, "'key':'both','visibility':'client','deployments':[41]");
    site_flag(&site, "'key':'client','visibility':'client','deployments':[]");
    site_flag(&site, "'key':'hidden','visibility':'server'");
    site_flag(&site, "'key':'nowhere','visibility':'server','deployments':[]");
    site_flag(&site, "'key':'other','deployments':[42]");
    site_flag(&site, "'key':'unset','deployments':[41,42]");
    site_publish(&site);
    for (enum site_key key = 0; key < KEYS; key++) {
        site_as(&site, key);
        CHECK_STR(keys_of(&site, site_all(&site, ANN)), str_of(seen[key]));
        for (size_t i = 0; i < site.flag_count; i++) {
            struct str flag = site.flags[i]->flag.key;
            struct str all = str_of(seen[key]);
            bool is_seen = str_contains(all, flag);
            site_one(&site, arena_format(&site.arena, "%.*s", STR_ARG(flag)).data, ANN);
            CHECK_INT(site_status(&site), is_seen ? 200 : 404);
        }
    }
    site_close(&site);
}

TEST(what_nobody_said_follows_the_environment)
{
    struct site site;
    site_open(&site);
    site_flag(&site, "'key':'unset'");
    site_publish(&site);
    site_as(&site, KEY_BROWSER);
    CHECK_STR(keys_of(&site, site_all(&site, ANN)), STR("unset"));
    site.settings.hides_flags_by_default = true;
    site_publish(&site);
    CHECK_STR(keys_of(&site, site_all(&site, ANN)), STR(""));
    site_close(&site);
}

/* ---- tags -------------------------------------------------------------------------------------
 */

/* Asks with a tag, "" for none; the tag that comes back, in the arena. */
static struct str tag_after(struct site *site, struct str tag, const char *body, int status)
{
    if (tag.size > 0)
        site_header(site, "If-None-Match", tag);
    struct str answer = site_all(site, body);
    CHECK_INT(site_status(site), status);
    CHECK(status != 304 || answer.size == 0);
    return arena_copy_str(&site->arena, site_answer_header(site, "ETag"));
}

#define RULE_ON_PLAN                                                                               \
    "'rules':[{'id':'r','when':{'op':'match','attribute':'plan','operator':'eq','value':'pro'},"   \
    "'serve':{'variation':'off'}}]"
#define BEN "{'context':{'targetingKey':'ben'}}"

TEST(an_unchanged_answer_is_304_with_its_tag)
{
    struct site site;
    site_open(&site);
    site_flag(&site, "'key':'a'," RULE_ON_PLAN);
    site_publish(&site);
    struct str tag = tag_after(&site, STR(""), ANN, 200);
    CHECK_INT(tag.size, TAG_BYTES);
    CHECK_STR(tag_after(&site, tag, ANN, 304), tag);
    struct str weak = arena_format(&site.arena, "\"x\", W/%.*s", STR_ARG(tag));
    CHECK_STR(tag_after(&site, weak, ANN, 304), tag);
    CHECK_STR(tag_after(&site, STR("\"x\""), ANN, 200), tag);
    CHECK_STR(tag_after(&site, STR("*"), ANN, 200), tag);
    CHECK_STR(tag_after(&site, str_slice(tag, 1, tag.size - 1), ANN, 200), tag);
    site_close(&site);
}

TEST(a_tag_is_of_the_context_and_the_credential)
{
    struct site site;
    site_open(&site);
    site_flag(&site, "'key':'a'," RULE_ON_PLAN);
    site_publish(&site);
    struct str tag = tag_after(&site, STR(""), ANN, 200);
    CHECK(!str_equal(tag_after(&site, tag, BEN, 200), tag));
    CHECK(!str_equal(tag_after(&site, tag, "{'context':{'targetingKey':'ann','plan':'pro'}}", 200),
                     tag));
    site_as(&site, KEY_BROWSER);
    CHECK(!str_equal(tag_after(&site, tag, ANN, 200), tag));
    site_close(&site);
}

TEST(an_unrelated_change_makes_no_new_answer)
{
    struct site site;
    site_open(&site);
    site_flag(&site, "'key':'a'");
    site_flag(&site, "'key':'hidden','visibility':'server'");
    site_publish(&site);
    site_as(&site, KEY_BROWSER);
    struct str tag = tag_after(&site, STR(""), ANN, 200);
    site_clear(&site);
    site_flag(&site, "'key':'a','description':'new words'");
    site_flag(&site, "'key':'hidden','visibility':'server','enabled':false");
    site.version++;
    site_publish(&site);
    CHECK_STR(tag_after(&site, tag, ANN, 304), tag); /* the client keeps what it has */
    struct str fresh = tag_after(&site, STR(""), ANN, 200);
    CHECK(!str_equal(fresh, tag));
    CHECK_STR(str_slice(fresh, 0, 17), str_slice(tag, 0, 17));
    site_close(&site);
}

TEST(a_change_makes_a_new_tag)
{
    static const char *const changes[] = {
        "'key':'a','fallthrough':{'variation':'off'}",
        "'key':'a','enabled':false",
        "'key':'a','metadata':{'x':1}",
        "'key':'a','variations':[{'id':'on','value':false},{'id':'off','value':false}]",
        "'key':'a'," RULE_ON_PLAN,
        "'key':'b'",
    };
    struct site site;
    site_open(&site);
    site_flag(&site, "'key':'a'");
    site_publish(&site);
    struct str tag = tag_after(&site, STR(""), ANN, 200);
    for (size_t i = 0; i < COUNT_OF(changes); i++) {
        site_clear(&site);
        site_flag(&site, changes[i]);
        site.version++;
        site_publish(&site);
        struct str fresh = tag_after(&site, tag, ANN, 200);
        CHECK(!str_equal(str_slice(fresh, 0, 17), str_slice(tag, 0, 17)));
    }
    site_close(&site);
}

TEST(a_moment_that_comes_makes_a_new_tag)
{
    struct site site;
    site_open(&site);
    site_flag(&site, "'key':'a','schedule':{'start':'2025-04-30T08:30:00Z'}");
    site_publish(&site);
    struct str tag = tag_after(&site, STR(""), ANN, 200);
    site.now_ms += 60 * 1000;
    CHECK_STR(tag_after(&site, tag, ANN, 304), tag);
    site.now_ms = site_now_ms + 3600 * 1000;
    CHECK(!str_equal(tag_after(&site, tag, ANN, 200), tag));
    CHECK(str_contains(site.exchange.response.body, STR("\"value\":true")));
    site_close(&site);
}

TEST(a_tag_outlives_the_process)
{
    struct str tags[2];
    struct arena arena;
    arena_open(&arena, 256);
    for (size_t i = 0; i < 2; i++) { /* nothing of the first is left */
        struct site site;
        site_open(&site);
        site_flag(&site, "'key':'a'," RULE_ON_PLAN);
        site_publish(&site);
        tags[i] = arena_copy_str(&arena, tag_after(&site, STR(""), ANN, 200));
        site_close(&site);
    }
    CHECK_STR(tags[0], tags[1]);
    CHECK_STR(tags[0], STR("\"c404ade09a0f67c2.9e856759dc57f682\""));
    arena_close(&arena);
}

static void ignore(void *context)
{
    (void)context;
}

/* Its answers depend on what is remembered, too: the input alone does not say that. */
TEST(a_tag_does_not_hide_what_is_remembered)
{
    struct site site;
    site_open(&site);
    site.services.variations = notebook_open(NOTE_VARIATION, clock_system(), ignore, NULL);
    struct flag flag =
        site_decode_flag(&site, "'key':'a','kind':'experiment'," SITE_TEXT_FAMILY
                                "'variations':[{'id':'red','value':'red'},"
                                "{'id':'blue','value':'blue'},{'id':'off','value':'off'}],"
                                "'fallthrough':{'variation':'red'}");
    flag.experiment.is_sticky = true;
    site_add(&site, flag);
    site_publish(&site);
    notebook_note(site.services.variations, SITE_ENVIRONMENT, STR("flag_1 ann"), STR("blue"));
    struct str tag = tag_after(&site, STR(""), ANN, 200);
    CHECK(str_contains(site.exchange.response.body, STR("\"variant\":\"blue\"")));
    CHECK_STR(tag_after(&site, tag, ANN, 304), tag);
    notebook_note(site.services.variations, SITE_ENVIRONMENT, STR("flag_1 ann"), STR("red"));
    CHECK(!str_equal(tag_after(&site, tag, ANN, 200), tag));
    notebook_close(site.services.variations);
    site_close(&site);
}

/* ---- compressed --------------------------------------------------------------------------------
 */

TEST(a_large_answer_is_compressed_for_who_accepts_it)
{
    struct site site;
    site_open(&site);
    for (size_t i = 0; i < 40; i++)
        site_flag(&site, arena_format(&site.arena, "'key':'flag-%zu'", i).data);
    site_publish(&site);
    struct str plain_tag = tag_after(&site, STR(""), ANN, 200);
    size_t plain_size = site.exchange.response.body.size;
    CHECK(str_is_absent(site_answer_header(&site, "Content-Encoding")));
    CHECK(str_contains(site_answer_header(&site, "Vary"), STR("Accept-Encoding")));
    site_header(&site, "Accept-Encoding", STR("gzip"));
    struct str tag = tag_after(&site, STR(""), ANN, 200);
    CHECK_STR(site_answer_header(&site, "Content-Encoding"), STR("gzip"));
    CHECK(site.exchange.response.body.size < plain_size / 4);
    CHECK(!str_equal(tag, plain_tag)); /* another representation */
    site_close(&site);
}

TESTS(flags_come_by_key_with_failures_among_them, single_and_bulk_say_the_same,
      an_environment_without_flags_answers_with_none,
      a_context_that_cannot_be_read_is_refused_as_a_whole,
      the_event_stream_is_announced_by_its_address,
      metadata_of_the_environment_is_passed_on_when_there_is_some,
      one_provider_gets_nothing_but_flags, keys_see_what_is_theirs,
      what_nobody_said_follows_the_environment, an_unchanged_answer_is_304_with_its_tag,
      a_tag_is_of_the_context_and_the_credential, an_unrelated_change_makes_no_new_answer,
      a_change_makes_a_new_tag, a_moment_that_comes_makes_a_new_tag, a_tag_outlives_the_process,
      a_tag_does_not_hide_what_is_remembered, a_large_answer_is_compressed_for_who_accepts_it)
