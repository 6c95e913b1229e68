/* SPDX-License-Identifier: Apache-2.0 */
/*
 * document - the vendor's config documents, in and out.
 *
 * Three forms carry one environment to its readers: the legacy document (a value per flag), the
 * core document (schema version 1: variations, rules, segments) and the hybrid, a core document
 * whose flags also carry what old readers look for. This is the pure half of the dialect: trees
 * and states in, trees and bytes out; it knows no route and no status.
 *
 * Reference: docs of the vendor as collected in superflag-api.md, sections 9 to 15; the vectors
 * run by tests/conformance/superflag prove it.
 */
#ifndef SUPERFLAG_DOCUMENT_H
#define SUPERFLAG_DOCUMENT_H

#include "dialect/superflag/issue.h"
#include "dialect/superflag/legacy.h"
#include "model/environment.h"
#include "snapshot/snapshot.h"
#include "json/write.h"

/* ---- in -------------------------------------------------------------------------------- */

/* The library's validation (section 12): how many issues, in its order and its words. */
size_t superflag_validate(struct arena *arena, const struct json *document, struct issue **issues);

/* The same from text. A text that is no JSON has one issue, at "$", in our parser's words. */
size_t superflag_validate_text(struct arena *arena, struct str text,
                               const struct json_budget *budget, struct issue **issues);

/* A core document as nouns. Flags and segments stand in the document's (ECMAScript's) order. */
struct superflag_document {
    struct str app, environment;
    uint64_t config_version;
    struct environment_settings settings; /* the document's metadata */
    struct flag *flags;
    size_t flag_count;
    struct segment *segments;
    size_t segment_count;
};

/* Validates, then decodes. The fault is the first issue: where is its path, why its message. A
 * missing visibility is the schema's default, server. Flags get the vendor's arithmetic and no id.
 * Texts borrow from the tree. The model's own limits (nesting, counts, lengths) are not the
 * schema's: flag_check and segment_check come before a decoded document is stored or written. */
struct fault superflag_decode_document(struct arena *arena, const struct json *json,
                                       struct superflag_document *document) MUST_CHECK;

/* The document as a state evaluation accepts: pointers sorted by key, borrowing from document. */
struct environment_state superflag_document_state(struct arena *arena,
                                                  const struct superflag_document *document);

/* An expression tree that validated; used for segments' and experiments' audiences too. */
struct expression superflag_decode_expression(struct arena *arena, const struct json *json);

/* ---- out ------------------------------------------------------------------------------- */

/* Who will read it: browsers get what is visible to clients, servers everything. */
enum superflag_audience { SUPERFLAG_CLIENT, SUPERFLAG_SERVER };

/* A core document, members in the order of section 15. is_hybrid adds value and variants to each
 * flag and empty overrides and rules at the end. */
void superflag_append_core_document(struct buf *buf, const struct environment_state *state,
                                    enum superflag_audience audience, bool include_metadata,
                                    bool is_hybrid);

/* The same of a state that is said as it stands (projection.h). */
void superflag_append_projection(struct buf *buf, const struct environment_state *state,
                                 enum superflag_audience audience, bool include_metadata,
                                 bool is_hybrid);

/* {"flags":{…},"overrides":{},"rules":{}}. A flag the legacy form cannot express exactly is left
 * out. */
void superflag_append_legacy_document(struct buf *buf, const struct environment_state *state,
                                      enum superflag_audience audience);

/* The environment's form for this audience: LEGACY or CORE, never AUTO. AUTO is legacy while every
 * flag served is expressible there, else core (written as a hybrid). */
enum document_form superflag_choose_form(const struct environment_state *state,
                                         enum superflag_audience audience);

/* {"appId","env","version","doc","ttlSeconds"}. A core document is a hybrid when the environment
 * left the choice to us and plain when it was set to core. Servers get metadata, clients do not. */
void superflag_append_config(struct buf *buf, const struct environment_state *state,
                             enum superflag_audience audience, uint32_t ttl_seconds);

enum {
    SUPERFLAG_TTL_SECONDS = 60,
    SUPERFLAG_PUBLIC_CONFIG = 0, /* renderings[]: tag and headers of the browsers' endpoint */
    SUPERFLAG_CONFIG = 1,        /* renderings[]: those of the servers' */
};

/* A snapshot_renderer: entity tags "v<version>", and the bodies that were asked of the version
 * before. */
void superflag_render(struct snapshot *snapshot);

/* The body of a config endpoint, made by the first who asks and kept with the snapshot. rendering:
 * SUPERFLAG_PUBLIC_CONFIG or SUPERFLAG_CONFIG. Borrowed, as snapshot_find_body. */
struct shared_body *superflag_body(const struct snapshot *snapshot, size_t rendering);

#endif
