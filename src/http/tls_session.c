/* SPDX-License-Identifier: Apache-2.0 */
/* tls_session - one connection's TLS, between its socket and its bytes: see tls_session.h. */
#include "http/tls_session.h"

#include <assert.h>
#include <string.h>

#include "base/memory.h"
#include "http/loop.h"
#include "http/tls_context.h"

enum {
    /* What is encrypted before the socket is asked to take it. */
    PORTION_BYTES = 64 * 1024,
    /* OpenSSL may hold the beginning of a record, which a whole read then completes. */
    RECORD_BYTES_MAX = 16 * 1024 + 512,
    PLAIN_BYTES_MAX = READ_BUFFER_BYTES + RECORD_BYTES_MAX,
    /* Of alerts, tickets and new keys that the other side asks for and does not take. */
    UNTAKEN_BYTES_MAX = 256 * 1024,
};

/* Both ends are empty between calls, so the sessions of a loop can share them: a BIO of its own
 * would keep the room of the largest read it ever had. */
struct tls_wire {
    struct http_tls *tls;
    BIO *input, *output;   /* ciphertext: to OpenSSL, from OpenSSL */
    struct buf ciphertext; /* on its way from the output to a socket */
    char plain[PLAIN_BYTES_MAX];
};

/* Plain bytes of one flush that the socket had no room for. */
struct waiting {
    struct waiting *next;
    struct output_rest *rest;
    size_t piece, at; /* encrypted up to here */
};

struct tls_session {
    SSL *ssl;
    struct tls_wire *wire;
    uv_stream_t *stream;
    void (*on_written)(uv_stream_t *stream, int status);
    struct waiting *first, *last;
    size_t waiting_bytes;
    unsigned writes; /* of ciphertext that libuv has */
    bool has_begun, is_established, is_broken, has_said_goodbye;
};

static const struct tls_library *library_of(const struct tls_wire *wire)
{
    return &wire->tls->library;
}

/* ---- the wire ----------------------------------------------------------------------------- */

struct tls_wire *tls_wire_open(struct http_tls *tls)
{
    struct tls_wire *wire = MEMORY_NEW(struct tls_wire);
    const struct tls_library *library = &tls->library;
    wire->tls = tls;
    wire->input = library->BIO_new(library->BIO_s_mem());
    wire->output = library->BIO_new(library->BIO_s_mem());
    assert(wire->input != NULL);
    assert(wire->output != NULL);
    buf_open(&wire->ciphertext, SIZE_MAX / 2);
    return wire;
}

void tls_wire_close(struct tls_wire *wire)
{
    if (wire == NULL)
        return;
    library_of(wire)->BIO_free(wire->input);
    library_of(wire)->BIO_free(wire->output);
    buf_close(&wire->ciphertext);
    memory_free(wire);
}

/* What OpenSSL has to send goes to the ciphertext. */
static void collect(struct tls_wire *wire)
{
    const struct tls_library *library = library_of(wire);
    long size = library->BIO_ctrl(wire->output, BIO_CTRL_PENDING, 0, NULL);
    if (size <= 0)
        return;
    int got =
        library->BIO_read(wire->output, buf_reserve(&wire->ciphertext, (size_t)size), (int)size);
    assert(got == size);
    buf_advance(&wire->ciphertext, (size_t)size);
}

/* ---- beginning and end -------------------------------------------------------------------- */

struct tls_session *tls_session_open(struct tls_wire *wire, uv_stream_t *stream,
                                     void (*on_written)(uv_stream_t *stream, int status))
{
    const struct tls_library *library = library_of(wire);
    struct tls_session *session = MEMORY_NEW(struct tls_session);
    SSL_CTX *context = tls_context_acquire(wire->tls);
    session->ssl = library->SSL_new(context);
    library->SSL_CTX_free(context);
    assert(session->ssl != NULL); /* want of memory is a crash here, too */
    library->BIO_up_ref(wire->input);
    library->BIO_up_ref(wire->output);
    library->SSL_set_bio(session->ssl, wire->input, wire->output);
    library->SSL_set_accept_state(session->ssl);
    session->wire = wire;
    session->stream = stream;
    session->on_written = on_written;
    return session;
}

void tls_session_close(struct tls_session *session)
{
    if (session == NULL)
        return;
    assert(session->first == NULL);
    assert(session->writes == 0);
    library_of(session->wire)->SSL_free(session->ssl);
    memory_free(session);
}

bool tls_session_is_established(const struct tls_session *session)
{
    return session->is_established;
}

bool tls_session_has_begun(const struct tls_session *session)
{
    return session->has_begun;
}

