"""Opus with its own packet loss concealment: the codec is in the loop.

The undamaged speech is encoded, the payloads of lost packets are dropped, the rest is decoded; a lost
packet is decoded from nothing, which is the codec's concealment. Every sample is altered, received ones
too: set `loss` to none, and the codec alone is heard.

* `fec` has the encoder repeat each packet, coarser, in the next one, and the decoder wait for that one: one
  packet of delay more. The encoder repeats nothing unless some loss is expected, so `expected_loss` must be
  set with it. Only speech modes repeat: `voip`, at rates up to some 40 kbit/s.
  The larger the loss that is expected, the finer is the copy, and the fewer bits are left for the packet
  itself. How far is not alike in all versions: told 10 %, the encoder of libopus 1.3.1 does what that of
  1.6.1 does when told 20 %. Those two were measured; where between them it changed is not known here.
* `decoder_complexity` from 5 on asks for deep PLC, 6 adds LACE, 7 NoLACE, in a libopus of 1.5 and later
  that was built with their weights. Most are not: that is tried, and said.

The delay is the encoder's look-ahead (6.5 ms, or 2.5 ms with `restricted_lowdelay`). Packets must last
2.5, 5, 10, 20, 40 or 60 ms.

Source: IETF RFC 6716, section 4.4 (concealment), and the libopus that is used, whose version is printed:
the one named in `library`, else the newer of the system's and the one inside the package av.
"""

import ctypes
import ctypes.util
import importlib.util
import re
import sys
from pathlib import Path
from typing import Annotated, Literal

import numpy as np

name = "Opus (codec)"
help = "Encodes, loses packets, decodes: lost ones by Opus' own concealment, or FEC. Alters received speech."
source = "RFC 6716 and the libopus that is used"
rates = (8000, 12000, 16000, 24000, 48000)
causal = True

DURATIONS_MS = (2.5, 5, 10, 20, 40, 60)
APPLICATIONS = {"voip": 2048, "audio": 2049, "restricted_lowdelay": 2051}
SET_BITRATE, SET_VBR, SET_COMPLEXITY, SET_FEC, SET_LOSS, GET_LOOKAHEAD = 4002, 4006, 4010, 4012, 4014, 4027
SET_DTX = 4016
LARGEST = 7662  # bytes: six frames of 1275 and their framing
INSTALL = (
    "install it (Debian and Ubuntu: apt install libopus0; Fedora: dnf install opus; macOS: brew install opus)"
    ", or the package that carries one: pip install av"
)
Library = Annotated[Path, {"help": "libopus to use; else the newer of the system's and the package av's"}]
Fec = Annotated[bool, {"help": "in-band FEC: repairs from the next packet, one packet later"}]


class RefusedError(ValueError):
    """What is missing or does not fit, and what to do: for people, so shown without a traceback."""

    for_user = True


class Encoder:
    """One Opus encoder.

    Parameters
    ----------
    rate, packet_frames, channels
        8, 12, 16, 24 or 48 kHz; frames in one packet; 1 or 2.
    bitrate
        Target in kbit/s.

    Raises
    ------
    RefusedError
        If libopus is missing, with how to get it; if Opus has no such packets.
    """

    def __init__(
        self,
        rate: int,
        packet_frames: int,
        channels: int,
        *,
        bitrate: Annotated[int, {"ge": 6, "le": 510, "unit": "kbit/s", "help": "target bit rate"}] = 32,
        complexity: Annotated[int, {"ge": 0, "le": 10, "help": "of the encoder"}] = 10,
        application: Annotated[
            Literal["voip", "audio", "restricted_lowdelay"], {"help": "what the encoder is tuned for"}
        ] = "voip",
        vbr: Annotated[bool, {"help": "variable bit rate"}] = True,
        dtx: Annotated[bool, {"help": "send next to nothing in pauses"}] = False,
        expected_loss: Annotated[int, {"ge": 0, "le": 100, "unit": "%", "help": "told to the encoder"}] = 0,
        fec: Fec = False,
        library: Library = Path(),
    ) -> None:
        check_packets(rate, packet_frames, channels)
        if fec and not expected_loss:
            raise RefusedError("in-band FEC sends nothing while no loss is expected; set expected_loss too")
        self._lib = opus_library(library)
        settings = {SET_BITRATE: 1000 * bitrate, SET_VBR: vbr, SET_COMPLEXITY: complexity, SET_DTX: dtx}
        settings |= {SET_FEC: fec, SET_LOSS: expected_loss}
        self._state = new_encoder(self._lib, rate, channels, APPLICATIONS[application], settings)
        ahead = ctypes.c_int()
        self._lib.opus_encoder_ctl(self._state, GET_LOOKAHEAD, ctypes.byref(ahead))
        self.delay = ahead.value
        print(self._lib.opus_get_version_string().decode())

    def encode(self, samples: np.ndarray) -> bytes:
        """Return the payload of one packet, shape ``(packet_frames, channels)``."""
        return encoded(self._lib, self._state, np.clip(samples, -1, 1))

    def __del__(self) -> None:
        if getattr(self, "_state", None):
            self._lib.opus_encoder_destroy(self._state)


