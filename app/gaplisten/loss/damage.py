"""Damage that nobody wrote down: where a version departs from its reference, or breaks off and clicks.

A codec may be in between, so that no sample is equal: what counts stands out of the codec's own error.
Times of one file are brought onto the other's clock first; where that clock jumps is told as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
import numpy.typing as npt
from scipy.fft import irfft, next_fast_len, rfft
from scipy.ndimage import maximum_filter1d, median_filter, uniform_filter1d

from gaplisten.audio.alignment import placement_of
from gaplisten.audio.signal import Signal
from gaplisten.jobs import Job
from gaplisten.loss.lag import Jump, lags_of
from gaplisten.loss.trace import LossTrace, Origin, Spans, runs_of

_PIECE_SECONDS = 60.0
_OVERLAP_SECONDS = 1.0
_STEP_MS = 0.5
_SHORT_MS, _LEVEL_MS, _LOCAL_MS = 2.0, 20.0, 300.0
_CLICK_MS, _CLICK_LEVEL_MS = 0.5, 5.0
# Decibels: from where on something is damage, and by how much more than the codec's own rare extremes.
_DROP_DB, _DROP_OVER = 16.0, 14.0
_CLICK_DB, _CLICK_OVER = 19.0, 12.5
_NARROW_DB, _WIDE_RATE = 8.0, 16_000  # so much more at 8 kHz, where a pulse of the voice is few samples long
_DIFFERS_DB, _DIFFERS_OVER = 19.5, 16.0
_DIFFERS_MS = 1.5
_RARE = 95.0  # percentile: above are the codec's extremes, and damage itself
_FLOOR_DB, _DROP_FLOOR_DB, _CLICK_FLOOR_DB = -50.0, -35.0, -40.0
_NEAR_MS = 4.0  # what lies closer together is one place
_SILENT_DB = 60.0
_ALONE_DB = 22.0
_ALONE_CLICK = 18.0
_LOUD = 40 / 32768  # speech that fades out, or is rounded, ends with less
_QUIET = 3e-4  # of full scale: below, a click is none that anybody hears
_SPECTRUM_MS, _BANDS, _PASSED = 32.0, 24, 0.1  # how it is told which band a version has
_FULL, _SLOPE_HZ = 0.95, 300.0
_EDGE_MS = 30.0  # of a file, and around a jump, where nothing is compared

Row = npt.NDArray[np.float64]


class Kind(StrEnum):
    """What is wrong at a place."""

    DROPOUT = "dropout"
    CLICK = "click"
    DIFFERS = "differs"
    JUMP = "jump"


_WORSE = (Kind.DROPOUT, Kind.CLICK, Kind.DIFFERS, Kind.JUMP)


@dataclass(frozen=True)
class Place:
    """Where a version is damaged: frames ``[start, stop)`` of its reference's clock.

    Parameters
    ----------
    score
        How far it stands out, in dB; of a jump, the frames by which later sound comes later (negative:
        earlier, frames were thrown away).
    """

    start: int
    stop: int
    kind: Kind
    score: float

    @property
    def silent(self) -> bool:
        """Whether there is exactly nothing: then the score is no measured level."""
        return self.kind is Kind.DROPOUT and self.score in (_SILENT_DB, _ALONE_DB)

    def said(self, rate: int) -> str:
        """Return what is wrong there, in words."""
        if self.kind is Kind.JUMP:
            length = f"{abs(int(self.score))} frames ({1000 * abs(self.score) / rate:.1f} ms)"
            return f"{length} {'put in: later' if self.score > 0 else 'thrown away: earlier'} from here on"
        if self.silent:
            return "exactly nothing is there"
        what = {Kind.DROPOUT: "below the reference", Kind.CLICK: "over what is usual"}
        return f"{self.score:.0f} dB {what.get(self.kind, 'over the usual difference')}"


@dataclass(frozen=True, eq=False)
class Damage:
    """What was found in one version.

    Parameters
    ----------
    places
        In their order; jumps in delay among them.
    delay
        Frames by which the version is late at its beginning, taken out before comparing; None without a
        reference.
    notes
        Sentences about what could not be compared.
    """

    places: tuple[Place, ...]
    frames: int
    rate: int
    delay: int | None = None
    notes: tuple[str, ...] = ()

    def trace(self) -> LossTrace:
        """Return the places as gaps on no packets: they can be walked through and measured like such."""
        spans = [(place.start, place.stop) for place in self.places]
        return LossTrace.of_spans(spans, self.frames, self.rate, Origin.DETECTED)


def find_damage(version: Signal, reference: Signal | None = None, job: Job | None = None) -> Damage:
    """Find where a version is damaged.

    Parameters
    ----------
    version, reference
        At one rate. Without a reference only dropouts within sound and clicks can be told.

    Notes
    -----
    With a reference: level lost against it, and error and its second difference over the codec's own (median
    over 0.3 s, and over the clip in proportion to the level), in windows of 2 and 0.5 ms.
    """
    job = job or Job()
    rate = version.rate
    heard = version.mono.astype(np.float64)
    if reference is None:
        places = _whole(len(heard), rate, job, lambda start, stop: _alone(heard[start:stop], rate))
        return Damage(places, len(heard), rate)
    if reference.rate != rate:
        raise ValueError(f"rates differ: {reference.rate} and {rate} Hz")
    known = reference.mono.astype(np.float64)
    job.check(0.0, "aligning")
    placed = placement_of(reference, version)
    turned = placed is not None and placed.turned
    heard = -heard if turned else heard
    lags = lags_of(known, heard, rate, job)
    moved = lags.aligned(heard, len(known))
    there = lags.known(len(heard), len(known))
    places = _whole(
        len(known),
        rate,
        job,
        lambda start, stop: _against(known[start:stop], moved[start:stop], there[start:stop], rate),
    )
    reach = round(_EDGE_MS * rate / 1000)
    apart = [
        place for place in places if not any(abs(place.start - jump.frame) < reach for jump in lags.jumps)
    ]
    jumps = [_of_jump(jump, len(known)) for jump in lags.jumps]
    told = ["the version is hardly like its reference: what is found says little"] * (not lags.sure)
    notes = (*told, *["its polarity is turned round: it was compared turned back"] * turned)
    ordered = tuple(sorted([*apart, *jumps], key=lambda place: place.start))
    return Damage(ordered, len(known), rate, lags.first, notes)


def _of_jump(jump: Jump, frames: int) -> Place:
    stop = min(jump.frame + max(abs(jump.by), 1), frames)
    return Place(min(jump.frame, frames - 1), max(stop, 1), Kind.JUMP, float(jump.by))


def _whole(frames: int, rate: int, job: Job, look: object) -> tuple[Place, ...]:
    """Look at a long file piece by piece; pieces overlap, and each tells of its middle only."""
    size, margin = round(_PIECE_SECONDS * rate), round(_OVERLAP_SECONDS * rate)
    found: list[Place] = []
    for begin in range(0, max(frames, 1), size):
        job.check(0.2 + 0.8 * begin / max(frames, 1), "looking for damage")
        start, stop = max(begin - margin, 0), min(begin + size + margin, frames)
        for place in look(start, stop):  # type: ignore[operator]
            at = place.start + start
            if begin <= at < begin + size:
                found.append(replace(place, start=at, stop=place.stop + start))
    return tuple(found)


# --- against a reference ------------------------------------------------------------------------------------


def _against(known: Row, heard: Row, there: npt.NDArray[np.bool_], rate: int) -> Iterator[Place]:
    step = max(round(_STEP_MS * rate / 1000), 1)
    power = float(np.dot(known, known))
    if power <= 0 or len(known) < 10 * step:
        return
    some = heard != 0
    share = float(np.dot(known[some], known[some])) or power
    known = known * (float(np.dot(known, heard)) / share or 1.0)
    mean = max(power / len(known), 1e-12)
    error = heard - known
    top, band, kept = _top(known, heard, rate), known, heard
    if top < _FULL * rate / 2:  # what a codec never passes, such as the top of an "s", is not missing there
        band, kept = (_below(each, top, rate) for each in (known, heard))
    usable = there[::step]
    narrow = _NARROW_DB * min(max((_WIDE_RATE - rate) / 8000, 0.0), 1.0)
    kinds = (
        (Kind.DROPOUT, _dropped(band, kept, mean, rate, step), (_DROP_DB, _DROP_OVER), 3),
        (Kind.CLICK, _clicking(known, error, rate, step), (_CLICK_DB + narrow, _CLICK_OVER), 1),
        (
            Kind.DIFFERS,
            _differing(band, kept - band, mean, rate, step),
            (_DIFFERS_DB, _DIFFERS_OVER),
            max(round(_DIFFERS_MS / _STEP_MS), 1),
        ),
    )
    found = [_spans_over(*each, usable) for each in kinds]
    found.append(_silenced(known, heard, there, rate, step))
    yield from _places(found, step, len(known), rate)


def _silenced(
    known: Row, heard: Row, there: npt.NDArray[np.bool_], rate: int, step: int
) -> tuple[Kind, Spans, Row]:
    """Return where there is exactly nothing for a millisecond, and the reference sounds: always a dropout."""
    runs = runs_of((heard == 0) & there)
    runs = runs[runs[:, 1] - runs[:, 0] >= max(rate // 1000, 8)]
    sounding = np.concatenate(([0], np.cumsum(np.abs(known) > _LOUD)))
    runs = runs[sounding[runs[:, 1]] > sounding[runs[:, 0]]]
    spans = np.stack([runs[:, 0] // step, -(-runs[:, 1] // step)], axis=1)
    return Kind.DROPOUT, spans, np.full(-(-len(heard) // step) + 1, _SILENT_DB)


def _dropped(known: Row, heard: Row, mean: float, rate: int, step: int) -> Row:
    """Return how much less is there than in the reference, in dB."""
    floor = mean * 10 ** (_DROP_FLOOR_DB / 10)
    short = max(round(_SHORT_MS * rate / 1000), 4)
    there = _mean(heard * heard, short)
    return _db(_mean(known * known, short) + floor, there + floor)[::step]


def _top(known: Row, heard: Row, rate: int) -> float:
    """Return the frequency (Hz) above which a version has next to nothing of its reference, all over it."""
    size = round(_SPECTRUM_MS * rate / 1000)
    count = min(len(known), len(heard)) // size
    if not count:
        return rate / 2
    window = np.hanning(size)
    powers = [
        np.square(np.abs(np.fft.rfft(each[: count * size].reshape(count, size) * window))).sum(axis=0)
        for each in (known, heard)
    ]
    edges = np.linspace(0, len(powers[0]), _BANDS + 1).astype(np.int64)[:-1]
    of_known, of_heard = (np.add.reduceat(each, edges) for each in powers)
    passed = np.flatnonzero(of_heard >= _PASSED * of_known)
    return float(passed[-1] + 1) / _BANDS * rate / 2 if passed.size else rate / 2


def _below(sound: Row, top: float, rate: int) -> Row:
    """Return what lies below a frequency (Hz), at the same places."""
    size = next_fast_len(len(sound) + rate // 10, real=True)
    frequencies = np.fft.rfftfreq(size, 1 / rate)
    gains = np.clip((top - frequencies) / _SLOPE_HZ, 0.0, 1.0)
    return np.asarray(irfft(rfft(sound, size) * gains, size)[: len(sound)], np.float64)


def _differing(known: Row, error: Row, mean: float, rate: int, step: int) -> Row:
    """Return how much more error is there than the codec's own, in dB."""
    floor = mean * 10 ** (_FLOOR_DB / 10)
    short = _mean(error * error, max(round(_SHORT_MS * rate / 1000), 4))[::step]
    level = _mean(known * known, round(_LEVEL_MS * rate / 1000))[::step]
    return _over_usual(short, level, floor)


