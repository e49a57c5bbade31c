"""Loss-trace files of this field: told apart, read and written, with True always meaning lost.

Each family of formats is a module of this folder that has ``FORMATS``, a tuple of `TraceFormat`: a new one is
one more file. Whatever is to be said of it (how its files are known, read, continued and written, its names
and its line in the manual) stands in there.
"""

from __future__ import annotations

import importlib
import pkgutil
import stat
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import numpy as np

from gaplisten.durable.files import not_written, write_whole
from gaplisten.errors import GaplistenError
from gaplisten.loss.formats import archives, foreign
from gaplisten.loss.formats.contract import BadTrace, Content, End, Intervals, TraceFormat, Unusable
from gaplisten.loss.trace import Flags, LossTrace, Reading, runs_of
from gaplisten.untrusted import read_regular

__all__ = [
    "FORMATS", "MAX_BYTES", "AmbiguousTrace", "End", "TraceFile", "TraceFileError", "TraceFormat", "fit",
    "format_named", "read_trace", "write_trace",
]  # fmt: skip

MAX_BYTES = 64 * 1024 * 1024


class TraceFileError(GaplistenError):
    """A loss trace that cannot be used as it is."""


class AmbiguousTrace(TraceFileError):  # noqa: N818 - it is a question to the user rather than an error
    """A file that could be read in several ways.

    Attributes
    ----------
    candidates
        Names of the formats to choose from.
    meanings
        What the file would say in each of them, in words: "16.0 % lost in 4 gaps".
    """

    def __init__(self, path: Path, fact: str, meanings: Mapping[str, str]) -> None:
        named = ", ".join(f"{name} ({meaning})" for name, meaning in meanings.items())
        super().__init__(str(path), fact, f"say which format it is: {named}")
        self.path, self.meanings = path, dict(meanings)

    @property
    def candidates(self) -> tuple[str, ...]:
        """Names of the formats to choose from."""
        return tuple(self.meanings)


@dataclass(frozen=True, eq=False)
class TraceFile:
    """A trace as read.

    Parameters
    ----------
    lost
        Shape ``(packets,)``, True = lost, after any inversion.
    packet_ms
        Packet length in ms where the format or the file tells it, else None.
    packet_frames
        Packet length in samples where the file itself tells (lists of lost samples), else None.
    intervals
        What was lost, where the file tells no packets; `lost` is empty then.
    """

    path: Path
    format: str
    lost: Flags
    packet_ms: float | None
    notes: tuple[str, ...]
    inverted: bool = False
    packet_frames: int | None = None
    intervals: Intervals | None = None

    def on_clock(self, rate: int, frames: int | None = None) -> LossTrace:
        """Return the losses of a file that tells intervals, on a clock.

        Parameters
        ----------
        frames
            Length of the sound; as far as the last interval when not given.
        """
        assert self.intervals is not None
        spans = self.intervals.spans(rate)
        end = int(spans.max(initial=0)) if frames is None else frames
        reading = Reading(self.format, self.inverted, self.path)
        found = LossTrace.of_spans(spans, end, rate, reading=reading)
        if not self.inverted:
            return found
        edges = np.concatenate(([0], found.spans.reshape(-1), [end])).reshape(-1, 2)
        return LossTrace.of_spans(edges, end, rate, reading=reading)


def _formats() -> tuple[TraceFormat, ...]:
    names = sorted(found.name for found in pkgutil.iter_modules(__path__))
    modules = [importlib.import_module(f"{__name__}.{name}") for name in names]
    found = [form for module in modules for form in getattr(module, "FORMATS", ())]
    return tuple(sorted(found, key=lambda form: form.place))


FORMATS = _formats()
_BY_NAME = {form.name: form for form in FORMATS}


def format_named(name: str) -> TraceFormat:
    """Return a format by its name.

    Raises
    ------
    TraceFileError
        If there is none of that name.
    """
    if name not in _BY_NAME:
        raise TraceFileError(name, "is not a trace format", "known are " + ", ".join(_BY_NAME))
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
    if len(data) < _LONG_BYTES:
        return _read(path, data, format, inverted, packets)
    key = blake2b(data).digest(), path, format, inverted, packets
    with _one_at_a_time:
        found = _long_ones.pop(key, None) or _read(path, data, format, inverted, packets)
        found.lost.setflags(write=False)  # all who ask share it
        _long_ones[key] = found  # those asked for last at the end
        while len(_long_ones) > _MOST_KEPT:
            del _long_ones[next(iter(_long_ones))]
    return found


_LONG_BYTES = 1 << 16  # of an hour of packets there are 400 kB
_MOST_KEPT = 4
_long_ones: dict[tuple[bytes, Path, str | None, bool, int | None], TraceFile] = {}
# To tell a long file's format takes a second and 40 MB; list, lanes and clip ask for it at one moment.
_one_at_a_time = threading.Lock()


