/* SPDX-License-Identifier: Apache-2.0 */
/* unleash - exports: see import.h. */
#ifndef IMPORT_UNLEASH_H
#define IMPORT_UNLEASH_H

#include "import/import.h"

extern const struct importer unleash_importer;

#endif
