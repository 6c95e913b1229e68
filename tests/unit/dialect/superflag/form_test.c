/* SPDX-License-Identifier: Apache-2.0 */
/* Which document form is served, and its bytes. */
#include "fixture.h"
#include "snapshot/kept.h"

enum { SHOP_FLAGS = 3 };

/* alpha: plain, unset; beta: rollout, server; gamma: rules, client. */
static void open_shop(struct arena *arena, struct flag *flags[SHOP_FLAGS])
{
    flags[0] = posted(arena, "alpha", "{\"type\":\"bool\",\"value\":true}");
    flags[1] = posted(arena, "beta",
                      "{\"type\":\"number\",\"value\":3,\"rollout\":{\"percentage\":25},"
                      "\"clientEnabled\":false}");
    flags[2] =
        posted(arena, "gamma", "{\"type\":\"string\",\"value\":\"x\",\"clientEnabled\":true}");
    flags[2]->rules = ARENA_NEW(arena, struct rule);
    flags[2]->rules[0] = rule_for_all(STR("r"), STR("default"));
    flags[2]->rule_count = 1;
}

static struct environment_state shop(struct arena *arena, size_t count)
{
    struct flag *flags[SHOP_FLAGS];
    open_shop(arena, flags);
    return state_of(arena, (const struct flag *const *)flags, count);
}

TEST(auto_is_legacy_while_every_flag_served_is_expressible)
{
    struct arena arena;
    arena_open(&arena, 4096);
    struct environment_state state = shop(&arena, 2);
    CHECK(superflag_choose_form(&state, SUPERFLAG_CLIENT) == DOCUMENT_FORM_LEGACY);
    CHECK(superflag_choose_form(&state, SUPERFLAG_SERVER) == DOCUMENT_FORM_LEGACY);
    state = shop(&arena, 3);
    CHECK(superflag_choose_form(&state, SUPERFLAG_CLIENT) == DOCUMENT_FORM_CORE);
    CHECK(superflag_choose_form(&state, SUPERFLAG_SERVER) == DOCUMENT_FORM_CORE);
    arena_close(&arena);
}

TEST(a_hidden_flag_does_not_decide_the_form_browsers_get)
{
    struct arena arena;
    arena_open(&arena, 4096);
    struct flag *flags[SHOP_FLAGS];
    open_shop(&arena, flags);
    flags[2]->visibility = VISIBILITY_SERVER;
    struct environment_state state = state_of(&arena, (const struct flag *const *)flags, 3);
    CHECK(superflag_choose_form(&state, SUPERFLAG_CLIENT) == DOCUMENT_FORM_LEGACY);
    CHECK(superflag_choose_form(&state, SUPERFLAG_SERVER) == DOCUMENT_FORM_CORE);
    flags[2]->visibility = VISIBILITY_UNSET;
    state.settings.hides_flags_by_default = true;
    CHECK(superflag_choose_form(&state, SUPERFLAG_CLIENT) == DOCUMENT_FORM_LEGACY);
    arena_close(&arena);
}

TEST(a_form_that_was_set_is_honoured)
{
    struct arena arena;
    arena_open(&arena, 4096);
    struct environment_state state = shop(&arena, 3);
    state.settings.document_form = DOCUMENT_FORM_LEGACY;
    CHECK(superflag_choose_form(&state, SUPERFLAG_CLIENT) == DOCUMENT_FORM_LEGACY);
    CHECK_STR(legacy_text(&arena, &state, SUPERFLAG_CLIENT),
              STR("{\"flags\":{\"alpha\":{\"type\":\"bool\",\"value\":true}},"
                  "\"overrides\":{},\"rules\":{}}")); /* gamma has a rule: exact or absent */
    state = shop(&arena, 1);
    state.settings.document_form = DOCUMENT_FORM_CORE;
    CHECK(superflag_choose_form(&state, SUPERFLAG_CLIENT) == DOCUMENT_FORM_CORE);
    struct str body = config_text(&arena, &state, SUPERFLAG_CLIENT);
    CHECK(str_contains(body, STR("\"schemaVersion\":1")));
    CHECK(!str_contains(body, STR("\"overrides\"")));
    arena_close(&arena);
}

TEST(the_legacy_envelope_has_these_bytes)
{
    struct arena arena;
    arena_open(&arena, 4096);
    struct environment_state state = shop(&arena, 2);
    CHECK_STR(config_text(&arena, &state, SUPERFLAG_CLIENT),
              STR("{\"appId\":\"app_t\",\"env\":\"production\",\"version\":42,"
                  "\"doc\":{\"flags\":{\"alpha\":{\"type\":\"bool\",\"value\":true}},"
                  "\"overrides\":{},\"rules\":{}},\"ttlSeconds\":60}"));
    CHECK_STR(config_text(&arena, &state, SUPERFLAG_SERVER),
              STR("{\"appId\":\"app_t\",\"env\":\"production\",\"version\":42,"
                  "\"doc\":{\"flags\":{\"alpha\":{\"type\":\"bool\",\"value\":true},"
                  "\"beta\":{\"type\":\"number\",\"value\":3,\"rollout\":{\"percentage\":25}}},"
                  "\"overrides\":{},\"rules\":{}},\"ttlSeconds\":60}"));
    arena_close(&arena);
}

