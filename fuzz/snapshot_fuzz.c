/* SPDX-License-Identifier: Apache-2.0 */
/*
 * snapshot_fuzz - bytes as the payload of a snapshot file, behind its checksum.
 *
 * What is believed is a view that can be written again, and that text is read as the same.
 */
#include "base/random.h"
#include "fuzz.h"
#include "snapshot/disk_payload.h"

static struct fault no_members(void *context, struct arena *arena,
                               const struct cohort_digest *digest, struct str *stored_form)
{
    (void)context;
    (void)arena;
    (void)digest;
    *stored_form = (struct str){0};
    return fault_make(FAULT_MISSING, STR("members"), STR("none here"));
}

static void render_nothing(struct snapshot *snapshot)
{
    (void)snapshot;
}

static bool read(struct arena *arena, struct str payload, struct buf *buf)
{
    struct view *view = NULL;
    struct members_source source = {no_members, NULL};
    if (failed(disk_payload_decode(arena, payload, source, render_nothing, 1930000000000, &view)))
        return false;
    buf_open(buf, SIZE_MAX);
    disk_payload_encode(view, buf);
    view_release(view);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    random_open();
    struct arena arena;
    arena_open(&arena, 4096);
    struct buf first, second;
    if (read(&arena, (struct str){(const char *)data, size}, &first)) {
        require(read(&arena, buf_str(&first), &second));
        require(str_equal(buf_str(&first), buf_str(&second)));
        buf_close(&first);
        buf_close(&second);
    }
    arena_close(&arena);
    return 0;
}
