/* SPDX-License-Identifier: Apache-2.0 */
/* tls - who a server says it is: see tls.h and tls_context.h. */
#include "http/tls.h"

#include <string.h>

#include "base/memory.h"
#include "http/tls_context.h"

/* What Mozilla calls intermediate, without the key exchanges that have no forward secrecy; the
 * suites of TLS 1.3 are OpenSSL's own. The order is ours, but whoever puts ChaCha20 first has no
 * AES in hardware and gets that. */
static const char ciphers[] = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
                              "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
                              "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
static const char groups[] = "X25519:P-256:P-384";

/* ---- what OpenSSL asks back --------------------------------------------------------------- */

/* Without this an encrypted key would ask for its passphrase on the terminal.
 * The library's own prototype. NOLINTNEXTLINE(readability-non-const-parameter) */
static int refuse_passphrase(char *buffer, int size, int is_writing, void *user)
{
    (void)buffer;
    (void)size;
    (void)is_writing;
    (void)user;
    return -1;
}

/* RFC 7301 section 3.2: a client that lists protocols and not this one is told so by an alert. */
static int choose_protocol(SSL *ssl, const unsigned char **chosen, unsigned char *chosen_size,
                           const unsigned char *offered, unsigned offered_size, void *user)
{
    static const struct str ours = STR("http/1.1");
    (void)ssl;
    (void)user;
    for (unsigned at = 0; at < offered_size; at += 1u + offered[at]) {
        struct str name = {(const char *)offered + at + 1, offered[at]};
        if (at + 1u + name.size <= offered_size && str_equal(name, ours)) {
            *chosen = offered + at + 1;
            *chosen_size = (unsigned char)ours.size;
            return SSL_TLSEXT_ERR_OK;
        }
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

/* ---- one pair ----------------------------------------------------------------------------- */

static struct fault refuse(const struct http_tls *tls, struct arena *arena, const char *setting,
                           struct str file, const char *what)
{
    unsigned long code = tls->library.ERR_get_error();
    const char *reason = code == 0 ? NULL : tls->library.ERR_reason_error_string(code);
    tls->library.ERR_clear_error();
    return fault_make(FAULT_INVALID, str_of(setting),
                      arena_format(arena, "%s: %.*s %s%s%s", setting, STR_ARG(file), what,
                                   reason == NULL ? "" : ": ", reason == NULL ? "" : reason));
}

static void set_manners(const struct tls_library *library, SSL_CTX *context)
{
    static const unsigned char name[] = "guidon";
    library->SSL_CTX_ctrl(context, SSL_CTRL_SET_MIN_PROTO_VERSION, TLS1_2_VERSION, NULL);
    library->SSL_CTX_ctrl(context, SSL_CTRL_MODE, SSL_MODE_RELEASE_BUFFERS, NULL);
    /* Tickets carry all there is to a session, so nothing is remembered here. */
    library->SSL_CTX_ctrl(context, SSL_CTRL_SET_SESS_CACHE_MODE, SSL_SESS_CACHE_OFF, NULL);
    library->SSL_CTX_ctrl(context, SSL_CTRL_SET_GROUPS_LIST, 0, (void *)(uintptr_t)groups);
    library->SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                              SSL_OP_CIPHER_SERVER_PREFERENCE |
                                              SSL_OP_PRIORITIZE_CHACHA);
    library->SSL_CTX_set_cipher_list(context, ciphers);
    library->SSL_CTX_set_session_id_context(context, name, sizeof(name) - 1);
    library->SSL_CTX_set_default_passwd_cb(context, refuse_passphrase);
    library->SSL_CTX_set_alpn_select_cb(context, choose_protocol, NULL);
}

static struct fault load_pair(const struct http_tls *tls, struct arena *arena, SSL_CTX *context,
                              struct str certificate_file, struct str key_file)
{
    const struct tls_library *library = &tls->library;
    const char *certificate = arena_format(arena, "%.*s", STR_ARG(certificate_file)).data;
    const char *key = arena_format(arena, "%.*s", STR_ARG(key_file)).data;
    if (library->SSL_CTX_use_certificate_chain_file(context, certificate) != 1)
        return refuse(tls, arena, "tls-certificate", certificate_file,
                      "is no certificate chain in PEM that can be read");
    if (library->SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1)
        return refuse(tls, arena, "tls-key", key_file,
                      "is no key of this certificate, in PEM and without a passphrase, that can be "
                      "read");
    if (library->SSL_CTX_check_private_key(context) != 1)
        return refuse(tls, arena, "tls-key", key_file, "does not belong to the certificate");
    return fault_none();
}

static struct fault make_context(const struct http_tls *tls, struct arena *arena, SSL_CTX **made,
                                 struct str certificate_file, struct str key_file)
{
    const struct tls_library *library = &tls->library;
    library->ERR_clear_error();
    SSL_CTX *context = library->SSL_CTX_new(library->TLS_server_method());
    if (context == NULL)
        return refuse(tls, arena, "tls-certificate", certificate_file, "found OpenSSL unwell");
    set_manners(library, context);
    struct fault fault = load_pair(tls, arena, context, certificate_file, key_file);
    if (failed(fault))
        library->SSL_CTX_free(context);
    else
        *made = context;
    return fault;
}

/* ---- the pair in use ---------------------------------------------------------------------- */

struct fault http_tls_open(struct http_tls **opened, struct arena *arena,
                           struct str certificate_file, struct str key_file)
{
    struct http_tls *tls = MEMORY_NEW(struct http_tls);
    pthread_mutex_init(&tls->mutex, NULL);
    struct fault fault = tls_library_load(&tls->library);
    if (!failed(fault))
        fault = make_context(tls, arena, &tls->context, certificate_file, key_file);
    if (failed(fault)) {
        http_tls_close(tls);
        return fault;
    }
    *opened = tls;
    return fault;
}

struct fault http_tls_reload(struct http_tls *tls, struct arena *arena, struct str certificate_file,
                             struct str key_file)
{
    SSL_CTX *context = NULL;
    struct fault fault = make_context(tls, arena, &context, certificate_file, key_file);
    if (failed(fault))
        return fault;
    pthread_mutex_lock(&tls->mutex);
    SSL_CTX *before = tls->context;
    tls->context = context;
    pthread_mutex_unlock(&tls->mutex);
    tls->library.SSL_CTX_free(before); /* goes with the last connection that began with it */
    return fault_none();
}

SSL_CTX *tls_context_acquire(struct http_tls *tls)
{
    pthread_mutex_lock(&tls->mutex);
    SSL_CTX *context = tls->context;
    tls->library.SSL_CTX_up_ref(context);
    pthread_mutex_unlock(&tls->mutex);
    return context;
}

int64_t http_tls_valid_for_s(struct http_tls *tls)
{
    const struct tls_library *library = &tls->library;
    SSL_CTX *context = tls_context_acquire(tls);
    const ASN1_TIME *end = library->X509_get0_notAfter(library->SSL_CTX_get0_certificate(context));
    int days = 0;
    int seconds = 0;
    if (library->ASN1_TIME_diff(&days, &seconds, NULL, end) != 1)
        seconds = -1;
    library->SSL_CTX_free(context);
    return (int64_t)days * 86400 + seconds;
}

void http_tls_close(struct http_tls *tls)
{
    if (tls == NULL)
        return;
    if (tls->context != NULL)
        tls->library.SSL_CTX_free(tls->context);
    pthread_mutex_destroy(&tls->mutex);
    memory_free(tls);
}
