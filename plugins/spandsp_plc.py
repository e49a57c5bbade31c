"""SpanDSP's concealment for telephony: the pitch is repeated and faded, at 8 kHz.

No codec: the samples that arrived are handed to the library as they are, and come out as they are up to a
blend at the first frames after a loss. What sounds in Asterisk and FreeSWITCH.

Source: S. Underwood, SpanDSP, plc.c (LGPL 2.1), in the system's libspandsp.
"""

import ctypes
import ctypes.util
from pathlib import Path
from typing import Annotated

import numpy as np

INSTALL = "install it (Debian: apt install libspandsp2; Fedora: dnf install spandsp; brew install spandsp)"


class RefusedError(ValueError):
    """What is missing or does not fit, and what to do: for people, so shown without a traceback."""

    for_user = True


class Spandsp:
    """Conceal one channel at 8 kHz.

    Raises
    ------
    RefusedError
        If libspandsp is missing, with how to get it.
    """

    name = "SpanDSP"
    help = "Repeats the pitch with a fade, as SpanDSP does in telephone exchanges. 8 kHz."
    source = "SpanDSP plc.c"
    rates = (8000,)
    channels = 1
    causal = True
    delay = 0

    def __init__(
        self,
        rate: int,
        packet_frames: int,
        channels: int,
        *,
        library: Annotated[Path, {"help": "libspandsp to use; else the system's"}] = Path(),
    ) -> None:
        self._lib, self._size = spandsp_library(library), packet_frames
        self._state = self._lib.plc_init(None)

    def packet(self, samples: np.ndarray | None) -> np.ndarray:
        """Return one packet; `samples` is None when it is lost."""
        given = np.zeros(self._size) if samples is None else samples[:, 0]
        pcm = np.clip(np.round(given * 32768), -32768, 32767).astype(np.int16)
        call = self._lib.plc_fillin if samples is None else self._lib.plc_rx
        call(self._state, pcm.ctypes.data_as(ctypes.c_void_p), self._size)
        return (pcm[:, None] / np.float32(32768)).astype(np.float32)

    def __del__(self) -> None:
        if getattr(self, "_state", None):
            self._lib.plc_free(self._state)


def spandsp_library(path: Path = Path()) -> ctypes.CDLL:
    """Load libspandsp: the named one or the system's."""
    if path != Path() and not path.is_file():
        raise RefusedError(f"{path} is not there; name a libspandsp file, or leave `library` empty")
    names = ["libspandsp.so.2", "libspandsp.so.3", ctypes.util.find_library("spandsp") or ""]
    state, number = ctypes.c_void_p, ctypes.c_int
    for each in [str(path)] if path != Path() else filter(None, names):
        try:
            lib = ctypes.CDLL(each)
            lib.plc_init.restype, lib.plc_init.argtypes = state, [state]
            lib.plc_free.restype, lib.plc_free.argtypes = number, [state]
            for function in (lib.plc_rx, lib.plc_fillin):
                function.restype, function.argtypes = number, [state, state, number]
        except (OSError, AttributeError):
            continue
        return lib
    if path != Path():
        raise RefusedError(
            f"{path} is no libspandsp that can be loaded; name another, or leave `library` empty"
        )
    raise RefusedError(f"libspandsp is missing; {INSTALL}")
