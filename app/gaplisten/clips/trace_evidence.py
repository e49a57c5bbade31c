"""Whether a trace is that of its sound: what the lossy file, or other versions, tell of the losses.

Lossy files that are not exactly zero where they were lost say nothing about the trace.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from gaplisten.audio.longfile import stretch
from gaplisten.audio.signal import Samples, Signal, in_pieces
from gaplisten.clips.clip import OpenClip
from gaplisten.clips.doubts import LEAST_ZERO_SECONDS, SOUNDING, Change, Doubt, percent
from gaplisten.clips.trace_likeness import Departures, shift_in_packets
from gaplisten.clips.traces import shifted
from gaplisten.loss.detect import detect_losses
from gaplisten.loss.trace import Flags, LossTrace, Origin, runs_of

_TOO_MANY, _TOO_MANY_UNKNOWN = 0.05, 0.25  # share of zeros that a trace may call received; with no reference
_FITS = 0.05
_BESIDE_SECONDS = 0.002
_MOST_CHANGED = 0.6  # share of the sound that is not the reference's own, where no codec is in the way
_MOST_SAME = 0.5  # share of what is heard that is the reference's own, where a codec is in the way
_FEW_ZEROS, _MOSTLY = 0.25, 0.75
_DECODER_SECONDS = 0.03  # by which a decoder's sound may be later than what was sent
_HALF_A_STEP = 0.5 / 32768  # of 16 bits
_SAME_BITS = 0.5  # share of lost samples that may be the reference's own
_UNSENT_SECONDS = 0.1  # silence is not sent in pauses, not in single packets
_GATED_SECONDS = 0.01
_PAUSE_DB = 30.0  # under the loudest 5 % of a reference: a gate may make zeros of it
_MU_LAW_ZERO = 4 / 32768  # up to half its smallest step
_USUAL_MS = (20.0, 10.0, 5.0, 2.5, 30.0, 40.0, 60.0)
_USUAL_FRAMES = (512, 256, 1024, 128)
_FURTHEST_SECONDS = 0.5  # how far a trace may lie beside its sound


def about_trace(opened: OpenClip) -> Iterator[Doubt]:
    """Notice a trace that speaks of other losses than the lossy file, or with none, than the versions."""
    yield from _about_own_traces(opened)
    trace, lossy = opened.trace, opened.lossy
    if trace is None or trace.origin is Origin.DETECTED:
        return
    if opened.clip.lossy is None or lossy is None:
        yield from _about_trace_by_versions(opened, trace)
        return
    if lossy.rate != trace.rate or "lossy" in opened.resampled:
        return
    evidence = _Evidence.of(lossy, opened.reference, trace)
    told = evidence.against(trace)
    if not told:
        if opened.reference is not None and evidence.tells_nothing(trace):
            yield from _about_trace_by_likeness(opened, opened.reference, lossy, trace, "the lossy file")
        return
    readings = ((words, change) for words, change, tried in _readings(opened, trace) if evidence.fits(tried))
    found = next(readings, None)
    if found is None:
        yield Doubt("trace", "trace", told, "it may belong to another clip, packet length or start")
        return
    yield Doubt("trace", "trace", told, *found)


def _about_trace_by_likeness(
    opened: OpenClip, reference: Signal, version: Signal, trace: LossTrace, name: str
) -> Iterator[Doubt]:
    """Compare a trace with a version that went through a codec: where it follows the reference less well."""
    if version.rate != reference.rate or reference.rate != trace.rate:
        return
    found = Departures.of(reference, version)
    if found.turned(trace):
        fact = f"where the trace says lost, {name} follows the reference; where it says received, it does not"
        change = Change(inverted=not opened.clip.trace_inverted, option="--inverted")
        yield Doubt("trace", "trace", fact, "it fits turned round: 1 means received", change)
        return
    if trace.grid is None:
        return
    shift = shift_in_packets(found.shift(trace), trace.grid.length, trace.rate)
    if shift:
        where = f"{abs(shift)} frames {'later' if shift > 0 else 'earlier'}"
        fact = f"{name} departs from the reference beside what the trace calls lost, not there"
        change = Change(trace_shift=opened.clip.trace_shift + shift)
        yield Doubt("trace", "trace", fact, f"it fits about {where}", change)


def _about_trace_by_versions(opened: OpenClip, trace: LossTrace) -> Iterator[Doubt]:
    """Compare a trace with versions that are the reference's own sound but for their gaps."""
    reference = opened.reference
    if reference is None or reference.rate != trace.rate:
        return
    for name, version in opened.conditions.items():
        doubt = None if name in opened.own_traces else _about_version(opened, reference, version, trace, name)
        if doubt is not None:
            yield doubt
            return


