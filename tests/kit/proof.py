"""What a capture proves: each sample is a lane's at the running position, or part of one known fade."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gaplisten.audio.signal import Signal
from gaplisten.playback.programme import FADE_MS, fade_frames, raised_cosine

Array = npt.NDArray[np.float32]


def unlike_lanes(count: int, seconds: float, rate: int, channels: int = 1) -> list[Signal]:
    """Return lanes in which no sample is like another's neighbour, so that any slip shows."""
    rng = np.random.default_rng(7)
    shape = (round(seconds * rate), channels)
    return [Signal(rng.uniform(-0.4, 0.4, shape).astype(np.float32), rate) for _ in range(count)]


@dataclass(frozen=True)
class Proof:
    """What became of the samples of a capture.

    Parameters
    ----------
    started
        Captured frame at which position 0 of the lanes lies.
    frames
        How many captured frames were explained, from there on.
    exact
        How many of them equal a lane's sample at the running position.
    switches
        Fades of two halves that are exactly those of a standard switch, at the running position.
    odd
        Stretches that are neither: ``(frame, length)``.
    """

    started: int
    frames: int
    exact: int
    switches: int
    odd: tuple[tuple[int, int], ...]


def _runs(mask: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]


def _is_switch(out: Array, lanes: list[Array], at: int, up: Array) -> bool:
    fade = len(up)
    halves = out[at : at + fade], out[at + fade : at + 2 * fade]
    before = any(np.array_equal(halves[0], lane[at : at + fade] * up[::-1, 0]) for lane in lanes)
    after = any(np.array_equal(halves[1], lane[at + fade : at + 2 * fade] * up[:, 0]) for lane in lanes)
    return before and after


def prove(captured: Array, signals: list[Signal], *, gain: float = 1.0, frames: int | None = None) -> Proof:
    """Explain a capture of playing from position 0, first lane first, without a stop (first channel only)."""
    rate = signals[0].rate
    fade = fade_frames(rate, FADE_MS)
    lanes = [signal.samples[:, 0] * np.float32(gain) for signal in signals]
    out = captured[:, 0]
    mark = lanes[0][fade]  # the first sample that is not faded
    found = [int(i) - fade for i in np.flatnonzero(out == mark) if i >= fade]
    beginnings = [i for i in found if out[i + fade + 1] == lanes[0][fade + 1]]
    assert beginnings, "the first lane was not heard from its beginning"
    started = beginnings[0]
    out = out[started : started + (frames or len(lanes[0]))]
    same = np.zeros(len(out), bool)
    owner = np.full(len(out), -1)
    for index, lane in enumerate(lanes):
        equal = out == lane[: len(out)]
        same |= equal
        owner[equal] = index
    up = raised_cosine(fade)
    switches, odd = 0, []
    for first, last in _runs(~same):
        if first == 0 and np.array_equal(out[:fade], lanes[0][:fade] * up[:, 0]):
            continue
        if last == len(out) and last - first < 2 * fade:
            continue  # a switch that the end of the stretch looked at cuts off
        # Weights are within a rounding of 1 at a fade's ends, so its first and last samples may be exact.
        starts = [at for at in range(last - 2 * fade, first + 1) if at >= 0]
        if any(_is_switch(out, lanes, at, up) for at in starts):
            switches += 1
        else:
            odd.append((first, last - first))
    return Proof(started, len(out), int(same.sum()), switches, tuple(odd))


def largest_excess(out: Array, signals: list[Signal]) -> float:
    """Return by how much the largest step of a capture exceeds the lanes' own and the steepest ramp's."""
    rate = signals[0].rate
    steepest = np.pi / 2 / (fade_frames(rate, FADE_MS) + 1)
    top = max(float(np.abs(signal.samples).max()) for signal in signals)
    own = max(float(np.abs(np.diff(signal.samples[:, 0])).max()) for signal in signals)
    return float(np.abs(np.diff(out)).max()) - own - 2 * top * steepest


def slips(captured: Array, lanes: list[Signal]) -> int:
    """Count the places where a capture of a loop over whole lanes leaves the running position."""
    length = lanes[0].frames
    values = np.concatenate([lane.samples[:, 0] for lane in lanes])
    order = np.argsort(values, kind="stable")
    ordered, places = values[order], order % length
    phases = []
    for start in range(0, len(captured), 1 << 20):
        part = captured[start : start + (1 << 20)]
        found = np.minimum(np.searchsorted(ordered, part), len(ordered) - 1)
        hit = np.flatnonzero(ordered[found] == part)
        phase = (start + hit - places[found[hit]]) % length
        # Two neighbours that agree: a sample within a fade may equal some lane's by chance.
        sure = (np.diff(hit) == 1) & (np.diff(phase) == 0)
        phases.append(phase[1:][sure])
    return int(np.count_nonzero(np.diff(np.concatenate(phases))))
