/* SPDX-License-Identifier: Apache-2.0 */
/* local - a configuration document in a file: see local.h. */
#include "cli/superflag/local.h"

#include "dialect/superflag/property.h"

enum { FILE_BYTES_MAX = 64 * 1024 * 1024 };

/* Of one's own file; what a server takes is less (docs/limits.md). */
static const struct json_budget file_budget = {
    .depth_max = 64,
    .members_max = 100000,
    .string_bytes_max = 1024 * 1024,
    .number_bytes_max = 64,
};

/* Where a legacy document says nothing, what stands around it does. */
struct envelope {
    struct str app, environment;
    uint64_t version;
    bool is_there;
};

static struct str text_or(const struct json *object, struct str key, struct str otherwise)
{
    struct str text = property_text(object, key);
    return str_is_absent(text) ? otherwise : text;
}

/* {"appId","env","version","doc"} around a document. */
static const struct json *unwrap(const struct json *json, struct envelope *envelope)
{
    const struct json *inner = property_find(json, STR("doc"));
    const struct json *version = property_find(json, STR("version"));
    *envelope = (struct envelope){.app = STR("local"), .environment = STR("local")};
    if (!json_is_object(inner) || property_find(json, STR("flags")) != NULL)
        return json;
    envelope->is_there = true;
    envelope->app = text_or(json, STR("appId"), envelope->app);
    envelope->environment = text_or(json, STR("env"), envelope->environment);
    if (version != NULL && version->type == JSON_NUMBER && version->number >= 0 &&
        version->number < 9007199254740992.0)
        envelope->version = (uint64_t)version->number;
    return inner;
}

/* A core document with a slip stays one: its library tells what is missing. */
static bool is_legacy(const struct json *json, const struct envelope *envelope)
{
    const struct json *flags = property_find(json, STR("flags"));
    if (!json_is_object(flags) || property_find(json, STR("schemaVersion")) != NULL ||
        property_find(json, STR("source")) != NULL ||
        property_find(json, STR("configVersion")) != NULL)
        return false;
    if (envelope->is_there || property_find(json, STR("overrides")) != NULL ||
        property_find(json, STR("rules")) != NULL)
        return true;
    const struct json *first = flags->count > 0 ? &flags->members[0].value : NULL;
    return property_find(first, STR("value")) != NULL &&
           property_find(first, STR("variations")) == NULL;
}

static size_t one_issue(struct arena *arena, struct str path, struct str message,
                        struct issue **issues)
{
    *issues = ARENA_NEW(arena, struct issue);
    **issues = (struct issue){path, message};
    return 1;
}

static size_t migrate(struct arena *arena, const struct json *json, const struct envelope *envelope,
                      struct superflag_document *document, struct issue **issues)
{
    const struct superflag_migration migration = {
        .app = envelope->app,
        .environment = envelope->environment,
        .config_version = envelope->version,
        .lifecycle = LIFECYCLE_ACTIVE,
    };
    struct fault fault = superflag_migrate_legacy_document(arena, property_find(json, STR("flags")),
                                                           &migration, document);
    if (!failed(fault))
        return 0;
    const struct issue_path root = issue_path_root();
    const struct issue_path flags = issue_path_member(&root, STR("flags"));
    const struct issue_path flag = issue_path_member(&flags, fault.where);
    return one_issue(arena, issue_path_text(arena, &flag), fault.why, issues);
}

size_t local_decode(struct arena *arena, struct str text, struct superflag_document *document,
                    struct issue **issues)
{
    struct json *json = ARENA_NEW(arena, struct json);
    struct envelope envelope;
    *document = (struct superflag_document){0};
    *issues = NULL;
    if (failed(json_parse(arena, text, &file_budget, json)))
        return superflag_validate_text(arena, text, &file_budget, issues);
    const struct json *inner = unwrap(json, &envelope);
    if (is_legacy(inner, &envelope))
        return migrate(arena, inner, &envelope, document, issues);
    size_t count = superflag_validate(arena, inner, issues);
    if (count > 0)
        return count;
    struct fault fault = superflag_decode_document(arena, inner, document);
    return failed(fault) ? one_issue(arena, fault.where, fault.why, issues) : 0;
}

int local_read_text(struct session *session, struct str file, struct str *text)
{
    struct fault fault = home_read_file(&session->arena, file, FILE_BYTES_MAX, text);
    return failed(fault) ? session_fail_fault(session, fault) : EXIT_OK;
}

int local_read(struct session *session, struct str file, struct superflag_document *document)
{
    struct str text;
    struct issue *issues = NULL;
    int status = local_read_text(session, file, &text);
    if (status != EXIT_OK)
        return status;
    size_t count = local_decode(&session->arena, text, document, &issues);
    if (count == 0)
        return EXIT_OK;
    return session_fail(session, EXIT_FAILED,
                        arena_format(&session->arena, "%.*s: %.*s: %.*s", STR_ARG(file),
                                     STR_ARG(issues[0].path), STR_ARG(issues[0].message)),
                        arena_format(&session->arena,
                                     "`%.*s config validate %.*s` lists all that is wrong",
                                     STR_ARG(session->program), STR_ARG(file))
                            .data);
}