def _clicking(known: Row, error: Row, rate: int, step: int) -> Row:
    """Return the same for what changes from sample to sample: edges and clicks."""
    sharp, natural = np.diff(error, 2, prepend=[0.0, 0.0]), np.diff(known, 2, prepend=[0.0, 0.0])
    floor = float(np.mean(natural * natural)) * 10 ** (_CLICK_FLOOR_DB / 10) + 1e-14
    short = _mean(sharp * sharp, max(round(_CLICK_MS * rate / 1000), 3))
    peak = maximum_filter1d(short, step)[::step]
    level = _mean(natural * natural, round(_CLICK_LEVEL_MS * rate / 1000))[::step]
    return _over_usual(peak, level, floor)


def _over_usual(found: Row, level: Row, floor: float) -> Row:
    """Return the ratio of an error to what is usual: around it, and at that level."""
    around = median_filter(found, round(_LOCAL_MS / _STEP_MS) | 1, mode="nearest")
    share = float(np.median(found / (level + floor)))
    return _db(found + floor, np.maximum(around, share * level) + floor)


def _spans_over(
    kind: Kind, scores: Row, limits: tuple[float, float], least: int, usable: npt.NDArray[np.bool_]
) -> tuple[Kind, Spans, Row]:
    least_db, over = limits
    rare = float(np.percentile(scores[usable], _RARE)) if usable.any() else 0.0
    limit = max(least_db, rare + over)
    runs = runs_of((scores >= limit) & usable)
    return kind, runs[(runs[:, 1] - runs[:, 0]) >= least], scores


