/* SPDX-License-Identifier: Apache-2.0 */
/*
 * configuration - flag configurations, as SDKs download them: see reading.h,
 * amplitude-evaluation.md 4.
 *
 * The dialect's decoder makes a rule of every segment, which decides alike. What is left is to make
 * a flag of it that can be kept: a value for each variant, "off" among them, the segment for
 * everybody as the fallthrough, and keys of other flags in selectors as they are here.
 */
#include "dialect/amplitude/configuration_decode.h"
#include "dialect/amplitude/configuration_encode.h"
#include "eval/selector.h"
#include "import/amplitude/reading.h"
#include "import/build.h"
#include "import/source.h"

/* ---- variants -------------------------------------------------------------------------------- */

static bool has_own_value(const struct variation *variation)
{
    return variation->value.type == JSON_STRING &&
           !str_equal(variation->value.string, variation->id);
}

/* What evaluates it shows the key as the value, so one of its own is kept beside it and said. */
static void keep_variants(struct draft *draft, struct draft_flag *item, const struct flag *flag)
{
    struct flag *kept = &item->flag;
    bool has_off = flag_find_variation(flag, STR("off")) >= 0;
    kept->variations = ARENA_NEW_ARRAY(draft->arena, struct variation, flag->variation_count + 1);
    for (size_t i = 0; i < flag->variation_count; i++) {
        kept->variations[i] = flag->variations[i];
        kept->variations[i].value = json_make_string(flag->variations[i].id);
        if (has_own_value(&flag->variations[i]))
            draft_lower_format(draft, item->row, IMPORT_PARTLY,
                               "the value of its variant %.*s is the key here",
                               STR_ARG(flag->variations[i].id));
    }
    kept->variation_count = flag->variation_count;
    if (!has_off)
        kept->variations[kept->variation_count++] =
            (struct variation){.id = STR("off"), .value = json_make_string(STR("off"))};
    kept->off_variation = STR("off");
}

/* ---- other flags' keys ----------------------------------------------------------------------- */

/* "/result/<key>/…" with the key as it is here. */
static struct str rename_selector(struct draft *draft, struct str selector)
{
    static const struct str root = STR("/result/");
    if (!str_starts_with(selector, root))
        return selector;
    size_t end = str_find_byte(selector, '/', root.size);
    struct str key = selector_step(draft->arena, str_slice(selector, root.size, end));
    const struct str steps[] = {STR("result"), draft_flag_key(draft, key)};
    struct str head = selector_text(draft->arena, steps, COUNT_OF(steps));
    struct str rest = str_slice(selector, end, selector.size);
    return arena_format(draft->arena, "%.*s%.*s", STR_ARG(head), STR_ARG(rest));
}

static void rename_expression(struct draft *draft, struct expression *expression, unsigned depth)
{
    enum { DEPTH_MAX = 4 }; /* any of all of matches */
    expression->attribute = rename_selector(draft, expression->attribute);
    for (size_t i = 0; depth < DEPTH_MAX && i < expression->child_count; i++)
        rename_expression(draft, &expression->children[i], depth + 1);
}

static void rename_references(struct draft *draft, struct flag *flag)
{
    for (size_t i = 0; i < flag->prerequisite_count; i++)
        flag->prerequisites[i].flag = draft_flag_key(draft, flag->prerequisites[i].flag);
    for (size_t i = 0; i < flag->rule_count; i++)
        rename_expression(draft, &flag->rules[i].when, 0);
}

/* ---- segments -------------------------------------------------------------------------------- */

/* A variant that is not there is none; the schema leaves it to engines. */
static struct str known_or_none(const struct flag *flag, struct str variant)
{
    bool is_known = !str_is_absent(variant) && flag_find_variation(flag, variant) >= 0;
    return is_known ? variant : (struct str){0};
}

static void keep_serve(const struct flag *flag, struct serve *serve)
{
    serve->variation = known_or_none(flag, serve->variation);
    if (serve->kind != SERVE_BUCKET)
        return;
    serve->bucket.otherwise = known_or_none(flag, serve->bucket.otherwise);
    for (size_t i = 0; i < serve->bucket.slice_count; i++) {
        struct slice *slice = &serve->bucket.slices[i];
        for (size_t j = 0; j < slice->allocation_count; j++)
            slice->allocations[j].variation = known_or_none(flag, slice->allocations[j].variation);
    }
    if (serve->bucket.slice_count > 0)
        return;
    *serve = (struct serve){.kind = SERVE_VARIATION, .variation = serve->bucket.otherwise};
}

