/* SPDX-License-Identifier: Apache-2.0 */
/*
 * management - flags and experiments as the management API answers them: see reading.h,
 * amplitude-management-api.md 3.
 *
 * The dialect's own decoder (dialect/amplitude/item.h) takes an answer as it takes a create body,
 * which is the same shape; what only answers have is read here: ids, which parents are named by,
 * deployments, and whether it is archived.
 */
#include "dialect/amplitude/item.h"
#include "import/amplitude/reading.h"
#include "import/source.h"
#include "model/group.h"

static struct str id_text(struct arena *arena, const struct json *object)
{
    const struct json *id = source_find(object, "id");
    if (id == NULL)
        return (struct str){0};
    if (id->type == JSON_NUMBER)
        return arena_format(arena, "%.0f", id->number);
    return id->type == JSON_STRING ? id->string : (struct str){0};
}

static enum flag_kind kind_of(const struct json *item)
{
    bool is_experiment =
        source_find(item, "experimentType") != NULL || source_find(item, "stickyBucketing") != NULL;
    if (source_array(item, "slots") != NULL)
        return FLAG_KIND_MUTEX;
    if (source_find(item, "holdoutPercentage") != NULL)
        return FLAG_KIND_HOLDOUT;
    return is_experiment ? FLAG_KIND_EXPERIMENT : FLAG_KIND_FLAG;
}

/* ---- who is listed, and what it leans on ----------------------------------------------------- */

static void take_texts(struct arena *arena, const struct json *list, struct str **texts,
                       size_t *count)
{
    struct map seen;
    map_open(&seen, arena, list->count);
    *texts = ARENA_NEW_ARRAY(arena, struct str, list->count);
    for (uint32_t i = 0; i < list->count; i++) {
        const struct json *entry = &list->elements[i];
        if (entry->type == JSON_STRING && map_insert(&seen, entry->string, 0))
            (*texts)[(*count)++] = entry->string;
    }
}

/* Answers of their own there (2.5, 2.6); whoever puts a document together adds them to the
 * variant. */
static void read_inclusions(struct management *management, const struct json *item,
                            struct flag *flag)
{
    const struct json *variants = source_array(item, "variants");
    for (uint32_t i = 0; variants != NULL && i < variants->count; i++) {
        const struct json *variant = &variants->elements[i];
        const struct json *users = source_array(variant, "users");
        const struct json *cohorts = source_array(variant, "cohorts");
        int index = flag_find_variation(flag, source_text(variant, "key"));
        if (index < 0)
            continue;
        struct variation *variation = &flag->variations[index];
        management->has_inclusions = management->has_inclusions || users != NULL || cohorts != NULL;
        if (users != NULL)
            take_texts(management->draft->arena, users, &variation->included,
                       &variation->included_count);
        if (cohorts != NULL)
            take_texts(management->draft->arena, cohorts, &variation->cohorts,
                       &variation->cohort_count);
    }
}

static bool read_parent(struct management *management, const struct json_member *member,
                        struct prerequisite *prerequisite, struct str *why)
{
    struct arena *arena = management->draft->arena;
    uint32_t index = map_find(&management->names, member->key);
    if (index == MAP_ABSENT) {
        *why = arena_format(arena, "needs the item with the id %.*s, which is not in the document",
                            STR_ARG(member->key));
        return false;
    }
    prerequisite->flag = draft_flag_key(management->draft, management->keys[index]);
    if (member->value.type == JSON_ARRAY)
        take_texts(arena, &member->value, &prerequisite->variations,
                   &prerequisite->variation_count);
    *why = STR("has a parent of which no variant is enough");
    return prerequisite->variation_count > 0;
}

static bool read_parents(struct management *management, const struct json *item, struct flag *flag,
                         struct str *why)
{
    const struct json *parents = source_object(item, "parentDependencies");
    const struct json *list = parents == NULL ? NULL : source_object(parents, "flags");
    if (list == NULL || list->count == 0)
        return true;
    struct str operator= source_text(parents, "operator");
    *why = STR("one of its parents is enough; here all of them must hold");
    if (!str_is_absent(operator) && !str_equal(operator, STR("all")) && list->count > 1)
        return false;
    flag->prerequisites =
        ARENA_NEW_ARRAY(management->draft->arena, struct prerequisite, list->count);
    for (uint32_t i = 0; i < list->count; i++) {
        if (!read_parent(management, &list->members[i],
                         &flag->prerequisites[flag->prerequisite_count++], why))
            return false;
    }
    return true;
}

/* ---- where it is ----------------------------------------------------------------------------- */