def _about_own_traces(opened: OpenClip) -> Iterator[Doubt]:
    """Compare the losses that are a version's own with it; what is wrong there touches no other version."""
    reference = opened.reference
    for name, version in opened.conditions.items():
        trace = opened.own_traces.get(name)
        if reference is None or trace is None or reference.rate != trace.rate:
            continue
        doubt = _about_version(opened, reference, version, trace, name)
        if doubt is not None:  # a change of the clip would be one of the other traces, too
            cure = doubt.cure if doubt.change is None else f"{doubt.cure}; say so in a layout"
            yield Doubt("condition", name, f"losses of {name}: {doubt.fact}", cure)


def _about_version(
    opened: OpenClip, reference: Signal, version: Signal, trace: LossTrace, name: str
) -> Doubt | None:
    """Compare a trace with one version, by its samples or, where a codec is in the way, by its likeness."""
    if version.rate != trace.rate or version.channels != reference.channels:
        return None
    count = min(reference.frames, version.frames)
    clean, made = (stretch(each.samples, 0, count) for each in (reference, version))
    sounding = in_pieces(_sounds, clean)
    changed = sounding & in_pieces(_differs, clean, made)
    size = np.count_nonzero(changed)
    if size < LEAST_ZERO_SECONDS * trace.rate:
        return None  # nothing was lost
    if size > _MOST_CHANGED * np.count_nonzero(sounding):  # a codec is in the way
        return next(_about_trace_by_likeness(opened, reference, version, trace, name), None)
    return _about_trace_by_changes(opened, changed, sounding, trace, name)


def _about_trace_by_changes(
    opened: OpenClip, changed: Flags, sounding: Flags, trace: LossTrace, name: str
) -> Doubt | None:
    """Compare a trace with where a version is not the reference's own sound."""
    told = _told_by(changed, sounding, trace)
    if not told:
        return None
    shown = Signal.of(np.where(changed, np.float32(0.0), np.float32(1.0)), trace.rate)
    readings = _readings(replace(opened, lossy=shown), trace)
    cure = "it may belong to another clip, packet length or start"
    fits = ((words, change) for words, change, tried in readings if _covers(changed, sounding, tried))
    return Doubt("trace", "trace", f"{told} in {name}", *next(fits, (cure, None)))


def _told_by(changed: Flags, sounding: Flags, trace: LossTrace) -> str:
    """Return what speaks against a trace: its losses are untouched, and what was changed lies elsewhere."""
    lost = trace.mask(len(changed)) & sounding
    own = float(np.count_nonzero(lost & ~changed) / (np.count_nonzero(lost) or 1))
    elsewhere = float(np.count_nonzero(changed & ~lost) / np.count_nonzero(changed))
    if own <= _SAME_BITS or elsewhere <= _SAME_BITS:
        return ""
    return (
        f"{percent(own)} of what the trace calls lost is the reference's own sound and {percent(elsewhere)}"
        " of what is not lies elsewhere"
    )


def _covers(changed: Flags, sounding: Flags, trace: LossTrace) -> bool:
    """Whether what was changed is just what a trace calls lost."""
    lost = trace.mask(len(changed)) & sounding
    apart = np.count_nonzero(lost != changed)
    return bool(apart <= 2 * _FITS * np.count_nonzero(changed))


