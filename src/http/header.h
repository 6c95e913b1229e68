/* SPDX-License-Identifier: Apache-2.0 */
/* header - one line of a message's head, borrowed from the bytes it came in. */
#ifndef HTTP_HEADER_H
#define HTTP_HEADER_H

#include "base/str.h"

struct http_header {
    struct str name;  /* as received; compare ignoring case */
    struct str value; /* without surrounding blanks */
};

#endif
