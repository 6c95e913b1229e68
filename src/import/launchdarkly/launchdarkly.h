/* SPDX-License-Identifier: Apache-2.0 */
/* launchdarkly - flag data and exports: see import.h. */
#ifndef IMPORT_LAUNCHDARKLY_H
#define IMPORT_LAUNCHDARKLY_H

#include "import/import.h"

extern const struct importer launchdarkly_importer;

#endif
