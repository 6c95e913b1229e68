/* SPDX-License-Identifier: Apache-2.0 */
/* segment - people that rules name together. */
#include "cli/document.h"
#include "cli/groups.h"

static const struct command_option get_options[] = {
    {"at", '\0', "V", "as of a version or an instant", COMPLETES_NOTHING, false},
    {"document", '\0', NULL, "the document alone, as put takes it", COMPLETES_NOTHING, false}};
static const struct command_option edits[] = {RESOURCE_EDIT_OPTIONS};
static const struct command_option put_options[] = {RESOURCE_REUSE_OPTION, RESOURCE_EDIT_OPTIONS};

static const char *const segment_list_examples[] = {"segment list", NULL};
static const char *const segment_get_examples[] = {"segment get beta-testers", NULL};
static const char *const segment_put_examples[] = {"segment put beta-testers beta.json", NULL};
static const char *const segment_patch_examples[] = {
    "segment patch beta-testers '{\"included\":[\"ann\"]}'", NULL};
static const char *const segment_edit_examples[] = {"segment edit beta-testers", NULL};
static const char *const segment_delete_examples[] = {"segment delete beta-testers", NULL};
static const char *const segment_history_examples[] = {"segment history beta-testers", NULL};
static const char *const segment_diff_examples[] = {"segment diff beta-testers 41", NULL};
static const char *const segment_restore_examples[] = {"segment restore beta-testers 41", NULL};

static const struct command segment_commands[] = {
    {.verb = "list",
     .arguments = "",
     .summary = "show the environment's segments",
     .examples = segment_list_examples,
     .needs = NEEDS_ENVIRONMENT,
     .run = document_list},
    {.verb = "get",
     .arguments = "KEY",
     .summary = "show one with its document",
     .examples = segment_get_examples,
     .options = get_options,
     .option_count = COUNT_OF(get_options),
     .argument_min = 1,
     .argument_max = 1,
     .completes = COMPLETES_SEGMENTS,
     .needs = NEEDS_ENVIRONMENT,
     .run = document_get},
    {.verb = "put",
     .arguments = "KEY FILE",
     .summary = "replace its document, or make it",
     .examples = segment_put_examples,
     .options = put_options,
     .option_count = COUNT_OF(put_options),
     .argument_min = 2,
     .argument_max = 2,
     .completes = COMPLETES_SEGMENTS,
     .needs = NEEDS_ENVIRONMENT,
     .run = document_put},
    {.verb = "patch",
     .arguments = "KEY JSON|@FILE|-",
     .summary = "change members of its document",
     .examples = segment_patch_examples,
     .options = edits,
     .option_count = COUNT_OF(edits),
     .argument_min = 2,
     .argument_max = 2,
     .completes = COMPLETES_SEGMENTS,
     .needs = NEEDS_ENVIRONMENT,
     .run = document_patch},
    {.verb = "edit",
     .arguments = "KEY",
     .summary = "change its document in your editor",
     .examples = segment_edit_examples,
     .options = edits,
     .option_count = COUNT_OF(edits),
     .argument_min = 1,
     .argument_max = 1,
     .completes = COMPLETES_SEGMENTS,
     .needs = NEEDS_ENVIRONMENT,
     .run = document_edit},
    {.verb = "delete",
     .arguments = "KEY",
     .summary = "remove it; history stays",
     .examples = segment_delete_examples,
     .options = edits,
     .option_count = COUNT_OF(edits),
     .argument_min = 1,
     .argument_max = 1,
     .completes = COMPLETES_SEGMENTS,
     .needs = NEEDS_ENVIRONMENT,
     .run = document_delete},
    {.verb = "history",
     .arguments = "KEY",
     .summary = "show its revisions",
     .examples = segment_history_examples,
     .argument_min = 1,
     .argument_max = 1,
     .completes = COMPLETES_SEGMENTS,
     .needs = NEEDS_ENVIRONMENT,
     .run = document_history},
    {.verb = "diff",
     .arguments = "KEY VERSION [VERSION]",
     .summary = "show what changed between versions",
     .examples = segment_diff_examples,
     .argument_min = 2,
     .argument_max = 3,
     .completes = COMPLETES_SEGMENTS,
     .needs = NEEDS_ENVIRONMENT,
     .run = document_diff},
    {.verb = "restore",
     .arguments = "KEY VERSION",
     .summary = "make it again what it was",
     .examples = segment_restore_examples,
     .options = edits,
     .option_count = COUNT_OF(edits),
     .argument_min = 2,
     .argument_max = 2,
     .completes = COMPLETES_SEGMENTS,
     .needs = NEEDS_ENVIRONMENT,
     .run = document_restore},
};

const struct command_group group_segment = {
    .noun = "segment",
    .topic = "Define",
    .summary = "Segments: people that rules name together.",
    .commands = segment_commands,
    .command_count = COUNT_OF(segment_commands),
};