static bool read_label(struct management *management, const struct json *id, struct str *label)
{
    struct arena *arena = management->draft->arena;
    struct str text = id->type == JSON_STRING ? id->string : (struct str){0};
    if (id->type == JSON_NUMBER)
        text = arena_format(arena, "%.0f", id->number);
    uint32_t index = str_is_absent(text) ? MAP_ABSENT : map_find(&management->labels, text);
    if (index == MAP_ABSENT)
        return false;
    *label = management->label_texts[index];
    return true;
}

/* By label where the document says which deployment has which; else on all there are, unless it is
 * on none. */
static void read_deployments(struct management *management, const struct json *item,
                             struct draft_flag *drafted)
{
    struct draft *draft = management->draft;
    const struct json *list = source_array(item, "deployments");
    if (list == NULL)
        return;
    drafted->flag.is_on_all_deployments = list->count > 0 && !management->has_labels;
    if (drafted->flag.is_on_all_deployments) {
        draft_lower_format(draft, drafted->row, IMPORT_EXACT,
                           "is on %u deployments there and on all of them here", list->count);
        return;
    }
    drafted->labels = ARENA_NEW_ARRAY(draft->arena, struct str, list->count);
    for (uint32_t i = 0; i < list->count; i++) {
        if (read_label(management, &list->elements[i], &drafted->labels[drafted->label_count]))
            drafted->label_count++;
        else
            draft_lower(draft, drafted->row, IMPORT_PARTLY,
                        STR("is on a deployment that the document does not list"));
    }
}

static void read_deployment_labels(struct management *management, const struct json *document)
{
    struct arena *arena = management->draft->arena;
    const struct json *list = source_array(document, "deployments");
    map_open(&management->labels, arena, list == NULL ? 0 : list->count);
    management->has_labels = list != NULL;
    if (list == NULL)
        return;
    management->label_texts = ARENA_NEW_ARRAY(arena, struct str, list->count);
    for (uint32_t i = 0; i < list->count; i++) {
        struct str id = id_text(arena, &list->elements[i]);
        struct str label = source_text(&list->elements[i], "label");
        if (str_is_absent(id) || str_is_absent(label) || !map_insert(&management->labels, id, i))
            continue;
        management->label_texts[i] = label;
        report_say(&management->draft->report, STR("deployment"), label, IMPORT_EXACT,
                   "flags are on it by its label: make one of that label here first");
    }
}

/* ---- items ----------------------------------------------------------------------------------- */

/* Answers have null where create bodies have nothing. */
static struct json without_nulls(struct arena *arena, const struct json *item)
{
    struct json body = {.type = JSON_OBJECT};
    body.members = ARENA_NEW_ARRAY(arena, struct json_member, item->count);
    for (uint32_t i = 0; i < item->count; i++) {
        if (item->members[i].value.type != JSON_NULL)
            body.members[body.count++] = item->members[i];
    }
    return body;
}

static bool item_decode(struct management *management, const struct json *item, enum flag_kind kind,
                        struct flag *flag, struct str *why)
{
    struct arena *arena = management->draft->arena;
    struct wire wire = {.arena = arena};
    struct json body = without_nulls(arena, item);
    item_create(&wire, &body, kind, false, flag);
    if (wire_failed(&wire)) {
        *why = arena_format(arena, "%.*s %.*s", STR_ARG(wire.fault.where), STR_ARG(wire.fault.why));
        return false;
    }
    read_inclusions(management, item, flag);
    struct str state = source_text(item, "state");
    bool has_started = !str_is_absent(state) && !str_equal(state, STR("planning"));
    if (kind == FLAG_KIND_EXPERIMENT && has_started)
        flag->experiment.has_started = true;
    return true;
}

static void take_flag(struct draft_flag *drafted, struct flag flag)
{
    flag.id = drafted->flag.id;
    flag.key = drafted->flag.key;
    flag.metadata = json_make_null();
    if (str_is_absent(flag.description))
        flag.description = STR("");
    flag.owner = STR("");
    if (flag.kind != FLAG_KIND_EXPERIMENT)
        flag.experiment.exposure_event = json_make_null();
    drafted->flag = flag;
}

