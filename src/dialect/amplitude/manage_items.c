/* SPDX-License-Identifier: Apache-2.0 */
/* manage_items - flags and experiments: list, details, create, edit. See manage.h. */
#include "dialect/amplitude/answer.h"
#include "dialect/amplitude/dependencies.h"
#include "dialect/amplitude/listing.h"
#include "dialect/amplitude/manage.h"

enum flag_kind manage_kind(const struct exchange *x)
{
    return str_contains(x->route->path, STR("/experiments")) ? FLAG_KIND_EXPERIMENT
                                                             : FLAG_KIND_FLAG;
}

static bool manage_is_old(const struct exchange *x)
{
    return !str_starts_with(x->route->path, STR("/api/"));
}

static struct str noun(const struct exchange *x)
{
    return manage_kind(x) == FLAG_KIND_EXPERIMENT ? STR("experiment") : STR("flag");
}

bool manage_find_item(struct exchange *x, struct found *found)
{
    return request_find(x, 1u << manage_kind(x), noun(x), found);
}

/* ---- reading --------------------------------------------------------------------------------- */

void manage_put_item(struct json_writer *writer, struct exchange *x,
                     const struct catalog_environment *environment, const struct snapshot *snapshot,
                     const struct flag_revision *revision)
{
    const struct numbers numbers = numbers_of_snapshot(snapshot);
    const struct item_source source = {
        .flag = &revision->flag,
        .number = revision->provenance.number,
        .environment = environment->number,
        .provenance = &revision->provenance,
        .catalog = x->view->catalog,
        .numbers = &numbers,
        .now_ms = x->now_ms,
    };
    item_put(writer, x->arena, &source);
}

static void put_listed(struct json_writer *writer, struct exchange *x, const struct listed *listed,
                       void *input)
{
    (void)input;
    manage_put_item(writer, x, listed->environment, listed->snapshot, listed->revision);
}

/* No item here is delivered by the web editor (2.1). */
static bool wants_web(struct exchange *x, bool *is_web)
{
    struct str method;
    if (!request_query(x, STR("deliveryMethod"), &method))
        return false;
    *is_web = manage_kind(x) == FLAG_KIND_EXPERIMENT && str_equal(method, STR("web"));
    return true;
}

void amplitude_list_items(struct exchange *x)
{
    struct page page;
    struct listing listing;
    bool is_web = false;
    if (!listing_collect(x, 1u << manage_kind(x), &listing) || !request_page(x, &page) ||
        !wants_web(x, &is_web))
        return;
    if (is_web)
        listing.count = 0;
    struct str name = manage_kind(x) == FLAG_KIND_EXPERIMENT ? STR("experiments") : STR("flags");
    listing_answer(x, &listing, &page, name, put_listed, NULL);
}

void amplitude_get_item(struct exchange *x)
{
    struct found found;
    struct amplitude_answer answer;
    if (!manage_find_item(x, &found))
        return;
    struct json_writer *writer = amplitude_answer_begin(&answer);
    manage_put_item(writer, x, found.environment, found.snapshot, found.revision);
    amplitude_answer_end(x, &answer);
}

/* ---- creating -------------------------------------------------------------------------------- */

struct creation {
    const struct json *body;
    const struct flag *flag;
};

static struct fault edit_create(struct edit *edit, void *input)
{
    const struct creation *creation = input;
    struct wire wire = {.arena = edit_arena(edit)};
    struct flag flag = *creation->flag;
    if (edit_find_flag(edit, flag.key) != NULL)
        return fault_make(FAULT_CONFLICT, STR("key"), STR("is taken in this project"));
    dependencies_read(&wire, edit, creation->body, &flag);
    if (!wire_failed(&wire))
        dependencies_check(&wire, edit, NULL, &flag);
    return wire_failed(&wire) ? wire.fault : edit_put_flag(edit, &flag);
}

