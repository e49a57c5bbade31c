"""Notes: written where one listens, listed, gone to, and saved."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QFileDialog

from gaplisten.bench.note_numbers import NoteNumbers
from gaplisten.bench.notes import notes_table
from gaplisten.bench.state import Note
from gaplisten.errors import GaplistenError
from gaplisten.exchange.gap_labels import gap_tracks, note_track, notes_in
from gaplisten.exchange.labels import formats, read_labels, write_labels
from gaplisten.tables import write_csv
from gaplisten.ui.actions import section
from gaplisten.ui.lanes.scene import Mark
from gaplisten.ui.shell import Pane, Shell
from gaplisten.ui.translation import tr, tr_said
from gaplisten.ui.workbench.notes_dock import NotesDock

COMMANDS = (
    *section("Edit", "notes")(
        ("edit.note", "Add Note", "N", "Note what is heard here"),
        ("edit.remove_note", "Remove Note", "Ctrl+Del", "Remove the selected note"),
        ("edit.find_note", "Find Note", "Ctrl+Shift+F", "Search the notes"),
    ),
    *section("Gap", "notes")(
        ("gap.next_note", "Next Note", "Alt+Down", "Go to the next place that you marked"),
        ("gap.previous_note", "Previous Note", "Alt+Up", "Go to the previous note"),
    ),
    *section("File/Export", "tables")(
        ("export.notes", "Notes…", "", "Save the notes of all clips as CSV"),
        ("export.labels", "Labels…", "", "Save gaps, findings and notes as intervals for other tools"),
    ),
    *section("File", "tables")(
        ("file.labels", "Read Labels…", "", "Take intervals and labels of other tools as notes"),
    ),
)

_MENU = (
    *("edit.note", "edit.remove_note", "edit.find_note", "", "gap.next_note", "gap.previous_note"),
    *("", "export.notes", "export.labels", "file.labels"),
)


@dataclass(frozen=True, slots=True)
class NotePlace:
    """What a note speaks of: where one was when it was begun, however long the writing takes.

    Parameters
    ----------
    gap
        First frame of the gap that is at hand and the one after its last.
    """

    clip: str
    frame: int
    lane: str
    gap: tuple[int, int] | None

    def note(self, tag: str = "own", text: str = "") -> Note:
        """Return a note about it."""
        return Note(self.frame, tag, text, self.lane, self.gap)


class Notes(QObject):
    """Keeps the table of notes in step with the clip, and knows where a note that is written belongs."""

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self._shell, self._controller = shell, shell.controller
        self.dock = notes = NotesDock(shell.window)
        self._place: NotePlace | None = None  # of the note that is being written
        self._named: dict[str, str] = {}  # what lanes are called in the list
        bind = shell.actions.bind
        bind("edit.note", self._begin_note)
        bind("edit.remove_note", notes.remove_selected)
        bind("edit.find_note", lambda: shell.bring("notes", notes.search))
        bind("gap.next_note", lambda: self._step(1))
        bind("gap.previous_note", lambda: self._step(-1))
        bind("export.notes", self._ask_file)
        bind("export.labels", self._ask_labels)
        bind("file.labels", self._ask_to_read)
        shell.actions.listen_in(notes.table)
        shell.stop_at(notes, notes.table)
        shell.offer_menu(notes.table, _MENU)
        notes.search.given_up.connect(shell.lanes.setFocus)
        notes.begun.connect(self._place_note)
        notes.forgotten.connect(self._forget_note)
        notes.added.connect(self.add_note)
        notes.changed.connect(self._change_note)
        notes.removed.connect(self._remove_note)
        notes.chosen.connect(self.go_to_note)
        shell.lanes.mark_clicked.connect(self.go_to_note)
        shell.place_chosen.connect(self._go_elsewhere)
        signals = shell.signals
        for signal in (signals.notes_changed, signals.clip_changed):
            signal.connect(self.show_notes)
        for signal in (signals.lanes_changed, signals.trace_changed):
            signal.connect(self.show_notes)  # notes name their lanes, and number their gaps
        signals.lane_changed.connect(self._on_lane)

    # -- notes ----------------------------------------------------------------------------------------

    def _begin_note(self) -> None:
        self._shell.docks["notes"].show()
        self._shell.docks["notes"].raise_()
        self.dock.begin()

    def _place_note(self, anew: bool) -> None:
        """Remember where a note is begun: sound that plays goes on while it is written."""
        if anew or self._place is None:
            self._place = self._here()
        if self._place is not None:
            self._shell.say(tr("note at {told}: Enter adds it, Esc forgets it", told=self._told(self._place)))

    def _forget_note(self) -> None:
        self._place = None
        self._shell.say("")
        if not self.dock.text.text():
            self._shell.lanes.setFocus()

    def _go_elsewhere(self) -> None:
        self._place = None  # who clicks at another place means that one

    def _here(self) -> NotePlace | None:
        controller = self._controller
        if controller.clip_name is None:
            return None
        frame = controller.hearing.state.position
        lane = controller.lane(controller.hearing.heard)
        return NotePlace(controller.clip_name, frame, lane.ident if lane else "", self._gap_near(frame))

    def _told(self, place: NotePlace) -> str:
        number = NoteNumbers(self._controller).of(place.clip, place.note())
        gap = "" if number is None else tr(", gap #{number}", number=number)
        return f"{place.frame / self._controller.rate:.3f} s{gap}"

    def add_note(self, tag: str, text: str) -> None:
        """Add a note where it was begun, for the lane that was heard and the gap that was at hand."""
        begun, here = self._place, self._here()
        self._place = None
        if here is None:
            self._shell.say(tr("open a clip first"))
            return
        place = begun if begun is not None and begun.clip == here.clip else here
        self._controller.document.add_note(place.clip, place.note(tag, text))
        self._shell.say(tr("noted at {told}", told=self._told(place)))
        self._shell.lanes.setFocus()

    def _gap_near(self, frame: int) -> tuple[int, int] | None:
        """Return the gap at hand (its context may begin in another), else the nearest within 100 ms."""
        hand, reach = self._shell.hand, self._controller.rate // 10
        index = hand.near(frame, reach) if hand.within_reach is None else hand.within_reach
        if index is None:
            return None
        gap = self._controller.gaps[index]
        return (gap.start, gap.stop)

    def _change_note(self, index: int, note: Note) -> None:
        if self._controller.clip_name is not None:
            self._controller.document.change_note(self._controller.clip_name, index, note)

    def _remove_note(self, index: int) -> None:
        if self._controller.clip_name is not None:
            self._controller.document.remove_note(self._controller.clip_name, index)

    def go_to_note(self, index: int) -> None:
        """Go to a note's place, on its lane."""
        note = self._controller.document.work.clip(self._controller.clip_name).notes[index]
        self._controller.hearing.seek(note.frame)
        self._shell.lanes.centre_on(note.frame)
        self._shell.hand.point_at(note.frame)
        lane = next((each for each in self._controller.lanes if each.ident == note.lane), None)
        if lane is not None:
            self._controller.hearing.hear(lane.key)

    def show_notes(self) -> None:
        """List the clip's notes and mark them on the time axis."""
        controller = self._controller
        notes = controller.document.work.clip(controller.clip_name).notes
        number, self._named = NoteNumbers(controller).shown, self._names()
        self.dock.show_notes(notes, controller.rate, self._named, number)
        self._shell.lanes.set_marks([Mark(note.frame, note.tag) for note in notes])

    def _on_lane(self, _key: int) -> None:
        """Call a version what it is called with its new parameters."""
        if self._named != self._names():
            self.show_notes()

    def _step(self, by: int) -> None:
        notes = self._controller.document.work.clip(self._controller.clip_name).notes
        position = self._controller.hearing.state.position
        if by > 0:
            found = next((place for place, note in enumerate(notes) if note.frame > position), None)
        else:
            found = next(
                (place for place, note in reversed([*enumerate(notes)]) if note.frame < position), None
            )
        if found is None:
            self._shell.say(tr("there is no further note") if notes else tr("there are no notes: N adds one"))
            return
        self.go_to_note(found)

    # -- saving ---------------------------------------------------------------------------------------

    def _ask_file(self) -> None:
        path = self._shell.ask_path(
            tr("Save Notes"), f"{self._controller.clip_name}_notes.csv", tr("CSV (*.csv)")
        )
        if path is not None:
            self._shell.write(path, lambda: self.save_notes(path))

    def save_notes(self, path: Path) -> None:
        """Write the notes of all clips as CSV."""
        controller = self._controller
        trace = controller.trace
        packet_ms = 20.0 if trace is None else trace.packet_ms if trace.grid else None
        notes, numbers = controller.notes_by_clip(), NoteNumbers(controller)
        write_csv(path, notes_table(notes, self._rates(), packet_ms, numbers.of, self._names()))

    def _ask_labels(self) -> None:
        if self._controller.clip_name is None:
            self._shell.say(tr("open a clip first"))
            return
        name = f"{self._controller.clip_name}_labels.TextGrid"
        kinds = ";;".join(f"{tr_said(form.title)} (*{form.suffix})" for form in formats())
        path = self._shell.ask_path(tr("Save Labels"), name, kinds)
        if path is not None:
            self._controller.gap_measures.when_measured(
                lambda: self._shell.write(path, lambda: self.save_labels(path))
            )

    def save_labels(self, path: Path) -> None:
        """Write gaps, what is found in them, and notes of the clip that is shown, as intervals."""
        controller = self._controller
        work, rate, frames = controller.document.work, controller.rate, controller.frames
        tables = controller.gap_measures.named_tables()
        tracks = gap_tracks(controller.listed_trace, rate, frames, tables, work.gaps.thresholds)
        notes = note_track(work.clip(controller.clip_name).notes, rate, self._names(), self._spans())
        write_labels(path, [*tracks, notes] if notes.labels else tracks, frames / rate, rate)

    def _ask_to_read(self) -> None:
        if self._controller.clip_name is None:
            self._shell.say(tr("open a clip first"))
            return
        kinds = tr("Labels ({suffixes})", suffixes=" ".join(f"*{form.suffix}" for form in formats()))
        name = QFileDialog.getOpenFileName(
            self._shell.window, tr("Read Labels"), self._shell.last_folder(), kinds
        )[0]
        if name:
            self.read_labels(Path(name))

    def read_labels(self, path: Path) -> None:
        """Add the labels of a file to the notes of the clip that is shown."""
        controller, clip = self._controller, self._controller.clip_name
        if clip is None:
            return
        try:
            tracks = read_labels(path)
        except GaplistenError as error:
            self._shell.report(error)
            return
        found = notes_in(tracks, controller.rate, controller.frames, self._names(), self._spans())
        before = len(controller.document.work.clip(clip).notes)
        controller.document.add_notes(clip, found)
        added = len(controller.document.work.clip(clip).notes) - before
        beyond = sum(len(track.labels) for track in tracks) - len(found)
        left = (
            tr("; {beyond} labels are of other tracks, or lie beyond the clip", beyond=beyond)
            if beyond
            else ""
        )
        self._shell.say(
            tr("{added} notes read from {path_name}{left}", added=added, path_name=path.name, left=left)
        )

    def _names(self) -> dict[str, str]:
        return {lane.ident: lane.name for lane in self._controller.lanes}

    def _spans(self) -> list[tuple[int, int]]:
        return [(gap.start, gap.stop) for gap in self._controller.gaps]

    def _rates(self) -> dict[str, int]:
        from gaplisten.audio.files import probe

        rates: dict[str, int] = {}
        clips = self._controller.clipset.clips if self._controller.clipset else ()
        noted = self._controller.notes_by_clip()
        for clip in clips:
            if clip.name in noted and clip.sound is not None:
                rates[clip.name] = probe(clip.sound, clip.reading).rate
        return rates


PANE = Pane("notes", Notes, COMMANDS, "Notes", Qt.DockWidgetArea.BottomDockWidgetArea, place=32)
