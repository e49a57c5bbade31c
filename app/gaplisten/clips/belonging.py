"""Whether a clip's reference, lossy file and versions are of one sound.

Where a codec is in the way, what counts is how the energy moves.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path

import numpy as np

from gaplisten.audio.longfile import stretch
from gaplisten.audio.resample import resample
from gaplisten.audio.signal import Samples, Signal, in_pieces
from gaplisten.clips.clip import OpenClip
from gaplisten.clips.doubts import LEAST_ZERO_SECONDS, SOUNDING, Change, Doubt, percent
from gaplisten.clips.likeness import ALIKE, SECONDS, are_alike_in_blocks, likeness_of_files
from gaplisten.loss.measures.received import share_followed
from gaplisten.loss.trace import Flags, LossTrace, runs_of

UNLIKE = 0.55
_WAVEFORM_ALIKE = 0.5
_EQUAL = 0.9  # share of received samples that are the reference's own
_LEAST_APART, _MOST_APART = 0.002, 0.7  # share of the sound in which two versions differ
_MOST_CANDIDATES = 200
_FOLLOWED = 0.55  # share of received sound that is found: 0.1 to 0.4 in other speech, 0.8 with drift


def about_reference(opened: OpenClip, others: Mapping[str, Path]) -> Iterator[Doubt]:
    """Notice a reference of something else, one exchanged with the lossy file, and odd versions."""
    reference, lossy = opened.reference, opened.lossy if opened.clip.lossy else None
    versions = opened.versions
    if reference is None:
        yield from _about_each_other(versions)
        return
    if lossy is not None and _swapped(reference, lossy):
        fact = "the reference is exactly zero where the lossy file is not: they seem to be exchanged"
        yield Doubt("swapped", "reference", fact, "exchange them", Change(swapped=True))
        return
    # Of what a wrong trace calls received little may have come: then all of it counts.
    received = _belong(reference, lossy, opened.trace) if lossy is not None else None
    unlike = [
        name
        for name, signal in versions.items()
        if (name != "lossy" or received is False)
        and _belong(reference, signal, None) is False
        and not (name != "lossy" and _drifts(reference, versions[name], opened.trace))
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
    for name, path in islice(others.items(), _MOST_CANDIDATES):
        if heard is None or path == clip.reference:
            continue
        found = likeness_of_files(path, heard, clip.reading)
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
    silent, sounding = (_silent(stretch(each.samples, 0, count), size) for each in (reference, lossy))
    only_reference = np.count_nonzero(silent & ~sounding)
    only_lossy = np.count_nonzero(sounding & ~silent)
    return bool(only_reference * size >= 2 * LEAST_ZERO_SECONDS * reference.rate and not only_lossy)


def _silent(samples: Samples, size: int) -> Flags:
    whole = stretch(samples, 0, len(samples) // size * size)

    def silent(piece: Samples) -> Flags:
        return np.asarray(~piece.any(axis=1).reshape(-1, size).any(axis=1))

    return in_pieces(silent, whole, step=size)


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
    a, b = (Signal(each.samples[:most], each.rate).mono for each in (reference, version))
    count = min(len(a), len(b))
    received = np.abs(a[:count]) > SOUNDING
    received &= b[:count] != 0
    if trace is not None and trace.rate == reference.rate:
        received &= ~trace.mask(max(count, 1))[:count]
    if np.count_nonzero(received) < 0.05 * reference.rate:
        return None
    equal = np.count_nonzero(np.abs(a[:count] - b[:count])[received] < 1e-4)
    if equal >= _EQUAL * np.count_nonzero(received):
        return True
    alike = are_alike_in_blocks(Signal.of(a, reference.rate), Signal.of(b, reference.rate), UNLIKE)
    return _waveform_alike(a, b, received) if alike is False else alike


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


def about_channels(opened: OpenClip) -> Iterator[Doubt]:
    """Notice two versions of one sound in the channels of a file: equal to the bit but for some stretches."""
    signal, path = opened.reference or opened.lossy, opened.clip.reference or opened.clip.lossy
    if signal is None or signal.channels != 2 or path is None:
        return
    samples = signal.samples[: round(SECONDS * signal.rate)]
    sounding = (np.abs(samples) > SOUNDING).any(axis=1)
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
        f"left and right are equal but for {stretches} stretches ({percent(share)}): they seem to be two"
        " versions of one sound"
    )
    name = path.stem
    cure = f"split them: sox {path.name} {name}_left.wav remix 1, and {name}_right.wav remix 2"
    yield Doubt("channels", "reference", fact, cure)
