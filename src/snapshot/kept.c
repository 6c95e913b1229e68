/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kept - bodies made on demand and kept with a snapshot. See snapshot.h.
 *
 * Lists that only grow, at their heads, by compare and swap; a node never changes once it can be
 * seen, and all go with the snapshot. Whoever holds the snapshot may therefore walk them freely.
 */
#include "snapshot/kept.h"

#include "base/map.h"
#include "base/memory.h"
#include "snapshot/references.h"

struct kept_body {
    uint64_t name;
    struct shared_body *body; /* one reference */
    struct kept_body *next;
};

struct shared_body *shared_body_make(struct buf *buf)
{
    struct shared_body *shared = MEMORY_NEW(struct shared_body);
    atomic_init(&shared->references, 1);
    if (buf->size < buf->capacity && buf->data != NULL)
        buf->data = memory_resize(buf->data, buf->size == 0 ? 1 : buf->size);
    shared->body = (struct str){buf->data, buf->size};
    shared->digest = map_hash(buf_str(buf));
    buf_open(buf, buf->bytes_max);
    return shared;
}

void shared_body_acquire(struct shared_body *body)
{
    references_add(&body->references);
}

void shared_body_release(void *body)
{
    struct shared_body *shared = body;
    if (!references_drop(&shared->references))
        return;
    memory_free((char *)shared->body.data);
    memory_free(shared);
}

static size_t list_of(uint64_t name)
{
    return (size_t)((name * 0x9E3779B97F4A7C15u) >> 32) % KEPT_LISTS;
}

static struct shared_body *find_from(const struct kept_body *first, uint64_t name)
{
    for (const struct kept_body *kept = first; kept != NULL; kept = kept->next) {
        if (kept->name == name)
            return kept->body;
    }
    return NULL;
}

struct shared_body *snapshot_find_body(const struct snapshot *snapshot, uint64_t name)
{
    return find_from(atomic_load_explicit(&snapshot->kept[list_of(name)], memory_order_acquire),
                     name);
}

/* The lists are the one part of a published snapshot that grows; readers hold it as const. */
struct shared_body *snapshot_keep_body(const struct snapshot *snapshot, uint64_t name,
                                       struct shared_body *body)
{
    _Atomic(struct kept_body *) *list = &((struct snapshot *)snapshot)->kept[list_of(name)];
    struct kept_body *mine = MEMORY_NEW(struct kept_body);
    *mine = (struct kept_body){.name = name, .body = body};
    mine->next = atomic_load_explicit(list, memory_order_acquire);
    for (;;) {
        struct shared_body *theirs = find_from(mine->next, name);
        if (theirs != NULL) {
            shared_body_release(body);
            memory_free(mine);
            return theirs;
        }
        if (atomic_compare_exchange_weak_explicit(list, &mine->next, mine, memory_order_acq_rel,
                                                  memory_order_acquire))
            return body;
    }
}

void kept_bodies_release(struct snapshot *snapshot)
{
    for (size_t i = 0; i < KEPT_LISTS; i++) {
        struct kept_body *kept = atomic_load(&snapshot->kept[i]);
        while (kept != NULL) {
            struct kept_body *next = kept->next;
            shared_body_release(kept->body);
            memory_free(kept);
            kept = next;
        }
    }
}
