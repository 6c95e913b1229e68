/* SPDX-License-Identifier: Apache-2.0 */
/* tls_library - OpenSSL 3, loaded when a certificate is set: see tls_library.h. */
#include "http/tls_library.h"

#include <dlfcn.h>
#include <openssl/crypto.h>
#include <string.h>

#include "base/memory.h"

/* ISO C has no conversion from an object's pointer to a function's; POSIX promises the bytes. */
static bool find(void *handle, const char *name, void *function)
{
    void *found = dlsym(handle, name);
    memcpy(function, &found, sizeof(found));
    return found != NULL;
}

static void *take(size_t bytes, const char *file, int line)
{
    (void)file;
    (void)line;
    return memory_resize(NULL, bytes);
}

static void *take_anew(void *memory, size_t bytes, const char *file, int line)
{
    (void)file;
    (void)line;
    if (bytes > 0)
        return memory_resize(memory, bytes);
    memory_free(memory);
    return NULL;
}

static void give_back(void *memory, const char *file, int line)
{
    (void)file;
    (void)line;
    memory_free(memory);
}

/* Refused when it has some already, which it keeps then. */
static void use_our_memory(void *handle)
{
    __typeof__(&CRYPTO_set_mem_functions) set = NULL;
    if (find(handle, "CRYPTO_set_mem_functions", &set))
        set(take, take_anew, give_back);
}

struct fault tls_library_load(struct tls_library *library)
{
    *library = (struct tls_library){.handle = dlopen("libssl.so.3", RTLD_NOW | RTLD_LOCAL)};
    if (library->handle == NULL)
        return fault_make(FAULT_UNAVAILABLE, STR("tls-certificate"),
                          STR("TLS needs OpenSSL 3, which is not installed (Debian: apt install "
                              "libssl3)"));
    use_our_memory(library->handle);
    bool has_all = true;
#define TLS_LIBRARY_FIND(name) has_all = find(library->handle, #name, &library->name) && has_all;
    TLS_LIBRARY_FUNCTIONS(TLS_LIBRARY_FIND)
#undef TLS_LIBRARY_FIND
    if (!has_all)
        return fault_make(FAULT_UNAVAILABLE, STR("tls-certificate"),
                          STR("the libssl.so.3 that is installed is not OpenSSL 3"));
    return fault_none();
}
