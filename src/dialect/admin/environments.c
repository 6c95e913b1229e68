/* SPDX-License-Identifier: Apache-2.0 */
/* environments - what there is, the settings of one, and the keys of its project. See manage.h. */
#include "dialect/admin/environments.h"

#include <assert.h>

#include "change/edit.h"
#include "dialect/admin/fields.h"
#include "dialect/admin/listing.h"
#include "dialect/admin/manage.h"
#include "dialect/admin/rights.h"

/* ---- out ----------------------------------------------------------------------------------- */

/* Of the catalog, and of the environment's own state: the two change apart. */
struct facts {
    const struct catalog_environment *environment;
    struct str app_name;
    uint64_t version;
    const struct environment_settings *settings;
};

static struct facts facts_of(const struct view *view, const struct catalog_environment *environment)
{
    const struct snapshot *snapshot = view_of(view, environment);
    return (struct facts){environment, view->catalog->apps[environment->app].name,
                          snapshot->version, &snapshot->settings};
}

static void write_facts(struct json_writer *writer, const struct facts *facts)
{
    const struct catalog_environment *environment = facts->environment;
    json_object_begin(writer);
    json_member_u64(writer, STR("number"), environment->number);
    json_member_string(writer, STR("id"), environment->id);
    json_member_string(writer, STR("name"), environment->name);
    json_member_string(writer, STR("appId"), environment->app_id);
    json_member_string(writer, STR("appName"), facts->app_name);
    json_member_u64(writer, STR("version"), facts->version);
    json_member_string(writer, STR("documentForm"),
                       name_at(&document_form_names, facts->settings->document_form));
    json_member_boolean(writer, STR("hidesFlagsByDefault"),
                        facts->settings->hides_flags_by_default);
    json_member_tree(writer, STR("metadata"), &facts->settings->metadata);
    json_member_u64_or_null(writer, STR("monthlyQuota"), environment->monthly_quota);
    admin_member_instant(writer, STR("createdAt"), environment->created_ms);
    json_object_end(writer);
}

static struct str tag_of(struct arena *arena, const struct facts *facts)
{
    struct buf buf;
    struct json_writer writer;
    buf_open(&buf, SIZE_MAX);
    json_writer_open(&writer, &buf);
    write_facts(&writer, facts);
    struct str tag = admin_tag_of_text(arena, buf_str(&buf));
    buf_close(&buf);
    return tag;
}

static void answer_facts(struct exchange *x, const struct facts *facts, int status)
{
    struct admin_answer answer;
    write_facts(admin_answer_begin(&answer), facts);
    admin_answer_tag(x, tag_of(x->arena, facts));
    x->version = facts->version;
    admin_answer_end(x, &answer, status);
}

void admin_list_environments(struct exchange *x)
{
    const struct catalog *catalog = x->view->catalog;
    struct listing listing;
    if (!listing_begin(x, &listing))
        return;
    for (size_t i = 0; i < catalog->environment_count; i++) {
        const struct catalog_environment *environment = &catalog->environments[i];
        if (!caller_sees_environment(x->caller, environment->app_id, environment->number) ||
            !listing_takes(&listing, (int64_t)environment->number, STR("")))
            continue;
        struct facts facts = facts_of(x->view, environment);
        write_facts(listing.writer, &facts);
    }
    listing_end(&listing);
}

void admin_get_environment(struct exchange *x)
{
    const struct catalog_environment *environment = NULL;
    if (!admin_find_environment(x, &environment))
        return;
    struct facts facts = facts_of(x->view, environment);
    answer_facts(x, &facts, 200);
}

void admin_answer_environment(struct exchange *x, struct str id, int status)
{
    struct view *newest = view_acquire(x->services->views); /* reads its own write */
    const struct catalog *catalog = newest->catalog;
    size_t at = 0;
    while (at < catalog->environment_count && !str_equal(catalog->environments[at].id, id))
        at++;
    assert(at < catalog->environment_count); /* environments are only ever added */
    struct facts facts = facts_of(newest, &catalog->environments[at]);
    answer_facts(x, &facts, status);
    view_release(newest);
}

