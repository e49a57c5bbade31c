"""Long clips: their files are drawn where they lie, at once, while the sound to hear is still being read."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from gaplisten.audio.filemap import SampleSource
from gaplisten.audio.level import LONG_SECONDS
from gaplisten.bench.lanes import Lane, Role, keyed
from gaplisten.clips.clip import Clip
from gaplisten.errors import GaplistenError
from gaplisten.loss.trace import LossTrace


@dataclass(frozen=True, eq=False)
class FileLanes:
    """The files of a long clip, ready to be drawn.

    Parameters
    ----------
    sources
        By the identifier of the lane; empty for a short clip.
    lanes
        The same as lanes without sound, with keys.
    trace
        The written loss.
    """

    sources: Mapping[str, SampleSource] = field(default_factory=dict)
    lanes: tuple[Lane, ...] = ()
    trace: LossTrace | None = None
    frames: int = 0
    rate: int = 0


def file_lanes(clip: Clip) -> FileLanes:
    """Return what of a long clip can be drawn from its files; nothing for a short one.

    Only headers and the trace are read. A file of another rate than the clip's clock is left out: it will be
    drawn after it was resampled.
    """
    from gaplisten.audio.opening import open_source

    sources: dict[str, SampleSource] = {}
    lanes: list[Lane] = []
    for ident, name, role, path in _files(clip):
        with suppress(GaplistenError):  # opening it for listening will tell
            sources[ident] = open_source(path)
            lanes.append(Lane(ident, name, role, None, state="reading", busy=True))
    clock = next(iter(sources.values()), None)
    if clock is None or clock.frames < LONG_SECONDS * clock.rate:
        return FileLanes()
    fitting = {ident: source for ident, source in sources.items() if source.rate == clock.rate}
    kept = keyed([lane for lane in lanes if lane.ident in fitting])
    return FileLanes(fitting, kept, _trace(clip, clock), clock.frames, clock.rate)


def _files(clip: Clip) -> list[tuple[str, str, Role, Path]]:
    files = []
    if clip.reference is not None:
        files.append(("reference", "Reference", Role.REFERENCE, clip.reference))
    if clip.lossy is not None:
        files.append(("lossy", "Lossy", Role.LOSSY, clip.lossy))
    named = [(f"condition:{each.name}", each.name, Role.CONDITION, each.path) for each in clip.conditions]
    return [*files, *named]


def _trace(clip: Clip, clock: SampleSource) -> LossTrace | None:
    from gaplisten.clips.traces import trace_of

    with suppress(GaplistenError):
        written = trace_of(clip, clock.rate, clock.frames)
        return None if written is None else written.trace
    return None
