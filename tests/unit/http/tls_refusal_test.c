/* SPDX-License-Identifier: Apache-2.0 */
/* tls_refusal - refusals: what refusal_test.c claims holds through TLS. */
#define SITE_SPEAKS_TLS
#include "refusal_test.c"