static bool find_project_of_body(struct exchange *x, const struct json *body,
                                 const struct catalog_environment **environment)
{
    struct wire wire = {.arena = x->arena};
    uint64_t number = 0;
    wire_require(&wire, wire_id(&wire, body, STR(""), STR("projectId"), &number), STR(""),
                 STR("projectId"));
    return request_accept(x, &wire) && request_find_project(x, number, environment);
}

bool manage_create_item(struct exchange *x, uint64_t *number,
                        const struct catalog_environment **environment)
{
    struct json body;
    struct flag flag;
    struct wire wire = {.arena = x->arena};
    const uint64_t *deployments = NULL;
    if (!request_read_body(x, &body) || !find_project_of_body(x, &body, environment) ||
        !request_may_write(x))
        return false;
    item_create(&wire, &body, manage_kind(x), manage_is_old(x), &flag);
    manage_read_deployments(&wire, x, &body, (*environment)->number, &deployments,
                            &flag.deployment_count);
    flag.deployments = (uint64_t *)deployments;
    if (!request_accept(x, &wire))
        return false;
    struct creation creation = {&body, &flag};
    struct change change = {
        .kind = CHANGE_ENVIRONMENT,
        .action =
            manage_kind(x) == FLAG_KIND_EXPERIMENT ? STR("experiment.create") : STR("flag.create"),
        .subject = flag.key,
        .environment = (*environment)->number,
        .edit = edit_create,
        .input = &creation,
    };
    if (!request_apply(x, &change))
        return false;
    *number = change.created_number;
    return true;
}

void amplitude_create_item(struct exchange *x)
{
    uint64_t number = 0;
    const struct catalog_environment *environment = NULL;
    if (manage_create_item(x, &number, &environment))
        amplitude_answer_created(
            x, manage_kind(x) == FLAG_KIND_EXPERIMENT ? "experiments" : "flags", number);
}

/* ---- editing --------------------------------------------------------------------------------- */

static struct fault run_edit(struct edit *edit, void *input)
{
    const struct item_edit *item = input;
    struct wire wire = {.arena = edit_arena(edit)};
    const struct flag *current = edit_find_flag_by_number(edit, item->number);
    if (current == NULL)
        return fault_make(FAULT_MISSING, STR("id"), STR("item"));
    struct flag flag = flag_copy(wire.arena, current);
    item->apply(&wire, edit, item, &flag);
    if (!wire_failed(&wire))
        dependencies_check(&wire, edit, current, &flag);
    return wire_failed(&wire) ? wire.fault : edit_put_flag(edit, &flag);
}

void manage_edit_item(struct exchange *x, const struct found *found, struct item_edit *edit)
{
    edit->x = x;
    edit->number = found->number;
    edit->is_old = manage_is_old(x);
    struct change change = {
        .kind = CHANGE_ENVIRONMENT,
        .action = found->flag->kind == FLAG_KIND_EXPERIMENT ? STR("experiment.update")
                                                            : STR("flag.update"),
        .subject = found->flag->key,
        .environment = found->environment->number,
        .edit = run_edit,
        .input = edit,
    };
    if (request_apply(x, &change))
        amplitude_answer_ok(x);
}

void manage_edit_by_body(struct exchange *x, struct str text, item_apply *apply)
{
    struct found found;
    struct json body;
    struct item_edit edit = {.body = &body, .text = text, .apply = apply};
    if (manage_find_item(x, &found) && request_may_write(x) && request_read_body(x, &body))
        manage_edit_item(x, &found, &edit);
}

static void apply_patch(struct wire *wire, struct edit *edit, const struct item_edit *input,
                        struct flag *flag)
{
    item_patch(wire, input->body, input->is_old, flag);
    if (!input->is_old)
        dependencies_read(wire, edit, input->body, flag);
}

void amplitude_patch_item(struct exchange *x)
{
    manage_edit_by_body(x, (struct str){0}, apply_patch);
}
