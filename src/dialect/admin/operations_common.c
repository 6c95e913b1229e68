/* SPDX-License-Identifier: Apache-2.0 */
/* operations_common - what the API says of itself. */
#include "dialect/admin/operations.h"

#define TAG STR("About")

const struct operation operation_get_description = {
    .id = STR("getDescription"),
    .tag = TAG,
    .summary = STR("Get this description (OpenAPI 3.1)"),
    .traits = OPERATION_DETECTS,
    .status = 200,
    .answer = STR("Description"),
};

const struct operation operation_get_description_as_yaml = {
    .id = STR("getDescriptionAsYaml"),
    .tag = TAG,
    .summary = STR("Get this description as YAML, of which JSON is a part"),
    .traits = OPERATION_DETECTS,
    .status = 200,
    .answer = STR("Description"),
    .answer_media = STR("application/yaml"),
};

const struct operation operation_get_problem = {
    .id = STR("getProblem"),
    .tag = TAG,
    .summary = STR("Get what is known about a kind of problem"),
    .details = STR("The `type` of every problem document leads here."),
    .traits = OPERATION_DETECTS,
    .status = 200,
    .answer = STR("ProblemKind"),
};
