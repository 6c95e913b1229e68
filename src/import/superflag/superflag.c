/* SPDX-License-Identifier: Apache-2.0 */
/*
 * superflag - core and legacy documents: see import.h, superflag-api.md 9 to 12.
 *
 * The dialect's decoder reads them (dialect/superflag/document.h); what is left to do here is to
 * tell the forms apart, to give keys their prefix, and to say what was lost. The flag's key is part
 * of what this vendor hashes, so whatever changes a key deals splits anew.
 */
#include "import/superflag/superflag.h"

#include "dialect/superflag/document.h"
#include "import/draft.h"
#include "import/source.h"

/* ---- keys ------------------------------------------------------------------------------------ */

static void rename_expression(struct draft *draft, struct expression *expression, unsigned depth)
{
    enum { DEPTH_MAX = 64 };
    if (expression->kind == EXPRESSION_SEGMENT)
        expression->segment = draft_segment_key(draft, expression->segment);
    for (size_t i = 0; depth < DEPTH_MAX && i < expression->child_count; i++)
        rename_expression(draft, &expression->children[i], depth + 1);
}

static bool deals_shares(const struct serve *serve)
{
    return serve->kind == SERVE_SPLIT || serve->kind == SERVE_PROGRESSIVE;
}

static bool flag_deals_shares(const struct flag *flag)
{
    bool deals = deals_shares(&flag->fallthrough);
    for (size_t i = 0; i < flag->rule_count; i++)
        deals = deals || deals_shares(&flag->rules[i].serve);
    return deals;
}

static void add_flag(struct draft *draft, const struct flag *flag)
{
    struct draft_flag *item = draft_add_flag(draft, flag->key);
    const struct str id = item->flag.id;
    const struct str key = item->flag.key;
    item->flag = *flag;
    item->flag.id = id;
    item->flag.key = key;
    if (!str_equal(key, flag->key) && flag_deals_shares(flag))
        draft_lower(draft, item->row, IMPORT_REDEALT,
                    STR("its key is part of what is hashed, and is another one here"));
    for (size_t i = 0; i < flag->prerequisite_count; i++)
        item->flag.prerequisites[i].flag = draft_flag_key(draft, flag->prerequisites[i].flag);
    for (size_t i = 0; i < flag->rule_count; i++)
        rename_expression(draft, &item->flag.rules[i].when, 0);
}

static void add_segment(struct draft *draft, const struct segment *segment)
{
    struct draft_segment *item = draft_add_segment(draft, segment->key);
    const struct str id = item->segment.id;
    const struct str key = item->segment.key;
    item->segment = *segment;
    item->segment.id = id;
    item->segment.key = key;
    for (size_t i = 0; i < segment->rule_count; i++)
        rename_expression(draft, &item->segment.rules[i], 0);
}

/* ---- the two forms --------------------------------------------------------------------------- */

static struct fault read_core(struct draft *draft, const struct json *json)
{
    struct superflag_document document;
    struct fault fault = superflag_decode_document(draft->arena, json, &document);
    if (failed(fault))
        return fault;
    draft->has_settings = document.settings.metadata.type != JSON_NULL;
    draft->settings.metadata = document.settings.metadata;
    for (size_t i = 0; i < document.segment_count; i++)
        add_segment(draft, &document.segments[i]);
    for (size_t i = 0; i < document.flag_count; i++)
        add_flag(draft, &document.flags[i]);
    return fault_none();
}

/* One by one, so that a bad one costs only itself. */
static void read_legacy_flag(struct draft *draft, struct json_member *member)
{
    struct json one = {.type = JSON_OBJECT, .count = 1, .members = member};
    const struct superflag_migration migration = {
        .app = STR("imported"), .environment = STR("imported"), .lifecycle = LIFECYCLE_ACTIVE};
    struct superflag_document document;
    struct fault fault =
        superflag_migrate_legacy_document(draft->arena, &one, &migration, &document);
    if (!failed(fault)) {
        add_flag(draft, &document.flags[0]);
        return;
    }
    struct draft_flag *item = draft_add_flag(draft, member->key);
    draft_leave_out_flag(draft, item, fault.why);
}

static void report_reserved(struct draft *draft, const struct json *json, const char *name)
{
    const struct json *member = source_find(json, name);
    bool is_empty = member == NULL || (member->type >= JSON_ARRAY && member->count == 0);
    if (!is_empty)
        report_say(&draft->report, str_of(name), str_of(name), IMPORT_LEFT_OUT,
                   "is reserved in that form, and no reader of it makes anything of it");
}

static void read_legacy(struct draft *draft, const struct json *json)
{
    const struct json *flags = json_find(json, STR("flags"));
    for (uint32_t i = 0; i < flags->count; i++)
        read_legacy_flag(draft, &flags->members[i]);
    report_reserved(draft, json, "overrides");
    report_reserved(draft, json, "rules");
}

/* An answer of the config endpoint carries the document as `doc`. */
static const struct json *find_document(const struct json *json)
{
    const struct json *document = source_object(json, "doc");
    return document == NULL ? json : document;
}

static struct fault read_document(struct arena *arena, struct str text,
                                  const struct import_options *options,
                                  struct import_result *result)
{
    struct json json;
    struct draft draft;
    struct fault fault = source_parse_json(arena, text, &json);
    if (failed(fault))
        return fault;
    const struct json *document = find_document(&json);
    draft_begin(&draft, arena, options);
    if (source_find(document, "schemaVersion") != NULL)
        fault = read_core(&draft, document);
    else if (source_object(document, "flags") != NULL)
        read_legacy(&draft, document);
    else
        fault = fault_make(FAULT_INVALID, STR("/flags"),
                           STR("is not there: a document has flags, and schemaVersion 1 when it is "
                               "a core document"));
    return failed(fault) ? fault : draft_finish(&draft, result);
}

const struct importer superflag_importer = {
    .name = STR("superflag"),
    .summary = STR("core or legacy config documents, alone or as the config endpoint answers them"),
    .read = read_document,
};
