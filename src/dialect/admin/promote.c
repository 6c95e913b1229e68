/* SPDX-License-Identifier: Apache-2.0 */
/*
 * promote - flags and segments of one environment, taken over into another. See manage.h.
 *
 * Who is in which bucket stays as it is in the environment that takes over: a flag that is there
 * keeps its salt, its arithmetic and its deployments. A new one brings all that along; deployments
 * are told by their labels, because their numbers mean nothing elsewhere.
 */
#include "dialect/admin/compare.h"
#include "dialect/admin/deployment_labels.h"
#include "dialect/admin/manage.h"
#include "dialect/admin/whole.h"

enum { KEYS_MAX_PER_PROMOTION = 1000 };

struct promotion {
    struct admin_condition condition;
    const struct catalog *catalog;
    const struct environment_state *source;
    uint64_t target;
    const struct str *flags, *segments; /* keys */
    size_t flag_count, segment_count;
    bool keeps_enabled;
};

/* ---- inside the edit ----------------------------------------------------------------------- */

static bool has_splits(const struct flag *flag)
{
    bool has = flag->fallthrough.kind == SERVE_SPLIT || flag->fallthrough.kind == SERVE_PROGRESSIVE;
    for (size_t i = 0; i < flag->rule_count && !has; i++) {
        const struct serve *serve = &flag->rules[i].serve;
        has = serve->kind == SERVE_SPLIT || serve->kind == SERVE_PROGRESSIVE;
    }
    return has;
}

/* What is 1 of 100000 by the one hash may be 1 of 2 by the other. */
static bool counts_otherwise(const struct flag *flag, const struct flag *current)
{
    return has_splits(flag) && flag_hash_counts_weights(flag->arithmetic.hash) !=
                                   flag_hash_counts_weights(current->arithmetic.hash);
}

static struct fault promote_flag(struct edit *edit, const struct promotion *promotion,
                                 struct str key)
{
    struct flag flag = *environment_find_flag(promotion->source, key);
    const struct flag *current = edit_find_flag(edit, key);
    flag.id = (struct str){0};
    if (current == NULL) {
        struct fault fault = deployment_labels_translate(promotion->catalog, promotion->target,
                                                         edit_arena(edit), &flag);
        return failed(fault) ? fault : edit_put_flag(edit, &flag);
    }
    if (counts_otherwise(&flag, current))
        return fault_make(FAULT_CONFLICT, key,
                          STR("deals by another arithmetic there, in which its weights mean "
                              "something else; promote it under a key of its own, or change one of "
                              "the two first"));
    flag.arithmetic = current->arithmetic;
    flag.salt = current->salt;
    flag.is_on_all_deployments = current->is_on_all_deployments;
    flag.deployments = current->deployments;
    flag.deployment_count = current->deployment_count;
    flag.experiment.has_started |= current->experiment.has_started;
    if (promotion->keeps_enabled)
        flag.is_enabled = current->is_enabled;
    return edit_put_flag(edit, &flag);
}

static struct fault promote(struct edit *edit, void *input)
{
    const struct promotion *promotion = input;
    struct fault fault = whole_condition_check(edit, &promotion->condition);
    for (size_t i = 0; i < promotion->segment_count && !failed(fault); i++) {
        struct segment segment =
            *environment_find_segment(promotion->source, promotion->segments[i]);
        segment.id = (struct str){0};
        fault = edit_put_segment(edit, &segment);
    }
    for (size_t i = 0; i < promotion->flag_count && !failed(fault); i++)
        fault = promote_flag(edit, promotion, promotion->flags[i]);
    return fault;
}

/* ---- what is asked for --------------------------------------------------------------------- */

typedef bool is_there(const struct environment_state *state, struct str key);

static bool has_flag(const struct environment_state *state, struct str key)
{
    return environment_find_flag(state, key) != NULL;
}

static bool has_segment(const struct environment_state *state, struct str key)
{
    return environment_find_segment(state, key) != NULL;
}

