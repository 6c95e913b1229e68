/* SPDX-License-Identifier: Apache-2.0 */
/* amplitude - configurations against what the vendor's engine decided; management answers against
 * the configurations that are made of them. */
#include "dialect/amplitude/configuration_encode.h"
#include "recorded.h"

static const char vectors[] = "../shared/reference/amplitude-eval-vectors.json";

static struct str text_of(struct arena *arena, const struct json *json)
{
    struct buf buf;
    struct json_writer writer;
    buf_open(&buf, SIZE_MAX);
    json_writer_open(&writer, &buf);
    json_tree(&writer, json);
    struct str text = arena_copy_str(arena, buf_str(&buf));
    buf_close(&buf);
    return text;
}

/* The variant's key; "off" where none is chosen, which SDKs take for the same. */
static struct str decide(struct imported *imported, struct str key, const struct json *tree)
{
    struct context context;
    context_open_user(&context, &imported->arena, imported->ruleset, tree, imported->scratch);
    struct decision decision = evaluate(imported->ruleset, key, &context, 0, NULL);
    if (decision.flag == NULL || decision.variation == VARIATION_NONE)
        return STR("off");
    return decision.flag->flag->variations[decision.variation].id;
}

/* ---- configurations -------------------------------------------------------------------------- */

static size_t compare_case(struct arena *arena, const struct json *one)
{
    size_t compared = 0;
    const struct json *flags = json_find(one, STR("flags"));
    const struct json *result = json_find(one, STR("result"));
    if (result == NULL || json_find(one, STR("flag_keys")) != NULL)
        return 0;
    struct imported *imported = imported_open(STR("amplitude"), text_of(arena, flags));
    for (uint32_t i = 0; i < flags->count; i++) {
        struct str key = json_find(&flags->elements[i], STR("key"))->string;
        const struct json *variant = json_find(result, key);
        const struct json *variant_key = variant == NULL ? NULL : json_find(variant, STR("key"));
        if (imported_flag(imported, key) == NULL) {
            CHECK_INT(imported_outcome(imported, STR("flag"), key), IMPORT_LEFT_OUT);
            continue;
        }
        struct str got = decide(imported, key, json_find(one, STR("context")));
        CHECK_STR(got, variant_key == NULL ? STR("off") : variant_key->string);
        compared++;
    }
    imported_close(imported);
    return compared;
}

TEST(configurations_decide_as_the_vendors_engine_does)
{
    struct arena arena;
    struct json json;
    size_t compared = 0;
    arena_open(&arena, 65536);
    struct str text = imported_file(&arena, vectors);
    if (str_is_absent(text)) {
        printf("skipped: %s is not there\n", vectors);
        arena_close(&arena);
        skip();
    }
    CHECK_OK(json_parse(&arena, text, &imported_budget, &json));
    const struct json *cases = json_find(&json, STR("flags"));
    for (uint32_t i = 0; i < cases->count; i++)
        compared += compare_case(&arena, &cases->elements[i]);
    CHECK(compared > 40);
    arena_close(&arena);
}

static const char configuration[] =
    "[{\"key\":\"parent\",\"metadata\":{\"deployed\":false,\"evaluationMode\":\"local\"},"
    "\"segments\":[{\"bucket\":{\"selector\":[\"context\",\"user\",\"user_id\"],\"salt\":\"s\","
    "\"allocations\":[{\"range\":[0,100],\"distributions\":[{\"variant\":\"on\",\"range\":[0,"
    "21474837]},{\"variant\":\"off\",\"range\":[21474836,42949673]}]}]},\"variant\":\"off\"}],"
    "\"variants\":{\"on\":{\"key\":\"on\",\"value\":\"on\"},\"off\":{\"key\":\"off\"}}},"
    "{\"key\":\"child\",\"dependencies\":[\"parent\"],"
    "\"metadata\":{\"deployed\":true,\"evaluationMode\":\"local\",\"flagVersion\":4,"
    "\"team\":\"web\"},"
    "\"segments\":[{\"conditions\":[[{\"selector\":[\"result\",\"parent\",\"key\"],"
    "\"op\":\"is not\",\"values\":[\"on\"]}]],\"variant\":\"off\"},"
    "{\"metadata\":{\"segmentName\":\"All Other Users\"},\"variant\":\"on\"}],"
    "\"variants\":{\"on\":{\"key\":\"on\",\"value\":\"yes\",\"payload\":{\"a\":1}}}}]";

