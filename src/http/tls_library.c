/* SPDX-License-Identifier: Apache-2.0 */
/* tls_library - OpenSSL 3, loaded when a certificate is set: see tls_library.h. */
#include "http/tls_library.h"

#include <dlfcn.h>
#include <string.h>

/* ISO C has no conversion from an object's pointer to a function's; POSIX promises the bytes. */
static bool find(void *handle, const char *name, void *function)
{
    void *found = dlsym(handle, name);
    memcpy(function, &found, sizeof(found));
    return found != NULL;
}

struct fault tls_library_load(struct tls_library *library)
{
    *library = (struct tls_library){.handle = dlopen("libssl.so.3", RTLD_NOW | RTLD_LOCAL)};
    if (library->handle == NULL)
        return fault_make(FAULT_UNAVAILABLE, STR("tls-certificate"),
                          STR("TLS needs OpenSSL 3, which is not installed (Debian: apt install "
                              "libssl3)"));
    bool has_all = true;
#define TLS_LIBRARY_FIND(name) has_all = find(library->handle, #name, &library->name) && has_all;
    TLS_LIBRARY_FUNCTIONS(TLS_LIBRARY_FIND)
#undef TLS_LIBRARY_FIND
    if (!has_all)
        return fault_make(FAULT_UNAVAILABLE, STR("tls-certificate"),
                          STR("the libssl.so.3 that is installed is not OpenSSL 3"));
    return fault_none();
}