def _read(path: Path, data: bytes, format: str | None, inverted: bool, packets: int | None) -> TraceFile:
    try:
        content, unpacked = _content(path, data, packets)
        form = format_named(format) if format else _recognised(path, content)
        found = form.decode(content)
    except BadTrace as bad:
        raise TraceFileError(str(path), bad.fact, bad.way_out) from bad
    lost = ~found.lost if inverted else found.lost
    if packets is not None and found.intervals is None:
        lost = fit(lost, packets, form.end)
    turned = ("polarity turned round",) if inverted else ()
    notes = (*unpacked, *found.notes, *turned)
    return TraceFile(
        path, form.name, lost, found.packet_ms, notes, inverted, found.packet_frames, found.intervals
    )


def _content(path: Path, data: bytes, packets: int | None) -> tuple[Content, tuple[str, ...]]:
    """Return a file's content (of an archive that of its array), and what is to be said of it."""
    if not data.startswith(archives.MAGIC):
        return Content(data, path.stem, path.suffix, packets), ()
    array, name = archives.unpacked(data, MAX_BYTES)
    # The array's name says what its values mean, if any does.
    return Content(array, name, ".npy", packets), (f"array {name!r} of the archive",)


def write_trace(path: Path, trace: LossTrace, format: str) -> None:
    """Write a trace in a named format, replacing `path` only when all of it is written.

    Raises
    ------
    TraceFileError
        If the format is unknown or cannot say where the gaps lie, or the disk refuses.
    """
    form = format_named(format)
    if form.unit == "packet" and (trace.grid is None or not trace.on_grid or trace.grid.offset):
        fact = f"cannot be {form.name}: that counts packets from the start, and the gaps do not lie on such"
        raise TraceFileError(str(path), fact, "choose a format that counts samples")
    encode = form.encode_npy if form.encode_npy and path.suffix.lower() == ".npy" else form.encode
    try:
        write_whole(path, encode(trace))
    except BadTrace as bad:
        raise TraceFileError(str(path), bad.fact, bad.way_out) from bad
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
    rest = end is End.LOST or (end is End.LAST and bool(lost[-1:].any()))
    return np.concatenate([lost, np.full(packets - lost.size, rest)])


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
        data = read_regular(path, MAX_BYTES)
    except FileNotFoundError as error:
        raise TraceFileError(str(path), "there is no such file", "check the path") from error
    except OSError as error:
        raise TraceFileError(
            str(path), f"cannot be read ({error.strerror})", "check the permissions"
        ) from error
    if not data:
        raise TraceFileError(str(path), "is empty (0 bytes)", "make or copy it again")
    return data


def _recognised(path: Path, content: Content) -> TraceFormat:
    """Return the one format that a file can be of.

    Raises
    ------
    AmbiguousTrace
        If the user has to choose.
    BadTrace
        If it is of none.
    """
    doubts: dict[TraceFormat, str] = {}
    reason = BadTrace("is no loss trace of a known kind", "'gaplisten trace --formats' lists them")
    for form in FORMATS:
        try:
            doubt = form.recognises(content)
        except Unusable:
            raise
        except BadTrace as bad:
            reason = bad
            continue
        if doubt is not None:
            doubts[form] = doubt
    sure = [form for form, doubt in doubts.items() if not doubt]
    if len(sure) == 1:
        return sure[0]
    if sure:
        raise AmbiguousTrace(path, "has the marks of several formats", _meanings(content, sure))
    foreign.refuse(content)
    meanings = _meanings(content, list(doubts))
    if not meanings:
        raise reason
    said = [doubt for form, doubt in doubts.items() if form.name in meanings]
    raise AmbiguousTrace(path, "; ".join(dict.fromkeys(said)), meanings)


def _meanings(content: Content, forms: Sequence[TraceFormat]) -> dict[str, str]:
    """Return what a file says in each of these formats; those in which it says nothing are left out."""
    found = {}
    for form in forms:
        try:
            decoded = form.decode(content)
        except BadTrace:
            continue
        found[form.name] = meaning_of(decoded.lost, decoded.intervals)
    return found


def meaning_of(lost: Flags, intervals: Intervals | None = None) -> str:
    """Return what a trace says, in words."""
    if intervals is not None:
        unit = "samples" if intervals.in_frames else "s"
        return f"{len(intervals.rows)} gaps up to {intervals.rows.max(initial=0):g} {unit}"
    gaps = len(runs_of(lost))
    share = 100 * float(lost.mean()) if lost.size else 0.0
    return f"{share:.1f} % of {lost.size} packets lost in {gaps} {'gap' if gaps == 1 else 'gaps'}"
