/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Flags and segments nobody would think of, most of them good and some with a sin or two: what a
 * write lets through loads, what a write refuses does not, and what loads is spelled as it was.
 * The seed is fixed and printed; MODEL_SEED=n tries another.
 */
#include "fixture.h"

enum { DOCUMENTS = 20000 };

struct dice {
    uint64_t state;
    bool is_sinful; /* this document may break rules */
    struct arena *arena;
};

/* xorshift64*: repeatable everywhere. */
static uint32_t roll(struct dice *dice, uint32_t sides)
{
    dice->state ^= dice->state >> 12;
    dice->state ^= dice->state << 25;
    dice->state ^= dice->state >> 27;
    return (uint32_t)((dice->state * 0x2545F4914F6CDD1DULL) >> 32) % sides;
}

static bool sins(struct dice *dice, uint32_t odds)
{
    return dice->is_sinful && roll(dice, odds) == 0;
}

static struct str some_text(struct dice *dice)
{
    const struct str texts[] = {STR("a"),
                                STR("b"),
                                STR("on"),
                                STR("Zed"),
                                STR("a.b c"),
                                STR("caf\xc3\xa9"),
                                STR("\"\\/"),
                                STR("\t\n\x01\x7f"),
                                STR("\xf0\x9f\x9a\x80"),
                                STR("x y"),
                                STR("</s>"),
                                STR("\xe2\x80\xa8")};
    if (sins(dice, 40)) {
        const struct str bad[] = {STR(""), STR("\xff"), STR("\xed\xa0\x80"), STR(" ")};
        return bad[roll(dice, COUNT_OF(bad))];
    }
    if (sins(dice, 60))
        return fixture_repeat(dice->arena, 'x', TEXT_BYTES_MAX + roll(dice, 2));
    return texts[roll(dice, COUNT_OF(texts))];
}

static struct str maybe_text(struct dice *dice)
{
    return roll(dice, 2) == 0 ? (struct str){0} : some_text(dice);
}

/* Valid UTF-8: trees come from the parser, which lets nothing else through. */
static struct str tree_text(struct dice *dice)
{
    const struct str texts[] = {STR(""),     STR("x"),           STR("\"\\"),
                                STR("\x02"), STR("caf\xc3\xa9"), STR("\xf0\x9f\x9a\x80")};
    return texts[roll(dice, COUNT_OF(texts))];
}

static double some_number(struct dice *dice)
{
    const double numbers[] = {
        0, 1, -1, 2.5, 1e21, 1e-7, 1e300, -0.1, 123456789, 5e-324, 9007199254740991.0};
    return numbers[roll(dice, COUNT_OF(numbers))];
}

static struct json some_json(struct dice *dice, size_t depth)
{
    uint32_t kind = roll(dice, depth == 0 ? 4 : 6);
    if (kind == 0)
        return json_make_null();
    if (kind == 1)
        return json_make_boolean(roll(dice, 2) == 0);
    if (kind == 2)
        return json_make_number(some_number(dice));
    if (kind == 3)
        return json_make_string(tree_text(dice));
    struct json json = {.type = kind == 4 ? JSON_ARRAY : JSON_OBJECT, .count = roll(dice, 4)};
    if (kind == 4)
        json.elements = ARENA_NEW_ARRAY(dice->arena, struct json, json.count);
    else
        json.members = ARENA_NEW_ARRAY(dice->arena, struct json_member, json.count);
    for (size_t i = 0; i < json.count; i++) {
        if (kind == 4) {
            json.elements[i] = some_json(dice, depth - 1);
            continue;
        }
        json.members[i].key = arena_format(dice->arena, "m%u-%zu", roll(dice, 9), i);
        json.members[i].value = some_json(dice, depth - 1);
    }
    return json;
}

static struct json some_value(struct dice *dice, enum value_type expected)
{
    for (;;) {
        struct json value = some_json(dice, 3);
        enum value_type type = VALUE_BOOLEAN;
        if (sins(dice, 30) || (value_type_of(&value, &type) && type == expected))
            return value;
    }
}

