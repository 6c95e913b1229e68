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
    enum { LETTERS = sizeof(alphabet) - 1, FAIR = 256 - 256 % LETTERS };
    unsigned char bytes[64]; /* asked for together: each question is a system call */
    size_t at = sizeof(bytes);
    for (size_t i = 0; i < size;) {
        if (at == sizeof(bytes)) {
            randombytes_buf(bytes, sizeof(bytes));
            at = 0;
        }
        unsigned char byte = bytes[at++];
        if (byte < FAIR) /* above it some letters would come more often */
            text[i++] = alphabet[byte % LETTERS];
    }
    sodium_memzero(bytes, sizeof(bytes));
}
