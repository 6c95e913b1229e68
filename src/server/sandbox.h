/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox - what a server that was taken over could still do: as little as we know how.
 *
 * Two fences, both the kernel's, and both for good: they hold for every thread, every child and
 * every successor. Landlock (sandbox_files.h) goes up before the first thread is made, as it is
 * thread by thread: files below the data directory may be changed, a few more may be read, one
 * program may be started. The filter of system calls (sandbox_calls.h) goes up when everything is
 * bound: no socket, no connection, no program but our successor.
 *
 * A successor (handover.h) is born inside and puts up nothing: kernels bound how deep fences nest,
 * and a hundred upgrades in place must not be worse than one. What its predecessor's fences do not
 * let through, it does not get. So it asks the filter which revision it is (sandbox_inherited), and
 * one that is older than itself makes it refuse: then a restart is needed, once.
 *
 * Decision 17 says why there is no helper process outside.
 */
#ifndef SERVER_SANDBOX_H
#define SERVER_SANDBOX_H

#include "server/handover.h"
#include "server/options.h"

/* Goes up when a release needs something that the fences of the one before do not let through. */
enum { SANDBOX_REVISION = 1 };

struct sandbox {
    bool is_wanted;
    bool is_strict;     /* no start without both fences */
    uint32_t inherited; /* revision of the fences we were born behind; 0: none */
    int landlock;       /* ABI of the fence round the files; 0: there is none */
    bool has_calls;     /* the filter is up */
    const char *binary; /* the only program that may be started; NULL: none */
};

/* Learns what is wanted and what is there, and puts the path of the successor where nothing can
 * change it; handover->path is there from then on. */
void sandbox_open(struct sandbox *sandbox, const struct options *options,
                  struct handover *handover);

/* Before the first thread. Makes the data directory when there is none. */
struct fault sandbox_confine_files(struct sandbox *sandbox, const struct options *options,
                                   struct arena *arena, bool has_abstract_socket) MUST_CHECK;

/* When all is bound. */
struct fault sandbox_confine_calls(struct sandbox *sandbox, struct arena *arena) MUST_CHECK;

/* The same for a process that was forked before that, or after; without a word. */
void sandbox_confine_child(const struct sandbox *sandbox);

/* Whether a server with these settings can live behind the fences it would inherit. */
struct fault sandbox_check(const struct options *options, struct arena *arena) MUST_CHECK;

#endif
