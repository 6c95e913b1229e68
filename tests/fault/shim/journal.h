/* SPDX-License-Identifier: Apache-2.0 */
/*
 * journal - which files are watched, which call to them fails, and what is written down of them.
 *
 * One at a time: what is between shim_lock and shim_unlock happens in the order the journal has it.
 */
#ifndef FAULT_JOURNAL_H
#define FAULT_JOURNAL_H

#include <dlfcn.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { FILES_MAX = 4096, NAME_BYTES_MAX = 160 };

/* As io_test.py and power_cut.py have them. */
enum call { OPEN, WRITE, READ, TRUNCATE, SYNC, RENAME, UNLINK, STAT, MAP, MAKE_DIRECTORY, CREATE };
enum how { HOW_NOTHING, HOW_EIO, HOW_ENOSPC, HOW_EINTR, HOW_SHORT, HOW_KILL };

struct control {
    _Atomic uint64_t count; /* calls that the fault could befall */
    uint64_t fails_at;      /* 0: none */
    uint32_t how;
    uint32_t goes_on;      /* all that follow fail as well */
    _Atomic uint64_t hits; /* that failed */
    _Atomic uint64_t failed_syncs;
    _Atomic uint64_t seen[16]; /* calls by enum call, failed ones too */
    char last[NAME_BYTES_MAX]; /* what failed last */
};

struct record {
    uint32_t call, name_bytes, other_bytes, is_directory;
    uint64_t offset, data_bytes;
};

struct touched {
    enum call call;
    const char *name, *other; /* within the directory; "" is itself */
    uint64_t offset;
    const void *data;
    size_t data_bytes;
    bool is_directory;
};

#define NEXT(function)                                                                             \
    __extension__({                                                                                \
        static __typeof__(function) *next;                                                         \
        if (next == NULL)                                                                          \
            next = (__typeof__(function) *)dlsym(RTLD_NEXT, #function);                            \
        next;                                                                                      \
    })

void shim_lock(void);
void shim_unlock(void);

/* Names are within the directory: "" is itself, else "/name"; NULL is not ours. */
const char *shim_below(const char *path);
const char *shim_name_at(int directory, const char *path, char room[NAME_BYTES_MAX]);
const char *shim_name_of(int file); /* without its slash */
void shim_remember(int file, const char *name);
void shim_forget(int file);

/* Under the lock. Whether this call fails, and how; what errno then is. */
enum how shim_next_fate(enum call call, const char *name, bool is_making);
int shim_error_of(enum how how);
void shim_note(const struct touched *touched);

#endif