static void keep_segments(struct draft *draft, struct flag *kept)
{
    for (size_t i = 0; i < kept->rule_count; i++) {
        kept->rules[i].id = build_rule_id(draft->arena, "segment-", i);
        keep_serve(kept, &kept->rules[i].serve);
    }
    if (kept->rule_count == 0)
        return;
    const struct rule *last = &kept->rules[kept->rule_count - 1];
    bool is_named = !str_is_absent(last->description) &&
                    !str_equal(last->description, STR(SEGMENT_NAME_OTHERS));
    if (!build_is_always(&last->when) || is_named)
        return;
    kept->fallthrough = last->serve;
    kept->rule_count--;
}

/* Of a flag that SDKs may not evaluate, and of one that is switched off, there are the variants and
 * "off" for everybody. */
static bool is_stub(const struct flag *flag)
{
    const struct rule *only = &flag->rules[0];
    return flag->rule_count == 1 && only->serve.kind == SERVE_VARIATION &&
           build_is_always(&only->when) && str_equal(only->serve.variation, STR("off")) &&
           str_equal(only->description, STR(SEGMENT_NAME_OFF));
}

static void keep_stub(struct draft *draft, struct draft_flag *item)
{
    struct flag *flag = &item->flag;
    flag->is_enabled = false;
    flag->rule_count = 0;
    flag->fallthrough = (struct serve){.kind = SERVE_VARIATION, .variation = STR("off")};
    if (flag->evaluation_mode == EVALUATION_REMOTE)
        draft_lower(draft, item->row, IMPORT_PARTLY,
                    STR("is evaluated by the server there: its rules are not in the document, and "
                        "it is off here"));
}

/* ---- metadata -------------------------------------------------------------------------------- */

static bool is_told_otherwise(struct str name)
{
    static const struct str names[] = {STR("deployed"), STR("evaluationMode"), STR("flagType"),
                                       STR("flagVersion"), STR("experimentKey")};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (str_equal(names[i], name))
            return true;
    }
    return false;
}

static void keep_metadata(struct draft *draft, struct flag *flag)
{
    const struct json metadata = flag->metadata;
    struct json rest = {.type = JSON_OBJECT};
    flag->metadata = json_make_null();
    if (metadata.type != JSON_OBJECT)
        return;
    bool is_experiment = str_equal(source_text(&metadata, "flagType"), STR("experiment")) ||
                         source_find(&metadata, "experimentKey") != NULL;
    flag->kind = is_experiment ? FLAG_KIND_EXPERIMENT : FLAG_KIND_FLAG;
    flag->experiment.has_started = is_experiment;
    flag->is_on_all_deployments = source_boolean(&metadata, "deployed", true);
    rest.members = ARENA_NEW_ARRAY(draft->arena, struct json_member, metadata.count);
    for (uint32_t i = 0; i < metadata.count; i++) {
        if (!is_told_otherwise(metadata.members[i].key))
            rest.members[rest.count++] = metadata.members[i];
    }
    if (rest.count > 0)
        flag->metadata = rest;
}

/* ---- flags ----------------------------------------------------------------------------------- */

static void add_flag(struct draft *draft, const struct flag *flag)
{
    struct draft_flag *item = draft_add_flag(draft, flag->key);
    const struct flag frame = item->flag;
    item->flag = *flag;
    item->flag.id = frame.id;
    item->flag.key = frame.key;
    item->flag.description = frame.description;
    item->flag.owner = frame.owner;
    item->flag.lifecycle = frame.lifecycle;
    item->flag.experiment = frame.experiment;
    keep_metadata(draft, &item->flag);
    keep_variants(draft, item, flag);
    rename_references(draft, &item->flag);
    if (is_stub(&item->flag))
        keep_stub(draft, item);
    else
        keep_segments(draft, &item->flag);
    report_conditions(draft, item);
}

struct fault configurations_read(struct draft *draft, const struct json *list)
{
    struct flag *flags = NULL;
    size_t count = 0;
    struct fault fault = configuration_decode(draft->arena, list, &flags, &count);
    for (size_t i = 0; !failed(fault) && i < count; i++)
        add_flag(draft, &flags[i]);
    return fault;
}
