/* SPDX-License-Identifier: Apache-2.0 */
/* goff - GO Feature Flag files, JSON or YAML: see import.h. */
#ifndef IMPORT_GOFF_H
#define IMPORT_GOFF_H

#include "import/import.h"

extern const struct importer goff_importer;

#endif
