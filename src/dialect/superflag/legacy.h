/* SPDX-License-Identifier: Apache-2.0 */
/*
 * legacy - a flag as the management API and old SDKs speak of it: {type, value, rollout, variants}.
 *
 * Each legacy flag has one shape in the model, the one the vendor's own SDK makes of it, so that
 * nobody changes cohort when a flag moves between forms (section 11):
 *
 *   plain      variations {default}; off and fallthrough are default
 *   rollout p  variations {on, off}; off is off; fallthrough splits on/off with salt "legacy"
 *   variants   variations {variant-0, …}; off is variant-0; fallthrough splits, salt "legacy". When
 *              the flag's standing `value` is not that of variant-0 it is kept as one variation
 *              more, `default`, to which no ticket leads: it is only there to be echoed.
 */
#ifndef SUPERFLAG_LEGACY_H
#define SUPERFLAG_LEGACY_H

#include "model/environment.h"
#include "json/write.h"

/* The body of a flag's creation. A refusal's `why` is the API's error text and `where` the member.
 * value is NULL when it was left out; rollout, variants and client_enabled when they do not apply
 * (a JSON null counts as that for the first two). */
struct fault superflag_decode_legacy_flag(struct arena *arena, struct str key, struct str type,
                                          const struct json *value, const struct json *rollout,
                                          const struct json *variants,
                                          const struct json *client_enabled,
                                          struct flag *flag) MUST_CHECK;

/* The API's rule for new keys: [A-Za-z0-9][A-Za-z0-9._-]{0,95} and no name every JavaScript object
 * has already. */
struct fault superflag_check_flag_key(struct str key) MUST_CHECK;

/* Applies value, clientEnabled, rollout and variants of `edits` (other members are ignored; null
 * takes back the last three; one of the four must be there). A flag of another shape takes
 * clientEnabled, and value when its fallthrough serves one variation: that variation's value. A
 * flag that compares text takes clientEnabled alone. */
struct fault superflag_patch_legacy_flag(struct arena *arena, const struct flag *current,
                                         const struct json *edits, struct flag *patched) MUST_CHECK;

/* What the vendor has no word for: the payloads of `current`, variation by variation, of those that
 * changed keeps. changed's variations are its own to change. */
void superflag_keep_payloads(const struct flag *current, struct flag *changed);

/* A new value alone: the bulk update. */
struct fault superflag_patch_legacy_value(struct arena *arena, const struct flag *current,
                                          const struct json *value,
                                          struct flag *patched) MUST_CHECK;

/* Whether the flag evaluates exactly as some legacy flag would. Texts about it (description,
 * owner, tags, lifecycle) have no place in the legacy form and do not count. */
bool superflag_is_legacy(const struct flag *flag);

/* {"type","value","rollout"?,"variants"?,"clientEnabled"?}: clientEnabled when it is asked for and
 * was ever set. A flag of another shape shows its type and the value it serves by default: that of
 * its fallthrough when it serves one variation, else of its off variation. That is the value a
 * patch of it would replace. A flag that compares text shows what it serves to everybody while it
 * is on, if that is one value, else its off value. */
void superflag_append_legacy_flag(struct json_writer *writer, const struct flag *flag,
                                  bool echo_client_enabled);

/*
 * What an old SDK, which knows neither rules nor schedules, is told of a flag: a value and, where
 * it may split, a split over variants. Where that is not all there is to say it is not exact, and
 * never opens what the rules might keep shut: a flag that is off, scheduled, leans on
 * prerequisites, ramps or splits by something else than the targeting key reads as its off value.
 */
struct superflag_old_reading {
    const struct json *value;  /* NULL: nothing to tell */
    const struct split *split; /* NULL: just the value */
    bool is_exact;
};
struct superflag_old_reading superflag_read_as_old(const struct flag *flag);

/* `"value":…` and, for a split, `"variants":[…]`, inside an open object. Tickets nobody owns go to
 * the off variation, since old SDKs give them to the last variant. */
void superflag_append_old_reading(struct json_writer *writer, const struct flag *flag);

struct str superflag_legacy_type_name(enum value_type type); /* bool string number json */

/* ---- whole legacy documents ------------------------------------------------------------ */

struct superflag_document;

/* What the SDK fills in where the legacy form is silent. Absent texts take the defaults of the
 * browser SDK. definitions: {key: {description, tags, owner, lifecycle}}, or NULL. */
struct superflag_migration {
    struct str app, environment;
    uint64_t config_version;
    struct str description, owner; /* absent: "Migrated legacy flag K", "unowned" */
    const struct json *tags;       /* an array of strings, or NULL: ["legacy"] */
    enum lifecycle lifecycle;      /* LIFECYCLE_ACTIVE, says the SDK */
    const struct json *definitions;
};

/* The SDK's migrateLegacyFlags over the `flags` member of a legacy document: all or nothing, the
 * first bad flag refuses with the SDK's error text. Visibility is client only for a literal
 * clientEnabled true. */
struct fault superflag_migrate_legacy_document(struct arena *arena, const struct json *flags,
                                               const struct superflag_migration *migration,
                                               struct superflag_document *document) MUST_CHECK;

#endif
