/* SPDX-License-Identifier: Apache-2.0 */
/* kinds - hashes, buckets, conditions, selectors, ranges and headers: see vectors.h. */
#include <stdio.h>

#include "dialect/amplitude/base64.h"
#include "eval/bucket.h"
#include "eval/hash.h"
#include "vectors.h"

/* ---- hashes and buckets --------------------------------------------------------------------- */

static bool number_is(const struct json *json, double value)
{
    return json->type == JSON_NUMBER && json->number == value;
}

void run_murmur3(struct run *run)
{
    uint32_t hash = hash_murmur3_32(case_text(run, STR("input")),
                                    (uint32_t)case_member(run, STR("seed"))->number);
    expect_true(run, number_is(case_member(run, STR("hash")), hash), "another hash");
    expect_true(run, number_is(case_member(run, STR("mod100")), hash % 100), "another percent");
    expect_true(run, number_is(case_member(run, STR("div100")), hash / 100), "another ticket");
}

static void add_variant(struct buf *buf, struct str key)
{
    struct json_writer writer;
    if (buf->size > 0)
        buf_append_byte(buf, ',');
    json_writer_open(&writer, buf);
    json_string(&writer, key);
    buf_append(buf, STR(":{\"key\":"));
    json_writer_open(&writer, buf);
    json_string(&writer, key);
    buf_append_byte(buf, '}');
}

/* Members of "variants": all that the allocations name, and the fallback. */
static struct str variants_of(struct run *run, const struct json *allocations, struct str fallback)
{
    struct buf buf;
    struct map seen;
    buf_open(&buf, SIZE_MAX);
    map_open(&seen, &run->arena, 0);
    map_insert(&seen, fallback, 0);
    add_variant(&buf, fallback);
    for (uint32_t i = 0; i < allocations->count; i++) {
        const struct json *list = json_find(&allocations->elements[i], STR("distributions"));
        for (uint32_t j = 0; list != NULL && j < list->count; j++) {
            const struct json *variant = json_find(&list->elements[j], STR("variant"));
            if (variant != NULL && map_insert(&seen, variant->string, 0))
                add_variant(&buf, variant->string);
        }
    }
    struct str text = arena_copy_str(&run->arena, buf_str(&buf));
    buf_close(&buf);
    return text;
}

static bool compile_bucket(struct run *run, struct str selector, struct str fallback,
                           struct compiled *compiled)
{
    const struct json *allocations = case_member(run, STR("allocations"));
    const struct json *flags = make_json(
        run,
        "[{\"key\":\"f\",\"variants\":{%.*s},\"segments\":[{\"variant\":\"%.*s\",\"bucket\":"
        "{\"selector\":%.*s,\"salt\":%.*s,\"allocations\":%.*s}}]}]",
        STR_ARG(variants_of(run, allocations, fallback)), STR_ARG(fallback), STR_ARG(selector),
        STR_ARG(json_text(run, case_member(run, STR("salt")))),
        STR_ARG(json_text(run, allocations)));
    return compile_flags(run, flags, compiled);
}

static void expect_variant(struct run *run, struct compiled *compiled, struct str expected)
{
    struct decision decision = decide_flag(compiled, STR("f"));
    struct json got = json_make_string(decided_variant(&decision));
    struct json wanted = json_make_string(expected);
    expect_json(run, &got, &wanted, "another variant");
}

void run_bucketing(struct run *run)
{
    struct compiled compiled;
    struct str selector = json_text(run, case_member(run, STR("selector")));
    if (!compile_bucket(run, selector, case_text(run, STR("default_variant")), &compiled))
        return;
    open_user(run, &compiled, case_member(run, STR("context")));
    expect_variant(run, &compiled, case_text(run, STR("result")));
    close_flags(&compiled);
}

/* 10,000 users, named by a number behind a prefix: counts by variant. */
void run_bucketing_counts(struct run *run)
{
    enum { USERS = 10000 };
    struct compiled compiled;
    struct str users = case_text(run, STR("user_ids"));
    const char *prefix = str_starts_with(users, STR("decimal")) ? "" : "u";
    const struct json *expected = case_member(run, STR("count"));
    double counts[16] = {0};
    if (!compile_bucket(run, STR("[\"context\",\"user\",\"user_id\"]"), STR("off"), &compiled))
        return;
    for (int i = 1; i <= USERS; i++) {
        open_user(run, &compiled, make_json(run, "{\"user\":{\"user_id\":\"%s%d\"}}", prefix, i));
        struct decision decision = decide_flag(&compiled, STR("f"));
        for (uint32_t j = 0; j < expected->count && j < COUNT_OF(counts); j++)
            counts[j] += str_equal(decided_variant(&decision), expected->members[j].key);
    }
    for (uint32_t j = 0; j < expected->count; j++)
        expect_true(run, number_is(&expected->members[j].value, counts[j]), "another count");
    close_flags(&compiled);
}

