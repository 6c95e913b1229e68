/* SPDX-License-Identifier: Apache-2.0 */
/* group - mutual exclusion and holdout groups from bodies, and the lists of names they keep. */
#include <string.h>

#include "dialect/amplitude/group.h"
#include "manage_fixture.h"

struct mutex {
    struct flag flag;
    struct slot_input slots[SLOTS_PER_MUTEX_MAX];
    size_t slot_count;
};

static struct fault make_mutex(struct arena *arena, const char *text, struct mutex *mutex)
{
    struct wire wire = {.arena = arena};
    memset(mutex, 0, sizeof(*mutex));
    mutex_create(&wire, body_of(arena, text), &mutex->flag, mutex->slots, &mutex->slot_count);
    if (wire_failed(&wire))
        return wire.fault;
    mutex->flag.id = STR("flag_m");
    if (str_is_absent(mutex->flag.key))
        mutex->flag.key = group_random_key(arena, "mutex");
    return flag_check(arena, &mutex->flag);
}

static struct fault make_holdout(struct arena *arena, const char *text, struct flag *flag,
                                 struct member_list *experiments)
{
    struct wire wire = {.arena = arena};
    holdout_create(&wire, body_of(arena, text), flag, experiments);
    if (wire_failed(&wire))
        return wire.fault;
    flag->id = STR("flag_h");
    if (str_is_absent(flag->key))
        flag->key = group_random_key(arena, "holdout");
    return flag_check(arena, flag);
}

/* amplitude-management-api.md 6.2, amplitude-evaluation.md 9.8. */
TEST(slots_become_variations_with_percentages_for_weights)
{
    struct arena *arena = fixture_arena();
    struct mutex mutex;
    CHECK_OK(make_mutex(arena,
                        "{\"name\":\"Lanes\",\"evaluationMode\":\"local\","
                        "\"bucketingKey\":\"device_id\",\"bucketingSalt\":\"A0bc9dEf\",\"slots\":["
                        "{\"percentage\":40,\"experiments\":[183511,\"7\"],\"holdouts\":[183601],"
                        "\"individuals\":[\"qa-1\",\"qa-1\"]},{\"percentage\":60}]}",
                        &mutex));
    const struct flag *flag = &mutex.flag;
    CHECK_INT(flag->kind, FLAG_KIND_MUTEX);
    CHECK(flag->is_enabled);
    CHECK_INT(flag->evaluation_mode, EVALUATION_LOCAL);
    CHECK_INT(flag->deployment_count, 0);
    CHECK_INT(flag->variation_count, 4);
    CHECK_STR(flag->variations[0].id, STR("slot-1"));
    CHECK_STR(flag->variations[1].id, STR("slot-2"));
    CHECK_STR(flag->variations[2].id, STR("unallocated"));
    CHECK_STR(flag->variations[3].id, STR("off"));
    CHECK_INT(flag->variations[0].included_count, 1);
    const struct slice *slice = &flag->fallthrough.bucket.slices[0];
    CHECK_INT(slice->percent, 100);
    CHECK_INT(slice->allocation_count, 3);
    CHECK_INT(slice->allocations[0].weight, 40);
    CHECK_INT(slice->allocations[1].weight, 60);
    CHECK_INT(slice->allocations[2].weight, 0);
    CHECK_INT(mutex.slot_count, 2);
    CHECK_INT(mutex.slots[0].experiments.count, 2);
    CHECK_INT(mutex.slots[0].experiments.numbers[1], 7);
    CHECK_INT(mutex.slots[0].holdouts.numbers[0], 183601);
    CHECK(!mutex.slots[1].experiments.is_given);
    CHECK_STR(mutex.slots[0].experiments.where, STR("slots[0].experiments"));
}

