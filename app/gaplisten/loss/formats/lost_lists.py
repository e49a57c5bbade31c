"""Lists of what was lost (packets or samples, from 0) or of what was received; text or NumPy arrays."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from gaplisten.loss.formats.arrays import saved, whole_numbers_of
from gaplisten.loss.formats.contract import (
    BadTrace,
    Content,
    Decoded,
    End,
    Kind,
    TraceFormat,
    Whole,
    limited,
    says_lost,
)
from gaplisten.loss.formats.text import has_one_number_a_line, holds_only_numbers, numbers_of
from gaplisten.loss.trace import LossTrace

SHORTEST_PACKET = 16  # samples; no packet is shorter
_SAMPLES_FROM = 40  # consecutive numbers; no burst is that many packets every time
_FEWEST_SAMPLES = 8  # of a gap; shorter ones are no losses of samples
_DENSE = 0.3  # share of numbers that are listed; beyond, they may be those that were received
_FROM_0 = (
    "its packets are counted from 0, so that the first is packet 0; if it counts from 1, name the format"
    " lost_packets_from_1"
)
_DOUBT = "lists rising numbers, which may count packets or samples"
_DENSE_DOUBT = "lists rising numbers that leave few out: what was lost, or what was received"


def _numbers(content: Content) -> Whole:
    return content.once(whole_numbers_of if content.kind is Kind.ARRAY else numbers_of)


def _listed(content: Content) -> Whole | None:
    """Return the numbers where they can be a list of losses: rising, and not all of them 0 and 1."""
    if content.kind is Kind.BYTES:
        return None
    # Pairs of numbers are no list.
    lists = content.kind is Kind.ARRAY or content.once(has_one_number_a_line)
    if not lists or (content.kind is Kind.TEXT and not content.once(holds_only_numbers)):
        return None
    numbers = _numbers(content)
    flags = bool(((numbers == 0) | (numbers == 1)).all())
    rising = numbers.size > 0 and bool((np.diff(numbers) > 0).all()) and int(numbers[0]) >= 0
    return numbers if rising and not flags else None


def _kind(content: Content) -> tuple[str, str] | None:
    """Return what rising numbers can be: ``samples``, ``packets`` or any of both, and the doubt about it."""
    numbers = _listed(content)
    if numbers is None:
        return None
    shortest = _shortest_run(numbers)
    common = max(_common(numbers), _common(numbers - 1) if numbers[0] else 1)
    dense = numbers.size / (int(numbers[-1]) - int(numbers[0]) + 1) > _DENSE
    if common >= SHORTEST_PACKET or (shortest >= _SAMPLES_FROM and not dense):
        return "samples", ""
    if dense and not says_lost(content.stem):
        return "samples packets received" if shortest >= _FEWEST_SAMPLES else "packets received", _DENSE_DOUBT
    return ("samples packets", _DOUBT) if shortest >= _FEWEST_SAMPLES else ("packets", "")


def _recognises(content: Content, what: str) -> str | None:
    found = content.once(_kind)
    return None if found is None or what not in found[0].split() else found[1]


def _common(numbers: Whole) -> int:
    """Return the common length of several runs; 1 for a single one, which tells nothing."""
    starts, stops = _runs(numbers)
    return math.gcd(*starts.tolist(), *stops.tolist()) if starts.size > 1 else 1


def _runs(numbers: Whole) -> tuple[Whole, Whole]:
    breaks = np.flatnonzero(np.diff(numbers) > 1)
    starts = numbers[np.concatenate(([0], breaks + 1))]
    return starts, numbers[np.concatenate((breaks, [numbers.size - 1]))] + 1


def _shortest_run(numbers: Whole) -> int:
    edges = np.flatnonzero(np.diff(numbers) > 1) + 1
    return int(np.diff(np.concatenate(([0], edges, [numbers.size]))).min())


def _decode_packets(content: Content) -> Decoded:
    """Take the packets after the last one listed for received: nothing is known of them."""
    numbers = _counted_from_0(_numbers(content))
    lost = np.zeros(limited(int(numbers.max(initial=-1)) + 1), np.bool_)
    lost[numbers] = True
    return Decoded(lost, (_FROM_0,) if numbers.size and numbers.min() > 0 else ())


def _decode_packets_from_1(content: Content) -> Decoded:
    numbers = _counted_from_0(_numbers(content))
    if numbers.size and numbers.min() == 0:
        raise BadTrace("lists packet 0", "it counts from 0: name the format lost_packets")
    lost = np.zeros(limited(int(numbers.max(initial=0))), np.bool_)
    lost[numbers - 1] = True
    return Decoded(lost)


def _decode_received(content: Content) -> Decoded:
    """Take the first number listed for the first packet: what came before it is not known."""
    numbers = np.unique(_counted_from_0(_numbers(content)))
    if not numbers.size:
        raise BadTrace("lists no packets", "name another format")
    first = int(numbers[0])
    lost = np.ones(limited(int(numbers[-1]) - first + 1), np.bool_)
    lost[numbers - first] = False
    notes = (f"the first number, {first}, is taken for the first packet",) if first else ()
    return Decoded(lost, notes)


def _decode_samples(content: Content) -> Decoded:
    """Return flags for the longest packet that explains all runs of lost samples; without one, the runs.

    Where only a count from 1 puts all runs on packets, the list counts so.
    """
    numbers = np.unique(_counted_from_0(_numbers(content)))
    if not numbers.size:
        return Decoded(np.zeros(0, np.bool_))
    from_1 = numbers[0] > 0 and _common(numbers - 1) >= SHORTEST_PACKET > _common(numbers)
    starts, stops = _runs(numbers - from_1)
    found = decoded_runs(starts, stops, limited(int(stops[-1])))
    note = "its samples are counted from 1: only so they lie on packets"
    return replace(found, notes=(*found.notes, note)) if from_1 else found


def decoded_runs(starts: Whole, stops: Whole, frames: int) -> Decoded:
    """Return runs of lost samples as packets of their common length, or as they are."""
    size = math.gcd(*starts.tolist(), *stops.tolist())
    if size < SHORTEST_PACKET:
        note = "lost samples lie on no packets: gaps of lengths of their own"
        rows = [(float(start), float(stop)) for start, stop in zip(starts, stops, strict=True)]
        return Decoded.of_intervals(rows, (note,), in_frames=True)
    lost = np.zeros(frames // size, np.bool_)
    for start, stop in zip((starts // size).tolist(), (stops // size).tolist(), strict=True):
        lost[start:stop] = True
    return Decoded(lost, (f"lost samples come in packets of {size} samples (or a part of that)",), size)


def _counted_from_0(numbers: Whole) -> Whole:
    if numbers.size and numbers.min() < 0:
        raise BadTrace(f"holds the index {int(numbers.min())}", "indices count from 0")
    return numbers


def _packets(trace: LossTrace) -> Whole:
    return np.flatnonzero(trace.lost).astype(np.int64)


def _received(trace: LossTrace) -> Whole:
    if trace.lost.size and trace.lost[0]:
        raise BadTrace("cannot be received_packets: the first packet is lost", "choose another format")
    return np.flatnonzero(~trace.lost).astype(np.int64)


def _samples(trace: LossTrace) -> Whole:
    return np.flatnonzero(trace.mask(trace.frames)).astype(np.int64)


def _lines(numbers: Whole) -> bytes:
    return "".join(f"{number}\n" for number in numbers.tolist()).encode()


FORMATS = (
    TraceFormat(
        name="lost_packets",
        help="list of lost packets, counted from 0, text or .npy",
        suffixes=(".txt", ".npy"),
        polarity="listed = lost",
        end=End.RECEIVED,
        recognises=lambda content: _recognises(content, "packets"),
        decode=_decode_packets,
        encode=lambda trace: _lines(_packets(trace)),
        encode_npy=lambda trace: saved(_packets(trace)),
        lists=True,
        place=100,
    ),
    TraceFormat(
        name="lost_packets_from_1",
        help="the same counted from 1, as Matlab does; must be named",
        suffixes=(".txt", ".npy"),
        polarity="listed = lost",
        end=End.RECEIVED,
        decode=_decode_packets_from_1,
        encode=lambda trace: _lines(_packets(trace) + 1),
        encode_npy=lambda trace: saved(_packets(trace) + 1),
        lists=True,
        place=102,
    ),
    TraceFormat(
        name="received_packets",
        help="list of received packets, counted from the first that is listed, text or .npy",
        suffixes=(".txt", ".npy"),
        polarity="listed = received",
        end=End.LOST,
        recognises=lambda content: _recognises(content, "received"),
        decode=_decode_received,
        encode=lambda trace: _lines(_received(trace)),
        encode_npy=lambda trace: saved(_received(trace)),
        place=105,
    ),
    TraceFormat(
        name="lost_samples",
        help="list of lost samples, counted from 0, text or .npy; the packet length follows from their runs",
        suffixes=(".txt", ".npy"),
        polarity="listed = lost",
        end=End.RECEIVED,
        recognises=lambda content: _recognises(content, "samples"),
        decode=_decode_samples,
        encode=lambda trace: _lines(_samples(trace)),
        encode_npy=lambda trace: saved(_samples(trace)),
        unit="sample",
        lists=True,
        place=110,
    ),
)
