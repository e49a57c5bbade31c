"""Undo and redo, painting and drawing losses, moving lanes."""

from __future__ import annotations

from PySide6.QtCore import QObject

from gaplisten.ui.actions import section
from gaplisten.ui.shell import Pane, Shell
from gaplisten.ui.translation import tr, tr_said

COMMANDS = (
    *section("Edit", "history")(
        ("edit.undo", "Undo", "Ctrl+Z", "Take the last edit back"),
        ("edit.redo", "Redo", "Ctrl+Shift+Z; Ctrl+Y", "Do it again"),
    ),
    *section("Edit", "loss", checkable=True)(
        (
            "edit.paint",
            "Paint Loss",
            "P",
            "Drag over packets to lose them, from lost ones to receive them; with Alt off the packets",
        ),
    ),
    *section("Edit", "loss")(
        ("edit.loss_model", "Generate Loss…", "Ctrl+L", "Lose packets by a model or a file"),
        ("edit.reset_loss", "Revert to Original Loss", "", "Go back to the clip's own trace"),
    ),
    *section("Edit", "lanes")(
        ("edit.lane_up", "Move Lane Up", "Ctrl+Up", "Move the heard lane up"),
        ("edit.lane_down", "Move Lane Down", "Ctrl+Down", "Move the heard lane down"),
    ),
)


class Edit(QObject):
    """The Edit menu, apart from notes and clips."""

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self._shell, self._controller = shell, shell.controller
        bind, controller = shell.actions.bind, shell.controller
        bind("edit.undo", self._undo)
        bind("edit.redo", self._redo)
        bind("edit.loss_model", self._ask_loss)
        bind("edit.reset_loss", self._reset_loss)
        bind("edit.lane_up", lambda: controller.move_lane(controller.hearing.heard, -1))
        bind("edit.lane_down", lambda: controller.move_lane(controller.hearing.heard, 1))
        bind("edit.paint", self._paint)
        shell.lanes.packets_painted.connect(controller.paint)
        shell.lanes.gap_drawn.connect(controller.draw)
        shell.signals.document_changed.connect(self._show_history)
        self._show_history()

    # -- history --------------------------------------------------------------------------------------

    def _undo(self) -> None:
        label = self._controller.document.undo()
        self._shell.say(tr("undone: {label}", label=tr_said(label)) if label else tr("nothing to undo"))

    def _redo(self) -> None:
        label = self._controller.document.redo()
        self._shell.say(
            tr("done again: {label}", label=tr_said(label)) if label else tr("nothing to do again")
        )

    def _show_history(self) -> None:
        history = self._controller.document.history
        for name, verb, label in (
            ("edit.undo", tr("Undo"), history.undo_label),
            ("edit.redo", tr("Redo"), history.redo_label),
        ):
            self._shell.actions[name].setText(f"{verb} {label}".strip())
            self._shell.actions[name].setEnabled(bool(label))

    # -- loss -----------------------------------------------------------------------------------------

    def _paint(self, on: bool) -> None:
        self._shell.lanes.set_paint_mode(on)
        packets = self._controller.trace is not None and self._controller.trace.grid is not None
        where = tr("packets to lose them, with Alt over any stretch") if packets else tr("what is to be lost")
        self._shell.say(
            tr("drag over {where}; from what is lost, or with the right button, to receive", where=where)
            if on
            else ""
        )

    def _ask_loss(self) -> None:
        if self._controller.opened is None or not self._controller.frames:
            self._shell.say(tr("open a clip first"))
            return
        from gaplisten.ui.workbench.loss_dialog import LossDialog

        dialog = LossDialog(self._controller, self._shell.window)
        dialog.open()

    def _reset_loss(self) -> None:
        if self._controller.clip_name is not None:
            self._controller.document.reset_loss(self._controller.clip_name)


PANE = Pane("edit", Edit, COMMANDS, place=15)
