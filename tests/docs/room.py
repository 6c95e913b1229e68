# SPDX-License-Identifier: Apache-2.0
"""A desk for one page: a fresh server, a home, and a shell that runs the page's blocks in order.

The shell's output is a terminal, so that a command prints what a reader would see; its input is
none, so that nothing can ask. The addresses of the page are replaced by those of the server, and
what the reader has to fill in (cli_…) by what was shown before.
"""
import fcntl
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import termios
import time

from cli import Cli
from harness import BINARY, ROOT, Server

HERE = pathlib.Path(__file__).parent
BUILD = pathlib.Path(os.environ.get("DOCS_BUILD", BINARY.parent))
ADDRESS = re.compile(r"\b(127\.0\.0\.1|localhost):(\d{4,5})\b")
MARK = re.compile(r"\x1e([^\x1e]*)\x1e")
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
LIMIT_S = 120
UNFILLED = 77


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def caches():
    """A home of its own must not mean fetching everything anew."""
    home = pathlib.Path.home()
    kept = {"npm_config_cache": home / ".npm", "PIP_CACHE_DIR": home / ".cache" / "pip"}
    if shutil.which("go"):
        asked = subprocess.run(["go", "env", "GOCACHE", "GOMODCACHE", "GOPATH"], check=True,
                               capture_output=True, text=True).stdout.split("\n")
        kept |= dict(zip(("GOCACHE", "GOMODCACHE", "GOPATH"), asked))
    return {name: str(value) for name, value in kept.items()}


class Failure(Exception):
    """What went wrong, and where on the page."""


