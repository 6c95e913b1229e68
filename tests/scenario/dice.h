/* SPDX-License-Identifier: Apache-2.0 */
/* dice - what random worlds are rolled with: a seed is a world. */
#ifndef SCENARIO_DICE_H
#define SCENARIO_DICE_H

#include "base/arena.h"
#include "json/json.h"

struct dice {
    uint64_t state; /* never 0 */
    bool is_tame;   /* flags of the text family are such as the management API makes */
    struct arena *arena;
};

/* Neighbouring seeds are to have nothing in common: splitmix64 once, then xorshift64*. */
static inline struct dice dice_of(uint64_t seed, struct arena *arena)
{
    uint64_t state = seed + 0x9E3779B97F4A7C15u;
    state = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9u;
    state = (state ^ (state >> 27)) * 0x94D049BB133111EBu;
    return (struct dice){.state = (state ^ (state >> 31)) | 1, .arena = arena};
}

static inline uint32_t roll(struct dice *dice, uint32_t sides)
{
    dice->state ^= dice->state >> 12;
    dice->state ^= dice->state << 25;
    dice->state ^= dice->state >> 27;
    return (uint32_t)((dice->state * 0x2545F4914F6CDD1Du) >> 32) % sides;
}

/* Once in so many times. */
static inline bool once_in(struct dice *dice, uint32_t times)
{
    return roll(dice, times) == 0;
}

static inline struct str one_of(struct dice *dice, const struct str *texts, size_t count)
{
    return texts[roll(dice, (uint32_t)count)];
}

static inline double one_number(struct dice *dice)
{
    static const double numbers[] = {0, 1, -1, 2.5, 30, 35, 40, 1e21, 1e-7, 9007199254740991.0};
    return numbers[roll(dice, COUNT_OF(numbers))];
}

static inline struct json *room_for(struct dice *dice, size_t count)
{
    return ARENA_NEW_ARRAY(dice->arena, struct json, count);
}

static inline struct json list_of(struct json *elements, size_t count)
{
    return (struct json){.type = JSON_ARRAY, .count = (uint32_t)count, .elements = elements};
}

/* Objects are filled member by member. */
static inline struct json object_for(struct dice *dice, size_t members_max)
{
    return (struct json){.type = JSON_OBJECT,
                         .members = ARENA_NEW_ARRAY(dice->arena, struct json_member, members_max)};
}

static inline void add_member(struct json *object, struct str key, struct json value)
{
    object->members[object->count++] = (struct json_member){key, value};
}

#endif