static void some_instant(struct dice *dice, uint32_t first_hour, struct str *text, int64_t *ms)
{
    static const int64_t base_ms = 1924992000000; /* 2031-01-01T00:00:00Z */
    uint32_t hour = first_hour + roll(dice, 12);
    *text = arena_format(dice->arena, "2031-01-01T%02u:00:00%s", hour,
                         roll(dice, 2) == 0 ? "Z" : ".000+00:00");
    *ms = base_ms + (int64_t)hour * 3600000;
    if (sins(dice, 30))
        *text = STR("2031-01-01T00:00Z");
}

static struct schedule some_schedule(struct dice *dice, bool is_closed)
{
    struct schedule schedule = {0};
    bool is_backwards = sins(dice, 20);
    if (is_closed || roll(dice, 3) == 0)
        some_instant(dice, is_backwards ? 12 : 0, &schedule.start, &schedule.start_ms);
    if (is_closed || roll(dice, 3) == 0)
        some_instant(dice, is_backwards ? 0 : 12, &schedule.end, &schedule.end_ms);
    return schedule;
}

static struct str some_variation(struct dice *dice, const struct flag *flag)
{
    if (sins(dice, 40))
        return STR("zz");
    return flag->variations[roll(dice, (uint32_t)flag->variation_count)].id;
}

static struct split some_split(struct dice *dice, const struct flag *flag)
{
    uint32_t count = 1 + roll(dice, (uint32_t)flag->variation_count);
    if (sins(dice, 30))
        count = 0;
    struct split split = {.allocation_count = count};
    split.allocations = ARENA_NEW_ARRAY(dice->arena, struct allocation, count);
    for (size_t i = 0; i < count; i++) {
        split.allocations[i].variation =
            sins(dice, 20) ? some_variation(dice, flag) : flag->variations[i].id;
        split.allocations[i].weight = roll(dice, SPLIT_WEIGHT_TOTAL / count + 1);
        if (sins(dice, 30))
            split.allocations[i].weight = SPLIT_WEIGHT_TOTAL + roll(dice, 2);
    }
    split.bucket_by = maybe_text(dice);
    split.salt = maybe_text(dice);
    return split;
}

static struct serve some_serve(struct dice *dice, const struct flag *flag)
{
    struct serve serve = {.kind = (enum serve_kind)roll(dice, 3)};
    if (serve.kind == SERVE_VARIATION)
        serve.variation = some_variation(dice, flag);
    if (serve.kind == SERVE_SPLIT)
        serve.split = some_split(dice, flag);
    if (serve.kind == SERVE_PROGRESSIVE) {
        serve.split = some_split(dice, flag);
        serve.to = some_split(dice, flag);
        serve.schedule = some_schedule(dice, true);
        if (!sins(dice, 4)) {
            serve.to.salt = serve.split.salt;
            serve.to.bucket_by = (struct str){0};
        }
    }
    return serve;
}

static struct expression some_expression(struct dice *dice, size_t levels_left)
{
    struct expression expression = {0};
    switch (roll(dice, levels_left == 0 ? 2 : 5)) {
    case 0:
        expression.kind = EXPRESSION_MATCH;
        expression.attribute = some_text(dice);
        expression.operator=(enum operator)
            roll(dice, sins(dice, 20) ? OPERATOR_COUNT : OPERATOR_TEXT_IS);
        expression.has_value = expression.operator!= OPERATOR_EXISTS || roll(dice, 2) == 0;
        if (sins(dice, 30))
            expression.has_value = false;
        expression.value = expression.has_value ? some_json(dice, 2) : json_make_null();
        return expression;
    case 1:
        expression.kind = EXPRESSION_SEGMENT;
        expression.segment = sins(dice, 20) ? STR("") : STR("eu");
        expression.is_negated = roll(dice, 3) == 0;
        return expression;
    case 2:
        expression.kind = EXPRESSION_NOT;
        expression.child_count = 1;
        break;
    default:
        expression.kind = roll(dice, 2) == 0 ? EXPRESSION_ALL : EXPRESSION_ANY;
        expression.child_count = sins(dice, 4) ? roll(dice, 12) : roll(dice, 3);
        break;
    }
    expression.children = ARENA_NEW_ARRAY(dice->arena, struct expression, expression.child_count);
    for (size_t i = 0; i < expression.child_count; i++)
        expression.children[i] = some_expression(dice, levels_left - 1);
    return expression;
}

