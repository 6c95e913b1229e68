/* SPDX-License-Identifier: Apache-2.0 */
/* events - an event stream, byte by byte: see events.h. */
#include "client/events.h"

enum { EVENT_BYTES_MAX = 1024 * 1024, ID_BYTES_MAX = 4096 };

void events_open(struct events *events, bool (*tell)(const struct event *event, void *user),
                 void *user)
{
    *events = (struct events){.tell = tell, .user = user};
    buf_open(&events->line, EVENT_BYTES_MAX);
    buf_open(&events->data, EVENT_BYTES_MAX);
    buf_open(&events->name, ID_BYTES_MAX);
    buf_open(&events->id, ID_BYTES_MAX);
}

void events_close(struct events *events)
{
    buf_close(&events->line);
    buf_close(&events->data);
    buf_close(&events->name);
    buf_close(&events->id);
}

static void forget(struct events *events)
{
    buf_clear(&events->data);
    buf_clear(&events->name);
    events->has_data = false;
}

void events_restart(struct events *events)
{
    forget(events);
    buf_clear(&events->line);
    events->was_return = false;
}

static bool tell(struct events *events)
{
    struct str name = buf_str(&events->name);
    const struct event event = {.id = buf_str(&events->id),
                                .name = name.size > 0 ? name : STR("message"),
                                .data = buf_str(&events->data)};
    bool goes_on = !events->has_data || events->tell(&event, events->user);
    forget(events);
    return goes_on;
}

static void set(struct buf *buf, struct str value)
{
    buf_clear(buf);
    buf_append(buf, value);
}

static void take_field(struct events *events, struct str name, struct str value)
{
    if (str_equal(name, STR("data"))) {
        if (events->has_data)
            buf_append_byte(&events->data, '\n');
        buf_append(&events->data, value);
        events->has_data = true;
    } else if (str_equal(name, STR("event"))) {
        set(&events->name, value);
    } else if (str_equal(name, STR("id"))) {
        set(&events->id, value);
    }
}

static bool take_line(struct events *events)
{
    struct str line = buf_str(&events->line);
    size_t colon = str_find_byte(line, ':', 0);
    if (line.size == 0)
        return tell(events);
    struct str value = str_slice(line, colon + 1, line.size);
    if (str_starts_with(value, STR(" ")))
        value = str_slice(value, 1, value.size);
    take_field(events, str_slice(line, 0, colon), value); /* a comment's name is empty */
    buf_clear(&events->line);
    return true;
}

bool events_take(struct events *events, struct str piece)
{
    for (size_t i = 0; i < piece.size; i++) {
        char byte = piece.data[i];
        bool is_second = byte == '\n' && events->was_return;
        events->was_return = byte == '\r';
        if (is_second)
            continue;
        if (byte != '\n' && byte != '\r')
            buf_append_byte(&events->line, byte);
        else if (!take_line(events))
            return false;
    }
    return !buf_failed(&events->line) && !buf_failed(&events->data);
}
