/* SPDX-License-Identifier: Apache-2.0 */
/* manage_deployments - deployments, and those an item is on. See manage.h;
 * amplitude-management-api.md 2.7 and 5. */
#include <stdlib.h>

#include "auth/secret.h"
#include "base/numbers.h"
#include "dialect/amplitude/answer.h"
#include "dialect/amplitude/manage.h"
#include "model/limits.h"

/* Whoever may only read gets no key by which more could be done than read; one for browsers is
 * public. */
static struct str shown_key(const struct exchange *x, const struct catalog_deployment *deployment)
{
    if (caller_may_write(x->caller) || deployment->kind == CREDENTIAL_CLIENT_DEPLOYMENT)
        return deployment->key;
    struct str prefix = secret_prefix(deployment->kind);
    return arena_format(x->arena, "%.*s%s****%.*s", STR_ARG(prefix), prefix.size > 0 ? "-" : "",
                        STR_ARG(secret_tail(deployment->key)));
}

static void put_deployment(struct json_writer *writer, const struct exchange *x,
                           const struct catalog_deployment *deployment)
{
    json_object_begin(writer);
    wire_put_member_id(writer, STR("id"), deployment->number);
    wire_put_member_id(writer, STR("projectId"), deployment->environment);
    wire_put_member_text(writer, STR("label"), deployment->label);
    wire_put_member_text(writer, STR("key"), shown_key(x, deployment));
    json_member_boolean(writer, STR("deleted"), deployment->is_archived);
    json_object_end(writer);
}

/* ---- of an item ------------------------------------------------------------------------------ */

void amplitude_list_item_deployments(struct exchange *x)
{
    struct found found;
    struct amplitude_answer answer;
    const uint64_t *numbers = NULL;
    if (!manage_find_item(x, &found))
        return;
    const struct catalog *catalog = x->view->catalog;
    size_t count =
        item_deployments(x->arena, catalog, found.environment->number, found.flag, &numbers);
    struct json_writer *writer = amplitude_answer_begin(&answer);
    json_array_begin(writer);
    for (size_t i = 0; i < count; i++) {
        const struct catalog_deployment *deployment = catalog_find_deployment(catalog, numbers[i]);
        if (deployment != NULL && deployment->environment == found.environment->number)
            put_deployment(writer, x, deployment);
    }
    json_array_end(writer);
    amplitude_answer_end(x, &answer);
}

bool manage_read_deployments(struct wire *wire, const struct exchange *x, const struct json *body,
                             uint64_t environment, const uint64_t **numbers, size_t *count)
{
    struct str name = STR("deployments");
    uint64_t *list = NULL;
    size_t size = 0;
    *count = 0;
    if (!wire_ids(wire, body, STR(""), name, &list, &size))
        return false;
    for (size_t i = 0; i < size && !wire_failed(wire); i++) {
        const struct catalog_deployment *deployment =
            catalog_find_deployment(x->view->catalog, list[i]);
        if (deployment == NULL || deployment->environment != environment)
            wire_refuse(wire, wire_item_path(wire, name, i),
                        STR("names no deployment of this project"));
    }
    *numbers = list;
    *count = numbers_sort(list, size);
    wire_check_count(wire, name, *count, DEPLOYMENTS_PER_FLAG_MAX, "deployments");
    return !wire_failed(wire);
}

struct number_list {
    const uint64_t *numbers;
    size_t count;
};

static void apply_add(struct wire *wire, struct edit *edit, const struct item_edit *input,
                      struct flag *flag)
{
    (void)edit;
    const struct number_list *more = input->details;
    if (flag->is_on_all_deployments)
        return; /* it is there already */
    uint64_t *numbers =
        ARENA_NEW_ARRAY(wire->arena, uint64_t, flag->deployment_count + more->count);
    size_t count = 0;
    for (size_t i = 0; i < flag->deployment_count; i++)
        numbers[count++] = flag->deployments[i];
    for (size_t i = 0; i < more->count; i++)
        numbers[count++] = more->numbers[i];
    flag->deployments = numbers;
    flag->deployment_count = numbers_sort(numbers, count);
    wire_check_count(wire, STR("deployments"), flag->deployment_count, DEPLOYMENTS_PER_FLAG_MAX,
                     "deployments");
}