class Decoder:
    """One Opus decoder; with FEC it keeps one payload back."""

    def __init__(
        self,
        rate: int,
        packet_frames: int,
        channels: int,
        *,
        fec: Fec = False,
        decoder_complexity: Annotated[
            int, {"ge": 0, "le": 10, "help": "deep PLC from 5, LACE 6, NoLACE 7, if libopus has them"}
        ] = 0,
        library: Library = Path(),
    ) -> None:
        check_packets(rate, packet_frames, channels)
        self._lib, self._shape, self._fec = opus_library(library), (packet_frames, channels), fec
        self._state = new_decoder(self._lib, rate, channels, decoder_complexity)
        self.delay = packet_frames if fec else 0
        self._held: bytes | None = None
        self._begun = False
        if decoder_complexity >= 5 and not has_deep_plc(self._lib, decoder_complexity):
            version = self._lib.opus_get_version_string().decode()
            print(f"{version} was built without deep PLC: it conceals as with a decoder_complexity of 0")

    def decode(self, payload: bytes | None) -> np.ndarray:
        """Return one packet; `payload` is None when it was lost."""
        if not self._fec:
            return self._decoded(payload)
        held, self._held = self._held, payload
        if not self._begun:
            self._begun = True
            return np.zeros(self._shape, np.float32)
        return self._decoded(payload, repair=True) if held is None and payload else self._decoded(held)

    def _decoded(self, payload: bytes | None, *, repair: bool = False) -> np.ndarray:
        pcm = np.zeros(self._shape, np.float32)
        size = len(payload or b"")
        got = self._lib.opus_decode_float(self._state, payload, size, _at(pcm), self._shape[0], int(repair))
        if got < 0:
            raise RefusedError(f"libopus could not decode ({_said(self._lib, got)}); use another library")
        return pcm

    def __del__(self) -> None:
        if getattr(self, "_state", None):
            self._lib.opus_decoder_destroy(self._state)


def check_packets(rate: int, packet_frames: int, channels: int) -> None:
    """Refuse what Opus has no packets for."""
    if not any(abs(1000 * packet_frames / rate - ms) < 1e-9 for ms in DURATIONS_MS):
        found = f"{1000 * packet_frames / rate:.4g} ms ({packet_frames} frames at {rate} Hz)"
        raise RefusedError(f"Opus has no packets of {found}; use 2.5, 5, 10, 20, 40 or 60 ms")
    if channels > 2:
        raise RefusedError(f"Opus codes 1 or 2 channels here, not {channels}; use a clip of at most 2")


def new_encoder(
    lib: ctypes.CDLL, rate: int, channels: int, application: int, settings: dict[int, int]
) -> int:
    """Return an encoder's state."""
    error = ctypes.c_int()
    state = lib.opus_encoder_create(rate, channels, application, ctypes.byref(error))
    if error.value:
        raise RefusedError(f"libopus has no encoder for this ({_said(lib, error.value)}); change the rate")
    for request, value in settings.items():
        lib.opus_encoder_ctl(state, request, ctypes.c_int(int(value)))
    return int(state)


def encoded(lib: ctypes.CDLL, state: int, samples: np.ndarray) -> bytes:
    """Return the payload of samples, shape ``(frames, channels)``, full scale -1..1."""
    pcm, payload = np.ascontiguousarray(samples, np.float32), ctypes.create_string_buffer(LARGEST)
    size = lib.opus_encode_float(state, _at(pcm), len(pcm), payload, LARGEST)
    if size < 0:
        raise RefusedError(f"libopus could not encode ({_said(lib, size)}); change the bit rate")
    return payload.raw[:size]


