/* SPDX-License-Identifier: Apache-2.0 */
/* Every limit of a single flag or segment: let through at it, refused one past it, at both doors.
 */
#include "fixture.h"

static struct str *texts_of(struct arena *arena, size_t count)
{
    struct str *texts = ARENA_NEW_ARRAY(arena, struct str, count);
    for (size_t i = 0; i < count; i++)
        texts[i] = arena_format(arena, "t%zu", i);
    return texts;
}

static struct flag with_text(struct arena *arena, struct str *(*field)(struct flag *flag),
                             size_t bytes)
{
    struct flag flag = fixture_flag(arena, STR("k"));
    flag.tags = ARENA_NEW(arena, struct str);
    flag.tags[0] = STR("t");
    flag.tag_count = 1;
    fixture_rule(arena, &flag, fixture_match(STR("plan"), json_make_boolean(true)));
    flag.rules[0].serve =
        (struct serve){.kind = SERVE_SPLIT, .split = {.bucket_by = STR("b"), .salt = STR("s")}};
    flag.rules[0].serve.split.allocations = ARENA_NEW(arena, struct allocation);
    flag.rules[0].serve.split.allocations[0] =
        (struct allocation){.variation = STR("on"), .weight = 5};
    flag.rules[0].serve.split.allocation_count = 1;
    *field(&flag) = fixture_repeat(arena, 'x', bytes);
    return flag;
}

static struct str *id_of(struct flag *flag)
{
    return &flag->id;
}

static struct str *key_of(struct flag *flag)
{
    return &flag->key;
}

static struct str *description_of(struct flag *flag)
{
    return &flag->description;
}

static struct str *owner_of(struct flag *flag)
{
    return &flag->owner;
}

static struct str *tag_of(struct flag *flag)
{
    return &flag->tags[0];
}

static struct str *name_of(struct flag *flag)
{
    return &flag->variations[0].name;
}

static struct str *variation_description_of(struct flag *flag)
{
    return &flag->variations[0].description;
}

static struct str *rule_id_of(struct flag *flag)
{
    return &flag->rules[0].id;
}

static struct str *rule_description_of(struct flag *flag)
{
    return &flag->rules[0].description;
}

static struct str *attribute_of(struct flag *flag)
{
    return &flag->rules[0].when.attribute;
}

static struct str *bucket_by_of(struct flag *flag)
{
    return &flag->rules[0].serve.split.bucket_by;
}

static struct str *salt_of(struct flag *flag)
{
    return &flag->rules[0].serve.split.salt;
}

TEST(texts_may_be_so_long)
{
    static const struct {
        struct str *(*field)(struct flag *flag);
        size_t bytes_max;
        const char *where;
    } rows[] = {
        {id_of, TEXT_BYTES_MAX, "$.id"},
        {key_of, FLAG_KEY_BYTES_MAX, "$.key"},
        {description_of, TEXT_BYTES_MAX, "$.description"},
        {owner_of, TEXT_BYTES_MAX, "$.owner"},
        {tag_of, TEXT_BYTES_MAX, "$.tags[0]"},
        {name_of, TEXT_BYTES_MAX, "$.variations.off.name"},
        {variation_description_of, TEXT_BYTES_MAX, "$.variations.off.description"},
        {rule_id_of, TEXT_BYTES_MAX, "$.rules[0].id"},
        {rule_description_of, TEXT_BYTES_MAX, "$.rules[0].description"},
        {attribute_of, ATTRIBUTE_NAME_BYTES_MAX, "$.rules[0].when.attribute"},
        {bucket_by_of, ATTRIBUTE_NAME_BYTES_MAX, "$.rules[0].serve.rollout.bucketBy"},
        {salt_of, TEXT_BYTES_MAX, "$.rules[0].serve.rollout.salt"},
    };
    struct arena arena;
    arena_open(&arena, 65536);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct flag flag = with_text(&arena, rows[i].field, rows[i].bytes_max);
        check_both_doors(&arena, &flag, FAULT_NONE, STR(""));
        flag = with_text(&arena, rows[i].field, rows[i].bytes_max + 1);
        check_both_doors(&arena, &flag, FAULT_LIMIT, str_of(rows[i].where));
        CHECK_STR(flag_check(&arena, &flag).why,
                  arena_format(&arena, "must be at most %zu bytes", rows[i].bytes_max));
    }
    arena_close(&arena);
}

