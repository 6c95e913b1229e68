/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe - one question to a listener of this machine, and what it said.
 *
 * For commands that ask a running server how it is (`guidon livez`, `guidon doctor`): no client
 * library, no name to look up, one connection, a time limit. Blocks; never called in a server.
 */
#ifndef HTTP_PROBE_H
#define HTTP_PROBE_H

#include "base/arena.h"
#include "base/fault.h"

struct probe_answer {
    bool is_well;    /* a status of the 200s */
    struct str body; /* its first 4 KiB */
};

/* GET path. address as listen_parse has it; 0.0.0.0 and [::] mean this machine. FAULT_UNAVAILABLE:
 * nobody answered in time, or not in HTTP. */
struct fault http_probe(struct str address, struct str path, unsigned timeout_ms,
                        struct arena *arena, struct probe_answer *answer) MUST_CHECK;

#endif