/* ---- settings and quota --------------------------------------------------------------------- */

struct settings_change {
    struct admin_condition condition;
    struct exchange *x;
    uint64_t number;
    bool administers;   /* the quota and the keys are administrators' */
    struct facts facts; /* the catalog's part, for the edit */
    /* what is asked for */
    int form; /* -1: stays */
    bool sets_default, hides_flags_by_default;
    const struct json *metadata; /* NULL: stays */
    bool sets_quota;
    uint64_t quota;
};

static struct fault allow(const struct catalog *catalog, const struct caller *caller,
                          const struct settings_change *wanted)
{
    uint64_t number = wanted->number;
    if (wanted->administers)
        return rights_demand_environment(catalog, caller, &number);
    return caller_may_write(caller)
               ? fault_none()
               : fault_make(FAULT_DENIED, STR(""), STR("this credential may only read"));
}

static struct fault check_rights(const struct catalog *catalog, void *input)
{
    struct settings_change *wanted = input;
    struct caller now = rights_now(catalog, wanted->x->caller);
    const struct catalog_environment *environment =
        catalog_find_environment(catalog, wanted->number);
    assert(environment != NULL);
    wanted->facts = (struct facts){.environment = environment,
                                   .app_name = catalog->apps[environment->app].name};
    return allow(catalog, &now, wanted);
}

/* Asked before the change waits, too; false when the exchange is answered. */
static bool open_change(struct exchange *x, const struct catalog_environment *environment,
                        bool administers, struct settings_change *wanted)
{
    wanted->x = x;
    wanted->number = environment->number;
    wanted->administers = administers;
    struct fault fault = allow(x->view->catalog, x->caller, wanted);
    return !failed(fault) || admin_refuse_with(x, fault.kind, "", fault.why);
}

/* Runs right behind check_rights, with the state that the catalog does not have. */
static struct fault edit_settings(struct edit *edit, void *input)
{
    struct settings_change *wanted = input;
    const struct environment_state *state = edit_state(edit);
    wanted->facts.version = state->version;
    wanted->facts.settings = &state->settings;
    struct arena *arena = wanted->x->arena;
    struct fault fault =
        admin_condition_check(&wanted->condition, tag_of(arena, &wanted->facts), arena);
    if (failed(fault))
        return fault;
    struct environment_settings settings = state->settings;
    if (wanted->form >= 0)
        settings.document_form = (enum document_form)wanted->form;
    if (wanted->sets_default)
        settings.hides_flags_by_default = wanted->hides_flags_by_default;
    if (wanted->metadata != NULL)
        settings.metadata = *wanted->metadata;
    edit_put_settings(edit, &settings);
    return fault_none();
}

/* The quota has no version: what it is conditional on is what was visible when its turn came. A
 * change of the same environment that is not visible yet comes after it. */
static struct fault check_quota(const struct catalog *catalog, void *input)
{
    struct settings_change *wanted = input;
    struct fault fault = check_rights(catalog, input);
    if (failed(fault))
        return fault;
    struct view *visible = view_acquire(wanted->x->services->views);
    const struct snapshot *snapshot = view_find(visible, wanted->number);
    wanted->facts.version = snapshot == NULL ? 0 : snapshot->version;
    const struct environment_settings settings =
        snapshot == NULL ? (struct environment_settings){0} : snapshot->settings;
    wanted->facts.settings = &settings;
    struct arena *arena = wanted->x->arena;
    fault = admin_condition_check(&wanted->condition, tag_of(arena, &wanted->facts), arena);
    wanted->facts.settings = NULL;
    view_release(visible);
    return fault;
}

static bool read_metadata(struct exchange *x, const struct json *body,
                          struct settings_change *wanted)
{
    wanted->metadata = json_find(body, STR("metadata"));
    if (wanted->metadata == NULL || wanted->metadata->type == JSON_NULL ||
        wanted->metadata->type == JSON_OBJECT)
        return true;
    return field_refuse(x, STR("metadata"), STR("must be an object or null"));
}

