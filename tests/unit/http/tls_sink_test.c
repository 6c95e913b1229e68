/* SPDX-License-Identifier: Apache-2.0 */
/* tls_sink - bodies in pieces: what sink_test.c claims holds through TLS. */
#define SITE_SPEAKS_TLS
#include "sink_test.c"