TEST(a_key_prefix_renames_what_conditions_ask_of_other_flags)
{
    unsigned alike = 0;
    unsigned on = 0;
    struct imported *plain = imported_open(STR("amplitude"), str_of(configuration));
    struct imported *prefixed =
        imported_open_with(STR("amplitude"), str_of(configuration),
                           (struct import_options){.key_prefix = STR("web_")});
    CHECK_OK(prefixed->fault);
    CHECK_STR(imported_flag(prefixed, STR("web_child"))->prerequisites[0].flag, STR("web_parent"));
    for (unsigned i = 0; i < 200; i++) {
        struct json *tree = ARENA_NEW(&plain->arena, struct json);
        *tree = imported_parse(plain,
                               arena_format(&plain->arena, "{\"user\":{\"user_id\":\"u%u\"}}", i));
        struct str got = decide(plain, STR("child"), tree);
        alike += str_equal(got, decide(prefixed, STR("web_child"), tree));
        on += str_equal(got, STR("on"));
    }
    CHECK_INT(alike, 200);
    CHECK(on > 50);
    CHECK(on < 150);
    imported_close(plain);
    imported_close(prefixed);
}

TEST(what_a_configuration_says_beside_its_rules_is_kept_or_said)
{
    struct imported *imported = imported_open(STR("amplitude"), str_of(configuration));
    const struct flag *child = imported_flag(imported, STR("child"));
    CHECK_INT(imported_outcome(imported, STR("flag"), STR("parent")), IMPORT_EXACT);
    CHECK_INT(imported_outcome(imported, STR("flag"), STR("child")), IMPORT_PARTLY);
    CHECK(str_contains(imported_find_row(imported, STR("flag"), STR("child"))->note,
                       STR("value of its variant on")));
    CHECK(!imported_flag(imported, STR("parent"))->is_on_all_deployments);
    CHECK(child->is_on_all_deployments);
    CHECK_INT(child->metadata.count, 1);
    CHECK(flag_find_variation(child, STR("off")) >= 0);
    imported_close(imported);
}

TEST(a_flag_without_its_rules_comes_in_switched_off)
{
    struct imported *imported = imported_open(
        STR("amplitude"),
        STR("[{\"key\":\"r\",\"metadata\":{\"evaluationMode\":\"remote\"},\"segments\":["
            "{\"metadata\":{\"segmentName\":\"default\"},\"variant\":\"off\"}],"
            "\"variants\":{\"on\":{\"key\":\"on\"},\"off\":{\"key\":\"off\"}}}]"));
    CHECK(!imported_flag(imported, STR("r"))->is_enabled);
    CHECK_INT(imported_outcome(imported, STR("flag"), STR("r")), IMPORT_PARTLY);
    imported_close(imported);
}

/* ---- management ------------------------------------------------------------------------------ */

