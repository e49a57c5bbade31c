"""How long a stream's packets are, and which of them hold no sound."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gaplisten.captures.redundancy import is_redundant
from gaplisten.captures.streams import STATIC_TYPES, Stream, type_name, wrapped

_COMFORT = (13, 19)
_DYNAMIC_FROM = 35
_OPUS_SILENCE = 2  # bytes: a DTX frame of Opus has one or two
_EVENT_BYTES = frozenset((4, 4 + 4, 4 + 10, 4 + 16))  # RFC 4733; the same encrypted
_CLOCKS = (8000, 16000, 48000, 32000, 24000, 12000, 44100, 11025, 22050)
_LENGTHS_MS = (20.0, 10.0, 30.0, 40.0, 60.0, 5.0, 2.5, 80.0, 100.0, 120.0)
_CLOCK_ERROR = 0.04
_COMMON = 0.1
_VIDEO = 0.3
_LONGEST_MS = 250.0
_MANY, _OTHER_CLOCK = 20, 1.6  # packets of a type that tell its clock; by how much it has to be another


@dataclass
class NoPace(Exception):  # noqa: N818 - the caller turns it into an error with the stream's name
    """Why it cannot be known how long packets are."""

    fact: str
    way_out: str


@dataclass(frozen=True, eq=False)
class Pace:
    """The length of packets, and what follows from their types.

    Parameters
    ----------
    packet_ms
        Length of a slot; packets hold one or several.
    units, clock
        The same in units of timestamps, and how many of these are a second; 0 without timestamps.
    slots_a_packet, longest
        Slots in most packets, and in the longest.
    event_types
        Payload types of telephone events.
    redundant
        Whether packets carry earlier ones once more.
    """

    packet_ms: float
    units: int
    clock: int
    slots_a_packet: int = 1
    longest: int = 1
    event_types: frozenset[int] = frozenset()
    redundant: bool = False
    opus: bool = False
    notes: tuple[str, ...] = ()

    def is_quiet(self, stream: Stream) -> npt.NDArray[np.bool_]:
        """Return which packets hold no sound but comfort noise or nothing."""
        quiet = np.isin(stream.types, _COMFORT)
        if self.opus:
            quiet |= (stream.sizes >= 0) & (stream.sizes <= _OPUS_SILENCE)
        return quiet

    def is_event(self, stream: Stream) -> npt.NDArray[np.bool_]:
        """Return which packets are telephone events."""
        return np.isin(stream.types, list(self.event_types))


def pace_of(stream: Stream, *, packet_ms: float | None = None, clock: int | None = None) -> Pace:
    """Find out how long a stream's packets are.

    Parameters
    ----------
    packet_ms, clock
        What the user says.

    Raises
    ------
    NoPace
        If nothing tells, or the stream is no sound.
    """
    if not stream.has_timestamps:
        return _by_arrival(stream, packet_ms)
    main = stream.main_type
    events = _event_types(stream, main)
    sound = ~np.isin(stream.types, [*events, *_COMFORT])
    _refuse_two_clocks(stream.chosen(np.flatnonzero(sound)))
    numbers, stamps = stream.numbers[sound], stream.timestamps[sound]
    apart = wrapped(np.diff(numbers), 16)
    all_steps = wrapped(np.diff(stamps), 32)
    shared = int(np.count_nonzero(all_steps[apart == 1] == 0))
    if shared > _VIDEO * max(int(np.count_nonzero(apart == 1)), 1):
        raise NoPace("is no sound: its packets share their timestamps, as those of video", "choose another")
    # A marked packet ends a silence: what lies before it is no packet's length.
    steps = all_steps[(apart == 1) & (all_steps > 0) & ~stream.markers[sound][1:]]
    if not steps.size:
        steps = all_steps[(apart > 0) & (all_steps > 0)] // np.maximum(
            apart[(apart > 0) & (all_steps > 0)], 1
        )
    steps = steps[steps > 0]
    if not steps.size:
        raise NoPace("has no two packets in a row", "choose another stream")
    values, counts = np.unique(steps, return_counts=True)
    usual = int(values[counts.argmax()])
    rate, notes = _clock(stream, main, usual, clock, packet_ms)
    if packet_ms is not None and clock is None and main not in STATIC_TYPES:
        rate = round(usual * 1000 / packet_ms)
    longest = rate * _LONGEST_MS / 1000
    common = [int(value) for value in values[counts >= _COMMON * steps.size] if value <= longest]
    units = math.gcd(*common) if common else usual
    if units * 1000 / rate < 1.0:
        units, common = usual, [usual]
    if len(common) > 1:
        lengths = " and ".join(f"{1000 * each / rate:g}" for each in sorted(common))
        notes = (*notes, f"packets of {lengths} ms: counted in pieces of {1000 * units / rate:g} ms")
    opus = main >= _DYNAMIC_FROM and rate == 48000
    return Pace(
        1000.0 * units / rate,
        units,
        rate,
        max(usual // units, 1),
        max((each // units for each in common), default=1),
        frozenset(events),
        is_redundant(stream, main, units),
        opus,
        notes,
    )


def _refuse_two_clocks(stream: Stream) -> None:
    """Refuse a stream whose payload type changes to one that counts otherwise: no length holds for both."""
    if not stream.has_times:
        return
    values, counts = np.unique(stream.types, return_counts=True)
    clocks = {}
    for each in values[counts >= _MANY].tolist() if values.size > 1 else ():
        mine = stream.chosen(np.flatnonzero(stream.types == each))
        next_ones = wrapped(np.diff(mine.numbers), 16) == 1
        passed = np.median(np.diff(mine.arrivals)[next_ones]) if next_ones.any() else 0.0
        if passed > 0:
            clocks[each] = float(np.median(wrapped(np.diff(mine.timestamps), 32)[next_ones]) / passed * 1e9)
    if clocks and max(clocks.values()) > _OTHER_CLOCK * max(min(clocks.values()), 1.0):
        each_told = (f"{type_name(each)}: about {clock:.0f} units a second" for each, clock in clocks.items())
        told = ", ".join(each_told)
        way_out = "cut the capture where the type changes, with 'editcap -A ... -B ...'"
        raise NoPace(f"changes its payload type, and with it its clock ({told})", way_out)


def _by_arrival(stream: Stream, packet_ms: float | None) -> Pace:
    """Return the pace of packets without timestamps: told, or the usual time between two of them."""
    asked = "the file holds no timestamps: silence cannot be told from packets that came late"
    if packet_ms is not None:
        return Pace(packet_ms, 0, 0, notes=(asked,))
    if not stream.has_times:
        raise NoPace("tells neither timestamps nor times", "say the packet length with --packet-ms")
    apart = wrapped(np.diff(stream.numbers), 16)
    every = np.diff(stream.arrivals)[apart == 1] / 1e6
    middle = float(np.median(every)) if every.size else 0.0
    usual = min(_LENGTHS_MS, key=lambda each: abs(math.log(max(middle, 0.01) / each)))
    if abs(middle - usual) > 0.2 * usual:
        fact = f"holds no timestamps, and packets come every {middle:.1f} ms"
        raise NoPace(fact, "say the packet length with --packet-ms")
    guessed = f"packets come every {middle:.1f} ms: taken for {usual:g} ms long (--packet-ms says otherwise)"
    return Pace(usual, 0, 0, notes=(asked, guessed))


def _event_types(stream: Stream, main: int) -> set[int]:
    """Return the types of telephone events: few bytes, many packets with one timestamp."""
    found = set()
    for each in np.unique(stream.types).tolist():
        if each == main or each < _DYNAMIC_FROM or each in _COMFORT:
            continue
        mine = stream.types == each
        small = np.isin(stream.sizes[mine], list(_EVENT_BYTES)).all() or (stream.sizes[mine] < 0).all()
        shared = np.count_nonzero(np.diff(stream.timestamps[mine]) == 0) >= mine.sum() // 3
        if small and (shared or mine.sum() < 3):
            found.add(each)
    return found


def _clock(
    stream: Stream, main: int, usual: int, told: int | None, packet_ms: float | None
) -> tuple[int, tuple[str, ...]]:
    if told:
        return told, ()
    if main in STATIC_TYPES:
        return STATIC_TYPES[main][1], ()
    if packet_ms is not None:
        return round(usual * 1000 / packet_ms), ()
    kind = f"payload type {main}" if main >= 0 else "its kind of payload"
    if stream.packet_ms:
        return round(usual * 1000 / stream.packet_ms), ()
    if not stream.has_times:
        fact = f"does not say how long packets of {usual} units are: {kind} has no clock of its own"
        raise NoPace(
            fact, "say the clock with --clock, for instance 48000 for Opus, 16000 for AMR-WB and EVS"
        )
    measured = _measured_clock(stream)
    best = min(_CLOCKS, key=lambda each: abs(math.log(measured / each)))
    length = 1000.0 * usual / best
    if abs(measured / best - 1) > _CLOCK_ERROR or min(abs(length - each) for each in _LENGTHS_MS) > 0.01:
        fact = f"counts about {measured:.0f} units a second, which is no clock of sound"
        raise NoPace(fact, "say the clock with --clock, or the packet length with --packet-ms")
    note = f"{kind} has no clock of its own: {best} Hz by the times of arrival, packets of {length:g} ms"
    return best, (note,)


def _measured_clock(stream: Stream) -> float:
    """Return units of timestamps a second: their slope over times of arrival, in its middle."""
    stamps = np.concatenate(([0], np.cumsum(wrapped(np.diff(stream.timestamps), 32)))).astype(np.float64)
    times = (stream.arrivals - stream.arrivals[0]) / 1e9
    third = max(stream.packets // 3, 1)
    rise = stamps[-third:].mean() - stamps[:third].mean() if stream.packets > 3 else stamps[-1]
    run = times[-third:].mean() - times[:third].mean() if stream.packets > 3 else times[-1]
    if run <= 0 or rise <= 0:
        raise NoPace("was captured within no time", "say the clock with --clock")
    return float(rise / run)