void run_distribution_ranges(struct run *run)
{
    const struct json *weights = case_member(run, STR("weights"));
    const struct json *expected = case_member(run, STR("distributions"));
    struct slice slice = {.percent = 100, .allocation_count = weights->count};
    slice.allocations = ARENA_NEW_ARRAY(&run->arena, struct allocation, weights->count);
    for (uint32_t i = 0; i < weights->count; i++) {
        slice.allocations[i].variation = weights->members[i].key;
        slice.allocations[i].weight = (uint32_t)weights->members[i].value.number;
    }
    struct bucket_range *ranges = ARENA_NEW_ARRAY(&run->arena, struct bucket_range, weights->count);
    size_t count = bucket_ranges(&slice, ranges);
    struct str text = STR("");
    for (size_t i = 0; i < count; i++)
        text = arena_format(&run->arena, "%.*s%s{\"variant\":\"%.*s\",\"range\":[%u,%u]}",
                            STR_ARG(text), i == 0 ? "" : ",", STR_ARG(ranges[i].variation),
                            ranges[i].start, ranges[i].end);
    expect_json(run, make_json(run, "[%.*s]", STR_ARG(text)), expected, "other ranges");
}

/* ---- conditions and selectors --------------------------------------------------------------- */

/* One flag that is "on" for whom the condition holds. */
static bool compile_condition(struct run *run, struct str selector, struct str operator,
                              struct str values, struct compiled *compiled)
{
    const struct json *flags =
        make_json(run,
                  "[{\"key\":\"f\",\"variants\":{\"on\":{\"key\":\"on\"}},\"segments\":[{"
                  "\"conditions\":[[{\"selector\":%.*s,\"op\":%.*s,\"values\":%.*s}]],"
                  "\"variant\":\"on\"}]}]",
                  STR_ARG(selector), STR_ARG(operator), STR_ARG(values));
    return compile_flags(run, flags, compiled);
}

static bool is_on(struct compiled *compiled)
{
    struct decision decision = decide_flag(compiled, STR("f"));
    return str_equal(decided_variant(&decision), STR("on"));
}

/* What throws in the recorded engine never holds in ours and does not get past a write. */
static void expect_refusal(struct run *run, struct compiled *compiled)
{
    struct pattern_admission admission;
    pattern_admission_open(&admission, &run->arena);
    struct fault fault = ruleset_check_flag(&admission, &compiled->flags[0], NULL);
    expect_true(run, failed(fault), "a write would be admitted");
    expect_true(run, !is_on(compiled), "it holds");
}

void run_condition(struct run *run)
{
    struct compiled compiled;
    const struct json *property = case_optional(run, STR("prop"));
    const struct json *match = case_optional(run, STR("match"));
    if (!compile_condition(run, STR("[\"context\",\"user\",\"user_properties\",\"p\"]"),
                           json_text(run, case_member(run, STR("op"))),
                           json_text(run, case_member(run, STR("values"))), &compiled))
        return;
    const struct json *context = make_json(run, "{\"user\":{\"user_properties\":{}}}");
    if (property != NULL)
        context = make_json(run, "{\"user\":{\"user_properties\":{\"p\":%.*s}}}",
                            STR_ARG(json_text(run, property)));
    open_user(run, &compiled, context);
    if (case_optional(run, STR("error")) != NULL)
        expect_refusal(run, &compiled);
    else
        expect_true(run, match != NULL && is_on(&compiled) == match->boolean,
                    "the condition says otherwise");
    close_flags(&compiled);
}

/* Nothing is what "is (none)" holds for, and what no text says. */
void run_selector(struct run *run)
{
    struct compiled compiled;
    const struct json *selected = case_member(run, STR("selected"));
    if (!compile_condition(run, json_text(run, case_member(run, STR("selector"))), STR("\"is\""),
                           STR("[\"(none)\"]"), &compiled))
        return;
    open_user(run, &compiled, case_member(run, STR("context")));
    expect_true(run, is_on(&compiled) != selected->boolean, "the selector finds otherwise");
    close_flags(&compiled);
}

/* ---- headers -------------------------------------------------------------------------------- */

static void expect_decoded(struct run *run, struct str name, const struct json *expected)
{
    struct str bytes;
    if (!base64_decode(&run->arena, case_text(run, name), &bytes)) {
        case_fail(run, "not taken for base64");
        return;
    }
    expect_json(run, make_json(run, "%.*s", STR_ARG(bytes)), expected, "decodes to something else");
}

static void expect_both_forms(struct run *run, const struct json *expected)
{
    expect_decoded(run, STR("base64url_unpadded"), expected);
    expect_decoded(run, STR("base64_padded"), expected);
}

void run_user_header(struct run *run)
{
    expect_both_forms(run, case_member(run, STR("user")));
}

void run_flag_keys_header(struct run *run)
{
    expect_both_forms(run, case_member(run, STR("flag_keys")));
}