static void some_variations(struct dice *dice, struct flag *flag)
{
    flag->variation_count = 1 + roll(dice, 4);
    flag->variations = ARENA_NEW_ARRAY(dice->arena, struct variation, flag->variation_count);
    for (size_t i = 0; i < flag->variation_count; i++) {
        struct str id = arena_format(dice->arena, "v%zu", sins(dice, 40) ? 0 : i);
        flag->variations[i] = (struct variation){
            .id = sins(dice, 60) ? some_text(dice) : id,
            .value = some_value(dice, flag->type),
            .name = maybe_text(dice),
            .description = maybe_text(dice),
        };
    }
}

static void some_prerequisites(struct dice *dice, struct flag *flag)
{
    size_t count = roll(dice, 3);
    for (size_t i = 0; i < count; i++) {
        fixture_require(dice->arena, flag, sins(dice, 20) ? flag->key : STR("gate"));
        struct prerequisite *added = &flag->prerequisites[i];
        added->variation_count = roll(dice, 2);
        if (added->variation_count > 0)
            added->variations[0] = some_text(dice);
    }
}

static void some_rules(struct dice *dice, struct flag *flag)
{
    flag->rule_count = roll(dice, 3);
    flag->rules = ARENA_NEW_ARRAY(dice->arena, struct rule, flag->rule_count);
    for (size_t i = 0; i < flag->rule_count; i++) {
        flag->rules[i] = (struct rule){
            .id = arena_format(dice->arena, "r%zu", sins(dice, 20) ? 0 : i),
            .description = maybe_text(dice),
            .when = some_expression(dice, roll(dice, 4)),
            .serve = some_serve(dice, flag),
            .schedule = some_schedule(dice, false),
        };
    }
}

static struct flag some_flag(struct dice *dice)
{
    struct flag flag = {
        .id = maybe_text(dice),
        .key = sins(dice, 20) ? some_text(dice) : STR("k-1"),
        .kind = (enum flag_kind)roll(dice, FLAG_KIND_HOLDOUT + 1),
        .type = (enum value_type)roll(dice, VALUE_TYPE_COUNT),
        .description = maybe_text(dice),
        .owner = maybe_text(dice),
        .lifecycle = (enum lifecycle)roll(dice, LIFECYCLE_ARCHIVED + 1),
        .is_enabled = roll(dice, 2) == 0,
        .visibility = (enum visibility)roll(dice, VISIBILITY_SERVER + 1),
    };
    flag.tag_count = roll(dice, 3);
    flag.tags = ARENA_NEW_ARRAY(dice->arena, struct str, flag.tag_count);
    for (size_t i = 0; i < flag.tag_count; i++)
        flag.tags[i] = sins(dice, 8) ? some_text(dice) : arena_format(dice->arena, "t%zu", i);
    some_variations(dice, &flag);
    flag.off_variation = some_variation(dice, &flag);
    flag.fallthrough = some_serve(dice, &flag);
    some_prerequisites(dice, &flag);
    some_rules(dice, &flag);
    flag.schedule = some_schedule(dice, false);
    while (flag.metadata.type != JSON_OBJECT && roll(dice, 4) != 0)
        flag.metadata = some_json(dice, 2);
    if (flag.metadata.type != JSON_OBJECT && !sins(dice, 2))
        flag.metadata = json_make_null();
    return flag;
}

