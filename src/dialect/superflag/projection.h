/* SPDX-License-Identifier: Apache-2.0 */
/*
 * projection - an environment as this vendor's documents can say it: exactly, or not at all.
 *
 * The documents know one family of flags, the typed one. A flag that compares text is said as an
 * ordinary flag when everybody gets the same of it, and is left out else; so is a flag of another
 * system's hash, by which no reader would deal; an archived flag is served to nobody; and what
 * leans on a flag that is left out is left out with it. A flag a browser may not see counts as left
 * out in documents for browsers.
 */
#ifndef SUPERFLAG_PROJECTION_H
#define SUPERFLAG_PROJECTION_H

#include "dialect/superflag/document.h"

/* Why a flag is not in the documents. */
enum superflag_absence {
    SUPERFLAG_PRESENT,
    SUPERFLAG_ARCHIVED,
    SUPERFLAG_HIDDEN,  /* browsers may not see it */
    SUPERFLAG_GROUP,   /* of the text family: nobody asks for it, only its members lean on it */
    SUPERFLAG_VARYING, /* of the text family, and not everybody gets the same */
    SUPERFLAG_DEALING, /* of the typed family, and another system's hash deals its shares */
    SUPERFLAG_LEANING, /* leans on one that is absent */
};

/* What the documents for an audience are made of: flags are borrowed, or live in the arena. A
 * projection of a projection is the same. */
struct environment_state superflag_project(struct arena *arena,
                                           const struct environment_state *state,
                                           enum superflag_audience audience);

/* The same question about one flag of the state. *leans_on is the key of the absent flag when it
 * leans on one. */
enum superflag_absence superflag_absence_of(struct arena *arena,
                                            const struct environment_state *state,
                                            enum superflag_audience audience,
                                            const struct flag *flag, struct str *leans_on);

bool superflag_is_text(const struct flag *flag);
bool superflag_names_anybody(const struct flag *flag); /* for a variation, whatever the rules */

/* The one variation everybody is served while a flag of the text family is on; -1 when it depends
 * on who asks, or when. */
int superflag_constant_variation(const struct flag *flag);

/* The ordinary flag a present flag of the text family is said as. */
struct flag superflag_ordinary_flag(struct arena *arena, const struct flag *flag);

/* What documents must have, and other dialects may leave empty. */
struct str superflag_description_of(const struct flag *flag);
struct str superflag_owner_of(const struct flag *flag);

/* The way back: the flag with what a document may change of it, which is whether it is enabled, its
 * texts about itself, visibility and metadata. FAULT_INVALID, at "$", when the ordinary flag is not
 * otherwise the one that was shown: it is no recipe for who gets what. */
struct fault superflag_apply_ordinary(struct arena *arena, const struct flag *current,
                                      const struct flag *ordinary, struct flag *changed) MUST_CHECK;

#endif