TEST(the_core_document_keeps_its_member_order)
{
    struct arena arena;
    arena_open(&arena, 4096);
    struct environment_state state = shop(&arena, 3);
    CHECK_STR(core_text(&arena, &state, SUPERFLAG_CLIENT, true),
              STR("{\"schemaVersion\":1,\"source\":{\"app\":\"app_t\",\"environment\":"
                  "\"production\"},\"configVersion\":42,\"flags\":{"
                  "\"alpha\":{\"type\":\"boolean\",\"description\":\"Migrated legacy flag alpha\","
                  "\"tags\":[\"legacy\"],\"owner\":\"unowned\",\"lifecycle\":\"active\","
                  "\"enabled\":true,\"variations\":{\"default\":{\"value\":true}},"
                  "\"offVariation\":\"default\",\"fallthrough\":{\"variation\":\"default\"},"
                  "\"visibility\":\"client\",\"value\":true},"
                  "\"gamma\":{\"type\":\"string\",\"description\":\"Migrated legacy flag gamma\","
                  "\"tags\":[\"legacy\"],\"owner\":\"unowned\",\"lifecycle\":\"active\","
                  "\"enabled\":true,\"variations\":{\"default\":{\"value\":\"x\"}},"
                  "\"offVariation\":\"default\",\"fallthrough\":{\"variation\":\"default\"},"
                  "\"rules\":[{\"id\":\"r\",\"when\":{\"op\":\"all\",\"expressions\":[]},"
                  "\"serve\":{\"variation\":\"default\"}}],"
                  "\"visibility\":\"client\",\"value\":\"x\"}},"
                  "\"overrides\":{},\"rules\":{}}"));
    arena_close(&arena);
}

TEST(metadata_is_for_servers_only)
{
    struct arena arena;
    arena_open(&arena, 4096);
    struct flag *flags[SHOP_FLAGS];
    open_shop(&arena, flags);
    flags[0]->metadata = *tree(&arena, "{\"secret\":\"flag-note\"}");
    struct environment_state state = state_of(&arena, (const struct flag *const *)flags, 3);
    state.settings.metadata = *tree(&arena, "{\"secret\":\"document-note\"}");
    struct str browser = config_text(&arena, &state, SUPERFLAG_CLIENT);
    struct str server = config_text(&arena, &state, SUPERFLAG_SERVER);
    CHECK(!str_contains(browser, STR("secret")));
    CHECK(str_contains(server, STR("flag-note")));
    CHECK(str_contains(server, STR("document-note")));
    arena_close(&arena);
}

TEST(browsers_get_no_hidden_flag_or_segment_in_any_form)
{
    static const char document[] =
        "{\"schemaVersion\":1,\"source\":{\"app\":\"a\",\"environment\":\"e\"},"
        "\"configVersion\":1,\"flags\":{\"hush\":{\"type\":\"boolean\",\"description\":\"d\","
        "\"tags\":[],\"owner\":\"o\",\"lifecycle\":\"active\",\"enabled\":true,"
        "\"variations\":{\"v\":{\"value\":true}},\"offVariation\":\"v\","
        "\"fallthrough\":{\"variation\":\"v\"}}},"
        "\"segments\":{\"insiders\":{\"included\":[\"u-1\"]},"
        "\"public\":{\"visibility\":\"client\",\"included\":[]}}}";
    struct arena arena;
    arena_open(&arena, 4096);
    struct superflag_document decoded;
    CHECK_OK(superflag_decode_document(&arena, tree(&arena, document), &decoded));
    CHECK(decoded.flags[0].visibility == VISIBILITY_SERVER);
    struct environment_state state = superflag_document_state(&arena, &decoded);
    for (int form = DOCUMENT_FORM_AUTO; form <= DOCUMENT_FORM_CORE; form++) {
        state.settings.document_form = (enum document_form)form;
        struct str browser = config_text(&arena, &state, SUPERFLAG_CLIENT);
        CHECK(!str_contains(browser, STR("hush")));
        CHECK(!str_contains(browser, STR("insiders")));
        CHECK(!str_contains(browser, STR("u-1")));
    }
    CHECK(
        str_contains(core_text(&arena, &state, SUPERFLAG_CLIENT, false),
                     STR("\"segments\":{\"public\":{\"included\":[],\"visibility\":\"client\"}}")));
    arena_close(&arena);
}

TEST(a_snapshot_is_rendered_for_both_audiences)
{
    struct arena arena;
    arena_open(&arena, 4096);
    struct snapshot *snapshot = ARENA_NEW(&arena, struct snapshot);
    arena_open(&snapshot->arena, 4096);
    snapshot->state = shop(&arena, 3);
    superflag_render(snapshot);
    CHECK_STR(superflag_body(snapshot, SUPERFLAG_PUBLIC_CONFIG)->body,
              config_text(&arena, &snapshot->state, SUPERFLAG_CLIENT));
    CHECK_STR(superflag_body(snapshot, SUPERFLAG_CONFIG)->body,
              config_text(&arena, &snapshot->state, SUPERFLAG_SERVER));
    CHECK_STR(snapshot->renderings[SUPERFLAG_PUBLIC_CONFIG].etag, STR("\"v42\""));
    CHECK_STR(snapshot->renderings[SUPERFLAG_CONFIG].etag, STR("\"v42\""));
    kept_bodies_release(snapshot);
    arena_close(&snapshot->arena);
    arena_close(&arena);
}

TESTS(auto_is_legacy_while_every_flag_served_is_expressible,
      a_hidden_flag_does_not_decide_the_form_browsers_get, a_form_that_was_set_is_honoured,
      the_legacy_envelope_has_these_bytes, the_core_document_keeps_its_member_order,
      metadata_is_for_servers_only, browsers_get_no_hidden_flag_or_segment_in_any_form,
      a_snapshot_is_rendered_for_both_audiences)
