/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tls - who a server says it is: a certificate and its key, TLS 1.2 and 1.3.
 *
 * Opened before the server and handed to it in http_config; every connection that is accepted
 * afterwards begins with a handshake. A newer pair takes its place while the server runs:
 * connections that are open keep what they agreed on, new ones see the new pair.
 */
#ifndef HTTP_TLS_H
#define HTTP_TLS_H

#include <stdint.h>

#include "base/arena.h"
#include "base/fault.h"

struct http_tls;

/* The chain (the server's own certificate first) and the key, in PEM. The fault says which of the
 * two is wrong and why. */
struct fault http_tls_open(struct http_tls **tls, struct arena *arena, struct str certificate_file,
                           struct str key_file) MUST_CHECK;
/* From any thread; what was there stays when the new pair is no good. */
struct fault http_tls_reload(struct http_tls *tls, struct arena *arena, struct str certificate_file,
                             struct str key_file) MUST_CHECK;
/* Seconds until the certificate is no longer valid; negative when it is not. */
int64_t http_tls_valid_for_s(struct http_tls *tls);
void http_tls_close(struct http_tls *tls); /* after the servers that use it; NULL: nothing */

#endif
