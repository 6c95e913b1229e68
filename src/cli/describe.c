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

/* rules/3/when/value -> rule 4 when value: people count from one. The first `count` steps. */
static void append_steps(struct buf *buf, const struct place *place, size_t count)
{
    for (size_t i = 0; i < count; i++) {
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

/* The step so many before the last; empty when there is none. */
static struct str step_from_end(const struct place *place, size_t back)
{
    return back < place->count ? place->steps[place->count - 1 - back] : STR("");
}

/* Of a rule, when and serve go without saying: the arrow's sides show which is meant. */
static void append_place(struct buf *buf, const struct place *place)
{
    struct str last = step_from_end(place, 0);
    bool is_of_rule = place->count == 3 && str_equal(place->steps[0], STR("rules"));
    bool is_plain = is_of_rule && (str_equal(last, STR("when")) || str_equal(last, STR("serve")));
    append_steps(buf, place, is_plain ? 2 : place->count);
    if (is_plain && str_equal(last, STR("serve")))
        buf_append(buf, STR(" serves"));
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

/* ---- shares -------------------------------------------------------------------------------------
 */

enum { TICKETS_PER_PERCENT = 1000 };

static bool is_number(const struct json *json)
{
    return json != NULL && json->type == JSON_NUMBER;
}

/* …/bucket/slices/0/percent and …/rollout/variations/1/weight: "fallthrough: 25 % -> 50 %". */
static bool append_share(struct buf *buf, const struct place *place, const struct json *from,
                         const struct json *to)
{
    bool is_percent = str_equal(step_from_end(place, 0), STR("percent")) &&
                      str_equal(step_from_end(place, 2), STR("slices"));
    bool is_weight = str_equal(step_from_end(place, 0), STR("weight")) &&
                     str_equal(step_from_end(place, 2), STR("variations")) &&
                     str_equal(step_from_end(place, 3), STR("rollout"));
    uint64_t index = 0;
    if ((!is_percent && !is_weight) || !is_number(from) || !is_number(to) ||
        !str_parse_u64(step_from_end(place, 1), &index))
        return false;
    double unit = is_percent ? 1 : TICKETS_PER_PERCENT;
    append_steps(buf, place, place->count - 4);
    if (is_weight || index > 0)
        buf_append_format(buf, " share %llu", (unsigned long long)index + 1);
    buf_append_format(buf, ": %g %% -> %g %%", from->number / unit, to->number / unit);
    return true;
}

/* ---- one ----------------------------------------------------------------------------------------
 */

void describe_difference(struct buf *buf, const struct json *difference)
{
    struct str op = text_of(difference, STR("op"));
    const struct json *from = json_find(difference, STR("from"));
    const struct json *to = json_find(difference, STR("to"));
    const struct place place = place_of(text_of(difference, STR("path")));
    if (append_event(buf, &place, to) || append_share(buf, &place, from, to))
        return;
    append_place(buf, &place);
    if (str_equal(op, STR("move"))) {
        buf_append(buf, STR(" moved here"));
        if (is_number(from))
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

/* ---- all ----------------------------------------------------------------------------------------
 */

/* A member that says how people are served: the last step of its path. */
static bool is_way(struct str step)
{
    static const char *const ways[] = {"variation", "rollout", "bucket", "progressive",
                                       "progressiveBucket"};
    for (size_t i = 0; i < COUNT_OF(ways); i++) {
        if (str_equal(step, str_of(ways[i])))
            return true;
    }
    return false;
}

/* {"rollout": …} is a serve, and phrase.h has words for it. */
static void append_way(struct buf *buf, struct str way, const struct json *value)
{
    struct json_member member = {way, *value};
    const struct json serve = {.type = JSON_OBJECT, .count = 1, .members = &member};
    phrase_append(buf, &serve);
}

/* One way of serving went and another came at the same place: that is one thing. */
static bool append_turn(struct buf *buf, const struct json *gone, const struct json *come)
{
    struct str gone_path = text_of(gone, STR("path")), come_path = text_of(come, STR("path"));
    const struct place gone_place = place_of(gone_path);
    struct place place = place_of(come_path);
    struct str was = step_from_end(&gone_place, 0), is = step_from_end(&place, 0);
    const struct json *from = json_find(gone, STR("from")), *to = json_find(come, STR("to"));
    bool is_turn = str_equal(text_of(gone, STR("op")), STR("remove")) &&
                   str_equal(text_of(come, STR("op")), STR("add")) && is_way(was) && is_way(is) &&
                   str_equal(str_slice(gone_path, 0, gone_path.size - was.size),
                             str_slice(come_path, 0, come_path.size - is.size));
    if (!is_turn || from == NULL || to == NULL)
        return false;
    place.count--;
    append_place(buf, &place);
    buf_append(buf, STR(": "));
    append_way(buf, was, from);
    buf_append(buf, STR(" -> "));
    append_way(buf, is, to);
    return true;
}

void describe_differences(struct buf *buf, const struct json *differences, struct str between)
{
    for (uint32_t i = 0; differences != NULL && i < differences->count; i++) {
        const struct json *one = &differences->elements[i];
        if (i > 0)
            buf_append(buf, between);
        if (i + 1 < differences->count && append_turn(buf, one, one + 1))
            i++;
        else
            describe_difference(buf, one);
    }
}

static enum output_colour colour_of(struct str op)
{
    if (str_equal(op, STR("create")))
        return COLOUR_GREEN;
    return str_equal(op, STR("delete")) ? COLOUR_RED : COLOUR_YELLOW;
}

/* A key that was another's means something new to whoever still asks for it. */
static void describe_reuse(const struct json *change)
{
    const struct json *reuses = json_find(change, STR("reuses"));
    const struct json *version = reuses == NULL ? NULL : json_find(reuses, STR("deletedIn"));
    if (version != NULL && version->type == JSON_NUMBER)
        printf("  the key was another's, which version %.0f deleted\n", version->number);
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
    if (str_equal(op, STR("update"))) {
        buf_clear(&buf);
        describe_differences(&buf, json_find(change, STR("diff")), STR("\n  "));
        printf("  %.*s\n", STR_ARG(buf_str(&buf)));
    }
    buf_close(&buf);
    describe_reuse(change);
}

void describe_changes(struct session *session, const struct json *changes)
{
    for (uint32_t i = 0; i < changes->count; i++)
        describe_change(session, &changes->elements[i]);
    if (changes->count == 0)
        output_say(session, "nothing changes");
}
