/* SPDX-License-Identifier: Apache-2.0 */
/* library - libcurl, loaded when it is first needed: see library.h. */
#include "client/library.h"

#include <dlfcn.h>

/* Either flavour will do; the first is the one the package names. */
static const char *const names[] = {"libcurl.so.4", "libcurl-gnutls.so.4"};

static bool find(const struct curl_library *library, const char *name, void *function)
{
    *(void **)function = dlsym(library->handle, name);
    return *(void **)function != NULL;
}

static bool find_all(struct curl_library *library)
{
    return find(library, "curl_easy_init", &library->easy_init) &&
           find(library, "curl_easy_cleanup", &library->easy_cleanup) &&
           find(library, "curl_easy_setopt", &library->easy_setopt) &&
           find(library, "curl_easy_perform", &library->easy_perform) &&
           find(library, "curl_easy_getinfo", &library->easy_getinfo) &&
           find(library, "curl_easy_reset", &library->easy_reset) &&
           find(library, "curl_easy_strerror", &library->easy_strerror) &&
           find(library, "curl_slist_append", &library->slist_append) &&
           find(library, "curl_slist_free_all", &library->slist_free_all);
}

struct fault curl_library_load(struct curl_library *library)
{
    for (size_t i = 0; i < COUNT_OF(names) && library->handle == NULL; i++)
        library->handle = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
    if (library->handle == NULL || !find_all(library))
        return fault_make(FAULT_UNAVAILABLE, STR("libcurl"),
                          STR("libcurl is not installed (Debian: apt install libcurl4)"));
    return fault_none();
}
