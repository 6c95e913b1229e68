/* SPDX-License-Identifier: Apache-2.0 */
/*
 * events_fuzz - bytes as an event stream on its way in.
 *
 * However the bytes are cut, the events are the same. The first byte says where.
 */
#include "client/events.h"
#include "fuzz.h"

struct heard {
    struct buf all;
    size_t count;
};

static bool hear(const struct event *event, void *user)
{
    struct heard *heard = user;
    require(!str_is_empty(event->name));
    const struct str parts[] = {event->id, event->name, event->data};
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        buf_append(&heard->all, parts[i]);
        buf_append_byte(&heard->all, '\0');
    }
    return ++heard->count < 1000;
}

static void listen(struct heard *heard, struct str bytes, size_t step)
{
    struct events events;
    heard->count = 0;
    buf_open(&heard->all, SIZE_MAX);
    events_open(&events, hear, heard);
    for (size_t at = 0; at < bytes.size; at += step) {
        if (!events_take(&events, str_slice(bytes, at, at + step)))
            break;
    }
    events_close(&events);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct str bytes = {(const char *)data + 1, size - 1};
    struct heard whole, cut;
    listen(&whole, bytes, bytes.size + 1);
    listen(&cut, bytes, (size_t)data[0] % 16 + 1);
    require(whole.count == cut.count);
    require(str_equal(buf_str(&whole.all), buf_str(&cut.all)));
    buf_close(&whole.all);
    buf_close(&cut.all);
    return 0;
}
