# SPDX-License-Identifier: Apache-2.0
"""The journal of disk_shim.c, and the directory as a loss of power may leave it.

Of a file only what was synced is sure; of what was written since, any sectors of 512 bytes may be
there, in any order, and its new size with nothing in it. Of the directory only what was synced is
sure; of the names made, moved and removed since, any may be. Shared memory is nothing, or rubbish.
"""
import struct

from fault_kit import CALLS

HEAD = struct.Struct("<IIIIQQ")
SECTOR = 512
MODES = ("none", "all", "prefix", "sectors", "latest")


def read_journal(path):
    """(end of the record in the journal, call, name, other, is it a directory, offset, data)."""
    data = memoryview(path.read_bytes())
    at = 0
    while at < len(data):
        call, name, other, is_directory, offset, size = HEAD.unpack_from(data, at)
        at += HEAD.size
        texts = bytes(data[at:at + name + other]).decode()
        at += name + other
        body = bytes(data[at:at + size])
        at += size
        yield at, CALLS[call], texts[:name], texts[name:], bool(is_directory), offset, body


class File:
    def __init__(self):
        self.kept = bytearray()
        self.pending = []  # (offset, bytes), or (size, None): a truncation

    def sync(self):
        for offset, data in self.pending:
            put(self.kept, offset, data)
        self.pending = []

    def cut(self, mode, dice):
        content = bytearray(self.kept)
        for offset, data in chosen(self.pending, mode, dice):
            put(content, offset, data)
        if mode == "sectors" and self.pending and dice.random() < 0.5:
            ends = [offset + len(data) for offset, data in self.pending if data is not None]
            content.extend(bytes(max(0, max(ends, default=0) - len(content))))
        return content


def put(content, offset, data):
    """A write, or the truncation where there is no data."""
    if data is None:
        del content[offset:]
        content.extend(bytes(offset - len(content)))
        return
    if len(content) < offset:
        content.extend(bytes(offset - len(content)))
    content[offset:offset + len(data)] = data


def sectors(pending):
    for offset, data in pending:
        if data is None:
            yield offset, None
            continue
        at = 0
        while at < len(data):
            size = min(SECTOR - (offset + at) % SECTOR, len(data) - at)
            yield offset + at, data[at:at + size]
            at += size


def chosen(pending, mode, dice):
    """Which of what was not synced is there all the same."""
    if mode == "none" or not pending:
        return []
    if mode == "all":
        return pending
    pieces = list(sectors(pending))
    if mode == "prefix":
        return pieces[:dice.randrange(len(pieces) + 1)]
    if mode == "latest":  # the drive wrote the end first
        return pieces[dice.randrange(len(pieces)):]
    share = dice.random()
    return [piece for piece in pieces if dice.random() < share]


class Directory:
    """Fed with the journal's records in turn; cut() at any time."""

    def __init__(self):
        self.kept, self.now, self.pending = {}, {}, []

    def feed(self, call, name, other, is_directory, offset, data):
        file = self.now.get(name)
        if call == "create":
            self._note(("add", name, File()))
        elif call == "rename" and file is not None:
            self._note(("move", name, other, file))
        elif call == "unlink" and file is not None:
            self._note(("remove", name))
        elif call == "fsync" and is_directory:
            self.kept, self.pending = dict(self.now), []
        elif file is not None and call == "fsync":
            file.sync()
        elif file is not None and call == "write":
            file.pending.append((offset, data))
        elif file is not None and call == "ftruncate":
            file.pending.append((offset, None))

    def _note(self, step):
        self.pending.append(step)
        apply_step(self.now, step)

    def cut(self, mode, dice):
        """{name: content}"""
        entries = dict(self.kept)
        if mode == "all":
            steps = self.pending
        elif mode == "prefix":
            steps = self.pending[:dice.randrange(len(self.pending) + 1)]
        else:
            steps = [step for step in self.pending if mode != "none" and dice.random() < 0.5]
        for step in steps:
            apply_step(entries, step)
        return {name: content_of(name, file, mode, dice) for name, file in entries.items()}


def apply_step(entries, step):
    if step[0] == "add":
        entries[step[1]] = step[2]
    elif step[0] == "remove":
        entries.pop(step[1], None)
    else:
        entries.pop(step[1], None)
        entries[step[2]] = step[3]


def content_of(name, file, mode, dice):
    if name.endswith("-shm"):
        return bytearray(dice.randbytes(dice.choice((0, 3, 32768))))
    return file.cut(mode, dice)
