"""Speex with its own packet loss concealment: the codec is in the loop.

The undamaged speech is encoded, the payloads of lost packets are dropped, the rest is decoded; a lost
packet is decoded from nothing, which is the codec's concealment. Every sample is altered, received ones
too: set `loss` to none, and the codec alone is heard. Packets must last 20 ms.

The delay is the look-ahead that the library states for both halves (13.9 ms wideband); by correlation it is
up to 0.2 ms less.

Source: The Speex Codec Manual 1.2 (J.-M. Valin), and the system's libspeex.
"""

import ctypes
import ctypes.util
from pathlib import Path
from typing import Annotated

import numpy as np

name = "Speex (codec)"
help = "Encodes, loses packets, decodes: lost ones by Speex' own concealment. Alters received speech."
source = "Speex 1.2 and the system's libspeex"
rates = (8000, 16000, 32000)
channels = 1
causal = True

MODES = {8000: 0, 16000: 1, 32000: 2}
SET_ENHANCEMENT, GET_FRAME, SET_QUALITY, SET_COMPLEXITY, GET_LOOKAHEAD, SET_RATE = 0, 3, 4, 16, 39, 24
LARGEST = 2000  # bytes
INSTALL = (
    "install it (Debian and Ubuntu: apt install libspeex1; Fedora: dnf install speex; brew install speex)"
)
Library = Annotated[Path, {"help": "libspeex to use; else the system's"}]


class RefusedError(ValueError):
    """What is missing or does not fit, and what to do: for people, so shown without a traceback."""

    for_user = True


class Encoder:
    """One Speex encoder at 8, 16 or 32 kHz.

    Raises
    ------
    RefusedError
        If libspeex is missing, with how to get it; if packets do not last 20 ms.
    """

    def __init__(
        self,
        rate: int,
        packet_frames: int,
        channels: int,
        *,
        quality: Annotated[int, {"ge": 0, "le": 10, "help": "and with it the bit rate"}] = 8,
        complexity: Annotated[int, {"ge": 1, "le": 10, "help": "of the encoder"}] = 3,
        library: Library = Path(),
    ) -> None:
        self._lib = speex_library(library)
        self._state = self._lib.speex_encoder_init(self._lib.speex_lib_get_mode(MODES[rate]))
        control = self._lib.speex_encoder_ctl
        for request, value in ((SET_QUALITY, quality), (SET_COMPLEXITY, complexity), (SET_RATE, rate)):
            _set(control, self._state, request, value)
        check_packets(_get(control, self._state, GET_FRAME), packet_frames, rate)
        self.delay = _get(control, self._state, GET_LOOKAHEAD)
        self._bits = Bits(self._lib)

    def encode(self, samples: np.ndarray) -> bytes:
        """Return the payload of one packet."""
        pcm = np.clip(np.round(samples[:, 0] * 32768), -32768, 32767).astype(np.int16)
        return self._bits.written(lambda bits: self._lib.speex_encode_int(self._state, _at(pcm), bits))


class Decoder:
    """One Speex decoder."""

    def __init__(
        self,
        rate: int,
        packet_frames: int,
        channels: int,
        *,
        enhancement: Annotated[bool, {"help": "the decoder's perceptual post-filter"}] = True,
        library: Library = Path(),
    ) -> None:
        self._lib, self._size = speex_library(library), packet_frames
        self._state = self._lib.speex_decoder_init(self._lib.speex_lib_get_mode(MODES[rate]))
        control = self._lib.speex_decoder_ctl
        for request, value in ((SET_ENHANCEMENT, int(enhancement)), (SET_RATE, rate)):
            _set(control, self._state, request, value)
        check_packets(_get(control, self._state, GET_FRAME), packet_frames, rate)
        self.delay = _get(control, self._state, GET_LOOKAHEAD)
        self._bits = Bits(self._lib)

    def decode(self, payload: bytes | None) -> np.ndarray:
        """Return one packet; `payload` is None when it was lost."""
        pcm = np.zeros(self._size, np.int16)
        bits = None if payload is None else self._bits.read(payload)
        self._lib.speex_decode_int(self._state, bits, _at(pcm))
        return (pcm[:, None] / np.float32(32768)).astype(np.float32)


class Bits:
    """Speex' bit buffer."""

    def __init__(self, lib: ctypes.CDLL) -> None:
        self._lib, self._room = lib, ctypes.create_string_buffer(256)  # the struct has some 40 bytes
        lib.speex_bits_init(self._room)

    def written(self, write) -> bytes:
        """Return what `write` puts into the empty buffer."""
        self._lib.speex_bits_reset(self._room)
        write(self._room)
        payload = ctypes.create_string_buffer(LARGEST)
        size = self._lib.speex_bits_write(self._room, payload, LARGEST)
        return payload.raw[:size]

    def read(self, payload: bytes):
        """Return the buffer, filled with a payload."""
        self._lib.speex_bits_read_from(self._room, payload, len(payload))
        return self._room


def check_packets(frame: int, packet_frames: int, rate: int) -> None:
    """Refuse packets that are not one frame of the mode."""
    if packet_frames != frame:
        found = f"{1000 * packet_frames / rate:.4g} ms"
        raise RefusedError(
            f"Speex has packets of {1000 * frame / rate:g} ms, these last {found}; use its length"
        )


def _set(control, state: int, request: int, value: int) -> None:
    control(state, request, ctypes.byref(ctypes.c_int(value)))


def _get(control, state: int, request: int) -> int:
    value = ctypes.c_int()
    control(state, request, ctypes.byref(value))
    return value.value


def _at(pcm: np.ndarray) -> ctypes.c_void_p:
    return pcm.ctypes.data_as(ctypes.c_void_p)


def speex_library(path: Path = Path()) -> ctypes.CDLL:
    """Load libspeex: the named one or the system's."""
    if path != Path() and not path.is_file():
        raise RefusedError(f"{path} is not there; name a libspeex file, or leave `library` empty")
    places = [str(path)] if path != Path() else ["libspeex.so.1", ctypes.util.find_library("speex") or ""]
    for each in filter(None, places):
        try:
            return _declared(ctypes.CDLL(each))
        except (OSError, AttributeError):
            continue
    if path != Path():
        raise RefusedError(
            f"{path} is no libspeex that can be loaded; name another, or leave `library` empty"
        )
    raise RefusedError(f"libspeex is missing; {INSTALL}")


def _declared(lib: ctypes.CDLL) -> ctypes.CDLL:
    number, state, data = ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p
    wanted = {
        "speex_lib_get_mode": (state, [number]),
        "speex_encoder_init": (state, [state]),
        "speex_decoder_init": (state, [state]),
        "speex_encoder_ctl": (number, [state, number, data]),
        "speex_decoder_ctl": (number, [state, number, data]),
        "speex_encode_int": (number, [state, data, data]),
        "speex_decode_int": (number, [state, data, data]),
        "speex_bits_init": (None, [data]),
        "speex_bits_reset": (None, [data]),
        "speex_bits_write": (number, [data, data, number]),
        "speex_bits_read_from": (None, [data, ctypes.c_char_p, number]),
    }
    for name, (restype, argtypes) in wanted.items():
        function = getattr(lib, name)
        function.restype, function.argtypes = restype, argtypes
    return lib
