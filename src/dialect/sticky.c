/* SPDX-License-Identifier: Apache-2.0 */
/* sticky - see sticky.h. */
#include "dialect/sticky.h"

#include "base/buf.h"

/* In memory of the caller's: keys are written on the way of every request. */
static struct buf key_buf(char room[NOTE_BYTES_MAX])
{
    return (struct buf){.data = room, .capacity = NOTE_BYTES_MAX, .bytes_max = NOTE_BYTES_MAX};
}

/* "<flag id> <person>", or "<flag id>/<group type>/<group>"; absent for nobody, and for names that
 * are too long to be noted. */
static struct str write_key(const struct sticky *sticky, const struct flag *flag, struct buf *key)
{
    bool is_group = !str_is_empty(flag->bucketing_unit);
    struct str who = sticky->name(sticky->source, flag->bucketing_unit);
    if (str_is_empty(who))
        return (struct str){0};
    buf_append(key, flag->id);
    if (is_group) {
        buf_append_byte(key, '/');
        buf_append(key, flag->bucketing_unit);
    }
    buf_append_byte(key, is_group ? '/' : ' ');
    buf_append(key, who);
    return buf_failed(key) ? (struct str){0} : buf_str(key);
}

/* A variation that is no more was nobody's. */
static int find(const struct flag_rules *rules, const void *source)
{
    const struct sticky *sticky = source;
    char key_room[NOTE_BYTES_MAX];
    char room[NOTE_BYTES_MAX];
    struct buf buf = key_buf(key_room);
    struct str key = write_key(sticky, rules->flag, &buf);
    if (str_is_absent(key))
        return VARIATION_NONE;
    struct str variation = notebook_find(sticky->variations, sticky->environment, key, room);
    if (str_is_absent(variation))
        return VARIATION_NONE;
    return flag_find_variation(rules->flag, variation);
}

void sticky_bind(const struct sticky *sticky, struct context *context)
{
    if (sticky->variations != NULL)
        context->recollection = (struct recollection){find, sticky};
}

/* By a rule or by what is left for all others; "off" is nothing to keep. */
static bool is_worth_keeping(const struct decision *decision)
{
    switch (decision->reason) {
    case REASON_TARGETING_MATCH:
    case REASON_SPLIT:
    case REASON_FALLTHROUGH:
        return decision->variation != decision->flag->off_variation;
    case REASON_OFF:
    case REASON_PREREQUISITE_FAILED:
    case REASON_SCHEDULED_OUT:
    case REASON_DEFAULT:
    case REASON_INCLUDED:
    case REASON_STICKY:
        break;
    }
    return false;
}

/* What is kept stays as it was noted, and so it is known that somebody still keeps it. */
void sticky_note(const struct sticky *sticky, const struct decision *decision)
{
    char room[NOTE_BYTES_MAX];
    bool has_kept = decision->reason == REASON_STICKY;
    if (sticky->variations == NULL || !(has_kept || is_worth_keeping(decision)))
        return;
    const struct flag *flag = decision->flag->flag;
    struct buf buf = key_buf(room);
    struct str key = write_key(sticky, flag, &buf);
    if (str_is_absent(key))
        return;
    if (has_kept)
        notebook_repeat(sticky->variations, sticky->environment, key);
    else
        notebook_note(sticky->variations, sticky->environment, key,
                      flag->variations[decision->variation].id);
}
