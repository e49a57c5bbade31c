"""What the program does with sound, as functions on arrays."""

from __future__ import annotations

import atexit
import os
import warnings
from collections.abc import Mapping
from functools import cache
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy.typing as npt

from gaplisten.api.arrays import (
    BadArgument,
    GaplistenWarning,
    Gaps,
    as_given,
    signal_of,
    told_trace,
    trace_of,
)
from gaplisten.api.frames import measures_frame
from gaplisten.audio.signal import Samples
from gaplisten.concealers.catalogue import Catalogue
from gaplisten.concealers.errors import ConcealerFailed
from gaplisten.concealers.runner import Runner
from gaplisten.loss import measures
from gaplisten.loss.formats import TraceFile
from gaplisten.loss.formats import read_trace as read_trace_file
from gaplisten.metrics.catalogue import score as score_signal
from gaplisten.metrics.contract import Score

if TYPE_CHECKING:
    import pandas as pd

_VERSION = "version"


@cache
def _runner(_process: int) -> Runner:
    """Return the one process in which a notebook's plugins run; it stays warm and ends with the notebook.

    Parameters
    ----------
    _process
        Who asks: one that was forked has not the threads of its parent's, and would wait for them for ever.
    """
    runner = Runner(workers=1)
    atexit.register(runner.close)
    return runner


def conceal(
    samples: npt.ArrayLike,
    lost: npt.ArrayLike | None,
    rate: int,
    concealer: str | PathLike[str],
    packet_ms: float = 20.0,
    reference: npt.ArrayLike | None = None,
    *,
    gaps: Gaps | None = None,
    **parameters: Any,
) -> Samples:
    """Fill the gaps of received speech.

    The plugin runs in a process of its own, as everywhere in the program; it never sees what lies in lost
    packets, for that is zeroed first.

    Parameters
    ----------
    samples
        What was received: shape ``(frames,)`` or ``(frames, channels)``, floats with full scale ±1.0, or
        int16.
    lost
        One flag per packet, True where it was lost; None where `gaps` says it.
    rate
        In Hz.
    concealer
        Name of a concealer or codec (``gaplisten concealers`` lists them), or a plugin's ``.py`` file.
    packet_ms
        Length of a packet in ms, a whole number of frames; of no account with `gaps`, for which concealers
        work in packets of 10 ms.
    reference
        The undamaged speech in the shape of `samples`, which a codec codes.
    gaps
        Start and stop of each gap in frames, in place of `lost`, for gaps off the packets; none: ``[]``. Two
        that touch are one gap.
    parameters
        Of the concealer, by name; its defaults for the others.

    Returns
    -------
    concealed
        float32, full scale ±1.0, of the shape of `samples`; a declared delay is removed.

    Raises
    ------
    BadArgument
        If arrays do not fit each other, or nothing says what was lost.
    GaplistenError
        If there is no such concealer, a parameter is refused, or the plugin fails (its traceback is a note of
        the exception).

    Warns
    -----
    GaplistenWarning
        With what the plugin printed.

    Examples
    --------
    >>> import gaplisten
    >>> clip = gaplisten.open_clips(gaplisten.demo_folder())["demo1"]
    >>> filled = gaplisten.conceal(clip.lossy, clip.lost, clip.rate, "repeat_fade", mute_after=60)
    >>> filled.shape == clip.lossy.shape
    True
    """
    received = signal_of(samples, rate)
    clean = None if reference is None else signal_of(reference, rate, "reference")
    trace = told_trace(lost, gaps, packet_ms, received.rate, received.frames)
    name = fspath(concealer)
    entry = Catalogue.scan(only=name).get(name)
    if entry.needs_reference and clean is None:
        fact = "codes undamaged speech, and none is given"
        raise BadArgument(f"concealer {entry.name}", fact, "give it as reference=")
    if clean is not None and clean.frames != received.frames:
        fact = f"has {clean.frames} frames, and samples {received.frames}"
        raise BadArgument("reference", fact, "give both the same length")
    try:
        made = _runner(os.getpid()).submit(entry, parameters, received, trace, reference=clean).result()
    except ConcealerFailed as error:
        if error.details:
            error.add_note(error.details)
        raise
    for message in made.messages:
        warnings.warn(f"{entry.name}: {message}", GaplistenWarning, stacklevel=2)
    return as_given(made.signal.samples, samples)