class Room:
    """One page and all that its commands may touch."""

    def __init__(self, page, folder):
        self.page = page
        self.folder = pathlib.Path(folder)
        self.cli = Cli(self.folder)
        self.server = Server(self.folder / "server")
        self.ports = {}
        self.outputs = {}  # number of a block -> what it printed
        self.ended = set()  # numbers of blocks that were run to their end
        self.skipped = None
        self.failure = None
        self.current = None

    # ---- the page in this room's words -----------------------------------------------------------
    def here(self, text):
        """The page's addresses as they are here; everyone it names gets a port of its own."""
        def real(found):
            port = int(found.group(2))
            if port not in self.ports:
                self.ports[port] = free_port()
            return f"{found.group(1)}:{self.ports[port]}"
        return ADDRESS.sub(real, text)

    def there(self, text):
        """What was printed here, as it would be on the page."""
        for page_port, port in self.ports.items():
            text = re.sub(rf"\b(127\.0\.0\.1|localhost):{port}\b", rf"\1:{page_port}", text)
        return text.replace(str(self.cli.work), "…").replace(str(self.cli.place / "home"), "~")

    def command_text(self, block):
        """A block of commands: a placeholder is what the reader has just seen."""
        text = block.text
        for placeholder in block.placeholders:
            text = text.replace(placeholder, f"$(seen {placeholder[:-1]})")
        return self.here(text)

    # ---- running ---------------------------------------------------------------------------------
    def open(self):
        self.server.start()
        self.ports[8080] = self.server.port
        self.ports[8081] = int(self.server.operations.rsplit(":", 1)[1])
        (self.folder / "shown").write_text(self.server.token + "\n")
        (self.cli.work / "build").mkdir()
        (self.cli.work / "build" / "guidon").symlink_to(BINARY)
        for shared in ("packaging", "docs"):
            (self.cli.work / shared).symlink_to(ROOT / shared)
        return self

    def close(self):
        self.server.close()

    def _script(self):
        steps = [f". {HERE / 'room.sh'}"]
        for number, block in enumerate(self.page.blocks):
            folder = self.folder / "blocks" / str(number)
            if "file" in block.says:
                folder.mkdir(parents=True)
                (folder / "content").write_text(self.here(block.text))
                filled = " ".join(f"'{one}' '{one[:-1]}'" for one in block.placeholders)
                steps.append(f"place {folder / 'content'} {block.says['file']} {filled}")
            elif block in self.page.commands:
                # The shell's own line numbers are the page's.
                path = folder / self.page.name
                path.parent.mkdir(parents=True)
                path.write_text("\n" * (block.line - 1) + self.command_text(block))
                steps.append(f"run {number} {path} {block.says.get('exit', '')}")
        script = self.folder / "script.sh"
        script.write_text("\n".join(steps) + "\n")
        return script

    def _variables(self):
        kept = self.cli.having(**caches()).variables()
        kept.update(PATH=f"{self.cli.bin}:{kept['PATH']}", NO_COLOR="1", ROOM=str(self.folder),
                    ROOM_ROOT=str(ROOT), ROOM_BUILD=str(BUILD), ROOM_PYTHON=sys.executable,
                    GUIDON_API=self.server.base)
        return kept

    def run(self, limit_s=LIMIT_S):
        """Runs the page; raises Failure with file and line."""
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 160, 0, 0))
        attributes = termios.tcgetattr(slave)
        attributes[1] &= ~termios.OPOST
        termios.tcsetattr(slave, termios.TCSANOW, attributes)
        shell = subprocess.Popen(["bash", "--noprofile", "--norc", "-euo", "pipefail",
                                  str(self._script())], stdin=subprocess.DEVNULL, stdout=slave,
                                 stderr=slave, cwd=self.cli.work, env=self._variables(),
                                 start_new_session=True)
        os.close(slave)
        try:
            status = self._listen(shell, master, time.monotonic() + limit_s)
        finally:
            self._dismiss(shell)
            os.close(master)
        if self.failure or status not in (0, UNFILLED):
            raise Failure(self._complaint(status))

    def _listen(self, shell, master, deadline):
        pending = b""
        while True:
            readable = select.select([master], [], [], 0.05)[0]
            piece = b""
            if readable:
                try:
                    piece = os.read(master, 65536)
                except OSError:  # the last one who could write has gone
                    return shell.wait(5)
            pending = self._take(pending + piece)
            if not piece and shell.poll() is not None:
                return shell.returncode
            if time.monotonic() > deadline:
                self.failure = "it takes too long"
                return -1

    def _take(self, data):
        """Everything but a mark that is not whole yet."""
        while True:
            found = re.match(rb"([^\x1e]*)\x1e([^\x1e]*)\x1e", data)
            if not found:
                break
            self._show(found.group(1))
            self._heed(found.group(2).decode())
            data = data[found.end():]
        if b"\x1e" not in data:
            self._show(data)
            data = b""
        return data

    def _show(self, data):
        if not data:
            return
        text = data.decode(errors="replace")
        with open(self.folder / "shown", "a", encoding="utf-8") as shown:
            shown.write(text)
        if self.current is not None:
            self.outputs[self.current] = self.outputs.get(self.current, "") + text

    def _heed(self, mark):
        word, _, rest = mark.partition(" ")
        if word == "BEGIN":
            self.current = int(rest)
            self.outputs[self.current] = ""
        elif word == "END":
            self.ended.add(int(rest))
            self.current = None
        elif word == "SYNC":
            (self.folder / f"sync.{rest}").touch()
        elif word == "SKIPPED":
            self.skipped = rest
        elif word == "FAILED" and self.failure is None:
            self.failure = rest

    def _dismiss(self, shell):
        """Whatever the page left running in the background is this shell's session."""
        for order, limit_s in ((signal.SIGTERM, 3), (signal.SIGKILL, 1)):
            deadline = time.monotonic() + limit_s
            try:
                while time.monotonic() < deadline:
                    os.killpg(shell.pid, order)
                    if shell.poll() is not None:
                        time.sleep(0.02)
            except ProcessLookupError:
                break
        shell.wait()

    def _complaint(self, status):
        block = self.page.blocks[self.current] if self.current is not None else None
        where = block.where if block else self.page.name
        said = plain(self.outputs.get(self.current, ""))[-3000:]
        return f"{where}: {self.failure or f'the shell ended with {status}'}\n{said}"

    def has_run(self, block):
        return self.page.blocks.index(block) in self.ended

    def printed(self, block):
        """What a block printed, as the page would show it."""
        return self.there(plain(self.outputs[self.page.blocks.index(block)]))


def plain(text):
    """What is left on a terminal: no colours, no line that was written over."""
    lines = CONTROL.sub("", text).replace("\r\n", "\n").split("\n")
    return "\n".join(line.rstrip("\r").rsplit("\r", 1)[-1] for line in lines)


def squeezed(text):
    """Widths of columns depend on ids: blanks count once, blank lines not at all."""
    lines = (re.sub(r"\s+", " ", line).strip() for line in text.splitlines())
    return "\n".join(line for line in lines if line)


def matches(expected, printed):
    """Whether the page's text is what was printed. … stands for anything: alone on a line or at one
    of its ends for any lines, too, within a line for a part of it."""
    lines = squeezed(expected).split("\n")
    pattern = ""
    for line in lines:
        first, last = line.startswith("…"), line.endswith("…")
        middle = r"[^\n]*?".join(map(re.escape, line.strip("…").split("…")))
        if line.strip("…") == "":
            pattern += r"(?:[^\n]*(?:\n|\Z))*?"
        else:
            pattern += (r"(?s:.*?)" if first else "") + middle + (r"(?s:.*?)" if last else "")
            pattern += r"(?:\n|\Z)"
    return re.fullmatch(pattern, squeezed(printed)) is not None
