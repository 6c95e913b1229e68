/* SPDX-License-Identifier: Apache-2.0 */
/* decode_rule - expressions, serves and schedules out of JSON: see codec.h. Only shapes are judged
 * here; what the parts mean to their flag is flag_check's. */
#include "base/instant.h"
#include "base/number.h"
#include "model/codec.h"
#include "model/limits.h"
#include "model/read.h"

/* ---- schedules ------------------------------------------------------------------------------ */

static struct str read_instant(struct inspection *inspection, const struct place *outer,
                               const struct json *object, struct str name, int64_t *ms)
{
    struct str why = STR("must be an ISO-8601 instant");
    struct str text = read_string(inspection, outer, object, name, why);
    if (!instant_parse(text, ms))
        inspect_refuse_member(inspection, outer, name, why);
    return text;
}

static void read_optional_instant(struct inspection *inspection, const struct place *outer,
                                  const struct json *object, struct str name, struct str *text,
                                  int64_t *ms)
{
    if (json_find(object, name) != NULL)
        *text = read_instant(inspection, outer, object, name, ms);
}

struct schedule schedule_read(struct inspection *inspection, const struct place *place,
                              const struct json *json)
{
    const struct str known[] = {STR("start"), STR("end")};
    struct schedule schedule = {0};
    if (!read_object(inspection, place, json, known, COUNT_OF(known)))
        return schedule;
    read_optional_instant(inspection, place, json, STR("start"), &schedule.start,
                          &schedule.start_ms);
    read_optional_instant(inspection, place, json, STR("end"), &schedule.end, &schedule.end_ms);
    return schedule;
}

/* ---- serves --------------------------------------------------------------------------------- */

/* A number above `max` is clamped just past it: the check refuses it all the same. */
static uint32_t read_share(struct inspection *inspection, const struct place *outer,
                           const struct json *object, struct str name, uint32_t max)
{
    const struct json *json = json_find(object, name);
    if (json == NULL || json->type != JSON_NUMBER || !number_is_safe_integer(json->number) ||
        json->number < 0) {
        inspect_refuse_member(inspection, outer, name, STR("must be a non-negative integer"));
        return 0;
    }
    return json->number > max ? max + 1 : (uint32_t)json->number;
}

static struct allocation read_allocation(struct inspection *inspection, const struct place *place,
                                         const struct json *json)
{
    const struct str known[] = {STR("variation"), STR("weight")};
    struct allocation allocation = {0};
    if (!read_object(inspection, place, json, known, COUNT_OF(known)))
        return allocation;
    allocation.variation = read_string(inspection, place, json, STR("variation"),
                                       STR("must reference a variation on this flag"));
    allocation.weight = read_share(inspection, place, json, STR("weight"), SPLIT_WEIGHT_SUM_MAX);
    return allocation;
}

/* In a slice nobody may own a weight. */
static struct allocation read_slice_allocation(struct inspection *inspection,
                                               const struct place *place, const struct json *json)
{
    const struct str known[] = {STR("variation"), STR("weight")};
    struct allocation allocation = {0};
    if (!read_object(inspection, place, json, known, COUNT_OF(known)))
        return allocation;
    allocation.variation = read_optional_string(inspection, place, json, STR("variation"));
    allocation.weight = read_share(inspection, place, json, STR("weight"), BUCKET_WEIGHT_MAX);
    return allocation;
}

static void read_slice_allocations(struct inspection *inspection, const struct place *place,
                                   const struct json *json, struct slice *slice)
{
    struct place list = place_member(place, STR("variations"));
    const struct json *array =
        read_array(inspection, &list, json_find(json, STR("variations")), VARIATIONS_PER_FLAG_MAX,
                   "variations", STR("must be an array"));
    if (array == NULL || array->count == 0)
        return;
    slice->allocations = ARENA_NEW_ARRAY(inspection->arena, struct allocation, array->count);
    slice->allocation_count = array->count;
    for (size_t i = 0; i < array->count && !inspection_failed(inspection); i++) {
        struct place item = place_item(&list, i);
        slice->allocations[i] = read_slice_allocation(inspection, &item, &array->elements[i]);
    }
}

static struct slice read_slice(struct inspection *inspection, const struct place *place,
                               const struct json *json)
{
    const struct str known[] = {STR("percent"), STR("variations")};
    struct slice slice = {0};
    if (!read_object(inspection, place, json, known, COUNT_OF(known)))
        return slice;
    slice.percent = read_share(inspection, place, json, STR("percent"), SLICE_PERCENT_MAX);
    read_slice_allocations(inspection, place, json, &slice);
    return slice;
}

