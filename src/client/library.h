/* SPDX-License-Identifier: Apache-2.0 */
/* library - libcurl, loaded when it is first needed: see client.h. */
#ifndef CLIENT_LIBRARY_H
#define CLIENT_LIBRARY_H

#include <curl/curl.h>

#include "base/fault.h"

/* The few functions used, under their own names without the prefix. */
struct curl_library {
    void *handle;
    __typeof__(&curl_easy_init) easy_init;
    __typeof__(&curl_easy_cleanup) easy_cleanup;
    __typeof__(&curl_easy_setopt) easy_setopt;
    __typeof__(&curl_easy_perform) easy_perform;
    __typeof__(&curl_easy_getinfo) easy_getinfo;
    __typeof__(&curl_easy_reset) easy_reset;
    __typeof__(&curl_easy_strerror) easy_strerror;
    __typeof__(&curl_slist_append) slist_append;
    __typeof__(&curl_slist_free_all) slist_free_all;
};

/* FAULT_UNAVAILABLE: it is not installed. Once loaded it stays until the process ends. */
struct fault curl_library_load(struct curl_library *library) MUST_CHECK;

#endif
