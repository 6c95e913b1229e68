/* SPDX-License-Identifier: Apache-2.0 */
/* describe - what changed, in words: see describe.h. */
#include "cli/describe.h"

#include <stdio.h>

#include "cli/output.h"
#include "cli/phrase.h"

static struct str text_of(const struct json *json, struct str key)
{
    const struct json *member = json_find(json, key);
    return member != NULL && member->type == JSON_STRING ? member->string : (struct str){0};
}

/* The steps of a JSON Pointer, decoded; more than these are not told apart. */
enum { STEPS_MAX = 8 };
struct place {
    struct str steps[STEPS_MAX];
    size_t count;
};

static void append_step(struct buf *buf, struct str step)
{
    for (size_t i = 0; i < step.size; i++) {
        bool is_escape = step.data[i] == '~' && i + 1 < step.size;
        char byte = !is_escape ? step.data[i] : step.data[++i] == '1' ? '/' : '~';
        output_append_visible(buf, (struct str){&byte, 1});
    }
}

static struct place place_of(struct str path)
{
    struct place place = {0};
    for (size_t from = 1; from <= path.size && place.count < STEPS_MAX;) {
        size_t to = str_find_byte(path, '/', from);
        place.steps[place.count++] = str_slice(path, from, to);
        from = to + 1;
    }
    return place;
}

/* rules/3/when -> rule 4 when: people count from one. */
static void append_place(struct buf *buf, const struct place *place)
{
    for (size_t i = 0; i < place->count; i++) {
        uint64_t number = 0;
        bool is_number = i > 0 && str_parse_u64(place->steps[i], &number);
        bool has_number = i + 1 < place->count && str_parse_u64(place->steps[i + 1], &number) &&
                          str_ends_with(place->steps[i], STR("s"));
        if (i > 0)
            buf_append_byte(buf, ' ');
        if (is_number && str_parse_u64(place->steps[i], &number))
            buf_append_u64(buf, number + 1);
        else if (has_number)
            append_step(buf, str_slice(place->steps[i], 0, place->steps[i].size - 1));
        else
            append_step(buf, place->steps[i]);
    }
}

static bool is_truth(const struct json *json, bool value)
{
    return json != NULL && json->type == JSON_BOOLEAN && json->boolean == value;
}

/* What has a word of its own. */
static bool append_event(struct buf *buf, const struct place *place, const struct json *to)
{
    bool is_enabled = place->count == 1 && str_equal(place->steps[0], STR("enabled"));
    bool is_archived = place->count == 1 && str_equal(place->steps[0], STR("archived"));
    if (is_enabled && (is_truth(to, true) || is_truth(to, false)))
        buf_append(buf, to->boolean ? STR("turned on") : STR("turned off"));
    else if (is_archived)
        buf_append(buf, is_truth(to, true) ? STR("archived") : STR("taken back from the archive"));
    else
        return false;
    return true;
}

void describe_difference(struct buf *buf, const struct json *difference)
{
    struct str op = text_of(difference, STR("op"));
    const struct json *from = json_find(difference, STR("from"));
    const struct json *to = json_find(difference, STR("to"));
    const struct place place = place_of(text_of(difference, STR("path")));
    if (append_event(buf, &place, to))
        return;
    append_place(buf, &place);
    if (str_equal(op, STR("move"))) {
        buf_append(buf, STR(" moved here"));
        if (from != NULL && from->type == JSON_NUMBER)
            buf_append_format(buf, " from place %.0f", from->number + 1);
    } else if (from == NULL && to != NULL) {
        buf_append(buf, STR(" added: "));
        phrase_append(buf, to);
    } else if (to == NULL && from != NULL) {
        buf_append(buf, STR(" removed: "));
        phrase_append(buf, from);
    } else if (from != NULL) {
        buf_append(buf, STR(": "));
        phrase_append(buf, from);
        buf_append(buf, STR(" -> "));
        phrase_append(buf, to);
    }
}

static enum output_colour colour_of(struct str op)
{
    if (str_equal(op, STR("create")))
        return COLOUR_GREEN;
    return str_equal(op, STR("delete")) ? COLOUR_RED : COLOUR_YELLOW;
}

static void describe_change(struct session *session, const struct json *change)
{
    struct str op = text_of(change, STR("op"));
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    output_append_visible(&buf, text_of(change, STR("key")));
    printf("%s%.*s%s %.*s %.*s\n", output_colour(session, colour_of(op)), STR_ARG(op),
           output_colour(session, COLOUR_NONE), STR_ARG(text_of(change, STR("kind"))),
           STR_ARG(buf_str(&buf)));
    const struct json *differences = json_find(change, STR("diff"));
    bool is_update = str_equal(op, STR("update"));
    for (uint32_t i = 0; is_update && differences != NULL && i < differences->count; i++) {
        buf_clear(&buf);
        describe_difference(&buf, &differences->elements[i]);
        printf("  %.*s\n", STR_ARG(buf_str(&buf)));
    }
    buf_close(&buf);
}

void describe_changes(struct session *session, const struct json *changes)
{
    for (uint32_t i = 0; i < changes->count; i++)
        describe_change(session, &changes->elements[i]);
    if (changes->count == 0)
        output_say(session, "nothing changes");
}