static struct slice read_moving_slice(struct inspection *inspection, const struct place *place,
                                      const struct json *json)
{
    const struct str known[] = {STR("from"), STR("to"), STR("variations")};
    struct slice slice = {0};
    if (!read_object(inspection, place, json, known, COUNT_OF(known)))
        return slice;
    slice.percent = read_share(inspection, place, json, STR("from"), SLICE_PERCENT_MAX);
    slice.percent_to = read_share(inspection, place, json, STR("to"), SLICE_PERCENT_MAX);
    read_slice_allocations(inspection, place, json, &slice);
    return slice;
}

typedef struct slice (*slice_read)(struct inspection *inspection, const struct place *place,
                                   const struct json *json);

static struct bucket read_bucket_members(struct inspection *inspection, const struct place *place,
                                         const struct json *json, slice_read read)
{
    struct bucket bucket = {
        .bucket_by = read_optional_string(inspection, place, json, STR("bucketBy")),
        .salt = read_optional_string(inspection, place, json, STR("salt")),
        .otherwise = read_optional_string(inspection, place, json, STR("otherwise")),
    };
    struct place list = place_member(place, STR("slices"));
    const struct json *array = read_array(inspection, &list, json_find(json, STR("slices")),
                                          SLICES_PER_BUCKET_MAX, "slices", STR("must be an array"));
    if (array == NULL || array->count == 0)
        return bucket;
    bucket.slices = ARENA_NEW_ARRAY(inspection->arena, struct slice, array->count);
    bucket.slice_count = array->count;
    for (size_t i = 0; i < array->count && !inspection_failed(inspection); i++) {
        struct place item = place_item(&list, i);
        bucket.slices[i] = read(inspection, &item, &array->elements[i]);
    }
    return bucket;
}

static void read_bucket(struct inspection *inspection, const struct place *place,
                        const struct json *json, struct serve *serve)
{
    const struct str known[] = {STR("bucketBy"), STR("salt"), STR("slices"), STR("otherwise")};
    if (read_object(inspection, place, json, known, COUNT_OF(known)))
        serve->bucket = read_bucket_members(inspection, place, json, read_slice);
}

/* When a progressive serve is on its way: both instants are needed. */
static struct schedule read_way(struct inspection *inspection, const struct place *place,
                                const struct json *json)
{
    struct schedule way = {0};
    way.start = read_instant(inspection, place, json, STR("start"), &way.start_ms);
    way.end = read_instant(inspection, place, json, STR("end"), &way.end_ms);
    return way;
}

static void read_progressive_bucket(struct inspection *inspection, const struct place *place,
                                    const struct json *json, struct serve *serve)
{
    const struct str known[] = {STR("start"), STR("end"),    STR("bucketBy"),
                                STR("salt"),  STR("slices"), STR("otherwise")};
    if (!read_object(inspection, place, json, known, COUNT_OF(known)))
        return;
    serve->schedule = read_way(inspection, place, json);
    serve->bucket = read_bucket_members(inspection, place, json, read_moving_slice);
}

static void read_allocations(struct inspection *inspection, const struct place *place,
                             const struct json *array, struct split *split)
{
    if (array->count == 0)
        return;
    split->allocations = ARENA_NEW_ARRAY(inspection->arena, struct allocation, array->count);
    split->allocation_count = array->count;
    for (size_t i = 0; i < array->count && !inspection_failed(inspection); i++) {
        struct place item = place_item(place, i);
        split->allocations[i] = read_allocation(inspection, &item, &array->elements[i]);
    }
}

static struct split read_split(struct inspection *inspection, const struct place *place,
                               const struct json *json)
{
    const struct str known[] = {STR("variations"), STR("bucketBy"), STR("salt")};
    struct str why = STR("must contain a non-empty variations array");
    struct split split = {0};
    const struct json *array = json == NULL ? NULL : json_find(json, STR("variations"));
    if (array == NULL || array->type != JSON_ARRAY || array->count == 0)
        inspect_refuse(inspection, place, why);
    if (!read_object(inspection, place, json, known, COUNT_OF(known)))
        return split;

    struct place list = place_member(place, STR("variations"));
    array = read_array(inspection, &list, array, VARIATIONS_PER_FLAG_MAX, "variations", why);
    if (array == NULL)
        return split;
    read_allocations(inspection, &list, array, &split);
    split.bucket_by = read_optional_string(inspection, place, json, STR("bucketBy"));
    split.salt = read_optional_string(inspection, place, json, STR("salt"));
    return split;
}

