"""Lays streams out on the clock of their sound: numbers tell what is missing, timestamps where it belongs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from gaplisten.captures import redundancy
from gaplisten.captures.pace import NoPace, Pace, pace_of
from gaplisten.captures.streams import NO_TIME, CaptureError, Delays, Stream, stream_name, wrapped
from gaplisten.captures.timeline import MAX_SLOTS, Counts, Slot, Slots, Timeline, joined

_MOST_MISSING = 3000  # RFC 3550, A.1: beyond, the sender began anew
_MOST_BACK = 100
_STRAY_SECONDS = 5.0  # by which timestamps and arrivals may part before that
_PAUSE_MS = 100.0
_CAUGHT_UP = 50  # packets in which a delayed sender would have caught up
_NANO = 1e9
_SET_BACK, _COARSE = 500_000_000, 100_000_000  # nanoseconds


def timeline_of(stream: Stream, *, packet_ms: float | None = None, clock: int | None = None) -> Timeline:
    """Lay out a stream's packets.

    Parameters
    ----------
    packet_ms, clock
        Packet length, and units of its timestamps a second, where the stream does not tell.

    Raises
    ------
    CaptureError
        If it cannot be known how long a packet is, or the stream is no sound.
    """
    stream, told = _on_one_clock(stream)
    if stream.has_times:
        stream = stream.chosen(np.argsort(stream.arrivals, kind="stable"))
    parts = _between_restarts(stream)
    try:
        pace = pace_of(stream, packet_ms=packet_ms, clock=clock)
        laid = [_laid_out(part, pace) for part in parts]
    except NoPace as bad:
        raise CaptureError(stream_name(stream), bad.fact, bad.way_out) from bad
    found = joined(laid)
    notes = (*told, *pace.notes)
    if len(parts) > 1:
        notes = (*notes, f"its numbers or timestamps begin anew {_times(len(parts) - 1)}: joined by arrival")
    return replace(found, notes=(*notes, *found.notes), stream=stream)


def timeline_of_delays(delays: Delays, packet_ms: float, *, skip: int = 0, frames: int = 1) -> Timeline:
    """Lay out a delay profile.

    Parameters
    ----------
    skip
        Packets that are left out at its beginning.
    frames
        Slots of `packet_ms` in each of its packets.
    """
    values = np.repeat(delays.delays_ms[skip:], frames)
    never = np.isnan(values)
    slots = np.where(never, Slot.LOST, Slot.RECEIVED).astype(np.uint8)
    counts = Counts(received=int((~never).sum()), lost=int(never.sum()))
    nothing = np.full(values.size, -1, np.int64)
    none = np.zeros(values.size, np.bool_)
    return Timeline(slots, values, nothing, packet_ms, counts=counts, planned=True, again=none, behind=none)


# --- when packets came --------------------------------------------------------------------------------------


def _on_one_clock(stream: Stream) -> tuple[Stream, tuple[str, ...]]:
    """Leave out times that tell nothing of delays: a clock was set back, or they stand in large steps."""
    if not stream.has_times:
        return stream, ()
    steps, numbers = np.diff(stream.arrivals), wrapped(np.diff(stream.numbers), 16)
    back = np.flatnonzero((steps < -_SET_BACK) & (numbers > 0) & (numbers <= _MOST_BACK))
    if back.size:
        by = -steps[back[0]] / _NANO
        why = f"the clock of the capture was set back by {by:.3g} s behind packet {back[0] + 1} of the stream"
    else:
        step = int(np.gcd.reduce(steps)) if steps.any() else 0
        if step < _COARSE or np.count_nonzero(steps) * 2 > steps.size:
            return stream, ()
        why = f"times stand in steps of {step / _NANO:.3g} s"
    unknown = np.full(stream.packets, NO_TIME, np.int64)
    return replace(stream, arrivals=unknown), (f"{why}: which packets came late cannot be told",)


# --- one run of numbers -------------------------------------------------------------------------------------


def _between_restarts(stream: Stream) -> list[Stream]:
    """Return the runs of packets in which numbers and timestamps go on from one to the next."""
    steps = wrapped(np.diff(stream.numbers), 16)
    breaks = (steps > _MOST_MISSING) | (steps < -_MOST_BACK)
    # One stray packet is no new beginning: the next but one has to go on from it.
    for at in np.flatnonzero(breaks).tolist():
        on = wrapped(stream.numbers[at + 2 : at + 3] - stream.numbers[at + 1 : at + 2], 16)
        if not (on.size and 0 < int(on[0]) <= _MOST_BACK):
            breaks[at] = False
    if stream.has_times and stream.has_timestamps:
        breaks |= _jumps(stream, steps)
    edges = [0, *(np.flatnonzero(breaks) + 1).tolist(), stream.packets]
    runs = pairwise(edges)
    return [stream.chosen(np.arange(start, stop)) for start, stop in runs]


def _jumps(stream: Stream, steps: Slots) -> npt.NDArray[np.bool_]:
    """Return where timestamps jump though numbers go on and hardly any time passes."""
    units = wrapped(np.diff(stream.timestamps), 32)
    usual = np.abs(units[(steps == 1) & (units != 0)])
    if not usual.size:
        return np.zeros(steps.size, np.bool_)
    clock = _slowest_clock(stream, float(np.median(usual)))
    passed = np.diff(stream.arrivals) / _NANO
    return (np.abs(units / clock - passed) > _STRAY_SECONDS) & (np.abs(steps) <= _MOST_BACK)


def _slowest_clock(stream: Stream, units: float) -> float:
    """Return about how many units are a second, from how often packets come."""
    every = float(np.median(np.diff(stream.arrivals))) / _NANO
    return max(units / every if every > 0 else 8000.0, 4000.0)


def _laid_out(stream: Stream, pace: Pace) -> Timeline:
    numbers = stream.numbers[0] + np.concatenate(([0], np.cumsum(wrapped(np.diff(stream.numbers), 16))))
    behind = numbers < np.maximum.accumulate(numbers)
    # Of equal ones the first that came counts; in the order of their numbers.
    numbers, first, times = np.unique(numbers, return_index=True, return_counts=True)
    again, behind = times > 1, behind[first]
    kept = stream.chosen(first)
    quiet, events = pace.is_quiet(kept), pace.is_event(kept)
    if stream.has_timestamps:
        stamps = kept.timestamps[0] + np.concatenate(([0], np.cumsum(wrapped(np.diff(kept.timestamps), 32))))
        held = _by_timestamps(numbers, stamps, quiet, events, pace)
    else:
        held = _by_numbers(numbers, kept, pace)
    slots, owner = _filled(numbers, held, quiet, events)
    delays = np.full(slots.size, np.nan)
    begun = -1
    if stream.has_times:
        late = kept.arrivals - kept.arrivals.min()
        each = late / 1e6 - (held.begins - held.begins[0]) * pace.packet_ms
        known = owner >= 0
        delays[known] = each[owner[known]]
        begun = int(kept.arrivals.min() + np.nanmin(delays) * 1e6) if known.any() else -1
    recovered = redundancy.recovered(kept, numbers) if pace.redundant else 0
    counts = Counts(
        received=int(numbers.size),
        lost=int(np.count_nonzero(slots == Slot.LOST)),
        duplicates=int((times - 1).sum()),
        reordered=int(behind.sum()),
        silent=int(np.count_nonzero(slots == Slot.SILENCE)),
        comfort=int(quiet.sum()),
        events=int(events.sum()),
        recovered=recovered,
    )
    owned = np.maximum(owner, 0)
    return Timeline(
        slots,
        delays,
        np.where(owner >= 0, first[owned], -1),
        pace.packet_ms,
        pace.units,
        pace.clock,
        counts,
        held.notes,
        begun,
        stream=stream,
        again=again[owned] & (owner >= 0),
        behind=behind[owned] & (owner >= 0),
    )


@dataclass(frozen=True, eq=False)
class _Held:
    """Where each packet begins, in slots, and how many it holds."""

    begins: Slots
    lengths: Slots
    notes: tuple[str, ...] = ()


def _by_timestamps(
    numbers: Slots, stamps: Slots, quiet: npt.NDArray[np.bool_], events: npt.NDArray[np.bool_], pace: Pace
) -> _Held:
    units = max(pace.units, 1)
    sound = np.flatnonzero(~events)
    origin = stamps[sound[0]] if sound.size else stamps[0]
    begins = np.rint((stamps - origin) / units).astype(np.int64)
    off = int(np.count_nonzero(((stamps - origin) % units != 0) & ~events))
    lengths = np.full(numbers.size, pace.slots_a_packet, np.int64)
    consecutive = np.flatnonzero(np.diff(numbers) == 1)
    steps = begins[consecutive + 1] - begins[consecutive]
    fitting = (steps > 0) & (steps <= pace.longest) & ~quiet[consecutive]
    lengths[consecutive[fitting]] = steps[fitting]
    # Where the next one is missing, a packet is as long as the one before it whose length is known.
    known = np.zeros(numbers.size, np.int64)
    known[consecutive[fitting]] = consecutive[fitting]
    last = np.maximum.accumulate(known)
    lengths = np.where(quiet, lengths, lengths[last])
    lengths[events] = 0
    notes = (f"{off} packets lie between two slots: taken for the nearest",) if off else ()
    return _Held(begins, lengths, notes)


def _by_numbers(numbers: Slots, stream: Stream, pace: Pace) -> _Held:
    """Count packets: without timestamps, silence can only be guessed from when packets come."""
    begins = numbers - numbers[0]
    lengths = np.ones(numbers.size, np.int64)
    if not stream.has_times:
        return _Held(begins, lengths)
    packet = pace.packet_ms
    late = stream.arrivals / 1e6 - begins * packet
    # From each packet on, the smallest delay of those that follow shortly: nobody catches up on silence.
    ahead = np.array([late[at : at + _CAUGHT_UP].min() for at in range(late.size)])
    so_far = np.minimum.accumulate(late)
    shift, pauses = 0, 0
    added = np.zeros(late.size, np.int64)
    for at in range(1, late.size):
        step = ahead[at] - so_far[at - 1] - shift * packet
        if step >= _PAUSE_MS and late[at] - late[at - 1] >= _PAUSE_MS / 2:
            shift += round(step / packet)
            pauses += 1
        added[at] = shift
    if not pauses:
        return _Held(begins, lengths)
    note = f"no packets came {_times(pauses)}, and none caught up afterwards: taken for silence (a guess)"
    return _Held(begins + added, lengths, (note,))


def _filled(
    numbers: Slots, held: _Held, quiet: npt.NDArray[np.bool_], events: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.uint8], Slots]:
    """Return what became of each slot, and which packet holds it."""
    sound = np.flatnonzero(~events)
    if not sound.size:
        raise NoPace("holds nothing but telephone events", "choose another stream")
    begins, lengths = held.begins[sound], held.lengths[sound]
    low = int(begins.min())
    size = int((begins + lengths).max()) - low
    if size > MAX_SLOTS:
        raise NoPace(f"tells of {size:,} packets' length of sound", "its timestamps are damaged")
    begins = begins - low
    slots = np.full(size, Slot.SILENCE, np.uint8)
    owner = np.full(size, -1, np.int64)
    for place in range(int(lengths.max(initial=1))):
        at = begins + place
        fits = (place < lengths) & (at < size)
        owner[at[fits]] = sound[fits]
    owner[begins] = sound  # a packet's own beginning goes before another's end
    covered = owner >= 0
    slots[covered] = np.where(quiet[owner[covered]], Slot.SILENCE, Slot.RECEIVED)
    # Telephone events have numbers of their own, and no place in the sound.
    missing = np.diff(numbers[sound]) - np.diff(sound)
    for gap in np.flatnonzero(missing > 0).tolist():
        length = max(int(lengths[gap]), 1)
        start = int(begins[gap]) + length
        stop = min(int(begins[gap + 1]), start + int(missing[gap]) * length)
        free = slots[start : max(stop, start)]
        free[owner[start : max(stop, start)] < 0] = Slot.LOST
    return slots, owner


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
