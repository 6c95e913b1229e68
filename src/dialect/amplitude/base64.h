/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base64 - what SDKs put into headers: amplitude-evaluation.md 2.4.
 *
 * Both alphabets of RFC 4648 (sections 4 and 5), even mixed, with padding or without; blanks are
 * ignored wherever they stand. Bits beyond the last whole byte are ignored, too.
 */
#ifndef AMPLITUDE_BASE64_H
#define AMPLITUDE_BASE64_H

#include "base/arena.h"

/* False for any other character, for one digit too many, and for padding that does not end it. */
bool base64_decode(struct arena *arena, struct str text, struct str *bytes);

#endif
