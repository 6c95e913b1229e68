/* SPDX-License-Identifier: Apache-2.0 */
/* title - what apps, environments and users may be called. */
#ifndef MODEL_TITLE_H
#define MODEL_TITLE_H

#include "base/str.h"

/* Without the blanks people leave at the ends by accident. Unicode-blind on purpose. */
struct str title_trim(struct str text);

/* 1 to APP_NAME_UNITS_MAX UTF-16 units, no control characters, no blanks at the ends. */
bool app_name_is_valid(struct str name);
/* [A-Za-z0-9][A-Za-z0-9._-]*, at most ENVIRONMENT_NAME_BYTES_MAX; not what an id looks like. */
bool environment_name_is_valid(struct str name);
/* "somebody@somewhere": visible ASCII, at most EMAIL_BYTES_MAX. Whether anybody reads it is another
 * question. */
bool email_is_valid(struct str email);

#endif
