/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fractional - shares: {"fractional": [by?, [variant, weight], …]}. See targeting.h.
 *
 * What is hashed is the flag's key and the targeting key, or a text that `by` puts together: of
 * that, what is written down in front of one attribute is the salt. Weights are kept as they are:
 * the arithmetic (murmur3_32_scaled) counts them.
 */
#include "eval/hash.h"
#include "import/build.h"
#include "import/flagd/targeting.h"

/* ---- what is hashed -------------------------------------------------------------------------- */

struct subject {
    struct str salt;      /* absent: the flag's key */
    struct str bucket_by; /* absent: the targeting key */
    bool is_joined;       /* put together: who lacks the attribute is dealt by the salt alone */
    bool is_exact;        /* else something else is hashed than over there */
};

static struct str join(struct targeting *targeting, struct str one, struct str other)
{
    return arena_format(targeting->draft->arena, "%.*s%.*s", STR_ARG(one), STR_ARG(other));
}

/* {"cat": [text, …, attribute]}: the texts are salt, and "$flagd.flagKey" is one of them. */
static bool read_joined(struct targeting *targeting, const struct logic_operation *cat,
                        struct subject *subject)
{
    subject->salt = STR("");
    subject->is_joined = true;
    for (size_t i = 0; i + 1 < cat->count; i++) {
        const struct json *part = &cat->operands[i];
        struct logic_operation operation;
        bool is_key = logic_read_operation(&targeting->logic, part, &operation) &&
                      str_equal(operation.name, STR("var")) && operation.count == 1 &&
                      operation.operands[0].type == JSON_STRING &&
                      str_equal(operation.operands[0].string, STR("$flagd.flagKey"));
        if (!is_key && part->type != JSON_STRING)
            return false;
        subject->salt =
            join(targeting, subject->salt, is_key ? targeting->item->name : part->string);
    }
    if (cat->count == 0)
        return false;
    subject->bucket_by = logic_attribute(&targeting->logic, &cat->operands[cat->count - 1]);
    return !str_is_absent(subject->bucket_by);
}

/* The first operand, when it is no share. False: it cannot be said what is hashed. */
static bool read_subject(struct targeting *targeting, const struct json *by,
                         struct subject *subject)
{
    struct logic_operation operation;
    if (!logic_read_operation(&targeting->logic, by, &operation))
        return false;
    if (str_equal(operation.name, STR("var"))) {
        subject->bucket_by = logic_attribute(&targeting->logic, by);
        subject->salt = STR("");
        return !str_is_absent(subject->bucket_by);
    }
    return str_equal(operation.name, STR("cat")) && read_joined(targeting, &operation, subject);
}

/* ---- shares ---------------------------------------------------------------------------------- */

enum { WEIGHTS_MAX = 2147483647 };

static bool read_weight(const struct json *share, double *weight)
{
    *weight = 1;
    if (share->count < 2)
        return true;
    const struct json *json = &share->elements[1];
    if (json->type != JSON_NUMBER || (double)(int64_t)json->number != json->number)
        return false;
    *weight = json->number < 0 ? 0 : json->number;
    return *weight <= WEIGHTS_MAX;
}

static bool read_name(const struct json *share, struct str *name)
{
    const struct json *json = &share->elements[0];
    *name = (struct str){0};
    if (json->type == JSON_STRING)
        *name = json->string;
    else if (json->type == JSON_BOOLEAN)
        *name = json->boolean ? STR("true") : STR("false");
    return json->type <= JSON_BOOLEAN || json->type == JSON_STRING;
}

/* A variation has one stretch of tickets: a second one that is not behind the first is added to
 * it, and then other people have it. */
static void add_share(struct split *split, struct str variation, uint32_t weight, bool *is_exact)
{
    for (size_t i = 0; i < split->allocation_count; i++) {
        if (!str_equal(split->allocations[i].variation, variation))
            continue;
        split->allocations[i].weight += weight;
        *is_exact = *is_exact && (weight == 0 || i + 1 == split->allocation_count);
        return;
    }
    split->allocations[split->allocation_count++] = (struct allocation){variation, weight};
}

enum shares { SHARES_READ, SHARES_NONE, SHARES_UNKNOWN };

