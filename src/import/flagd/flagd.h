/* SPDX-License-Identifier: Apache-2.0 */
/* flagd - flag definition files, JSON or YAML: see import.h. */
#ifndef IMPORT_FLAGD_H
#define IMPORT_FLAGD_H

#include "import/import.h"

extern const struct importer flagd_importer;

#endif