static const char management[] =
    "{\"mutexes\":[{\"id\":\"60\",\"key\":\"lanes\",\"name\":\"Lanes\",\"evaluationMode\":"
    "\"local\","
    "\"bucketingKey\":\"device_id\",\"bucketingSalt\":\"A0bc9dEf\",\"slots\":["
    "{\"name\":\"SLOT "
    "1\",\"index\":1,\"variantKey\":\"slot-1\",\"percentage\":40,\"experiments\":[51],"
    "\"individuals\":[\"qa-1\"]},{\"index\":2,\"percentage\":50,\"experiments\":[]}]}],"
    "\"holdouts\":[{\"id\":\"61\",\"key\":\"h2\",\"name\":\"H2\",\"holdoutPercentage\":5,"
    "\"evaluationMode\":\"local\",\"bucketingKey\":\"amplitude_id\",\"bucketingSalt\":\"TR3k0aPz\","
    "\"individualInclusion\":[\"ann\"],\"individualExclusion\":[\"bo\"],\"deleted\":false}],"
    "\"flags\":[{\"id\":\"40\",\"projectId\":\"9\",\"deployments\":[\"41\"],\"key\":\"new-"
    "checkout\","
    "\"name\":\"New checkout\",\"description\":\"Two-step\",\"enabled\":true,"
    "\"evaluationMode\":\"local\",\"bucketingKey\":\"user_id\",\"bucketingSalt\":\"q7Lw2ZtB\","
    "\"bucketingUnit\":\"User\",\"variants\":[{\"key\":\"on\",\"payload\":{\"steps\":2},"
    "\"users\":[\"qa-1\",\"qa-2\"]},{\"key\":\"wide\"}],\"rolloutPercentage\":25,"
    "\"rolloutWeights\":{\"on\":1,\"wide\":3},\"targetSegments\":[{\"name\":\"Nordics\","
    "\"conditions\":[{\"type\":\"property\",\"prop\":\"country\",\"op\":\"is\",\"values\":["
    "\"Norway\"]},"
    "{\"type\":\"property\",\"prop\":\"gp:plan\",\"op\":\"is not\",\"values\":[\"(none)\"]}],"
    "\"percentage\":80,\"bucketingKey\":\"user_id\",\"rolloutWeights\":{\"on\":1}}],"
    "\"deleted\":false,\"tags\":[\"checkout\"],\"createdBy\":\"ann@example.org\"}],"
    "\"experiments\":[{\"id\":51,\"projectId\":\"9\",\"deployments\":[\"41\"],\"key\":\"colour\","
    "\"name\":\"Colour\",\"decision\":null,\"description\":\"\",\"enabled\":true,"
    "\"evaluationMode\":\"local\",\"bucketingKey\":\"user_id\",\"bucketingSalt\":\"Zt4hN0ve\","
    "\"variants\":[{\"key\":\"control\"},{\"key\":\"treatment\",\"name\":\"Teal\"}],"
    "\"rolloutPercentage\":100,\"rolloutWeights\":{\"control\":1,\"treatment\":1},"
    "\"targetSegments\":[],\"parentDependencies\":{\"flags\":{\"60\":[\"slot-1\"],\"61\":[\"on\"]},"
    "\"operator\":\"all\"},\"stickyBucketing\":false,\"state\":\"running\","
    "\"startDate\":\"2025-05-01\",\"endDate\":null,\"experimentType\":\"a-b-test\",\"tags\":[]}],"
    "\"deployments\":[{\"id\":\"41\",\"label\":\"web-prod\",\"deleted\":false}]}";

/* The flags as SDKs download them. */
static struct str configurations_of(struct imported *imported)
{
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    for (size_t i = 0; i < imported->state.flag_count; i++) {
        const struct configuration_input input = {
            .flag = imported->state.flags[i], .sequence = 1, .is_remote_told = true};
        buf_append(&buf, i == 0 ? STR("[") : STR(","));
        buf_append(&buf, STR("{\"metadata\":{\"deployed\":true"));
        configuration_encode(&buf, &imported->arena, &input);
    }
    buf_append(&buf, STR("]"));
    struct str text = arena_copy_str(&imported->arena, buf_str(&buf));
    buf_close(&buf);
    return text;
}

TEST(management_answers_decide_as_the_configurations_made_of_them)
{
    static const char *const countries[] = {"Norway", "Chile"};
    unsigned counts[2] = {0, 0};
    struct imported *managed = imported_open(STR("amplitude"), str_of(management));
    struct imported *downloaded = imported_open(STR("amplitude"), configurations_of(managed));
    CHECK_INT(managed->state.flag_count, 4);
    CHECK_INT(downloaded->state.flag_count, 4);
    for (unsigned i = 0; i < 400; i++) {
        struct json *tree = ARENA_NEW(&managed->arena, struct json);
        *tree = imported_parse(managed,
                               arena_format(&managed->arena,
                                            "{\"user\":{\"user_id\":\"u%u\",\"device_id\":\"d%u\","
                                            "\"amplitude_id\":\"%u\",\"country\":\"%s\","
                                            "\"user_properties\":{\"plan\":\"pro\"}}}",
                                            i, i, i, countries[i % 2]));
        for (size_t j = 0; j < managed->state.flag_count; j++) {
            struct str key = managed->state.flags[j]->key;
            CHECK_STR(decide(managed, key, tree), decide(downloaded, key, tree));
        }
        counts[0] += !str_equal(decide(managed, STR("colour"), tree), STR("off"));
        counts[1] += !str_equal(decide(managed, STR("new-checkout"), tree), STR("off"));
    }
    CHECK(counts[0] > 100); /* 40 % of 95 % */
    CHECK(counts[0] < 210);
    CHECK(counts[1] > 150); /* 80 % and 25 %, half and half */
    CHECK(counts[1] < 280);
    imported_close(managed);
    imported_close(downloaded);
}

