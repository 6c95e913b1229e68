/* SPDX-License-Identifier: Apache-2.0 */
/* tls_context - the inside of struct http_tls, for the sessions that begin with it. */
#ifndef HTTP_TLS_CONTEXT_H
#define HTTP_TLS_CONTEXT_H

#include <pthread.h>

#include "http/tls.h"
#include "http/tls_library.h"

struct http_tls {
    struct tls_library library;
    pthread_mutex_t mutex; /* guards context */
    SSL_CTX *context;      /* the pair in use; each session keeps the one it began with */
};

SSL_CTX *tls_context_acquire(struct http_tls *tls); /* SSL_CTX_free it */

#endif
