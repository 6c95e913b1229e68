/* SPDX-License-Identifier: Apache-2.0 */
/* reach - whether this vendor's readers are told of a flag, and why not: see reach.h. */
#include "dialect/superflag/reach.h"

#include "dialect/superflag/projection.h"

/* The first of what makes a flag of the text family differ from one subject to the next. */
static struct str why_varying(const struct flag *flag)
{
    if (!str_is_absent(flag->schedule.start) || !str_is_absent(flag->schedule.end))
        return STR("It compares text and has a schedule.");
    if (superflag_names_anybody(flag))
        return STR("It compares text and names who gets a variation.");
    if (flag->prerequisite_count > 0)
        return STR("It compares text and leans on other flags.");
    if (flag->experiment.is_sticky)
        return STR("It compares text and lets people keep what they got.");
    if (flag->rule_count > 0)
        return STR("It compares text and has segments of its own.");
    if (serve_is_progressive(&flag->fallthrough))
        return STR("It compares text and moves its shares over time.");
    return STR("It deals its variations by an arithmetic these documents do not know.");
}

static struct str why_absent(struct arena *arena, enum superflag_absence absence,
                             const struct flag *flag, struct str leans_on)
{
    switch (absence) {
    case SUPERFLAG_PRESENT:
        break;
    case SUPERFLAG_ARCHIVED:
        return STR("It is archived.");
    case SUPERFLAG_HIDDEN:
        return STR("Browsers may not see it.");
    case SUPERFLAG_GROUP:
        return STR("It is a group, on which its members alone lean.");
    case SUPERFLAG_VARYING:
        return why_varying(flag);
    case SUPERFLAG_DEALING:
        return STR("It deals its variations as another system does, which these SDKs cannot.");
    case SUPERFLAG_LEANING:
        return arena_format(arena, "It leans on %.*s, which is left out.", STR_ARG(leans_on));
    }
    return (struct str){0};
}

/* Only a form that somebody chose leaves anything out: left to us, it is one that says it all. */
static bool is_too_much_for_form(const struct environment_state *state, struct arena *arena,
                                 const struct flag *flag)
{
    if (state->settings.document_form != DOCUMENT_FORM_LEGACY)
        return false;
    struct flag said = superflag_is_text(flag) ? superflag_ordinary_flag(arena, flag) : *flag;
    return !superflag_read_as_old(&said).is_exact;
}

static struct reach reach_of(const struct environment_state *state, const struct flag *flag,
                             struct arena *arena, struct str protocol,
                             enum superflag_audience audience)
{
    struct str leans_on;
    enum superflag_absence absence = superflag_absence_of(arena, state, audience, flag, &leans_on);
    if (absence != SUPERFLAG_PRESENT)
        return (struct reach){protocol, REACH_ABSENT, why_absent(arena, absence, flag, leans_on)};
    if (is_too_much_for_form(state, arena, flag))
        return (struct reach){protocol, REACH_ABSENT,
                              STR("The environment's document form is legacy, which cannot say it "
                                  "exactly.")};
    return (struct reach){.protocol = protocol, .kind = REACH_SERVED};
}

size_t superflag_reach(const struct snapshot *snapshot, const struct flag *flag,
                       struct arena *arena, struct reach reaches[REACHES_PER_DIALECT_MAX])
{
    const struct environment_state *state = &snapshot->state;
    reaches[0] = reach_of(state, flag, arena, STR("superflag.config"), SUPERFLAG_SERVER);
    reaches[1] = reach_of(state, flag, arena, STR("superflag.public-config"), SUPERFLAG_CLIENT);
    return 2;
}
