/* SPDX-License-Identifier: Apache-2.0 */
/*
 * migrate - a legacy document as a core one, the way the vendor's SDK converts it (section 11).
 *
 * All or nothing: the first bad flag refuses the document, with the SDK's own words. What comes
 * out is validated as a core document, because the SDK does so too.
 */
#include <assert.h>

#include "dialect/superflag/document.h"
#include "dialect/superflag/legacy_shape.h"
#include "dialect/superflag/property.h"
#include "dialect/superflag/validate.h"
#include "model/names.h"

static const char *kind_of(const struct json *value)
{
    if (value == NULL)
        return "undefined";
    switch (value->type) {
    case JSON_NULL:
        return "null";
    case JSON_BOOLEAN:
        return "boolean";
    case JSON_NUMBER:
        return "number";
    case JSON_STRING:
        return "string";
    case JSON_ARRAY:
    case JSON_OBJECT:
        return "object";
    }
    return "";
}

/* "Legacy flag K <rest>" */
static struct str complain(struct arena *arena, struct str key, struct str rest)
{
    return issue_message(arena, STR("Legacy flag "), key, rest);
}

/* A weight only the finished document's validation objects to. */
static struct str complain_weight(struct arena *arena, struct str key, size_t variant)
{
    struct str rest = arena_format(arena,
                                   ".fallthrough.rollout.variations[%zu].weight: "
                                   "must be a non-negative integer",
                                   variant);
    return issue_message(arena, STR("Invalid Superflag config:\n$.flags."), key, rest);
}

static struct str finding_text(struct arena *arena, struct str key,
                               const struct legacy_finding *finding)
{
    switch (finding->problem) {
    case LEGACY_FINE:
        break;
    case LEGACY_TYPE_UNKNOWN:
        return complain(arena, key, STR(" has an unsupported type"));
    case LEGACY_ROLLOUT_AND_VARIANTS:
        return complain(arena, key, STR(" cannot have rollout and variants"));
    case LEGACY_VALUE_MISMATCH:
        return complain(arena, key,
                        arena_format(arena, " declares %.*s but contains %s",
                                     STR_ARG(superflag_legacy_type_name(finding->type)),
                                     kind_of(finding->value)));
    case LEGACY_ROLLOUT_RANGE:
        return complain(arena, key, STR(" rollout must be between 0 and 100"));
    case LEGACY_VARIANTS_EMPTY:
        return complain(arena, key, STR(" variants must not be empty"));
    case LEGACY_WEIGHT_TOTAL:
        return complain(arena, key, STR(" variant weights must total 100"));
    case LEGACY_VARIANT_NAME:
        return complain(arena, key, STR(" variant names must be strings"));
    case LEGACY_VARIANT_WEIGHT:
        return complain_weight(arena, key, finding->variant);
    }
    return STR("");
}

/* ---- what the legacy form is silent about ------------------------------------------------ */

static struct str *copy_tags(struct arena *arena, const struct json *tags)
{
    struct str *texts = ARENA_NEW_ARRAY(arena, struct str, tags->count);
    for (size_t i = 0; i < tags->count; i++)
        texts[i] = tags->elements[i].string;
    return texts;
}

static void set_tags(struct arena *arena, const struct json *tags, struct flag *flag)
{
    if (!json_is_array_of_strings(tags))
        return;
    flag->tags = copy_tags(arena, tags);
    flag->tag_count = tags->count;
}

static void set_text(struct str text, struct str *field)
{
    if (!str_is_absent(text))
        *field = text;
}

static void describe(struct arena *arena, const struct superflag_migration *migration,
                     struct flag *flag)
{
    flag->lifecycle = migration->lifecycle;
    set_text(migration->description, &flag->description);
    set_text(migration->owner, &flag->owner);
    set_tags(arena, migration->tags, flag);

    const struct json *definition = property_find(migration->definitions, flag->key);
    set_text(property_text(definition, STR("description")), &flag->description);
    set_text(property_text(definition, STR("owner")), &flag->owner);
    set_tags(arena, property_find(definition, STR("tags")), flag);
    int lifecycle = name_find(&lifecycle_names, property_text(definition, STR("lifecycle")));
    if (lifecycle >= 0)
        flag->lifecycle = (enum lifecycle)lifecycle;
}

static struct fault migrate_flag(struct arena *arena, const struct json_member *member,
                                 const struct superflag_migration *migration, struct flag *flag)
{
    const struct json *legacy = &member->value;
    struct legacy_parts parts;
    struct legacy_finding finding = legacy_read(
        arena, property_text(legacy, STR("type")), property_find(legacy, STR("value")),
        property_find(legacy, STR("rollout")), property_find(legacy, STR("variants")), &parts);
    if (finding.problem != LEGACY_FINE)
        return fault_make(FAULT_INVALID, member->key, finding_text(arena, member->key, &finding));

    *flag = legacy_flag_of(arena, member->key, parts.type);
    /* The SDK keeps no standing value beside variants. */
    if (parts.variant_count > 0)
        parts.value = parts.variants[0].value;
    legacy_shape(arena, &parts, flag);
    const struct json *client = property_find(legacy, STR("clientEnabled"));
    bool is_client = client != NULL && client->type == JSON_BOOLEAN && client->boolean;
    flag->visibility = is_client ? VISIBILITY_CLIENT : VISIBILITY_SERVER;
    describe(arena, migration, flag);
    return fault_none();
}

/* The library's throwing form of an issue list. */
static struct str thrown_text(struct arena *arena, const struct issue *issues, size_t count)
{
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    buf_append(&buf, STR("Invalid Superflag config:"));
    for (size_t i = 0; i < count; i++) {
        buf_append(&buf, STR("\n"));
        buf_append(&buf, issues[i].path);
        buf_append(&buf, STR(": "));
        buf_append(&buf, issues[i].message);
    }
    struct str text = arena_copy_str(arena, buf_str(&buf));
    buf_close(&buf);
    return text;
}

static struct fault validate_migrated(struct arena *arena,
                                      const struct superflag_document *document)
{
    static const struct json_budget budget = {
        .depth_max = 64,
        .members_max = SIZE_MAX,
        .string_bytes_max = SIZE_MAX,
        .number_bytes_max = 64,
    };
    struct environment_state state = superflag_document_state(arena, document);
    struct issue *issues = NULL;
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    superflag_append_projection(&buf, &state, SUPERFLAG_SERVER, true, false);
    struct str text = arena_copy_str(arena, buf_str(&buf));
    buf_close(&buf);
    size_t count = superflag_validate_text(arena, text, &budget, &issues);
    if (count == 0)
        return fault_none();
    return fault_make(FAULT_INVALID, issues[0].path, thrown_text(arena, issues, count));
}

struct fault superflag_migrate_legacy_document(struct arena *arena, const struct json *flags,
                                               const struct superflag_migration *migration,
                                               struct superflag_document *document)
{
    *document = (struct superflag_document){
        .app = migration->app,
        .environment = migration->environment,
        .config_version = migration->config_version,
        .settings = {.metadata = json_make_null()},
    };
    if (!json_is_object(flags))
        return fault_make(FAULT_INVALID, STR("flags"), STR("flags must be an object"));
    const struct json_member **order = property_order(arena, flags);
    document->flags = ARENA_NEW_ARRAY(arena, struct flag, flags->count);
    for (size_t i = 0; i < flags->count; i++) {
        struct fault fault = migrate_flag(arena, order[i], migration, &document->flags[i]);
        if (failed(fault))
            return fault;
        document->flag_count++;
    }
    return validate_migrated(arena, document);
}
