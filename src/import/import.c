/* SPDX-License-Identifier: Apache-2.0 */
/* import - the list of importers: see import.h. One include and one line per vendor. */
#include "import/import.h"

#include <assert.h>

#include "import/amplitude/amplitude.h"
#include "import/flagd/flagd.h"
#include "import/goff/goff.h"
#include "import/launchdarkly/launchdarkly.h"
#include "import/superflag/superflag.h"
#include "import/unleash/unleash.h"

/* As help shows them. */
static const struct importer *const all[] = {
    &amplitude_importer,    &superflag_importer, &unleash_importer,
    &launchdarkly_importer, &flagd_importer,     &goff_importer,
};

const struct importer *const *importers(size_t *count)
{
    *count = COUNT_OF(all);
    return all;
}

const struct importer *importer_find(struct str name)
{
    for (size_t i = 0; i < COUNT_OF(all); i++) {
        if (str_equal(all[i]->name, name))
            return all[i];
    }
    return NULL;
}

struct str import_outcome_text(enum import_outcome outcome)
{
    switch (outcome) {
    case IMPORT_EXACT:
        return STR("exact");
    case IMPORT_REDEALT:
        return STR("re-dealt");
    case IMPORT_PARTLY:
        return STR("partly");
    case IMPORT_LEFT_OUT:
        return STR("left out");
    }
    assert(false);
    return STR("");
}
