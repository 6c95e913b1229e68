# SPDX-License-Identifier: Apache-2.0
"""Requests whose end two programs could see in different places: refused, and hung up on.

Behind each hostile request follows a second one. A server that saw the end of the first where an
attacker wants it would answer the second; it may never be answered.
"""
import json

import pytest

from harness import converse, statuses

POST = "POST /api/v1/apps HTTP/1.1\r\n"
GET = "GET /api/v1/apps HTTP/1.1\r\n"
HOST = "Host: x\r\n"
CHUNKED = "Transfer-Encoding: chunked\r\n"
SMUGGLED = "GET /api/v1/smuggled HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

HOSTILE = {
    # The twenty of the parser study, and their relatives.
    "bare CR before Transfer-Encoding":
        POST + HOST + "X: a\rTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "bare CR between headers": GET + "Host: x\rX: y\r\n\r\n",
    "CR CR LF": GET + "Host: x\r\r\n\r\n",
    "length and chunked": POST + HOST + "Content-Length: 5\r\n" + CHUNKED + "\r\n0\r\n\r\n",
    "chunked and length": POST + HOST + CHUNKED + "Content-Length: 5\r\n\r\n0\r\n\r\n",
    "two different lengths": POST + HOST + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    "the same length twice": POST + HOST + "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
    "lengths with a comma": POST + HOST + "Content-Length: 2, 2\r\n\r\n{}",
    "length with a plus": POST + HOST + "Content-Length: +2\r\n\r\n{}",
    "length with a minus": POST + HOST + "Content-Length: -2\r\n\r\n{}",
    "length in hexadecimal": POST + HOST + "Content-Length: 0x2\r\n\r\n{}",
    "length with a fraction": POST + HOST + "Content-Length: 2.0\r\n\r\n{}",
    "length with a blank inside": POST + HOST + "Content-Length: 1 2\r\n\r\n{}",
    "length without digits": POST + HOST + "Content-Length: \r\n\r\n{}",
    "length over 64 bits": POST + HOST + "Content-Length: 18446744073709551618\r\n\r\n{}",
    "blank before the colon": POST + HOST + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "blank before the colon of the length": POST + HOST + "Content-Length : 2\r\n\r\n{}",
    "tab before the colon": POST + HOST + "Content-Length\t: 2\r\n\r\n{}",
    "folded header": POST + HOST + "X: a\r\n Transfer-Encoding: chunked\r\n\r\n",
    "folded header with a tab": POST + HOST + "Transfer-Encoding:\r\n\tchunked\r\n\r\n0\r\n\r\n",
    "first header folded": GET + " Host: x\r\n\r\n",
    "bare LF line ends": "GET /api/v1/apps HTTP/1.1\nHost: x\n\n",
    "bare LF after the request line": "GET /api/v1/apps HTTP/1.1\nHost: x\r\n\r\n",
    "bare LF between headers": GET + "X: y\nHost: x\r\n\r\n",
    "bare LF before the body": POST + HOST + "Content-Length: 2\r\n\n{}",
    "xchunked": POST + HOST + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "chunkedx": POST + HOST + "Transfer-Encoding: chunkedx\r\n\r\n0\r\n\r\n",
    "identity": POST + HOST + "Transfer-Encoding: identity\r\n\r\n",
    "gzip, chunked": POST + HOST + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "chunked, chunked": POST + HOST + "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    "chunked, identity": POST + HOST + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "chunked twice": POST + HOST + CHUNKED + CHUNKED + "\r\n0\r\n\r\n",
    "chunked in quotes": POST + HOST + 'Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n',
    "no transfer coding": POST + HOST + "Transfer-Encoding:\r\n\r\n0\r\n\r\n",
    "vertical tab in the coding": POST + HOST + "Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    "chunk size overflow": POST + HOST + CHUNKED + "\r\n10000000000000002\r\n{}\r\n0\r\n\r\n",
    "chunk size negative": POST + HOST + CHUNKED + "\r\n-2\r\n{}\r\n0\r\n\r\n",
    "chunk size with a plus": POST + HOST + CHUNKED + "\r\n+2\r\n{}\r\n0\r\n\r\n",
    "chunk size with 0x": POST + HOST + CHUNKED + "\r\n0x2\r\n{}\r\n0\r\n\r\n",
    "chunk size missing": POST + HOST + CHUNKED + "\r\n\r\n{}\r\n0\r\n\r\n",
    "chunk size not hexadecimal": POST + HOST + CHUNKED + "\r\nxyz\r\n{}\r\n0\r\n\r\n",
    "chunk longer than its size": POST + HOST + CHUNKED + "\r\n2\r\n{}{}\r\n0\r\n\r\n",
    "chunk line with bare LF": POST + HOST + CHUNKED + "\r\n2\n{}\r\n0\r\n\r\n",
    "chunk data with bare LF": POST + HOST + CHUNKED + "\r\n2\r\n{}\n0\r\n\r\n",
    "last chunk with bare LF": POST + HOST + CHUNKED + "\r\n2\r\n{}\r\n0\n\n",
    "chunk extension with bare LF": POST + HOST + CHUNKED + "\r\n2;a\n{}\r\n0\r\n\r\n",
    "endless chunk extension":
        POST + HOST + CHUNKED + "\r\n2;" + "e" * 5000 + "\r\n{}\r\n0\r\n\r\n",
    "NUL in a header value": GET + HOST + "X: a\0b\r\n\r\n",
    "NUL in a header name": GET + HOST + "X\0Y: a\r\n\r\n",
    "control character in a header value": GET + HOST + "X: a\x07b\r\n\r\n",
    "no Host": GET + "X: y\r\n\r\n",
    "two Hosts": GET + HOST + "Host: y\r\n\r\n",
    "two equal Hosts": GET + HOST + HOST + "\r\n",
    "header without a colon": GET + HOST + "Content-Length\r\n\r\n",
    "header without a name": GET + HOST + ": chunked\r\n\r\n",
    "header name with a blank": GET + HOST + "Content Length: 2\r\n\r\n",
    "header name in brackets": GET + HOST + "Content[Length]: 2\r\n\r\n",
    "100 kB of headers":
        GET + HOST + "".join(f"X{i}: {'v' * 1000}\r\n" for i in range(100)) + "\r\n",
    "no version": "GET /api/v1/apps\r\nHost: x\r\n\r\n",
    "unknown version": "GET /api/v1/apps HTTP/1.2\r\nHost: x\r\n\r\n",
    "version 2.0": "GET /api/v1/apps HTTP/2.0\r\nHost: x\r\n\r\n",
    "version 3 digits": "GET /api/v1/apps HTTP/1.10\r\nHost: x\r\n\r\n",
    "lower-case version": "GET /api/v1/apps http/1.1\r\nHost: x\r\n\r\n",
    "two blanks after the method": "GET  /api/v1/apps HTTP/1.1\r\nHost: x\r\n\r\n",
    "blank in the path": "GET /api/v1/ apps HTTP/1.1\r\nHost: x\r\n\r\n",
    "tab in the request line": "GET\t/api/v1/apps\tHTTP/1.1\r\nHost: x\r\n\r\n",
    "NUL in the path": "GET /api/v1/apps\0 HTTP/1.1\r\nHost: x\r\n\r\n",
    "control character in the path": "GET /api/v1/\x01apps HTTP/1.1\r\nHost: x\r\n\r\n",
    "bare CR in the request line": "GET /api/v1/apps HTTP/1.1\rHost: x\r\n\r\n",
    "path without a slash": "GET api/v1/apps HTTP/1.1\r\nHost: x\r\n\r\n",
    "1.0 with Transfer-Encoding":
        "POST /api/v1/apps HTTP/1.0\r\n" + HOST + CHUNKED + "\r\n0\r\n\r\n",
    "method with a strange letter": "GE\x80T /api/v1/apps HTTP/1.1\r\nHost: x\r\n\r\n",
    "HTTP/2 preface": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "TLS hello": "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + "\0" * 64,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_refused_and_hung_up(server, name):
    got, closed = converse(server, (HOSTILE[name] + SMUGGLED).encode("latin-1"))
    codes = statuses(got)
    assert closed, f"left open after {codes}"
    assert len(codes) <= 1, f"answered what was smuggled: {codes}"
    assert all(400 <= code < 600 and code not in (401, 404) for code in codes), codes


def test_a_refusal_of_the_parser_is_in_the_form_of_every_other(server):
    got, _ = converse(server, (HOSTILE["two different lengths"] + SMUGGLED).encode())
    head, body = got.split(b"\r\n\r\n", 1)
    assert statuses(got) == [400]
    assert b"application/json" in head
    assert list(json.loads(body)) == ["error"]


HARMLESS = {
    "Host in lower case": "GET /api/v1/smuggled HTTP/1.1\r\nhost: x\r\n",
    "empty header value": "GET /api/v1/smuggled HTTP/1.1\r\nHost: x\r\nX:\r\n",
    "blanks around a value": "GET /api/v1/smuggled HTTP/1.1\r\nHost: x\r\nX: \t y \t\r\n",
    "latin letters in a value": "GET /api/v1/smuggled HTTP/1.1\r\nHost: x\r\nX: \xe9\xff\r\n",
    "all token characters in a name":
        "GET /api/v1/smuggled HTTP/1.1\r\nHost: x\r\nX!#$%&'*+-.^_`|~0: y\r\n",
    "length of zero": "GET /api/v1/smuggled HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n",
    "Upgrade to h2c": "GET /api/v1/smuggled HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\n",
}


@pytest.mark.parametrize("name", HARMLESS)
def test_unusual_but_clear_requests_are_answered(server, name):
    got, _ = converse(server, (HARMLESS[name] + "Connection: close\r\n\r\n").encode("latin-1"))
    assert statuses(got) == [404]


@pytest.mark.parametrize("chunks", ["2;ext=1\r\n{}\r\n0\r\n\r\n", "002\r\n{}\r\n000\r\n\r\n",
                                    "1\r\n{\r\n1\r\n}\r\n0\r\nTrailer: x\r\n\r\n"],
                         ids=["extension", "leading-zeros", "trailer"])
def test_unusual_but_clear_chunks_are_read_to_their_end(server, api, chunks):
    got, _ = converse(server, (POST + HOST + CHUNKED + "Content-Type: application/json\r\n"
                               f"Authorization: Bearer {api.token}\r\n\r\n" + chunks
                               + SMUGGLED).encode())
    assert statuses(got) == [400, 404]


def test_a_trailer_is_no_header(server, shared_app):
    """A credential that comes after the body opens nothing."""
    got, _ = converse(server, (POST + HOST + CHUNKED + "Content-Type: application/json\r\n\r\n"
                               "2\r\n{}\r\n0\r\nAuthorization: Bearer "
                               f"{shared_app.api.token}\r\n\r\n" + SMUGGLED).encode())
    assert statuses(got)[0] == 401


def test_an_early_refusal_with_an_unread_body_ends_the_connection(server, api):
    """What follows a refused head may be the rest of its body: it must not be read as a request."""
    body = SMUGGLED.encode() * 100
    got, closed = converse(server, (POST + HOST + f"Authorization: Bearer {api.token}\r\n"
                                    "Content-Type: application/json\r\n"
                                    "Content-Length: 999999999\r\n\r\n").encode() + body)
    assert closed
    assert statuses(got) in ([413], [])


def test_a_refused_credential_does_not_turn_the_body_into_a_request(server):
    body = SMUGGLED.encode()
    got, _ = converse(server, (POST + HOST + "Content-Type: application/json\r\n"
                               f"Content-Length: {len(body)}\r\n\r\n").encode() + body
                      + SMUGGLED.encode())
    assert statuses(got) in ([401, 404], [401])


def test_the_server_lives_on(api):
    assert api.get("/apps").status_code == 200
