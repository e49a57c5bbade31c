"""What a worker's plugins print, kept within bounds."""

from __future__ import annotations

import threading
from typing import IO

_KEPT_BYTES = 65_536
_WAIT_SECONDS = 0.25


class Printed:
    """Reads a pipe to its end in a thread and remembers the last 64 KiB."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._kept = bytearray()
        self._ended = False
        self._changed = threading.Condition()
        threading.Thread(target=self._read, name="concealer-printed", daemon=True).start()

    def clear(self) -> None:
        """Forget what was printed so far."""
        with self._changed:
            self._kept.clear()

    def text(self) -> str:
        """Return what was printed since `clear`."""
        with self._changed:
            return _readable(bytes(self._kept))

    def until(self, mark: str | None) -> str:
        """Return what was printed before `mark` (None: the end), waiting a moment for it to arrive."""
        wanted = b"\0" + mark.encode() + b"\0" if mark else None
        with self._changed:
            self._changed.wait_for(
                lambda: self._ended or (wanted is not None and wanted in self._kept), _WAIT_SECONDS
            )
            kept = bytes(self._kept)
        return _readable(kept.partition(wanted)[0] if wanted else kept)

    def _read(self) -> None:
        read = self._stream.read1  # type: ignore[attr-defined]
        while chunk := read(_KEPT_BYTES):
            with self._changed:
                self._kept += chunk
                del self._kept[: max(len(self._kept) - _KEPT_BYTES, 0)]
                self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()
        self._stream.close()


def _readable(data: bytes) -> str:
    return data.decode("utf-8", "replace").replace("\0", "").strip()