void amplitude_add_item_deployments(struct exchange *x)
{
    struct found found;
    struct json body;
    struct number_list more = {0};
    struct wire wire = {.arena = x->arena};
    struct item_edit edit = {.details = &more, .apply = apply_add};
    if (!manage_find_item(x, &found) || !request_may_write(x) || !request_read_body(x, &body))
        return;
    bool is_there = manage_read_deployments(&wire, x, &body, found.environment->number,
                                            &more.numbers, &more.count);
    wire_require(&wire, is_there, STR(""), STR("deployments"));
    if (request_accept(x, &wire))
        manage_edit_item(x, &found, &edit);
}

struct departure {
    uint64_t environment, deployment;
};

/* One that is on all of them is from now on listed on all others. */
static void apply_delete(struct wire *wire, struct edit *edit, const struct item_edit *input,
                         struct flag *flag)
{
    (void)edit;
    const struct departure *departure = input->details;
    const uint64_t *current = NULL;
    size_t count = item_deployments(wire->arena, input->x->view->catalog, departure->environment,
                                    flag, &current);
    uint64_t *kept = ARENA_NEW_ARRAY(wire->arena, uint64_t, count);
    size_t kept_count = 0;
    for (size_t i = 0; i < count; i++) {
        if (current[i] != departure->deployment)
            kept[kept_count++] = current[i];
    }
    if (kept_count == count) {
        wire->fault = fault_make(FAULT_MISSING, STR("deploymentId"), STR("deployment of the item"));
        return;
    }
    flag->is_on_all_deployments = false;
    flag->deployments = kept;
    flag->deployment_count = kept_count;
}

void amplitude_delete_item_deployment(struct exchange *x)
{
    struct found found;
    struct departure departure = {0};
    struct item_edit edit = {.details = &departure, .apply = apply_delete};
    if (!manage_find_item(x, &found) || !request_may_write(x))
        return;
    departure.environment = found.environment->number;
    if (wire_parse_id(x->parameters[1], &departure.deployment))
        manage_edit_item(x, &found, &edit);
    else
        amplitude_refuse_missing(x, STR("deployment of the item"));
}

/* ---- of the projects ------------------------------------------------------------------------- */

static bool covers(const struct projects *projects, uint64_t environment)
{
    for (size_t i = 0; i < projects->count; i++) {
        if (projects->list[i]->number == environment)
            return true;
    }
    return false;
}

static int compare_deployments(const void *a, const void *b)
{
    const struct catalog_deployment *left = *(const struct catalog_deployment *const *)a;
    const struct catalog_deployment *right = *(const struct catalog_deployment *const *)b;
    if (left->created_ms != right->created_ms)
        return left->created_ms > right->created_ms ? -1 : 1;
    return left->number > right->number ? -1 : 1;
}

/* Archived ones too (5.2). */
void amplitude_list_deployments(struct exchange *x)
{
    struct page page;
    struct projects projects;
    struct amplitude_answer answer;
    const struct catalog *catalog = x->view->catalog;
    if (!request_cover_projects(x, &projects) || !request_page(x, &page))
        return;
    const struct catalog_deployment **list =
        ARENA_NEW_ARRAY(x->arena, const struct catalog_deployment *, catalog->deployment_count);
    size_t count = 0;
    for (size_t i = 0; i < catalog->deployment_count; i++) {
        if (covers(&projects, catalog->deployments[i].environment))
            list[count++] = &catalog->deployments[i];
    }
    if (count > 1)
        qsort(list, count, sizeof(*list), compare_deployments);
    struct json_writer *writer = amplitude_answer_begin(&answer);
    size_t returned = 0;
    json_object_begin(writer);
    json_key(writer, STR("deployments"));
    json_array_begin(writer);
    for (; returned < page.limit && page.cursor + returned < count; returned++)
        put_deployment(writer, x, list[page.cursor + returned]);
    json_array_end(writer);
    page_put_next(writer, &page, returned, count);
    json_object_end(writer);
    amplitude_answer_end(x, &answer);
}

static bool find_deployment(struct exchange *x, const struct catalog_deployment **deployment)
{
    uint64_t number = 0;
    const struct catalog_environment *environment = NULL;
    *deployment = wire_parse_id(x->parameters[0], &number)
                      ? catalog_find_deployment(x->view->catalog, number)
                      : NULL;
    if (*deployment != NULL)
        return request_find_project(x, (*deployment)->environment, &environment);
    amplitude_refuse_missing(x, STR("deployment"));
    return false;
}