static struct flag with_variations(struct arena *arena, size_t count)
{
    struct flag flag = fixture_flag(arena, STR("k"));
    flag.variations = ARENA_NEW_ARRAY(arena, struct variation, count);
    flag.variation_count = count;
    for (size_t i = 0; i < count; i++)
        flag.variations[i] = (struct variation){.id = arena_format(arena, "v%zu", i),
                                                .value = json_make_boolean(true)};
    flag.off_variation = flag.fallthrough.variation = flag.variations[0].id;
    return flag;
}

TEST(a_flag_may_have_so_many_variations)
{
    struct arena arena;
    arena_open(&arena, 65536);
    struct flag flag = with_variations(&arena, VARIATIONS_PER_FLAG_MAX);
    check_both_doors(&arena, &flag, FAULT_NONE, STR(""));
    flag = with_variations(&arena, VARIATIONS_PER_FLAG_MAX + 1);
    check_both_doors(&arena, &flag, FAULT_LIMIT, STR("$.variations"));
    CHECK_STR(flag_check(&arena, &flag).why, STR("must have at most 64 variations"));
    arena_close(&arena);
}

/* An emoji is two units; ids are reported in events, whose schema counts units. */
TEST(a_variation_id_is_measured_in_utf16_units)
{
    struct arena arena;
    arena_open(&arena, 65536);
    struct str emoji = STR("\xf0\x9f\x9a\x80");
    struct str id = STR("");
    for (size_t i = 0; i < VARIATION_ID_UNITS_MAX / 2; i++)
        id = arena_format(&arena, "%.*s%.*s", STR_ARG(id), STR_ARG(emoji));
    struct flag flag = fixture_flag(&arena, STR("k"));
    flag.variations[0].id = flag.off_variation = id;
    check_both_doors(&arena, &flag, FAULT_NONE, STR(""));
    flag.variations[0].id = flag.off_variation = arena_format(&arena, "%.*sx", STR_ARG(id));
    check_both_doors(&arena, &flag, FAULT_LIMIT, STR("$.variations[0].id"));
    CHECK_STR(flag_check(&arena, &flag).why, STR("must be at most 96 UTF-16 units"));
    arena_close(&arena);
}

static struct flag with_value(struct arena *arena, struct json value)
{
    struct flag flag = fixture_flag(arena, STR("k"));
    CHECK(value_type_of(&value, &flag.type));
    flag.variation_count = 1;
    flag.variations[0].value = value;
    flag.fallthrough.variation = STR("off");
    return flag;
}

TEST(a_value_is_measured_in_canonical_bytes)
{
    struct arena arena;
    arena_open(&arena, 65536);
    struct str longest = fixture_repeat(&arena, 'x', VARIATION_VALUE_BYTES_MAX - 2);
    struct flag flag = with_value(&arena, json_make_string(longest));
    check_both_doors(&arena, &flag, FAULT_NONE, STR(""));
    struct str longer = fixture_repeat(&arena, 'x', VARIATION_VALUE_BYTES_MAX - 1);
    flag = with_value(&arena, json_make_string(longer));
    check_both_doors(&arena, &flag, FAULT_LIMIT, STR("$.variations.off.value"));

    /* Each of these takes six bytes of canonical text: 6 * 10922 + 2 = 65534. */
    struct str escaped = fixture_repeat(&arena, '\x01', 10922);
    flag = with_value(&arena, json_make_string(escaped));
    check_both_doors(&arena, &flag, FAULT_NONE, STR(""));
    flag = with_value(&arena, json_make_string(fixture_repeat(&arena, '\x01', 10923)));
    check_both_doors(&arena, &flag, FAULT_LIMIT, STR("$.variations.off.value"));
    arena_close(&arena);
}

