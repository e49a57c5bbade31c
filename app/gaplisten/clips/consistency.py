"""Whether a clip's reference, lossy file, trace and versions belong together; if not, what would.

Right set-ups are not called wrong: where a codec is in the way, what counts is how the energy moves; lossy
files that are not exactly zero where they were lost say nothing about the trace.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

import numpy as np

from gaplisten.audio.resample import resample
from gaplisten.audio.signal import Samples, Signal
from gaplisten.clips.arrangement import Layout, Part
from gaplisten.clips.clip import Clip, OpenClip, PacketLength
from gaplisten.clips.likeness import ALIKE, SECONDS, alike_in_blocks, likeness_of_files
from gaplisten.clips.names import Role
from gaplisten.clips.traces import shifted
from gaplisten.loss.detect import detect_losses
from gaplisten.loss.measures.received import share_followed
from gaplisten.loss.trace import Flags, LossTrace, Origin, runs_of

UNLIKE = 0.55
MOST_SECONDS = 120.0
"""So much of a clip is checked, from its beginning on."""
_WAVEFORM_ALIKE = 0.5
_EQUAL = 0.9  # share of received samples that are the reference's own
_TOO_MANY, _TOO_MANY_UNKNOWN = 0.05, 0.25  # share of zeros that a trace may call received; with no reference
_FITS = 0.05
_LEAST_APART, _MOST_APART = 0.002, 0.7  # share of the sound in which two versions differ
_BESIDE_SECONDS = 0.002
_MOST_CHANGED = 0.6  # share of the sound that is not the reference's own, where no codec is in the way
_SAME_BITS = 0.5  # share of lost samples that may be the reference's own
_LEAST_ZERO_SECONDS = 0.01
_SOUNDING = 8 / 32768
_MU_LAW_ZERO = 4 / 32768  # up to half its smallest step
_MOST_CANDIDATES = 200
_FOLLOWED = 0.55  # share of received sound that is found: 0.1 to 0.4 in other speech, 0.8 with drift
_USUAL_MS = (20.0, 10.0, 5.0, 2.5, 30.0, 40.0, 60.0)
_USUAL_FRAMES = (512, 256, 1024, 128)
_FURTHEST_SECONDS = 0.5  # how far a trace may lie beside its sound


@dataclass(frozen=True)
class Change:
    """What would make a clip fit; None for what stays.

    Parameters
    ----------
    option
        What to type to the same end on the command line; empty where no option does it.
    """

    reference: Path | None = None
    swapped: bool = False
    inverted: bool | None = None
    packet_frames: int | None = None
    trace_shift: int | None = None
    option: str = ""

    def of_all(self, layout: Layout) -> Layout | None:
        """Return a layout with which all clips are changed; None where the change is of one clip only."""
        if self.reference is not None:
            return None
        parts = tuple(self._of_part(part) for part in layout.parts)
        packet = layout.packet if self.packet_frames is None else PacketLength(frames=self.packet_frames)
        return Layout(parts, layout.manifest, packet)

    def _of_part(self, part: Part) -> Part:
        exchanged = {Role.REFERENCE: Role.LOSSY, Role.LOSSY: Role.REFERENCE}
        if self.swapped and part.role in exchanged:
            return replace(part, role=exchanged[part.role], name="", why="as chosen")
        if part.role is Role.TRACE and not part.of:
            inverted = part.trace_inverted if self.inverted is None else self.inverted
            shift = part.trace_shift if self.trace_shift is None else self.trace_shift
            return replace(part, trace_inverted=inverted, trace_shift=shift)
        return part

    def of(self, clip: Clip) -> Clip:
        """Return the clip changed."""
        changed = clip
        if self.reference is not None:
            changed = replace(changed, reference=self.reference)
        if self.swapped:
            changed = replace(changed, reference=clip.lossy, lossy=clip.reference)
        if self.inverted is not None:
            changed = replace(changed, trace_inverted=self.inverted)
        if self.packet_frames is not None:
            changed = replace(changed, packet_frames=self.packet_frames)
        if self.trace_shift is not None:
            changed = replace(changed, trace_shift=self.trace_shift)
        return changed


@dataclass(frozen=True)
class Doubt:
    """Something that does not fit.

    Parameters
    ----------
    kind
        ``reference``, ``swapped``, ``channels``, ``trace`` or ``condition``.
    about
        Which version: ``reference``, ``trace`` or a condition's name.
    fact
        What does not fit.
    cure
        What would, in words; empty where nothing was found.
    change
        The same to be done.
    """

    kind: str
    about: str
    fact: str
    cure: str = ""
    change: Change | None = None

    def __str__(self) -> str:
        """Return fact and cure as one sentence."""
        return f"{self.fact}; {self.cure}" if self.cure else self.fact

    @property
    def touches_all(self) -> bool:
        """Whether numbers of every version follow from it, not those of one condition only."""
        return self.kind != "condition"


def doubts_about(opened: OpenClip, others: Mapping[str, Path] = MappingProxyType({})) -> tuple[Doubt, ...]:
    """Check a clip.

    Parameters
    ----------
    others
        References of other clips by their names, among which the right one may be.
    """
    opened = _beginning(opened)
    return (*_about_channels(opened), *_about_reference(opened, others), *_about_trace(opened))


def _beginning(opened: OpenClip) -> OpenClip:
    """Return a clip with no more sound than is checked: an hour takes no longer than a minute or two."""

    def cut(signal: Signal | None) -> Signal | None:
        most = 0 if signal is None else round(MOST_SECONDS * signal.rate)
        return (
            signal if signal is None or signal.frames <= most else Signal(signal.samples[:most], signal.rate)
        )

    versions = {name: part for name, each in opened.conditions.items() if (part := cut(each)) is not None}
    return replace(opened, reference=cut(opened.reference), lossy=cut(opened.lossy), conditions=versions)


def _about_channels(opened: OpenClip) -> Iterator[Doubt]:
    """Notice two versions of one sound in the channels of a file: equal to the bit but for some stretches."""
    signal, path = opened.reference or opened.lossy, opened.clip.reference or opened.clip.lossy
    if signal is None or signal.channels != 2 or path is None:
        return
    samples = signal.samples[: round(SECONDS * signal.rate)]
    sounding = (np.abs(samples) > _SOUNDING).any(axis=1)
    apart = np.abs(samples[:, 0] - samples[:, 1]) >= 0.5 / 32768
    heard = np.count_nonzero(sounding)
    share = np.count_nonzero(apart & sounding) / heard if heard else 0.0
    if not _LEAST_APART < share < _MOST_APART:
        return  # one sound twice, or real stereo
    # What crosses within a stretch does not end it.
    size = max(1, round(0.005 * signal.rate))
    blocks = apart[: len(apart) // size * size].reshape(-1, size).mean(axis=1) > 0.5
    stretches = len(runs_of(np.asarray(blocks, np.bool_)))
    if not stretches:
        return
    fact = (
        f"left and right are equal but for {stretches} stretches ({_percent(share)}): they seem to be two"
        " versions of one sound"
    )
    name = path.stem
    cure = f"split them: sox {path.name} {name}_left.wav remix 1, and {name}_right.wav remix 2"
    yield Doubt("channels", "reference", fact, cure)


# -- reference, lossy file and conditions ---------------------------------------------------------


def _about_reference(opened: OpenClip, others: Mapping[str, Path]) -> Iterator[Doubt]:
    reference, lossy = opened.reference, opened.lossy if opened.clip.lossy else None
    versions = {**({"lossy": lossy} if lossy is not None else {}), **opened.conditions}
    if reference is None:
        yield from _about_each_other(versions)
        return
    if lossy is not None and _swapped(reference, lossy):
        fact = "the reference is exactly zero where the lossy file is not: they seem to be exchanged"
        yield Doubt("swapped", "reference", fact, "exchange them", Change(swapped=True))
        return
    belongs = {
        name: _belong(reference, signal, opened.trace if name == "lossy" else None)
        for name, signal in versions.items()
    }
    unlike = [
        name
        for name, same in belongs.items()
        if same is False and not (name != "lossy" and _drifts(reference, versions[name], opened.trace))
    ]
    if not unlike:
        return
    wrong = "lossy" in unlike or (lossy is None and len(unlike) == len(versions))
    if wrong and len(unlike) == len(versions) > 1 and not _any_alike(list(versions.values())):
        fact = (
            "no two of its versions sound alike: folders and files of the set may be read the wrong way round"
        )
        yield Doubt("reference", "reference", fact, "change which part of the names is the clip")
        return
    if wrong:
        yield _wrong_reference(opened, "lossy file" if "lossy" in unlike else "conditions", others)
        return
    for name in unlike:
        yield Doubt("condition", name, f"{name} sounds like something else than the reference")


def _about_each_other(versions: Mapping[str, Signal]) -> Iterator[Doubt]:
    """With no reference, versions that sound like none of the others are odd."""
    if len(versions) < 2:
        return
    names = list(versions)
    same = {name: [_belong(versions[name], versions[o], None) for o in names if o != name] for name in names}
    if all(False in found and True not in found for found in same.values()):
        fact = (
            "no two of its versions sound alike: folders and files of the set may be read the wrong way round"
        )
        yield Doubt("reference", "reference", fact, "change which part of the names is the clip")
        return
    for name, found in same.items():
        if name != "lossy" and found and all(each is False for each in found):
            yield Doubt("condition", name, f"{name} sounds like something else than the other versions")


def _wrong_reference(opened: OpenClip, what: str, others: Mapping[str, Path]) -> Doubt:
    fact = f"the {what} and the reference do not sound alike: it is the reference of something else"
    clip = opened.clip
    heard = clip.lossy or (clip.conditions[0].path if clip.conditions else None)
    best, most, whose = None, ALIKE, ""
    for name, path in list(others.items())[:_MOST_CANDIDATES]:
        if heard is None or path == clip.reference:
            continue
        found = likeness_of_files(path, heard)
        if not math.isnan(found) and found > most:
            best, most, whose = path, found, name
    if best is None:
        return Doubt(
            "reference", "reference", fact, "choose the right one with --reference or --reference-folder"
        )
    cure = f"that of {whose} fits: {best}"
    return Doubt("reference", "reference", fact, cure, Change(reference=best, option=f"--reference {best}"))


def _swapped(reference: Signal, lossy: Signal) -> bool:
    """Whether the reference is zero where the lossy file sounds, and never the other way round."""
    count = min(reference.frames, lossy.frames)
    if reference.rate != lossy.rate or not count:
        return False
    size = max(1, round(0.005 * reference.rate))
    silent, sounding = _silent(reference.samples[:count], size), _silent(lossy.samples[:count], size)
    only_reference = np.count_nonzero(silent & ~sounding)
    only_lossy = np.count_nonzero(sounding & ~silent)
    return bool(only_reference * size >= 2 * _LEAST_ZERO_SECONDS * reference.rate and not only_lossy)


def _silent(samples: Samples, size: int) -> Flags:
    whole = samples[: len(samples) // size * size]
    return np.asarray(~whole.any(axis=1).reshape(-1, size).any(axis=1))


def _any_alike(signals: Sequence[Signal]) -> bool:
    return any(
        _belong(first, second, None) is not False
        for index, first in enumerate(signals)
        for second in signals[index + 1 :]
    )


def _belong(reference: Signal, version: Signal, trace: LossTrace | None) -> bool | None:
    """Whether a version is one of that reference; None where too little sound tells."""
    if version.rate != reference.rate:
        version = resample(version, reference.rate)
    most = round(SECONDS * reference.rate)
    a, b = reference.mono[:most], version.mono[:most]
    count = min(len(a), len(b))
    received = np.abs(a[:count]) > _SOUNDING
    received &= b[:count] != 0
    if trace is not None and trace.rate == reference.rate:
        received &= ~trace.mask(max(count, 1))[:count]
    if np.count_nonzero(received) < 0.05 * reference.rate:
        return None
    equal = np.count_nonzero(np.abs(a[:count] - b[:count])[received] < 1e-4)
    if equal >= _EQUAL * np.count_nonzero(received):
        return True
    likeness = alike_in_blocks(Signal.of(a, reference.rate), Signal.of(b, reference.rate))
    if math.isnan(likeness):
        return None
    if likeness >= UNLIKE:
        return True
    return _waveform_alike(a, b, received)


def _drifts(reference: Signal, version: Signal, trace: LossTrace | None) -> bool:
    """Whether a version is the reference's after all, but later (or earlier) from gap to gap."""
    if trace is None or not version.rate == reference.rate == trace.rate:
        return False
    return share_followed(reference, version, trace) >= _FOLLOWED


