/* SPDX-License-Identifier: Apache-2.0 */
/* random - bytes nobody can guess: see random.h. */
#include "base/random.h"

#include <sodium.h>
#include <stdlib.h>

void random_open(void)
{
    if (sodium_init() < 0)
        abort();
}

void random_fill(void *data, size_t bytes)
{
    randombytes_buf(data, bytes);
}

void random_base62(char *text, size_t size)
{
    static const char alphabet[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    for (size_t i = 0; i < size; i++)
        text[i] = alphabet[randombytes_uniform(62)];
}
