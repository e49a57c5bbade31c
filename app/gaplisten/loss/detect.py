"""Finding what was lost where nobody wrote it down: exact zeros in sounding speech."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gaplisten.audio.longfile import stretch
from gaplisten.audio.signal import Samples, Signal, in_pieces
from gaplisten.languages import counted
from gaplisten.loss.trace import Flags, Grid, LossTrace, Origin, Spans
from gaplisten.statistics import binomial_tail

_BLOCK_PACKETS = 1024  # looked at together, so that an hour takes no more memory than a minute
_PIECE_FRAMES = 1 << 18  # the same, where packets do not matter
_MANY_FRAMES = 1 << 20

SHORTEST_MS = 1.0  # speech crosses zero for a few samples, not for a millisecond
_NEAR_FRAMES = 8
_LOUD = 8 / 32768  # what fades into digital silence, or is dithered, ends with less
_SLACK_FRAMES = 3  # speech may happen to be zero beside a lost packet
_USUAL_MS = (20.0, 10.0, 5.0, 2.5, 30.0, 40.0, 60.0)
_SHORTEST_PACKET_MS = min(_USUAL_MS)
_USUAL_FRAMES = (512, 256, 1024, 128, 120, 160, 480, 960)
_MOST, _NEARLY_ALL = 0.5, 0.9
_CHANCE = 0.02
_QUIET = (0.02, 0.05, 0.1)  # of the loudest sound: what lies below may be a pause, with the noise in it
_PAUSE = 0.8  # share of a stretch of zeros in which the reference is quiet
_GATED = 0.7  # share of all that is quiet that is zero: losses do not choose pauses
_BLOCK_MS = 5.0
_LOUDEST = 99.0  # percentile
_FEW_PAUSES = 3
_SOME = 0.1
_SURE, _ODD = 1e-3, 0.02


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
        When given (same rate), what is digital silence in it too was received; and where a noise gate or
        silence suppression made zeros of its pauses, these were, too.
    """
    spoken, pauses = _without_pauses(signal, packet_frames, reference)
    notes = tuple(_about_pauses(pauses, known=reference is not None))
    found = _detected(signal, packet_frames, spoken)
    return Detection(found.trace, (*found.notes, *notes))


def _about_pauses(pauses: int, *, known: bool) -> Iterator[str]:
    if not pauses:
        return
    count = "1 stretch of exact zeros" if pauses == 1 else f"{pauses} stretches of exact zeros"
    if known:
        lie = "is a pause" if pauses == 1 else "are pauses"
        yield f"{count} {lie} of the reference (noise gate, silence suppression): not counted as lost"
    else:
        begin = "begins" if pauses == 1 else "begin"
        yield f"{count} {begin} in quiet sound: pauses, or lost? Only a reference or a trace can tell"


def _detected(signal: Signal, packet_frames: int, reference: Signal | None) -> Detection:
    whole = _on_grid(signal, Grid(packet_frames), reference)
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
        said += f", the first begins {counted(-grid.offset, 'frame')} before the sound" if grid.offset else ""
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


def _on_grid(signal: Signal, grid: Grid, reference: Signal | None) -> LossTrace:
    """Take packets whose samples are all exactly zero for lost, unless they are so in the reference."""
    lost = _silent_packets(signal.samples, grid)
    if reference is not None and reference.rate == signal.rate:
        silent = _silent_packets(stretch(reference.samples, 0, signal.frames), grid)
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


# --- pauses of which something made zeros ------------------------------------------------------------------


