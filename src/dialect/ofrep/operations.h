/* SPDX-License-Identifier: Apache-2.0 */
/* operations - what this dialect's routes say of themselves: see dialect/operation.h. */
#ifndef OFREP_OPERATIONS_H
#define OFREP_OPERATIONS_H

#include "dialect/operation.h"

extern const struct operation ofrep_operation_evaluate_one;
extern const struct operation ofrep_operation_evaluate_all;
extern const struct operation ofrep_operation_follow;

extern const struct operation_schemas ofrep_schemas;

#endif
