"""Loss-trace files of this field: told apart, read and written, with True always meaning lost."""

from __future__ import annotations

import stat
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np

from gaplisten.durable import not_written, write_whole
from gaplisten.errors import GaplistenError
from gaplisten.loss.encodings import arrays, g192, text
from gaplisten.loss.encodings.decoded import BadTrace, Decoded
from gaplisten.loss.recognise import recognise
from gaplisten.loss.trace import Flags, LossTrace

MAX_BYTES = 64 * 1024 * 1024


class TraceFileError(GaplistenError):
    """A loss trace that cannot be used as it is."""


class AmbiguousTrace(TraceFileError):  # noqa: N818 - it is a question to the user rather than an error
    """A file that could be read in several ways; `candidates` names the formats to choose from."""

    def __init__(self, path: Path, fact: str, candidates: tuple[str, ...]) -> None:
        named = ", ".join(candidates)
        super().__init__(str(path), fact, f"say which format it is: {named}")
        self.path, self.candidates = path, candidates


class End(StrEnum):
    """What a format means by a trace that is shorter than the sound."""

    EXACT = "exact length"
    RECEIVED = "packets after the end are received"
    LAST = "the last flag holds on"
    REPEATS = "starts again from the beginning"
    STRETCHED = "each flag is repeated to fill the length"


@dataclass(frozen=True)
class TraceFormat:
    """One way of writing a trace down.

    Parameters
    ----------
    polarity
        What the file's values mean, in words for the user.
    unit
        ``packet`` or ``sample``.
    """

    name: str
    help: str
    suffixes: tuple[str, ...]
    polarity: str
    end: End
    decode: Callable[[bytes], Decoded]
    encode: Callable[[LossTrace], bytes]
    unit: str = "packet"


@dataclass(frozen=True, eq=False)
class TraceFile:
    """A trace as read.

    Parameters
    ----------
    lost
        Shape ``(packets,)``, True = lost, after any inversion.
    packet_ms
        Packet length in ms where the format fixes it, else None.
    packet_frames
        Packet length in samples where the file itself tells (lists of lost samples), else None.
    """

    path: Path
    format: str
    lost: Flags
    packet_ms: float | None
    notes: tuple[str, ...]
    inverted: bool = False
    packet_frames: int | None = None


Decoder = Callable[[bytes], Decoded]


def _either(when_text: Decoder, when_array: Decoder) -> Decoder:
    return lambda data: (when_array if data.startswith(arrays.MAGIC) else when_text)(data)


def _inverted(decode: Decoder) -> Decoder:
    def flipped(data: bytes) -> Decoded:
        found = decode(data)
        return Decoded(~found.lost, found.notes, found.packet_frames)

    return flipped


_TXT, _NPY, _ANY = (".txt",), (".npy",), (".g192", ".ep", ".bin", ".dat")
_FLAGS = _either(text.decode_digits, arrays.decode_flags)

_BOTH = (".txt", ".npy")
_PACKETS = _either(text.decode_lost_packets, arrays.decode_packet_indices)
_SAMPLES = _either(text.decode_lost_samples, arrays.decode_sample_indices)

# fmt: off
FORMATS: tuple[TraceFormat, ...] = (
    TraceFormat("challenge", "Deep PLC Challenge: 0 or 1 per line", _TXT, "1 = lost", End.EXACT,
                text.decode_digits, text.encode_lines),
    TraceFormat("digits", "0 and 1 in one line, blanks or commas between", _TXT, "1 = lost", End.EXACT,
                text.decode_digits, text.encode_row),
    TraceFormat("lossfile", "opus_demo, rtp_apply_loss: numbers, not 0 = lost", _TXT, "not 0 = lost",
                End.RECEIVED, text.decode_numbers, text.encode_unix_lines),
    TraceFormat("lpcnet", "lpcnet_demo: numbers, not 0 = lost", _TXT, "not 0 = lost", End.LAST,
                text.decode_numbers, text.encode_unix_lines),
    TraceFormat("g192_word", "ITU-T G.192 frame words, 16 bit", _ANY, "0x6B20 = lost, 0x6B21 = received",
                End.REPEATS, g192.decode_words, g192.encode_words),
    TraceFormat("g192_byte", "ITU-T G.192 frame bytes", _ANY, "0x20 = lost, 0x21 = received", End.REPEATS,
                g192.decode_bytes, g192.encode_bytes),
    TraceFormat("g192_compact", "ITU-T software tools, one bit per frame, lowest bit first", _ANY, "1 = lost",
                End.REPEATS, g192.decode_compact, g192.encode_compact),
    TraceFormat("bytes", "one byte per packet, 0 or 1", _ANY, "1 = lost", End.EXACT,
                arrays.decode_raw_bytes, arrays.encode_raw_bytes),
    TraceFormat("npy", "NumPy array of 0 and 1", _NPY, "1 = lost", End.EXACT,
                arrays.decode_flags, arrays.encode_flags),
    TraceFormat("frn", "mask with 1 = received (text or .npy)", _BOTH, "1 = received", End.STRETCHED,
                _inverted(_FLAGS), text.encode_inverted_lines),
    TraceFormat("lost_packets", "list of lost packets, counted from 0 (text or .npy)", _BOTH, "listed = lost",
                End.RECEIVED, _PACKETS, text.encode_lost_packets),
    TraceFormat("lost_samples", "list of lost samples, counted from 0 (text or .npy)", _BOTH, "listed = lost",
                End.RECEIVED, _SAMPLES, text.encode_lost_samples, "sample"),
)
# fmt: on
_BY_NAME = {form.name: form for form in FORMATS}


