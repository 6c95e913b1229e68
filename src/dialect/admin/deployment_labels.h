/* SPDX-License-Identifier: Apache-2.0 */
/*
 * deployment_labels - deployments by name: their numbers mean nothing in another environment.
 *
 * A label alone where it is the only one of its environment, "label#number" where it is not.
 */
#ifndef ADMIN_DEPLOYMENT_LABELS_H
#define ADMIN_DEPLOYMENT_LABELS_H

#include "snapshot/snapshot.h"

/* The label of a deployment, in the arena. A number that no deployment has is "#number". */
struct str deployment_label(const struct catalog *catalog, uint64_t number, struct arena *arena);

/* The number that the label stands for in an environment; 0: none. */
uint64_t deployment_of_label(const struct catalog *catalog, uint64_t environment, struct str label);

/* Gives a flag of another environment the deployments of this one that are called alike.
 * FAULT_INVALID, naming it, for one that is not there. */
struct fault deployment_labels_translate(const struct catalog *catalog, uint64_t environment,
                                         struct arena *arena, struct flag *flag) MUST_CHECK;

#endif
