"""Which gap a note is about: counted anew whenever it is asked, since edits of the losses move the count."""

from __future__ import annotations

from gaplisten.audio.files import probe
from gaplisten.bench.controller import Controller
from gaplisten.bench.loss_edits import trace_of as edited_trace
from gaplisten.bench.notes import Spans, numbered
from gaplisten.bench.state import Note
from gaplisten.clips.clip import Clip
from gaplisten.clips.opening import open_clip
from gaplisten.clips.traces import own_trace_of, trace_of
from gaplisten.errors import GaplistenError
from gaplisten.loss.trace import LossTrace


class NoteNumbers:
    """Tells the numbers of gaps that notes are about, by the losses as they were when this was made.

    A note on a version that met losses of its own counts those. Clips that are not shown are looked at when
    they are first asked about.
    """

    def __init__(self, controller: Controller) -> None:
        self._controller = controller
        self._known: dict[tuple[str, str], Spans] = {}

    def shown(self, note: Note) -> int | None:
        """Return the number of the gap that a note of the clip that is shown is about."""
        return self.of(self._controller.clip_name or "", note)

    def of(self, clip: str, note: Note) -> int | None:
        """Return the number of the gap that a note of this clip is about; None for none, or where unknown."""
        return numbered(note, self.spans(clip, note.lane))

    def spans(self, clip: str, lane: str = "") -> Spans:
        """Return start and stop of the gaps that the lane with this identifier met."""
        if (clip, lane) not in self._known:
            try:
                self._known[clip, lane] = self._found(clip, lane)
            except (GaplistenError, ValueError):  # told where the clip is opened; here nothing is known
                self._known[clip, lane] = ()
        return self._known[clip, lane]

    def _found(self, clip: str, lane: str) -> Spans:
        controller = self._controller
        if clip == controller.clip_name:
            known = next((each for each in controller.lanes if each.ident == lane), None)
            met = controller.trace if known is None else known.met(controller.trace)
            return _spans(met, controller.frames)
        clips = controller.clipset.clips if controller.clipset is not None else ()
        found = next((each for each in clips if each.name == clip), None)
        return () if found is None else self._read(found, lane)

    def _read(self, clip: Clip, lane: str) -> Spans:
        if clip.sound is None:
            return ()
        info, edit = probe(clip.sound, clip.reading), self._controller.document.work.clip(clip.name).loss
        for condition in clip.conditions:
            if lane == f"condition:{condition.name}" and condition.trace is not None:
                return _spans(own_trace_of(clip, condition, info.rate, info.frames).trace, info.frames)
        if edit is not None:
            return _spans(edited_trace(edit, info.rate, info.frames), info.frames)
        written = trace_of(clip, info.rate, info.frames)
        return _spans(open_clip(clip).trace if written is None else written.trace, info.frames)


def _spans(trace: LossTrace | None, frames: int) -> Spans:
    return () if trace is None else [(gap.start, gap.stop) for gap in trace.gaps(frames)]
