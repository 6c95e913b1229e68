/* SPDX-License-Identifier: Apache-2.0 */
/* amplitude - answers of the management API, and flag configurations: see import.h. */
#ifndef IMPORT_AMPLITUDE_H
#define IMPORT_AMPLITUDE_H

#include "import/import.h"

extern const struct importer amplitude_importer;

#endif
