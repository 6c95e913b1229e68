/* SPDX-License-Identifier: Apache-2.0 */
/* credential - the kinds of secrets there are, who may hold them, and what is kept of one. */
#ifndef MODEL_CREDENTIAL_H
#define MODEL_CREDENTIAL_H

#include "base/str.h"

enum credential_kind {
    CREDENTIAL_BROWSER_KEY,       /* pub_: reads what browsers may see of one environment */
    CREDENTIAL_SERVER_KEY,        /* sdk_: reads one environment whole */
    CREDENTIAL_PERSONAL,          /* cli_: manages, as its user */
    CREDENTIAL_APP,               /* admin_: manages one app */
    CREDENTIAL_ENVIRONMENT,       /* ampex_: manages the environments it lists */
    CREDENTIAL_CLIENT_DEPLOYMENT, /* client-: reads one deployment; may be seen by everybody */
    CREDENTIAL_SERVER_DEPLOYMENT, /* server-: reads one deployment */
    CREDENTIAL_PROJECT_KEY,    /* 32 hex digits: reads an environment's default deployment, names it
                                  in events and downloads */
    CREDENTIAL_PROJECT_SECRET, /* 32 hex digits: with the project key, downloads cohorts */
};

enum { CREDENTIAL_KIND_COUNT = 9, CREDENTIAL_HASH_BYTES = 32, CREDENTIAL_TAIL_BYTES = 4 };

/* SHA-256 of the secret: all that is ever stored of it, beside its last characters. */
struct credential_hash {
    unsigned char bytes[CREDENTIAL_HASH_BYTES];
};

enum role { ROLE_NONE, ROLE_VIEWER, ROLE_EDITOR, ROLE_ADMIN, ROLE_OWNER };

#endif
