/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tls_client - the other side of TLS, for client.h.
 *
 * Trusts nobody's certificate and checks none: what is tested is the conversation. Loads the
 * library the way the server does, so that tests link what they always link.
 */
#ifndef UNIT_HTTP_TLS_CLIENT_H
#define UNIT_HTTP_TLS_CLIENT_H

#include <dlfcn.h>
#include <fcntl.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "certificates.h"
#include "http/tls.h"
#include "scratch.h"
#include "test.h"

#define TLS_CLIENT_FUNCTIONS(X)                                                                    \
    X(TLS_client_method)                                                                           \
    X(SSL_CTX_new)                                                                                 \
    X(SSL_CTX_free)                                                                                \
    X(SSL_CTX_ctrl)                                                                                \
    X(SSL_new)                                                                                     \
    X(SSL_free)                                                                                    \
    X(SSL_ctrl)                                                                                    \
    X(SSL_set_fd)                                                                                  \
    X(SSL_set_alpn_protos)                                                                         \
    X(SSL_get0_alpn_selected)                                                                      \
    X(SSL_set_session)                                                                             \
    X(SSL_get1_session)                                                                            \
    X(SSL_SESSION_free)                                                                            \
    X(SSL_session_reused)                                                                          \
    X(SSL_connect)                                                                                 \
    X(SSL_read)                                                                                    \
    X(SSL_write)                                                                                   \
    X(SSL_shutdown)                                                                                \
    X(SSL_renegotiate)                                                                             \
    X(SSL_do_handshake)                                                                            \
    X(SSL_key_update)                                                                              \
    X(SSL_get_error)                                                                               \
    X(SSL_get_version)                                                                             \
    X(SSL_get1_peer_certificate)                                                                   \
    X(X509_get_subject_name)                                                                       \
    X(X509_NAME_oneline)                                                                           \
    X(X509_free)

struct tls_client_library {
    void *handle;
#define TLS_CLIENT_MEMBER(name) __typeof__(&(name)) name;
    TLS_CLIENT_FUNCTIONS(TLS_CLIENT_MEMBER)
#undef TLS_CLIENT_MEMBER
};

static inline struct tls_client_library tls_client_library(void)
{
    struct tls_client_library library = {.handle = dlopen("libssl.so.3", RTLD_NOW | RTLD_LOCAL)};
    CHECK(library.handle != NULL);
#define TLS_CLIENT_FIND(name)                                                                      \
    {                                                                                              \
        void *found = dlsym(library.handle, #name);                                                \
        CHECK(found != NULL);                                                                      \
        memcpy(&library.name, &found, sizeof(found));                                              \
    }
    TLS_CLIENT_FUNCTIONS(TLS_CLIENT_FIND)
#undef TLS_CLIENT_FIND
    return library;
}

/* A file of its own with this text; its path is good until the process ends. */
static inline struct str pem_file(const char *text)
{
    char *path = malloc(PATH_MAX);
    CHECK(path != NULL);
    snprintf(path, PATH_MAX, "%s/guidon-pem-XXXXXX", scratch_parent());
    int file = mkostemp(path, O_CLOEXEC);
    CHECK(file >= 0);
    CHECK_INT(write(file, text, strlen(text)), strlen(text));
    close(file);
    return str_of(path);
}

static inline void pem_forget(struct str path)
{
    unlink(path.data);
    free((void *)(uintptr_t)path.data);
}

static inline struct http_tls *tls_open_pair(const char *certificate, const char *key)
{
    struct arena arena;
    struct http_tls *tls = NULL;
    struct str certificate_file = pem_file(certificate);
    struct str key_file = pem_file(key);
    arena_open(&arena, 4096);
    CHECK_OK(http_tls_open(&tls, &arena, certificate_file, key_file));
    arena_close(&arena);
    pem_forget(certificate_file);
    pem_forget(key_file);
    return tls;
}

#endif
