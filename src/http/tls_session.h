/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tls_session - one connection's TLS, between its socket and its bytes.
 *
 * libuv reads and writes, OpenSSL sees memory only: ciphertext that came in is handed to
 * tls_session_take, which leaves the plain bytes in the loop's wire; what the connection collected
 * in the loop's output is encrypted by tls_session_flush. Of what a slow reader does not take only
 * one portion is encrypted ahead; the rest waits as it is, so that a body many share stays one.
 *
 * An established session that waits for a request holds no buffer of its own.
 */
#ifndef HTTP_TLS_SESSION_H
#define HTTP_TLS_SESSION_H

#include <uv.h>

#include "http/output.h"
#include "http/tls.h"

struct tls_wire; /* what all sessions of a loop use in turn */

struct tls_wire *tls_wire_open(struct http_tls *tls);
void tls_wire_close(struct tls_wire *wire); /* after its sessions; NULL: nothing */

struct tls_session;

/* on_written: as for output_flush. */
struct tls_session *tls_session_open(struct tls_wire *wire, uv_stream_t *stream,
                                     void (*on_written)(uv_stream_t *stream, int status));
void tls_session_close(struct tls_session *session); /* when the stream is closed; NULL: nothing */

enum tls_verdict {
    TLS_SPEAKS,       /* what it says is in *plain, maybe nothing yet */
    TLS_SAID_GOODBYE, /* the last is in *plain, and nothing will come */
    TLS_WAS_NO_TLS,   /* the first byte is that of an HTTP request */
    TLS_BROKEN,       /* the other side has been told, if it could be */
};
/* Ciphertext that was read, at most READ_BUFFER_BYTES. *plain is good until the next call for any
 * session of the loop. */
enum tls_verdict tls_session_take(struct tls_session *session, struct str ciphertext,
                                  struct str *plain);

bool tls_session_is_established(const struct tls_session *session);
bool tls_session_has_begun(const struct tls_session *session); /* something was read */

/* Writes everything in the output, as output_flush: on_written is called once for each time this
 * says OUTPUT_QUEUED. Empties the output in every case. */
enum output_result tls_session_flush(struct tls_session *session, struct output *output);
size_t tls_session_unwritten_bytes(const struct tls_session *session);

/* Says that nothing more will come (close_notify), if the socket takes it at once. */
void tls_session_say_goodbye(struct tls_session *session);

#endif
