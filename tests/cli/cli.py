# SPDX-License-Identifier: Apache-2.0
"""The real binary, run as a person or a script would.

    guidon.run("flag", "list").ok().items()             piped: what a script reads
    guidon.terminal("keys", "revoke", ID, answers=[(r"Type \\w+ to go on: ", "production")])
    guidon.named("superflag").run("status")             the same home, the vendor's name
"""
import json
import os
import pathlib
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
import fcntl

from harness import BINARY, clean_environment

LIMIT_S = 30
# What would make a run depend on whose machine it is.
FOREIGN = re.compile(r"^(SUPERFLAG_|SSH_|DISPLAY$|WAYLAND_DISPLAY$|BROWSER$|NO_COLOR$|FORCE_TTY$|"
                     r"EDITOR$|VISUAL$|XDG_|COLUMNS$|LINES$|LC_|LANG$|TZ$)")
CONTROL = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


class Result:
    """How a run ended and what it said."""

    def __init__(self, words, status, out, err=""):
        self.words = words
        self.status = status
        self.out = out
        self.err = err

    def __repr__(self):
        return f"{' '.join(self.words)} -> {self.status}\n--- out\n{self.out}--- err\n{self.err}"

    def ended(self, status):
        """The same result, when it has this exit status."""
        assert self.status == status, repr(self)
        return self

    def ok(self):
        return self.ended(0)

    @property
    def lines(self):
        return self.out.splitlines()

    @property
    def plain(self):
        """Without colours and carriage returns: what a person reads on a terminal."""
        return CONTROL.sub("", self.out).replace("\r\n", "\n")

    def json(self):
        """The one JSON document on standard output."""
        return json.loads(self.out)

    def items(self):
        """The JSON lines on standard output."""
        return [json.loads(line) for line in self.lines]

    def fields(self):
        """The cells of tab-separated lines."""
        return [line.split("\t") for line in self.lines]


