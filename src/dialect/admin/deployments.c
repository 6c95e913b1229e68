/* SPDX-License-Identifier: Apache-2.0 */
/* deployments - delivery channels inside an environment, each with a key. See manage.h. */
#include "auth/secret.h"
#include "dialect/admin/fields.h"
#include "dialect/admin/listing.h"
#include "dialect/admin/manage.h"
#include "dialect/admin/resource.h"
#include "dialect/admin/rights.h"

enum { LABEL_BYTES_MAX = 64 };

/* ---- out ----------------------------------------------------------------------------------- */

static struct str kind_word(enum credential_kind kind)
{
    if (kind == CREDENTIAL_CLIENT_DEPLOYMENT)
        return STR("client");
    return kind == CREDENTIAL_SERVER_DEPLOYMENT ? STR("server") : STR("project");
}

/* Browsers carry a client's key: it is no secret. Others are for those who could make one. */
static void write_key(struct json_writer *writer, const struct catalog_deployment *deployment,
                      bool is_shown)
{
    if (is_shown || deployment->kind == CREDENTIAL_CLIENT_DEPLOYMENT) {
        json_member_string(writer, STR("key"), deployment->key);
        return;
    }
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    struct str prefix = secret_prefix(deployment->kind);
    buf_append_format(&buf, "%.*s%s****%.*s", STR_ARG(prefix), prefix.size > 0 ? "-" : "",
                      STR_ARG(secret_tail(deployment->key)));
    json_member_string(writer, STR("key"), buf_str(&buf));
    buf_close(&buf);
}

static void write_members(struct json_writer *writer, const struct catalog_deployment *deployment,
                          bool shows_key)
{
    json_member_u64(writer, STR("number"), deployment->number);
    json_member_string(writer, STR("label"), deployment->label);
    json_member_string(writer, STR("kind"), kind_word(deployment->kind));
    write_key(writer, deployment, shows_key);
    json_member_boolean(writer, STR("archived"), deployment->is_archived);
    admin_member_instant(writer, STR("createdAt"), deployment->created_ms);
}

static bool write_deployment(struct json_writer *writer, const struct catalog *catalog,
                             const struct caller *caller, const struct resource_name *name)
{
    const struct catalog_deployment *deployment = catalog_find_deployment(catalog, name->number);
    if (deployment == NULL)
        return false;
    const struct catalog_environment *environment =
        catalog_find_environment(catalog, deployment->environment);
    write_members(writer, deployment, rights_administer_app(caller, environment->app_id));
    return true;
}

void admin_list_deployments(struct exchange *x)
{
    const struct catalog_environment *environment = NULL;
    const struct catalog *catalog = x->view->catalog;
    struct listing listing;
    if (!admin_find_environment(x, &environment) || !listing_begin(x, &listing))
        return;
    bool shows_keys = rights_administer_app(x->caller, environment->app_id);
    for (size_t i = 0; i < catalog->deployment_count; i++) {
        const struct catalog_deployment *deployment = &catalog->deployments[i];
        if (deployment->environment != environment->number ||
            !listing_takes(&listing, (int64_t)deployment->number, STR("")))
            continue;
        json_object_begin(listing.writer);
        write_members(listing.writer, deployment, shows_keys);
        json_object_end(listing.writer);
    }
    listing_end(&listing);
}

static bool find_deployment(struct exchange *x, const struct catalog_deployment **deployment)
{
    const struct catalog_environment *environment = NULL;
    uint64_t number = 0;
    if (!admin_find_environment(x, &environment))
        return false;
    *deployment = admin_parse_number(x->parameters[1], &number)
                      ? catalog_find_deployment(x->view->catalog, number)
                      : NULL;
    if (*deployment != NULL && (*deployment)->environment == environment->number)
        return true;
    admin_refuse_with(x, FAULT_MISSING, "", STR("there is no such deployment"));
    return false;
}

void admin_get_deployment(struct exchange *x)
{
    const struct catalog_deployment *deployment = NULL;
    if (!find_deployment(x, &deployment))
        return;
    const struct resource_name name = {.number = deployment->number};
    resource_answer(x, write_deployment, &name, STR("there is no such deployment"));
}

