"""Finding what was lost where nobody wrote it down: exact zeros in sounding speech."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from gaplisten.audio.signal import Samples, Signal
from gaplisten.loss.trace import Flags, Grid, LossTrace, Origin, Spans

_BLOCK_PACKETS = 1024  # looked at together, so that an hour takes no more memory than a minute
_BLOCK_FRAMES = 1 << 20

SHORTEST_MS = 1.0  # speech crosses zero for a few samples, not for a millisecond
_NEAR_FRAMES = 8
_LOUD = 8 / 32768  # what fades into digital silence, or is dithered, ends with less
_SLACK_FRAMES = 3  # speech may happen to be zero beside a lost packet
_USUAL_MS = (20.0, 10.0, 5.0, 2.5, 30.0, 40.0, 60.0)
_SHORTEST_PACKET_MS = min(_USUAL_MS)
_USUAL_FRAMES = (512, 256, 1024, 128, 120, 160, 480, 960)
_MOST, _NEARLY_ALL = 0.5, 0.9
_CHANCE = 0.02


@dataclass(frozen=True, eq=False)
class Detection:
    """What was found, and what is to be said about it.

    Parameters
    ----------
    trace
        Origin ``DETECTED``. Without a grid where gaps have lengths of their own.
    notes
        Sentences about what is not as was expected.
    """

    trace: LossTrace
    notes: tuple[str, ...] = ()


def detect_losses(signal: Signal, packet_frames: int, reference: Signal | None = None) -> Detection:
    """Find lost stretches of a signal: runs of exact zeros first, then the packets on which they lie.

    Parameters
    ----------
    signal
        The lossy signal, exactly zero where it was lost.
    packet_frames
        The packet length that is expected, in frames at the signal's rate. Where runs do not lie on such
        packets, beginning with the signal, another beginning is tried, then the usual packet lengths. Where
        most lie on none, they are gaps of their own lengths.
    reference
        When given (same rate), what is digital silence in it too was received.
    """
    whole = detect_lost_packets(signal, packet_frames, reference)
    runs = _Runs.of(signal, reference)
    share = runs.on(Grid(packet_frames))
    if share >= _NEARLY_ALL or (not runs.edges and whole.has_loss):
        return Detection(whole)
    grid = next(runs.likely_grids(packet_frames, signal.rate), None) if runs.edges else None
    expected = f"{1000 * packet_frames / signal.rate:.4g} ms"
    if grid is not None:
        trace = _on_grid(signal, grid, reference)
        length = f"{1000 * grid.length / signal.rate:.4g} ms ({grid.length} frames)"
        said = f"exact zeros come in packets of {length}"
        said += f", not of {expected}" if grid.length != packet_frames else ""
        said += f", the first begins {-grid.offset} frames before the sound" if grid.offset else ""
        return Detection(trace, (said,))
    gaps = runs.inside
    if share > _MOST or not len(gaps):
        return Detection(whole)
    lengths = 1000.0 * (gaps[:, 1] - gaps[:, 0]) / signal.rate
    about = (
        f"{lengths.min():.4g}" if np.ptp(lengths) < 0.005 else f"{lengths.min():.4g} to {lengths.max():.4g}"
    )
    runs_are = "1 run of exact zeros lies" if len(gaps) == 1 else f"{len(gaps)} runs of exact zeros lie"
    note = f"{runs_are} on no packets of {expected} ({about} ms long): gaps of lengths of their own"
    trace = LossTrace.of_spans(gaps, signal.frames, signal.rate, Origin.DETECTED)
    return Detection(trace, (note,))


def detect_lost_packets(signal: Signal, packet_frames: int, reference: Signal | None = None) -> LossTrace:
    """Take packets whose samples are all exactly zero for lost.

    Parameters
    ----------
    signal
        The lossy signal, with lost packets zeroed on the packet grid.
    packet_frames
        Frames in one packet at the signal's rate.
    reference
        When given (same rate), packets that are digital silence in it too count as received.

    Returns
    -------
    trace
        Origin ``DETECTED``: digital silence in the speech itself looks the same as a loss.
    """
    return _on_grid(signal, Grid(packet_frames), reference)


def _on_grid(signal: Signal, grid: Grid, reference: Signal | None) -> LossTrace:
    lost = _silent_packets(signal.samples, grid)
    if reference is not None and reference.rate == signal.rate:
        silent = _silent_packets(reference.samples[: signal.frames], grid)
        lost[: silent.size] &= ~silent
    return LossTrace.of_packets(lost, grid.length, signal.rate, Origin.DETECTED, offset=grid.offset)


def _silent_packets(samples: Samples, grid: Grid) -> Flags:
    first = grid.start(1) if grid.offset else 0  # a partial packet comes before
    blocks = range(first, len(samples), _BLOCK_PACKETS * grid.length)
    rows = [_silent(samples[at : at + _BLOCK_PACKETS * grid.length], grid.length) for at in blocks]
    if first:
        rows.insert(0, np.array([not samples[:first].any()]))
    return np.concatenate(rows) if rows else np.zeros(0, np.bool_)


def _silent(samples: Samples, packet_frames: int) -> Flags:
    sounding = np.asarray(samples.any(axis=1))
    padded = np.zeros(-(-len(sounding) // packet_frames) * packet_frames, np.bool_)
    padded[: len(sounding)] = sounding
    return np.asarray(~padded.reshape(-1, packet_frames).any(axis=1), np.bool_)


# --- runs of zeros, and the grid on which they lie ----------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Runs:
    """Runs of exact zeros of a millisecond and more.

    Parameters
    ----------
    starts, stops
        The edges at which the sound breaks off or comes back abruptly: those of natural pauses do not.
    inside
        The runs between sounding speech (by the reference, where there is one: in place of speech; without an
        abrupt edge, only those of a packet's length and more: quiet sound rounds to zero for a little longer
        than a millisecond).
    """

    starts: list[int]
    stops: list[int]
    inside: Spans

    @classmethod
    def of(cls, signal: Signal, reference: Signal | None) -> _Runs:
        samples, frames = signal.samples, signal.frames
        least = max(round(SHORTEST_MS * signal.rate / 1000), _NEAR_FRAMES)
        packet = round(_SHORTEST_PACKET_MS * signal.rate / 1000)
        known = reference.samples if reference is not None and reference.rate == signal.rate else None
        starts, stops, inside = [], [], []
        for start, stop in _zeros(samples):
            if stop - start < least:
                continue
            spoken = None if known is None else float(np.abs(known[start:stop]).max(initial=0.0)) > _LOUD
            if spoken is False:
                continue
            before = start > 0 and _loud(samples[max(start - _NEAR_FRAMES, 0) : start])
            after = stop < frames and _loud(samples[stop : stop + _NEAR_FRAMES])
            starts += [start] * before
            stops += [stop] * after
            if (before and after) or (spoken and (before or after or stop - start >= packet)):
                inside.append((start, stop))
        return cls(starts, stops, np.array(inside, np.int64).reshape(-1, 2))

    @property
    def edges(self) -> int:
        """How many edges tell where packets begin and end."""
        return len(self.starts) + len(self.stops)

    def on(self, grid: Grid) -> float:
        """Return the share of edges that lie on a grid (0 with no edges)."""
        starts, stops = np.array(self.starts, np.int64), np.array(self.stops, np.int64)
        fitting = np.count_nonzero((grid.offset - starts) % grid.length <= _SLACK_FRAMES)
        fitting += np.count_nonzero((stops - grid.offset) % grid.length <= _SLACK_FRAMES)
        return fitting / self.edges if self.edges else 0.0

    def likely_grids(self, expected: int, rate: int) -> Iterator[Grid]:
        """Give the grids on which nearly all edges lie, not by chance; the expected length comes first."""
        usual = [*(round(ms * rate / 1000) for ms in _USUAL_MS), *_USUAL_FRAMES]
        long_enough = {size for size in usual if size >= rate * SHORTEST_MS / 1000}
        others = sorted(long_enough - {expected}, reverse=True)
        for size, tried in ((expected, 1), *((size, len(others)) for size in others)):
            grid = Grid(size, self._offset(size))
            chance = tried * ((_SLACK_FRAMES + 1) / size) ** (self.edges - 1)
            if chance < _CHANCE and self.on(grid) >= _NEARLY_ALL:
                yield grid

    def _offset(self, size: int) -> int:
        """Return where packets of a length begin, if most edges do."""
        edges = np.array([*self.starts, *self.stops], np.int64) % size
        found, counts = np.unique(edges, return_counts=True)
        return -int((size - found[counts.argmax()]) % size)


def _loud(samples: Samples) -> bool:
    return float(np.abs(samples).max(initial=0.0)) > _LOUD


def _zeros(samples: Samples) -> Iterator[tuple[int, int]]:
    """Give the maximal runs in which all channels are exactly zero."""
    begun: int | None = None
    for at in range(0, len(samples), _BLOCK_FRAMES):
        zero = ~samples[at : at + _BLOCK_FRAMES].any(axis=1)
        edges = np.flatnonzero(np.diff(zero, prepend=begun is not None)) + at
        for edge in edges.tolist():
            if begun is None:
                begun = edge
            else:
                yield begun, edge
                begun = None
    if begun is not None:
        yield begun, len(samples)