class Cli:
    """One person's home and the name they call the binary by."""

    def __init__(self, place, name="guidon", **environment):
        self.place = pathlib.Path(place)
        self.name = name
        self.environment = environment
        self.home = self.place / "home" / ".superflag"
        self.bin = self.place / "bin"
        self.bin.mkdir(parents=True, exist_ok=True)
        (self.place / "home").mkdir(exist_ok=True)
        (self.place / "work").mkdir(exist_ok=True)
        for link in ("guidon", "superflag"):
            if not (self.bin / link).is_symlink():
                (self.bin / link).symlink_to(BINARY)

    # ---- who, where ------------------------------------------------------------------------------
    def named(self, name):
        """The same home under another name."""
        return Cli(self.place, name, **self.environment)

    def having(self, **environment):
        """The same with more variables; None takes one away."""
        return Cli(self.place, self.name, **{**self.environment, **environment})

    @property
    def work(self):
        """The folder that commands run in."""
        return self.place / "work"

    def write(self, name, content):
        """A file in the folder that commands run in; what is no text is written as JSON."""
        text = content if isinstance(content, str) else json.dumps(content)
        path = self.work / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return name

    def keep(self, file, **members):
        """Writes a file of the home, as a login or `use` would."""
        self.home.mkdir(mode=0o700, exist_ok=True)
        path = self.home / f"{file}.json"
        path.write_text(json.dumps(members))
        path.chmod(0o600)

    def kept(self, file):
        """A file of the home, parsed; None when it is not there."""
        path = self.home / f"{file}.json"
        return json.loads(path.read_text()) if path.exists() else None

    def log_in(self, server, token=None):
        self.keep("credentials", token=token or server.token, email="owner@localhost",
                  api=server.base)
        return self

    def use(self, app, env="production"):
        """The context that `use APP ENV` writes; app is an App of tests/api/harness.py."""
        number = next(e["number"] for e in app.envs() if e["name"] == env)
        self.keep("context", appId=app.id, appName=app.name, env=env, environment=number)
        return self

    # ---- running ---------------------------------------------------------------------------------
    def variables(self):
        kept = {k: v for k, v in clean_environment().items() if not FOREIGN.match(k)}
        made = {"HOME": str(self.place / "home"), "TERM": "xterm-256color", "LANG": "C.UTF-8",
                "BROWSER": "/bin/false", "TZ": "UTC", **kept_sanitizers(), **self.environment}
        kept.update(made)
        return {k: str(v) for k, v in kept.items() if v is not None}

    def command(self, words):
        return [str(self.bin / self.name), *map(str, words)]

    def begin(self, *words, **more):
        """A run that goes on: subprocess.Popen with pipes of text."""
        return subprocess.Popen(self.command(words), stdin=more.pop("stdin", subprocess.DEVNULL),
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                cwd=self.work, env=self.variables(), **more)

    def run(self, *words, input=None, limit_s=LIMIT_S):
        """Without a terminal anywhere: in a script, in a pipe."""
        ended = subprocess.run(self.command(words), input=input, capture_output=True, text=True,
                               stdin=subprocess.DEVNULL if input is None else None,
                               cwd=self.work, env=self.variables(), timeout=limit_s, check=False)
        return self.checked(Result([self.name, *map(str, words)], ended.returncode, ended.stdout,
                                   ended.stderr))

    def run_bytes(self, *words, input=b"", limit_s=LIMIT_S):
        """As run, for output that is no text: (status, out, err)."""
        ended = subprocess.run(self.command(words), input=input, capture_output=True,
                               cwd=self.work, env=self.variables(), timeout=limit_s, check=False)
        return ended.returncode, ended.stdout, ended.stderr

    def terminal(self, *words, answers=(), columns=100, rows=40, limit_s=LIMIT_S):
        """At a terminal, which is input, output and error. answers: (prompt as a regular
        expression, line to type), in order; all of them must be asked for. A line may be a
        function that is called first and returns the line, or None: nothing is typed then."""
        talk = Talk(self.command(words), self.variables(), self.work, columns, rows)
        try:
            for prompt, line in answers:
                talk.expect(prompt, limit_s)
                typed = line() if callable(line) else line
                if typed is not None:
                    talk.type(typed + "\n")
            status = talk.end(limit_s)
        finally:
            talk.close()
        return self.checked(Result([self.name, *map(str, words)], status, talk.text))

    def _kept_token(self):
        try:
            return (self.kept("credentials") or {}).get("token")
        except ValueError:  # a test broke the file
            return None

    def checked(self, result):
        """No run ever shows the token it was given, nor what a sanitizer would say."""
        assert "Sanitizer" not in result.err and "runtime error:" not in result.err, repr(result)
        secrets = [self._kept_token(),
                   self.environment.get("GUIDON_TOKEN"), self.environment.get("SUPERFLAG_TOKEN")]
        for secret in filter(None, secrets):
            assert secret not in result.out + result.err, f"a token is in the output of {result}"
        return result


def kept_sanitizers():
    return {k: v for k, v in os.environ.items() if k.endswith("SAN_OPTIONS")}


class Talk:
    """A process at a pseudo-terminal, and what it has said so far."""

    def __init__(self, command, environment, folder, columns, rows):
        self.text = ""
        self.seen = 0
        self.status = None
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            # At once: a child that looks before the parent has sized the terminal sees 0 columns.
            try:
                fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
                os.chdir(folder)
                os.execvpe(command[0], command, environment)
            finally:
                os._exit(127)

    def _read(self, limit_s):
        """Some more of what it says; False when there will be no more."""
        ready, _, _ = select.select([self.terminal], [], [], max(0, limit_s))
        assert ready, f"nothing came for {limit_s:.0f} s behind:\n{self.text}"
        try:
            piece = os.read(self.terminal, 65536)
        except OSError:  # EIO: the last one at the other end has closed it
            piece = b""
        self.text += piece.decode(errors="replace")
        return bool(piece)

    def expect(self, pattern, limit_s=LIMIT_S):
        """Waits until it has said this, behind what was expected before."""
        deadline = time.monotonic() + limit_s
        while True:
            found = re.compile(pattern).search(self.text, self.seen)
            if found:
                self.seen = found.end()
                return found
            assert self._read(deadline - time.monotonic()), \
                f"it ended without saying {pattern!r}:\n{self.text}"

    def type(self, text):
        os.write(self.terminal, text.encode())

    def end(self, limit_s=LIMIT_S):
        """Reads what is left; the exit status, or minus the signal."""
        deadline = time.monotonic() + limit_s
        while self._read(deadline - time.monotonic()):
            pass
        _, status = os.waitpid(self.pid, 0)
        self.status = os.waitstatus_to_exitcode(status)
        return self.status

    def close(self):
        if self.status is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.terminal)