/* ---- ciphertext out ----------------------------------------------------------------------- */

struct cipher_write {
    uv_write_t write;
    char bytes[];
};

static void go_on(struct tls_session *session);

static void on_cipher_written(uv_write_t *write, int status)
{
    struct tls_session *session = write->data;
    memory_free(write);
    session->writes--;
    if (status < 0)
        session->is_broken = true;
    if (session->writes == 0)
        go_on(session);
}

static bool queue(struct tls_session *session, struct str bytes)
{
    struct cipher_write *queued = memory_allocate(sizeof(struct cipher_write) + bytes.size);
    memcpy(queued->bytes, bytes.data, bytes.size);
    queued->write.data = session;
    uv_buf_t buffer = uv_buf_init(queued->bytes, (unsigned)bytes.size);
    if (uv_write(&queued->write, session->stream, &buffer, 1, on_cipher_written) != 0) {
        memory_free(queued);
        return false;
    }
    session->writes++;
    return uv_stream_get_write_queue_size(session->stream) <= UNTAKEN_BYTES_MAX;
}

/* All that OpenSSL has to send, to the socket or behind what waits for it. */
static bool send_ciphertext(struct tls_session *session)
{
    struct buf *ciphertext = &session->wire->ciphertext;
    collect(session->wire);
    struct str bytes = buf_str(ciphertext);
    bool is_well = true;
    if (bytes.size > 0 && session->writes == 0) {
        uv_buf_t buffer = uv_buf_init(ciphertext->data, (unsigned)bytes.size);
        ssize_t sent = output_send_now(session->stream, &buffer, 1);
        is_well = sent >= 0;
        bytes = str_slice(bytes, is_well ? (size_t)sent : bytes.size, bytes.size);
    }
    if (bytes.size > 0)
        is_well = queue(session, bytes);
    buf_clear(ciphertext);
    if (!is_well)
        session->is_broken = true;
    return is_well;
}

/* ---- plain bytes out ---------------------------------------------------------------------- */

static bool encrypt(struct tls_session *session, const char *data, size_t size)
{
    const struct tls_library *library = library_of(session->wire);
    size_t written = 0;
    library->ERR_clear_error();
    bool is_done = library->SSL_write_ex(session->ssl, data, size, &written) == 1;
    assert(!is_done || written == size); /* memory takes everything */
    if (!is_done)
        session->is_broken = true;
    return is_done;
}

/* Encrypts from a list of pieces, from *piece and *at on, up to a portion; the bytes it took. */
static size_t encrypt_portion(struct tls_session *session, const uv_buf_t *pieces, size_t count,
                              size_t *piece, size_t *at)
{
    size_t total = 0;
    while (*piece < count && total < PORTION_BYTES) {
        size_t left = pieces[*piece].len - *at;
        size_t size = left < PORTION_BYTES - total ? left : PORTION_BYTES - total;
        if (size > 0 && !encrypt(session, pieces[*piece].base + *at, size))
            break;
        total += size;
        *at += size;
        if (*at == pieces[*piece].len) {
            (*piece)++;
            *at = 0;
        }
    }
    return total;
}

static void wait(struct tls_session *session, struct output_rest *rest)
{
    struct waiting *waiting = MEMORY_NEW(struct waiting);
    waiting->rest = rest;
    session->waiting_bytes += rest->bytes;
    if (session->last != NULL)
        session->last->next = waiting;
    else
        session->first = waiting;
    session->last = waiting;
}

/* The first that waits is done with, one way or the other. */
static void finish_first(struct tls_session *session, int status)
{
    struct waiting *waiting = session->first;
    session->first = waiting->next;
    if (session->first == NULL)
        session->last = NULL;
    output_rest_free(waiting->rest);
    memory_free(waiting);
    session->on_written(session->stream, status);
}

/* What libuv had is written, or never will be. */
static void go_on(struct tls_session *session)
{
    while (session->first != NULL && session->writes == 0 && !session->is_broken) {
        struct waiting *waiting = session->first;
        struct output_rest *rest = waiting->rest;
        if (waiting->piece == rest->piece_count) {
            finish_first(session, 0);
            continue;
        }
        session->waiting_bytes -= encrypt_portion(session, rest->pieces, rest->piece_count,
                                                  &waiting->piece, &waiting->at);
        send_ciphertext(session);
    }
    while (session->first != NULL && session->writes == 0)
        finish_first(session, UV_EPIPE);
}