def _waveform_alike(a: Samples, b: Samples, received: Flags) -> bool:
    """Whether two sounds correlate at some delay: what does not move in energy (tones) still may."""
    from scipy.signal import correlate

    count = len(received)
    kept, other = np.where(received, a[:count], 0.0), b[:count]
    found = np.abs(correlate(other, kept, mode="full", method="fft")).max()
    norm = float(np.sqrt((kept**2).sum() * (other**2).sum()))
    return bool(norm > 0 and found / norm > _WAVEFORM_ALIKE)


# -- the trace ------------------------------------------------------------------------------------


def _about_trace(opened: OpenClip) -> Iterator[Doubt]:
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
        return
    readings = ((words, change) for words, change, tried in _readings(opened, trace) if evidence.fits(tried))
    found = next(readings, None)
    if found is None:
        yield Doubt("trace", "trace", told, "it may belong to another clip, packet length or start")
        return
    yield Doubt("trace", "trace", told, *found)


def _about_trace_by_versions(opened: OpenClip, trace: LossTrace) -> Iterator[Doubt]:
    """Compare a trace with versions that are the reference's own sound but for their gaps."""
    reference = opened.reference
    if reference is None or reference.rate != trace.rate:
        return
    for name, version in opened.conditions.items():
        if name in opened.own_traces or version.rate != trace.rate or version.channels != reference.channels:
            continue
        count = min(reference.frames, version.frames)
        clean, made = reference.samples[:count], version.samples[:count]
        sounding = np.asarray((np.abs(clean) > _SOUNDING).any(axis=1))
        changed = sounding & (np.abs(clean - made) >= 0.5 / 32768).any(axis=1)
        size = np.count_nonzero(changed)
        if not _LEAST_ZERO_SECONDS * trace.rate <= size <= _MOST_CHANGED * np.count_nonzero(sounding):
            continue  # nothing was lost, or a codec is in the way
        told = _told_by(changed, sounding, trace)
        if not told:
            continue
        shown = Signal.of(np.where(changed, 0.0, 1.0).astype(np.float32), trace.rate)
        readings = _readings(replace(opened, lossy=shown), trace)
        cure = "it may belong to another clip, packet length or start"
        fits = ((words, change) for words, change, tried in readings if _covers(changed, sounding, tried))
        yield Doubt("trace", "trace", f"{told} in {name}", *next(fits, (cure, None)))
        return


