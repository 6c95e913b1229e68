/* SPDX-License-Identifier: Apache-2.0 */
/* account - how many streams each credential has: see account.h. */
#include "stream/account.h"

#include <assert.h>
#include <string.h>

#include "base/memory.h"

void accounts_open(struct accounts *accounts)
{
    *accounts = (struct accounts){0};
    pthread_mutex_init(&accounts->mutex, NULL);
}

void accounts_close(struct accounts *accounts)
{
    for (size_t i = 0; i < ACCOUNT_LISTS; i++)
        assert(accounts->lists[i] == NULL);
    pthread_mutex_destroy(&accounts->mutex);
}

/* FNV-1a: the ids are of our own making. */
static size_t list_of(struct str id)
{
    uint64_t hash = 0xCBF29CE484222325U;
    for (size_t i = 0; i < id.size; i++)
        hash = (hash ^ (unsigned char)id.data[i]) * 0x100000001B3U;
    return (size_t)((hash >> 32) % ACCOUNT_LISTS);
}

static struct account *make_account(struct str id)
{
    struct account *account = memory_allocate(sizeof(struct account) + id.size);
    *account = (struct account){.id_size = id.size};
    if (id.size > 0)
        memcpy(account->id, id.data, id.size);
    return account;
}

struct account *account_acquire(struct accounts *accounts, struct str id)
{
    pthread_mutex_lock(&accounts->mutex);
    struct account **list = &accounts->lists[list_of(id)];
    struct account *account = *list;
    while (account != NULL && !str_equal((struct str){account->id, account->id_size}, id))
        account = account->next;
    if (account == NULL) {
        account = make_account(id);
        account->next = *list;
        *list = account;
    }
    account->references++;
    pthread_mutex_unlock(&accounts->mutex);
    return account;
}

void account_release(struct accounts *accounts, struct account *account)
{
    pthread_mutex_lock(&accounts->mutex);
    assert(account->references > 0);
    if (--account->references == 0) {
        assert(atomic_load(&account->stream_count) == 0);
        struct account **link =
            &accounts->lists[list_of((struct str){account->id, account->id_size})];
        while (*link != account)
            link = &(*link)->next;
        *link = account->next;
        memory_free(account);
    }
    pthread_mutex_unlock(&accounts->mutex);
}

bool account_enter(struct account *account, size_t most)
{
    if (atomic_fetch_add(&account->stream_count, 1) < most)
        return true;
    atomic_fetch_sub(&account->stream_count, 1);
    return false;
}

void account_leave(struct account *account)
{
    size_t before = atomic_fetch_sub(&account->stream_count, 1);
    assert(before > 0);
}