/* None: over there it is null, whoever asks. Unknown: they are computed. */
static enum shares read_shares(struct targeting *targeting, const struct json *shares, size_t count,
                               struct split *split, bool *is_exact)
{
    double total = 0;
    split->allocations = ARENA_NEW_ARRAY(targeting->draft->arena, struct allocation, count);
    for (size_t i = 0; i < count; i++) {
        double weight = 0;
        struct str name;
        bool is_share = shares[i].type == JSON_ARRAY && shares[i].count > 0 && shares[i].count <= 2;
        if (!is_share)
            return SHARES_NONE;
        if (!read_weight(&shares[i], &weight) || !read_name(&shares[i], &name))
            return SHARES_UNKNOWN;
        total += weight;
        add_share(split, targeting_variant(targeting, name), (uint32_t)weight, is_exact);
    }
    return total > 0 && total <= WEIGHTS_MAX ? SHARES_READ : SHARES_NONE;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static void serve_nothing(struct targeting *targeting, struct guard guard)
{
    targeting_serve(targeting, guard, build_serve(targeting_variant(targeting, (struct str){0})));
}

/* Who is dealt by an attribute, the targeting key apart, may lack it. */
static bool may_lack(const struct subject *subject)
{
    return !str_is_absent(subject->bucket_by) &&
           !str_equal(subject->bucket_by, STR("targetingKey"));
}

/* The share of everybody who has nothing behind the salt. */
static struct str share_of_salt(struct str salt, const struct split *split)
{
    uint64_t total = 0;
    uint64_t end = 0;
    const struct hash_murmur3 begun = hash_murmur3_begin(salt, 0);
    for (size_t i = 0; i < split->allocation_count; i++)
        total += split->allocations[i].weight;
    uint64_t ticket = hash_murmur3_finish(&begun, STR("")) * total >> 32;
    for (size_t i = 0; i < split->allocation_count; i++) {
        end += split->allocations[i].weight;
        if (ticket < end)
            return split->allocations[i].variation;
    }
    return (struct str){0};
}

static void serve_lacking(struct targeting *targeting, struct guard guard,
                          const struct subject *subject, const struct split *split)
{
    if (!may_lack(subject))
        return;
    if (!subject->is_joined) {
        serve_nothing(targeting, guard);
        return;
    }
    targeting->deals_by_text = true;
    targeting_serve(targeting, guard, build_serve(share_of_salt(subject->salt, split)));
}

static struct guard narrow(struct targeting *targeting, struct guard guard,
                           const struct subject *subject)
{
    if (!may_lack(subject))
        return guard;
    struct expression has_text =
        build_match(subject->bucket_by, OPERATOR_CONTAINS, json_make_string(STR("")));
    guard.when = build_both(targeting->draft->arena, guard.when, has_text);
    return guard;
}

static void serve_shares(struct targeting *targeting, struct guard guard,
                         const struct subject *subject, struct split split)
{
    struct flag *flag = &targeting->item->flag;
    bool is_renamed = !str_equal(flag->key, targeting->item->name);
    split.salt = str_is_absent(subject->salt) && is_renamed ? targeting->item->name : subject->salt;
    split.bucket_by = subject->bucket_by;
    flag->arithmetic.hash = FLAG_HASH_MURMUR3_32_SCALED;
    if (!subject->is_exact)
        draft_lower(targeting->draft, targeting->item->row, IMPORT_REDEALT,
                    STR("what it hashes, or the order of its shares, cannot be said"));
    targeting_serve(targeting, narrow(targeting, guard, subject),
                    (struct serve){.kind = SERVE_SPLIT, .split = split});
    serve_lacking(targeting, guard, subject, &split);
}

void fractional_serve(struct targeting *targeting, struct guard guard,
                      const struct logic_operation *operation)
{
    struct subject subject = {.is_exact = true};
    struct split split = {0};
    bool has_by = operation->count > 0 && operation->operands[0].type != JSON_ARRAY;
    if (has_by)
        subject.is_exact = read_subject(targeting, &operation->operands[0], &subject);
    if (has_by && !subject.is_exact)
        subject = (struct subject){0};
    size_t first = has_by ? 1 : 0;
    enum shares shares = read_shares(targeting, operation->operands + first,
                                     operation->count - first, &split, &subject.is_exact);
    if (shares == SHARES_UNKNOWN) {
        targeting_lose(targeting, STR("deals shares that are computed"));
        serve_nothing(targeting, guard);
    } else if (shares == SHARES_NONE) {
        serve_nothing(targeting, guard);
    } else {
        serve_shares(targeting, guard, &subject, split);
    }
}
