/* SPDX-License-Identifier: Apache-2.0 */
/* deployment_labels - deployments by name: see deployment_labels.h. */
#include "dialect/admin/deployment_labels.h"
#include "base/numbers.h"

static size_t count_labelled(const struct catalog *catalog, uint64_t environment, struct str label)
{
    size_t count = 0;
    for (size_t i = 0; i < catalog->deployment_count; i++) {
        const struct catalog_deployment *deployment = &catalog->deployments[i];
        if (deployment->environment == environment && str_equal(deployment->label, label))
            count++;
    }
    return count;
}

struct str deployment_label(const struct catalog *catalog, uint64_t number, struct arena *arena)
{
    const struct catalog_deployment *deployment = catalog_find_deployment(catalog, number);
    if (deployment == NULL)
        return arena_format(arena, "#%llu", (unsigned long long)number);
    if (count_labelled(catalog, deployment->environment, deployment->label) == 1)
        return deployment->label;
    return arena_format(arena, "%.*s#%llu", STR_ARG(deployment->label), (unsigned long long)number);
}

uint64_t deployment_of_label(const struct catalog *catalog, uint64_t environment, struct str label)
{
    size_t mark = str_find_byte(label, '#', 0);
    struct str name = str_slice(label, 0, mark);
    uint64_t number = 0;
    bool has_number =
        mark < label.size && str_parse_u64(str_slice(label, mark + 1, label.size), &number);
    const struct catalog_deployment *named =
        has_number ? catalog_find_deployment(catalog, number) : NULL;
    if (named != NULL && named->environment == environment && str_equal(named->label, name))
        return number;
    for (size_t i = 0; i < catalog->deployment_count; i++) {
        const struct catalog_deployment *deployment = &catalog->deployments[i];
        if (deployment->environment == environment && str_equal(deployment->label, name))
            return deployment->number;
    }
    return 0;
}

struct fault deployment_labels_translate(const struct catalog *catalog, uint64_t environment,
                                         struct arena *arena, struct flag *flag)
{
    uint64_t *numbers = ARENA_NEW_ARRAY(arena, uint64_t, flag->deployment_count);
    for (size_t i = 0; i < flag->deployment_count; i++) {
        struct str label = deployment_label(catalog, flag->deployments[i], arena);
        numbers[i] = deployment_of_label(catalog, environment, label);
        if (numbers[i] == 0)
            return fault_make(
                FAULT_INVALID, STR("$.flags"),
                arena_format(arena,
                             "the flag %.*s is on a deployment labelled %.*s, which is not "
                             "in this environment",
                             STR_ARG(flag->key), STR_ARG(label)));
    }
    flag->deployments = numbers;
    flag->deployment_count = numbers_sort(numbers, flag->deployment_count);
    return fault_none();
}
