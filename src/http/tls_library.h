/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tls_library - OpenSSL 3, loaded when a certificate is set and not before.
 *
 * A server without TLS, and every command of the command line, is spared what linking it costs:
 * docs/decisions/0014-tls-and-curl-at-run-time.md has the figures.
 */
#ifndef HTTP_TLS_LIBRARY_H
#define HTTP_TLS_LIBRARY_H

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "base/fault.h"

/* The functions used, under their own names, with the types their headers give them. */
#define TLS_LIBRARY_FUNCTIONS(X)                                                                   \
    X(TLS_server_method)                                                                           \
    X(SSL_CTX_new)                                                                                 \
    X(SSL_CTX_free)                                                                                \
    X(SSL_CTX_up_ref)                                                                              \
    X(SSL_CTX_ctrl)                                                                                \
    X(SSL_CTX_set_options)                                                                         \
    X(SSL_CTX_set_cipher_list)                                                                     \
    X(SSL_CTX_set_session_id_context)                                                              \
    X(SSL_CTX_set_default_passwd_cb)                                                               \
    X(SSL_CTX_set_alpn_select_cb)                                                                  \
    X(SSL_CTX_use_certificate_chain_file)                                                          \
    X(SSL_CTX_use_PrivateKey_file)                                                                 \
    X(SSL_CTX_check_private_key)                                                                   \
    X(SSL_CTX_get0_certificate)                                                                    \
    X(SSL_new)                                                                                     \
    X(SSL_free)                                                                                    \
    X(SSL_set_bio)                                                                                 \
    X(SSL_set_accept_state)                                                                        \
    X(SSL_do_handshake)                                                                            \
    X(SSL_read_ex)                                                                                 \
    X(SSL_write_ex)                                                                                \
    X(SSL_shutdown)                                                                                \
    X(SSL_get_error)                                                                               \
    X(X509_get0_notAfter)                                                                          \
    X(ASN1_TIME_diff)                                                                              \
    X(BIO_s_mem)                                                                                   \
    X(BIO_new)                                                                                     \
    X(BIO_up_ref)                                                                                  \
    X(BIO_free)                                                                                    \
    X(BIO_read)                                                                                    \
    X(BIO_write)                                                                                   \
    X(BIO_ctrl)                                                                                    \
    X(ERR_get_error)                                                                               \
    X(ERR_clear_error)                                                                             \
    X(ERR_reason_error_string)

struct tls_library {
    void *handle;
/* A member's name stands in no parentheses. NOLINTNEXTLINE(bugprone-macro-parentheses) */
#define TLS_LIBRARY_MEMBER(name) __typeof__(&(name)) name;
    TLS_LIBRARY_FUNCTIONS(TLS_LIBRARY_MEMBER)
#undef TLS_LIBRARY_MEMBER
};

/* FAULT_UNAVAILABLE: it is not installed, or lacks a function. Once loaded it stays until the
 * process ends. */
struct fault tls_library_load(struct tls_library *library) MUST_CHECK;

#endif
