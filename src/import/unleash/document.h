/* SPDX-License-Identifier: Apache-2.0 */
/*
 * document - the documents of Unleash as one shape. Private to this folder.
 *
 * What SDKs get has features with their strategies in them. An export has features, strategies and
 * what is set per environment in lists of their own, side by side.
 */
#ifndef IMPORT_UNLEASH_DOCUMENT_H
#define IMPORT_UNLEASH_DOCUMENT_H

#include "import/unleash/feature.h"

struct document {
    const struct json *root;
    const struct json *features;
    bool is_export;
    struct str environment; /* of an export; empty: it does not say */
};

struct fault document_find(struct arena *arena, const struct json *root,
                           const struct import_options *options,
                           struct document *document) MUST_CHECK;

/* All features of the document, each with its strategies in order; none is in the draft yet. */
void document_gather(const struct document *document, struct features *features);

#endif
