"""Whether a clip's reference, lossy file, trace and versions belong together; if not, what would."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import numpy as np

from gaplisten.audio.longfile import stretch
from gaplisten.audio.signal import Signal
from gaplisten.clips.belonging import UNLIKE, about_channels, about_reference
from gaplisten.clips.clip import OpenClip
from gaplisten.clips.doubts import SOUNDING, Change, Doubt
from gaplisten.clips.likeness import ALIKE, alike_in_blocks
from gaplisten.clips.trace_evidence import about_trace
from gaplisten.loss.trace import LossTrace, Origin

__all__ = ["Change", "Doubt", "doubts_about"]

FIRST_SECONDS = 120.0
"""So much of a clip is checked in every respect, from its beginning on."""
_PLACE_SECONDS = 20.0
_MOST_PLACES = 4
_DRIFT_SECONDS = 2.0  # by which clocks may be apart after an hour or more
_HEARD_SECONDS = 6.0  # of a place


def doubts_about(opened: OpenClip, others: Mapping[str, Path] = MappingProxyType({})) -> tuple[Doubt, ...]:
    """Check a clip.

    Of a long one the beginning, then some places over all the rest: whether its trace still fits where the
    lossy file is least like it, and whether the sounds are still those of the reference near the end and in
    the middle. An hour takes little longer than a few minutes.

    Parameters
    ----------
    others
        References of other clips by their names, among which the right one may be.
    """
    first = _part(opened, 0, round(FIRST_SECONDS * opened.rate))
    found = (*about_channels(first), *about_reference(first, others), *about_trace(first))
    if any(doubt.touches_all for doubt in found):
        return found
    return (*found, *_about_sound_later(opened, found), *_about_trace_later(opened, first))


def _about_sound_later(opened: OpenClip, known: Sequence[Doubt]) -> Iterator[Doubt]:
    """Notice sounds that are the reference's at first and something else later; clocks may have drifted."""
    reference = opened.reference
    if reference is None:
        return
    size, begun = round(_PLACE_SECONDS * opened.rate), round(FIRST_SECONDS * opened.rate)
    named = {doubt.about for doubt in known}
    for name, version in opened.versions.items():
        last = min(reference.frames, version.frames) - size
        if name in named or last < begun or version.rate != reference.rate:
            continue
        if not _alike_at(reference, version, 0, size) >= ALIKE:
            continue  # such as tones: how their energy moves tells nothing
        for place in dict.fromkeys(((begun + last) // 2, last)):
            if not _alike_at(reference, version, place, size) < UNLIKE:
                continue
            what = "the lossy file" if name == "lossy" else name
            fact = f"at {place / opened.rate:.0f} s, {what} sounds like something else than the reference"
            cure = "it fits at the beginning: something was cut out, put in or joined in between"
            kind, about = ("reference", "reference") if name == "lossy" else ("condition", name)
            yield Doubt(kind, about, fact, cure)
            break


def _alike_at(reference: Signal, version: Signal, start: int, frames: int) -> float:
    """Return how alike two sounds are at a place; NaN where too little of either is heard."""
    pieces = [Signal(each.samples[start : start + frames], each.rate) for each in (reference, version)]
    least = _HEARD_SECONDS * reference.rate
    for each in pieces:
        if np.count_nonzero(np.abs(each.samples).max(axis=1, initial=0.0) > SOUNDING) < least:
            return math.nan
    return alike_in_blocks(pieces[0], pieces[1], _DRIFT_SECONDS)


def _about_trace_later(opened: OpenClip, first: OpenClip) -> Iterator[Doubt]:
    """Notice a trace that fits at first and no more later: something was cut out there, or joined."""
    trace = opened.trace
    if trace is None or trace.origin is Origin.DETECTED:
        return
    size = round(_PLACE_SECONDS * opened.rate)
    starts = range(round(FIRST_SECONDS * opened.rate), opened.frames, size)
    apart = {start: _differing(opened, trace, start, start + size) for start in starts}
    for place in _places(apart):
        for doubt in about_trace(_part(opened, place, place + size)):
            begin = next(start for start in starts if start == place or 4 * apart[start] >= apart[place] > 0)
            fact = f"from about {begin / opened.rate:.0f} s on, {doubt.fact}"
            if first.trace is not None and first.trace.has_loss:
                cure = "it fits at the beginning: something was cut out, put in or joined in between"
                yield replace(doubt, fact=fact, cure=cure, change=None)
            else:
                yield replace(doubt, fact=fact)
            return


def _places(apart: Mapping[int, int]) -> list[int]:
    """Return where to look, in order: where trace and file differ most, and near the end."""
    most = sorted(apart, key=lambda start: -apart[start])[: _MOST_PLACES - 1]
    return sorted({*most, *list(apart)[-2:-1]})


def _differing(opened: OpenClip, trace: LossTrace, start: int, stop: int) -> int:
    """Count frames that are lost and sound, or are exactly zero and neither lost nor silent."""
    lossy, reference = opened.lossy, opened.reference
    if lossy is None or lossy.rate != trace.rate:
        return 0
    silent = np.asarray(~lossy.samples[start:stop].any(axis=1))
    lost = trace.part(start, start + len(silent)).mask(len(silent)) if len(silent) else silent
    differing = lost != silent
    if reference is not None and reference.rate == trace.rate:
        clean = reference.samples[start : start + len(silent)]
        differing[: len(clean)] &= np.asarray(np.abs(clean).max(axis=1, initial=0.0) > SOUNDING)
    return int(np.count_nonzero(differing))


def _part(opened: OpenClip, start: int, stop: int) -> OpenClip:
    """Return a stretch of a clip, its sounds and its losses; the clip itself where that is all of it.

    Sounds that lie in files are left there: minutes of all lanes at once would be held for seconds only.
    """
    signals = [opened.reference, opened.lossy, *opened.conditions.values()]
    if start == 0 and stop >= max((each.frames for each in signals if each is not None), default=0):
        return opened

    def cut(signal: Signal | None) -> Signal | None:
        return None if signal is None else Signal(stretch(signal.samples, start, stop), signal.rate)

    def cut_trace(trace: LossTrace | None) -> LossTrace | None:
        return None if trace is None else trace.part(start, stop)

    versions = {name: part for name, each in opened.conditions.items() if (part := cut(each)) is not None}
    own = {name: cut_trace(each) for name, each in opened.own_traces.items()}
    return replace(
        opened,
        reference=cut(opened.reference),
        lossy=cut(opened.lossy),
        trace=cut_trace(opened.trace),
        conditions=versions,
        own_traces=own,
    )