/* [1,1,…]: two bytes an element and one more. */
TEST(a_list_is_measured_in_canonical_bytes)
{
    struct arena arena;
    arena_open(&arena, 65536);
    size_t count = VARIATION_VALUE_BYTES_MAX / 2;
    struct json list = {.type = JSON_ARRAY, .count = (uint32_t)count};
    list.elements = ARENA_NEW_ARRAY(&arena, struct json, count);
    for (size_t i = 0; i < count; i++)
        list.elements[i] = json_make_number(1);
    struct flag flag = with_value(&arena, list);
    check_both_doors(&arena, &flag, FAULT_LIMIT, STR("$.variations.off.value"));
    list.count--;
    flag = with_value(&arena, list);
    check_both_doors(&arena, &flag, FAULT_NONE, STR(""));
    arena_close(&arena);
}

static struct json nested_lists(struct arena *arena, size_t depth)
{
    struct json json = json_make_number(1);
    for (size_t i = 0; i < depth; i++) {
        struct json *inner = ARENA_NEW(arena, struct json);
        *inner = json;
        json = (struct json){.type = JSON_ARRAY, .count = 1, .elements = inner};
    }
    return json;
}

static struct expression around_times(struct arena *arena, struct expression expression,
                                      size_t times)
{
    for (size_t i = 0; i < times; i++)
        expression = fixture_around(arena, EXPRESSION_ALL, expression, 1);
    return expression;
}

TEST(values_may_be_so_deep)
{
    struct arena arena;
    arena_open(&arena, 65536);
    struct json deepest = nested_lists(&arena, VALUE_DEPTH_MAX);
    struct json deeper = nested_lists(&arena, VALUE_DEPTH_MAX + 1);
    struct flag flag = with_value(&arena, deepest);
    check_both_doors(&arena, &flag, FAULT_NONE, STR(""));
    flag = with_value(&arena, deeper);
    check_both_doors(&arena, &flag, FAULT_LIMIT, STR("$.variations.off.value"));
    CHECK_STR(flag_check(&arena, &flag).why, STR("must be at most 32 levels deep"));

    /* The deepest text there is: an element of a clause below as many combinators as may be. */
    struct json list = {.type = JSON_ARRAY, .count = 1, .elements = &deepest};
    flag = fixture_flag(&arena, STR("k"));
    fixture_rule(&arena, &flag,
                 around_times(&arena, fixture_match(STR("a"), list), RULE_NESTING_MAX));
    check_both_doors(&arena, &flag, FAULT_NONE, STR(""));
    list.elements = &deeper;
    fixture_rule(&arena, &flag, fixture_match(STR("a"), list));
    check_both_doors(&arena, &flag, FAULT_LIMIT, STR("$.rules[0].when.value[0]"));
    arena_close(&arena);
}

TEST(a_flag_may_have_so_many_tags)
{
    struct arena arena;
    arena_open(&arena, 65536);
    struct flag flag = fixture_flag(&arena, STR("k"));
    flag.tags = texts_of(&arena, TAGS_PER_FLAG_MAX + 1);
    flag.tag_count = TAGS_PER_FLAG_MAX;
    check_both_doors(&arena, &flag, FAULT_NONE, STR(""));
    flag.tag_count++;
    check_both_doors(&arena, &flag, FAULT_LIMIT, STR("$.tags"));
    arena_close(&arena);
}

TEST(a_flag_may_have_so_many_rules)
{
    struct arena arena;
    arena_open(&arena, 65536);
    struct flag flag = fixture_flag(&arena, STR("k"));
    fixture_rule(&arena, &flag, fixture_match(STR("a"), json_make_null()));
    struct rule rule = flag.rules[0];
    flag.rules = ARENA_NEW_ARRAY(&arena, struct rule, RULES_PER_FLAG_MAX + 1);
    for (size_t i = 0; i <= RULES_PER_FLAG_MAX; i++) {
        flag.rules[i] = rule;
        flag.rules[i].id = arena_format(&arena, "r%zu", i);
    }
    flag.rule_count = RULES_PER_FLAG_MAX;
    check_both_doors(&arena, &flag, FAULT_NONE, STR(""));
    flag.rule_count++;
    check_both_doors(&arena, &flag, FAULT_LIMIT, STR("$.rules"));
    arena_close(&arena);
}

