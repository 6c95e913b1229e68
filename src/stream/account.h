/* SPDX-License-Identifier: Apache-2.0 */
/*
 * account - how many streams each credential has, over all loops.
 *
 * A topic holds the account of its credential, so that a stream that comes or goes costs one
 * atomic addition; the lock is taken when a topic is made or dropped. Accounts are made for
 * credentials that were found in the catalog, never for what a request merely says.
 */
#ifndef STREAM_ACCOUNT_H
#define STREAM_ACCOUNT_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/str.h"

enum { ACCOUNT_LISTS = 256 };

struct account {
    struct account *next;
    size_t references; /* topics; guarded by the accounts' mutex */
    _Atomic size_t stream_count;
    size_t id_size;
    char id[];
};

struct accounts {
    pthread_mutex_t mutex;
    struct account *lists[ACCOUNT_LISTS];
};

void accounts_open(struct accounts *accounts);
void accounts_close(struct accounts *accounts); /* all have been released */

struct account *account_acquire(struct accounts *accounts, struct str id);
void account_release(struct accounts *accounts, struct account *account);

/* One stream more, unless there are `most` already. */
bool account_enter(struct account *account, size_t most);
void account_leave(struct account *account);

#endif
