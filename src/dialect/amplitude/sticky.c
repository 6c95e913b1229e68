/* SPDX-License-Identifier: Apache-2.0 */
/* sticky - see sticky.h. */
#include "dialect/amplitude/sticky.h"

#include "dialect/amplitude/assignment.h"

static struct str name_of(const void *source, struct str group_type)
{
    const struct amplitude_person *person = source;
    if (str_is_empty(group_type))
        return user_person(person->arena, person->user);
    return user_group(person->arena, person->user, group_type);
}

struct sticky amplitude_sticky(const struct exchange *x, const struct amplitude_person *person)
{
    return (struct sticky){
        .variations = x->services->variations,
        .environment = x->caller->environment,
        .name = name_of,
        .source = person,
    };
}

void amplitude_note_sticky(const struct exchange *x, const struct sticky *sticky,
                           const struct decision *decision)
{
    if (assignment_is_tracked(x))
        sticky_note(sticky, decision);
}
