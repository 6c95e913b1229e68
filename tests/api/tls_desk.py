# SPDX-License-Identifier: Apache-2.0
"""A server behind TLS, and those who speak to it: sockets, kept connections, streams."""
import atexit
import contextlib
import functools
import http.client
import json
import pathlib
import re
import shutil
import socket
import ssl
import subprocess
import tempfile

from harness import ROOT, Server

MANAGEMENT = "/api/v1"


@functools.cache
def pairs():
    """A folder of certificates and keys, made for this run: of localhost and of another name."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="guidon-tls-"))
    atexit.register(shutil.rmtree, folder)
    subprocess.run([ROOT / "tests" / "support" / "certificates", folder], check=True)
    return folder


class TlsServer(Server):
    """Its pair is a copy, so that a test can renew it."""

    def __init__(self, directory, *arguments, **environment):
        super().__init__(directory, *arguments, **environment)
        self.certificate = self.directory / "certificate.pem"
        self.key = self.directory / "key.pem"
        self.show("localhost")
        self.arguments += ["--tls-certificate", str(self.certificate), "--tls-key", str(self.key)]

    def show(self, name, key=None):
        """What it shows from its next look at the files on."""
        shutil.copy(pairs() / f"{name}.pem", self.certificate)
        shutil.copy(pairs() / f"{key or name}.key", self.key)

    def _announced(self):
        assert self.process.poll() is None, \
            f"exited {self.process.returncode} at start: {self.output('err')}"
        found = re.search(r"^listening on (https://\S+:\d+) \(operations on (http://\S+:\d+)\)\n",
                          self.output(), re.MULTILINE)
        if found:
            self.base, self.operations = found.groups()
        return found

    def api(self, token=None):
        api = super().api(token)
        api.session.verify = str(pairs() / "localhost.pem")
        return api


def trust(name="localhost", **settings):
    """A client's context that trusts one certificate."""
    context = ssl.create_default_context(cafile=pairs() / f"{name}.pem")
    for setting, value in settings.items():
        setattr(context, setting, value)
    return context


@contextlib.contextmanager
def connect(server, context=None, **more):
    """A TLS connection; an end without a goodbye is an error."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as link:
        with (context or trust()).wrap_socket(link, server_hostname="localhost",
                                              suppress_ragged_eofs=False, **more) as secure:
            yield secure


def request(server, path, *lines, method="GET"):
    """Bytes of a request with the owner's credential."""
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: localhost",
                        f"Authorization: Bearer {server.token}", *lines, "", ""]).encode()


def read_answer(reader):
    """(status, headers, body) of the next answer of a buffered reader; None at the end."""
    line = reader.readline()
    if not line:
        return None
    headers = {}
    while (one := reader.readline()) != b"\r\n":
        name, _, value = one.decode().partition(":")
        headers[name.lower()] = value.strip()
    return int(line.split(b" ")[1]), headers, reader.read(int(headers.get("content-length", 0)))


class Kept:
    """A connection that is kept as HTTP/1.1 says: until an answer closes it, and no request is
    repeated. What goes wrong is raised."""

    def __init__(self, server, context=None):
        self.server, self.context, self.link, self.opened = server, context, None, 0

    def _open(self):
        self.opened += 1
        if self.context is None:
            return http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
        return http.client.HTTPSConnection("localhost", self.server.port, timeout=30,
                                           context=self.context)

    def call(self, method, path, body=None, token=None):
        if self.link is None:
            self.link = self._open()
        headers = {"Authorization": f"Bearer {token or self.server.token}"}
        if body is not None:
            body = json.dumps(body)
            headers["Content-Type"] = "application/json"
        self.link.request(method, path, body=body, headers=headers)
        answer = self.link.getresponse()
        content = answer.read()
        if answer.will_close:
            self.close()
        return answer.status, json.loads(content) if content else None

    def close(self):
        if self.link is not None:
            self.link.close()
        self.link = None
