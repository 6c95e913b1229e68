/* SPDX-License-Identifier: Apache-2.0 */
/* merge_patch - RFC 7396, section 2: see merge_patch.h. */
#include "dialect/admin/merge_patch.h"

#include <assert.h>

#include "base/map.h"

static void append(struct json *object, struct str key, struct json value)
{
    object->members[object->count++] = (struct json_member){key, value};
}

static struct json merge(struct arena *arena, const struct json *target, const struct json *patch,
                         size_t depth)
{
    assert(depth <= JSON_DEPTH_MAX);
    if (patch->type != JSON_OBJECT)
        return *patch;
    assert(patch->count == 0 || patch->members != NULL);
    const struct json nothing = {.type = JSON_OBJECT};
    if (target->type != JSON_OBJECT)
        target = &nothing;
    const struct map targets = json_member_places(arena, target);
    const struct map patches = json_member_places(arena, patch);
    struct json result = {.type = JSON_OBJECT};
    result.members = ARENA_NEW_ARRAY(arena, struct json_member, target->count + patch->count);
    for (uint32_t i = 0; i < target->count; i++) {
        const struct json_member *member = &target->members[i];
        uint32_t place = map_find(&patches, member->key);
        const struct json *change = place == MAP_ABSENT ? NULL : &patch->members[place].value;
        if (change == NULL)
            append(&result, member->key, member->value);
        else if (change->type != JSON_NULL)
            append(&result, member->key, merge(arena, &member->value, change, depth + 1));
    }
    for (uint32_t i = 0; i < patch->count; i++) {
        const struct json_member *member = &patch->members[i];
        if (member->value.type != JSON_NULL && map_find(&targets, member->key) == MAP_ABSENT)
            append(&result, member->key, merge(arena, &nothing, &member->value, depth + 1));
    }
    return result;
}

struct json merge_patch(struct arena *arena, const struct json *target, const struct json *patch)
{
    return merge(arena, target, patch, 0);
}
