/* SPDX-License-Identifier: Apache-2.0 */
/* reading - what the parts of this importer share: the two kinds of documents, side by side. */
#ifndef IMPORT_AMPLITUDE_READING_H
#define IMPORT_AMPLITUDE_READING_H

#include "import/draft.h"

/* management.c: flags, experiments and groups as the management API answers them. */
struct management {
    struct draft *draft;
    struct map names;  /* id there, as text, to index into `keys` */
    struct str *keys;  /* key of the thing with that id */
    struct map labels; /* deployment id to index into `label_texts` */
    struct str *label_texts;
    bool has_labels;                /* the document lists deployments */
    bool has_items, has_inclusions; /* whether there was one, and whether any said who is listed */
};
void management_read(struct management *management, const struct json *document);

/* groups.c: one mutual exclusion or holdout group, its members' lists left to the members. */
bool group_read(struct draft *draft, const struct json *json, enum flag_kind kind,
                struct flag *flag, struct str *why);

/* configuration.c: an array of flag configurations, as SDKs get them. */
struct fault configurations_read(struct draft *draft, const struct json *list) MUST_CHECK;

/* What has to be said of a flag whichever document it is from: cohorts it asks for, and who is
 * bucketed without an identity. */
void report_conditions(struct draft *draft, const struct draft_flag *item);

#endif
