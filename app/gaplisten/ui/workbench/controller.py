"""Joins the document, the concealers and the player: what the window's parts ask things of and listen to."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from gaplisten.bench.document import Document
from gaplisten.bench.lanes import Lane, Role, keyed
from gaplisten.bench.loss_edits import lossy_with, restorable, trace_of
from gaplisten.bench.settings import Settings, read_settings
from gaplisten.bench.state import Note, Sources, Work
from gaplisten.clips.clip import ClipSet, OpenClip
from gaplisten.errors import GaplistenError
from gaplisten.loss.trace import Gap, LossTrace
from gaplisten.ui.background import Task, Tasks
from gaplisten.ui.workbench.concealing import Concealing
from gaplisten.ui.workbench.hearing import Hearing
from gaplisten.ui.workbench.long_clips import FileLanes, file_lanes
from gaplisten.ui.workbench.opening import Opened, find_set, open_fully

log = logging.getLogger(__name__)


class Controller(QObject):
    """The workbench without its widgets.

    Attributes
    ----------
    document
        What is worked on.
    clipset
        The clips found; None before any were opened.
    opened
        The clip that is shown, with its sound.
    trace
        Its loss as it is now, edits included.
    lanes
        Its lanes as they are now, in order of their keys.
    lane_edit
        Changes a lane before it is heard and drawn (matched level, removed delay). It is called often: given
        the same lane it hands back the same sound. Call `relane` when it would do otherwise than before.
    edited
        Identifiers of the lanes whose sound it changed.

    Signals
    -------
    clips_changed, clip_changed, lanes_changed, trace_changed, loop_changed, notes_changed, catalogue_changed
        The thing of that name is another one.
    lane_changed
        Key of a lane whose sound or state is another one.
    previewed
        A long clip's files can be drawn already; see `files`.
    document_changed
        Anything that a file would keep, or the history, changed.
    said
        A sentence for the status bar.
    failed
        A `GaplistenError` for the user.
    closed
        Everything is let go; features let go of theirs.
    """

    clips_changed = Signal()
    clip_changed = Signal()
    lanes_changed = Signal()
    lane_changed = Signal(int)
    trace_changed = Signal()
    loop_changed = Signal()
    notes_changed = Signal()
    catalogue_changed = Signal()
    document_changed = Signal()
    previewed = Signal()
    said = Signal(str)
    failed = Signal(object)
    closed = Signal()

    def __init__(
        self, hearing: Hearing, settings: Settings | None = None, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.settings = settings or read_settings()
        self.document = Document()
        self.tasks = Tasks(self)
        self.tasks.failed.connect(self.failed)
        self.hearing = hearing
        hearing.setParent(self)
        self.concealing = Concealing(self.tasks, self)
        self.concealing.catalogue_changed.connect(self._on_catalogue)
        self.concealing.rendered.connect(self._relane)
        self.clipset: ClipSet | None = None
        self.opened: OpenClip | None = None
        self.trace: LossTrace | None = None
        self.lanes: tuple[Lane, ...] = ()
        self.lane_edit: Callable[[Lane], Lane] = _as_it_is
        self.edited: frozenset[str] = frozenset()
        self._finding: Task | None = None
        self._opening: Task | None = None
        self._looking: Task | None = None
        self.files = FileLanes()
        self._shown: str | None = None
        self.document.listeners.append(self._on_work)

    # -- concealers -----------------------------------------------------------------------------------

    @property
    def catalogue(self) -> Any:
        """The concealers there are; None while they are being read."""
        return self.concealing.catalogue

    def load_catalogue(self) -> None:
        """Look for concealers, in the background."""
        self.concealing.load()

    def use_catalogue(self, catalogue: Any, runner: Any) -> None:
        """Take these concealers and this runner (tests bring their own)."""
        self.concealing.use(catalogue, runner)

    def _on_catalogue(self) -> None:
        self._wish()
        self.catalogue_changed.emit()

    def _wish(self) -> None:
        if self.opened is not None:
            self.concealing.wish(self.document.work.choices)
            self._relane()

    @property
    def busy(self) -> bool:
        """Whether something is being opened or rendered."""
        return self.concealing.busy or self.tasks.busy

    def rendering(self, ident: str) -> Any:
        """Return how a concealer's lane was made (`Concealed`); None while there is nothing."""
        return self.concealing.result(ident)

    # -- clips ----------------------------------------------------------------------------------------

    def open_sources(self, sources: Sources) -> None:
        """Find the clips of these sources and show the first (or the one that the work shows)."""
        self.document.set_sources(sources)

    def _find(self, sources: Sources) -> None:
        self.tasks.cancel(self._finding)
        if not sources.paths:
            return
        self._finding = self.tasks.run(
            "looking for clips", lambda job: find_set(sources, job), self._on_clips
        )

    def _on_clips(self, clipset: ClipSet) -> None:
        self.use_clips(clipset)

    def use_clips(self, clipset: ClipSet) -> None:
        """Take these clips, and show the one that the work shows or else the first."""
        self.clipset = clipset
        self._shown = None
        self.clips_changed.emit()
        names = {clip.name for clip in clipset.clips}
        current = self.document.work.current
        first = clipset.clips[0].name if clipset.clips else None
        self.show_clip(current if current in names else first)
        for note in clipset.notes[:1]:
            self.said.emit(note)

    def show_clip(self, name: str | None) -> None:
        """Open the clip `name` and show it."""
        if name == self.document.work.current:
            self._open(name)
        else:
            self.document.show_clip(name)

    def _open(self, name: str | None) -> None:
        if name is None or self.clipset is None or name == self._shown:
            return
        if all(name != clip.name for clip in self.clipset.clips):
            return  # work that speaks of clips which are no longer there
        self._shown = name
        self.tasks.cancel(self._opening)
        self.tasks.cancel(self._looking)
        self.files = FileLanes()
        clip, work, level = self.clipset.clip(name), self.document.work.clip(name), self.settings.level_dbov
        self._looking = self.tasks.run(
            f"looking at {name}",
            lambda _job: file_lanes(clip),
            self._on_files,
            lambda _error: None,
            quiet=True,
        )
        self._opening = self.tasks.run(
            f"opening {name}",
            lambda job: open_fully(clip, work, level, job),
            self._on_opened,
            self._on_not_opened,
        )

    def _on_files(self, files: FileLanes) -> None:
        self.files = files
        if files.lanes and (self.opened is None or self.opened.clip.name != self._shown):
            self._on_opened(Opened(None, None, None, 1.0, ""))
            self.previewed.emit()

    def _on_not_opened(self, error: Exception) -> None:
        self._on_opened(Opened(None, None, None, 1.0, ""))
        self.failed.emit(error)

    def _on_opened(self, opened: Opened) -> None:
        self.opened, self.trace = opened.clip, opened.trace
        self._lossy = opened.lossy
        self.concealing.set_material(opened.lossy, opened.trace)
        self.hearing.new_clip(opened.gain, opened.gain_note)
        if opened.clip is not None:
            self.concealing.wish(self.document.work.choices)
        self._relane(announce=False)
        self.clip_changed.emit()
        self.lanes_changed.emit()
        self.trace_changed.emit()
        self.loop_changed.emit()
        self.notes_changed.emit()
        for problem in opened.clip.problems if opened.clip else ():
            self.failed.emit(problem)
        if opened.clip is not None and opened.clip.notes:
            self.said.emit("; ".join(opened.clip.notes))

    @property
    def frames(self) -> int:
        """Length of the clip that is shown, in frames."""
        return self.opened.frames if self.opened else 0

    @property
    def rate(self) -> int:
        """Rate of the clip that is shown, in Hz (0 when there is none)."""
        return self.opened.rate if self.opened else 0

    @property
    def clip_name(self) -> str | None:
        """Name of the clip that is shown."""
        return self.opened.clip.name if self.opened else None

    # -- lanes ----------------------------------------------------------------------------------------

    def _relane(self, announce: bool = True) -> None:
        before, self.lanes = self.lanes, self._all_lanes()
        self.hearing.set_lanes(self.lanes)
        if not announce:
            return
        if [lane.ident for lane in before] != [lane.ident for lane in self.lanes]:
            self.lanes_changed.emit()
            return
        for old, new in zip(before, self.lanes, strict=True):
            if (old.signal, old.state, old.busy, old.name) != (new.signal, new.state, new.busy, new.name):
                self.lane_changed.emit(new.key)

    def _all_lanes(self) -> tuple[Lane, ...]:
        clip = self.opened
        if clip is None:
            return ()
        edited = self.document.work.clip(clip.clip.name).loss is not None
        lanes = []
        if clip.reference is not None:
            lanes.append(Lane("reference", "Reference", Role.REFERENCE, clip.reference))
        if self._lossy is not None:
            lanes.append(
                Lane("lossy", "Lossy", Role.LOSSY, self._lossy, state="loss edited" if edited else "")
            )
        for name, signal in clip.conditions.items():
            remarks = ["resampled"] if name in clip.resampled else []
            remarks += ["made with the clip's own loss"] if edited else []
            own = name in clip.own_traces
            remarks += ["losses of its own"] if own else []
            remark, trace = ", ".join(remarks), clip.own_traces.get(name)
            ident = f"condition:{name}"
            lanes.append(
                Lane(ident, name, Role.CONDITION, signal, state=remark, own_loss=own, own_trace=trace)
            )
        lanes += self.concealing.lanes()
        edited_lanes = [self.lane_edit(lane) for lane in lanes]
        self.edited = frozenset(
            lane.ident for lane, new in zip(lanes, edited_lanes, strict=True) if lane.signal is not new.signal
        )
        return keyed(edited_lanes, self.document.work.order)

    def relane(self) -> None:
        """Make the lanes anew, from what they are made of as it is now."""
        self._relane()

    def lane(self, key: int) -> Lane | None:
        """Return the lane with that key."""
        return next((lane for lane in self.lanes if lane.key == key), None)

    def move_lane(self, key: int, step: int) -> None:
        """Move a lane up (-1) or down (1) among those that can move."""
        others = [lane.ident for lane in self.lanes if lane.role not in (Role.REFERENCE, Role.LOSSY)]
        lane = self.lane(key)
        if lane is None or lane.ident not in others:
            self.said.emit("reference and lossy stay where they are")
            return
        place = others.index(lane.ident)
        others.insert(max(place + step, 0), others.pop(place))
        self.document.set_order(others)

    # -- loss -----------------------------------------------------------------------------------------

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """The gaps of the clip that is shown, as its loss is now."""
        return self.trace.gaps(self.frames) if self.trace is not None else ()

    def paint(self, first: int, last: int, lost: bool) -> None:
        """Lose or receive the packets `first` to `last`."""
        from gaplisten.bench.loss_edits import painted

        if self.opened is None or self.trace is None or self.clip_name is None:
            return
        if not lost and not restorable(self.opened.reference, self.opened.trace, first, last):
            self.said.emit("without a reference nobody knows what those packets held: they stay lost")
            return
        self.document.set_loss(self.clip_name, painted(self.trace, first, last, lost), "painted")

    def set_loss(self, trace: LossTrace, how: str) -> None:
        """Replace the loss of the clip that is shown."""
        if self.clip_name is not None:
            self.document.set_loss(self.clip_name, trace, how)

    def _on_loss(self) -> None:
        clip = self.opened
        if clip is None:
            return
        edit = self.document.work.clip(clip.clip.name).loss
        try:
            self.trace = clip.trace if edit is None else trace_of(edit, clip.rate, clip.frames)
        except ValueError as error:
            self.failed.emit(GaplistenError(clip.clip.name, str(error), "restore the clip's own loss"))
            return
        if edit is None or self.trace is None:
            self._lossy = clip.lossy
        else:
            self._lossy = lossy_with(self.trace, clip.reference, clip.lossy, clip.trace)
        self.concealing.set_material(self._lossy, self.trace, same_clip=True)
        self._wish()
        self._relane()
        self.trace_changed.emit()

    # -- the document ---------------------------------------------------------------------------------

    def _on_work(self, before: Work, work: Work) -> None:
        if work.sources != before.sources:
            self._find(work.sources)
        elif work.current != before.current:
            self._open(work.current)
        shown = self.clip_name
        old, new = before.clip(shown), work.clip(shown)
        if old.loss != new.loss:
            self._on_loss()
        if work.choices != before.choices:
            self._wish()
        if work.order != before.order:
            self._relane()
        if old.loop != new.loop:
            self.loop_changed.emit()
        if before.clips != work.clips:
            self.notes_changed.emit()
        self.document_changed.emit()

    def open_work(self, work: Work, path: Path | None, *, unsaved: bool = False) -> None:
        """Start over with other work."""
        self.document.renew(work, path, unsaved=unsaved)

    def use_settings(self, settings: Settings) -> None:
        """Take over changed settings; the level applies from the next clip on."""
        self.settings = settings
        self.hearing.set_switching(settings.switching, settings.switching_ms)

    def notes_by_clip(self) -> dict[str, tuple[Note, ...]]:
        """Return all notes by the name of their clip."""
        return {name: done.notes for name, done in self.document.work.clips.items() if done.notes}

    def close(self) -> None:
        """Let go of threads, processes and sound."""
        self.closed.emit()
        self.tasks.close()
        self.concealing.close()
        self.hearing.close()


def _as_it_is(lane: Lane) -> Lane:
    return lane