def _without_pauses(
    signal: Signal, packet_frames: int, reference: Signal | None
) -> tuple[Signal | None, int]:
    """Take pauses out of a reference of which a noise gate, silence suppression or coarse steps made zeros.

    Returns
    -------
    reference
        Exactly zero where it is quiet and something other than losses made zeros of it.
    pauses
        How many stretches of zeros are such; with no reference, how many may be.
    """
    runs = [run for run in _zeros(signal.samples) if run[1] - run[0] >= SHORTEST_MS * signal.rate / 1000]
    if not runs:
        return reference, 0
    if reference is None or reference.rate != signal.rate:
        return reference, _between_quiet(signal, runs, packet_frames)
    loudest = _loudest(reference.samples)
    compared = _Compared.of(signal, reference)
    found = (_Pauses.of(compared, runs, share * loudest) for share in _QUIET)
    told = [pauses for pauses in found if pauses.gated(packet_frames, signal.rate)]
    best = max(told, key=lambda pauses: len(pauses.pauses), default=None)
    if best is None:
        return reference, 0
    spoken = reference.samples.copy()
    for start, stop in best.pauses:
        spoken[start:stop] = 0.0
    return Signal(spoken, reference.rate), len(best.pauses)


@dataclass(frozen=True, eq=False)
class _Compared:
    """A signal beside its reference, as long as both are.

    Parameters
    ----------
    size
        Frames of a block.
    known, silent
        By frame, where the reference is not exactly zero; and where the signal is.
    peaks, zero
        By block, how loud the reference is; and whether the signal is exactly zero all through.
    """

    size: int
    known: Flags
    silent: Flags
    peaks: npt.NDArray[np.float32]
    zero: Flags

    @classmethod
    def of(cls, signal: Signal, reference: Signal) -> _Compared:
        size = max(1, round(_BLOCK_MS * signal.rate / 1000))
        count = min(signal.frames, reference.frames) // size * size
        clean = stretch(reference.samples, 0, count)
        silent = ~in_pieces(_sounding, stretch(signal.samples, 0, count))
        peaks = in_pieces(lambda piece: _block_peaks(piece, size), clean, step=size)
        zero = np.asarray(silent.reshape(-1, size).all(axis=1))
        return cls(size, in_pieces(_sounding, clean), silent, peaks, zero)


def _sounding(samples: Samples) -> Flags:
    return np.asarray(samples.any(axis=1))


def _block_peaks(samples: Samples, size: int) -> npt.NDArray[np.float32]:
    peaks = np.abs(samples).max(axis=1, initial=0.0)
    return np.asarray(peaks.reshape(-1, size).max(axis=1, initial=0.0), np.float32)


