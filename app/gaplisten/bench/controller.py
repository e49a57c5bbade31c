"""The workbench without a window: joins the document, the concealers and the player.

A front end asks it, changes things through it and its document, listens to its events, and calls `poll` now
and then: whatever was done in the background arrives there, on the front end's own thread.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from gaplisten.bench.allowed import withheld_lanes
from gaplisten.bench.concealing import Concealing
from gaplisten.bench.consenting import Consenting
from gaplisten.bench.document import Document
from gaplisten.bench.events import Event
from gaplisten.bench.gap_measures import GapMeasures
from gaplisten.bench.gap_ranking import WorstGaps
from gaplisten.bench.hearing import Hearing
from gaplisten.bench.kept_layouts import forget, keep
from gaplisten.bench.lane_edits import LaneEdits
from gaplisten.bench.lanes import Colours, Lane, Role, keyed
from gaplisten.bench.level_measures import LevelMeasures
from gaplisten.bench.loss_edits import lossy_with, restorable, trace_of
from gaplisten.bench.opening import FileLanes, Opened, file_lanes, find_set, open_fully
from gaplisten.bench.pinning import pinned, settled
from gaplisten.bench.settings import Settings, read_settings
from gaplisten.bench.state import Note, Sources, Work
from gaplisten.bench.tasks import Task, Tasks
from gaplisten.clips.arrangement import Layout
from gaplisten.clips.checking import AT_OPENING, Checked, checked
from gaplisten.clips.clip import ClipSet, OpenClip
from gaplisten.clips.consistency import Change, Doubt
from gaplisten.durable.files import not_written
from gaplisten.errors import GaplistenError
from gaplisten.jobs import Job
from gaplisten.loss.trace import Gap, LossTrace

log = logging.getLogger(__name__)

AS_IT_IS = "+0.0 dB for all lanes"
"""The gain in words of a long clip that is heard while its level is still being measured."""
DOUBTFUL = "\N{WARNING SIGN}"
"""Stands before the name of what follows from files that do not fit together."""


class Engine(Protocol):
    """Something that works in the background."""

    @property
    def busy(self) -> bool:
        """Whether there is something to poll for."""
        ...

    def poll(self) -> object:
        """Take over what was done."""
        ...

    def close(self) -> None:
        """Let go of threads and processes."""
        ...


class Controller:
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
    listed
        Identifier of the version whose losses of its own are listed and walked through; empty for the clip's.
    lanes
        Its lanes as they are now, in order of their keys.
    originals
        The lanes before anything is done to them, by identifier.
    gain, gain_note
        The one gain of the clip that is shown, linear and in words.
    edits
        What is done to lanes before they are heard and drawn (matched level, removed delay).
    edited
        Identifiers of the lanes whose sound that changed.
    levels, gap_measures
        What is known of the lanes' levels and delays, and of their gaps; measured when somebody wants it.
    worst_gaps
        The gaps by how bad they are.
    clips_changed, clip_changed, lanes_changed, trace_changed, loop_changed, notes_changed, catalogue_changed
        Events: the thing of that name is another one; of the trace also when that of another version counts.
    lane_changed
        Event: key of a lane whose sound or state is another one.
    levels_changed
        Event: levels or delays are known, or are to be changed in another way.
    review
        Which concealers of the file are withheld until the user allows them, and what they want.
    consent_wanted
        Event: there are such concealers; see `review` and `allow`.
    doubts
        What does not fit together in the clip that is shown and was not accepted.
    checked
        What was found about some clips of the set when it was opened.
    doubts_changed
        Event: either is another one.
    previewed
        Event: a long clip's files can be drawn already; see `files`.
    document_changed
        Event: anything that a file would keep, or the history, changed.
    progressed
        Event: title, fraction (0..1) and message of work worth showing; an empty title for none.
    said
        Event: a sentence for the user.
    failed
        Event: a `GaplistenError` for the user.
    clip_failed
        Event: likewise, of clips and their files; it holds until the next `clip_asked`.
    clip_asked
        Event: clips are looked for, or a clip is opened, anew.
    stirred
        Event: there is something to `poll` for.
    closed
        Event: everything is let go; who listens lets go of theirs.
    """

    def __init__(self, hearing: Hearing, settings: Settings | None = None) -> None:
        self.clips_changed, self.clip_changed = Event(), Event()
        self.lanes_changed, self.lane_changed = Event(), Event()
        self.trace_changed, self.loop_changed, self.notes_changed = Event(), Event(), Event()
        self.catalogue_changed, self.document_changed = Event(), Event()
        self.previewed, self.said, self.failed = Event(), Event(), Event()
        self.clip_asked, self.clip_failed = Event(), Event()
        self.levels_changed, self.stirred, self.closed = Event(), Event(), Event()
        self.doubts_changed = Event()
        self._doubts: tuple[Doubt, ...] = ()
        self.checked: tuple[Checked, ...] = ()
        self._checking: Task | None = None
        self.settings = settings or read_settings()
        self.document = Document()
        self.tasks = Tasks()
        self.tasks.failed.connect(self.failed.emit)
        self.tasks.began.connect(self.stirred.emit)
        self.progressed = self.tasks.progressed
        self.hearing = hearing
        hearing.heard_changed.connect(self._list_heard)
        self.concealing = Concealing()
        self.document.title_of = self.concealing.title_of
        self.consent = Consenting(self.document, self.tasks, lambda: self.catalogue)
        self.consent_wanted = self.consent.wanted
        self.consent.changed.connect(self._relane)
        self.consent.said.connect(self.said.emit)
        self.consent.failed.connect(self.failed.emit)
        self.clipset: ClipSet | None = None
        self.opened: OpenClip | None = None
        self.trace: LossTrace | None = None
        self.listed = ""
        self.lanes: tuple[Lane, ...] = ()
        self._colours = Colours()
        self.gain, self._gain_note = 1.0, ""
        self.originals: dict[str, Lane] = {}
        self.levels = LevelMeasures(self.originals)
        self.levels.changed.connect(self._on_levels)
        self._levels_seen = False
        self.edits = LaneEdits(
            self.originals,
            self.levels,
            lambda: (self.document.work, self.clip_name),
            lambda: self.gain,
        )
        self.gap_measures = GapMeasures(self.tasks)
        self.worst_gaps = WorstGaps(self.gap_measures, lambda: self.document.work.gaps)
        self._engines: list[Engine] = [self.tasks, self.levels, self.gap_measures]
        self.edited: frozenset[str] = frozenset()
        self._finding: Task | None = None
        self._opening: Task | None = None
        self._looking: Task | None = None
        self._scanning: Task | None = None
        self.files = FileLanes()
        self._shown: str | None = None
        self._heard_in_place: str | None = None  # the clip whose files are heard while it is being opened
        self.document.listeners.append(self._on_work)

    def poll(self) -> None:
        """Take over what was done in the background."""
        for engine in self._engines:
            engine.poll()
        if self.concealing.poll():
            self._relane()

    def look_after(self, engine: Engine) -> None:
        """Poll something else, too, and close it in the end."""
        self._engines.append(engine)

    # -- concealers -----------------------------------------------------------------------------------

    @property
    def catalogue(self) -> Any:
        """The concealers there are; None while they are being read."""
        return self.concealing.catalogue

    def load_catalogue(self) -> None:
        """Look for concealers, in the background."""
        # Describing a new plugin starts a process.
        named = tuple(map(Path, self.settings.plugin_folders))
        self.tasks.cancel(self._scanning)
        self._scanning = self.tasks.run(
            "reading concealers", lambda job: _scan(named, job), self.use_catalogue, later=True
        )

    def use_catalogue(self, catalogue: Any, runner: Any = None) -> None:
        """Take these concealers and this runner (tests bring their own)."""
        self.concealing.use(catalogue, runner)
        self._settle()
        self.consent.look()
        self._wish()
        self.catalogue_changed.emit()

    def _wish(self) -> None:
        if self.opened is not None:
            self.consent.hold_back_changed()
            self.concealing.wish(self.document.work.choices)
            self.stirred.emit()
            self._relane()

    def _settle(self) -> None:
        """Compare the plugins with those that the file was saved with, as soon as both are known."""
        work, catalogue = self.document.work, self.catalogue
        if catalogue is None or not any(each.plugin for each in work.choices):
            return
        after, changed = settled(work, catalogue)
        if [each.plugin for each in after.choices] == [each.plugin for each in work.choices]:
            return  # plugins that are not there: they may come
        self.document.settle(lambda work: settled(work, catalogue)[0])
        if changed:
            named, other = ", ".join(changed), "another version than this file was saved with"
            way_out = "listen whether it sounds as it did; parameters are as they were saved"
            self.failed.emit(GaplistenError(named, other, way_out))

    def to_save(self) -> Work:
        """Return the work as a file is to keep it: with all parameters, and the plugins' hashes."""
        return pinned(self.document.work, self.catalogue)

    def saved(self, path: Path, digest: str) -> None:
        """Take the work for saved in a file with that SHA-256, which may run what runs now."""
        self.document.mark_saved(path, digest)
        self.consent.take_for_saved(self.to_save())

    @property
    def busy(self) -> bool:
        """Whether something is being opened or rendered."""
        return self.concealing.busy or self.tasks.busy

    @property
    def working(self) -> bool:
        """Whether anything is being done in the background: there will be something to `poll` for."""
        return self.concealing.busy or any(engine.busy for engine in self._engines)

    def rendering(self, ident: str) -> Any:
        """Return how a concealer's lane was made (`Concealed`); None while there is nothing."""
        return self.concealing.result(ident)

    # -- clips ----------------------------------------------------------------------------------------

    def open_sources(self, sources: Sources) -> None:
        """Find the clips of these sources and show the first (or the one that the work shows)."""
        self.document.set_sources(sources)

    def _find(self, sources: Sources) -> None:
        self.tasks.cancel(self._finding)
        self.clip_asked.emit()
        if not sources.paths:
            return
        self._finding = self.tasks.run(
            "looking for clips", lambda job: find_set(sources, job), self.use_clips, self._on_not_found
        )

    def _on_not_found(self, error: Exception) -> None:
        sources = self.document.work.sources
        if not sources.remembered:
            self.clip_failed.emit(error)
            return
        self.take_as_found()
        self.said.emit(f"what was chosen for this folder before does not fit it any more: {error}")

    def use_clips(self, clipset: ClipSet) -> None:
        """Take these clips, and show the one that the work shows or else the first."""
        self.clipset = clipset
        self._shown = None
        self.tasks.cancel(self._checking)
        self._checking, self.checked = None, ()
        self.clips_changed.emit()
        names = {clip.name for clip in clipset.clips}
        current = self.document.work.current
        first = clipset.clips[0].name if clipset.clips else None
        self.show_clip(current if current in names else first)
        self.said.emit("; ".join(clipset.notes[:1] + tuple(map(str, clipset.offers))))

    def _check_some(self) -> None:
        """Check some clips of the set, once, after the one to show is open; others when they are shown."""
        clipset, name = self.clipset, self.clip_name
        if self._checking is None and clipset is not None and len(clipset.clips) > 1:
            as_found = name is not None and self.document.work.clip(name).reference is None
            known = (Checked(name, self._doubts),) if name is not None and as_found and self.opened else ()
            self._checking = self.tasks.run(
                "checking clips",
                lambda job: tuple(checked(clipset, job, AT_OPENING, known)),
                self._on_checked,
                lambda _error: None,
                quiet=True,
                later=True,
            )

    def _on_checked(self, found: tuple[Checked, ...]) -> None:
        self.checked = found
        self.doubts_changed.emit()

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
        self.clip_asked.emit()
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
        others = {each.name: each.reference for each in self.clipset.clips if each.reference is not None}
        self._opening = self.tasks.run(
            f"opening {name}",
            lambda job: open_fully(clip, work, level, job, others),
            self._on_opened,
            self._on_not_opened,
        )

    def _on_files(self, files: FileLanes) -> None:
        self.files = files = replace(files, lanes=self._colours.coloured(files.lanes))
        if files.lanes and (self.opened is None or self.opened.clip.name != self._shown):
            self._on_opened(Opened(None, None, None, 1.0, f"{AS_IT_IS}, until its level is known"))
            self.previewed.emit()

    def _on_not_opened(self, error: Exception) -> None:
        self.files = FileLanes()
        self._on_opened(Opened(None, None, None, 1.0, ""))
        self.clip_failed.emit(error)
        self._check_some()

    def _on_opened(self, opened: Opened) -> None:
        self.opened, self.trace = opened.clip, opened.trace
        self._doubts = opened.doubts
        self._lossy = opened.lossy
        reference = opened.clip.reference if opened.clip is not None else None
        self.concealing.set_material(opened.lossy, opened.trace, reference)
        self.gain, self._gain_note = opened.gain, opened.gain_note
        # What is heard already goes on: its gain follows when it next begins.
        if opened.clip is not None and self._heard_in_place == opened.clip.clip.name:
            self.hearing.gain_is(opened.gain)
        else:
            self.hearing.new_clip(opened.gain)
        self._heard_in_place = self._shown if opened.clip is None and self.files.lanes else None
        self.levels.forget_demands()
        if opened.clip is not None:
            self.consent.hold_back_changed()
            self.concealing.wish(self.document.work.choices)
            self.stirred.emit()
        self._relane(announce=False)
        self.listed = self._to_list()
        self.clip_changed.emit()
        self.doubts_changed.emit()
        self.lanes_changed.emit()
        self.trace_changed.emit()
        self.loop_changed.emit()
        self.notes_changed.emit()
        for problem in opened.clip.problems if opened.clip else ():
            self.clip_failed.emit(problem)
        if opened.clip is not None and opened.clip.notes:
            self.said.emit("; ".join(opened.clip.notes))
        if opened.clip is not None:
            self._check_some()

    @property
    def gain_note(self) -> str:
        """The one gain of the clip that is shown, in words."""
        waits = self.hearing.gain_waits
        return f"{AS_IT_IS}; {self._gain_note}, when it is next started" if waits else self._gain_note

    @property
    def doubts(self) -> tuple[Doubt, ...]:
        """What does not fit together in the clip that is shown, until the user accepts it."""
        return () if self.document.work.clip(self.clip_name).accepted else self._doubts

    @property
    def doubtful_clips(self) -> frozenset[str]:
        """Names of clips in which something does not fit and that nobody accepted, as far as checked."""
        work = self.document.work
        done = {each.clip: work.clip(each.clip) for each in self.checked if each.doubts}
        # With another reference a clip was not checked again: that is done when it is shown.
        found = {name for name, each in done.items() if not each.accepted and each.reference is None}
        shown = self.clip_name
        return frozenset(found | {shown} if shown is not None and self.doubts else found)

    def correct(self, change: Change) -> None:
        """Take what fits: in all clips of the set where it is a matter of the set, else in the one shown."""
        sources, clipset = self.document.work.sources, self.clipset
        layout = sources.layout or (clipset.layout if clipset is not None else None)
        if change.reference is not None and self.clip_name is not None:
            self.document.set_reference(self.clip_name, change.reference)
        elif layout is not None and (changed := change.of_all(layout)) is not None:
            self.take_as(changed.settled())

    def take_as(self, layout: Layout) -> None:
        """Take the files of the folder so, and whenever it is opened anew."""
        sources = self.document.work.sources
        self.document.set_sources(replace(sources, layout=layout, remembered=False))
        try:
            keep(sources, layout)
        except GaplistenError as error:
            self.failed.emit(error)

    def take_as_found(self) -> None:
        """Take the files of the folder as their names tell, now and whenever it is opened anew."""
        sources = self.document.work.sources
        try:
            forget(sources)
        except OSError as error:
            self.failed.emit(GaplistenError(*not_written(Path(str(error.filename)), error)))
        self.document.set_sources(replace(sources, layout=None, remembered=False))

    @property
    def frames(self) -> int:
        """Length of the clip that is shown, in frames."""
        return self.opened.frames if self.opened else self.files.frames

    @property
    def rate(self) -> int:
        """Rate of the clip that is shown, in Hz (0 when there is none)."""
        return self.opened.rate if self.opened else self.files.rate

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

    def _marked(self, lane: Lane) -> Lane:
        """Mark the name of a lane whose numbers and pictures follow from what does not fit."""
        touched = any(each.touches_all or lane.ident == f"condition:{each.about}" for each in self.doubts)
        return replace(lane, name=f"{DOUBTFUL} {lane.name}") if touched else lane

    def _all_lanes(self) -> tuple[Lane, ...]:
        clip = self.opened
        if clip is None:
            return self.files.lanes
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
        lanes += withheld_lanes(self.document.work, self.consent.review)
        lanes = [self._marked(lane) for lane in lanes]
        edited_lanes = [self.edits(lane) for lane in lanes]
        for gone in set(self.originals) - {lane.ident for lane in lanes}:
            del self.originals[gone]
        self._measure_levels()
        self.edited = frozenset(
            lane.ident for lane, new in zip(lanes, edited_lanes, strict=True) if lane.signal is not new.signal
        )
        return self._colours.coloured(keyed(edited_lanes, self.document.work.order))

    def want_levels(self, wanted: bool) -> None:
        """Measure levels, or only when they are matched: they cost more than they are worth unseen."""
        self._levels_seen = wanted
        self._measure_levels()

    def _measure_levels(self) -> None:
        self.levels.levels_wanted = self._levels_seen or self.edits.matching
        self.levels.renew()

    def _on_levels(self) -> None:
        self._relane()
        self.levels_changed.emit()

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
    def listed_lane(self) -> Lane | None:
        """The version whose losses of its own are listed; None where the clip's are."""
        return next((lane for lane in self.lanes if lane.own_loss and lane.ident == self.listed), None)

    @property
    def listed_trace(self) -> LossTrace | None:
        """The losses that are listed and walked through: the clip's, or those that the version heard met."""
        lane = self.listed_lane
        return self.trace if lane is None else lane.own_trace

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """The gaps that are listed."""
        trace = self.listed_trace
        return trace.gaps(self.frames) if trace is not None else ()

    def measure_gaps(self) -> None:
        """Have the gaps of all lanes measured, each lane at the losses it met."""
        self.gap_measures.show(self.lanes, self.trace, self.listed_trace)

    def _to_list(self) -> str:
        """Return whose losses are to be listed: of the version heard; at the reference as they were."""
        heard = self.lane(self.hearing.heard)
        own = [lane.ident for lane in self.lanes if lane.own_trace is not None]
        if heard is None or heard.role is Role.REFERENCE:
            kept = self.listed if self.listed in own else ""
            return kept if kept or self.trace is not None else next(iter(own), "")
        return heard.ident if heard.own_loss else ""

    def _list_heard(self, _key: int) -> None:
        before, self.listed = self.listed_trace, self._to_list()
        if self.listed_trace is not before:
            self.trace_changed.emit()

    def paint(self, first: int, last: int, lost: bool) -> None:
        """Lose or receive the packets `first` to `last`."""
        from gaplisten.bench.loss_edits import painted

        if self.opened is None or self.trace is None or self.clip_name is None:
            return
        if not lost and not restorable(self.opened.reference, self.opened.trace, first, last):
            self.said.emit("without a reference nobody knows what those packets held: they stay lost")
            return
        self.document.set_loss(self.clip_name, painted(self.trace, first, last, lost), "painted")

    def draw(self, start: int, stop: int, lost: bool) -> None:
        """Lose or receive the frames ``[start, stop)``, on packets or off them."""
        from gaplisten.bench.loss_edits import drawn, stretch_restorable

        if self.opened is None or self.clip_name is None or start == stop:
            return
        if not lost and not stretch_restorable(self.opened.reference, self.opened.trace, start, stop):
            self.said.emit("without a reference nobody knows what was there: it stays lost")
            return
        found = drawn(self.trace, start, stop, lost, self.frames, self.rate)
        self.document.set_loss(self.clip_name, found, "drawn")

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
        self.concealing.set_material(self._lossy, self.trace, clip.reference, same_clip=True)
        self._wish()
        self._relane()
        self.trace_changed.emit()

    # -- the document ---------------------------------------------------------------------------------

    def _on_work(self, before: Work, work: Work) -> None:
        # First of all: whoever looks a concealer up by its path has its code described, and so run.
        self.consent.hold_back_changed()
        if work.sources != before.sources:
            self._find(work.sources)
        elif work.current != before.current:
            self._open(work.current)
        shown = self.clip_name
        old, new = before.clip(shown), work.clip(shown)
        if old.loss != new.loss:
            self._on_loss()
        if old.reference != new.reference:
            self._shown = None
            self._open(shown)
        if old.accepted != new.accepted:
            self._relane()
            self.doubts_changed.emit()
        if work.withheld != before.withheld:
            self.consent.look_again()
            self._relane()
        if work.choices != before.choices:
            self._settle()
            self._wish()
        leveling = (old.delays, old.match_levels, before.match_levels)
        if leveling != (new.delays, new.match_levels, work.match_levels):
            self._on_levels()
        if work.order != before.order:
            self._relane()
        if old.loop != new.loop:
            self.loop_changed.emit()
        if before.clips != work.clips:
            self.notes_changed.emit()
        self.document_changed.emit()

    def open_work(self, work: Work, path: Path | None, *, unsaved: bool = False) -> None:
        """Start over with other work."""
        self.consent.start_over()
        self.document.renew(work, path, unsaved=unsaved)
        self._settle()

    def use_settings(self, settings: Settings) -> None:
        """Take over changed settings; the level applies from the next clip on."""
        other_plugins = settings.plugin_folders != self.settings.plugin_folders
        self.settings = settings
        if other_plugins:
            self.load_catalogue()
        self.hearing.set_switching(settings.switching, settings.switching_ms)

    def notes_by_clip(self) -> dict[str, tuple[Note, ...]]:
        """Return all notes by the name of their clip."""
        return {name: done.notes for name, done in self.document.work.clips.items() if done.notes}

    def close(self) -> None:
        """Let go of threads, processes and sound."""
        self.closed.emit()
        for engine in self._engines:
            engine.close()
        self.concealing.close()
        self.hearing.close()


def _scan(named: tuple[Path, ...], job: Job) -> Any:
    from gaplisten.concealers.catalogue import Catalogue

    return Catalogue.scan(named, job=job)
