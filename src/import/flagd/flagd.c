/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flagd - flag definition files, JSON or YAML: see import.h, foreign-protocols.md 2.
 *
 * A flag is its variants, the one that is served by default, and targeting (targeting.h). Where a
 * flag is disabled, or has no default, a program goes by what it has in code; here somebody always
 * gets something, and the row says what.
 */
#include "import/flagd/flagd.h"

#include "import/build.h"
#include "import/flagd/targeting.h"
#include "import/source.h"

static const struct logic_engine engine = {
    .has_text_operators = true,
    .has_references = true,
    .orders_null_or_equal = true,
    .equals_null_loosely = true,
    .key_attribute = STR("targetingKey"),
    .clock_attribute = STR("$flagd.timestamp"),
};

struct document {
    struct draft *draft;
    const struct json *evaluators, *metadata; /* of the whole document, or NULL */
    bool coerces, looks_in_lists, shortens_versions, deals_by_text;
};

/* ---- metadata -------------------------------------------------------------------------------- */

static void add_members(struct json *object, struct map *keys, const struct json *members)
{
    for (uint32_t i = 0; members != NULL && i < members->count; i++) {
        if (map_insert(keys, members->members[i].key, object->count))
            object->members[object->count++] = members->members[i];
    }
}

/* A flag's own stands before that of the document. */
static struct json merge_metadata(struct arena *arena, const struct json *own,
                                  const struct json *shared)
{
    struct map keys;
    struct json merged = {.type = JSON_OBJECT};
    size_t count = (own == NULL ? 0 : own->count) + (shared == NULL ? 0 : shared->count);
    if (count == 0)
        return json_make_null();
    map_open(&keys, arena, count);
    merged.members = ARENA_NEW_ARRAY(arena, struct json_member, count);
    add_members(&merged, &keys, own);
    add_members(&merged, &keys, shared);
    return merged;
}

/* ---- variants -------------------------------------------------------------------------------- */

static bool read_variants(struct draft *draft, const struct json *json, struct flag *flag)
{
    const struct json *variants = source_object(json, "variants");
    if (variants == NULL || variants->count == 0)
        return false;
    struct json *values = ARENA_NEW_ARRAY(draft->arena, struct json, variants->count);
    flag->variations = ARENA_NEW_ARRAY(draft->arena, struct variation, variants->count);
    flag->variation_count = variants->count;
    for (uint32_t i = 0; i < variants->count; i++) {
        values[i] = variants->members[i].value;
        flag->variations[i] =
            (struct variation){.id = variants->members[i].key, .value = values[i]};
    }
    return build_common_type(values, variants->count, &flag->type);
}

static void report_disabled(struct draft *draft, const struct draft_flag *item)
{
    if (!item->flag.is_enabled)
        draft_lower_format(draft, item->row, IMPORT_PARTLY,
                           "is off: programs get %.*s of it here, and what they have in code there",
                           STR_ARG(item->flag.off_variation));
}

/* ---- flags ----------------------------------------------------------------------------------- */

static void translate_targeting(struct document *document, struct draft_flag *item,
                                struct str default_variant, const struct json *rule)
{
    struct targeting targeting = {
        .draft = document->draft,
        .item = item,
        .default_variant = default_variant,
        .logic = {.arena = document->draft->arena,
                  .engine = &engine,
                  .references = document->evaluators,
                  .flag_key = item->name},
    };
    targeting_translate(&targeting, rule);
    document->coerces = document->coerces || targeting.logic.coerces;
    document->looks_in_lists = document->looks_in_lists || targeting.logic.looks_in_lists;
    document->deals_by_text = document->deals_by_text || targeting.deals_by_text;
    document->shortens_versions = document->shortens_versions || targeting.logic.shortens_versions;
}

static void read_flag(struct document *document, const struct json_member *member)
{
    struct draft *draft = document->draft;
    const struct json *json = &member->value;
    struct draft_flag *item = draft_add_flag(draft, member->key);
    struct flag *flag = &item->flag;
    struct str state = source_text(json, "state");
    struct str default_variant = source_text(json, "defaultVariant");
    bool is_known = str_equal(state, STR("ENABLED")) || str_equal(state, STR("DISABLED"));
    if (!is_known) {
        draft_leave_out_flag(draft, item, STR("its state is neither ENABLED nor DISABLED"));
        return;
    }
    if (!read_variants(draft, json, flag)) {
        draft_leave_out_flag(draft, item, STR("its variants are not all of one type"));
        return;
    }
    if (str_is_empty(default_variant))
        default_variant = (struct str){0};
    if (!str_is_absent(default_variant) && flag_find_variation(flag, default_variant) < 0) {
        draft_leave_out_flag(draft, item, STR("its default variant is none it has"));
        return;
    }
    flag->is_enabled = str_equal(state, STR("ENABLED"));
    flag->off_variation =
        str_is_absent(default_variant) ? build_least_variation(flag) : default_variant;
    flag->metadata =
        merge_metadata(draft->arena, source_object(json, "metadata"), document->metadata);
    translate_targeting(document, item, default_variant, source_find(json, "targeting"));
    report_disabled(draft, item);
}

static void report_comparisons(const struct document *document)
{
    struct report *report = &document->draft->report;
    if (document->coerces)
        report_say(report, STR("comparison"), STR("==, <, …"), IMPORT_PARTLY,
                   "an attribute is compared as the type it has: \"5\" is not 5 here");
    if (document->looks_in_lists)
        report_say(report, STR("comparison"), STR("in"), IMPORT_PARTLY,
                   "an attribute that is a list is among values here when one of its elements is");
    if (document->deals_by_text)
        report_say(report, STR("comparison"), STR("fractional"), IMPORT_PARTLY,
                   "an attribute that people are dealt by has to be a text: a number is none");
    if (document->shortens_versions)
        report_say(report, STR("comparison"), STR("sem_ver"), IMPORT_PARTLY,
                   "an attribute is a version when it has three numbers: \"1.2\" is none here");
}

static struct fault read_document(struct arena *arena, struct str text,
                                  const struct import_options *options,
                                  struct import_result *result)
{
    struct json json;
    struct draft draft;
    struct fault fault = source_parse(arena, text, &json);
    if (failed(fault))
        return fault;
    const struct json *flags = source_object(&json, "flags");
    if (flags == NULL)
        return fault_make(FAULT_INVALID, STR("/flags"),
                          STR("is not there: a definition file has an object of flags"));
    draft_begin(&draft, arena, options);
    struct document document = {
        .draft = &draft,
        .evaluators = source_object(&json, "$evaluators"),
        .metadata = source_object(&json, "metadata"),
    };
    for (uint32_t i = 0; i < flags->count; i++)
        read_flag(&document, &flags->members[i]);
    report_comparisons(&document);
    return draft_finish(&draft, result);
}

const struct importer flagd_importer = {
    .name = STR("flagd"),
    .summary = STR("flag definition files, JSON or YAML"),
    .read = read_document,
};
