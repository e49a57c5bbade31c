"""How spectrograms are looked at: set in a dialog or by the wheel, and kept in the user's settings."""

from __future__ import annotations

from PySide6.QtCore import QObject

from gaplisten.audio.spectrum_look import SpectrumLook
from gaplisten.ui.actions import section
from gaplisten.ui.shell import Pane, Shell
from gaplisten.ui.workbench.spectrogram_dialog import SpectrogramDialog

COMMANDS = section("View", "draw")(
    (
        "view.spectrogram_settings",
        "Spectrogram Settings…",
        "Y",
        "Window, range, gain, frequencies, scale and colours of spectrograms",
    ),
)


class Spectrograms(QObject):
    """Keeps dialog, lanes and settings in step."""

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self._shell, self._controller = shell, shell.controller
        self.dialog: SpectrogramDialog | None = None
        shell.actions.bind("view.spectrogram_settings", self._open)
        shell.lanes.look_wanted.connect(self._use)
        shell.settings_changed.connect(self._show)
        shell.lanes.set_look(self._controller.settings.spectrum)

    def _open(self) -> None:
        if self.dialog is None:
            self.dialog = SpectrogramDialog(self._controller.settings.spectrum, self._shell.window)
            self.dialog.chosen.connect(self._use)
        self.dialog.show_look(self._controller.settings.spectrum)
        self.dialog.show()
        self.dialog.raise_()
        self.dialog.activateWindow()

    def _use(self, look: SpectrumLook) -> None:
        settings = self._controller.settings
        if look != settings.spectrum:
            self._shell.use_settings(settings.with_spectrum(look))

    def _show(self) -> None:
        look = self._controller.settings.spectrum
        self._shell.lanes.set_look(look)
        if self.dialog is not None:
            self.dialog.show_look(look)


PANE = Pane("spectrogram", Spectrograms, COMMANDS, place=60)
