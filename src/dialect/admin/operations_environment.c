/* SPDX-License-Identifier: Apache-2.0 */
/* operations_environment - an environment's history, and what is done to it as a whole. */
#include "dialect/admin/operations.h"

#define TAG STR("Environments")
#define WHOLE_CONDITION                                                                            \
    STR("If-Match takes the environment's version as a tag, \"v42\": the change is refused when "  \
        "the "                                                                                     \
        "environment has moved on since.")

#define GROWTH                                                                                     \
    {                                                                                              \
        STR("acknowledge"),                                                                        \
            STR("growth: that the change takes more than half of the environment's flags away, "   \
                "or makes "                                                                        \
                "it twice as large, is meant; without it such a change is 422, "                   \
                "needs_acknowledgement. The audit trail says that it was needed"),                 \
            STR("{\"const\":\"growth\"}"), false                                                   \
    }

#define GROWTH_OR_REUSE                                                                            \
    {                                                                                              \
        STR("acknowledge"),                                                                        \
            STR("growth: that the change takes more than half of the environment's flags away, "   \
                "or makes it twice as large, is meant; reuse: that keys which were others', and "  \
                "those were deleted, are given to new ones; without it such a change is 422, "     \
                "needs_acknowledgement. The audit trail says that it was needed"),                 \
            STR("{\"enum\":[\"growth\",\"reuse\",\"growth,reuse\"]}"), false                       \
    }

static const struct operation_query growth_query[] = {GROWTH};
static const struct operation_query growth_or_reuse_query[] = {GROWTH_OR_REUSE};

const struct operation operation_list_versions = {
    .id = STR("listVersions"),
    .tag = TAG,
    .summary = STR("List an environment's versions, newest first"),
    .traits = OPERATION_LISTS | OPERATION_DETECTS,
    .status = 200,
    .answer = STR("Version"),
};

const struct operation operation_get_version = {
    .id = STR("getVersion"),
    .tag = TAG,
    .summary = STR("Get one version, with what it changed"),
    .traits = OPERATION_DETECTS,
    .status = 200,
    .answer = STR("VersionDetail"),
};

const struct operation operation_restore_environment = {
    .id = STR("restoreEnvironment"),
    .tag = TAG,
    .summary = STR("Make a new version that is an earlier one again"),
    .details = WHOLE_CONDITION,
    .traits = OPERATION_MUTATES,
    .status = 200,
    .body = STR("VersionReference"),
    .answer = STR("EnvironmentChange"),
    .query = growth_query,
    .query_count = COUNT_OF(growth_query),
};

static const struct operation_query rollback_query[] = {
    {STR("steps"), STR("How many versions to go back"),
     STR("{\"type\":\"integer\",\"minimum\":1,\"maximum\":8,\"default\":1}"), false},
};

const struct operation operation_roll_back_environment = {
    .id = STR("rollBackEnvironment"),
    .tag = TAG,
    .summary = STR("Undo the newest version, as a new one"),
    .details = STR("The environment is made again what it was before its newest version, or before "
                   "its newest few. If-Match takes the environment's version as a tag, \"v42\", "
                   "for whoever wants to undo nothing but what they have seen."),
    .traits = OPERATION_MUTATES,
    .status = 200,
    .answer = STR("EnvironmentChange"),
    .query = rollback_query,
    .query_count = COUNT_OF(rollback_query),
};

static const struct operation_query compare_query[] = {
    {STR("from"), STR("An environment's number or id, or one @ a version or an instant: 1@42"),
     STR("{\"type\":\"string\",\"minLength\":1,\"examples\":[\"1@42\"]}"), true},
    {STR("to"), STR("The other side, in the same form"),
     STR("{\"type\":\"string\",\"minLength\":1,\"examples\":[\"2\"]}"), true},
};

const struct operation operation_compare = {
    .id = STR("compare"),
    .tag = TAG,
    .summary = STR("Compare two environments, or two versions of one"),
    .details =
        STR("Between two environments, ids are not compared and deployments are not either."),
    .traits = OPERATION_DETECTS,
    .status = 200,
    .answer = STR("Comparison"),
    .query = compare_query,
    .query_count = COUNT_OF(compare_query),
};

const struct operation operation_promote = {
    .id = STR("promote"),
    .tag = TAG,
    .summary = STR("Take flags and segments over from another environment"),
    .details =
        STR("A flag that is there already keeps its salt, arithmetic and deployments, so that "
            "nobody is dealt anew; a new one brings its own, deployments by their labels. "
            "If-Match takes the version of the environment that takes over, \"v42\"."),
    .traits = OPERATION_MUTATES,
    .status = 200,
    .body = STR("Promotion"),
    .answer = STR("EnvironmentChange"),
    .query = growth_or_reuse_query,
    .query_count = COUNT_OF(growth_or_reuse_query),
};

static const struct operation_query export_query[] = {
    {STR("cohorts"), STR("whole: with their members; none: without cohorts"),
     STR("{\"enum\":[\"whole\",\"none\"],\"default\":\"whole\"}"), false},
};

const struct operation operation_export_environment = {
    .id = STR("exportEnvironment"),
    .tag = TAG,
    .summary = STR("Export an environment as one text"),
    .details = STR("In stable order: equal environments have equal texts, and what is imported is "
                   "exported again byte for byte."),
    .traits = OPERATION_AS_OF | OPERATION_DETECTS,
    .status = 200,
    .answer = STR("EnvironmentText"),
    .query = export_query,
    .query_count = COUNT_OF(export_query),
};

static const struct operation_query import_query[] = {
    {STR("mode"), STR("replace: what the text does not have is deleted; merge: it stays"),
     STR("{\"enum\":[\"replace\",\"merge\"]}"), true},
    GROWTH_OR_REUSE,
};

const struct operation operation_import_environment = {
    .id = STR("importEnvironment"),
    .tag = TAG,
    .summary = STR("Import what an export wrote"),
    .details = WHOLE_CONDITION,
    .traits = OPERATION_MUTATES,
    .status = 200,
    .body = STR("EnvironmentText"),
    .answer = STR("EnvironmentChange"),
    .query = import_query,
    .query_count = COUNT_OF(import_query),
};

const struct operation operation_follow_environment = {
    .id = STR("followEnvironment"),
    .tag = TAG,
    .summary = STR("Be told of an environment's versions as they are made"),
    .details =
        STR("The newest version comes at once, as an event `version`, and then each that is made; "
            "of those that follow each other closely, the last. The event's id is the version: who "
            "comes back with it as Last-Event-ID hears of newer ones alone. A comment comes every "
            "15 seconds when nothing else does. The stream ends when the token does; it is to be "
            "opened again after the time that `retry` says."),
    .traits = OPERATION_STREAMS,
    .status = 200,
    .answer = STR("VersionEvent"),
};
