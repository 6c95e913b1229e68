/* SPDX-License-Identifier: Apache-2.0 */
/* operations_definitions - flags, segments, groups and cohorts. */
#include "dialect/admin/operations.h"

/* ---- flags ----------------------------------------------------------------------------------- */

#define FLAGS STR("Flags")
#define BOOLEAN STR("{\"type\":\"boolean\"}")
#define RESHUFFLE                                                                                  \
    {                                                                                              \
        STR("acknowledge"),                                                                        \
            STR("reshuffle: a change of the flag's arithmetic or salts, which deals everybody "    \
                "anew, is "                                                                        \
                "meant; without it such a change is 422, needs_acknowledgement, with what would "  \
                "move"),                                                                           \
            STR("{\"const\":\"reshuffle\"}"), false                                                \
    }
#define IS_REUSED                                                                                  \
    "reuse: that a key which was another's, and that one was deleted, is given to a new one is "   \
    "meant; without it such a change is 422, needs_acknowledgement, with the version that "        \
    "deleted it. The audit trail says so in any case"
#define REUSE                                                                                      \
    {                                                                                              \
        STR("acknowledge"), STR(IS_REUSED), STR("{\"const\":\"reuse\"}"), false                    \
    }

static const struct operation_query reuse_query[] = {REUSE};

static const struct operation_query flag_filters[] = {
    {STR("kind"), STR("Flags of one kind"),
     STR("{\"enum\":[\"flag\",\"experiment\",\"mutex\",\"holdout\"]}"), false},
    {STR("tag"), STR("Flags that have this tag"), STR("{\"type\":\"string\"}"), false},
    {STR("q"), STR("Flags whose key or name has this part; ASCII letters match in either case"),
     STR("{\"type\":\"string\"}"), false},
    {STR("archived"), STR("Archived flags, or those that are not"), BOOLEAN, false},
    {STR("enabled"), STR("Flags that are on, or off"), BOOLEAN, false},
};

const struct operation operation_list_flags = {
    .id = STR("listFlags"),
    .tag = FLAGS,
    .summary = STR("List flags in the order of their keys"),
    .details = STR("A page may be shorter than its limit when documents are large."),
    .traits = OPERATION_LISTS | OPERATION_AS_OF | OPERATION_DETECTS,
    .status = 200,
    .answer = STR("Flag"),
    .query = flag_filters,
    .query_count = COUNT_OF(flag_filters),
};

const struct operation operation_create_flag = {
    .id = STR("createFlag"),
    .tag = FLAGS,
    .summary = STR("Create a flag"),
    .details =
        STR("What is left out takes its default: {\"key\": \"dark-mode\"} alone is a boolean "
            "flag, off, that serves \"on\" to everybody once it is enabled. A key that was "
            "used before makes a new flag with a history of its own, once it is said that this "
            "is meant."),
    .traits = OPERATION_MUTATES | OPERATION_CREATES,
    .status = 201,
    .body = STR("FlagCreation"),
    .answer = STR("Flag"),
    .query = reuse_query,
    .query_count = COUNT_OF(reuse_query),
};

const struct operation operation_get_flag = {
    .id = STR("getFlag"),
    .tag = FLAGS,
    .summary = STR("Get a flag"),
    .traits = OPERATION_AS_OF | OPERATION_DETECTS,
    .status = 200,
    .answer = STR("Flag"),
};

static const struct operation_query put_flag_query[] = {
    {STR("acknowledge"),
     STR("reshuffle: a change of the flag's arithmetic or salts, which deals everybody anew, is "
         "meant. " IS_REUSED),
     STR("{\"enum\":[\"reshuffle\",\"reuse\",\"reshuffle,reuse\"]}"), false},
};

const struct operation operation_put_flag = {
    .id = STR("putFlag"),
    .tag = FLAGS,
    .summary = STR("Create a flag or replace it"),
    .details = STR("What is left out takes its default, but id, arithmetic, salt and bucketBy of a "
                   "flag that is there stay. If-None-Match: * creates alone."),
    .traits = OPERATION_MUTATES | OPERATION_MAY_CREATE,
    .status = 200,
    .body = STR("FlagReplacement"),
    .answer = STR("Flag"),
    .query = put_flag_query,
    .query_count = COUNT_OF(put_flag_query),
};

static const struct operation_query patch_flag_query[] = {RESHUFFLE};

const struct operation operation_patch_flag = {
    .id = STR("patchFlag"),
    .tag = FLAGS,
    .summary = STR("Change a flag"),
    .details = STR("A JSON Merge Patch (RFC 7396) of the flag's document: members that are named "
                   "change, lists as a whole, and null takes one out."),
    .traits = OPERATION_MUTATES,
    .status = 200,
    .body = STR("FlagPatch"),
    .answer = STR("Flag"),
    .query = patch_flag_query,
    .query_count = COUNT_OF(patch_flag_query),
};