@dataclass(frozen=True, eq=False)
class _Evidence:
    """What the lossy file itself tells of its losses.

    Parameters
    ----------
    zeros
        Frames in stretches of exact zeros that look like losses.
    silent
        Frames that are exactly zero, for whatever reason.
    same
        Sounding frames that are the reference's own, to the bit.
    pauses
        Frames in which the reference is quiet.
    """

    zeros: Flags
    silent: Flags
    same: Flags
    sounding: Flags
    pauses: Flags
    rate: int

    @classmethod
    def of(cls, lossy: Signal, reference: Signal | None, trace: LossTrace) -> _Evidence:
        size = trace.grid.length if trace.grid is not None else max(1, round(0.02 * lossy.rate))
        found = detect_losses(lossy, size, reference).trace
        silent = in_pieces(_zero, lossy.samples)
        zeros = found.mask(lossy.frames) & silent
        if not silent.all():  # what a codec or a jitter buffer puts before the sound is no loss
            zeros[: int(silent.argmin())] = zeros[len(zeros) - 1 - int(silent[::-1].argmin()) :] = False
        if np.count_nonzero(zeros) < LEAST_ZERO_SECONDS * lossy.rate:
            zeros = np.zeros_like(zeros)
        sounding, same, pauses = np.zeros_like(silent), np.zeros_like(silent), np.zeros_like(silent)
        if reference is not None and reference.channels == lossy.channels:
            count = min(reference.frames, lossy.frames)
            clean, damaged = (stretch(each.samples, 0, count) for each in (reference, lossy))
            sounding[:count] = in_pieces(_sounds, clean)
            zeros[:count] &= ~_coded_as_zero(clean, lossy.rate)
            pauses[:count] = _pauses(clean, lossy.rate)
            same[:count] = sounding[:count] & in_pieces(_same, clean, damaged)
        return cls(zeros, silent, same, sounding, pauses, lossy.rate)

    def received_zeros(self, lost: Flags) -> tuple[float, float]:
        """Return which share of lost-looking zeros a trace calls received, and how many of each stretch."""
        zeros = self.zeros & ~self._unsent(lost) & ~self._of_decoder(lost)
        count, received = np.count_nonzero(zeros), np.count_nonzero(zeros & ~lost)
        return (received / count, received / len(runs_of(zeros))) if count else (0.0, 0.0)

    @cached_property
    def coded(self) -> bool:
        """Whether hardly anything that is heard is the reference's own to the bit."""
        heard = np.count_nonzero(self.sounding & ~self.silent)
        return bool(heard and np.count_nonzero(self.same) <= _MOST_SAME * heard)

    def tells_nothing(self, trace: LossTrace) -> bool:
        """Whether a codec is in the way, and hardly anything of what was lost is exactly zero."""
        lost = np.count_nonzero(trace.mask(len(self.zeros)))
        return self.coded and bool(np.count_nonzero(self.zeros) < _FEW_ZEROS * lost)

    def _of_decoder(self, lost: Flags) -> Flags:
        """Return zeros with which a decoder answered a loss: later than it, by its delay, and fewer.

        They begin within what was lost, when its filters or what it conceals have died away, or are but a
        small part of all that was lost, where a decoder falls silent now and then.
        """
        made = np.zeros_like(lost)
        if not self.coded:
            return made
        few = np.count_nonzero(self.zeros) < _FEW_ZEROS * np.count_nonzero(lost)
        if few and np.count_nonzero(self.zeros & lost) >= _MOSTLY * np.count_nonzero(self.zeros):
            return self.zeros
        gaps = np.array(runs_of(lost), np.int64).reshape(-1, 2)
        beside, most = round(_BESIDE_SECONDS * self.rate), round(_DECODER_SECONDS * self.rate)
        for start, stop in runs_of(self.zeros):
            at = int(np.searchsorted(gaps[:, 0], start, "right")) - 1
            if at < 0:
                continue
            first, last = gaps[at]
            within = first + beside < start < last + most and stop <= last + most
            made[start:stop] = within and stop - start < last - first - beside
        return made

    def _unsent(self, lost: Flags) -> Flags:
        """Return stretches of zeros that are no loss which a trace misses, but silence of another kind.

        With a reference, those in its pauses, which a noise gate made. With none, nothing tells whether sound
        is missing there: long ones, where all that was lost is zero, too, so that the caller sent nothing.
        """
        unsent, known = np.zeros_like(lost), bool(self.sounding.any())
        sounding_lost, most = np.count_nonzero(lost & ~self.silent), _FITS * np.count_nonzero(lost)
        if not known and (not lost.any() or sounding_lost > most):
            return unsent
        least = (_GATED_SECONDS if known else _UNSENT_SECONDS) * self.rate
        for start, stop in runs_of(self.zeros & ~lost):
            quiet = not known or float(self.pauses[start:stop].mean()) >= 1 - _FITS
            unsent[start:stop] = stop - start >= least and quiet
        return unsent

    def untouched(self, lost: Flags) -> float:
        """Return the share of what a trace calls lost that is the reference's own sound."""
        count = np.count_nonzero(lost & self.sounding)
        return float(np.count_nonzero(lost & self.same) / count) if count else 0.0

    def against(self, trace: LossTrace) -> str:
        """Return what speaks against a trace; empty for nothing."""
        lost = trace.mask(len(self.zeros))
        (received, beside), untouched = self.received_zeros(lost), self.untouched(lost)
        told = []
        known = bool(self.sounding.any())
        ragged = known and beside > _BESIDE_SECONDS * trace.rate
        if received > (_TOO_MANY if known else _TOO_MANY_UNKNOWN) or ragged:
            told.append(f"{percent(received)} of the exact zeros in the lossy file are received by the trace")
        if untouched > _SAME_BITS:
            told.append(f"{percent(untouched)} of what it calls lost is the reference's own sound")
        return " and ".join(told)

    def fits(self, trace: LossTrace) -> bool:
        """Whether a reading of the trace agrees with the file."""
        lost = trace.mask(len(self.zeros))
        sounding_lost = np.count_nonzero(lost)
        zero = np.count_nonzero(lost & self.silent) if self.zeros.any() else sounding_lost
        received, beside = self.received_zeros(lost)
        return bool(
            sounding_lost
            and received <= _FITS
            and beside <= _BESIDE_SECONDS / 2 * trace.rate
            and self.untouched(lost) <= _FITS
            and zero >= (1 - _FITS) * sounding_lost
        )


