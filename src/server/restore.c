/* SPDX-License-Identifier: Apache-2.0 */
/* restore - `guidon restore`: see restore.h. */
#include "server/restore.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "server/arguments.h"
#include "server/server.h"
#include "server/terminal.h"

static const struct argument table[] = {
    {"data", 0, ARGUMENT_TEXT, offsetof(struct restore, data), "DIR",
     "the server's data directory [$GUIDON_DATA]"},
    {"dry-run", 0, ARGUMENT_SWITCH, offsetof(struct restore, is_dry_run), NULL,
     "verify and report, replace nothing"},
    {"yes", 0, ARGUMENT_SWITCH, offsetof(struct restore, is_confirmed), NULL,
     "replace what is there without asking"},
    {"above", 0, ARGUMENT_NUMBER, offsetof(struct restore, above), "N",
     "give every environment a version above N"},
    {"output", 'o', ARGUMENT_TEXT, offsetof(struct restore, output), "json",
     "the report as one line of JSON"},
};

static const char *const more[] = {
    "The server must be stopped. The backup is verified before anything is replaced,",
    "the replaced store is kept beside it, and versions never go down.",
    "",
    "  guidon backup -O guidon.db                           from the running server",
    "  guidon restore guidon.db --data /var/lib/guidon --dry-run",
    "  guidon restore guidon.db --data /var/lib/guidon",
    NULL,
};

static const struct argument_table command = {
    .usage = "restore FILE --data DIR",
    .summary = "Make a backup the store of a stopped server.",
    .more = more,
    .arguments = table,
    .count = COUNT_OF(table),
    .operands_max = 1,
};

/* Versions are numbers of JSON, exact up to twice this: there is room to go on above it. */
static const uint64_t above_max = (uint64_t)1 << 52;

static struct fault misuse(const char *why)
{
    return fault_make(FAULT_INVALID, STR(""), str_of(why));
}

static struct fault read_arguments(struct restore *restore, int count, char **arguments,
                                   bool *wants_help)
{
    struct operands operands;
    struct fault fault =
        arguments_read(&restore->arena, &command, count, arguments, restore, &operands);
    *wants_help = !failed(fault) && operands.wants_help;
    if (failed(fault) || *wants_help)
        return fault;
    if (operands.count == 0)
        return misuse("say which file to restore: guidon restore FILE --data DIR");
    restore->file = operands.items[0];
    if (str_is_absent(restore->data))
        restore->data = str_of(getenv("GUIDON_DATA"));
    if (str_is_empty(restore->data))
        return misuse("say into which data directory: --data DIR");
    if (restore->above > above_max)
        return misuse("--above is beyond what versions can be: at most 4503599627370496");
    if (!str_is_absent(restore->output) && !str_equal(restore->output, STR("json")))
        return misuse("-o takes json alone");
    restore->directory = arena_format(&restore->arena, "%.*s", STR_ARG(restore->data)).data;
    return fault_none();
}

static struct fault claim(struct restore *restore)
{
    struct stat status;
    restore->made_directory = stat(restore->directory, &status) != 0;
    struct fault fault = store_claim_open(&restore->claim, restore->data);
    if (fault.kind == FAULT_CONFLICT)
        return fault_make(FAULT_CONFLICT, restore->data,
                          arena_format(&restore->arena,
                                       "a process is using %s: stop the server first",
                                       restore->directory));
    return fault;
}

static void say_report(const struct restore *restore)
{
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    if (str_is_absent(restore->output))
        restore_write_report(restore, &buf);
    else
        restore_write_json(restore, &buf);
    terminal_say(buf_str(&buf));
    buf_close(&buf);
}

/* What is not there needs nobody's word. */
static struct fault confirm(struct restore *restore)
{
    if (restore->replaced == REPLACED_NOTHING || restore->is_confirmed)
        return fault_none();
    if (!terminal_is_interactive())
        return fault_make(FAULT_DENIED, restore->data,
                          arena_format(&restore->arena,
                                       "%s has a store already: add --yes to replace it",
                                       restore->directory));
    if (terminal_confirm(STR("\nThis replaces the store. Type restore to go on: "), STR("restore")))
        return fault_none();
    return fault_make(FAULT_DENIED, restore->data, STR("nothing was replaced"));
}

static void say_done(const struct restore *restore)
{
    if (!str_is_absent(restore->output)) {
        say_report(restore);
        return;
    }
    printf("\nRestored into %s.\n", restore->directory);
    if (!str_is_absent(restore->kept))
        printf("What was there is kept. To put it back:\n\n  guidon restore %.*s --data %s\n",
               STR_ARG(restore->kept), restore->directory);
    if (!str_is_absent(restore->warning))
        printf("\nNote: %.*s.\n", STR_ARG(restore->warning));
    fflush(stdout);
}

static struct fault replace(struct restore *restore)
{
    struct fault fault = confirm(restore);
    if (!failed(fault))
        fault = restore_tell(restore);
    if (!failed(fault))
        fault = restore_swap(restore);
    if (!failed(fault))
        say_done(restore);
    return fault;
}

static struct fault run(struct restore *restore)
{
    struct fault fault = restore_stage(restore);
    if (!failed(fault))
        fault = restore_plan(restore);
    if (failed(fault))
        return fault;
    if (restore->is_dry_run || str_is_absent(restore->output))
        say_report(restore);
    return restore->is_dry_run ? fault_none() : replace(restore);
}

/* Nothing but what it was asked for stays. */
static void leave(struct restore *restore, bool is_done)
{
    restore_unstage(restore);
    if (!is_done && restore->made_directory && restore->claim != NULL) {
        unlink(arena_format(&restore->arena, "%s/guidon.lock", restore->directory).data);
        rmdir(restore->directory);
    }
    store_claim_close(restore->claim);
    arena_close(&restore->arena);
}

static int help(void)
{
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    arguments_help(&command, &buf);
    terminal_say(buf_str(&buf));
    buf_close(&buf);
    return 0;
}

int restore_run(int count, char **arguments)
{
    struct restore restore = {.now_ms = clock_wall_ms(clock_system())};
    bool wants_help = false;
    arena_open(&restore.arena, 4096);
    struct fault fault = read_arguments(&restore, count, arguments, &wants_help);
    if (!failed(fault) && !wants_help)
        fault = claim(&restore);
    if (!failed(fault) && !wants_help)
        fault = run(&restore);
    int status = wants_help ? help() : terminal_status(fault);
    leave(&restore, !failed(fault) && !restore.is_dry_run);
    return status;
}
