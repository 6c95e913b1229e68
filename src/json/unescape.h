/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unescape - what a string with backslashes means.
 *
 * In two steps, so that nothing is allocated for a string that is malformed or too long: measure
 * checks and counts, decode writes exactly that many bytes. Internal to json/.
 */
#ifndef JSON_UNESCAPE_H
#define JSON_UNESCAPE_H

#include "base/str.h"

/* What stands between the quotes, without bare quotes and controls. Returns NULL and the decoded
 * size, or why the text is refused and the offset of the offending escape. */
const char *unescape_measure(struct str raw, size_t *decoded_bytes, size_t *bad_at);

/* Decodes text that unescape_measure accepted into as many bytes as it counted. */
void unescape_decode(struct str raw, char *decoded);

#endif
