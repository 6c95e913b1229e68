/* SPDX-License-Identifier: Apache-2.0 */
/*
 * types - TypeScript types of a configuration document, as the vendor's library writes them.
 *
 * superflag-api.md 21 and the vectors `codegen`. Values become literal types, so that a reader of a
 * flag knows every value it can have; nothing is left at run time.
 */
#ifndef SUPERFLAG_TYPES_H
#define SUPERFLAG_TYPES_H

#include "dialect/superflag/document.h"

struct superflag_types {
    struct str interface_name; /* absent: SuperflagFlagValues */
    struct str banner;         /* absent: the library's */
};

/* Refuses a name that is no identifier, in the library's words. */
struct fault superflag_append_types(struct buf *buf, const struct superflag_document *document,
                                    const struct superflag_types *options) MUST_CHECK;

#endif
