"""What a notebook hands over, as the program's own values: arrays as signals, flags or spans as losses."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import numpy as np
import numpy.typing as npt

from gaplisten.audio.signal import Samples, Signal
from gaplisten.clips.traces import PacketLengthError, packet_frames_at
from gaplisten.errors import GaplistenError
from gaplisten.loss.measures import MEASURES
from gaplisten.loss.trace import Grid, LossTrace, Origin

Gaps = Iterable[tuple[int, int]]
"""Start and stop of each gap in frames; the stop is the first frame after it."""

_PAIRS = "give pairs of whole numbers: [(start, stop), ...] in frames"
_LOUDEST = 32.0  # 30 dB over full scale: more are integers that were made floats


class BadArgument(GaplistenError, ValueError):  # noqa: N818 - named after what happened
    """An argument from which no sound result could come."""


class GaplistenWarning(UserWarning):
    """Something that a reader of a number must know: a file that does not fit, a plugin's message."""


def signal_of(samples: npt.ArrayLike, rate: int, name: str = "samples") -> Signal:
    """Return samples as a signal.

    Parameters
    ----------
    samples
        Shape ``(frames,)`` or ``(frames, channels)``: floats with full scale ±1.0, or int16.
    rate
        In Hz, a whole number.
    name
        What the caller calls them.

    Raises
    ------
    BadArgument
        If they are of another shape or type, hold NaN or infinity, or are floats with the scale of integers.
    """
    array = np.asarray(samples)
    hertz = _hertz(rate)
    if array.ndim not in (1, 2):
        raise BadArgument(name, f"has the shape {array.shape}", "give (frames,) or (frames, channels)")
    if array.ndim == 2 and array.shape[1] > array.shape[0] > 0:
        fact = f"has the shape {array.shape}: more channels than frames"
        raise BadArgument(name, fact, "give (frames, channels); transpose it with .T")
    if array.ndim == 2 and not array.shape[1]:
        raise BadArgument(name, f"has the shape {array.shape}: no channel", "give (frames, channels)")
    if array.dtype == np.int16:
        return Signal.of(array.astype(np.float32) / 32768.0, hertz)
    if array.dtype.kind != "f":
        way_out = "give floats with full scale ±1.0, or int16"
        raise BadArgument(name, f"is of the type {array.dtype}", way_out)
    if not np.isfinite(array).all():
        raise BadArgument(name, "holds NaN or infinity", "replace them first")
    peak = float(np.abs(array).max(initial=0.0))
    if peak > _LOUDEST:
        fact = f"reaches {peak:g}, and full scale is 1.0"
        raise BadArgument(name, fact, "divide by the largest integer of its scale (32768 for 16 bits)")
    return Signal.of(array, hertz)


def as_given(made: Samples, given: npt.ArrayLike) -> Samples:
    """Return samples of shape ``(frames, channels)`` in as many dimensions as were given."""
    return made[:, 0] if np.ndim(given) == 1 else made


def trace_of(
    lost: npt.ArrayLike | None, gaps: Gaps | None, packet_ms: float, rate: int, frames: int
) -> LossTrace | None:
    """Return what was lost; None where nothing was said.

    Parameters
    ----------
    lost
        One flag per packet, True (or 1) where it was lost; as many as cover the sound, of which the last may
        be partial.
    gaps
        In its place: start and stop of each gap in frames.
    packet_ms
        Length of a packet in ms, a whole number of frames at `rate`.
    frames
        Length of the sound.

    Raises
    ------
    BadArgument
        If both are given, or flags or gaps do not fit the sound.
    """
    if gaps is not None:
        if lost is not None:
            raise BadArgument("lost and gaps", "are both given", "give one of them")
        return _of_gaps(gaps, rate, frames)
    if lost is None:
        return None
    flags = np.asarray(lost)
    if flags.ndim != 1:
        raise BadArgument("lost", f"has the shape {flags.shape}", "give one flag per packet: (packets,)")
    if flags.dtype != np.bool_:
        if flags.size and (flags.dtype.kind not in "iu" or not np.isin(flags, (0, 1)).all()):
            raise BadArgument("lost", f"is of the type {flags.dtype}", "give booleans: True where lost")
        flags = flags.astype(np.bool_)
    size = _packet_frames(packet_ms, rate)
    packets = Grid(size).packets(frames)
    if flags.size != packets:
        fact = f"has {flags.size} flags, and {frames} frames at {rate} Hz are {packets} packets"
        raise BadArgument("lost", f"{fact} of {packet_ms:g} ms", "set packet_ms, or cut or extend the flags")
    return LossTrace.of_packets(flags, size, rate)