const struct operation operation_delete_flag = {
    .id = STR("deleteFlag"),
    .tag = FLAGS,
    .summary = STR("Delete a flag"),
    .details =
        STR("Refused with 409, naming them, while other flags lean on it. Its history stays, "
            "and it can be restored."),
    .traits = OPERATION_MUTATES,
    .status = 204,
};

const struct operation operation_explain_reach = {
    .id = STR("explainReach"),
    .tag = FLAGS,
    .summary = STR("Tell which protocols serve a flag, and why others do not"),
    .traits = OPERATION_DETECTS,
    .status = 200,
    .answer = STR("Reach"),
};

static const struct operation_query flag_history_query[] = {
    {STR("id"), STR("Of the flag with this id, where several had the key one after the other"),
     STR("{\"type\":\"string\",\"minLength\":1}"), false},
};

const struct operation operation_list_flag_history = {
    .id = STR("listFlagHistory"),
    .tag = FLAGS,
    .summary = STR("List a flag's revisions, newest first"),
    .details = STR("Of the flag that has the key, or had it last, if it is not said of which. A "
                   "page may be shorter than its limit when documents are large."),
    .traits = OPERATION_LISTS | OPERATION_DETECTS,
    .status = 200,
    .answer = STR("FlagRevision"),
    .query = flag_history_query,
    .query_count = COUNT_OF(flag_history_query),
};

static const struct operation_query restore_flag_query[] = {RESHUFFLE};

const struct operation operation_restore_flag = {
    .id = STR("restoreFlag"),
    .tag = FLAGS,
    .summary = STR("Make a flag what it was at an earlier version of its environment"),
    .details = STR("As a new revision. One that was deleted comes back under its id."),
    .traits = OPERATION_MUTATES,
    .status = 200,
    .body = STR("VersionReference"),
    .answer = STR("Flag"),
    .query = restore_flag_query,
    .query_count = COUNT_OF(restore_flag_query),
};

/* ---- segments -------------------------------------------------------------------------------- */

#define SEGMENTS STR("Segments")

const struct operation operation_list_segments = {
    .id = STR("listSegments"),
    .tag = SEGMENTS,
    .summary = STR("List segments in the order of their keys"),
    .traits = OPERATION_LISTS | OPERATION_AS_OF | OPERATION_DETECTS,
    .status = 200,
    .answer = STR("Segment"),
};

const struct operation operation_create_segment = {
    .id = STR("createSegment"),
    .tag = SEGMENTS,
    .summary = STR("Create a segment"),
    .traits = OPERATION_MUTATES | OPERATION_CREATES,
    .status = 201,
    .body = STR("SegmentCreation"),
    .answer = STR("Segment"),
    .query = reuse_query,
    .query_count = COUNT_OF(reuse_query),
};

const struct operation operation_get_segment = {
    .id = STR("getSegment"),
    .tag = SEGMENTS,
    .summary = STR("Get a segment, and who uses it"),
    .traits = OPERATION_AS_OF | OPERATION_DETECTS,
    .status = 200,
    .answer = STR("Segment"),
};

const struct operation operation_put_segment = {
    .id = STR("putSegment"),
    .tag = SEGMENTS,
    .summary = STR("Create a segment or replace it"),
    .details = STR("If-None-Match: * creates alone."),
    .traits = OPERATION_MUTATES | OPERATION_MAY_CREATE,
    .status = 200,
    .body = STR("SegmentReplacement"),
    .answer = STR("Segment"),
    .query = reuse_query,
    .query_count = COUNT_OF(reuse_query),
};

const struct operation operation_patch_segment = {
    .id = STR("patchSegment"),
    .tag = SEGMENTS,
    .summary = STR("Change a segment"),
    .details = STR("A JSON Merge Patch (RFC 7396) of the segment's document."),
    .traits = OPERATION_MUTATES,
    .status = 200,
    .body = STR("SegmentPatch"),
    .answer = STR("Segment"),
};

const struct operation operation_delete_segment = {
    .id = STR("deleteSegment"),
    .tag = SEGMENTS,
    .summary = STR("Delete a segment"),
    .details = STR("Refused with 409, naming them, while flags or segments use it."),
    .traits = OPERATION_MUTATES,
    .status = 204,
};

const struct operation operation_list_segment_history = {
    .id = STR("listSegmentHistory"),
    .tag = SEGMENTS,
    .summary = STR("List a segment's revisions, newest first"),
    .details =
        STR("Of all segments that had the key: one that was created again begins at revision "
            "1. A page may be shorter than its limit when documents are large."),
    .traits = OPERATION_LISTS | OPERATION_DETECTS,
    .status = 200,
    .answer = STR("SegmentRevision"),
};