static bool read_keys(struct exchange *x, const struct json *body, struct str member,
                      const struct environment_state *source, is_there *has,
                      const struct str **keys, size_t *count)
{
    const struct json *list = json_find(body, member);
    if (list == NULL)
        return true;
    const char *where = arena_format(x->arena, "/%.*s", STR_ARG(member)).data;
    if (list->type != JSON_ARRAY || list->count > KEYS_MAX_PER_PROMOTION)
        return admin_refuse_with(x, FAULT_INVALID, where,
                                 STR("must be a list of at most 1,000 keys"));
    struct str *read = ARENA_NEW_ARRAY(x->arena, struct str, list->count);
    for (uint32_t i = 0; i < list->count; i++) {
        const struct json *key = &list->elements[i];
        if (key->type != JSON_STRING || !has(source, key->string))
            return admin_refuse_with(x, FAULT_INVALID,
                                     arena_format(x->arena, "%s/%u", where, i).data,
                                     STR("is not in the environment it should come from"));
        read[i] = key->string;
    }
    *keys = read;
    *count = list->count;
    return true;
}

static bool read_enabled(struct exchange *x, const struct json *body, struct promotion *promotion)
{
    const struct json *enabled = json_find(body, STR("enabled"));
    if (enabled == NULL)
        return true;
    promotion->keeps_enabled =
        enabled->type == JSON_STRING && str_equal(enabled->string, STR("keep"));
    if (promotion->keeps_enabled ||
        (enabled->type == JSON_STRING && str_equal(enabled->string, STR("copy"))))
        return true;
    return admin_refuse_with(x, FAULT_INVALID, "/enabled", STR("must be copy or keep"));
}

static bool open_source(struct exchange *x, const struct json *body, struct admin_side *source)
{
    const struct json *from = json_find(body, STR("from"));
    if (from == NULL || from->type != JSON_STRING)
        return admin_refuse_with(x, FAULT_INVALID, "/from",
                                 STR("must be an environment, or one @ a version or an instant"));
    return admin_side_open(x, from->string, "/from", source);
}

static void promote_from(struct exchange *x, const struct json *body,
                         const struct admin_side *source, struct promotion *promotion)
{
    promotion->source = &source->state.snapshot->state;
    promotion->catalog = x->view->catalog;
    if (!read_keys(x, body, STR("flags"), promotion->source, has_flag, &promotion->flags,
                   &promotion->flag_count) ||
        !read_keys(x, body, STR("segments"), promotion->source, has_segment, &promotion->segments,
                   &promotion->segment_count) ||
        !read_enabled(x, body, promotion))
        return;
    if (promotion->flag_count + promotion->segment_count == 0) {
        admin_refuse_with(x, FAULT_INVALID, "/flags", STR("names nothing to promote"));
        return;
    }
    struct change change = {
        .kind = CHANGE_ENVIRONMENT,
        .action = STR("environment.promote"),
        .subject = arena_format(x->arena, "%.*s@%llu", STR_ARG(source->environment->id),
                                (unsigned long long)source->state.snapshot->version),
        .environment = promotion->target,
        .edit = promote,
        .input = promotion};
    if (whole_read_acknowledgement(x, ACKNOWLEDGE_GROWTH | ACKNOWLEDGE_REUSE, &change))
        whole_apply(x, &change);
}

void admin_promote(struct exchange *x)
{
    static const struct str members[] = {STR("from"), STR("flags"), STR("segments"),
                                         STR("enabled")};
    const struct catalog_environment *environment = NULL;
    struct promotion promotion = {0};
    struct admin_side source;
    struct json body;
    if (!admin_find_environment(x, &environment) || !admin_may_write(x) ||
        !admin_read_condition(x, &promotion.condition) ||
        !admin_read_body(x, members, COUNT_OF(members), &body) || !open_source(x, &body, &source))
        return;
    promotion.target = environment->number;
    promote_from(x, &body, &source, &promotion);
    admin_side_close(&source);
}
