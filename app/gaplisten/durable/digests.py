"""Digests: by which content is known again."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from pathlib import Path


def sha256_of(content: bytes | str | Path) -> str:
    """Return the SHA-256 of bytes, of a text as UTF-8, or of a file's content, as 64 hexadecimal digits.

    Raises
    ------
    OSError
        If a file cannot be read, or is no regular file: a pipe could keep us waiting for ever.

    >>> sha256_of("abc")[:8]
    'ba7816bf'
    """
    if isinstance(content, Path):
        # Without O_NONBLOCK the opening of a pipe waits for somebody who writes.
        descriptor = os.open(content, os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise OSError(errno.EINVAL, "it is no regular file", str(content))
            return hashlib.file_digest(file, "sha256").hexdigest()
    data = content.encode("utf-8", "surrogateescape") if isinstance(content, str) else content
    return hashlib.sha256(data).hexdigest()