TEST(a_rule_may_have_so_many_clauses)
{
    struct arena arena;
    arena_open(&arena, 65536);
    struct expression leaf = fixture_in_segment(STR("eu"));
    struct flag flag = fixture_flag(&arena, STR("k"));
    fixture_rule(&arena, &flag, fixture_around(&arena, EXPRESSION_ANY, leaf, CLAUSES_PER_RULE_MAX));
    check_both_doors(&arena, &flag, FAULT_NONE, STR(""));
    fixture_rule(&arena, &flag,
                 fixture_around(&arena, EXPRESSION_ANY, leaf, CLAUSES_PER_RULE_MAX + 1));
    check_both_doors(&arena, &flag, FAULT_LIMIT, STR("$.rules[0].when"));
    CHECK_STR(flag_check(&arena, &flag).why, STR("must have at most 32 clauses"));
    arena_close(&arena);
}

/* However they are spread out, and whether or not they are worth anything. */
TEST(clauses_are_counted_over_the_whole_expression)
{
    struct arena arena;
    arena_open(&arena, 65536);
    struct expression empty = fixture_around(&arena, EXPRESSION_ALL, (struct expression){0}, 0);
    struct expression four = fixture_around(&arena, EXPRESSION_ANY, empty, 4);
    struct flag flag = fixture_flag(&arena, STR("k"));
    fixture_rule(&arena, &flag,
                 fixture_around(&arena, EXPRESSION_ALL, four, CLAUSES_PER_RULE_MAX / 4));
    check_both_doors(&arena, &flag, FAULT_NONE, STR(""));
    fixture_rule(&arena, &flag,
                 fixture_around(&arena, EXPRESSION_ALL, four, CLAUSES_PER_RULE_MAX / 4 + 1));
    check_both_doors(&arena, &flag, FAULT_LIMIT, STR("$.rules[0].when"));
    arena_close(&arena);
}

TEST(rules_may_nest_so_deep)
{
    struct arena arena;
    arena_open(&arena, 65536);
    struct expression leaf = fixture_in_segment(STR("eu"));
    struct flag flag = fixture_flag(&arena, STR("k"));
    fixture_rule(&arena, &flag, around_times(&arena, leaf, RULE_NESTING_MAX));
    check_both_doors(&arena, &flag, FAULT_NONE, STR(""));

    /* Too deep cannot be encoded, so the loading door gets its text by hand. */
    fixture_rule(&arena, &flag, around_times(&arena, leaf, RULE_NESTING_MAX + 1));
    struct str where = STR("$.rules[0].when");
    for (size_t i = 0; i < RULE_NESTING_MAX; i++)
        where = arena_format(&arena, "%.*s.expressions[0]", STR_ARG(where));
    struct fault written = flag_check(&arena, &flag);
    CHECK_FAULT(written, FAULT_LIMIT);
    CHECK_STR(written.where, where);
    CHECK_STR(written.why, STR("must have at most 6 levels of nesting"));

    struct str text = STR("{\"op\":\"segment\",\"segment\":\"eu\"}");
    for (size_t i = 0; i <= RULE_NESTING_MAX; i++)
        text = arena_format(&arena, "{\"op\":\"all\",\"expressions\":[%.*s]}", STR_ARG(text));
    struct json json;
    struct expression expression;
    CHECK_OK(json_parse(&arena, text, &json_budget_default, &json));
    struct fault loaded = expression_decode(&arena, &json, STR("$.rules[0].when"), &expression);
    CHECK_FAULT(loaded, FAULT_LIMIT);
    CHECK_STR(loaded.where, where);
    CHECK_STR(loaded.why, written.why);
    arena_close(&arena);
}

TEST(a_not_is_a_level_of_nesting)
{
    struct arena arena;
    arena_open(&arena, 65536);
    struct expression leaf = fixture_in_segment(STR("eu"));
    struct flag flag = fixture_flag(&arena, STR("k"));
    for (size_t i = 0; i < RULE_NESTING_MAX; i++)
        leaf = fixture_around(&arena, EXPRESSION_NOT, leaf, 1);
    fixture_rule(&arena, &flag, leaf);
    check_both_doors(&arena, &flag, FAULT_NONE, STR(""));
    fixture_rule(&arena, &flag, fixture_around(&arena, EXPRESSION_NOT, leaf, 1));
    CHECK_FAULT(flag_check(&arena, &flag), FAULT_LIMIT);
    arena_close(&arena);
}