static struct segment some_segment(struct dice *dice)
{
    struct segment segment = {
        .id = maybe_text(dice),
        .key = sins(dice, 8) ? some_text(dice) : STR("eu"),
        .description = maybe_text(dice),
        .visibility = (enum visibility)roll(dice, VISIBILITY_SERVER + 1),
        .included_count = roll(dice, 3),
        .excluded_count = roll(dice, 3),
        .rule_count = roll(dice, 3),
        .schedule = some_schedule(dice, false),
        .has_included = roll(dice, 2) == 0,
    };
    struct str *targets = ARENA_NEW_ARRAY(dice->arena, struct str, 3);
    for (size_t i = 0; i < 3; i++)
        targets[i] = some_text(dice);
    segment.included = segment.excluded = targets;
    segment.rules = ARENA_NEW_ARRAY(dice->arena, struct expression, segment.rule_count);
    for (size_t i = 0; i < segment.rule_count; i++)
        segment.rules[i] = some_expression(dice, roll(dice, 5));
    return segment;
}

static struct dice open_dice(struct arena *arena)
{
    const char *seed = getenv("MODEL_SEED");
    uint64_t state = 20310101;
    if (seed != NULL)
        CHECK(str_parse_u64(str_of(seed), &state));
    printf("MODEL_SEED=%llu\n", (unsigned long long)state);
    return (struct dice){.state = state == 0 ? 1 : state, .arena = arena};
}

static void say_which(size_t index, struct str text, struct fault written, struct fault loaded)
{
    fprintf(stderr, "document %zu: %.*s\nwritten: %.*s %.*s\nloaded: %.*s %.*s\n", index,
            STR_ARG(text), STR_ARG(written.where), STR_ARG(written.why), STR_ARG(loaded.where),
            STR_ARG(loaded.why));
}

TEST(a_flag_is_written_exactly_when_it_loads)
{
    struct arena arena;
    arena_open(&arena, 65536);
    struct dice dice = open_dice(&arena);
    size_t accepted = 0;
    for (size_t i = 0; i < DOCUMENTS; i++) {
        dice.is_sinful = roll(&dice, 2) == 0;
        struct flag flag = some_flag(&dice);
        struct str text = fixture_text(&arena, &flag);
        struct flag again;
        struct fault written = flag_check(&arena, &flag);
        struct fault loaded = flag_decode(&arena, text, &again);
        if (failed(written) != failed(loaded))
            say_which(i, text, written, loaded);
        CHECK(failed(written) == failed(loaded));
        if (!failed(loaded)) {
            accepted++;
            struct flag copy = flag_copy(&arena, &again);
            CHECK_STR(fixture_text(&arena, &again), text);
            CHECK_STR(fixture_text(&arena, &copy), text);
        }
        arena_reset(&arena);
    }
    printf("%zu of %d flags accepted\n", accepted, DOCUMENTS);
    CHECK(accepted > DOCUMENTS / 4);
    CHECK(accepted < DOCUMENTS * 3 / 4);
    arena_close(&arena);
}

TEST(a_segment_is_written_exactly_when_it_loads)
{
    struct arena arena;
    arena_open(&arena, 65536);
    struct dice dice = open_dice(&arena);
    size_t accepted = 0;
    for (size_t i = 0; i < DOCUMENTS; i++) {
        dice.is_sinful = roll(&dice, 2) == 0;
        struct segment segment = some_segment(&dice);
        struct str text = fixture_segment_text(&arena, &segment);
        struct segment again;
        struct fault written = segment_check(&arena, &segment);
        struct fault loaded = segment_decode(&arena, text, &again);
        if (failed(written) != failed(loaded))
            say_which(i, text, written, loaded);
        CHECK(failed(written) == failed(loaded));
        if (!failed(loaded)) {
            accepted++;
            CHECK_STR(fixture_segment_text(&arena, &again), text);
        }
        arena_reset(&arena);
    }
    printf("%zu of %d segments accepted\n", accepted, DOCUMENTS);
    CHECK(accepted > DOCUMENTS / 4);
    CHECK(accepted < DOCUMENTS * 9 / 10);
    arena_close(&arena);
}

TESTS(a_flag_is_written_exactly_when_it_loads, a_segment_is_written_exactly_when_it_loads)
