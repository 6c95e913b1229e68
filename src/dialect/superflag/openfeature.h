/* SPDX-License-Identifier: Apache-2.0 */
/* openfeature - the vendor's results as its OpenFeature provider reports them (section 19). */
#ifndef SUPERFLAG_OPENFEATURE_H
#define SUPERFLAG_OPENFEATURE_H

#include "dialect/superflag/details.h"

/* {value, variant?, reason, errorCode?, errorMessage?, flagMetadata} */
void superflag_append_resolution(struct json_writer *writer,
                                 const struct superflag_details *details);

/* An OpenFeature context ({targetingKey, …attributes}) as {targetingKey, attributes}. */
struct json superflag_context_of_openfeature(struct arena *arena, const struct json *context);

#endif
