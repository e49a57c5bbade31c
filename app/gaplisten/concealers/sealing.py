"""Keeping a plugin's process, while it is audited, from what it is not handed: Linux alone refuses, not we.

Files by Landlock, the network and System V's queues and memory by namespaces of its own. A process that is
sealed cannot be unsealed, nor can what it starts, in whatever language it is written.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys
import sysconfig
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_CREATE, _ADD, _RESTRICT = 444, 445, 446  # system calls, the same on all machines
_VERSION, _PATH_BENEATH = 1, 1
_NO_NEW_PRIVILEGES = 38
_NEW_IPC, _NEW_NET, _NEW_USER = 0x0800_0000, 0x4000_0000, 0x1000_0000

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR, _TRUNCATE, _DEVICE = 1, 2, 4, 8, 1 << 14, 1 << 15
_ON_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _DEVICE
_RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1}  # by version; all of them from 5 on
_TCP = 3  # to be reached and to reach, from version 4 on
_ABSTRACT_SOCKETS = 1

_SYSTEM = ("/usr", "/lib", "/lib32", "/lib64", "/bin", "/sbin", "/etc", "/opt", "/proc", "/sys", "/run")
_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty")


@dataclass(frozen=True)
class Seal:
    """What a process may still read; it writes nowhere but in a temporary folder of its own.

    Parameters
    ----------
    all_but
        All may be read but these files and folders; None: only `only`, Python, and the system's libraries.
    only
        Files and folders.
    """

    all_but: tuple[str, ...] = ()
    only: tuple[str, ...] | None = None

    def told(self, temporary: str) -> dict[str, Any]:
        """Return what `seal` needs, as a message can hold it."""
        but = [os.path.realpath(each) for each in self.all_but]
        roots = ["/"] if self.only is None else _readable_always()
        readable = [path for root in roots for path in _without(root, but)]
        return {"read": [*readable, *(self.only or ())], "write": [temporary] if temporary else []}


def version() -> int:
    """Return the system's version of Landlock; 0 where there is none."""
    found = 0
    if sys.platform == "linux":
        found = int(_call(_CREATE, None, ctypes.c_size_t(0), ctypes.c_uint32(_VERSION)))
    return max(found, 0)


def seal(told: Mapping[str, Any]) -> bool:
    """Seal this process and all that it will start. It must have no other thread.

    Returns
    -------
    bool
        Whether the network and what processes share by number are sealed off, too: not every system lets
        everybody have namespaces of their own. Files always are.

    Raises
    ------
    OSError
        If the system refuses to.
    """
    left = _leave_the_network()
    known = version()
    rights = _RIGHTS.get(known, (1 << 16) - 1 if known > 4 else (1 << 15) - 1)
    sockets = _ABSTRACT_SOCKETS if known >= 6 else 0
    wanted = struct.pack("<QQQ", rights, _TCP, sockets)[: 24 if known >= 6 else 16 if known >= 4 else 8]
    rules = _checked(_call(_CREATE, wanted, ctypes.c_size_t(len(wanted)), ctypes.c_uint32(0)))
    try:
        _allow(rules, "/", rights & _READ_DIR)
        for path in told["read"]:
            _allow(rules, path, rights & (_READ_FILE | _READ_DIR | _EXECUTE))
        for path in told["write"]:
            _allow(rules, path, rights)
        for path in _DEVICES:
            _allow(rules, path, rights & (_READ_FILE | _WRITE_FILE | _DEVICE))
        _checked(_libc().prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0))
        _checked(_call(_RESTRICT, ctypes.c_int(rules), ctypes.c_uint32(0)))
    finally:
        os.close(rules)
    return left


if sys.platform == "linux":  # where alone `version` is above 0

    def _allow(rules: int, path: str, rights: int) -> None:
        with suppress(OSError):  # it may not be there, or be somebody else's
            held = os.open(path, os.O_PATH | os.O_CLOEXEC)
            try:
                granted = rights if os.path.isdir(f"/proc/self/fd/{held}") else rights & _ON_FILES
                beneath = struct.pack("<Qi", granted, held)
                _call(_ADD, ctypes.c_int(rules), ctypes.c_int(_PATH_BENEATH), beneath, ctypes.c_uint32(0))
            finally:
                os.close(held)

    def _leave_the_network() -> bool:
        user, group = os.getuid(), os.getgid()
        libc = _libc()
        if libc.unshare(_NEW_IPC | _NEW_NET) == 0:
            return True
        if libc.unshare(_NEW_USER | _NEW_IPC | _NEW_NET):
            return False
        with suppress(OSError):
            Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
            Path("/proc/self/uid_map").write_text(f"{user} {user} 1", encoding="ascii")
            Path("/proc/self/gid_map").write_text(f"{group} {group} 1", encoding="ascii")
        return True

else:

    def _allow(_rules: int, _path: str, _rights: int) -> None:
        raise OSError("only Linux seals processes")

    def _leave_the_network() -> bool:
        return False


def _readable_always() -> list[str]:
    """Return where Python, its libraries, the system's, and this program are."""
    python = {sys.prefix, sys.base_prefix, os.path.dirname(os.path.realpath(sys.executable))}
    packages = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    own = {str(Path(__file__).resolve().parents[1])}
    every = {*_SYSTEM, *python, *packages, *own}
    return sorted({os.path.realpath(each) for each in every if os.path.exists(each)})


def _without(root: str, but: list[str]) -> list[str]:
    """Return the folder, or where something in it is not to be read, what else is in it."""
    if root in but:
        return []
    if not any(each.startswith(root.rstrip("/") + "/") for each in but):
        return [root]
    with suppress(OSError):
        inside = sorted(os.scandir(root), key=lambda each: each.name)
        return [path for each in inside if not each.is_symlink() for path in _without(each.path, but)]
    return []


def _call(number: int, *arguments: Any) -> int:
    return int(_libc().syscall(ctypes.c_long(number), *arguments))


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