enum output_result tls_session_flush(struct tls_session *session, struct output *output)
{
    uv_buf_t pieces[OUTPUT_PIECES_MAX];
    size_t piece = 0;
    size_t at = 0;
    size_t encrypted = 0;
    if (output->piece_count == 0)
        return OUTPUT_WRITTEN;
    size_t count = output->piece_count;
    size_t total = output_gather(output, pieces);
    bool is_well = session->is_established && !session->is_broken;
    output->bytes_written += total;
    if (session->first == NULL) {
        while (is_well && encrypted < total && session->writes == 0) {
            encrypted += encrypt_portion(session, pieces, count, &piece, &at);
            is_well = !session->is_broken && send_ciphertext(session);
        }
    }
    if (!is_well || (encrypted == total && session->writes == 0)) {
        output_discard(output);
        return is_well ? OUTPUT_WRITTEN : OUTPUT_BROKEN;
    }
    wait(session, output_take_rest(output, encrypted));
    return OUTPUT_QUEUED;
}

size_t tls_session_unwritten_bytes(const struct tls_session *session)
{
    return session->waiting_bytes + uv_stream_get_write_queue_size(session->stream);
}

void tls_session_say_goodbye(struct tls_session *session)
{
    const struct tls_library *library = library_of(session->wire);
    bool may_speak = session->is_established && !session->is_broken && !session->has_said_goodbye &&
                     session->writes == 0 && session->first == NULL;
    if (!may_speak)
        return;
    session->has_said_goodbye = true;
    library->ERR_clear_error();
    library->SSL_shutdown(session->ssl); /* its answer says what the other side did: no matter */
    collect(session->wire);
    struct buf *ciphertext = &session->wire->ciphertext;
    uv_buf_t buffer = uv_buf_init(ciphertext->data, (unsigned)ciphertext->size);
    if (ciphertext->size > 0)
        output_send_now(session->stream, &buffer, 1);
    buf_clear(ciphertext);
}

/* ---- ciphertext in ------------------------------------------------------------------------ */

/* After a call that did not do what was asked. */
static enum tls_verdict judge(struct tls_session *session, int result)
{
    switch (library_of(session->wire)->SSL_get_error(session->ssl, result)) {
    case SSL_ERROR_WANT_READ:
        return TLS_SPEAKS;
    case SSL_ERROR_ZERO_RETURN:
        return TLS_SAID_GOODBYE;
    default:
        return TLS_BROKEN;
    }
}

static enum tls_verdict shake_hands(struct tls_session *session)
{
    int result = library_of(session->wire)->SSL_do_handshake(session->ssl);
    session->is_established = result == 1;
    return session->is_established ? TLS_SPEAKS : judge(session, result);
}

static enum tls_verdict listen_to(struct tls_session *session, struct str *plain)
{
    struct tls_wire *wire = session->wire;
    size_t size = 0;
    size_t got = 0;
    int result = 0;
    do {
        assert(size < PLAIN_BYTES_MAX);
        got = 0;
        result = library_of(wire)->SSL_read_ex(session->ssl, wire->plain + size,
                                               PLAIN_BYTES_MAX - size, &got);
        size += got;
    } while (result == 1);
    *plain = (struct str){wire->plain, size};
    return judge(session, result);
}

/* TLS begins with a byte 0x16; a letter is somebody who speaks plain HTTP. */
static bool is_letter(char byte)
{
    return (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z');
}

enum tls_verdict tls_session_take(struct tls_session *session, struct str ciphertext,
                                  struct str *plain)
{
    struct tls_wire *wire = session->wire;
    const struct tls_library *library = library_of(wire);
    *plain = STR("");
    assert(ciphertext.size > 0);
    assert(ciphertext.size <= READ_BUFFER_BYTES);
    if (session->is_broken)
        return TLS_BROKEN;
    if (!session->has_begun && is_letter(ciphertext.data[0]))
        return TLS_WAS_NO_TLS;
    session->has_begun = true;
    library->ERR_clear_error();
    int given = library->BIO_write(wire->input, ciphertext.data, (int)ciphertext.size);
    assert(given == (int)ciphertext.size);
    enum tls_verdict verdict = session->is_established ? TLS_SPEAKS : shake_hands(session);
    if (session->is_established)
        verdict = listen_to(session, plain);
    bool is_sent = send_ciphertext(session);
    if (verdict != TLS_SPEAKS) /* what it left there is no session's */
        library->BIO_ctrl(wire->input, BIO_CTRL_RESET, 0, NULL);
    if (verdict == TLS_BROKEN || !is_sent) {
        session->is_broken = true;
        *plain = STR("");
        return TLS_BROKEN;
    }
    return verdict;
}