static void read_item(struct management *management, const struct json *item, enum flag_kind kind)
{
    struct draft *draft = management->draft;
    struct flag flag = {0};
    struct str why = {0};
    struct draft_flag *drafted = draft_add_flag(draft, source_text(item, "key"));
    bool is_group = kind == FLAG_KIND_MUTEX || kind == FLAG_KIND_HOLDOUT;
    bool is_read = is_group ? group_read(draft, item, kind, &flag, &why)
                            : item_decode(management, item, kind, &flag, &why);
    if (!is_read || !read_parents(management, item, &flag, &why)) {
        draft_leave_out_flag(draft, drafted, why);
        return;
    }
    management->has_items = management->has_items || !is_group;
    take_flag(drafted, flag);
    drafted->flag.is_archived = source_boolean(item, "deleted", false);
    drafted->flag.is_on_all_deployments = !is_group;
    if (str_is_absent(source_text(item, "bucketingSalt"))) {
        drafted->flag.salt = drafted->name;
        draft_lower(draft, drafted->row, IMPORT_REDEALT, STR("the document has no bucketingSalt"));
    }
    if (flag.experiment.is_sticky && !str_equal(drafted->flag.key, drafted->name))
        draft_lower(draft, drafted->row, IMPORT_REDEALT,
                    STR("what people had sticks under its key there, which is another one here"));
    if (!is_group)
        read_deployments(management, item, drafted);
    report_conditions(draft, drafted);
}

/* ---- documents ------------------------------------------------------------------------------- */

/* Everything in the document that has a key, by the list it is in. */
struct listed {
    const struct json *item;
    enum flag_kind kind;
};

static size_t count_listed(const struct json *document)
{
    static const char *const lists[] = {"flags", "experiments", "mutexes", "holdouts"};
    size_t count = 1 + (document->type == JSON_ARRAY ? document->count : 0);
    for (size_t i = 0; i < COUNT_OF(lists); i++) {
        const struct json *list = source_array(document, lists[i]);
        count += list == NULL ? 0 : list->count;
    }
    return count;
}

static void add_listed(struct management *management, struct listed *listed, size_t *count,
                       const struct json *item, enum flag_kind kind)
{
    if (item->type == JSON_OBJECT && !str_is_empty(source_text(item, "key")))
        listed[(*count)++] = (struct listed){item, kind};
    else
        report_say(&management->draft->report, STR("flag"), STR("?"), IMPORT_LEFT_OUT,
                   "has no key");
}

static void add_list(struct management *management, struct listed *listed, size_t *count,
                     const struct json *list, int kind)
{
    for (uint32_t i = 0; list != NULL && i < list->count; i++) {
        const struct json *item = &list->elements[i];
        add_listed(management, listed, count, item,
                   kind < 0 ? kind_of(item) : (enum flag_kind)kind);
    }
}

static size_t collect(struct management *management, const struct json *document,
                      struct listed *listed)
{
    size_t count = 0;
    const struct json *version = source_object(document, "flagConfig");
    if (document->type == JSON_ARRAY) {
        add_list(management, listed, &count, document, -1);
    } else if (version != NULL) {
        add_listed(management, listed, &count, version, kind_of(version));
    } else if (!str_is_absent(source_text(document, "key"))) {
        add_listed(management, listed, &count, document, kind_of(document));
    } else {
        add_list(management, listed, &count, source_array(document, "mutexes"), FLAG_KIND_MUTEX);
        add_list(management, listed, &count, source_array(document, "holdouts"), FLAG_KIND_HOLDOUT);
        add_list(management, listed, &count, source_array(document, "flags"), FLAG_KIND_FLAG);
        add_list(management, listed, &count, source_array(document, "experiments"),
                 FLAG_KIND_EXPERIMENT);
    }
    return count;
}

/* Parents go by id, and may come behind who leans on them. */
static void note_names(struct management *management, const struct listed *listed, size_t count)
{
    struct arena *arena = management->draft->arena;
    map_open(&management->names, arena, count);
    management->keys = ARENA_NEW_ARRAY(arena, struct str, count);
    for (size_t i = 0; i < count; i++) {
        struct str id = id_text(arena, listed[i].item);
        management->keys[i] = source_text(listed[i].item, "key");
        if (!str_is_absent(id))
            map_insert(&management->names, id, (uint32_t)i);
    }
}

void management_read(struct management *management, const struct json *document)
{
    struct draft *draft = management->draft;
    struct listed *listed = ARENA_NEW_ARRAY(draft->arena, struct listed, count_listed(document));
    bool is_item = !str_is_absent(source_text(document, "key"));
    size_t count = collect(management, document, listed);
    note_names(management, listed, count);
    struct json none = {.type = JSON_OBJECT};
    read_deployment_labels(management, is_item ? &none : document);
    for (size_t i = 0; i < count; i++)
        read_item(management, listed[i].item, listed[i].kind);
    if (source_find(document, "nextCursor") != NULL)
        report_say(&draft->report, STR("page"), STR("nextCursor"), IMPORT_PARTLY,
                   "the answer is one page of several: what is on the others is not here");
    if (management->has_items && !management->has_inclusions)
        report_say(&draft->report, STR("inclusions"), STR("users, cohorts"), IMPORT_PARTLY,
                   "who gets a variant by name is not in these answers: add the lists to the "
                   "variants as \"users\" and \"cohorts\"");
}
