"""The workbench's sound device: a dialog to choose it, and a message with a way out when it goes away."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QAction

from gaplisten.playback.devices import OutputDevice, Side
from gaplisten.playback.player import PlayerState
from gaplisten.ui.actions import section
from gaplisten.ui.devices.dialog import DeviceDialog
from gaplisten.ui.shell import Pane, Shell

COMMANDS = section("Listen", "device")(
    ("listen.rescan", "Rescan Devices", "", "Look again for sound devices"),
    ("listen.device", "Sound Device…", "Ctrl+Shift+D", "Choose where the sound goes, and try it"),
)

LOOK_MS = 200


class Devices(QObject):
    """Opens the dialog, and watches for a device that goes away."""

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self._shell, self._hearing = shell, shell.controller.hearing
        self.dialog: DeviceDialog | None = None
        self._reason, self._sounded, self._told = "", False, ""
        shell.actions.bind("listen.rescan", self.rescan)
        shell.actions.bind("listen.device", self.open)
        self.choose_another = QAction("Choose Another…", self)
        self.choose_another.setToolTip("Choose another sound device; playing can go on where it was")
        self.choose_another.triggered.connect(self.open)
        self._timer = QTimer(self, interval=LOOK_MS)
        self._timer.timeout.connect(self.look)
        shell.signals.moved.connect(self._watch)
        shell.status.sound_clicked.connect(self.open)
        shell.made_way.connect(self._make_way)

    def _make_way(self) -> None:
        """Close the dialog: a listening panel has the sound, and the screen."""
        if self.dialog is not None:
            self.dialog.close()

    # -- the dialog -----------------------------------------------------------------------------------

    def open(self) -> None:
        """Show the dialog."""
        if self.dialog is None:
            self.dialog = DeviceDialog(self._shell.window)
            self.dialog.wanted.connect(self.choose)
            self.dialog.rescan_wanted.connect(self.rescan)
            self.dialog.tone_wanted.connect(self._tone)
            self.dialog.finished.connect(self._timer.stop)
        self.look()
        self._timer.start()
        self.dialog.show()
        self.dialog.raise_()
        self.dialog.table.setFocus()

    def look(self) -> None:
        """Show the state as it is now: a device list comes without any sound being played."""
        if self.dialog is not None:
            player = self._hearing.player
            self.dialog.show_state(player.state, player.devices())

    def choose(self, device: OutputDevice | None) -> None:
        """Send the sound elsewhere; the position stays."""
        self._hearing.player.choose(device)
        self._take_back()
        where = device.title if device else "the system's choice"
        self._shell.say(f"sound goes to {where}")
        self.look()

    def rescan(self) -> None:
        """Look again for devices."""
        self._shell.say("looking for sound devices")
        self._hearing.player.rescan()
        self.look()

    def _tone(self, side: Side) -> None:
        self._hearing.player.test_tone(side)

    def _take_back(self) -> None:
        """Hide the message of a device that went away, if it is still shown: it does not hold any more."""
        if self._telling:
            self._shell.messages.clear()

    @property
    def _telling(self) -> bool:
        """Whether the message above the lanes is of this feature's."""
        messages = self._shell.messages
        ours = not messages.way_out.isHidden() and messages.way_out.defaultAction() is self.choose_another
        return ours and not messages.isHidden()

    # -- the watch ------------------------------------------------------------------------------------

    def _watch(self, state: PlayerState) -> None:
        """Tell of trouble once, unless there was never any sound to lose."""
        if state.off:
            self._reason, self._sounded = "", False
            return
        sounded, self._sounded = self._sounded, self._sounded or (state.available and not state.starting)
        if state.reason == self._reason:
            return
        self._reason = state.reason
        if not state.reason:
            self._take_back()
        elif sounded or state.available:
            # A device is lost first, and then another one found: both belong together.
            self._told = " ".join([*([self._told] if self._telling else []), state.reason])
            self._shell.messages.report(self._told, self.choose_another)


PANE = Pane("devices", Devices, COMMANDS, place=63)