static void read_progressive(struct inspection *inspection, const struct place *place,
                             const struct json *json, struct serve *serve)
{
    const struct str known[] = {STR("start"), STR("end"), STR("from"), STR("to")};
    if (!read_object(inspection, place, json, known, COUNT_OF(known)))
        return;
    struct place from = place_member(place, STR("from"));
    struct place to = place_member(place, STR("to"));
    serve->schedule = read_way(inspection, place, json);
    serve->split = read_split(inspection, &from, json_find(json, STR("from")));
    serve->to = read_split(inspection, &to, json_find(json, STR("to")));
}

struct serve serve_read(struct inspection *inspection, const struct place *place,
                        const struct json *json)
{
    const struct str known[] = {STR("variation"), STR("rollout"), STR("progressive"), STR("bucket"),
                                STR("progressiveBucket")};
    struct serve serve = {0};
    if (!read_object(inspection, place, json, known, COUNT_OF(known)))
        return serve;
    if (json->count != 1) {
        inspect_refuse(inspection, place,
                       STR("must specify exactly one of variation, rollout, or progressive"));
        return serve;
    }
    struct str chosen = json->members[0].key;
    struct place inner = place_member(place, chosen);
    if (str_equal(chosen, STR("variation"))) {
        serve.kind = SERVE_VARIATION;
        if (json->members[0].value.type != JSON_NULL)
            serve.variation = read_string(inspection, place, json, chosen, STR("must be a string"));
    } else if (str_equal(chosen, STR("bucket"))) {
        serve.kind = SERVE_BUCKET;
        read_bucket(inspection, &inner, &json->members[0].value, &serve);
    } else if (str_equal(chosen, STR("progressiveBucket"))) {
        serve.kind = SERVE_PROGRESSIVE_BUCKET;
        read_progressive_bucket(inspection, &inner, &json->members[0].value, &serve);
    } else if (str_equal(chosen, STR("rollout"))) {
        serve.kind = SERVE_SPLIT;
        serve.split = read_split(inspection, &inner, &json->members[0].value);
    } else {
        serve.kind = SERVE_PROGRESSIVE;
        read_progressive(inspection, &inner, &json->members[0].value, &serve);
    }
    return serve;
}

/* ---- expressions ---------------------------------------------------------------------------- */

/* What an expression may still cost, and where it began: limits are reported there, as
 * expression_inspect does. */
struct expression_reader {
    struct inspection *inspection;
    const struct place *root;
    size_t leaf_count;
};

static enum operator read_operator(struct inspection *inspection, const struct place *place,
                                   const struct json *json)
{
    return (enum operator)read_name(inspection, place, json, STR("operator"), &operator_names,
                                    STR("is not supported"));
}

static struct expression read_match(struct inspection *inspection, const struct place *place,
                                    const struct json *json)
{
    const struct str known[] = {STR("op"), STR("attribute"), STR("operator"), STR("value")};
    struct expression match = {.kind = EXPRESSION_MATCH};
    if (!read_object(inspection, place, json, known, COUNT_OF(known)))
        return match;
    match.attribute =
        read_string(inspection, place, json, STR("attribute"), STR("must be a non-empty string"));
    match.operator= read_operator(inspection, place, json);
    const struct json *value = json_find(json, STR("value"));
    match.has_value = value != NULL;
    match.value = value == NULL ? json_make_null() : *value;
    return match;
}

static struct expression read_segment_leaf(struct inspection *inspection, const struct place *place,
                                           const struct json *json)
{
    const struct str known[] = {STR("op"), STR("segment"), STR("negate")};
    struct expression expression = {.kind = EXPRESSION_SEGMENT};
    if (!read_object(inspection, place, json, known, COUNT_OF(known)))
        return expression;
    expression.segment = read_string(inspection, place, json, STR("segment"),
                                     STR("must reference an existing segment"));
    if (json_find(json, STR("negate")) != NULL)
        expression.is_negated = read_boolean(inspection, place, json, STR("negate"));
    return expression;
}

static struct expression read_node(struct expression_reader *reader, const struct place *place,
                                   const struct json *json, size_t nesting);

