"""Received sound: how late each stretch of it comes against the reference."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Protocol

import numpy as np
import numpy.typing as npt

from gaplisten.audio.signal import Signal
from gaplisten.loss.measures.windows import Places, Prepared, Row, fast_length, prepared
from gaplisten.loss.trace import LossTrace

WINDOW_MS = 60.0
SETTLE_MS = 5.0  # a blend into received speech is not received speech
SHORTEST_MS = 12.0
REACH_MS, FIRST_REACH_MS, FARTHEST_MS = 30.0, 500.0, 1000.0
SAME, ALIKE, BETTER, STAYED = 0.98, 0.75, 0.04, 0.4
_SPEECH = 5.0  # how much smaller differences from sample to sample are, around 500 Hz at 16 kHz
_QUIET = 1e-6  # -60 dBFS: below it nothing tells where a stretch comes from


class Voice(Protocol):
    """A row of which stretches can be had."""

    @property
    def size(self) -> int:
        """Its frames."""
        ...

    def __getitem__(self, frames: slice, /) -> Row:
        """Return a stretch, shorter at the end."""
        ...


@dataclass(frozen=True, eq=False)
class Track:
    """How late received sound comes, window by window.

    Parameters
    ----------
    middles
        Of the windows, in frames of the voice's clock.
    lags
        In frames of the voice's clock, late is positive; NaN where it cannot be told.
    stretch
        Which stretch a window lies in: 0 before the first gap, k behind the k-th.
    turned
        Whether a window's polarity is turned against the reference.
    """

    middles: Row
    lags: Row
    stretch: Row
    turned: npt.NDArray[np.bool_]
    rate: int

    def of_stretches(self, count: int) -> Row:
        """Return the lag in which each stretch ends up, in frames; NaN where it cannot be told."""
        lags = np.full(count, np.nan)
        known = ~np.isnan(self.lags)
        lags[self.stretch[known].astype(int)] = self.lags[known]  # the last one of a stretch stays
        return lags


def track(version: Prepared, clean: Prepared, places: Places) -> Track:
    """Follow the lag through all received stretches, each in windows of up to 60 ms.

    The lag stays as it was unless another one fits clearly better; among lags that fit about as well, as the
    periods of a voice do, the one nearest to the last is taken.
    """
    return track_voices(version.voice, clean.voice, places, version.voice_rate)


def track_voices(version: Voice, clean: Voice, places: Places, rate: int) -> Track:
    """Follow the lag as `track` does, of voices at a rate that may be had by stretches only."""
    starts, stops = places.at(rate)
    lost = (stops - starts).tolist()
    cuts = places.once(("windows", rate), lambda: _cuts(places, rate))
    lags: list[float] = []
    turned: list[bool] = []
    state = _Lag(version, clean, rate)
    for number, windows in enumerate(cuts):
        if number:
            state.widen(lost[number - 1])
        for a, b in windows:
            lags.append(state.at(a, b))
            turned.append(state.turned)
    middles = [(a + b) / 2 for windows in cuts for a, b in windows]
    stretch = np.repeat(np.arange(float(len(cuts))), [len(windows) for windows in cuts])
    signs = np.array(turned, np.bool_)
    return Track(np.array(middles), np.array(lags, np.float64), stretch, signs, rate)


def sharpened(signal: Prepared) -> Prepared:
    """Return a signal whose voice is the differences from sample to sample, speech about as loud as it was.

    A codec for calls takes low frequencies away by a filter that moves with the voice and shifts them by half
    a millisecond and more; what is above them stays in its place, and is where lateness is heard.
    """
    return replace(signal, other_voice=sharp_voice(signal.voice, 0.0))


def sharp_voice(voice: Row, before: float) -> Row:
    """Return what `sharpened` makes of a voice; `before` is the sample before its first."""
    return np.asarray(_SPEECH * np.diff(voice, prepend=before))


def _cuts(places: Places, rate: int) -> list[list[tuple[int, int]]]:
    """Return the windows before the first gap and behind each."""
    starts, stops = places.at(rate)
    ends = np.append(starts, places.after[-1:] * rate // places.rate)
    begins = np.append(places.before[:1] * rate // places.rate, stops + round(SETTLE_MS * rate / 1000))
    return [_windows(begin, end, rate) for begin, end in zip(begins.tolist(), ends.tolist(), strict=True)]


def share_followed(reference: Signal, version: Signal, trace: LossTrace) -> float:
    """Return the share of received windows that have a place in the reference, at the lag of that moment.

    Sound that gets later and later, or loses half of each gap, is followed nearly everywhere; other speech in
    a tenth of the windows, by chance.
    """
    frames = reference.frames
    places = Places.of(trace.gaps(frames), trace.rate, frames)
    found = track(prepared(version, frames), prepared(reference, frames), places)
    return float(np.mean(~np.isnan(found.lags))) if found.lags.size else 0.0


def _windows(first: int, end: int, rate: int) -> list[tuple[int, int]]:
    size, shortest = round(WINDOW_MS * rate / 1000), round(SHORTEST_MS * rate / 1000)
    if end - first < shortest:
        return []
    count = max(1, (end - first) // size)
    step = (end - first) / count
    return list(pairwise([*(int(first + step * number) for number in range(count)), end]))


class _Lag:
    """The lag as it is known so far."""

    def __init__(self, version: Voice, clean: Voice, rate: int) -> None:
        self._version, self._clean, self._rate = version, clean, rate
        self._lag, self._reach = 0, round(FIRST_REACH_MS * rate / 1000)
        self._most = round(FARTHEST_MS * rate / 1000)
        self._sign = 1.0  # a version of turned polarity is late or not all the same

    @property
    def turned(self) -> bool:
        """Whether the polarity is turned, as far as is known."""
        return self._sign < 0

    def widen(self, frames: int) -> None:
        """Expect that what was lost may have been left out, or filled with more."""
        self._reach = min(self._reach + frames, self._most)

    def at(self, start: int, stop: int) -> float:
        """Return the lag of a window; NaN where it cannot be told."""
        made = self._version[start:stop]
        power = float(made @ made)
        if power < _QUIET * made.size:
            return float("nan")
        now = self._sign * _alike(made, _cut(self._clean, start - self._lag, stop - self._lag), power)
        if -now >= SAME:
            self._sign, now = -self._sign, -now
        made = self._sign * made
        if now < SAME:
            lag, best = self._found(made, start)
            if best < ALIKE:
                return float("nan")
            if best >= now + BETTER and not self._stayed(made, start, lag):
                self._lag = lag
        self._reach = round(REACH_MS * self._rate / 1000)
        return float(self._lag)

    def _stayed(self, made: Row, start: int, lag: int) -> bool:
        """Return whether high frequencies are where they were, rather than at another lag.

        What a codec's filter turns in phase at low ones fits better a little later, with nothing late.
        """
        fine = np.diff(made)
        power = float(fine @ fine)
        here, there = (
            _alike(fine, np.diff(_cut(self._clean, start - late, start - late + made.size)), power)
            for late in (self._lag, lag)
        )
        return here >= max(STAYED, there)

    def _found(self, made: Row, start: int) -> tuple[int, float]:
        """Return the lag that fits best, and how well; of about equal ones the nearest to the last."""
        low = start - self._lag - self._reach
        around = _cut(self._clean, low, low + made.size + 2 * self._reach)
        size = fast_length(around.size)
        cross = np.fft.irfft(np.fft.rfft(around, size) * np.conj(np.fft.rfft(made, size)), size)
        cross = cross[: around.size - made.size + 1]
        energy = np.concatenate(([0.0], np.cumsum(around**2)))
        power = energy[made.size :] - energy[: energy.size - made.size]
        alike = cross / np.sqrt(np.maximum(power * float(made @ made), 1e-12))
        alike[power < _QUIET * made.size / 10] = -1.0
        good = np.flatnonzero(alike >= alike.max() - BETTER / 2)
        # Of neighbouring samples that are about as good, the best one is meant: each hill counts once.
        tops = [
            hill[np.argmax(alike[hill])] for hill in np.split(good, np.flatnonzero(np.diff(good) > 1) + 1)
        ]
        lags = start - low - np.array(tops)
        nearest = int(np.argmin(np.abs(lags - self._lag)))
        return int(lags[nearest]), float(alike[tops[nearest]])


def _alike(one: Row, other: Row, power: float) -> float:
    energy = float(other @ other)
    return float(one @ other) / np.sqrt(power * energy) if energy > 0 else -1.0


def _cut(row: Voice, start: int, stop: int) -> Row:
    """Return a stretch, silent where there is no sound."""
    if start >= 0 and stop <= row.size:
        return row[start:stop]
    inner = row[max(start, 0) : max(stop, 0)]
    return np.concatenate((np.zeros(min(max(-start, 0), stop - start)), inner, np.zeros(stop - start)))[
        : stop - start
    ]