TEST(a_clause_may_have_so_many_values)
{
    struct arena arena;
    arena_open(&arena, 65536);
    struct json list = {.type = JSON_ARRAY, .count = VALUES_PER_CLAUSE_MAX};
    list.elements = ARENA_NEW_ARRAY(&arena, struct json, VALUES_PER_CLAUSE_MAX + 1);
    struct flag flag = fixture_flag(&arena, STR("k"));
    fixture_rule(&arena, &flag, fixture_match(STR("a"), list));
    check_both_doors(&arena, &flag, FAULT_NONE, STR(""));
    list.count++;
    fixture_rule(&arena, &flag, fixture_match(STR("a"), list));
    check_both_doors(&arena, &flag, FAULT_LIMIT, STR("$.rules[0].when.value"));
    CHECK_STR(flag_check(&arena, &flag).why, STR("must have at most 1000 values"));
    arena_close(&arena);
}

TEST(a_value_of_a_clause_may_be_so_long)
{
    struct arena arena;
    arena_open(&arena, 65536);
    struct json text = json_make_string(fixture_repeat(&arena, 'x', VARIATION_VALUE_BYTES_MAX - 2));
    struct flag flag = fixture_flag(&arena, STR("k"));
    fixture_rule(&arena, &flag, fixture_match(STR("a"), text));
    check_both_doors(&arena, &flag, FAULT_NONE, STR(""));
    text = json_make_string(fixture_repeat(&arena, 'x', VARIATION_VALUE_BYTES_MAX - 1));
    fixture_rule(&arena, &flag, fixture_match(STR("a"), text));
    check_both_doors(&arena, &flag, FAULT_LIMIT, STR("$.rules[0].when.value"));
    arena_close(&arena);
}

TEST(a_flag_may_have_so_many_prerequisites)
{
    struct arena arena;
    arena_open(&arena, 65536);
    struct flag flag = fixture_flag(&arena, STR("k"));
    for (size_t i = 0; i < PREREQUISITES_PER_FLAG_MAX; i++)
        fixture_require(&arena, &flag, arena_format(&arena, "g%zu", i));
    check_both_doors(&arena, &flag, FAULT_NONE, STR(""));
    fixture_require(&arena, &flag, STR("one-more"));
    check_both_doors(&arena, &flag, FAULT_LIMIT, STR("$.prerequisites"));

    flag = fixture_flag(&arena, STR("k"));
    fixture_require(&arena, &flag, STR("gate"));
    flag.prerequisites[0].variations = texts_of(&arena, VARIATIONS_PER_FLAG_MAX + 1);
    flag.prerequisites[0].variation_count = VARIATIONS_PER_FLAG_MAX;
    check_both_doors(&arena, &flag, FAULT_NONE, STR(""));
    flag.prerequisites[0].variation_count++;
    check_both_doors(&arena, &flag, FAULT_LIMIT, STR("$.prerequisites[0].variations"));
    arena_close(&arena);
}

/* {"a":"x…"}: eight bytes around the text. */
TEST(metadata_is_measured_in_canonical_bytes)
{
    struct arena arena;
    arena_open(&arena, 65536);
    struct json_member member = {.key = STR("a")};
    member.value = json_make_string(fixture_repeat(&arena, 'x', METADATA_BYTES_MAX - 8));
    struct flag flag = fixture_flag(&arena, STR("k"));
    flag.metadata = (struct json){.type = JSON_OBJECT, .count = 1, .members = &member};
    check_both_doors(&arena, &flag, FAULT_NONE, STR(""));
    member.value.string = fixture_repeat(&arena, 'x', METADATA_BYTES_MAX - 7);
    check_both_doors(&arena, &flag, FAULT_LIMIT, STR("$.metadata"));
    CHECK_STR(flag_check(&arena, &flag).why, STR("must be at most 16384 bytes"));
    arena_close(&arena);
}