def _places(found: Sequence[tuple[Kind, Spans, Row]], step: int, frames: int, rate: int) -> Iterator[Place]:
    """Unite what lies close together: a dropout has two edges that click, and differs."""
    near = round(_NEAR_MS * rate / 1000)
    rows = sorted(
        (int(start) * step, min(int(stop) * step, frames), order, float(scores[start:stop].max()))
        for order, (_, spans, scores) in enumerate(found)
        for start, stop in spans
    )
    group: list[tuple[int, int, int, float]] = []
    for row in rows:
        if group and row[0] - max(each[1] for each in group) > near:
            yield _united(group, found)
            group = []
        group.append(row)
    if group:
        yield _united(group, found)


def _united(group: Sequence[tuple[int, int, int, float]], found: Sequence[tuple[Kind, Spans, Row]]) -> Place:
    kinds = [found[order][0] for _, _, order, _ in group]
    kind = min(kinds, key=_WORSE.index)
    mine = [row for row, each in zip(group, kinds, strict=True) if each is kind]
    spans = group if kind is not Kind.DROPOUT else mine
    start, stop = min(row[0] for row in spans), max(row[1] for row in spans)
    return Place(start, max(stop, start + 1), kind, max(row[3] for row in mine))


# --- by itself ----------------------------------------------------------------------------------------------


