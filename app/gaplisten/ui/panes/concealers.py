"""Switching concealers on and off, their parameters, and plugin files that change on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Qt, QTimer, QUrl
from PySide6.QtGui import QDesktopServices

from gaplisten.bench.concealing import idents
from gaplisten.ui.actions import section
from gaplisten.ui.shell import Pane, Shell
from gaplisten.ui.translation import tr
from gaplisten.ui.workbench.concealer_dock import ConcealerDock

if TYPE_CHECKING:
    from gaplisten.ui.workbench.consent_dialog import ConsentDialog

LOOK_MS = 2000


COMMANDS = (
    *section("Conceal", "files")(
        ("conceal.reload", "Reload Changed Concealers", "Ctrl+R", "Read changed plugin files again"),
        ("conceal.defaults", "Parameters Back to Default", "", "Reset the parameters of all lanes"),
    ),
    *section("Conceal", "folder")(
        (
            "conceal.allow",
            "Allow What the File Runs…",
            "",
            "See which programs, code and models this file wants to use, and allow them",
        ),
        ("conceal.folder", "Show the Plugin Folder", "", "Open the folder for your own concealers"),
    ),
)

_MENU = (
    *("conceal.reload", "conceal.defaults", "", "conceal.audit", "conceal.clips"),
    *("", "conceal.allow", "conceal.folder", "conceal.editor", "conceal.errors"),
)


class Concealers(QObject):
    """The Conceal menu and the concealers' dock."""

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self._shell, self._controller = shell, shell.controller
        self.dock = dock = ConcealerDock(shell.window)
        bind, controller = shell.actions.bind, shell.controller
        bind("conceal.reload", self._reload)
        bind("conceal.defaults", self._defaults)
        bind("conceal.allow", self.ask_consent)
        bind("conceal.folder", self._folder)
        shell.stop_at(dock, dock.filter)
        shell.offer_menu(dock, _MENU)
        dock.filter.given_up.connect(shell.lanes.setFocus)
        self._looking = False
        self._question: ConsentDialog | None = None
        self._timer = QTimer(self, interval=LOOK_MS)
        self._timer.timeout.connect(self._look)
        dock.switched.connect(self._switch)
        dock.another.connect(controller.document.switch_on)
        dock.removed.connect(controller.document.switch_off)
        dock.parameter_changed.connect(self._set_parameter)
        dock.reload_wanted.connect(self._reload)
        dock.error_wanted.connect(shell.plugin_error_wanted)
        shell.audited.connect(dock.show_audited)
        signals = shell.signals
        signals.catalogue_changed.connect(self._on_catalogue)
        signals.consent_wanted.connect(self.ask_consent)
        signals.document_changed.connect(self._show)
        signals.lanes_changed.connect(self._show_lanes)
        signals.lane_changed.connect(self._show_lanes)
        signals.closed.connect(self._timer.stop)

    def _on_catalogue(self) -> None:
        self._show()
        self.dock.show_changed(())
        self._timer.start()
        for problem in self._controller.catalogue.problems:
            self._shell.report(problem)

    def _show(self) -> None:
        if self._controller.catalogue is None:
            return
        entries = self._controller.catalogue.entries
        self.dock.show_choices(entries, self._controller.document.work.choices)
        self._show_lanes()

    def _show_lanes(self, _key: int = -1) -> None:
        names = idents(self._controller.document.work.choices)
        made = {name: self._controller.rendering(name) for name in names}
        self.dock.show_lanes(self._controller.lanes, made)

    def _switch(self, name: str, on: bool) -> None:
        document = self._controller.document
        if on:
            document.switch_on(name)
            return
        for index in reversed(range(len(document.work.choices))):
            if document.work.choices[index].concealer == name:
                document.switch_off(index)

    def _set_parameter(self, index: int, name: str, value: Any) -> None:
        document = self._controller.document
        choice = document.work.choices[index]
        default = self._default(choice.concealer, name)
        if value is None or value == default:
            values = {key: each for key, each in choice.values.items() if key != name}
            document.set_parameters(index, values, f"{choice.concealer}: {name}", f"{index}.{name}")
        else:
            document.set_parameter(index, name, value)

    def _default(self, concealer: str, name: str) -> Any:
        parameter = self._controller.catalogue.get(concealer).parameter(name)
        return parameter.default if parameter is not None else None

    def _defaults(self) -> None:
        for index in range(len(self._controller.document.work.choices)):
            self._controller.document.set_parameters(index, {}, "default parameters")

    def ask_consent(self) -> None:
        """Show what the file's withheld concealers want to run, to be allowed or left off."""
        from gaplisten.ui.workbench.consent_dialog import ConsentDialog

        if self._question is not None:
            self._question.reject()  # it shows what is no longer so
        consent = self._controller.consent
        shown = consent.review
        wishes = [wish for _, wish in shown.wishes]
        if not wishes:
            self._controller.said.emit(tr("this file runs nothing that was not allowed"))
            return
        path = self._controller.document.path
        dialog = ConsentDialog(path.name if path else tr("This work"), wishes, self._shell.window)
        dialog.accepted.connect(lambda: consent.allow(shown))
        dialog.finished.connect(self._on_answered)
        self._question = dialog
        dialog.open()

    def _on_answered(self) -> None:
        self._question = None

    # -- files ----------------------------------------------------------------------------------------

    def _look(self) -> None:
        catalogue = self._controller.catalogue
        if catalogue is None or self._looking:
            return
        self._controller.consent.hold_back_changed()
        self._looking = True
        self._controller.tasks.run(
            tr("plugin files"),
            lambda _job: catalogue.changed(),
            self._on_looked,
            self._on_not_looked,
            quiet=True,
        )

    def _on_looked(self, names: tuple[str, ...]) -> None:
        self._looking = False
        self.dock.show_changed(names)
        heard = {choice.concealer for choice in self._controller.document.work.choices}
        if heard & set(names):
            self._reload()  # edited, saved, heard; what is not in use waits for its author

    def _on_not_looked(self, _error: Exception) -> None:
        self._looking = False

    def _reload(self) -> None:
        if self._controller.catalogue is not None:
            self._controller.load_catalogue()

    def _folder(self) -> None:
        from gaplisten import folders

        folder = folders.user_plugins()
        folder.mkdir(parents=True, exist_ok=True)
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))
        self._shell.say(tr("your plugins go into {folder}", folder=folder))


PANE = Pane(
    "concealers",
    Concealers,
    COMMANDS,
    "Concealers",
    Qt.DockWidgetArea.RightDockWidgetArea,
    scrolls=False,
    place=30,
)
