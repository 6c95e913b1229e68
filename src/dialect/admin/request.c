/* SPDX-License-Identifier: Apache-2.0 */
/* request - what admin calls name: see request.h. */
#include "dialect/admin/request.h"

#include "dialect/admin/answer.h"
#include "dialect/admin/definition.h"
#include "dialect/admin/difference.h"
#include "dialect/admin/idempotency.h"
#include "dialect/admin/problems.h"
#include "dialect/admin/visit.h"

void admin_refuse_because(struct exchange *x, enum fault_kind kind, const char *where,
                          struct str why)
{
    x->note = why;
    admin_refuse(x, fault_make(kind, str_of(where), why), 0, (struct str){0});
}

static void refuse_member(struct exchange *x, struct str name)
{
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    problem_append_step(&buf, name);
    struct fault fault = fault_make(FAULT_INVALID, arena_copy_str(x->arena, buf_str(&buf)),
                                    STR("this member is not known here"));
    buf_close(&buf);
    x->note = fault.why;
    admin_refuse(x, fault, 0, (struct str){0});
}

static bool knows_members(struct exchange *x, const struct str *known, size_t known_count,
                          const struct json *body)
{
    for (uint32_t i = 0; i < body->count; i++) {
        size_t at = 0;
        while (at < known_count && !str_equal(body->members[i].key, known[at]))
            at++;
        if (at == known_count) {
            refuse_member(x, body->members[i].key);
            return false;
        }
    }
    return true;
}

bool admin_read_object(struct exchange *x, const struct json_budget *budget, struct json *body)
{
    struct fault fault = json_parse(x->arena, x->request->body, budget, body);
    if (failed(fault))
        return admin_refuse_with(x, FAULT_INVALID, "",
                                 arena_format(x->arena, "the body is not JSON: %.*s at %.*s",
                                              STR_ARG(fault.why), STR_ARG(fault.where)));
    if (body->type != JSON_OBJECT)
        return admin_refuse_with(x, FAULT_INVALID, "", STR("the body must be a JSON object"));
    return true;
}

bool admin_read_body(struct exchange *x, const struct str *known, size_t known_count,
                     struct json *body)
{
    struct json_budget budget = json_budget_default;
    budget.values_max = ADMIN_BODY_VALUES_MAX;
    return admin_read_object(x, &budget, body) && knows_members(x, known, known_count, body);
}

bool admin_read_query(struct exchange *x, struct str name, struct str *text)
{
    struct fault fault = exchange_query(x, name, text);
    if (!failed(fault))
        return true;
    fault.where = arena_format(x->arena, "?%.*s", STR_ARG(name));
    x->note = fault.why;
    admin_refuse(x, fault, 0, (struct str){0});
    return false;
}

static const struct str acknowledgements[] = {STR("reshuffle"), STR("growth"), STR("reuse")};

/* The bit of a word, 0 for one that is not known. */
static unsigned find_acknowledgement(struct str word, unsigned known)
{
    for (unsigned i = 0; i < COUNT_OF(acknowledgements); i++) {
        if ((known >> i & 1u) != 0 && str_equal(word, acknowledgements[i]))
            return 1u << i;
    }
    return 0;
}

static struct str acknowledgements_known(struct arena *arena, unsigned known)
{
    struct str text = STR("");
    for (unsigned i = 0; i < COUNT_OF(acknowledgements); i++) {
        if ((known >> i & 1u) != 0)
            text = arena_format(arena, "%.*s%s%.*s", STR_ARG(text), text.size == 0 ? "" : " or ",
                                STR_ARG(acknowledgements[i]));
    }
    return text;
}

bool admin_read_acknowledgement(struct exchange *x, unsigned known, unsigned *said)
{
    struct str text = {0};
    *said = 0;
    if (!admin_read_query(x, STR("acknowledge"), &text))
        return false;
    if (str_is_absent(text))
        return true;
    for (size_t at = 0; at <= text.size;) {
        size_t end = str_find_byte(text, ',', at);
        unsigned bit = find_acknowledgement(str_slice(text, at, end), known);
        if (bit == 0)
            return admin_refuse_with(
                x, FAULT_INVALID, "?acknowledge",
                arena_format(x->arena, "must be %.*s",
                             STR_ARG(acknowledgements_known(x->arena, known))));
        *said |= bit;
        at = end + 1;
    }
    return true;
}

bool admin_parse_number(struct str text, uint64_t *number)
{
    enum { DIGITS_MAX = 15 };
    *number = 0;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
        *number = *number * 10 + (uint64_t)(text.data[i] - '0');
    }
    bool has_one_spelling = text.size > 0 && (text.size == 1 || text.data[0] != '0');
    return has_one_spelling && text.size <= DIGITS_MAX;
}

const struct catalog_environment *admin_seen_environment_named(const struct exchange *x,
                                                               struct str name_or_id)
{
    const struct catalog *catalog = x->view->catalog;
    uint64_t number = 0;
    const struct catalog_environment *environment = NULL;
    if (admin_parse_number(name_or_id, &number))
        environment = catalog_find_environment(catalog, number);
    for (size_t i = 0; environment == NULL && i < catalog->environment_count; i++) {
        if (str_equal(catalog->environments[i].id, name_or_id))
            environment = &catalog->environments[i];
    }
    if (environment != NULL &&
        caller_sees_environment(x->caller, environment->app_id, environment->number))
        return environment;
    return NULL;
}

const struct catalog_environment *admin_seen_environment(const struct exchange *x)
{
    return admin_seen_environment_named(x, x->parameters[0]);
}

bool admin_find_environment(struct exchange *x, const struct catalog_environment **environment)
{
    *environment = admin_seen_environment(x);
    if (*environment != NULL)
        return true;
    return admin_refuse_with(x, FAULT_MISSING, "", STR("there is no such environment"));
}

bool admin_may_write(struct exchange *x)
{
    return caller_may_write(x->caller) ||
           admin_refuse_with(x, FAULT_DENIED, "", STR("this credential may only read"));
}

/* ---- changes -------------------------------------------------------------------------------- */

static void answer_dry_run(struct exchange *x, const struct change *change)
{
    struct admin_answer answer;
    struct json_writer *writer = admin_answer_begin(&answer);
    json_object_begin(writer);
    json_member_boolean(writer, STR("dryRun"), true);
    json_member_u64_or_null(writer, STR("environment"), change->environment);
    json_member_u64_or_null(writer, STR("version"), change->version);
    difference_write_report(writer, &change->report);
    json_object_end(writer);
    admin_answer_end(x, &answer, 200);
}

static bool refuse_change(struct exchange *x, struct fault fault)
{
    x->note = fault.why;
    if (idempotency_is_taken(fault))
        idempotency_answer_taken(x);
    else
        admin_refuse(x, fault, 0, (struct str){0});
    return false;
}

bool admin_apply(struct exchange *x, struct change *change)
{
    bool is_dry_run = visit_of(x)->is_dry_run;
    change->caller = x->caller;
    change->arena = x->arena;
    change->is_dry_run = is_dry_run;
    change->wants_report = change->wants_report || is_dry_run;
    idempotency_reserve(x, change);
    struct fault fault = change_apply(x->services->changer, change);
    if (failed(fault))
        return refuse_change(x, definition_environment_fault(change, fault));
    x->version = change->version;
    if (is_dry_run) {
        answer_dry_run(x, change);
        return false;
    }
    idempotency_note_applied(x, change);
    return true;
}