def _alone(heard: Row, rate: int) -> Iterator[Place]:
    step = max(round(_STEP_MS * rate / 1000), 1)
    if len(heard) < round(_LEVEL_MS * rate / 1000):
        return
    usable = np.ones(len(heard[::step]), np.bool_)
    runs = _breaks(heard, rate)
    sharp = _sharpness(heard, rate, step)
    clicks = runs_of((sharp >= _ALONE_CLICK) & usable)
    breaks = np.stack([runs[:, 0] // step, -(-runs[:, 1] // step)], axis=1) if len(runs) else runs
    scores = np.full(len(usable) + 1, _ALONE_DB)
    yield from _places([(Kind.DROPOUT, breaks, scores), (Kind.CLICK, clicks, sharp)], step, len(heard), rate)


def _breaks(heard: Row, rate: int) -> Spans:
    """Return runs of a millisecond and more of hardly anything, between sound that breaks off."""
    least, near = max(round(rate / 1000), 8), max(round(rate / 1000), 8)
    size = np.abs(heard)
    runs = runs_of(size < 2 / 32768)
    runs = runs[(runs[:, 1] - runs[:, 0] >= least) & (runs[:, 0] > near) & (runs[:, 1] < len(heard) - near)]
    kept = [
        (start, stop)
        for start, stop in runs.tolist()
        if stop - start < rate // 5
        and size[start - 3 : start].max() > _LOUD
        and size[stop : stop + 3].max() > _LOUD
    ]
    return np.array(kept, np.int64).reshape(-1, 2)


def _sharpness(heard: Row, rate: int, step: int) -> Row:
    """Return the largest second difference over what is usual within 10 ms, that place itself left out."""
    sharp = np.abs(np.diff(heard, 3, prepend=[0.0, 0.0, 0.0]))
    peak = maximum_filter1d(sharp, step)[::step]
    around = round(20.0 / _STEP_MS) | 1
    # The largest natural peaks are pulses of the voice, which come again within 20 ms.
    usual = np.sqrt(median_filter(peak * peak, around, mode="nearest"))
    rest = _second_largest(peak, around)
    return np.where(peak > _QUIET * 8, peak / (np.maximum(usual, rest * 0.6) + 1e-5), 0.0) * 2.0


def _second_largest(peak: Row, around: int) -> Row:
    """Return the largest value on either side of each place, at least 2 ms away from it."""
    away = round(2.0 / _STEP_MS)
    half = around // 2 - away
    wide = maximum_filter1d(peak, half, mode="nearest")
    before = np.roll(wide, away + half // 2)
    after = np.roll(wide, -(away + half // 2))
    return np.asarray(np.maximum(before, after))


def _mean(values: Row, size: int) -> Row:
    return np.asarray(uniform_filter1d(values, max(size, 1), mode="nearest"))


def _db(one: Row, other: Row) -> Row:
    return np.asarray(10 * np.log10(np.maximum(one, 1e-30) / np.maximum(other, 1e-30)))
