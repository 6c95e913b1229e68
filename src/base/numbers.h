/* SPDX-License-Identifier: Apache-2.0 */
/* numbers - sets of ids: ascending, each once. */
#ifndef BASE_NUMBERS_H
#define BASE_NUMBERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Sorts in place and keeps each once; how many are left. numbers may be NULL when there are none.
 */
size_t numbers_sort(uint64_t *numbers, size_t count);

/* Whether the number is among them; they are sorted. */
bool numbers_have(const uint64_t *numbers, size_t count, uint64_t number);

#endif
