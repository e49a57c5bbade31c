"""Measuring a long clip piece by piece: seconds of it are held at a time, and values are those of the whole.

What follows from the whole clip (lags, the level that is heard, clicks far from any gap) is surveyed piece by
piece first; then every gap is measured in the piece that it begins in. Sums begin anew in each piece, which
changes the last digits of what is made of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import gcd
from typing import Any

import numpy as np

from gaplisten.audio.longfile import file_of
from gaplisten.audio.resample import PieceResampler
from gaplisten.audio.signal import Samples, Signal
from gaplisten.jobs import Job
from gaplisten.loss.measures.catalogue import MEASURES
from gaplisten.loss.measures.contract import AROUND_SECONDS, Case, Survey
from gaplisten.loss.measures.facts import Answers, Loudness, around, in_reference, with_answers
from gaplisten.loss.measures.gap_table import GapFacts, Values
from gaplisten.loss.measures.kinds.after import CONSTANT_LEVEL, HEARD_FLOOR, late_frames
from gaplisten.loss.measures.kinds.drift import TRACK
from gaplisten.loss.measures.received import sharp_voice, track_voices
from gaplisten.loss.measures.windows import VOICE_RATE, Places, Prepared, Row
from gaplisten.loss.trace import Gap, LossTrace

PIECE_SECONDS = 4.0
_VOICE_SECONDS = 10.0  # of a voice that are held while its lag is followed
_BACK_SECONDS = 3.0  # before them: a lag is looked for in two seconds around the last one
_TRACKED, _SURVEYED = 0.1, 0.3  # shares of the work by when these are done

SURVEYS = tuple(survey for measure in MEASURES for survey in measure.surveys)


@dataclass(frozen=True, eq=False)
class Measured:
    """What was measured of versions, each by itself.

    Parameters
    ----------
    values
        By version: shape ``(gaps, measures)``.
    cases
        By version: all that is known of it as a whole; its rows are not there.
    """

    facts: tuple[GapFacts, ...]
    values: Mapping[str, Values]
    cases: Mapping[str, Case]


@dataclass(frozen=True)
class _Piece:
    """Frames ``[first, end)`` of a clip, the gaps that begin there, and what must be read for them."""

    first: int
    end: int
    gaps: slice
    read_from: int
    read_to: int


class _Sound:
    """A signal of which pieces are had, in the forms that measures need."""

    def __init__(self, signal: Signal, frames: int) -> None:
        self.frames, self.rate = frames, signal.rate
        self.voice_rate = min(signal.rate, VOICE_RATE)
        self._signal, self._file = signal, file_of(signal)
        common = gcd(self.rate, self.voice_rate)
        self.step = self.rate // common
        self._up = self.voice_rate // common
        self._resampler = self._resampling()
        self.voice_frames = frames if self._resampler is None else self._resampler.frames

    def _resampling(self) -> PieceResampler | None:
        if self.rate == self.voice_rate:
            return None
        return PieceResampler(self._mono, self.frames, 1, self.rate, self.voice_rate)

    def whole(self) -> Prepared:
        """Return what stands for all of it where no row is looked at."""
        nothing = np.broadcast_to(np.float64(np.nan), self.frames)
        return Prepared(nothing, self.rate, nothing, piece_of=self)

    def piece(self, start: int, stop: int) -> Prepared:
        """Return a stretch that begins at a multiple of `step`."""
        row = self._mono(start, stop)[:, 0].astype(np.float64)
        if self._resampler is None:
            return Prepared(row, self.rate, piece_of=self)
        first, last = (at * self._up // self.step for at in (start, stop))
        voice = self.voice(first, self.voice_frames if stop >= self.frames else last)
        return Prepared(row, self.rate, voice, piece_of=self)

    def voice(self, start: int, stop: int) -> Row:
        """Return a stretch at `voice_rate`, its frames counted at that rate."""
        read = self._mono if self._resampler is None else self._resampler.read
        return read(start, stop)[:, 0].astype(np.float64)

    def sharp_voice(self) -> _Rolling:
        """Return the voice as lags are followed by."""
        own = _Sound(self._signal, self.frames)  # which is read at other places meanwhile

        def read(start: int, stop: int) -> Row:
            voice = own.voice(max(start - 1, 0), stop)
            return sharp_voice(voice, 0.0) if start == 0 else sharp_voice(voice[1:], float(voice[0]))

        return _Rolling(read, self.voice_frames, self.voice_rate)

    def _mono(self, start: int, stop: int) -> Samples:
        """Return a stretch of one channel, shape ``(stop - start, 1)``, silent where there is none."""
        stretch = self._signal.samples[start:stop] if self._file is None else self._file.read(start, stop)
        mono = Signal(stretch, self.rate).mono
        if mono.size == stop - start:
            return mono[:, None]
        found = np.zeros((stop - start, 1), np.float32)
        found[: mono.size, 0] = mono
        return found


class _Rolling:
    """A row that is looked at from its beginning to its end, a little back and forth: seconds are held."""

    def __init__(self, read: Callable[[int, int], Row], size: int, rate: int) -> None:
        self._read, self.size = read, size
        self._back, self._ahead = round(_BACK_SECONDS * rate), round(_VOICE_SECONDS * rate)
        self._first, self._held = 0, np.zeros(0)

    def __getitem__(self, frames: slice, /) -> Row:
        start, stop = min(frames.start, self.size), min(frames.stop, self.size)
        if start < self._first or stop > self._first + self._held.size:
            self._first = max(start - self._back, 0)
            self._held = self._read(self._first, min(max(stop, start + self._ahead), self.size))
        return self._held[start - self._first : max(stop, start) - self._first]


def measured_in_pieces(
    reference: Signal | None,
    versions: Mapping[str, Signal],
    trace: LossTrace,
    gaps: Sequence[Gap],
    frames: int,
    job: Job,
) -> Measured:
    """Measure every gap of every version; measures that compare versions tell nothing.

    Parameters
    ----------
    gaps
        Of `frames` frames of the trace.
    """
    places = Places.of(gaps, trace.rate, frames)
    clean = _Sound(reference, frames) if reference else None
    sounds = {name: _Sound(signal, frames) for name, signal in versions.items()}
    wholes = {
        name: Case(sound.whole(), clean.whole() if clean else None, places) for name, sound in sounds.items()
    }
    work = _Work(clean, sounds, wholes, places, trace, frames)
    limit = work.loudness(job)
    if clean is not None:
        for number, (name, sound) in enumerate(sounds.items()):
            job.check(_TRACKED * number / len(sounds), f"following {name}")
            track = track_voices(sound.sharp_voice(), clean.sharp_voice(), places, sound.voice_rate)
            places.memo[TRACK, wholes[name].version.identity] = track
        work.survey_levels(job)
    values, answers = work.measure(limit, job)
    return Measured(with_answers(gaps, trace, *answers), values, wholes)


@dataclass(frozen=True, eq=False)
class _Work:
    """The passes over a clip."""

    clean: _Sound | None
    sounds: Mapping[str, _Sound]
    wholes: Mapping[str, Case]
    places: Places
    trace: LossTrace
    frames: int

    def _pieces(self, late: int = 0) -> Iterator[_Piece]:
        """Yield all pieces of the clip, read so far around that what comes late is there, too."""
        step = next(iter(self.sounds.values())).step
        size = max(round(PIECE_SECONDS * self.places.rate) // step, 1) * step
        margin = round(AROUND_SECONDS * self.places.rate) + late
        for first in range(0, self.frames, size):
            end = min(first + size, self.frames)
            some = slice(*np.searchsorted(self.places.starts, (first, end)).tolist())
            last = max(end, int(self.places.stops[some.stop - 1])) if some.stop > some.start else end
            read_to = -(-(last + margin) // step) * step
            yield _Piece(first, end, some, max(first - margin, 0) // step * step, min(read_to, self.frames))

    def loudness(self, job: Job) -> float:
        """Return the level from which speech is active; survey what can be heard of the reference."""
        if self.clean is None:
            return self._loudness_received()
        loudness, powers = Loudness(self.clean.rate), list[Row]()
        whole = next(iter(self.wholes.values()))
        for piece in self._pieces():
            job.check(0.0, "listening to the reference")
            row = self.clean.piece(piece.read_from, piece.read_to)
            loudness.add(row.row[piece.first - piece.read_from : piece.end - piece.read_from])
            case = Case(row, row, self.places, begin=piece.read_from)
            powers.append(HEARD_FLOOR.piece(case, piece.first, piece.end))
        whole.note(HEARD_FLOOR, powers)
        return loudness.limit

    def _loudness_received(self) -> float:
        sound = next(iter(self.sounds.values()))
        loudness = Loudness(sound.rate)
        for piece in self._pieces():
            row = sound.piece(piece.first, piece.end).row
            loudness.add(row[~self._mask(piece.first, piece.end)])
        return loudness.limit

    def _mask(self, start: int, stop: int) -> Any:
        return self.trace.part(start, stop).mask(stop - start)

    def survey_levels(self, job: Job) -> None:
        """Find by how much each version is louder as a whole."""
        found = defaultdict[str, list[Any]](list)
        for piece, case, name in self._cases(job, _TRACKED, _SURVEYED, "comparing levels"):
            found[name].append(CONSTANT_LEVEL.piece(case.whole, piece.first, piece.end))
        for name, pieces in found.items():
            self.wholes[name].note(CONSTANT_LEVEL, pieces)

    def measure(self, limit: float, job: Job) -> tuple[Mapping[str, Values], tuple[Answers, Answers]]:
        """Return the values of all measures, and whether speech goes on in each gap and is voiced."""
        rows: dict[str, list[Values]] = {name: [np.zeros((0, len(MEASURES)))] for name in self.sounds}
        found = defaultdict[tuple[str, Survey[Any, Any]], list[Any]](list)
        active, voiced, judged = list[bool | None](), list[bool | None](), -1
        surveys = [each for each in SURVEYS if self.clean is not None or each.without_reference]
        for piece, case, name in self._cases(job, _SURVEYED, 1.0, "measuring"):
            some = bool(piece.gaps.stop > piece.gaps.start)
            if some and piece.first > judged:  # by the first version that comes
                judged = piece.first
                answers = self._judged(piece, case, limit)
                active.extend(answers[0])
                voiced.extend(answers[1])
            for survey in surveys:
                if not survey.of_reference or name == next(iter(self.sounds)):
                    found[name, survey].append(survey.piece(case.whole, piece.first, piece.end))
            if some:
                columns = [
                    np.full(case.places.starts.size, np.nan) if each.of_whole else each.values(case)
                    for each in MEASURES
                ]
                rows[name].append(np.stack(columns, axis=1))
        for (name, survey), pieces in found.items():
            self.wholes[name].note(survey, pieces)
        values = {name: np.concatenate(each) for name, each in rows.items()}
        for column, measure in enumerate(MEASURES):
            for name in self.sounds if measure.of_whole else ():
                values[name][:, column] = measure.values(self.wholes[name])
        return values, (active, voiced)

    def _judged(self, piece: _Piece, case: Case, limit: float) -> tuple[Answers, Answers]:
        if case.clean is not None:
            return in_reference(case.clean, case.places, limit)
        received = ~self._mask(piece.read_from, piece.read_to)
        return around(case.version, case.places, received, limit)

    def _cases(self, job: Job, begin: float, end: float, words: str) -> Iterator[tuple[_Piece, Case, str]]:
        """Yield the cases of all versions, piece by piece."""
        late = 0
        if self.clean is not None and self.places.starts.size:
            late = max(int(np.abs(late_frames(whole)).max()) for whole in self.wholes.values())
        for piece in self._pieces(late):
            job.check(begin + (end - begin) * piece.first / self.frames, words)
            places = self.places.piece(piece.gaps, piece.read_from)
            clean = self.clean.piece(piece.read_from, piece.read_to) if self.clean else None
            for name, sound in self.sounds.items():
                version = sound.piece(piece.read_from, piece.read_to)
                yield piece, Case(version, clean, places, begin=piece.read_from), name
                places.forget(version)
