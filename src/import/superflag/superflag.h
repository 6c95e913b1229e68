/* SPDX-License-Identifier: Apache-2.0 */
/* superflag - core and legacy documents, alone or in the answer that carries them: see import.h. */
#ifndef IMPORT_SUPERFLAG_H
#define IMPORT_SUPERFLAG_H

#include "import/import.h"

extern const struct importer superflag_importer;

#endif
