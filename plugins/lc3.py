"""LC3 with its own packet loss concealment: the codec of Bluetooth LE Audio in the loop.

The undamaged speech is encoded, the payloads of lost packets are dropped, the rest is decoded; for a lost
frame liblc3 scrambles and fades the last spectrum (Annex B of the specification). A packet holds one or
more frames of 10 or 7.5 ms. Every sample is altered, received ones too: set `loss` to none, and the codec
alone is heard.

The delay is that of the transform: 2.5 ms with frames of 10 ms, 4 ms with 7.5.

Source: Bluetooth SIG, Low Complexity Communication Codec 1.0.1, and the liblc3 that is used: the one named
in `library`, else the system's, else the one inside the package lc3py.
"""

import ctypes
import ctypes.util
import importlib.metadata
from fnmatch import fnmatch
from pathlib import Path
from typing import Annotated, Literal

import numpy as np

name = "LC3 (codec)"
help = "Encodes, loses packets, decodes: lost ones by liblc3's Annex B. Alters received speech."
source = "Bluetooth LC3 1.0.1, Annex B; liblc3"
rates = (8000, 16000, 24000, 32000, 48000)
channels = 1
causal = True

FLOAT = 3  # liblc3's word for the form of samples
SMALLEST, LARGEST = 20, 400  # bytes of one frame
INSTALL = (
    "install it (Debian 13: apt install liblc3-1; Debian 12: apt install liblc3-0), "
    "or the package that carries one: pip install lc3py"
)
Frame = Annotated[
    Literal["10", "7.5"], {"unit": "ms", "help": "length of one frame; packets are whole frames"}
]
Library = Annotated[Path, {"help": "liblc3 to use; else the system's, else that of the package lc3py"}]


class RefusedError(ValueError):
    """What is missing or does not fit, and what to do: for people, so shown without a traceback."""

    for_user = True


class Encoder:
    """One LC3 encoder.

    Parameters
    ----------
    rate, packet_frames, channels
        8, 16, 24, 32 or 48 kHz; frames in one packet; 1.
    bitrate
        In kbit/s; constant.

    Raises
    ------
    RefusedError
        If liblc3 is missing, with how to get it; if packets are no whole frames; if LC3 has no such bit rate.
    """

    def __init__(
        self,
        rate: int,
        packet_frames: int,
        channels: int,
        *,
        bitrate: Annotated[int, {"ge": 16, "le": 320, "unit": "kbit/s", "help": "of one channel"}] = 32,
        frame: Frame = "10",
        library: Library = Path(),
    ) -> None:
        self._lib = lc3_library(library)
        self._frames = frame_length(rate, packet_frames, frame)
        self._bytes = round(bitrate * float(frame) / 8)
        if not SMALLEST <= self._bytes <= LARGEST:
            low, high = (8 * size / float(frame) for size in (SMALLEST, LARGEST))
            raise RefusedError(f"LC3 has {low:.3g} to {high:.4g} kbit/s at this frame; choose among them")
        length = microseconds(frame)
        self._room = ctypes.create_string_buffer(self._lib.lc3_encoder_size(length, rate))
        self._state = self._lib.lc3_setup_encoder(length, rate, 0, self._room)
        self.delay = self._lib.lc3_delay_samples(length, rate)

    def encode(self, samples: np.ndarray) -> bytes:
        """Return the frames of one packet, one after the other."""
        pcm = np.ascontiguousarray(np.clip(samples[:, 0], -1, 1), np.float32)
        payload = ctypes.create_string_buffer(self._bytes)
        parts = []
        for first in range(0, len(pcm), self._frames):
            piece = pcm[first : first + self._frames]
            self._lib.lc3_encode(self._state, FLOAT, _at(piece), 1, self._bytes, payload)
            parts.append(payload.raw)
        return b"".join(parts)


class Decoder:
    """One LC3 decoder."""

    def __init__(
        self,
        rate: int,
        packet_frames: int,
        channels: int,
        *,
        frame: Frame = "10",
        library: Library = Path(),
    ) -> None:
        self._lib = lc3_library(library)
        self._frames, self._size = frame_length(rate, packet_frames, frame), packet_frames
        length = microseconds(frame)
        self._room = ctypes.create_string_buffer(self._lib.lc3_decoder_size(length, rate))
        self._state = self._lib.lc3_setup_decoder(length, rate, 0, self._room)
        self.delay = 0

    def decode(self, payload: bytes | None) -> np.ndarray:
        """Return one packet; `payload` is None when it was lost."""
        out = np.zeros((self._size, 1), np.float32)
        count = self._size // self._frames
        size = len(payload or b"") // count
        for index in range(count):
            data = payload[index * size : (index + 1) * size] if payload else None
            piece = out[index * self._frames : (index + 1) * self._frames]
            self._lib.lc3_decode(self._state, data, size, FLOAT, _at(piece), 1)
        return out


def microseconds(frame: str) -> int:
    """Return the length of a frame as liblc3 takes it."""
    return round(1000 * float(frame))


def frame_length(rate: int, packet_frames: int, frame: str) -> int:
    """Return the samples of one frame; refuse packets that are no whole frames."""
    length = round(rate * float(frame) / 1000)
    if packet_frames % length:
        found = f"a packet of {1000 * packet_frames / rate:.4g} ms"
        raise RefusedError(
            f"{found} is no whole number of LC3's frames of {frame} ms; change packets or `frame`"
        )
    return length


def _at(pcm: np.ndarray) -> ctypes.c_void_p:
    return pcm.ctypes.data_as(ctypes.c_void_p)


def lc3_library(path: Path = Path()) -> ctypes.CDLL:
    """Load liblc3: the named one, the system's, or that of the package lc3py."""
    if path != Path() and not path.is_file():
        raise RefusedError(f"{path} is not there; name a liblc3 file, or leave `library` empty")
    for each in [str(path)] if path != Path() else _places():
        try:
            return _declared(ctypes.CDLL(each))
        except (OSError, AttributeError):
            continue
    if path != Path():
        raise RefusedError(f"{path} is no liblc3 that can be loaded; name another, or leave `library` empty")
    raise RefusedError(f"liblc3 is missing; {INSTALL}")


def _places() -> list[str]:
    found = ["liblc3.so.1", "liblc3.so.0", ctypes.util.find_library("lc3") or ""]
    try:
        files = importlib.metadata.files("lc3py") or []  # where its library lies differs between its builds
    except importlib.metadata.PackageNotFoundError:
        files = []
    kinds = ("*lc3*.so*", "*lc3*.dylib", "*lc3*.dll")
    found += [str(file.locate()) for file in files if any(fnmatch(file.name, kind) for kind in kinds)]
    return [each for each in found if each]


def _declared(lib: ctypes.CDLL) -> ctypes.CDLL:
    number, state, data = ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p
    wanted = {
        "lc3_encoder_size": (ctypes.c_uint, [number, number]),
        "lc3_decoder_size": (ctypes.c_uint, [number, number]),
        "lc3_setup_encoder": (state, [number, number, number, data]),
        "lc3_setup_decoder": (state, [number, number, number, data]),
        "lc3_delay_samples": (number, [number, number]),
        "lc3_encode": (number, [state, number, data, number, number, data]),
        "lc3_decode": (number, [state, ctypes.c_char_p, number, number, data, number]),
    }
    for name, (restype, argtypes) in wanted.items():
        function = getattr(lib, name)
        function.restype, function.argtypes = restype, argtypes
    return lib