TEST(management_answers_keep_names_lists_and_deployments)
{
    struct imported *imported = imported_open(STR("amplitude"), str_of(management));
    const struct flag *flag = imported_flag(imported, STR("new-checkout"));
    const struct flag *lanes = imported_flag(imported, STR("lanes"));
    CHECK_INT(imported_outcome(imported, STR("flag"), STR("new-checkout")), IMPORT_EXACT);
    CHECK_INT(imported_outcome(imported, STR("flag"), STR("colour")), IMPORT_EXACT);
    CHECK_INT(imported_outcome(imported, STR("flag"), STR("lanes")), IMPORT_EXACT);
    CHECK(imported_find_row(imported, STR("inclusions"), STR("users, cohorts")) == NULL);
    CHECK_STR(flag->name, STR("New checkout"));
    CHECK_STR(flag->salt, STR("q7Lw2ZtB"));
    CHECK_INT(flag->variations[0].included_count, 2);
    CHECK(str_contains(imported->result.document, STR("\"deployments\":[\"web-prod\"]")));
    CHECK_INT(lanes->kind, FLAG_KIND_MUTEX);
    CHECK_STR(lanes->variations[0].included[0], STR("qa-1"));
    CHECK(imported_flag(imported, STR("colour"))->experiment.has_started);
    imported_close(imported);
}

TEST(what_leans_on_an_unknown_item_is_left_out)
{
    struct imported *imported = imported_open(
        STR("amplitude"),
        STR("{\"flags\":[{\"id\":\"1\",\"key\":\"a\",\"bucketingSalt\":\"s\",\"variants\":[{"
            "\"key\":"
            "\"on\"}],\"deployments\":[],\"parentDependencies\":{\"flags\":{\"77\":[\"on\"]},"
            "\"operator\":\"all\"}},"
            "{\"id\":\"2\",\"key\":\"b\",\"variants\":[{\"key\":\"on\"}],\"deployments\":[\"5\"],"
            "\"deleted\":true}],\"nextCursor\":2}"));
    CHECK_INT(imported->state.flag_count, 1);
    CHECK_INT(imported_outcome(imported, STR("flag"), STR("a")), IMPORT_LEFT_OUT);
    CHECK_INT(imported_outcome(imported, STR("flag"), STR("b")), IMPORT_REDEALT);
    CHECK(imported_flag(imported, STR("b"))->is_archived);
    CHECK_INT(imported_outcome(imported, STR("page"), STR("nextCursor")), IMPORT_PARTLY);
    CHECK_INT(imported_outcome(imported, STR("inclusions"), STR("users, cohorts")), IMPORT_PARTLY);
    imported_close(imported);
}

TEST(one_item_and_one_configuration_are_documents)
{
    struct imported *item = imported_open(
        STR("amplitude"), STR("{\"id\":\"1\",\"key\":\"a\",\"bucketingSalt\":\"s\",\"variants\":[{"
                              "\"key\":\"on\"}],\"experimentType\":\"a-b-test\"}"));
    CHECK_INT(imported_flag(item, STR("a"))->kind, FLAG_KIND_EXPERIMENT);
    imported_close(item);
    struct imported *one =
        imported_open(STR("amplitude"), STR("{\"key\":\"a\",\"segments\":[{\"variant\":\"on\"}],"
                                            "\"variants\":{\"on\":{\"key\":\"on\"}}}"));
    CHECK_INT(imported_outcome(one, STR("flag"), STR("a")), IMPORT_EXACT);
    imported_close(one);
}

TEST(what_is_neither_is_refused)
{
    static const char *const texts[] = {
        "{}", "[1]", "\"x\"", "{\"flags\":{}}", "{\"key\":\"a\"}", "nothing"};
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct imported *imported =
            imported_open_with(STR("amplitude"), str_of(texts[i]), (struct import_options){0});
        CHECK_FAULT(imported->fault, FAULT_INVALID);
        imported_close(imported);
    }
}

TESTS(configurations_decide_as_the_vendors_engine_does,
      a_key_prefix_renames_what_conditions_ask_of_other_flags,
      what_a_configuration_says_beside_its_rules_is_kept_or_said,
      a_flag_without_its_rules_comes_in_switched_off,
      management_answers_decide_as_the_configurations_made_of_them,
      management_answers_keep_names_lists_and_deployments,
      what_leans_on_an_unknown_item_is_left_out, one_item_and_one_configuration_are_documents,
      what_is_neither_is_refused)