def _told_by(changed: Flags, sounding: Flags, trace: LossTrace) -> str:
    """Return what speaks against a trace: its losses are untouched, and what was changed lies elsewhere."""
    lost = trace.mask(len(changed)) & sounding
    own = float(np.count_nonzero(lost & ~changed) / (np.count_nonzero(lost) or 1))
    elsewhere = float(np.count_nonzero(changed & ~lost) / np.count_nonzero(changed))
    if own <= _SAME_BITS or elsewhere <= _SAME_BITS:
        return ""
    return (
        f"{_percent(own)} of what the trace calls lost is the reference's own sound and {_percent(elsewhere)}"
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
    """

    zeros: Flags
    silent: Flags
    same: Flags
    sounding: Flags

    @classmethod
    def of(cls, lossy: Signal, reference: Signal | None, trace: LossTrace) -> _Evidence:
        size = trace.grid.length if trace.grid is not None else max(1, round(0.02 * lossy.rate))
        found = detect_losses(lossy, size, reference).trace
        silent = np.asarray(~lossy.samples.any(axis=1))
        zeros = found.mask(lossy.frames) & silent
        heard = np.flatnonzero(~silent)
        if heard.size:  # what a codec or a jitter buffer puts before the sound is no loss
            zeros[: heard[0]] = zeros[heard[-1] :] = False
        if np.count_nonzero(zeros) < _LEAST_ZERO_SECONDS * lossy.rate:
            zeros = np.zeros_like(zeros)
        sounding, same = np.zeros_like(silent), np.zeros_like(silent)
        if reference is not None and reference.channels == lossy.channels:
            count = min(reference.frames, lossy.frames)
            clean, damaged = reference.samples[:count], lossy.samples[:count]
            sounding[:count] = (np.abs(clean) > _SOUNDING).any(axis=1)
            zeros[:count] &= ~_coded_as_zero(clean, lossy.rate)
            same[:count] = sounding[:count] & (np.abs(clean - damaged) < 0.5 / 32768).all(axis=1)
        return cls(zeros, silent, same, sounding)

    def received_zeros(self, lost: Flags) -> float:
        """Return the share of lost-looking zeros that a trace calls received."""
        count = np.count_nonzero(self.zeros)
        return float(np.count_nonzero(self.zeros & ~lost) / count) if count else 0.0

    def beside(self, lost: Flags) -> float:
        """Return how many frames of a stretch of zeros a trace calls received, on average."""
        stretches = len(runs_of(self.zeros))
        return float(np.count_nonzero(self.zeros & ~lost) / stretches) if stretches else 0.0

    def untouched(self, lost: Flags) -> float:
        """Return the share of what a trace calls lost that is the reference's own sound."""
        count = np.count_nonzero(lost & self.sounding)
        return float(np.count_nonzero(lost & self.same) / count) if count else 0.0

    def against(self, trace: LossTrace) -> str:
        """Return what speaks against a trace; empty for nothing."""
        lost = trace.mask(len(self.zeros))
        received, untouched = self.received_zeros(lost), self.untouched(lost)
        told = []
        known = bool(self.sounding.any())
        beside = known and self.beside(lost) > _BESIDE_SECONDS * trace.rate
        if received > (_TOO_MANY if known else _TOO_MANY_UNKNOWN) or beside:
            told.append(
                f"{_percent(received)} of the exact zeros in the lossy file are received by the trace"
            )
        if untouched > _SAME_BITS:
            told.append(f"{_percent(untouched)} of what it calls lost is the reference's own sound")
        return " and ".join(told)

    def fits(self, trace: LossTrace) -> bool:
        """Whether a reading of the trace agrees with the file."""
        lost = trace.mask(len(self.zeros))
        sounding_lost = np.count_nonzero(lost)
        zero = np.count_nonzero(lost & self.silent) if self.zeros.any() else sounding_lost
        return bool(
            sounding_lost
            and self.received_zeros(lost) <= _FITS
            and self.beside(lost) <= _BESIDE_SECONDS / 2 * trace.rate
            and self.untouched(lost) <= _FITS
            and zero >= (1 - _FITS) * sounding_lost
        )


def _coded_as_zero(samples: Samples, rate: int) -> Flags:
    """Return where a reference is so quiet for 5 ms that mu-law makes exact zeros of it."""
    peaks = np.abs(samples).max(axis=1, initial=0.0)
    size = max(1, round(0.005 * rate))
    blocks = np.pad(peaks, (0, -len(peaks) % size)).reshape(-1, size).max(axis=1)
    return np.asarray(np.repeat(blocks <= _MU_LAW_ZERO, size)[: len(peaks)], np.bool_)


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.1 else f"{100 * share:.2g} %"


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
    silent = np.asarray(~opened.lossy.samples.any(axis=1))
    lost = trace.mask(len(silent))
    most = min(round(_FURTHEST_SECONDS * trace.rate), len(silent) - 1)
    a, b = silent.astype(np.float32) - silent.mean(), lost.astype(np.float32) - lost.mean()
    found = correlate(a, b, mode="full", method="fft")
    middle = len(b) - 1
    return int(np.argmax(found[middle - most : middle + most + 1])) - most
