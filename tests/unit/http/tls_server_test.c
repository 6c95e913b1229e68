/* SPDX-License-Identifier: Apache-2.0 */
/* tls_server - conversations: what server_test.c claims holds through TLS. */
#define SITE_SPEAKS_TLS
#include "server_test.c"
