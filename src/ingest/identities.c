/* SPDX-License-Identifier: Apache-2.0 */
/* identities - devices and their users: see identities.h. */
#include "ingest/identities.h"

static bool is_rememberable(struct str id)
{
    return id.size > 0 && id.size <= IDENTITY_BYTES_MAX;
}

struct str identity_resolve(struct notebook *devices, uint64_t environment, struct str user_id,
                            struct str device_id, struct arena *arena)
{
    if (!str_is_empty(user_id)) {
        if (is_rememberable(user_id) && is_rememberable(device_id))
            notebook_note(devices, environment, device_id, user_id);
        return user_id;
    }
    if (str_is_empty(device_id))
        return (struct str){0};
    char room[NOTE_BYTES_MAX];
    struct str known = {0};
    if (is_rememberable(device_id))
        known = notebook_find(devices, environment, device_id, room);
    return str_is_absent(known) ? device_id : arena_copy_str(arena, known);
}
