/* SPDX-License-Identifier: Apache-2.0 */
/* path - a path's one decoding, for who can tell encoded slashes from others. */
#ifndef HTTP_PATH_H
#define HTTP_PATH_H

#include "http/http.h"

/* As http_canonical_path, but encoded slashes and backslashes stay in the path, as "%2F" and
 * "%5C", and are told about. */
struct fault path_decode(struct arena *arena, struct str raw, struct str *path,
                         bool *has_encoded_slash) MUST_CHECK;

#endif
