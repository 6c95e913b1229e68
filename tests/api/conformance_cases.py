# SPDX-License-Identifier: Apache-2.0
"""What RFC 9110 and 9112 say of a request's bytes, case by case: the bytes, the clause, and what may
come back. Behind each request another one is sent, so that a wrong idea of where it ends shows.

REFUSED: at most one answer, of the 400s or 500s but neither 401 nor 404, which a request that had been
understood would get; and the connection ends. READ: it is understood, and so is the next one. Others:
the statuses that may be answered, in order.
"""
from typing import NamedTuple

REFUSED, READ = "refused", "read"
CLOSED = "closed"  # answered, and the connection ends with it


class Case(NamedTuple):
    name: str
    clause: str
    sent: bytes
    outcome: str


GET = b"GET /api/v1/apps HTTP/1.1\r\n"
POST = b"POST /api/v1/apps HTTP/1.1\r\n"
HOST = b"Host: localhost\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
END = b"\r\n"
NEXT = b"GET /api/v1/next HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


def shown(data):
    return repr(data)[2:-1]


def request_lines():
    def case(name, line, outcome=REFUSED, clause="RFC 9112, 3"):
        return Case(f"request line: {name}", clause, line + HOST + END, outcome)
    path = b"/api/v1/apps"
    yield case("as it should be", GET, READ)
    for name, line in {
            "no version": b"GET %b\r\n", "no target": b"GET HTTP/1.1\r\n", "only a method": b"GET\r\n",
            "blank first": b" GET %b HTTP/1.1\r\n", "two blanks": b"GET  %b HTTP/1.1\r\n",
            "two blanks before the version": b"GET %b  HTTP/1.1\r\n",
            "blank behind": b"GET %b HTTP/1.1 \r\n", "tab for a blank": b"GET\t%b HTTP/1.1\r\n",
            "tab before the version": b"GET %b\tHTTP/1.1\r\n",
            "vertical tab": b"GET\x0b%b HTTP/1.1\r\n", "form feed": b"GET\x0c%b HTTP/1.1\r\n",
            "bare CR for a blank": b"GET\r%b HTTP/1.1\r\n", "bare LF": b"GET %b HTTP/1.1\n",
            "CR CR LF": b"GET %b HTTP/1.1\r\r\n", "bare CR": b"GET %b HTTP/1.1\r",
            "a word more": b"GET %b x HTTP/1.1\r\n", "NUL in the target": b"GET %b\0 HTTP/1.1\r\n",
            "control in the target": b"GET %b\x01 HTTP/1.1\r\n",
            "delete in the target": b"GET %b\x7f HTTP/1.1\r\n",
            "backslash in the target": b"GET \\api HTTP/1.1\r\n",
            "quoted target": b'GET "%b" HTTP/1.1\r\n'}.items():
        yield case(name, line.replace(b"%b", path))
    for version in (b"HTTP/1.2", b"HTTP/1.9", b"HTTP/2.0", b"HTTP/0.9", b"HTTP/3.0", b"HTTP/1", b"HTTP/1.",
                    b"HTTP/.1", b"HTTP/1.10", b"HTTP/01.1", b"HTTP/11.1", b"HTTP/1,1", b"HTTP/1.1x",
                    b"HTTP/ 1.1", b"HTTP /1.1", b"HTTP/-1.1", b"HTTP/1.-1", b"http/1.1", b"Http/1.1",
                    b"HTTPS/1.1", b"XTTP/1.1", b"HTTP\\1.1", b"HTTP/1.1\t", b"ICY/1.1", b"RTSP/1.0",
                    b"\xef\xbc\x91", b"HTTP/A.B"):
        yield case(f"version {shown(version)}", b"GET " + path + b" " + version + b"\r\n",
                   clause="RFC 9112, 2.3")
    for method in (b"get", b"Get", b"GE", b"GETT", b"", b"GET\0", b"G\x80T", b"G T", b"G(T", b"G,T", b"G/T",
                   b"G:T", b"G;T", b"G=T", b"G@T", b"G[T", b"G{T", b'G"T'):
        yield case(f"method {shown(method)}", method + b" " + path + b" HTTP/1.1\r\n", "not 2xx",
                   "RFC 9110, 9.1")
    for target in (b"api/v1/apps", b"*", b"localhost", b"localhost:80", b"http://", b"http:///api/v1/apps",
                   b"ftp://localhost/api/v1/apps", b"/api/v1/apps#x", b"?x", b"#", b"//", b"%", b"/%",
                   b"/%0", b"/%zz", b"/%00", b"/\xff", b"/..", b"/../api", b"/./api", b"/" + b"a" * 9000):
        yield case(f"target {shown(target)[:24]}", b"GET " + target + b" HTTP/1.1\r\n", "not 2xx",
                   "RFC 9112, 3.2")
    yield case("CONNECT", b"CONNECT localhost:80 HTTP/1.1\r\n", "not 2xx", "RFC 9110, 9.3.6")
    yield case("TRACE", b"TRACE /api/v1/apps HTTP/1.1\r\n", "not 2xx", "RFC 9110, 9.3.8")
    yield case("one empty line first", b"\r\n" + GET, "read or refused", "RFC 9112, 2.2")
    yield Case("request line: HTTP/2 preface", "RFC 9113, 3.4", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
               REFUSED)


