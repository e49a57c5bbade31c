"""A disk that takes nothing more."""

from __future__ import annotations

import errno
from typing import NoReturn


def full(*_: object, **__: object) -> NoReturn:
    """Stand in for whatever writes."""
    raise OSError(errno.ENOSPC, "No space left on device")