TEST(a_generated_key_is_the_kind_and_eight_letters)
{
    struct arena *arena = fixture_arena();
    struct mutex mutex;
    CHECK_OK(make_mutex(arena, "{\"slots\":[{\"percentage\":100}]}", &mutex));
    CHECK_INT(mutex.flag.key.size, sizeof("mutex-") - 1 + 8);
    for (size_t i = sizeof("mutex-") - 1; i < mutex.flag.key.size; i++)
        CHECK(mutex.flag.key.data[i] >= 'a' && mutex.flag.key.data[i] <= 'z');
}

TEST(slots_have_to_make_a_whole)
{
    struct arena *arena = fixture_arena();
    static const char *const cases[][2] = {
        {"{}", "slots"},
        {"{\"slots\":{}}", "slots"},
        {"{\"slots\":[]}", "slots"},
        {"{\"slots\":[{\"percentage\":99}]}", "slots"},
        {"{\"slots\":[{\"percentage\":60},{\"percentage\":41}]}", "slots"},
        {"{\"slots\":[{\"percentage\":0},{\"percentage\":100}]}", "slots[0].percentage"},
        {"{\"slots\":[{\"percentage\":99.5}]}", "slots[0].percentage"},
        {"{\"slots\":[{}]}", "slots[0].percentage"},
        {"{\"slots\":[7]}", "slots[0]"},
        {"{\"slots\":[{\"percentage\":100,\"experiments\":[\"x\"]}]}", "slots[0].experiments[0]"},
        {"{\"slots\":[{\"percentage\":100,\"individuals\":[1]}]}", "slots[0].individuals[0]"},
        {"{\"key\":\"a b\",\"slots\":[{\"percentage\":100}]}", "key"},
        {"{\"slots\":[{\"percentage\":100}],\"evaluationMode\":\"x\"}", "evaluationMode"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct mutex mutex;
        struct fault fault = make_mutex(arena, cases[i][0], &mutex);
        CHECK_FAULT(fault, FAULT_INVALID);
        CHECK_STR(fault.where, str_of(cases[i][1]));
    }
}

/* "{"slots":[{"percentage":5},…]}" */
static struct str equal_slots(struct arena *arena, size_t count, size_t percentage)
{
    struct str text = STR("{\"slots\":[");
    for (size_t i = 0; i < count; i++)
        text = arena_format(arena, "%.*s%s{\"percentage\":%zu}", STR_ARG(text), i > 0 ? "," : "",
                            percentage);
    return arena_format(arena, "%.*s]}", STR_ARG(text));
}

TEST(twenty_slots_are_the_most)
{
    struct arena *arena = fixture_arena();
    struct mutex mutex;
    CHECK_OK(make_mutex(arena, equal_slots(arena, 20, 5).data, &mutex));
    CHECK_FAULT(make_mutex(arena, equal_slots(arena, 21, 4).data, &mutex), FAULT_INVALID);
}

TEST(a_holdout_deals_its_percentage_and_the_rest)
{
    struct arena *arena = fixture_arena();
    struct flag flag;
    struct member_list experiments;
    CHECK_OK(make_holdout(arena,
                          "{\"name\":\"H2\",\"holdoutPercentage\":5,\"experiments\":[183511],"
                          "\"individualInclusion\":[\"ann\"],\"individualExclusion\":[\"bo\"]}",
                          &flag, &experiments));
    CHECK_INT(flag.kind, FLAG_KIND_HOLDOUT);
    CHECK_STR(flag.variations[0].id, STR("holdout"));
    CHECK_STR(flag.variations[1].id, STR("on"));
    CHECK_STR(flag.variations[2].id, STR("off"));
    CHECK_STR(flag.variations[0].included[0], STR("ann"));
    CHECK_STR(flag.variations[1].included[0], STR("bo"));
    CHECK_INT(flag.fallthrough.bucket.slices[0].allocations[0].weight, 5);
    CHECK_INT(flag.fallthrough.bucket.slices[0].allocations[1].weight, 95);
    CHECK_INT(experiments.count, 1);
    CHECK_STR(make_holdout(arena, "{\"holdoutPercentage\":5}", &flag, &experiments).where,
              STR("name"));
    CHECK_STR(
        make_holdout(arena, "{\"name\":\"h\",\"holdoutPercentage\":0}", &flag, &experiments).where,
        STR("holdoutPercentage"));
    CHECK_STR(make_holdout(arena, "{\"name\":\"h\"}", &flag, &experiments).where,
              STR("holdoutPercentage"));
}

/* 6.2: a request to archive says nothing else. */
TEST(archiving_ignores_every_other_member)
{
    struct arena *arena = fixture_arena();
    struct mutex mutex;
    CHECK_OK(make_mutex(arena, "{\"name\":\"n\",\"slots\":[{\"percentage\":100}]}", &mutex));
    struct wire wire = {.arena = arena};
    mutex_patch(&wire, body_of(arena, "{\"archive\":true,\"name\":7}"), &mutex.flag);
    CHECK_OK(wire.fault);
    CHECK(mutex.flag.is_archived);
    CHECK_STR(mutex.flag.name, STR("n"));
    mutex_patch(&wire, body_of(arena, "{\"archive\":false,\"name\":\"m\"}"), &mutex.flag);
    CHECK(!mutex.flag.is_archived);
    CHECK_STR(mutex.flag.name, STR("m"));
}

TEST(a_slot_is_named_by_its_number)
{
    struct arena *arena = fixture_arena();
    struct mutex mutex;
    CHECK_OK(make_mutex(arena, equal_slots(arena, 2, 50).data, &mutex));
    CHECK_STR(slot_variation(arena, &mutex.flag, STR("2")), STR("slot-2"));
    CHECK(str_is_absent(slot_variation(arena, &mutex.flag, STR("0"))));
    CHECK(str_is_absent(slot_variation(arena, &mutex.flag, STR("3"))));
    CHECK(str_is_absent(slot_variation(arena, &mutex.flag, STR("one"))));
}

/* ---- lists of names -------------------------------------------------------------------------- */

TEST(names_keep_their_order_and_stand_once)
{
    struct arena *arena = fixture_arena();
    struct wire wire = {.arena = arena};
    struct str *list = NULL;
    size_t count = 0;
    const struct str first[] = {STR("b"), STR("a"), STR("b")};
    const struct str second[] = {STR("c"), STR("a")};
    inclusions_add(&wire, STR("i"), &list, &count, first, COUNT_OF(first), 3);
    inclusions_add(&wire, STR("i"), &list, &count, second, COUNT_OF(second), 3);
    CHECK_OK(wire.fault);
    CHECK_INT(count, 3);
    CHECK_STR(list[0], STR("b"));
    CHECK_STR(list[1], STR("a"));
    CHECK_STR(list[2], STR("c"));
    const struct str doomed[] = {STR("a"), STR("nobody")};
    inclusions_remove(list, &count, doomed, COUNT_OF(doomed));
    CHECK_INT(count, 2);
    CHECK_STR(list[1], STR("c"));
}

TEST(names_are_counted_and_measured)
{
    struct arena *arena = fixture_arena();
    struct wire wire = {.arena = arena};
    struct str *list = NULL;
    size_t count = 0;
    const struct str three[] = {STR("a"), STR("b"), STR("c")};
    inclusions_add(&wire, STR("i"), &list, &count, three, COUNT_OF(three), 2);
    CHECK_FAULT(wire.fault, FAULT_LIMIT);
    wire = (struct wire){.arena = arena};
    const struct str empty = STR("");
    inclusions_add(&wire, STR("i"), &list, &count, &empty, 1, 100);
    CHECK_STR(wire.fault.where, STR("i[0]"));
}

TESTS(slots_become_variations_with_percentages_for_weights,
      a_generated_key_is_the_kind_and_eight_letters, slots_have_to_make_a_whole,
      twenty_slots_are_the_most, a_holdout_deals_its_percentage_and_the_rest,
      archiving_ignores_every_other_member, a_slot_is_named_by_its_number,
      names_keep_their_order_and_stand_once, names_are_counted_and_measured)