def fields():
    def case(name, line, outcome=REFUSED, clause="RFC 9110, 5.1", head=GET):
        return Case(f"field: {name}", clause, head + HOST + line + END, outcome)
    for byte in b'"(),/:;<=>?@[\\]{} \t\0\x01\x0b\x0c\x1f\x7f\x80\xff':
        name = b"X" + bytes([byte]) + b"Y"
        # A colon ends the name; what follows is the value.
        yield case(f"name with {byte:#04x}", name + b": v\r\n", READ if byte == 0x3a else REFUSED)
    for byte in b"!#$%&'*+-.^_`|~0aZ":
        yield case(f"name with {chr(byte)}", b"X" + bytes([byte]) + b"Y: v\r\n", READ)
    for byte in [*range(0, 9), 11, 12, *range(14, 32), 127]:
        yield case(f"value with {byte:#04x}", b"X: a" + bytes([byte]) + b"b\r\n", REFUSED,
                   "RFC 9110, 5.5")
    for byte in (0x09, 0x20, 0x80, 0xe9, 0xff):
        yield case(f"value with {byte:#04x}", b"X: a" + bytes([byte]) + b"b\r\n", READ, "RFC 9110, 5.5")
    for name, line, outcome in (
            ("blank before the colon", b"X : v\r\n", REFUSED), ("tab before it", b"X\t: v\r\n", REFUSED),
            ("no colon", b"X\r\n", REFUSED), ("no name", b": v\r\n", REFUSED),
            ("blank first", b" X: v\r\n", REFUSED), ("tab first", b"\tX: v\r\n", REFUSED),
            ("folded", b"X: a\r\n b\r\n", REFUSED), ("folded with a tab", b"X: a\r\n\tb\r\n", REFUSED),
            ("folded to nothing", b"X: a\r\n \r\n", REFUSED), ("bare LF", b"X: v\n", REFUSED),
            ("bare CR", b"X: v\rY: w\r\n", REFUSED), ("CR CR LF", b"X: v\r\r\n", REFUSED),
            ("LF CR", b"X: v\n\r", REFUSED), ("no value", b"X:\r\n", READ),
            ("blanks around", b"X: \t v \t \r\n", READ), ("no blank", b"X:v\r\n", READ),
            ("a value of 9 KiB", b"X: " + b"v" * 9000 + b"\r\n", READ),
            ("a value of 70 KiB", b"X: " + b"v" * 70000 + b"\r\n", REFUSED),
            ("200 lines", b"X: v\r\n" * 200, REFUSED), ("name of 2 KiB", b"X" * 2048 + b": v\r\n", READ)):
        yield case(name, line, outcome, "RFC 9112, 5")


