"""Undo and redo, notes, painting loss, moving lanes, walking through the clip list."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtWidgets import QMenu

from gaplisten.bench.state import Note
from gaplisten.ui.actions import section
from gaplisten.ui.lanes.values import Mark
from gaplisten.ui.workbench.part import Part


@dataclass(frozen=True, slots=True)
class NotePlace:
    """What a note speaks of: where one was when it was begun, however long the writing takes."""

    clip: str
    frame: int
    lane: str
    gap: int | None


COMMANDS = (
    *section("Edit", "history")(
        ("edit.undo", "Undo", "Ctrl+Z", "Take the last edit back"),
        ("edit.redo", "Redo", "Ctrl+Shift+Z; Ctrl+Y", "Do it again"),
    ),
    *section("Edit", "notes")(
        ("edit.note", "Add Note", "N", "Note what is heard here"),
        ("edit.remove_note", "Remove Note", "Ctrl+Del", "Remove the selected note"),
        ("edit.find_note", "Find Note", "Ctrl+Shift+F", "Search the notes"),
    ),
    *section("Edit", "loss", checkable=True)(
        ("edit.paint", "Paint Loss", "P", "Drag over packets to lose them, with Shift to receive them"),
    ),
    *section("Edit", "loss")(
        ("edit.loss_model", "New Loss…", "Ctrl+L", "Lose packets by a model or a file"),
        ("edit.reset_loss", "Restore Own Loss", "", "Go back to the clip's own trace"),
    ),
    *section("Edit", "lanes")(
        ("edit.lane_up", "Move Lane Up", "Ctrl+Up", "Move the heard lane up"),
        ("edit.lane_down", "Move Lane Down", "Ctrl+Down", "Move the heard lane down"),
    ),
)


class EditActions(Part):
    """The Edit menu."""

    commands_of = COMMANDS

    def bind(self) -> None:
        """Bind the commands."""
        self._place: NotePlace | None = None  # of the note that is being written
        bind = self.commands.bind
        bind("edit.undo", self._undo)
        bind("edit.redo", self._redo)
        bind("edit.note", self._begin_note)
        bind("edit.remove_note", lambda: self.window.notes.remove_selected())
        bind("edit.find_note", lambda: self.window.bring("notes", self.window.notes.search))
        bind("edit.loss_model", self._ask_loss)
        bind("edit.reset_loss", self._reset_loss)
        bind("edit.lane_up", lambda: self.controller.move_lane(self.controller.hearing.heard, -1))
        bind("edit.lane_down", lambda: self.controller.move_lane(self.controller.hearing.heard, 1))
        bind("edit.paint", self._paint)

    def menus_made(self, menus: dict[str, QMenu]) -> None:
        """Nothing but commands is in this menu."""
        self._show_history()

    def link(self) -> None:
        """Connect to notes, lanes view and document."""
        notes = self.window.notes
        notes.begun.connect(self._place_note)
        notes.forgotten.connect(self._forget_note)
        notes.added.connect(self.add_note)
        notes.changed.connect(self._change_note)
        notes.removed.connect(self._remove_note)
        notes.chosen.connect(self.go_to_note)
        self.window.lanes_view.mark_clicked.connect(self.go_to_note)
        self.window.lanes_view.seek_requested.connect(self._go_elsewhere)
        self.window.gaps.chosen.connect(self._go_elsewhere)
        self.window.lanes_view.packets_painted.connect(self.controller.paint)
        self.window.signals.document_changed.connect(self._show_history)
        self.window.signals.notes_changed.connect(self.show_notes)
        self.window.signals.clip_changed.connect(self.show_notes)
        self.window.signals.lanes_changed.connect(self.show_notes)  # notes name their lanes

    # -- history --------------------------------------------------------------------------------------

    def _undo(self) -> None:
        label = self.controller.document.undo()
        self.controller.said.emit(f"undone: {label}" if label else "nothing to undo")

    def _redo(self) -> None:
        label = self.controller.document.redo()
        self.controller.said.emit(f"done again: {label}" if label else "nothing to do again")

    def _show_history(self) -> None:
        history = self.controller.document.history
        for name, verb, label in (
            ("edit.undo", "Undo", history.undo_label),
            ("edit.redo", "Redo", history.redo_label),
        ):
            self.commands[name].setText(f"{verb} {label}".strip())
            self.commands[name].setEnabled(bool(label))

    # -- notes ----------------------------------------------------------------------------------------

    def _begin_note(self) -> None:
        self.window.docks["notes"].show()
        self.window.docks["notes"].raise_()
        self.window.notes.begin()

    def _place_note(self, anew: bool) -> None:
        """Remember where a note is begun: sound that plays goes on while it is written."""
        if anew or self._place is None:
            self._place = self._here()
        if self._place is not None:
            self.controller.said.emit(f"note at {self._told(self._place)}: Enter adds it, Esc forgets it")

    def _forget_note(self) -> None:
        self._place = None
        self.controller.said.emit("")
        if not self.window.notes.text.text():
            self.window.lanes_view.setFocus()

    def _go_elsewhere(self) -> None:
        self._place = None  # who clicks at another place means that one

    def _here(self) -> NotePlace | None:
        controller = self.controller
        if controller.clip_name is None:
            return None
        frame = controller.hearing.state.position
        lane = controller.lane(controller.hearing.heard)
        return NotePlace(controller.clip_name, frame, lane.ident if lane else "", self._gap_near(frame))

    def _told(self, place: NotePlace) -> str:
        gap = "" if place.gap is None else f", gap #{place.gap + 1}"
        return f"{place.frame / self.controller.rate:.3f} s{gap}"

    def add_note(self, tag: str, text: str) -> None:
        """Add a note where it was begun, for the lane that was heard and the gap that was at hand."""
        begun, here = self._place, self._here()
        self._place = None
        if here is None:
            self.controller.said.emit("open a clip first")
            return
        place = begun if begun is not None and begun.clip == here.clip else here
        self.controller.document.add_note(place.clip, Note(place.frame, tag, text, place.lane, place.gap))
        self.controller.said.emit(f"noted at {self._told(place)}")
        self.window.lanes_view.setFocus()

    def _gap_near(self, frame: int) -> int | None:
        """Return the gap at hand (its context may begin in another), else the nearest within 100 ms."""
        gaps, reach = self.window.gap_actions, self.controller.rate // 10
        return gaps.near(frame, reach) if gaps.at_hand is None else gaps.at_hand

    def _change_note(self, index: int, note: Note) -> None:
        if self.controller.clip_name is not None:
            self.controller.document.change_note(self.controller.clip_name, index, note)

    def _remove_note(self, index: int) -> None:
        if self.controller.clip_name is not None:
            self.controller.document.remove_note(self.controller.clip_name, index)

    def go_to_note(self, index: int) -> None:
        """Go to a note's place, on its lane."""
        note = self.controller.document.work.clip(self.controller.clip_name).notes[index]
        self.controller.hearing.seek(note.frame)
        self.window.lanes_view.centre_on(note.frame)
        self.window.gap_actions.point_at(note.frame)
        lane = next((each for each in self.controller.lanes if each.ident == note.lane), None)
        if lane is not None:
            self.controller.hearing.hear(lane.key)

    def show_notes(self) -> None:
        """List the clip's notes and mark them on the time axis."""
        controller = self.controller
        notes = controller.document.work.clip(controller.clip_name).notes
        names = {lane.ident: lane.name for lane in controller.lanes}
        self.window.notes.show_notes(notes, controller.rate, names)
        self.window.lanes_view.set_marks([Mark(note.frame, note.tag) for note in notes])

    # -- loss -----------------------------------------------------------------------------------------

    def _paint(self, on: bool) -> None:
        self.window.lanes_view.set_paint_mode(on)
        self.controller.said.emit("drag over packets to lose them, with Shift to receive them" if on else "")

    def _ask_loss(self) -> None:
        if self.controller.opened is None or not self.controller.frames:
            self.controller.said.emit("open a clip first")
            return
        from gaplisten.ui.workbench.loss_dialog import LossDialog

        dialog = LossDialog(self.controller, self.window)
        dialog.open()

    def _reset_loss(self) -> None:
        if self.controller.clip_name is not None:
            self.controller.document.reset_loss(self.controller.clip_name)