/* ---- in ------------------------------------------------------------------------------------ */

static bool read_label(struct exchange *x, const struct json *body, enum field_need need,
                       struct str *label)
{
    if (!field_text(x, body, STR("label"), need, label))
        return false;
    bool is_good = label->size > 0 && label->size <= LABEL_BYTES_MAX;
    for (size_t i = 0; i < label->size && is_good; i++) {
        char byte = label->data[i];
        is_good = (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') ||
                  (byte >= '0' && byte <= '9') || byte == '_' || byte == '-';
    }
    return is_good || str_is_absent(*label) ||
           field_refuse(x, STR("label"), STR("must be 1 to 64 letters, digits, '_' and '-'"));
}

static bool read_new(struct exchange *x, struct change *change)
{
    static const struct str words[] = {STR("client"), STR("server")};
    static const struct name_list kinds = {words, COUNT_OF(words)};
    static const struct str members[] = {STR("label"), STR("kind")};
    struct json body;
    int kind = -1;
    if (!admin_read_body(x, members, COUNT_OF(members), &body) ||
        !read_label(x, &body, FIELD_NEEDED, &change->name) ||
        !field_word(x, &body, STR("kind"), FIELD_NEEDED, &kinds, &kind))
        return false;
    change->key_kind = kind == 0 ? CREDENTIAL_CLIENT_DEPLOYMENT : CREDENTIAL_SERVER_DEPLOYMENT;
    return true;
}

void admin_create_deployment(struct exchange *x)
{
    const struct catalog_environment *environment = NULL;
    if (!admin_find_environment(x, &environment))
        return;
    uint64_t number = environment->number;
    struct resource_guard guard = {.caller = x->caller,
                                   .arena = x->arena,
                                   .allow = rights_demand_environment,
                                   .input = &number};
    struct change change = {.kind = CHANGE_CREATE_DEPLOYMENT,
                            .action = STR("deployment.create"),
                            .environment = number,
                            .guard = resource_guard_check,
                            .input = &guard};
    if (!resource_guard_admits(x, &guard) || !read_new(x, &change))
        return;
    change.subject = change.name;
    if (!admin_apply(x, &change))
        return;
    const struct resource_name name = {.number = change.created_number};
    resource_answer_changed(x, write_deployment, &name, 201, (struct resource_secret){0});
}

static bool read_edit(struct exchange *x, struct change *change)
{
    static const struct str members[] = {STR("label"), STR("archived")};
    struct json body;
    return admin_read_body(x, members, COUNT_OF(members), &body) &&
           fields_say_something(x, &body) && read_label(x, &body, FIELD_OPTIONAL, &change->name) &&
           field_boolean(x, &body, STR("archived"), &change->sets_archived, &change->is_archived);
}

/* What editing and archiving have in common; false when the exchange is answered. */
static bool begin_edit(struct exchange *x, struct resource_guard *guard, struct change *change)
{
    const struct catalog_deployment *deployment = NULL;
    if (!find_deployment(x, &deployment) ||
        !resource_guard_open(x, write_deployment,
                             (struct resource_name){.number = deployment->number}, guard))
        return false;
    *change = (struct change){.kind = CHANGE_EDIT_DEPLOYMENT,
                              .subject = deployment->label,
                              .environment = deployment->environment,
                              .deployment = deployment->number,
                              .guard = resource_guard_check,
                              .input = guard};
    guard->allow = rights_demand_environment;
    guard->input = &change->environment;
    return resource_guard_admits(x, guard);
}

void admin_edit_deployment(struct exchange *x)
{
    struct resource_guard guard;
    struct change change;
    if (!begin_edit(x, &guard, &change))
        return;
    change.action = STR("deployment.update");
    if (read_edit(x, &change) && admin_apply(x, &change))
        resource_answer_changed(x, write_deployment, &guard.name, 200, (struct resource_secret){0});
}

void admin_archive_deployment(struct exchange *x)
{
    struct resource_guard guard;
    struct change change;
    if (!begin_edit(x, &guard, &change))
        return;
    change.action = STR("deployment.archive");
    change.sets_archived = true;
    change.is_archived = true;
    if (admin_apply(x, &change))
        admin_answer_nothing(x);
}