def new_decoder(lib: ctypes.CDLL, rate: int, channels: int, complexity: int) -> int:
    """Return a decoder's state; old libraries know no complexity of it, which changes nothing there."""
    error = ctypes.c_int()
    state = lib.opus_decoder_create(rate, channels, ctypes.byref(error))
    if error.value:
        raise RefusedError(f"libopus has no decoder for this ({_said(lib, error.value)}); change the rate")
    if complexity:
        lib.opus_decoder_ctl(state, SET_COMPLEXITY, ctypes.c_int(complexity))
    return int(state)


def has_deep_plc(lib: ctypes.CDLL, complexity: int) -> bool:
    """Tell whether this complexity conceals otherwise than 0 does: versions say nothing of weights."""
    rate, size = 16000, 320
    t = np.arange(6 * size)
    voice = sum(np.sin(2 * np.pi * 120 * k * t / rate) / k for k in range(1, 9))
    encoder = new_encoder(lib, rate, 1, APPLICATIONS["voip"], {SET_BITRATE: 32_000})
    payloads = [encoded(lib, encoder, part[:, None]) for part in (0.2 * voice).reshape(-1, size)]
    lib.opus_encoder_destroy(encoder)
    heard = []
    for each in (0, complexity):
        state = new_decoder(lib, rate, 1, each)
        pcm = np.zeros((size, 1), np.float32)
        for payload in (*payloads, None, None):
            lib.opus_decode_float(state, payload, len(payload or b""), _at(pcm), size, 0)
        lib.opus_decoder_destroy(state)
        heard.append(pcm.copy())
    return not np.array_equal(*heard)


def _at(pcm: np.ndarray) -> ctypes.c_void_p:
    return pcm.ctypes.data_as(ctypes.c_void_p)


def _said(lib: ctypes.CDLL, code: int) -> str:
    return str(lib.opus_strerror(code).decode())


def opus_library(path: Path = Path()) -> ctypes.CDLL:
    """Load libopus: the named one, or the newer of the system's and that of the package av."""
    if path != Path() and not path.is_file():
        raise RefusedError(f"{path} is not there; name a libopus file, or leave `library` empty")
    found = []
    for each in [str(path)] if path != Path() else _places():
        try:
            found.append(_declared(ctypes.CDLL(each)))
        except (OSError, AttributeError):
            continue
    if found:
        return max(found, key=_version)  # of equal ones the first: the system's
    if path != Path():
        raise RefusedError(f"{path} is no libopus that can be loaded; name another, or leave `library` empty")
    raise RefusedError(f"libopus is missing; {INSTALL}")


def _version(lib: ctypes.CDLL) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", lib.opus_get_version_string().decode())[:3]]


def _places() -> list[str]:
    own = {"darwin": "libopus.0.dylib", "win32": "opus.dll"}.get(sys.platform, "libopus.so.0")
    found = [own, ctypes.util.find_library("opus") or ""]
    package = importlib.util.find_spec("av")
    for folder in (package.submodule_search_locations or ()) if package else ():
        inside = (Path(folder).with_name("av.libs"), Path(folder) / ".dylibs")
        found += [str(file) for each in inside for file in sorted(each.glob("*opus*"))]
    return [each for each in found if each]


def _declared(lib: ctypes.CDLL) -> ctypes.CDLL:
    number, state, data = ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p
    wanted = {
        "opus_encoder_create": (state, [ctypes.c_int32, number, number, data]),
        "opus_encoder_destroy": (None, [state]),
        "opus_encoder_ctl": (number, [state, number]),
        "opus_encode_float": (ctypes.c_int32, [state, data, number, data, ctypes.c_int32]),
        "opus_decoder_create": (state, [ctypes.c_int32, number, data]),
        "opus_decoder_destroy": (None, [state]),
        "opus_decoder_ctl": (number, [state, number]),
        "opus_decode_float": (number, [state, ctypes.c_char_p, ctypes.c_int32, data, number, number]),
        "opus_strerror": (ctypes.c_char_p, [number]),
        "opus_get_version_string": (ctypes.c_char_p, []),
    }
    for name, (restype, argtypes) in wanted.items():
        function = getattr(lib, name)
        function.restype, function.argtypes = restype, argtypes
    return lib
