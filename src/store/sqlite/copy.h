/* SPDX-License-Identifier: Apache-2.0 */
/* copy - everything as of one moment, in a file of its own: store_copy (store/care.h). */
#ifndef STORE_SQLITE_COPY_H
#define STORE_SQLITE_COPY_H

#include "store/engine.h"

struct fault sqlite_copy(struct engine *engine, const char *file, bool (*goes_on)(void *context),
                         void *context) MUST_CHECK;

#endif