void amplitude_get_deployment(struct exchange *x)
{
    const struct catalog_deployment *deployment = NULL;
    struct amplitude_answer answer;
    if (!find_deployment(x, &deployment))
        return;
    put_deployment(amplitude_answer_begin(&answer), x, deployment);
    amplitude_answer_end(x, &answer);
}

/* ---- creating and editing -------------------------------------------------------------------- */

/* The documentation calls them query parameters and shows a body: a member of the body, else of the
 * query (5.2). */
static bool read_text(struct exchange *x, struct wire *wire, const struct json *body,
                      struct str name, struct str *text)
{
    if (wire_text(wire, body, STR(""), name, text))
        return true;
    struct str from_query = {0};
    if (wire_failed(wire) || json_find(body, name) != NULL)
        return false;
    bool is_malformed = false;
    from_query = http_query(x->request, name, &is_malformed);
    if (is_malformed)
        wire_refuse(wire, name, STR("is malformed"));
    if (!str_is_absent(from_query))
        *text = from_query;
    return !str_is_absent(from_query);
}

static void read_kind(struct exchange *x, struct wire *wire, const struct json *body,
                      enum credential_kind *kind)
{
    struct str text = {0};
    wire_require(wire, read_text(x, wire, body, STR("type"), &text), STR(""), STR("type"));
    if (str_equal(text, STR("client")))
        *kind = CREDENTIAL_CLIENT_DEPLOYMENT;
    else if (str_equal(text, STR("server")))
        *kind = CREDENTIAL_SERVER_DEPLOYMENT;
    else
        wire_refuse(wire, STR("type"), STR("must be client or server"));
}

static void read_project(struct exchange *x, struct wire *wire, const struct json *body,
                         uint64_t *project)
{
    struct str text = {0};
    struct str name = STR("projectId");
    if (wire_id(wire, body, STR(""), name, project))
        return;
    if (wire_failed(wire))
        return;
    wire_require(wire, read_text(x, wire, body, name, &text), STR(""), name);
    if (!wire_parse_id(text, project))
        wire_refuse(wire, name, STR("must be an id"));
}

void amplitude_create_deployment(struct exchange *x)
{
    struct json body;
    struct wire wire = {.arena = x->arena};
    struct change change = {.kind = CHANGE_CREATE_DEPLOYMENT, .action = STR("deployment.create")};
    const struct catalog_environment *environment = NULL;
    if (!request_read_optional_body(x, &body))
        return;
    read_project(x, &wire, &body, &change.environment);
    if (!request_accept(x, &wire) || !request_find_project(x, change.environment, &environment) ||
        !request_may_write(x))
        return;
    wire_require(&wire, read_text(x, &wire, &body, STR("label"), &change.name), STR(""),
                 STR("label"));
    read_kind(x, &wire, &body, &change.key_kind);
    change.subject = change.name;
    if (!request_accept(x, &wire) || !request_apply(x, &change))
        return;
    struct amplitude_answer answer;
    struct json_writer *writer = amplitude_answer_begin(&answer);
    json_object_begin(writer);
    wire_put_member_id(writer, STR("id"), change.created_number);
    json_object_end(writer);
    amplitude_answer_end(x, &answer);
}

static void read_archive(struct exchange *x, struct wire *wire, const struct json *body,
                         struct change *change)
{
    struct str text = {0};
    struct str name = STR("archive");
    if (json_find(body, name) != NULL) {
        change->sets_archived = wire_boolean(wire, body, STR(""), name, &change->is_archived);
        return;
    }
    change->sets_archived = read_text(x, wire, body, name, &text);
    change->is_archived = str_equal(text, STR("true"));
    if (change->sets_archived && !change->is_archived && !str_equal(text, STR("false")))
        wire_refuse(wire, name, STR("must be true or false"));
}

void amplitude_patch_deployment(struct exchange *x)
{
    struct json body;
    struct wire wire = {.arena = x->arena};
    const struct catalog_deployment *deployment = NULL;
    if (!find_deployment(x, &deployment) || !request_may_write(x) ||
        !request_read_optional_body(x, &body))
        return;
    struct change change = {
        .kind = CHANGE_EDIT_DEPLOYMENT,
        .action = STR("deployment.update"),
        .subject = deployment->label,
        .environment = deployment->environment,
        .deployment = deployment->number,
    };
    read_text(x, &wire, &body, STR("label"), &change.name);
    read_archive(x, &wire, &body, &change);
    if (request_accept(x, &wire) && request_apply(x, &change))
        amplitude_answer_ok(x);
}