def hosts():
    def case(name, lines, outcome):
        return Case(f"Host: {name}", "RFC 9112, 3.2", GET + lines + END, outcome)
    yield case("none", b"", REFUSED)
    yield case("two", HOST + b"Host: elsewhere\r\n", REFUSED)
    yield case("the same twice", HOST + HOST, REFUSED)
    yield case("in capitals", b"HOST: localhost\r\n", READ)
    yield case("first of many", HOST + b"X: v\r\nHost: elsewhere\r\n", REFUSED)
    yield case("with a port", b"Host: localhost:8080\r\n", READ)
    yield case("IPv6", b"Host: [::1]:8080\r\n", READ)
    for value in (b"a b", b"a,b", b"a/b", b"a?b", b"a#b", b"a@b", b"a\\b", b"\xe9", b"a\0", b"a, b", b'"a"',
                  b"http://a", b"a<b", b"a{b"):
        yield case(shown(value), b"Host: " + value + b"\r\n", "read or refused")
    yield Case("Host: none in HTTP/1.0", "RFC 9112, 3.2", b"GET /api/v1/apps HTTP/1.0\r\n\r\n", CLOSED)
    yield Case("Host: another than in the absolute form", "RFC 9112, 3.2.2",
               b"GET http://elsewhere/api/v1/apps HTTP/1.1\r\n" + HOST + END, "read or refused")


def lengths():
    for value in (b"+2", b"-2", b"0x2", b"2.0", b"2e0", b"1 2", b"2 2", b"", b" ", b"2,2", b"2, 2", b"2;",
                  b"2\0",
                  b"two", b"\xef\xbc\x92", b"18446744073709551618", b"9223372036854775808", b"99999999999",
                  b"2\t2", b"02x", b"0b10", b"0o2", b"2_0", b"'2'", b'"2"', b"(2)", b"NaN", b"-0", b"+0", b"--2"):
        yield Case(f"Content-Length: {shown(value)}", "RFC 9112, 6.3",
                   POST + HOST + b"Content-Length: " + value + b"\r\n\r\n{}", REFUSED)
    for name, lines in {
            "twice the same": b"Content-Length: 2\r\nContent-Length: 2\r\n",
            "twice": b"Content-Length: 2\r\nContent-Length: 3\r\n",
            "twice, other letters": b"Content-Length: 2\r\ncontent-length: 0\r\n",
            "blank before the colon": b"Content-Length : 2\r\n",
            "with chunked": b"Content-Length: 2\r\n" + CHUNKED,
            "behind chunked": CHUNKED + b"Content-Length: 2\r\n",
            "zero with chunked": b"Content-Length: 0\r\n" + CHUNKED,
            "folded": b"Content-Length:\r\n 2\r\n"}.items():
        yield Case(f"Content-Length: {name}", "RFC 9112, 6.3", POST + HOST + lines + b"\r\n{}", REFUSED)
    for value in (b"2", b" 2 ", b"\t2", b"002"):
        yield Case(f"Content-Length: {shown(value)} is 2", "RFC 9110, 8.6",
                   POST + HOST + b"Content-Length:" + value + b"\r\n\r\n{}", READ)
    yield Case("Content-Length: 0", "RFC 9110, 8.6", POST + HOST + b"Content-Length: 0\r\n\r\n", READ)
    yield Case("Content-Length: of a GET", "RFC 9110, 9.3.1",
               GET + HOST + b"Content-Length: 2\r\n\r\n{}", "read or refused")
    yield Case("Content-Length: none of a POST", "RFC 9112, 6.3", POST + HOST + END, READ)