TEST(a_segment_may_name_so_many_subjects)
{
    struct arena arena;
    arena_open(&arena, 65536);
    struct segment segment = fixture_segment(STR("eu"));
    segment.included = texts_of(&arena, TARGETS_PER_FLAG_MAX + 1);
    segment.excluded = segment.included;
    segment.included_count = TARGETS_PER_FLAG_MAX;
    check_both_segment_doors(&arena, &segment, FAULT_NONE, STR(""));
    segment.excluded_count = 1;
    check_both_segment_doors(&arena, &segment, FAULT_LIMIT, STR("$.excluded"));
    segment.included_count--;
    check_both_segment_doors(&arena, &segment, FAULT_NONE, STR(""));
    segment.included_count = TARGETS_PER_FLAG_MAX + 1;
    check_both_segment_doors(&arena, &segment, FAULT_LIMIT, STR("$.included"));
    arena_close(&arena);
}

TEST(a_targeting_key_may_be_so_long)
{
    struct arena arena;
    arena_open(&arena, 65536);
    struct str key = fixture_repeat(&arena, 'u', CONTEXT_KEY_BYTES_MAX);
    struct segment segment = fixture_segment(STR("eu"));
    segment.excluded = &key;
    segment.excluded_count = 1;
    check_both_segment_doors(&arena, &segment, FAULT_NONE, STR(""));
    key = fixture_repeat(&arena, 'u', CONTEXT_KEY_BYTES_MAX + 1);
    check_both_segment_doors(&arena, &segment, FAULT_LIMIT, STR("$.excluded[0]"));
    arena_close(&arena);
}

TEST(a_segment_keeps_the_limits_of_flags)
{
    struct arena arena;
    arena_open(&arena, 65536);
    struct segment segment = fixture_segment(fixture_repeat(&arena, 's', SEGMENT_KEY_BYTES_MAX));
    check_both_segment_doors(&arena, &segment, FAULT_NONE, STR(""));
    segment.key = fixture_repeat(&arena, 's', SEGMENT_KEY_BYTES_MAX + 1);
    check_both_segment_doors(&arena, &segment, FAULT_LIMIT, STR("$.key"));

    segment = fixture_segment(STR("eu"));
    segment.rules = ARENA_NEW_ARRAY(&arena, struct expression, RULES_PER_FLAG_MAX + 1);
    for (size_t i = 0; i <= RULES_PER_FLAG_MAX; i++)
        segment.rules[i] = fixture_in_segment(fixture_repeat(&arena, 's', SEGMENT_KEY_BYTES_MAX));
    segment.rule_count = RULES_PER_FLAG_MAX;
    check_both_segment_doors(&arena, &segment, FAULT_NONE, STR(""));
    segment.rule_count++;
    check_both_segment_doors(&arena, &segment, FAULT_LIMIT, STR("$.rules"));

    segment.rule_count = 1;
    segment.rules[0] = fixture_in_segment(fixture_repeat(&arena, 's', SEGMENT_KEY_BYTES_MAX + 1));
    check_both_segment_doors(&arena, &segment, FAULT_LIMIT, STR("$.rules[0].segment"));
    segment.rules[0] = fixture_around(&arena, EXPRESSION_ANY, fixture_in_segment(STR("a")),
                                      CLAUSES_PER_RULE_MAX + 1);
    check_both_segment_doors(&arena, &segment, FAULT_LIMIT, STR("$.rules[0]"));
    segment = fixture_segment(STR("eu"));
    segment.description = fixture_repeat(&arena, 'd', TEXT_BYTES_MAX + 1);
    check_both_segment_doors(&arena, &segment, FAULT_LIMIT, STR("$.description"));
    arena_close(&arena);
}

TESTS(texts_may_be_so_long, a_flag_may_have_so_many_variations,
      a_variation_id_is_measured_in_utf16_units, a_value_is_measured_in_canonical_bytes,
      a_list_is_measured_in_canonical_bytes, values_may_be_so_deep, a_flag_may_have_so_many_tags,
      a_flag_may_have_so_many_rules, a_rule_may_have_so_many_clauses,
      clauses_are_counted_over_the_whole_expression, rules_may_nest_so_deep,
      a_not_is_a_level_of_nesting, a_clause_may_have_so_many_values,
      a_value_of_a_clause_may_be_so_long, a_flag_may_have_so_many_prerequisites,
      metadata_is_measured_in_canonical_bytes, a_segment_may_name_so_many_subjects,
      a_targeting_key_may_be_so_long, a_segment_keeps_the_limits_of_flags)
