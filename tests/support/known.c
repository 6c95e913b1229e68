/* SPDX-License-Identifier: Apache-2.0 */
/*
 * known - what libraries write, made known to the memory sanitizer, which sees only what was built
 * with it. Linked by MODE=msan alone, with --wrap for each of these.
 */
#include <sanitizer/msan_interface.h>
#include <sodium.h>

int __real_crypto_shorthash(unsigned char *out, const unsigned char *in, unsigned long long size,
                            const unsigned char *key);
int __wrap_crypto_shorthash(unsigned char *out, const unsigned char *in, unsigned long long size,
                            const unsigned char *key);
int __wrap_crypto_shorthash(unsigned char *out, const unsigned char *in, unsigned long long size,
                            const unsigned char *key)
{
    int status = __real_crypto_shorthash(out, in, size, key);
    __msan_unpoison(out, crypto_shorthash_BYTES);
    return status;
}

void __real_crypto_shorthash_keygen(unsigned char *key);
void __wrap_crypto_shorthash_keygen(unsigned char *key);
void __wrap_crypto_shorthash_keygen(unsigned char *key)
{
    __real_crypto_shorthash_keygen(key);
    __msan_unpoison(key, crypto_shorthash_KEYBYTES);
}

void __real_randombytes_buf(void *bytes, size_t size);
void __wrap_randombytes_buf(void *bytes, size_t size);
void __wrap_randombytes_buf(void *bytes, size_t size)
{
    __real_randombytes_buf(bytes, size);
    __msan_unpoison(bytes, size);
}

int __real_crypto_generichash_final(crypto_generichash_state *state, unsigned char *out,
                                    size_t size);
int __wrap_crypto_generichash_final(crypto_generichash_state *state, unsigned char *out,
                                    size_t size);
int __wrap_crypto_generichash_final(crypto_generichash_state *state, unsigned char *out,
                                    size_t size)
{
    int status = __real_crypto_generichash_final(state, out, size);
    __msan_unpoison(out, size);
    return status;
}

int __real_crypto_hash_sha256_final(crypto_hash_sha256_state *state, unsigned char *out);
int __wrap_crypto_hash_sha256_final(crypto_hash_sha256_state *state, unsigned char *out);
int __wrap_crypto_hash_sha256_final(crypto_hash_sha256_state *state, unsigned char *out)
{
    int status = __real_crypto_hash_sha256_final(state, out);
    __msan_unpoison(out, crypto_hash_sha256_BYTES);
    return status;
}

char *__real_sodium_bin2base64(char *text, size_t room, const unsigned char *bytes, size_t size,
                               int variant);
char *__wrap_sodium_bin2base64(char *text, size_t room, const unsigned char *bytes, size_t size,
                               int variant);
char *__wrap_sodium_bin2base64(char *text, size_t room, const unsigned char *bytes, size_t size,
                               int variant)
{
    char *made = __real_sodium_bin2base64(text, room, bytes, size, variant);
    __msan_unpoison(text, sodium_base64_encoded_len(size, variant));
    return made;
}

int __real_sodium_base642bin(unsigned char *bytes, size_t room, const char *text, size_t size,
                             const char *ignored, size_t *count, const char **end, int variant);
int __wrap_sodium_base642bin(unsigned char *bytes, size_t room, const char *text, size_t size,
                             const char *ignored, size_t *count, const char **end, int variant);
int __wrap_sodium_base642bin(unsigned char *bytes, size_t room, const char *text, size_t size,
                             const char *ignored, size_t *count, const char **end, int variant)
{
    int status = __real_sodium_base642bin(bytes, room, text, size, ignored, count, end, variant);
    __msan_unpoison(count, sizeof(*count));
    __msan_unpoison(bytes, *count);
    return status;
}

char *__real_sodium_bin2hex(char *text, size_t room, const unsigned char *bytes, size_t size);
char *__wrap_sodium_bin2hex(char *text, size_t room, const unsigned char *bytes, size_t size);
char *__wrap_sodium_bin2hex(char *text, size_t room, const unsigned char *bytes, size_t size)
{
    char *made = __real_sodium_bin2hex(text, room, bytes, size);
    __msan_unpoison(text, size * 2 + 1);
    return made;
}
