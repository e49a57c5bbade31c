"""Nothing from a file is trusted: names, paths and sizes that panels of strangers may bring."""

from __future__ import annotations

import errno
import os
import unicodedata
from pathlib import Path, PurePosixPath, PureWindowsPath

from gaplisten.durable.digests import sha256_of
from gaplisten.errors import GaplistenError
from gaplisten.untrusted import Folder

LONGEST_NAME = 100
LARGEST_DEFINITION = 2**20  # bytes of TOML; a panel of a thousand named clips has about 50 kB
LARGEST_KEY = 64 * 2**20
LARGEST_UNPACKED_KEY = 16 * 2**20  # bytes of JSON, ten times as many in memory; 30,000 stimuli have 9 MB
LARGEST_STIMULUS = 512 * 2**20


class UntrustedPanel(GaplistenError):  # noqa: N818 - reads as the fact it is
    """A panel, or a name in it, that is refused."""


def clean_name(text: str, what: str) -> str:
    """Return a name in one spelling (NFC, no outer spaces).

    Raises
    ------
    UntrustedPanel
        If it is empty, too long or has control characters (also those that turn the writing direction).
    """
    name = unicodedata.normalize("NFC", text).strip()
    if not name:
        raise UntrustedPanel(what, "it is empty", "give it a name", key="name")
    if len(name) > LONGEST_NAME:
        fact = f"it has {len(name)} characters, at most {LONGEST_NAME} are allowed"
        raise UntrustedPanel(f"{what} {name[:20]!r}...", fact, "shorten it", key="name")
    if any(unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") for c in name):
        raise UntrustedPanel(f"{what} {name!r}", "it has control characters", "take them out", key="name")
    return name


def file_stem(name: str) -> str:
    """Return a file name that is safe on every system and different for different names."""
    plain = (
        "".join(c if c.isascii() and c.isalnum() else "_" for c in name.casefold())[:24].strip("_")
        or "listener"
    )
    return f"{plain}-{sha256_of(name.casefold())[:8]}"


def read_limited(path: Path, limit: int, what: str, below: int = 0) -> bytes:
    """Return a file's bytes.

    Parameters
    ----------
    below
        How many of the path's last folders belong to a stranger: they may be no links, and nobody can change
        them while they are gone through.

    Raises
    ------
    UntrustedPanel
        If it is a link, no regular file, unreadable or larger than `limit` bytes.
    """
    folders = path.parent.parts
    try:
        with Folder(Path(*folders[: len(folders) - below]), *folders[len(folders) - below :]) as folder:
            return folder.read(path.name, limit)
    except FileNotFoundError as error:
        raise UntrustedPanel(str(path), f"there is no such {what}", "check the folder") from error
    except OSError as error:
        fact = error.strerror or str(error)
        way_out = _WAYS_OUT.get(error.errno or 0, "check the folder")
        raise UntrustedPanel(str(path), fact, way_out.format(what=what)) from error


_WAYS_OUT = {
    errno.ELOOP: "put {what} itself there",
    errno.EINVAL: "put {what} itself there",
    errno.EISDIR: "put {what} itself there",
    errno.EFBIG: "this cannot be one",
    errno.EACCES: "allow reading",
}


def inside(folder: Path, relative: str) -> Path:
    """Return the path of a file that a panel names, which must lie in the panel's folder.

    Raises
    ------
    UntrustedPanel
        If the path is absolute, leaves the folder, or passes over a link.
    """
    posix, windows = PurePosixPath(relative), PureWindowsPath(relative)
    parts = [*posix.parts, *windows.parts]
    if posix.is_absolute() or windows.drive or windows.root or ".." in parts or "\0" in relative:
        fact = f"the path {relative[:80]!r} leads out of the folder"
        raise UntrustedPanel(str(folder), fact, "do not use this panel")
    path = folder
    for part in windows.parts:
        path = path / part
        if os.path.islink(path):
            raise UntrustedPanel(str(path), "it is a link", "do not use this panel")
    return path