def _zero(samples: Samples) -> Flags:
    return np.asarray(~samples.any(axis=1))


def _sounds(samples: Samples) -> Flags:
    return np.asarray((np.abs(samples) > SOUNDING).any(axis=1))


def _same(samples: Samples, others: Samples) -> Flags:
    return np.asarray((np.abs(samples - others) < _HALF_A_STEP).all(axis=1))


def _differs(samples: Samples, others: Samples) -> Flags:
    return np.asarray((np.abs(samples - others) >= _HALF_A_STEP).any(axis=1))


def _coded_as_zero(samples: Samples, rate: int) -> Flags:
    """Return where a reference is so quiet for 5 ms that mu-law makes exact zeros of it."""
    size = max(1, round(0.005 * rate))

    def quiet(piece: Samples) -> Flags:
        peaks = np.abs(piece).max(axis=1, initial=0.0)
        blocks = np.pad(peaks, (0, -len(peaks) % size)).reshape(-1, size).max(axis=1)
        return np.asarray(np.repeat(blocks <= _MU_LAW_ZERO, size)[: len(peaks)], np.bool_)

    return in_pieces(quiet, samples, step=size)


def _pauses(samples: Samples, rate: int) -> Flags:
    """Return where a reference is so quiet for 20 ms that a noise gate may have made zeros of it."""
    size = max(1, round(0.02 * rate))

    def powers(piece: Samples) -> npt.NDArray[np.float64]:
        power = (piece.astype(np.float64) ** 2).mean(axis=1)
        found = np.pad(power, (0, -len(power) % size)).reshape(-1, size).mean(axis=1)
        return np.asarray(found, np.float64)

    blocks = in_pieces(powers, samples, step=size)
    if not blocks.size:
        return np.zeros(0, np.bool_)
    quiet = blocks < np.percentile(blocks, 95) * 10 ** (-_PAUSE_DB / 10)
    return np.asarray(np.repeat(quiet, size)[: len(samples)], np.bool_)


def _readings(opened: OpenClip, trace: LossTrace) -> Iterator[tuple[str, Change, LossTrace]]:
    """Give other ways to take a trace: polarity, packet length, offset, and turned round with these."""
    clip = opened.clip
    if trace.grid is None:
        return
    size, rate, frames = trace.grid.length, trace.rate, trace.frames
    for inverted in (True, False):
        flags = ~trace.lost if inverted else trace.lost
        turned = LossTrace.of_packets(flags, size, rate, offset=trace.grid.offset).fitted(frames)
        change = Change(
            inverted=not clip.trace_inverted if inverted else None, option="--inverted" * inverted
        )
        words = "turned round" if inverted else ""
        if inverted:
            yield "it fits turned round: 1 means received", change, turned
        for other in dict.fromkeys([*(round(ms * rate / 1000) for ms in _USUAL_MS), *_USUAL_FRAMES]):
            if other == size or not other:
                continue
            longer = LossTrace.of_packets(flags, other, rate).fitted(frames)
            length = f"packets of {1000 * other / rate:.4g} ms ({other} frames)"
            option = f"--packet-ms {1000 * other / rate:.6g}" + " --inverted" * inverted
            told = f"it fits {' and '.join(filter(None, (words, 'with ' + length)))}"
            yield told, replace(change, packet_frames=other, option=option), longer
        lag = _best_shift(turned, opened)
        if lag:
            where = f"{abs(lag)} frames {'later' if lag > 0 else 'earlier'}"
            moved = replace(change, trace_shift=clip.trace_shift + lag, option="")
            yield f"it fits {' and '.join(filter(None, (words, where)))}", moved, shifted(turned, lag)


def _best_shift(trace: LossTrace, opened: OpenClip) -> int:
    """Return by how many frames later the losses lie in the lossy file than a trace says."""
    from scipy.signal import correlate

    assert opened.lossy is not None
    silent = in_pieces(_zero, opened.lossy.samples)
    lost = trace.mask(len(silent))
    most = min(round(_FURTHEST_SECONDS * trace.rate), len(silent) - 1)
    a, b = silent.astype(np.float32) - silent.mean(), lost.astype(np.float32) - lost.mean()
    found = correlate(a, b, mode="full", method="fft")
    middle = len(b) - 1
    return int(np.argmax(found[middle - most : middle + most + 1])) - most
