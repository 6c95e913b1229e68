/* SPDX-License-Identifier: Apache-2.0 */
/* random - bytes nobody can guess, from the kernel's generator (libsodium). */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

void random_open(void); /* once per process, before anything else here; aborts when it cannot */
void random_fill(void *data, size_t bytes);

/* `size` characters of A-Z a-z 0-9, uniformly drawn; no terminator. */
void random_base62(char *text, size_t size);

#endif
