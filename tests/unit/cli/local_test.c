/* SPDX-License-Identifier: Apache-2.0 */
/* local - a document is recognised for what it is, with or without what stands around it. */
#include "cli/superflag/local.h"

#include "test.h"

static struct arena arena;
static struct superflag_document document;
static struct issue *issues;

static size_t decode(const char *text)
{
    arena_close(&arena);
    arena_open(&arena, 4096);
    return local_decode(&arena, str_of(text), &document, &issues);
}

#define CORE                                                                                       \
    "{\"schemaVersion\":1,\"source\":{\"app\":\"a\",\"environment\":\"e\"},\"configVersion\":9,"   \
    "\"flags\":{\"f\":{\"type\":\"boolean\",\"description\":\"d\",\"tags\":[],\"owner\":\"o\","    \
    "\"lifecycle\":\"active\",\"enabled\":true,\"variations\":{\"on\":{\"value\":true}},"          \
    "\"offVariation\":\"on\",\"fallthrough\":{\"variation\":\"on\"}}}}"
#define FLAG "\"flags\":{\"f\":{\"type\":\"bool\",\"value\":true}}"

TEST(a_core_document_is_one_alone_and_in_an_envelope)
{
    CHECK_INT(decode(CORE), 0);
    CHECK_INT(document.flag_count, 1);
    CHECK_INT(document.config_version, 9);
    CHECK_INT(decode("{\"appId\":\"x\",\"env\":\"y\",\"version\":3,\"doc\":" CORE "}"), 0);
    CHECK_STR(document.app, STR("a"));
    CHECK_INT(document.config_version, 9);
}

TEST(a_legacy_document_is_known_by_its_form)
{
    CHECK_INT(decode("{" FLAG ",\"overrides\":{},\"rules\":{}}"), 0);
    CHECK_STR(document.app, STR("local"));
    CHECK_INT(decode("{" FLAG "}"), 0);
    CHECK_INT(document.flag_count, 1);
}

TEST(an_envelope_says_what_a_legacy_document_does_not)
{
    CHECK_INT(decode("{\"appId\":\"x\",\"env\":\"y\",\"version\":3,\"doc\":{\"flags\":{}}}"), 0);
    CHECK_STR(document.app, STR("x"));
    CHECK_STR(document.environment, STR("y"));
    CHECK_INT(document.config_version, 3);
    CHECK_INT(decode("{\"appId\":7,\"version\":-1,\"doc\":{\"flags\":{}}}"), 0);
    CHECK_STR(document.app, STR("local"));
    CHECK_INT(document.config_version, 0);
}

TEST(a_core_document_with_a_slip_is_judged_as_one)
{
    CHECK_INT(decode("{}"), 4);
    CHECK_STR(issues[0].path, STR("$.schemaVersion"));
    CHECK_INT(decode("{\"flags\":{}}"), 3);
    CHECK(decode("{\"source\":{\"app\":\"a\",\"environment\":\"e\"}," FLAG "}") > 0);
    CHECK_STR(issues[0].path, STR("$.schemaVersion"));
    CHECK(decode("{\"flags\":{\"f\":{\"value\":true,\"variations\":{}}}}") > 0);
    CHECK_STR(issues[0].path, STR("$.schemaVersion"));
}

TEST(what_the_sdk_says_of_a_legacy_flag_is_an_issue)
{
    CHECK_INT(decode("{\"flags\":{\"a.b\":{\"type\":\"colour\",\"value\":1}}}"), 1);
    CHECK_STR(issues[0].message, STR("Legacy flag a.b has an unsupported type"));
}

TEST(text_that_is_no_json_has_one_issue_at_the_root)
{
    static const char *const texts[] = {"", "{", "nul", "{}x", "\xff"};
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        CHECK_INT(decode(texts[i]), 1);
        CHECK_STR(issues[0].path, STR("$"));
    }
    CHECK_INT(decode("null"), 1);
    CHECK_STR(issues[0].message, STR("must be an object"));
}

TESTS(a_core_document_is_one_alone_and_in_an_envelope, a_legacy_document_is_known_by_its_form,
      an_envelope_says_what_a_legacy_document_does_not,
      a_core_document_with_a_slip_is_judged_as_one, what_the_sdk_says_of_a_legacy_flag_is_an_issue,
      text_that_is_no_json_has_one_issue_at_the_root)
