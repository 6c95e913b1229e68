/* SPDX-License-Identifier: Apache-2.0 */
/* base64url - bytes as text that may stand in an address: RFC 4648 section 5, without padding. */
#ifndef BASE_BASE64URL_H
#define BASE_BASE64URL_H

#include "base/arena.h"
#include "base/str.h"

struct str base64url_encode(struct arena *arena, struct str bytes);

/* False for anything that base64url_encode does not write. */
bool base64url_decode(struct arena *arena, struct str text, struct str *bytes);

#endif
