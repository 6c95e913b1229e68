/* SPDX-License-Identifier: Apache-2.0 */
/* server - the loops of one listener address, their threads, and the pool they share. */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include "http/loop.h"

struct http_server {
    struct http_config config;
    struct http_loop *loops;
    pthread_t *threads;
    unsigned loop_count;
    uint16_t port;
    bool is_started;
    struct offload offload;
    pthread_mutex_t mutex; /* guards drained_count */
    pthread_cond_t has_drained;
    unsigned drained_count;
};

void server_loop_drained(struct http_server *server); /* called once by each loop */

#endif
