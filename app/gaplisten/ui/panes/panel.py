"""The menu "Panel" of the workbench: make a panel, take one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget

from gaplisten.errors import GaplistenError, visible
from gaplisten.jobs import Job
from gaplisten.ui.actions import section
from gaplisten.ui.shell import Pane, Shell
from gaplisten.ui.translation import tr, tr_said

if TYPE_CHECKING:
    from gaplisten.panel.definition import PanelDefinition
    from gaplisten.panel.frozen import FrozenPanel
    from gaplisten.panel.selection import Places
    from gaplisten.ui.panel.new_dialog import NewPanelDialog, Offer
    from gaplisten.ui.panel.window import PanelWindow

# The engine of panels is imported when a panel is wanted: no start of the workbench waits for it.

COMMANDS = (
    *section("Panel", "make")(
        ("panel.new", "New Panel…", "Ctrl+Shift+N", "Make a listening panel from these clips"),
        ("panel.build", "Build from TOML…", "", "Build a panel that somebody wrote"),
    ),
    *section("Panel", "take")(
        ("panel.take", "Take a Panel…", "Ctrl+T", "Let a listener take a built panel"),
    ),
)


Doubts = dict[str, tuple[str, ...]]
_NAMED = 6


def _build(
    definition: PanelDefinition,
    out: Path,
    places: Places,
    programs: bool,
    accepted: Doubts | None,
    plugins: tuple[str, ...],
    job: Job,
) -> FrozenPanel | Doubts:
    """Return the panel built; where something does not fit and was not accepted, return that."""
    from gaplisten.batch.panel_renderer import CatalogueRenderer
    from gaplisten.concealers.catalogue import Catalogue
    from gaplisten.panel.build import build, doubts_in

    if accepted is None and (doubts := doubts_in(definition, places, job)):
        return doubts
    catalogue = Catalogue.scan(tuple(map(Path, plugins)), job=job) if plugins else None
    with CatalogueRenderer(catalogue, programs=programs) as renderer:
        return build(definition, out, renderer, places=places, job=job, doubts=accepted)


class Panels(QObject):
    """Carries out the commands of the menu."""

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self._shell, self._controller, self._window = shell, shell.controller, shell.window
        self.panel_window: PanelWindow | None = None
        self.dialog: NewPanelDialog | None = None
        bind = shell.actions.bind
        bind("panel.new", self.new)
        bind("panel.build", self.build_file)
        bind("panel.take", self.take)
        shell.empty.panel_wanted.connect(self.take)
        shell.empty.panel_file_wanted.connect(self.build_file)

    # --- making ------------------------------------------------------------------------------------

    def new(self) -> None:
        """Open the dialog, on the clips that are shown."""
        from gaplisten.ui.panel.new_dialog import NewPanelDialog

        offer = self._offer()
        if offer is None:
            self._shell.report(
                GaplistenError(
                    tr("New Panel"), tr("no folder of clips is open"), tr("open one, or the demo, first")
                )
            )
            return
        self.dialog = NewPanelDialog(offer, self._window)
        self.dialog.wanted.connect(self._wanted)
        self.dialog.destroyed.connect(self._forget_dialog)
        self.dialog.open()

    def _forget_dialog(self) -> None:
        self.dialog = None

    def _offer(self) -> Offer | None:
        from gaplisten.ui.panel.new_dialog import Offer

        controller = self._controller
        controller.consent.hold_back_changed()
        work = controller.document.work
        folders = tuple(path for path in work.sources.paths if path.is_dir())
        if controller.clipset is None or not folders:
            return None
        return Offer(
            controller.clipset,
            folders,
            work.sources.reference_folder,
            work.sources.packet_ms,
            tuple(work.choices),
            self._selected_clips(),
            controller.clipset.clips[0].reading,
        )

    def _selected_clips(self) -> tuple[str, ...]:
        name = self._controller.clip_name
        return (name,) if name else ()

    def _wanted(self, definition: PanelDefinition, what: str) -> None:
        if what == "save":
            self._save(definition)
            return
        out = self._ask_for_new_folder()
        if out is not None:
            self._tell(tr("Building {out} …", out=out))
            # The dialog offers what this very user has switched on: it may run what runs already.
            self._start(definition, out, self._places(definition), programs=True, take=what == "take")

    def _tell(self, text: str) -> bool:
        """Say something in the dialog, which is what the user looks at; tell whether it is there."""
        if self.dialog is None:
            return False
        self.dialog.tell(text)
        return True

    @staticmethod
    def _places(definition: PanelDefinition) -> Places:
        from gaplisten.panel.selection import Places

        named = [*definition.clips.folders, definition.clips.reference_folder or ""]
        # Attention recordings and tables were named in the dialog by this very user, too.
        checks, clips = definition.checks, definition.clips
        files = [*(one.file for one in checks.trap), *(one.file for one in checks.gold if one.file)]
        files += [one for one in (clips.strata, clips.talkers) if one]
        named += [str(Path(file).parent) for file in files if Path(file).is_absolute()]
        return Places(Path.cwd(), tuple(Path(one) for one in named if one))

    def _save(self, definition: PanelDefinition) -> None:
        name, _ = QFileDialog.getSaveFileName(
            self._over, tr("Save the Panel"), "panel.toml", tr("Panel (*.toml)")
        )
        if not name:
            return
        from gaplisten.panel.starter import to_toml

        path = Path(name)
        try:
            path.write_text(to_toml(definition, path.resolve().parent), encoding="utf-8")
        except OSError as error:
            self._failed(
                GaplistenError(
                    name,
                    tr("it cannot be written: {strerror}", strerror=error.strerror),
                    tr("choose another place"),
                )
            )
        else:
            self._tell(tr("{name} is written.", name=name))

    def _failed(self, error: Exception) -> None:
        if not self._tell(tr_said(error)):
            self._shell.report(error)

    @property
    def _over(self) -> QWidget:
        """What a file dialog opens over."""
        return self.dialog or self._window

    def _ask_for_new_folder(self) -> Path | None:
        start = str(Path.home() / "panel")
        name, _ = QFileDialog.getSaveFileName(
            self._over, tr("Folder for the Panel"), start, tr("New folder (*)")
        )
        return Path(name) if name else None

    def build_file(self) -> None:
        """Build a panel from a file that somebody wrote."""
        from gaplisten.panel.definition import read_definition
        from gaplisten.panel.selection import Places

        name, _ = QFileDialog.getOpenFileName(self._window, tr("Panel Definition"), "", tr("Panel (*.toml)"))
        if not name:
            return
        try:
            definition = read_definition(Path(name))
        except GaplistenError as error:
            self._shell.report(error)
            return
        out = self._ask_for_new_folder()
        if out is not None:
            # A file may come from a stranger: it stays in its folder and starts no programs.
            self._start(definition, out, Places(Path(name).resolve().parent), programs=False, take=False)

    def _start(
        self,
        definition: PanelDefinition,
        out: Path,
        places: Places,
        *,
        programs: bool,
        take: bool,
        accepted: Doubts | None = None,
    ) -> None:
        def done(panel: FrozenPanel | Doubts) -> None:
            if isinstance(panel, dict):
                if self._go_on_with(panel):
                    self._start(definition, out, places, programs=programs, take=take, accepted=panel)
                elif not self._tell(said := tr("no panel was built: something in its clips does not fit")):
                    self._shell.say(said)
                return
            made = tr(
                "{folder}: {n_stimuli} stimuli are frozen",
                folder=panel.folder,
                n_stimuli=len(panel.key.stimuli),
            )
            if not take:
                self._tell(f"{made}.")
                self._shell.say(made)
                return
            if self.dialog is not None:
                self.dialog.accept()
            self.open(panel.folder)

        plugins = self._controller.settings.plugin_folders
        self._controller.tasks.run(
            tr("building the panel"),
            lambda job: _build(definition, out, places, programs, accepted, plugins, job),
            done,
            self._failed,
        )

    def _go_on_with(self, doubts: Doubts) -> bool:
        """Ask whether a panel is to be built of clips in which something does not fit."""
        listed = [f"{name}: {each}" for name, found in doubts.items() for each in found]
        more = [tr("and {n_listed} more", n_listed=len(listed) - _NAMED)] if len(listed) > _NAMED else []
        box = QMessageBox(
            QMessageBox.Icon.Warning,
            tr("Something Does Not Fit"),
            tr(
                "In {n_doubts} of the panel's clips something does not fit together. Votes on a "
                "panel that is built of them may mean nothing.",
                n_doubts=len(doubts),
            ),
            parent=self._over,
        )
        box.setInformativeText("\n".join(map(visible, listed[:_NAMED] + more)))
        box.setTextFormat(Qt.TextFormat.PlainText)
        go_on = box.addButton(tr("Build It All the Same"), QMessageBox.ButtonRole.AcceptRole)
        stop = box.addButton(tr("Do Not Build"), QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(stop)
        box.exec()
        return box.clickedButton() is go_on

    # --- taking ------------------------------------------------------------------------------------

    def take(self) -> None:
        """Choose a built panel and let somebody take it."""
        name = QFileDialog.getExistingDirectory(self._window, tr("Panel Folder"))
        if name:
            self.open(Path(name))

    def open(self, folder: Path) -> None:
        """Open the listener's window on a built panel; the workbench is silent and out of sight meanwhile."""
        from gaplisten.panel.frozen import open_panel
        from gaplisten.playback.player import Player
        from gaplisten.ui.panel.window import PanelWindow

        try:
            open_panel(folder)
        except GaplistenError as error:
            self._shell.report(error)
            return
        self._controller.hearing.player.release(tr("a listening panel has the sound"))
        window = PanelWindow(folder, Player())
        window.closed.connect(self._closed)
        self.panel_window = window
        window.showFullScreen()
        self._shell.make_way()

    def _closed(self) -> None:
        self.panel_window = None
        self._shell.come_back()
        self._controller.hearing.player.start()


PANE = Pane("panel", Panels, COMMANDS, place=70)
