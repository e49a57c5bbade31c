"""Where in a version each part of its reference is found: codec delay, and the drift of jitter buffers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gaplisten.audio.signal import Signal

MAX_SECONDS = 1.0
"""Longest delay looked for."""

_WINDOW, _HOP = 0.6, 0.2  # seconds: long enough for a few syllables, short enough for a jitter buffer's steps
_DRIFT_SECONDS = 0.5  # how far a part may lie from where the whole seems to lie
_LONGEST = 60.0  # seconds used to find the whole's delay
_MOST_WINDOWS = 400
_ALIKE = 0.5  # normalised correlation from which a window counts
_LEAST_TOLD = 0.001  # seconds from which a delay is told
_WELL = 0.5  # normalised correlation from which a version is the reference's own waveform, moved or turned
_PLAINLY = 0.8  # from here on nothing else is tried
_SAME = 0.001  # seconds by which windows may differ without it being a drift

Mono = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Delay:
    """How much later than its reference a version is.

    Parameters
    ----------
    frames
        Median delay; positive when the version is late.
    confidence
        Share of the speech that is found again at `frames`, give or take 1 ms; 0..1.
    track
        ``(second, frames)``: the delay as it changes over time, where it could be told.
    drifts
        Whether it changes by more than 1 ms within the clip; then no single shift aligns the two.
    alike
        Median normalised correlation of the windows at their delays, -1..1. Well below 1 after a codec, whose
        phase response moves low and high frequencies apart: such a version cannot be compared by the sample
        even once the delay is removed.
    """

    frames: int
    confidence: float
    track: tuple[tuple[float, int], ...]
    drifts: bool
    alike: float = 1.0

    @property
    def aligned(self) -> bool:
        """Whether samples of the two may be compared as they are."""
        return self.frames == 0 and not self.drifts and bool(self.track)


def _mono(signal: Signal) -> Mono:
    return signal.mono.astype(np.float64)


def _correlation(reference: Mono, version: Mono, *, whiten: float) -> Mono:
    """Return the cross-correlation for lags ``0 ... len(version) - len(reference)``, shape ``(lags,)``.

    `whiten` takes that share of the magnitude's exponent away (1 is PHAT): a sharp peak for broad spectra.
    """
    from scipy.fft import irfft, next_fast_len, rfft

    size = next_fast_len(len(reference) + len(version), real=True)
    cross = rfft(version, size) * np.conj(rfft(reference, size))
    magnitude = np.abs(cross)
    cross /= np.maximum(magnitude, magnitude.max() * 1e-6 + 1e-300) ** whiten
    return np.asarray(irfft(cross, size)[: max(len(version) - len(reference), 0) + 1], dtype=np.float64)


def _padded(version: Mono, start: int, stop: int) -> Mono:
    """Return ``version[start:stop]`` with silence where there is none."""
    inside = version[max(start, 0) : max(stop, 0)]
    before = min(max(-start, 0), stop - start)
    return np.pad(inside, (before, stop - start - before - len(inside)))


def _whole(reference: Mono, version: Mono, rate: int, furthest: int) -> int:
    """Return the delay that fits best overall."""
    part = reference[: round(_LONGEST * rate)]
    found = _correlation(part, _padded(version, -furthest, len(part) + furthest), whiten=0.6)
    return int(np.argmax(found)) - furthest


def _alike(reference: Mono, version: Mono) -> float:
    scale = float(np.sqrt(np.dot(reference, reference) * np.dot(version, version)))
    return float(np.dot(reference, version)) / scale if scale > 0 else 0.0


def _in_window(
    reference: Mono, version: Mono, start: int, size: int, near: int, reach: int
) -> tuple[int, float]:
    """Return the delay of one window and how alike the two are there.

    The delay of the whole clip is believed unless another fits clearly better: in a voiced window a shift by
    a pitch period fits almost as well as none.
    """
    part = reference[start : start + size]
    field = _padded(version, start + near - reach, start + near + size + reach)
    lag = int(np.argmax(_correlation(part, field, whiten=0.6)))
    here, there = _alike(part, field[reach : reach + size]), _alike(part, field[lag : lag + size])
    return (near, here) if here >= there - 0.02 else (near + lag - reach, there)


def _track(reference: Mono, version: Mono, rate: int, near: int) -> list[tuple[float, int, float]]:
    size, hop, reach = (round(seconds * rate) for seconds in (_WINDOW, _HOP, _DRIFT_SECONDS))
    size = min(size, len(reference))
    starts = np.arange(0, max(len(reference) - size, 0) + 1, hop)
    if len(starts) > _MOST_WINDOWS:
        starts = starts[np.linspace(0, len(starts) - 1, _MOST_WINDOWS).astype(int)]
    energy = np.array([float(np.dot(w, w)) for w in (reference[s : s + size] for s in starts)])
    found = []
    for start in starts[energy > energy.max() * 1e-3]:
        delay, alike = _in_window(reference, version, int(start), size, near, reach)
        if alike >= _ALIKE:
            found.append(((start + size / 2) / rate, delay, alike))
    return found


def estimate_delay(reference: Signal, version: Signal, max_seconds: float = MAX_SECONDS) -> Delay:
    """Estimate the delay of a version of the same speech, and whether it changes within the clip.

    Parameters
    ----------
    reference, version
        At the same rate; lengths may differ.
    max_seconds
        Longest delay looked for, either way.

    Notes
    -----
    Generalised cross-correlation (Knapp and Carter, 1976), partly whitened: once for the whole clip, then in
    windows of 0.6 s (of a shorter clip, in all of it). The delay is the windows' median.
    """
    if reference.rate != version.rate:
        raise ValueError(f"rates differ: {reference.rate} and {version.rate} Hz")
    x, y, rate = _mono(reference), _mono(version), reference.rate
    if not x.any() or not y.any():
        return Delay(0, 0.0, (), False, 0.0)
    near = _whole(x, y, rate, round(max_seconds * rate))
    track = _track(x, y, rate, near)
    if not track:
        return Delay(0, 0.0, (), False, 0.0)
    delays = np.array([delay for _, delay, _ in track])
    frames = int(np.sort(delays)[len(delays) // 2])
    same = np.abs(delays - frames) <= _SAME * rate
    drifts = bool((~same).sum() > max(1, 0.1 * len(delays)))
    second_delays = tuple((round(float(second), 3), int(delay)) for second, delay, _ in track)
    alike = float(np.median([likeness for _, _, likeness in track]))
    return Delay(frames, float(same.mean()), second_delays, drifts, alike)


def remove_delay(version: Signal, delay: Delay | int, frames: int | None = None) -> Signal:
    """Return the version moved onto the reference's clock.

    Parameters
    ----------
    delay
        As estimated, or in frames; positive cuts the beginning, negative puts silence before it.
    frames
        Wanted length, that of the reference as a rule; by default whatever is left.
    """
    shift = delay.frames if isinstance(delay, Delay) else int(delay)
    samples = version.samples[shift:] if shift >= 0 else np.pad(version.samples, ((-shift, 0), (0, 0)))
    if frames is not None:
        samples = np.pad(samples[:frames], ((0, max(frames - len(samples), 0)), (0, 0)))
    return Signal(np.ascontiguousarray(samples, dtype=np.float32), version.rate)


@dataclass(frozen=True)
class Placement:
    """Where a version lies on its reference's clock, and which way up.

    Parameters
    ----------
    likeness
        Normalised correlation of the two with the delay removed and the polarity turned back, -1..1.
    """

    delay: Delay
    turned: bool
    likeness: float

    def said(self, rate: int) -> list[str]:
        """Return what is odd about it, in words; nothing of a version that drifts, which has no one delay."""
        if self.delay.drifts:
            return []
        said = ["turned round (inverted polarity) against the reference"] if self.turned else []
        if abs(self.delay.frames) >= _LEAST_TOLD * rate:
            way = "later" if self.delay.frames > 0 else "earlier"
            said.append(f"{1000 * abs(self.delay.frames) / rate:.4g} ms {way} than the reference")
        return said


def placement_of(reference: Signal, version: Signal) -> Placement | None:
    """Return where a version lies, of whichever polarity fits better; None where neither fits well.

    Parameters
    ----------
    reference, version
        At one rate; of several channels their mean is compared.
    """
    clean = Signal.of(reference.mono, reference.rate)
    best: Placement | None = None
    for sign in (1, -1):
        other = Signal.of(sign * version.mono, version.rate)
        delay = estimate_delay(clean, other)
        found = _alike(_mono(clean), _mono(remove_delay(other, delay, clean.frames)))
        if found >= (_WELL if best is None else best.likeness):
            best = Placement(delay, sign < 0, found)
        if found >= _PLAINLY:
            break
    return best