def codings():
    body = b"\r\n2\r\n{}\r\n0\r\n\r\n"
    for value in (b"xchunked", b"chunkedx", b"identity", b"gzip", b"gzip, chunked", b"chunked, gzip", b"",
                  b"chunked, chunked", b"chunked,", b",chunked", b", chunked", b"chunked;", b"chunked;q=1",
                  b'"chunked"', b"'chunked'", b"\x0bchunked", b"\x0cchunked", b"chunked\0", b"chunk",
                  b"chunked chunked", b"chun ked", b"c\xe9", b"chunked identity", b"deflate", b"compress",
                  b"x", b"chunked\x7f", b"\xa0chunked", b"chunked, identity", b"identity, chunked"):
        yield Case(f"Transfer-Encoding: {shown(value)}", "RFC 9112, 6.1",
                   POST + HOST + b"Transfer-Encoding: " + value + b"\r\n" + body, REFUSED)
    for name, lines in {
            "twice": CHUNKED + CHUNKED, "twice, other": CHUNKED + b"Transfer-Encoding: identity\r\n",
            "other, twice": b"Transfer-Encoding: identity\r\n" + CHUNKED,
            "blank before the colon": b"Transfer-Encoding : chunked\r\n",
            "folded": b"Transfer-Encoding:\r\n chunked\r\n",
            "in the fold of another": b"X: a\r\n Transfer-Encoding: chunked\r\n",
            "behind a bare CR": b"X: a\rTransfer-Encoding: chunked\r\n",
            "behind a bare LF": b"X: a\nTransfer-Encoding: chunked\r\n"}.items():
        yield Case(f"Transfer-Encoding: {name}", "RFC 9112, 6.1", POST + HOST + lines + body, REFUSED)
    yield Case("Transfer-Encoding: in HTTP/1.0", "RFC 9112, 6.1",
               b"POST /api/v1/apps HTTP/1.0\r\n" + HOST + CHUNKED + body, REFUSED)
    for name, lines in {"chunked": CHUNKED, "CHUNKED": b"Transfer-Encoding: CHUNKED\r\n",
                        "in small letters": b"transfer-encoding: chunked\r\n",
                        "blanks around": b"Transfer-Encoding: \t chunked \t\r\n"}.items():
        yield Case(f"Transfer-Encoding: {name} is read", "RFC 9112, 6.1",
                   POST + HOST + lines + body, READ)
    for name in (b"Transfer_Encoding", b"Transfer-Encoding2", b"X-Transfer-Encoding", b"TransferEncoding"):
        yield Case(f"Transfer-Encoding: {shown(name)} is another", "RFC 9112, 6.1",
                   POST + HOST + name + b": chunked\r\n\r\n", READ)