def format_named(name: str) -> TraceFormat:
    """Return a format by its name.

    Raises
    ------
    TraceFileError
        If there is none of that name.
    """
    if name not in _BY_NAME:
        raise TraceFileError(name, "is no trace format", "known are " + ", ".join(_BY_NAME))
    return _BY_NAME[name]


def read_trace(
    path: Path, *, format: str | None = None, inverted: bool = False, packets: int | None = None
) -> TraceFile:
    """Read a loss trace, finding out its format unless told.

    Parameters
    ----------
    format
        Name of one of `FORMATS`.
    inverted
        Whether to turn every flag round, after the format's own rule.
    packets
        Length to which to apply the format's rule for the end of the file; as in the file when not given.

    Raises
    ------
    AmbiguousTrace
        If the content can mean different things and no format is given.
    TraceFileError
        If it cannot be read, or is no trace.
    """
    data = _bytes(path)
    try:
        name = format or _recognised(path, data)
        form = format_named(name)
        found = form.decode(data)
    except BadTrace as bad:
        raise TraceFileError(str(path), bad.fact, bad.way_out) from bad
    lost = ~found.lost if inverted else found.lost
    if packets is not None:
        lost = fit(lost, packets, form.end)
    notes = (*found.notes, "polarity turned round") if inverted else found.notes
    return TraceFile(path, name, lost, None, notes, inverted, found.packet_frames)


def write_trace(path: Path, trace: LossTrace, format: str) -> None:
    """Write a trace in a named format, replacing `path` only when all of it is written.

    Raises
    ------
    TraceFileError
        If the format is unknown or the disk refuses.
    """
    form = format_named(format)
    encode = _ARRAY_ENCODERS.get(form.name, form.encode) if path.suffix.lower() == ".npy" else form.encode
    try:
        write_whole(path, encode(trace))
    except OSError as error:
        raise TraceFileError(*not_written(path, error)) from error


def fit(lost: Flags, packets: int, end: End) -> Flags:
    """Return exactly `packets` flags, using a format's rule for what follows the end of a file."""
    if lost.size >= packets or end is End.EXACT:
        return lost[:packets] if end is not End.EXACT else lost
    if end is End.REPEATS and lost.size:
        return np.resize(lost, packets)
    if end is End.STRETCHED and lost.size:
        return np.repeat(lost, -(-packets // lost.size))[:packets]
    rest = bool(lost[-1]) if end is End.LAST and lost.size else False
    return np.concatenate([lost, np.full(packets - lost.size, rest)])


_ARRAY_ENCODERS: dict[str, Callable[[LossTrace], bytes]] = {
    "frn": arrays.encode_inverted_flags,
    "lost_packets": arrays.encode_packet_indices,
    "lost_samples": arrays.encode_sample_indices,
}


def _bytes(path: Path) -> bytes:
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):  # reading a pipe or a device could wait for ever
            what = "is a folder" if stat.S_ISDIR(found.st_mode) else "is a pipe or a device"
            raise TraceFileError(str(path), f"{what}, not a file", "name a trace file")
        if found.st_size > MAX_BYTES:
            raise TraceFileError(
                str(path), f"is larger than {MAX_BYTES // 2**20} MiB", "check what this file is"
            )
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise TraceFileError(str(path), "there is no such file", "check the path") from error
    except OSError as error:
        raise TraceFileError(
            str(path), f"cannot be read ({error.strerror})", "check the permissions"
        ) from error
    if not data:
        raise TraceFileError(str(path), "is empty (0 bytes)", "make or copy it again")
    return data


def _recognised(path: Path, data: bytes) -> str:
    candidates, fact = recognise(path, data)
    if len(candidates) != 1 or fact:
        raise AmbiguousTrace(path, fact, candidates)
    return candidates[0]
