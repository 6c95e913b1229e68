/* SPDX-License-Identifier: Apache-2.0 */
/*
 * as_of - the past, built from the store: see as_of.h.
 *
 * The store's reading connection is lent to one at a time (change_read_store), so that one past is
 * built at a time, however many are asked for.
 */
#include "dialect/admin/as_of.h"

#include "base/instant.h"
#include "change/follow.h"
#include "dialect/admin/request.h"

/* What is asked of the store, and what it says. */
struct past {
    const struct catalog_environment *environment;
    bool hides_flags_by_default;
    bool is_instant;
    int64_t at_ms;           /* of an instant */
    uint64_t version;        /* of a version; else found */
    uint64_t current;        /* what the view has: it is not built again */
    struct snapshot *result; /* one reference; NULL: it is the current one */
};

static struct fault read_past(struct store *store, void *input)
{
    struct past *past = input;
    struct fault fault = fault_none();
    if (past->is_instant)
        fault = follow_find_version(store, past->environment, past->at_ms, &past->version);
    if (failed(fault) || past->version == past->current)
        return fault;
    return follow_environment(store, past->environment, past->hides_flags_by_default, past->version,
                              past->at_ms, &past->result);
}

/* False, and refused, for what is neither a version nor an instant, or not there yet. */
static bool parse_moment(struct exchange *x, struct str at, const char *where, struct past *past)
{
    if (admin_parse_number(at, &past->version))
        return past->version <= past->current ||
               admin_refuse_with(x, FAULT_MISSING, where, STR("there is no such version yet"));
    past->is_instant = instant_parse(at, &past->at_ms) && instant_is_calendar_date(at);
    if (!past->is_instant)
        return admin_refuse_with(
            x, FAULT_INVALID, where,
            STR("a moment is a version (42) or an instant (2026-01-31T12:00:00Z)"));
    return past->at_ms <= x->now_ms ||
           admin_refuse_with(x, FAULT_MISSING, where, STR("that is in the future"));
}

static bool find_past(struct exchange *x, const char *where, struct past *past)
{
    if (!past->is_instant && past->version == past->current)
        return true; /* with or without a store */
    struct fault fault = change_read_store(x->services->changer, read_past, past);
    if (!failed(fault))
        return true;
    return admin_refuse_with(x, fault.kind, fault.kind == FAULT_MISSING ? where : "", fault.why);
}

bool admin_state_open_at(struct exchange *x, const struct catalog_environment *environment,
                         struct str at, const char *where, struct admin_state *state)
{
    const struct snapshot *current = view_of(x->view, environment);
    *state = (struct admin_state){.snapshot = current, .at_ms = x->now_ms};
    if (!str_is_absent(at)) {
        struct past past = {
            .environment = environment,
            .hides_flags_by_default = environment->hides_flags_by_default,
            .at_ms = x->now_ms,
            .current = current->version,
        };
        if (!parse_moment(x, at, where, &past) || !find_past(x, where, &past))
            return false;
        state->at_ms = past.is_instant ? past.at_ms : x->now_ms;
        state->held = past.result;
        if (past.result != NULL)
            state->snapshot = past.result;
    }
    x->version = state->snapshot->version;
    return true;
}

bool admin_state_open(struct exchange *x, const struct catalog_environment *environment,
                      struct admin_state *state)
{
    struct str at = {0};
    return admin_read_query(x, STR("at"), &at) &&
           admin_state_open_at(x, environment, at, "?at", state);
}

void admin_state_close(struct admin_state *state)
{
    if (state->held != NULL)
        snapshot_release(state->held);
    state->held = NULL;
}
