"""Reading a clip's files onto one clock; what cannot be used becomes a sentence, not a failure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from gaplisten.audio.channels import Reading
from gaplisten.audio.files import ManyChannelsError, SoundInfo, probe, read_all, signal_notes
from gaplisten.audio.resampled import at_rate
from gaplisten.audio.signal import Signal
from gaplisten.clips.clip import Clip, ConditionFile, OpenClip
from gaplisten.clips.traces import own_trace_of, packet_at, trace_of
from gaplisten.errors import GaplistenError
from gaplisten.jobs import Job
from gaplisten.loss.detect import detect_losses
from gaplisten.loss.trace import Grid, LossTrace, apply_loss


@dataclass
class _Findings:
    """What is said about a clip while it is read."""

    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    resampled: set[str] = field(default_factory=set)
    wide: list[tuple[Path, int]] = field(default_factory=list)


def open_clip(clip: Clip, job: Job | None = None, read: Callable[[SoundInfo], Signal] = read_all) -> OpenClip:
    """Read a clip's sound and trace.

    Parameters
    ----------
    job
        Reports progress and can stop the reading between two files.
    read
        Reads a file: `audio.in_place.read_in_place` leaves most of a long one for later.

    Returns
    -------
    clip
        Missing and unusable files are None or left out; each unusable one has its sentence in ``problems``.
    """
    job = job or Job()
    said = _Findings()
    steps = 2 + len(clip.conditions)
    job.check(0.0, f"reading {clip.name}")
    reference = _read(clip.reference, clip.reading, said, read)
    job.check(1 / steps)
    lossy = _read(clip.lossy, clip.reading, said, read)
    conditions: dict[str, Signal] = {}
    for index, condition in enumerate(clip.conditions, 2):
        job.check(index / steps, f"reading {clip.name}, {condition.name}")
        signal = _read(condition.path, clip.reading, said, read)
        if signal is not None:
            conditions[condition.name] = signal
    clock = reference or lossy or next(iter(conditions.values()), None)
    rate = clock.rate if clock else 0
    trace = _trace(clip, clock, reference, lossy, said) if clock else None
    reference, lossy = _to(reference, rate, "reference", said), _to(lossy, rate, "lossy", said)
    if lossy is None and reference is not None and trace is not None and clip.lossy is None:
        lossy = apply_loss(reference, trace)
        said.notes.append("there is no lossy file: it was made by zeroing the lost packets of the reference")
    on_clock = {name: _to(signal, rate, name, said) for name, signal in conditions.items()}
    _compare_lengths(reference, {"lossy": lossy, **on_clock}, said)
    own = {
        each.name: _own_trace(clip, each, clock, trace, said)
        for each in clip.conditions
        if clock is not None and each.trace is not None and each.name in conditions
    }
    job.check(1.0)
    return OpenClip(
        clip=clip,
        rate=rate,
        reference=reference,
        lossy=lossy,
        trace=trace,
        conditions={name: signal for name, signal in on_clock.items() if signal is not None},
        problems=tuple(said.problems),
        resampled=frozenset(said.resampled),
        wide=tuple(said.wide),
        notes=tuple(said.notes),
        own_traces={name: found for name, found in own.items() if found is None or found is not trace},
    )


def _read(
    path: Path | None, reading: Reading, said: _Findings, read: Callable[[SoundInfo], Signal]
) -> Signal | None:
    if path is None:
        return None
    try:
        info = probe(path, reading)
        signal = read(info)
        said.notes.extend(f"{path.name}: {note}" for note in (*info.notes, *signal_notes(signal)))
        if info.raw is not None:
            note = f"{path.name} has no header: it is read as {info.raw.words}"
            said.notes += [note] * (note not in said.notes)
    except ManyChannelsError as error:
        said.wide.append((path, error.channels))
        said.problems.append(str(error))
        return None
    except GaplistenError as error:
        said.problems.append(str(error))
        return None
    return signal


def _to(signal: Signal | None, rate: int, name: str, said: _Findings) -> Signal | None:
    if signal is None or signal.rate == rate:
        return signal
    said.resampled.add(name)
    said.notes.append(f"{name} was resampled from {signal.rate} to {rate} Hz")
    return at_rate(signal, rate)


def _compare_lengths(
    reference: Signal | None, versions: Mapping[str, Signal | None], said: _Findings
) -> None:
    for name, version in versions.items():
        if reference is None or version is None or version.frames == reference.frames:
            continue
        frames = version.frames - reference.frames
        word, length = "longer" if frames > 0 else "shorter", 1000 * abs(frames) / reference.rate
        said.notes.append(f"{name} is {abs(frames)} frames ({length:.1f} ms) {word} than the reference")


def _trace(
    clip: Clip, clock: Signal, reference: Signal | None, lossy: Signal | None, said: _Findings
) -> LossTrace | None:
    try:
        written = trace_of(clip, clock.rate, clock.frames)
        if written is not None:
            said.notes.extend(written.notes)
            return written.trace
    except GaplistenError as error:
        said.problems.append(str(error))
        return None
    return None if lossy is None else _detected(clip, clock, reference, lossy, said)


def _own_trace(
    clip: Clip, condition: ConditionFile, clock: Signal, shared: LossTrace | None, said: _Findings
) -> LossTrace | None:
    """Return the losses of one condition; the clip's trace itself where they are the same."""
    try:
        written = own_trace_of(clip, condition, clock.rate, clock.frames)
    except GaplistenError as error:
        said.problems.append(f"losses of {condition.name}: {error}")
        return None
    said.notes.extend(f"losses of {condition.name}: {note}" for note in written.notes)
    found = written.trace
    if shared is not None and shared.grid == found.grid and np.array_equal(shared.spans, found.spans):
        return shared
    said.notes.append(f"{condition.name} has losses of its own ({100 * found.loss_rate:.1f} %)")
    return found


def _detected(
    clip: Clip, clock: Signal, reference: Signal | None, lossy: Signal, said: _Findings
) -> LossTrace | None:
    # On the lossy file's own clock: resampling would ring into the exact zeros.
    try:
        size = packet_at(replace(clip, packet_frames=None) if lossy.rate != clock.rate else clip, lossy.rate)
        found = detect_losses(lossy, size, reference)
        trace = _at_rate(found.trace, clock.rate, size).fitted(clock.frames)
    except (GaplistenError, ValueError) as error:
        said.problems.append(str(error))
        return None
    if trace.has_loss:
        said.notes.append("there is no trace: lost packets were detected from exact zeros")
        said.notes.extend(found.notes)
    else:
        said.notes.append(
            "no losses are known: there is no trace, and nothing in the lossy file is exactly zero"
        )
    return trace


def _at_rate(trace: LossTrace, rate: int, expected: int) -> LossTrace:
    """Bring detected losses to the clip's clock; packets that nobody expected need not be whole there."""
    if trace.rate == rate:
        return trace
    try:
        return trace.at_rate(rate)
    except ValueError:
        if trace.grid == Grid(expected):
            raise
        return replace(trace, grid=None).at_rate(rate)
