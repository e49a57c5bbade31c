"""AMR-WB with its own packet loss concealment: the codec of wideband telephony in the loop.

The undamaged speech is encoded, the payloads of lost packets are dropped, the rest is decoded; for a lost
packet the decoder gets a frame of the type "speech lost". The open decoder takes that for an unusable frame
and is nearly silent at once (by some 20 dB); phones may do better. Every sample is altered, received ones
too: set `loss` to none, and the codec alone is heard. 16 kHz, packets of 20 ms.

The delay is 5 ms of look-ahead in the encoder and 0.94 ms of filters in the decoder. Patents on AMR-WB may
hold where you are; nothing of the codec is in this file.

Source: 3GPP TS 26.190 and 26.191 (concealment), in the system's libraries vo-amrwbenc and opencore-amrwb.
"""

import ctypes
import ctypes.util
from pathlib import Path
from typing import Annotated, Literal

import numpy as np

name = "AMR-WB (codec)"
help = "Encodes, loses packets, decodes: lost ones as TS 26.191 conceals. Alters received speech."
source = "3GPP TS 26.190, 26.191; vo-amrwbenc, opencore-amr"
rates = (16000,)
channels = 1
causal = True

FRAME = 320
LOOK_AHEAD, FILTERS = 80, 15  # frames
MODES = ("6.6", "8.85", "12.65", "14.25", "15.85", "18.25", "19.85", "23.05", "23.85")
SPEECH_LOST = 14  # frame type of the storage format (RFC 4867, table 1b)
LARGEST = 64  # bytes
INSTALL = (
    "install it (Debian and Ubuntu: apt install libvo-amrwbenc0 libopencore-amrwb0; Fedora: dnf install "
    "vo-amrwbenc opencore-amr; macOS: brew install vo-amrwbenc opencore-amr)"
)


class RefusedError(ValueError):
    """What is missing or does not fit, and what to do: for people, so shown without a traceback."""

    for_user = True


class Encoder:
    """One AMR-WB encoder.

    Raises
    ------
    RefusedError
        If the library is missing, with how to get it; if packets do not last 20 ms.
    """

    delay = LOOK_AHEAD

    def __init__(
        self,
        rate: int,
        packet_frames: int,
        channels: int,
        *,
        bitrate: Annotated[
            Literal["6.6", "8.85", "12.65", "14.25", "15.85", "18.25", "19.85", "23.05", "23.85"],
            {"unit": "kbit/s", "help": "the codec's mode"},
        ] = "23.85",
        dtx: Annotated[bool, {"help": "comfort noise in pauses"}] = False,
        encoder_library: Annotated[Path, {"help": "vo-amrwbenc to use; else the system's"}] = Path(),
    ) -> None:
        check_packets(packet_frames)
        self._lib = encoder_lib(encoder_library)
        self._mode, self._dtx = MODES.index(bitrate), int(dtx)
        self._state = self._lib.E_IF_init()

    def encode(self, samples: np.ndarray) -> bytes:
        """Return the payload of one packet: a frame as files store it."""
        pcm = np.clip(np.round(samples[:, 0] * 32768), -32768, 32767).astype(np.int16)
        payload = ctypes.create_string_buffer(LARGEST)
        size = self._lib.E_IF_encode(self._state, self._mode, _at(pcm), payload, self._dtx)
        return payload.raw[:size]


class Decoder:
    """One AMR-WB decoder."""

    delay = FILTERS

    def __init__(
        self,
        rate: int,
        packet_frames: int,
        channels: int,
        *,
        decoder_library: Annotated[Path, {"help": "opencore-amrwb to use; else the system's"}] = Path(),
    ) -> None:
        check_packets(packet_frames)
        self._lib = decoder_lib(decoder_library)
        self._state = self._lib.D_IF_init()

    def decode(self, payload: bytes | None) -> np.ndarray:
        """Return one packet; `payload` is None when it was lost."""
        lost = not payload
        frame = bytes([SPEECH_LOST << 3]) if lost else payload
        pcm = np.zeros(FRAME, np.int16)
        self._lib.D_IF_decode(self._state, frame.ljust(LARGEST, b"\0"), _at(pcm), int(lost))
        return (pcm[:, None] / np.float32(32768)).astype(np.float32)


def check_packets(packet_frames: int) -> None:
    """Refuse what is not one frame."""
    if packet_frames != FRAME:
        raise RefusedError(f"AMR-WB has packets of 20 ms, these last {packet_frames / 16:.4g} ms; use 20 ms")


def _at(pcm: np.ndarray) -> ctypes.c_void_p:
    return pcm.ctypes.data_as(ctypes.c_void_p)


def _library(path: Path, word: str, functions: dict) -> ctypes.CDLL:
    if path != Path() and not path.is_file():
        raise RefusedError(f"{path} is not there; name a file of {word}, or leave it empty")
    places = [str(path)] if path != Path() else [f"lib{word}.so.0", ctypes.util.find_library(word) or ""]
    for each in filter(None, places):
        try:
            lib = ctypes.CDLL(each)
            for name, (restype, argtypes) in functions.items():
                function = getattr(lib, name)
                function.restype, function.argtypes = restype, argtypes
        except (OSError, AttributeError):
            continue
        return lib
    if path != Path():
        raise RefusedError(f"{path} is no {word} that can be loaded; name another, or leave it empty")
    raise RefusedError(f"the library {word} is missing; {INSTALL}")


def encoder_lib(path: Path = Path()) -> ctypes.CDLL:
    """Load vo-amrwbenc."""
    state, number, data = ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p
    functions = {"E_IF_init": (state, []), "E_IF_encode": (number, [state, number, data, data, number])}
    return _library(path, "vo-amrwbenc", functions)


def decoder_lib(path: Path = Path()) -> ctypes.CDLL:
    """Load opencore-amrwb."""
    state, number, data = ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p
    functions = {"D_IF_init": (state, []), "D_IF_decode": (None, [state, ctypes.c_char_p, data, number])}
    return _library(path, "opencore-amrwb", functions)