const struct operation operation_restore_segment = {
    .id = STR("restoreSegment"),
    .tag = SEGMENTS,
    .summary = STR("Make a segment what it was at an earlier version of its environment"),
    .details = STR("As a new revision. One that was deleted comes back under its id."),
    .traits = OPERATION_MUTATES,
    .status = 200,
    .body = STR("VersionReference"),
    .answer = STR("Segment"),
};

/* ---- groups ---------------------------------------------------------------------------------- */

#define GROUPS STR("Groups")

const struct operation operation_list_groups = {
    .id = STR("listGroups"),
    .tag = GROUPS,
    .summary = STR("List mutual exclusion and holdout groups, with their members"),
    .traits = OPERATION_LISTS | OPERATION_AS_OF | OPERATION_DETECTS,
    .status = 200,
    .answer = STR("Group"),
};

const struct operation operation_create_group = {
    .id = STR("createGroup"),
    .tag = GROUPS,
    .summary = STR("Create a group"),
    .details =
        STR("A mutual exclusion group deals everybody to one of its slots, or to none with "
            "what is left of 100 percent; a holdout keeps a percentage out of its members. A "
            "group is a flag of its own kind, and can be changed as one."),
    .traits = OPERATION_MUTATES | OPERATION_CREATES,
    .status = 201,
    .body = STR("GroupCreation"),
    .answer = STR("Group"),
    .query = reuse_query,
    .query_count = COUNT_OF(reuse_query),
};

const struct operation operation_get_group = {
    .id = STR("getGroup"),
    .tag = GROUPS,
    .summary = STR("Get a group, with its members"),
    .traits = OPERATION_AS_OF | OPERATION_DETECTS,
    .status = 200,
    .answer = STR("Group"),
};

const struct operation operation_delete_group = {
    .id = STR("deleteGroup"),
    .tag = GROUPS,
    .summary = STR("Delete a group"),
    .details = STR("Refused with 409, naming them, while it has members."),
    .traits = OPERATION_MUTATES,
    .status = 204,
};

const struct operation operation_put_group_member = {
    .id = STR("putGroupMember"),
    .tag = GROUPS,
    .summary = STR("Put a flag into a group"),
    .details =
        STR("Into exactly these slots of a mutual exclusion group; slots are not given for a "
            "holdout. What changes is the flag, which then has a prerequisite on the group: "
            "If-Match is held against the flag's tag, and the answer is the flag."),
    .traits = OPERATION_MUTATES,
    .status = 200,
    .body = STR("GroupMembership"),
    .answer = STR("Flag"),
};

const struct operation operation_delete_group_member = {
    .id = STR("deleteGroupMember"),
    .tag = GROUPS,
    .summary = STR("Take a flag out of a group"),
    .details = STR("If-Match is held against the flag's tag."),
    .traits = OPERATION_MUTATES,
    .status = 204,
};

/* ---- cohorts --------------------------------------------------------------------------------- */

#define COHORTS STR("Cohorts")

const struct operation operation_list_cohorts = {
    .id = STR("listCohorts"),
    .tag = COHORTS,
    .summary = STR("List cohorts"),
    .traits = OPERATION_LISTS | OPERATION_DETECTS,
    .status = 200,
    .answer = STR("Cohort"),
};

const struct operation operation_get_cohort = {
    .id = STR("getCohort"),
    .tag = COHORTS,
    .summary = STR("Get a cohort"),
    .details = STR("Its tag changes with its members."),
    .traits = OPERATION_DETECTS,
    .status = 200,
    .answer = STR("Cohort"),
};

static const struct operation_query put_cohort_query[] = {
    {STR("name"), STR("For people; left out, it stays"),
     STR("{\"type\":\"string\",\"maxLength\":2048}"), false},
    {STR("description"), STR("For people; left out, it stays"),
     STR("{\"type\":\"string\",\"maxLength\":2048}"), false},
    {STR("groupType"),
     STR("User for people, else the type of group its members are; left out, it stays"),
     STR("{\"type\":\"string\",\"minLength\":1,\"maxLength\":2048}"), false},
    REUSE,
};

const struct operation operation_put_cohort = {
    .id = STR("putCohort"),
    .tag = COHORTS,
    .summary = STR("Upload a cohort's members, all of them"),
    .details =
        STR("text/plain: one id per line, up to a million of them; application/json: at most "
            "16 MiB. A dry run reads and checks the body."),
    .traits = OPERATION_MUTATES,
    .status = 200,
    .body = STR("CohortUpload"),
    .body_media = STR("text/plain, application/json"),
    .answer = STR("Cohort"),
    .query = put_cohort_query,
    .query_count = COUNT_OF(put_cohort_query),
};

const struct operation operation_delete_cohort = {
    .id = STR("deleteCohort"),
    .tag = COHORTS,
    .summary = STR("Delete a cohort"),
    .traits = OPERATION_MUTATES,
    .status = 204,
};