@dataclass(frozen=True, eq=False)
class _Pauses:
    """Stretches of zeros, parted by whether the reference is quiet in them.

    Parameters
    ----------
    shares
        Of quiet and of louder sound, how much is zero.
    chance
        How likely it is that losses, which choose nothing, lie in so many pauses.
    """

    compared: _Compared
    pauses: list[tuple[int, int]]
    others: list[tuple[int, int]]
    shares: tuple[float, float]
    chance: float

    @classmethod
    def of(cls, compared: _Compared, runs: list[tuple[int, int]], floor: float) -> _Pauses:
        size, peaks, zero = compared.size, compared.peaks, compared.zero
        heard, quiet = peaks > 0, (peaks > 0) & (peaks <= floor)
        pauses: list[tuple[int, int]] = []
        others: list[tuple[int, int]] = []
        for start, stop in runs:
            blocks = slice(start // size, -(-stop // size))
            if not compared.known[start:stop].any() or not heard[blocks].any():
                continue  # zeros of the reference's own
            paused = np.count_nonzero(quiet[blocks]) >= _PAUSE * np.count_nonzero(heard[blocks])
            (pauses if paused else others).append((start, stop))
        loud = heard & ~quiet
        shares = [np.count_nonzero(kind & zero) / (np.count_nonzero(kind) or 1) for kind in (quiet, loud)]
        likely = np.count_nonzero(quiet) / (np.count_nonzero(heard) or 1)
        chance = binomial_tail(len(pauses), len(pauses) + len(others), likely)
        return cls(compared, pauses, others, (shares[0], shares[1]), chance)

    def gated(self, packet_frames: int, rate: int) -> bool:
        """Whether something made zeros of them: of nearly all, of too many for chance, or off the packets."""
        if not self.pauses:
            return False
        quiet, loud = self.shares
        if (quiet >= _GATED and loud <= quiet / 2) or self.chance < _SURE:
            return True
        others = _Runs.of_edges(self.others)
        grids = [Grid(packet_frames), *(others.likely_grids(packet_frames, rate) if self.others else ())]
        few = self.others and len(self.pauses) < _FEW_PAUSES
        return not few and max(map(self._on, grids)) < _MOST

    def _on(self, grid: Grid) -> float:
        """Return the share of pauses that make zeros of whole packets only."""
        heard, silent = self.compared.known, self.compared.silent
        fitting = 0
        for start, stop in self.pauses:
            first = start - (start - grid.offset) % grid.length
            last = stop + (grid.offset - stop) % grid.length
            edges = ((first, first + grid.length), (last - grid.length, last))
            fitting += all(self._whole(heard[max(a, 0) : b], silent[max(a, 0) : b]) for a, b in edges)
        return fitting / len(self.pauses)

    @staticmethod
    def _whole(heard: Flags, silent: Flags) -> bool:
        """Whether what sounds in a packet is zero altogether or not at all, but for what rounds to zero."""
        count = np.count_nonzero(heard)
        made = np.count_nonzero(heard & silent)
        return not _SOME * count < made < (1 - _SOME) * count


def _between_quiet(signal: Signal, runs: list[tuple[int, int]], packet_frames: int) -> int:
    """Count stretches of a packet and more that quiet sound leads to, where losses do not explain so many."""
    size = max(1, round(_BLOCK_MS * signal.rate / 1000))
    floor = _QUIET[-1] * _loudest(signal.samples)
    whole = stretch(signal.samples, 0, signal.frames // size * size)
    peaks = in_pieces(lambda piece: _block_peaks(piece, size), whole, step=size)
    likely = np.count_nonzero((peaks > 0) & (peaks <= floor)) / (np.count_nonzero(peaks) or 1)
    inner = [(a, b) for a, b in runs if a > 0 and b < signal.frames and b - a >= packet_frames]
    quiet = sum(not _louder(signal.samples[max(start - size, 0) : start], floor) for start, _ in inner)
    return quiet if binomial_tail(quiet, len(inner), likely) < _ODD else 0


def _loudest(samples: Samples) -> float:
    """Return how loud the loudest sound is: the 99th percentile of what is not silent, from some of it."""
    step = max(1, len(samples) // _MANY_FRAMES)
    some = in_pieces(lambda piece: np.abs(piece[::step]), samples, step=step)
    some = some[some > 0]
    return float(np.percentile(some, _LOUDEST)) if some.size else 0.0


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
    def of_edges(cls, runs: list[tuple[int, int]]) -> _Runs:
        """Return runs of which every edge counts."""
        starts, stops = [start for start, _ in runs], [stop for _, stop in runs]
        return cls(starts, stops, np.array(runs, np.int64).reshape(-1, 2))

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
            spoken = None if known is None else _louder(known[start:stop], _LOUD)
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
    return _louder(samples, _LOUD)


def _louder(samples: Samples, floor: float) -> bool:
    return float(np.abs(samples).max(initial=0.0)) > floor


def _zeros(samples: Samples) -> Iterator[tuple[int, int]]:
    """Give the maximal runs in which all channels are exactly zero."""
    begun: int | None = None
    for at in range(0, len(samples), _PIECE_FRAMES):
        zero = ~samples[at : at + _PIECE_FRAMES].any(axis=1)
        edges = np.flatnonzero(np.diff(zero, prepend=begun is not None)) + at
        for edge in edges.tolist():
            if begun is None:
                begun = edge
            else:
                yield begun, edge
                begun = None
    if begun is not None:
        yield begun, len(samples)