static struct expression read_children(struct expression_reader *reader, const struct place *place,
                                       const struct json *json, size_t nesting,
                                       enum expression_kind kind)
{
    const struct str known[] = {STR("op"), STR("expressions")};
    struct inspection *inspection = reader->inspection;
    struct expression expression = {.kind = kind};
    if (!read_object(inspection, place, json, known, COUNT_OF(known)))
        return expression;
    struct place list = place_member(place, STR("expressions"));
    const struct json *array = read_array(inspection, &list, json_find(json, STR("expressions")),
                                          SIZE_MAX, "expressions", STR("must be an array"));
    if (array == NULL)
        return expression;
    inspect_count(inspection, place, nesting + 1, RULE_NESTING_MAX, "levels of nesting");
    inspect_count(inspection, reader->root, reader->leaf_count + array->count, CLAUSES_PER_RULE_MAX,
                  "clauses");
    if (inspection_failed(inspection))
        return expression;

    if (array->count > 0)
        expression.children = ARENA_NEW_ARRAY(inspection->arena, struct expression, array->count);
    expression.child_count = array->count;
    for (size_t i = 0; i < array->count && !inspection_failed(inspection); i++) {
        struct place item = place_item(&list, i);
        expression.children[i] = read_node(reader, &item, &array->elements[i], nesting + 1);
    }
    return expression;
}

static struct expression read_not(struct expression_reader *reader, const struct place *place,
                                  const struct json *json, size_t nesting)
{
    const struct str known[] = {STR("op"), STR("expression")};
    struct inspection *inspection = reader->inspection;
    struct expression expression = {.kind = EXPRESSION_NOT};
    if (!read_object(inspection, place, json, known, COUNT_OF(known)))
        return expression;
    struct place child = place_member(place, STR("expression"));
    inspect_count(inspection, place, nesting + 1, RULE_NESTING_MAX, "levels of nesting");
    if (inspection_failed(inspection))
        return expression;
    expression.children = ARENA_NEW_ARRAY(inspection->arena, struct expression, 1);
    expression.child_count = 1;
    expression.children[0] =
        read_node(reader, &child, json_find(json, STR("expression")), nesting + 1);
    return expression;
}

/* Recursion is bounded by RULE_NESTING_MAX: a combinator beyond it is refused, not entered. */
static struct expression read_node(struct expression_reader *reader, const struct place *place,
                                   const struct json *json, size_t nesting)
{
    struct expression expression = {0};
    if (json == NULL || json->type != JSON_OBJECT) {
        inspect_refuse(reader->inspection, place, STR("must be a targeting expression"));
        return expression;
    }
    struct str op =
        read_string(reader->inspection, place, json, STR("op"), STR("is not supported"));
    if (str_equal(op, STR("match")))
        expression = read_match(reader->inspection, place, json);
    else if (str_equal(op, STR("segment")))
        expression = read_segment_leaf(reader->inspection, place, json);
    else if (str_equal(op, STR("all")))
        expression = read_children(reader, place, json, nesting, EXPRESSION_ALL);
    else if (str_equal(op, STR("any")))
        expression = read_children(reader, place, json, nesting, EXPRESSION_ANY);
    else if (str_equal(op, STR("not")))
        expression = read_not(reader, place, json, nesting);
    else
        inspect_refuse_member(reader->inspection, place, STR("op"), STR("is not supported"));

    if (expression.child_count == 0)
        reader->leaf_count++;
    inspect_count(reader->inspection, reader->root, reader->leaf_count, CLAUSES_PER_RULE_MAX,
                  "clauses");
    return expression;
}

struct expression expression_read(struct inspection *inspection, const struct place *place,
                                  const struct json *json)
{
    struct expression_reader reader = {.inspection = inspection, .root = place};
    if (inspection_failed(inspection))
        return (struct expression){0};
    return read_node(&reader, place, json, 0);
}

/* ---- for other rooms ------------------------------------------------------------------------ */

struct fault expression_decode(struct arena *arena, const struct json *json, struct str path,
                               struct expression *expression)
{
    struct inspection inspection = {.arena = arena};
    struct place place = place_root(path);
    *expression = expression_read(&inspection, &place, json);
    return inspection.fault;
}

struct fault serve_decode(struct arena *arena, const struct json *json, struct str path,
                          struct serve *serve)
{
    struct inspection inspection = {.arena = arena};
    struct place place = place_root(path);
    *serve = serve_read(&inspection, &place, json);
    return inspection.fault;
}

struct fault schedule_decode(struct arena *arena, const struct json *json, struct str path,
                             struct schedule *schedule)
{
    struct inspection inspection = {.arena = arena};
    struct place place = place_root(path);
    *schedule = schedule_read(&inspection, &place, json);
    return inspection.fault;
}
