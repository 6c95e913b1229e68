#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""inside - becomes a program in a folder that is its whole world, as a user that is nobody else.

    unshare --net --mount inside.py ROOT UID GID [--read-only WRITABLE=SOURCE]... -- PROGRAM...

The caller gives the namespaces; here the loopback device of the new network is switched on, the
folder becomes the root (read-only but for the named folders, if asked), every privilege goes, and
the program takes this process's place. Mounts are gone with the namespace, that is with it.
"""
import ctypes
import fcntl
import os
import socket
import struct
import subprocess
import sys

SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 0x1
PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 24, 38
LAST_CAPABILITY = 63


def loopback_up():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP))


def mount(*arguments):
    subprocess.run(["mount", *arguments], check=True)


def make_read_only(root, writable):
    mount("--bind", root, root)
    for target, source in writable:
        mount("--bind", source, root + target)
    mount("-o", "remount,bind,ro", root)
    mount("-t", "tmpfs", "-o", "mode=1777,size=64m", "tmpfs", root + "/tmp")


def drop_everything(uid, gid):
    libc = ctypes.CDLL(None, use_errno=True)
    for capability in range(LAST_CAPABILITY + 1):
        libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        sys.exit("inside.py: no_new_privs was refused")


def main():
    split = sys.argv.index("--")
    root, uid, gid, *more = sys.argv[1:split]
    program = sys.argv[split + 1:]
    loopback_up()
    mount("--make-rprivate", "/")
    if more and more[0] == "--read-only":
        make_read_only(root, [pair.split("=", 1) for pair in more[1:]])
    else:
        mount("-t", "proc", "proc", root + "/proc")
    os.chroot(root)
    os.chdir("/")
    drop_everything(int(uid), int(gid))
    os.execv(program[0], program)


main()
