/* SPDX-License-Identifier: Apache-2.0 */
/* tls_stream - answers without an end: what stream_test.c claims holds through TLS. */
#define SITE_SPEAKS_TLS
#include "stream_test.c"