def told_trace(
    lost: npt.ArrayLike | None, gaps: Gaps | None, packet_ms: float, rate: int, frames: int
) -> LossTrace:
    """Return what was lost, as `trace_of`; `BadArgument` also where nothing was said of it."""
    trace = trace_of(lost, gaps, packet_ms, rate, frames)
    if trace is None:
        raise BadArgument("lost, gaps", "are both None", "say what was lost with one of them")
    return trace


def length_ms(packet_ms: float) -> float:
    """Return the length of a packet in ms; `BadArgument` where it is none."""
    length = _number(packet_ms)
    if not 0 < length < math.inf:
        raise BadArgument("packet_ms", f"is {packet_ms!r}", "give a length in ms, over 0")
    return length


def checked(thresholds: Mapping[str, float] | None) -> Mapping[str, float]:
    """Return thresholds by measure, none where none were given.

    Raises
    ------
    BadArgument
        If a name is none of a measure, or a threshold is no number.
    """
    given = thresholds or {}
    known = {measure.key for measure in MEASURES}
    for key, limit in given.items():
        if key not in known:
            raise BadArgument("thresholds", f"{key!r} is no measure", "see gaplisten gaps --measures")
        if math.isnan(_number(limit)):
            raise BadArgument("thresholds", f"{key} is {limit!r}", "give numbers")
    return given


def _of_gaps(gaps: Gaps, rate: int, frames: int) -> LossTrace:
    try:
        rows = np.asarray(list(gaps))
    except (TypeError, ValueError) as error:  # no row of gaps, or of more and of fewer numbers
        raise BadArgument("gaps", f"are {gaps!r:.80}", _PAIRS) from error
    if rows.size == 0:
        rows = np.zeros((0, 2), np.int64)
    if rows.ndim != 2 or rows.shape[1] != 2 or rows.dtype.kind not in "iu":
        fact = f"is of the type {rows.dtype} and the shape {rows.shape}"
        raise BadArgument("gaps", fact, _PAIRS)
    rows = rows[np.argsort(rows[:, 0], kind="stable")].astype(np.int64)
    wrong = (rows[:, 0] < 0) | (rows[:, 1] <= rows[:, 0]) | (rows[:, 1] > frames)
    if wrong.any():
        start, stop = rows[int(np.argmax(wrong))].tolist()
        raise BadArgument(
            "gaps", f"hold ({start}, {stop})", f"stay within 0 and {frames}, the stop after the start"
        )
    if (rows[1:, 0] < rows[:-1, 1]).any():
        raise BadArgument("gaps", "overlap each other", "join those that do")
    return LossTrace.of_spans(rows, frames, rate, Origin.EDITED)


def _packet_frames(packet_ms: float, rate: int) -> int:
    try:
        return packet_frames_at(length_ms(packet_ms), rate, "packet_ms")
    except PacketLengthError as error:
        raise BadArgument(error.thing, error.fact, error.way_out) from error


def _hertz(rate: object) -> int:
    hertz = _number(rate)
    if not hertz.is_integer() or hertz <= 0:
        raise BadArgument("rate", f"is {rate!r}", "give the sampling rate in Hz, a whole number over 0")
    return int(hertz)


def _number(value: object) -> float:
    """Return a number as a float; NaN where it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        return math.nan
    return float(value)
