/* SPDX-License-Identifier: Apache-2.0 */
/* tls_file - answers whose body is a file: what file_test.c claims holds through TLS. */
#define SITE_SPEAKS_TLS
#include "file_test.c"