def chunks():
    def case(name, body, outcome=REFUSED):
        return Case(f"chunks: {name}", "RFC 9112, 7.1", POST + HOST + CHUNKED + END + body, outcome)
    last = b"0\r\n\r\n"
    for size in (b"+2", b"-2", b"0x2", b"0X2", b"", b" ", b"xyz", b"2 2", b"2g", b"\xef\xbc\x92", b"2\0",
                 b"10000000000000002", b"fffffffffffffffff", b"FFFFFFFFFFFFFFFE", b"2\t2", b"2,2", b"2.0",
                 b"2_", b"\t2", b" 2"):
        yield case(f"size {shown(size)}", size + b"\r\n{}\r\n" + last)
    for name, body in {
            "bare LF behind the size": b"2\n{}\r\n" + last, "bare CR behind the size": b"2\r{}\r\n" + last,
            "bare LF behind the data": b"2\r\n{}\n" + last, "bare CR behind it": b"2\r\n{}\r" + last,
            "nothing behind the data": b"2\r\n{}" + last, "longer than its size": b"2\r\n{}{}\r\n" + last,
            "last one with LF": b"2\r\n{}\r\n0\n\n", "last one with CR": b"2\r\n{}\r\n0\r\r",
            "end with LF": b"2\r\n{}\r\n0\r\n\n", "extension with LF": b"2;a\n{}\r\n" + last,
            "extension with CR": b"2;a\rb\r\n{}\r\n" + last,
            "extension with NUL": b"2;a\0\r\n{}\r\n" + last,
            "quoted extension with LF": b'2;a="\n"\r\n{}\r\n' + last,
            "extension without end": b"2;" + b"e" * 20000 + b"\r\n{}\r\n" + last,
            "trailer with a blank first": b"2\r\n{}\r\n0\r\n X: v\r\n\r\n",
            "trailer with LF": b"2\r\n{}\r\n0\r\nX: v\n\r\n",
            "trailer without a colon": b"2\r\n{}\r\n0\r\nX\r\n\r\n",
            "trailer with NUL": b"2\r\n{}\r\n0\r\nX: \0\r\n\r\n",
            "trailers without end": b"2\r\n{}\r\n0\r\n" + b"X: v\r\n" * 20000 + b"\r\n"}.items():
        yield case(name, body)
    for name, body in {
            "one": b"2\r\n{}\r\n" + last, "two": b"1\r\n{\r\n1\r\n}\r\n" + last, "none": last,
            "capital letters": b"A\r\n{}        \r\n" + last, "small letters": b"a\r\n{}        \r\n" + last,
            "zeros first": b"0002\r\n{}\r\n" + last, "zeros last": b"2\r\n{}\r\n0000\r\n\r\n",
            "an extension": b"2;a=b\r\n{}\r\n" + last, "a quoted one": b'2;a="b c"\r\n{}\r\n' + last,
            "a trailer": b"2\r\n{}\r\n0\r\nX: v\r\n\r\n"}.items():
        yield case(f"{name} is read", body, READ)
    yield case("a trailer's length counts for nothing",
               b"2\r\n{}\r\n0\r\nContent-Length: 5\r\n\r\n", "read or refused")
    yield case("a trailer's coding counts for nothing",
               b"2\r\n{}\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n", "read or refused")


def connections():
    def case(name, head, outcome, clause="RFC 9112, 9"):
        return Case(f"connection: {name}", clause, head, outcome)
    yield case("close", GET + HOST + b"Connection: close\r\n\r\n", CLOSED)
    yield case("CLOSE", GET + HOST + b"Connection: CLOSE\r\n\r\n", CLOSED)
    yield case("close among others", GET + HOST + b"Connection: x, close\r\n\r\n", CLOSED)
    yield case("keep-alive", GET + HOST + b"Connection: keep-alive\r\n\r\n", READ)
    yield case("1.0", b"GET /api/v1/apps HTTP/1.0\r\n" + HOST + END, CLOSED)
    yield case("naming Content-Length", POST + HOST + b"Connection: Content-Length\r\n"
               b"Content-Length: 2\r\n\r\n{}", "read or refused")
    yield case("naming Transfer-Encoding", POST + HOST + b"Connection: Transfer-Encoding\r\n" + CHUNKED
               + b"\r\n2\r\n{}\r\n0\r\n\r\n", "read or refused")
    yield case("naming Host", GET + HOST + b"Connection: Host\r\n\r\n", "read or refused")
    yield case("upgrade to h2c", GET + HOST + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
               b"HTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n", READ, "RFC 9110, 7.8")
    yield case("upgrade to a web socket", GET + HOST + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
               READ, "RFC 9110, 7.8")
    yield case("an expectation", POST + HOST + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n{}",
               READ, "RFC 9110, 10.1.1")
    yield case("another expectation", POST + HOST + b"Expect: 200-ok\r\nContent-Length: 2\r\n\r\n{}",
               REFUSED, "RFC 9110, 10.1.1")
    yield case("TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64), REFUSED)
    yield case("SSH", b"SSH-2.0-OpenSSH_9.2\r\n", REFUSED)
    yield case("PROXY", b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n" + GET + HOST + END, REFUSED)
    yield case("an answer", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", REFUSED)


CASES = [case for group in (request_lines, fields, hosts, lengths, codings, chunks, connections)
         for case in group()]
