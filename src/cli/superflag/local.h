/* SPDX-License-Identifier: Apache-2.0 */
/*
 * local - a configuration document in a file, straight through the dialect's pure half.
 *
 * Taken as they are: core documents; legacy documents, which become core ones as the vendor's SDKs
 * convert them; and either inside the answer of the config endpoints, which `config pull` prints.
 */
#ifndef CLI_SUPERFLAG_LOCAL_H
#define CLI_SUPERFLAG_LOCAL_H

#include "cli/session.h"
#include "dialect/superflag/document.h"

/* What is wrong with it, in the library's order and words; 0: nothing. *document is then good. */
size_t local_decode(struct arena *arena, struct str text, struct superflag_document *document,
                    struct issue **issues);

/* Reads and decodes; "-" is standard input. A refusal is told, its status returned. */
int local_read(struct session *session, struct str file, struct superflag_document *document);

/* The file's text alone. */
int local_read_text(struct session *session, struct str file, struct str *text);

#endif
