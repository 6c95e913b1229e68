/* SPDX-License-Identifier: Apache-2.0 */
/*
 * livez - asks the operations listener of a server on this machine how it is.
 *
 * For supervisors that run a command instead of asking themselves: a container's health check has
 * no shell and no curl. Takes the settings of `guidon serve` and finds the listener by them.
 */
#include <stdio.h>

#include "http/probe.h"
#include "server/options.h"
#include "server/server.h"

enum { LIVEZ_WELL = 0, LIVEZ_NOT_WELL = 1, LIVEZ_USAGE = 4, LIVEZ_UNREACHABLE = 8 };
enum { PATIENCE_MS = 2000 };

static void complain(struct str sentence)
{
    fprintf(stderr, "guidon: %.*s\n", STR_ARG(sentence));
}

static int show(const struct options *options, struct str path, struct arena *arena)
{
    struct str address = options_operations_address(arena, options);
    struct probe_answer answer;
    struct fault fault = http_probe(address, path, PATIENCE_MS, arena, &answer);
    if (failed(fault)) {
        complain(arena_format(arena,
                              "http://%.*s%.*s: %.*s; is the server running, with this"
                              " operations-listen?",
                              STR_ARG(address), STR_ARG(path), STR_ARG(fault.why)));
        return LIVEZ_UNREACHABLE;
    }
    fwrite(answer.body.data, 1, answer.body.size, stdout);
    return answer.is_well ? LIVEZ_WELL : LIVEZ_NOT_WELL;
}

static int probe_run(int count, char **arguments, struct str path)
{
    struct arena arena;
    arena_open(&arena, 4096);
    struct options options;
    struct fault fault = options_read(&arena, count, arguments, &options);
    int status = LIVEZ_WELL;
    if (failed(fault)) {
        complain(fault.why);
        status = LIVEZ_USAGE;
    } else if (options.wants_help) {
        printf("Usage: guidon %.*s [--operations-listen HOST:PORT | any setting of serve]\n\n"
               "Asks the operations listener of a server on this machine. Settings are read as\n"
               "`guidon serve` reads them: flags, variables, the file of --config-file.\n\n"
               "Exit status: 0 it is well, 1 it says that it is not, 8 nobody answers.\n",
               STR_ARG(str_slice(path, 1, path.size)));
    } else {
        status = show(&options, path, &arena);
    }
    arena_close(&arena);
    return status;
}

int livez_run(int count, char **arguments)
{
    return probe_run(count, arguments, STR("/livez"));
}

int readyz_run(int count, char **arguments)
{
    return probe_run(count, arguments, STR("/readyz"));
}