/* A whole number of requests a month, or null for no limit. */
static bool read_quota(struct exchange *x, const struct json *body, struct settings_change *wanted)
{
    const double quota_max = 1e12;
    const struct json *member = json_find(body, STR("monthlyQuota"));
    wanted->sets_quota = member != NULL;
    if (member == NULL || member->type == JSON_NULL)
        return true;
    if (member->type != JSON_NUMBER || member->number < 1 || member->number > quota_max ||
        member->number != (double)(uint64_t)member->number)
        return field_refuse(x, STR("monthlyQuota"),
                            STR("must be a whole number from 1 to 1000000000000, or null"));
    wanted->quota = (uint64_t)member->number;
    return true;
}

static bool read_settings(struct exchange *x, struct json *body, struct settings_change *wanted)
{
    static const struct str members[] = {STR("documentForm"), STR("hidesFlagsByDefault"),
                                         STR("metadata"), STR("monthlyQuota")};
    if (!admin_read_body(x, members, COUNT_OF(members), body) || !fields_say_something(x, body) ||
        !field_word(x, body, STR("documentForm"), FIELD_OPTIONAL, &document_form_names,
                    &wanted->form) ||
        !field_boolean(x, body, STR("hidesFlagsByDefault"), &wanted->sets_default,
                       &wanted->hides_flags_by_default) ||
        !read_metadata(x, body, wanted) || !read_quota(x, body, wanted))
        return false;
    if (!wanted->sets_quota || body->count == 1)
        return true;
    return field_refuse(x, STR("monthlyQuota"),
                        STR("has no version: change it in a request of its own"));
}

void admin_edit_environment(struct exchange *x)
{
    const struct catalog_environment *environment = NULL;
    struct settings_change wanted = {0};
    struct json body;
    if (!admin_find_environment(x, &environment) || !admin_may_write(x) ||
        !admin_read_condition(x, &wanted.condition) || !read_settings(x, &body, &wanted) ||
        !open_change(x, environment, wanted.sets_quota, &wanted))
        return;
    struct change change = {.kind = wanted.sets_quota ? CHANGE_SET_QUOTA : CHANGE_ENVIRONMENT,
                            .action = wanted.sets_quota ? STR("environment.quota")
                                                        : STR("environment.update"),
                            .subject = environment->id,
                            .environment = environment->number,
                            .guard = wanted.sets_quota ? check_quota : check_rights,
                            .edit = wanted.sets_quota ? NULL : edit_settings,
                            .input = &wanted,
                            .quota = wanted.quota};
    if (admin_apply(x, &change))
        admin_answer_environment(x, environment->id, 200);
}

/* ---- project keys -------------------------------------------------------------------------- */

void admin_create_project_keys(struct exchange *x)
{
    const struct catalog_environment *environment = NULL;
    struct settings_change keys = {0};
    if (!admin_find_environment(x, &environment) || !open_change(x, environment, true, &keys))
        return;
    struct change change = {.kind = CHANGE_CREATE_PROJECT_KEYS,
                            .action = STR("project-keys.create"),
                            .subject = environment->id,
                            .environment = environment->number,
                            .guard = check_rights,
                            .input = &keys};
    if (!admin_apply(x, &change))
        return;
    struct admin_answer answer;
    struct json_writer *writer = admin_answer_begin(&answer);
    json_object_begin(writer);
    json_member_string(writer, STR("apiKey"), change.key);
    json_member_string(writer, STR("secretKey"), change.secret);
    json_key(writer, STR("deployment"));
    json_string(writer, arena_format(x->arena, "%llu", (unsigned long long)change.created_number));
    admin_member_instant(writer, STR("createdAt"), change.at_ms);
    json_object_end(writer);
    admin_answer_end(x, &answer, 201);
}
