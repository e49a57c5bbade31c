"""Masks with an entry for each sample: NumPy arrays and bytes, each flag repeated for a whole packet."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from gaplisten.loss.formats.arrays import flags_of, saved
from gaplisten.loss.formats.contract import BadTrace, Content, Decoded, End, Kind, TraceFormat, limited
from gaplisten.loss.formats.lost_lists import SHORTEST_PACKET, decoded_runs
from gaplisten.loss.trace import Flags, LossTrace, runs_of

_SURELY = 40  # entries: no burst is that many packets every time
_DOUBT = "holds runs of 0 and 1 of a common length, which may count packets or samples"


def _flags(content: Content) -> Flags:
    if content.kind is Kind.ARRAY:
        return content.once(flags_of).lost
    if content.data.strip(b"\x00\x01"):
        raise BadTrace("holds other bytes than 0 and 1", "name another format")
    return np.asarray(np.frombuffer(content.data, np.uint8) == 1, np.bool_)


def counts_samples(flags: Flags) -> bool | None:
    """Whether flags surely stand for samples; None where they may."""
    runs = runs_of(flags)
    if not len(runs):
        return False
    common = math.gcd(*runs.reshape(-1).tolist())
    shortest = int((runs[:, 1] - runs[:, 0]).min())
    if len(runs) > 1 and (common >= SHORTEST_PACKET or shortest >= _SURELY):
        return True
    return None if common >= SHORTEST_PACKET and flags.size > 10 * SHORTEST_PACKET else False


def _recognises(content: Content) -> str | None:
    if content.kind is Kind.TEXT:
        return None
    try:
        flags = _flags(content)
    except BadTrace:
        return None
    found = counts_samples(flags)
    return None if found is False else "" if found else _DOUBT


def _decode(content: Content) -> Decoded:
    flags = _flags(content)
    limited(flags.size)
    runs = runs_of(flags)
    if not len(runs):
        return Decoded(flags, packet_frames=1)
    found = decoded_runs(runs[:, 0], runs[:, 1], flags.size)
    size = found.packet_frames
    if size is None:
        return found
    lost = np.zeros(-(-flags.size // size), np.bool_)
    lost[: found.lost.size] = found.lost
    return Decoded(lost, (f"one entry per sample, in packets of {size} (or a part of that)",), size)


def _mask(trace: LossTrace) -> npt.NDArray[np.uint8]:
    return trace.mask(trace.frames).astype(np.uint8)


FORMATS = (
    TraceFormat(
        name="sample_mask",
        help="one 0 or 1 per sample, .npy or bytes; the packet length follows from their runs",
        suffixes=(".npy", ".bin"),
        polarity="1 = lost",
        end=End.RECEIVED,
        recognises=_recognises,
        decode=_decode,
        encode=lambda trace: saved(_mask(trace)),
        unit="sample",
        place=82,
    ),
)
