"""Opus payloads (RFC 6716): what their first bytes tell, and their sound by the system's libopus."""

from __future__ import annotations

import ctypes
import ctypes.util
import importlib.util
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np

from gaplisten.audio.signal import Samples
from gaplisten.captures.streams import CaptureError

CLOCK = 48_000
INSTALL = "install libopus (Debian and Ubuntu: apt install libopus0), or the package av: pip install av"
_LONG, _HYBRID, _SHORT = (480, 960, 1920, 2880), (480, 960), (120, 240, 480, 960)  # frames of 48 kHz
_LONGEST = 5760  # 120 ms


def frames_told(payload: bytes) -> int:
    """Return how many frames of 48 kHz a payload holds by its first bytes (RFC 6716, 3.1); 0 for none.

    >>> frames_told(bytes([0x78, 1, 2]))  # one frame of 20 ms
    960
    """
    if not payload:
        return 0
    mode, count = payload[0] >> 3, (1, 2, 2, 0)[payload[0] & 3]
    if payload[0] & 3 == 3:
        count = payload[1] & 63 if len(payload) > 1 else 0
    size = _LONG[mode & 3] if mode < 12 else _HYBRID[mode & 1] if mode < 16 else _SHORT[mode & 3]
    return count * size if count * size <= _LONGEST else 0


def is_stereo(payload: bytes) -> bool:
    """Whether a payload holds two channels."""
    return bool(payload) and bool(payload[0] & 4)


class Decoder:
    """One stream's decoder, 48 kHz.

    Raises
    ------
    CaptureError
        If there is no libopus.
    """

    def __init__(self, channels: int) -> None:
        library = _library()
        if library is None:
            raise CaptureError("Opus", "libopus is missing", INSTALL)
        self._library, self._channels = library, channels
        error = ctypes.c_int()
        self._state = library.opus_decoder_create(CLOCK, channels, ctypes.byref(error))
        if error.value or not self._state:
            raise CaptureError("Opus", "libopus makes no decoder", "use another libopus")

    def decode(self, payload: bytes | None, frames: int) -> Samples:
        """Return a payload's sound, shape ``(n, channels)``, of at most 120 ms; nothing where it is damaged.

        Parameters
        ----------
        payload
            None where the packet was lost: the decoder goes on as a receiver's does.
        frames
            How long a lost packet was.
        """
        room = _LONGEST if payload is not None else min(frames, _LONGEST)
        pcm = np.zeros((room, self._channels), np.float32)
        at = pcm.ctypes.data_as(ctypes.c_void_p)
        got = self._library.opus_decode_float(self._state, payload, len(payload or b""), at, room, 0)
        return pcm[: max(got, 0)]

    def __del__(self) -> None:
        if getattr(self, "_state", None):
            self._library.opus_decoder_destroy(self._state)


def has_library() -> bool:
    """Whether Opus can be decoded here."""
    return _library() is not None


@cache
def _library() -> ctypes.CDLL | None:
    for place in _places():
        try:
            library = ctypes.CDLL(place)
            library.opus_decoder_create.restype = ctypes.c_void_p
            library.opus_decoder_create.argtypes = [ctypes.c_int32, ctypes.c_int, ctypes.c_void_p]
            library.opus_decoder_destroy.restype = None
            library.opus_decoder_destroy.argtypes = [ctypes.c_void_p]
            library.opus_decode_float.restype = ctypes.c_int
            library.opus_decode_float.argtypes = [
                ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int32, ctypes.c_void_p, ctypes.c_int, ctypes.c_int,
            ]  # fmt: skip
        except (OSError, AttributeError):
            continue
        return library
    return None


def _places() -> Iterator[str]:
    """Yield where libopus may be: the system's, then that of the package av."""
    yield {"darwin": "libopus.0.dylib", "win32": "opus.dll"}.get(sys.platform, "libopus.so.0")
    if (found := ctypes.util.find_library("opus")) is not None:
        yield found
    package = importlib.util.find_spec("av")
    for folder in (package.submodule_search_locations or ()) if package else ():
        for inside in (Path(folder).with_name("av.libs"), Path(folder) / ".dylibs"):
            yield from map(str, sorted(inside.glob("*opus*")))