def measure_gaps(
    reference: npt.ArrayLike | None,
    version: npt.ArrayLike,
    lost: npt.ArrayLike | None,
    rate: int,
    packet_ms: float = 20.0,
    *,
    gaps: Gaps | None = None,
    thresholds: Mapping[str, float] | None = None,
) -> pd.DataFrame:
    """Measure each gap of a version: clicks and steps at its edges, levels, spectrum, buzz, pitch.

    ``docs/measures.md`` defines each measure. Measures that compare versions with each other are missing; a
    clip's own `measure_gaps` has them.

    Parameters
    ----------
    reference
        The undamaged speech; None leaves out the measures that need it.
    version
        What is judged, aligned with the reference: shape ``(frames,)`` or ``(frames, channels)``, floats with
        full scale ±1.0, or int16. Channels are averaged.
    lost
        One flag per packet, True where it was lost; None where `gaps` says it.
    rate
        In Hz.
    packet_ms
        Length of a packet in ms.
    gaps
        Start and stop of each gap in frames, in place of `lost`; two that touch are one gap.
    thresholds
        Values from which a gap is flagged, by measure, in place of the measures' own.

    Returns
    -------
    measures
        One row for each gap: its number (from 1), start and stop in frames, facts about it, one column for
        each measure (NaN where it cannot be told), and in `flags` the measures that it is conspicuous by.

    Raises
    ------
    BadArgument
        If arrays do not fit each other, or nothing says what was lost.

    Warns
    -----
    GaplistenWarning
        If version and reference are of different lengths: what is missing counts as silence.

    Examples
    --------
    >>> import gaplisten
    >>> clip = gaplisten.open_clips(gaplisten.demo_folder())["demo1"]
    >>> table = gaplisten.measure_gaps(clip.reference, clip.lossy, clip.lost, clip.rate)
    >>> len(table) == len(clip.gaps), bool((table["energy_error"] < -20).any())
    (True, True)
    """
    judged = signal_of(version, rate, _VERSION)
    clean = None if reference is None else signal_of(reference, rate, "reference")
    trace = told_trace(lost, gaps, packet_ms, judged.rate, (clean or judged).frames)
    if clean is not None and judged.frames != clean.frames:
        told = f"version has {judged.frames} frames, the reference {clean.frames}: what is missing is silence"
        warnings.warn(told, GaplistenWarning, stacklevel=2)
    found = measures.measure_gaps(clean, {_VERSION: judged}, trace)
    return measures_frame([found], thresholds).drop(columns=_VERSION)


def score(
    version: npt.ArrayLike,
    rate: int,
    metric: str,
    reference: npt.ArrayLike | None = None,
    lost: npt.ArrayLike | None = None,
    packet_ms: float = 20.0,
    *,
    gaps: Gaps | None = None,
    transcript: str | None = None,
) -> Score:
    """Score a version with an objective metric, on this machine and in this process.

    Parameters
    ----------
    version
        What is judged: shape ``(frames,)`` or ``(frames, channels)``, floats with full scale ±1.0, or int16.
    rate
        In Hz. Material at other rates than the metric's is resampled, and marked so.
    metric
        Name of a metric: ``plcmos``, ``pesq``, ``stoi``, ... (``gaplisten score --metrics`` lists them).
    reference
        The undamaged speech, for metrics that compare with it.
    lost, packet_ms, gaps
        What was lost, for metrics that look at gaps; as `measure_gaps` takes them.
    transcript
        What is said, for metrics that compare words; without it they listen to the reference.

    Returns
    -------
    score
        `Score.value`, or None and the reason in `Score.reason`. `Score.marks` holds what a reader must know
        about the value; ``float(score)`` gives the value or raises the reason.

    Raises
    ------
    GaplistenError
        If there is no such metric, or arrays do not fit each other.

    Examples
    --------
    >>> import gaplisten
    >>> clip = gaplisten.open_clips(gaplisten.demo_folder())["demo1"]
    >>> float(gaplisten.score(clip.lossy, clip.rate, "sdr", clip.reference)) > 0
    True
    >>> gaplisten.score(clip.lossy, clip.rate, "sdr").reason
    'needs a reference'
    """
    judged = signal_of(version, rate, _VERSION)
    clean = None if reference is None else signal_of(reference, rate, "reference")
    trace = trace_of(lost, gaps, packet_ms, judged.rate, (clean or judged).frames)
    return score_signal(metric, judged, clean, trace, transcript)


def read_trace(
    path: str | PathLike[str],
    *,
    format: str | None = None,
    inverted: bool = False,
    packets: int | None = None,
) -> TraceFile:
    """Read a loss trace of any known format, found out from its content unless told.

    Parameters
    ----------
    format
        Name of a format (``gaplisten trace --formats`` lists them).
    inverted
        Whether to turn every flag round.
    packets
        Length to which the format's rule for the end of a file is applied; as in the file when not given.

    Returns
    -------
    trace
        `lost` (bool per packet, True = lost), `format`, `packet_ms` where the file tells it, `notes`; and
        `intervals` in place of `lost` for files of times and samples.

    Raises
    ------
    BadArgument
        If `packets` is below 0.
    GaplistenError
        If it cannot be read, is no trace, or could mean different things: then the error names each reading,
        and `format` chooses.

    Examples
    --------
    >>> import gaplisten
    >>> found = gaplisten.read_trace(gaplisten.demo_folder() / "lossy_signals" / "demo1_is_lost.txt")
    >>> found.lost.dtype, int(found.lost.sum())
    (dtype('bool'), 22)
    """
    if packets is not None and packets < 0:
        raise BadArgument("packets", f"are {packets}", "give how many there are")
    return read_trace_file(Path(fspath(path)), format=format, inverted=inverted, packets=packets)
