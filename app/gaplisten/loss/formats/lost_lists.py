"""Lists of what was lost, counted from 0: packets or samples, as text or NumPy arrays."""

from __future__ import annotations

import math

import numpy as np

from gaplisten.loss.formats.arrays import saved, whole_numbers_of
from gaplisten.loss.formats.contract import BadTrace, Content, Decoded, End, Kind, TraceFormat, Whole, limited
from gaplisten.loss.formats.text import holds_only_numbers, numbers_of
from gaplisten.loss.trace import LossTrace

_SAMPLES_FROM = 40  # consecutive numbers; no burst is that many packets every time
_DOUBT = "lists rising numbers, which may count packets or samples"


def _numbers(content: Content) -> Whole:
    return content.once(whole_numbers_of if content.kind is Kind.ARRAY else numbers_of)


def _listed(content: Content) -> Whole | None:
    """Return the numbers where they can be a list of losses: rising, and not all of them 0 and 1."""
    if content.kind is Kind.BYTES or (content.kind is Kind.TEXT and not content.once(holds_only_numbers)):
        return None
    numbers = _numbers(content)
    flags = bool(((numbers == 0) | (numbers == 1)).all())
    rising = numbers.size > 0 and bool((np.diff(numbers) > 0).all()) and int(numbers[0]) >= 0
    return numbers if rising and not flags else None


def _recognises_packets(content: Content) -> str | None:
    numbers = _listed(content)
    return None if numbers is None or _shortest_run(numbers) >= _SAMPLES_FROM else _DOUBT


def _recognises_samples(content: Content) -> str | None:
    numbers = _listed(content)
    if numbers is None:
        return None
    return "" if _shortest_run(numbers) >= _SAMPLES_FROM else _DOUBT


def _shortest_run(numbers: Whole) -> int:
    edges = np.flatnonzero(np.diff(numbers) > 1) + 1
    return int(np.diff(np.concatenate(([0], edges, [numbers.size]))).min())


def _decode_packets(content: Content) -> Decoded:
    """Take the packets after the last one listed for received: nothing is known of them."""
    numbers = _counted_from_0(_numbers(content))
    lost = np.zeros(limited(int(numbers.max(initial=-1)) + 1), np.bool_)
    lost[numbers] = True
    return Decoded(lost)


def _decode_samples(content: Content) -> Decoded:
    """Return flags for the longest packet that explains all runs of lost samples."""
    numbers = _counted_from_0(_numbers(content))
    if not numbers.size:
        return Decoded(np.zeros(0, np.bool_))
    kept = np.unique(numbers)
    breaks = np.flatnonzero(np.diff(kept) > 1)
    starts = kept[np.concatenate(([0], breaks + 1))]
    stops = kept[np.concatenate((breaks, [kept.size - 1]))] + 1
    size = math.gcd(*starts.tolist(), *stops.tolist())
    lost = np.zeros(limited(int(stops[-1]) // size), np.bool_)
    for start, stop in zip((starts // size).tolist(), (stops // size).tolist(), strict=True):
        lost[start:stop] = True
    return Decoded(lost, (f"lost samples come in packets of {size} samples (or a part of that)",), size)


def _counted_from_0(numbers: Whole) -> Whole:
    if numbers.size and numbers.min() < 0:
        raise BadTrace(f"holds the index {int(numbers.min())}", "indices count from 0")
    return numbers


def _packets(trace: LossTrace) -> Whole:
    return np.flatnonzero(trace.lost).astype(np.int64)


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
        recognises=_recognises_packets,
        decode=_decode_packets,
        encode=lambda trace: _lines(_packets(trace)),
        encode_npy=lambda trace: saved(_packets(trace)),
        lists=True,
        place=100,
    ),
    TraceFormat(
        name="lost_samples",
        help="list of lost samples, counted from 0, text or .npy; the packet length follows from their runs",
        suffixes=(".txt", ".npy"),
        polarity="listed = lost",
        end=End.RECEIVED,
        recognises=_recognises_samples,
        decode=_decode_samples,
        encode=lambda trace: _lines(_samples(trace)),
        encode_npy=lambda trace: saved(_samples(trace)),
        unit="sample",
        lists=True,
        place=110,
    ),
)
