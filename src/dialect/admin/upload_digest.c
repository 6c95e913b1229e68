/* SPDX-License-Identifier: Apache-2.0 */
/* upload_digest - what passes into a sink, digested: see upload_digest.h. */
#include "dialect/admin/upload_digest.h"

#include "base/digest.h"
#include "base/memory.h"

struct upload_digest {
    struct http_body_sink sink; /* first */
    struct http_body_sink *inner;
    struct digest digest;
};

static struct upload_digest *of(struct http_body_sink *sink)
{
    return (struct upload_digest *)(void *)sink;
}

static bool write_through(struct http_body_sink *sink, struct str piece)
{
    struct upload_digest *upload = of(sink);
    digest_add(&upload->digest, piece);
    return upload->inner->write(upload->inner, piece);
}

static void abandon(struct http_body_sink *sink)
{
    struct upload_digest *upload = of(sink);
    upload->inner->abandon(upload->inner);
    memory_free(upload);
}

struct http_body_sink *upload_digest_open(struct http_body_sink *inner)
{
    struct upload_digest *upload = MEMORY_NEW(struct upload_digest);
    upload->sink = (struct http_body_sink){write_through, abandon};
    upload->inner = inner;
    digest_begin(&upload->digest);
    return &upload->sink;
}

struct str upload_digest_take(struct arena *arena, struct http_body_sink **sink)
{
    if (*sink == NULL || (*sink)->write != write_through)
        return (struct str){0};
    struct upload_digest *upload = of(*sink);
    unsigned char *name = arena_allocate(arena, DIGEST_BYTES);
    digest_end(&upload->digest, name, DIGEST_BYTES);
    *sink = upload->inner;
    memory_free(upload);
    return (struct str){(const char *)name, DIGEST_BYTES};
}
