"""A gap of the workbench as a finding: all lanes that have a sound, as they are heard."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from gaplisten.bench.concealing import idents
from gaplisten.bench.lanes import Lane, Role
from gaplisten.bench.state import Setting, Work
from gaplisten.clips.clip import OpenClip
from gaplisten.errors import visible
from gaplisten.loss.measures import GapTable
from gaplisten.loss.trace import LossTrace
from gaplisten.report.finding import Finding, FindingError, Kind, Place, version_of

_PATH = re.compile(r"[^\s'\"=]*[\\/]([^\s'\"\\/]*)")
_KINDS = {Role.REFERENCE: Kind.REFERENCE, Role.LOSSY: Kind.LOSSY}


def finding_in_lanes(
    opened: OpenClip,
    lanes: Sequence[Lane],
    trace: LossTrace,
    index: int,
    table: GapTable | None,
    work: Work,
    context_ms: float,
    *,
    shared: LossTrace | None,
) -> Finding:
    """Return a gap of the clip that is shown.

    Parameters
    ----------
    trace
        The losses that are listed, edits included.
    index
        Number of the gap, from 1.
    table
        What was measured at these losses, by the lanes' identifiers; None for nothing.
    shared
        The losses that all lanes met which have none of their own; None where they are not known.

    Raises
    ------
    FindingError
        If there is no such gap, or no lane has a sound.
    """
    gaps = trace.gaps(opened.frames)
    heard = [lane for lane in lanes if lane.signal is not None]
    if not 0 < index <= len(gaps) or not heard:
        raise FindingError(
            "gap", "is not there, or no version has a sound", "choose a gap, and wait for its sounds"
        )
    gap, names = gaps[index - 1], [lane.name for lane in heard]
    made = dict(zip(idents(work.choices), work.choices, strict=True))
    files = {f"condition:{each.name}": each.path for each in opened.clip.conditions}
    files |= {
        lane.ident: path
        for lane in heard
        for role, path in ((Role.REFERENCE, opened.clip.reference), (Role.LOSSY, opened.clip.lossy))
        if lane.role is role and path is not None
    }
    versions = []
    for lane in heard:
        assert lane.signal is not None
        choice = made.get(lane.ident)
        how = ", ".join(f"{name}={_said(value)}" for name, value in (choice.parameters if choice else ()))
        by = f"made by {choice.concealer}" if choice else "made by the workbench"
        versions.append(
            version_of(
                lane.name if names.count(lane.name) == 1 else f"{lane.key} {lane.name}",
                lane.signal,
                _KINDS.get(lane.role, Kind.OTHER),
                table,
                gap,
                work.gaps.thresholds,
                column=lane.ident,
                file=files.get(lane.ident),
                made=f"{by} ({how})" if how else by,
                trace=lane.met(shared),
            )
        )
    place = Place(_sources(opened, work), _options(work))
    return Finding(
        visible(opened.clip.name),
        index,
        len(gaps),
        gap,
        trace,
        tuple(replace(each, reading=opened.clip.reading) for each in versions),
        place,
        context_ms,
        work.gaps.thresholds,
        own=shared is not None and trace is not shared,
    )


def _said(value: Setting) -> str:
    """Return a parameter's value; of paths in it (a model, a program) only the last name."""
    return _PATH.sub(r"\1", value) if isinstance(value, str) else str(value)


def _sources(opened: OpenClip, work: Work) -> tuple[str, ...]:
    names = tuple(path.resolve().name for path in work.sources.paths)
    return names if names and all(names) else (opened.clip.folder.resolve().name or opened.clip.name,)


def _options(work: Work) -> tuple[str, ...]:
    sources = work.sources
    words = ["--reference-folder", sources.reference_folder.name] if sources.reference_folder else []
    if sources.packet_frames is not None:
        words += ["--packet", str(sources.packet_frames)]
    elif sources.packet_ms != 20.0:
        words += ["--packet-ms", f"{sources.packet_ms:g}"]
    words += sources.reading.options
    return tuple(words)
