"""The workbench window: puts the parts together; what each does lies in its own module."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from PySide6.QtCore import QByteArray, QChildEvent, QEvent, Qt, QTimer
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDragLeaveEvent, QDropEvent
from PySide6.QtWidgets import (
    QDockWidget,
    QMainWindow,
    QMenu,
    QTabBar,
)

from gaplisten.bench.controller import Controller
from gaplisten.bench.hearing import Hearing
from gaplisten.bench.settings import Settings
from gaplisten.bench.state import Sources
from gaplisten.errors import GaplistenError
from gaplisten.ui.actions import Actions
from gaplisten.ui.bench_signals import BenchSignals
from gaplisten.ui.icons import program_icon
from gaplisten.ui.lanes.lanes_view import LanesView
from gaplisten.ui.shell import SIDES, Shell, add_all, all_panes
from gaplisten.ui.shell.drop_sign import DropSign
from gaplisten.ui.shell.status import Messages, Status
from gaplisten.ui.shell.tab_order import reading_order
from gaplisten.ui.translation import tr
from gaplisten.ui.widgets import letter_scale

log = logging.getLogger(__name__)

_LAYOUT_VERSION = 1
_FRAME = 4  # pixels around what a pane holds
_NARROW = 800  # a screen narrower than this has no room for panes on both sides


class WorkbenchWindow(QMainWindow):
    """Everything about one clip at a glance, the gap at hand in the middle.

    Parameters
    ----------
    hearing
        What plays; a silent one until `Hearing.use` hands over the real player.

    Attributes
    ----------
    controller
        The workbench without its widgets.
    shell
        What the window has for all its panes.
    panes
        What the panes made, by name.
    """

    def __init__(self, hearing: Hearing | None = None, settings: Settings | None = None) -> None:
        super().__init__()
        self.setObjectName("workbench")
        self.setWindowIcon(program_icon())
        self.setAcceptDrops(True)
        self.setDockNestingEnabled(True)
        self.controller = Controller(hearing or Hearing(), settings)
        self.shell = Shell(self, self.controller)
        self.setStatusBar(self.status)
        self._closed = False
        self.setCentralWidget(self.shell.page)
        self._drop_sign = DropSign(self)
        self.panes: dict[str, Any] = add_all(self.shell, all_panes())
        self.menus = self._fill_menus()
        signals = self.shell.signals
        signals.clips_changed.connect(self._on_clips)
        signals.clip_changed.connect(self._on_clip)
        signals.document_changed.connect(self.show_title)
        self._at_first = self.saveState(_LAYOUT_VERSION)
        self._hidden_at_first = {name for name, dock in self.docks.items() if dock.isHidden()}
        self._behind_doors: QByteArray | None = None  # how panes stand as soon as there are clips
        self.shell.layout_reset.connect(self._reset_layout)
        self._restore_layout()
        self.show_title()

    # -- making ---------------------------------------------------------------------------------------

    @property
    def actions_table(self) -> Actions:
        """All commands."""
        return self.shell.actions

    @property
    def signals(self) -> BenchSignals:
        """The controller's events, for widgets to listen to."""
        return self.shell.signals

    @property
    def lanes_view(self) -> LanesView:
        """The view of the lanes."""
        return self.shell.lanes

    @property
    def messages(self) -> Messages:
        """The strip of messages."""
        return self.shell.messages

    @property
    def status(self) -> Status:
        """The status bar."""
        return self.shell.status

    @property
    def docks(self) -> dict[str, QDockWidget]:
        """The panes' docks by name."""
        return self.shell.docks

    def _fill_menus(self) -> dict[str, QMenu]:
        menus = self.actions_table.fill(self.menuBar())
        panes = menus["View/Panes"] = menus["View"].addMenu(tr("Panes"))
        for dock in self.docks.values():
            panes.addAction(dock.toggleViewAction())
        return menus

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Go on as one reads; Qt would go by the order in which things were made."""
        order = reading_order(self, SIDES)
        now = self.focusWidget()
        if now not in order:
            return super().focusNextPrevChild(forward)
        reason = Qt.FocusReason.TabFocusReason if forward else Qt.FocusReason.BacktabFocusReason
        order[(order.index(now) + (1 if forward else -1)) % len(order)].setFocus(reason)
        return True

    # -- what is shown --------------------------------------------------------------------------------

    def show_doors(self) -> None:
        """Show nothing but the page on which one chooses what to open: empty tables tell nobody anything."""
        self._behind_doors = self.saveState(_LAYOUT_VERSION)
        for dock in self.docks.values():
            dock.hide()

    def _leave_doors(self) -> None:
        kept, self._behind_doors = self._behind_doors, None
        if kept is None:
            return
        self.shell.layout_kept.emit()
        self.restoreState(kept, _LAYOUT_VERSION)
        if not self.shell.settings.contains(self._kept_as("state")):
            QTimer.singleShot(0, self, self._first_panes)

    def _on_clips(self) -> None:
        clipset = self.controller.clipset
        if clipset and clipset.clips:
            self._leave_doors()
        self.shell.stack.setCurrentWidget(self.lanes_view if clipset and clipset.clips else self.shell.empty)
        self.show_title()

    def _on_clip(self) -> None:
        self.show_title()
        if not self.isAncestorOf(self.focusWidget()) if self.focusWidget() else True:
            self.lanes_view.setFocus()

    def show_title(self) -> None:
        """Show what is open in the window's title."""
        controller = self.controller
        title = controller.clipset.title if controller.clipset else ""
        path = controller.document.path
        words = [controller.clip_name or "", path.name if path else title]
        named = " - ".join(word for word in words if word)
        self.setWindowTitle(tr("{named}[*] - Gaplisten", named=named) if named else "Gaplisten[*]")
        self.setWindowModified(controller.document.unsaved)

    # -- opening --------------------------------------------------------------------------------------

    def open_paths(self, paths: list[Path], how: Sources | None = None) -> None:
        """Open what was dropped or named: a workbench file, folders (read as `how` says), or loose files."""
        self.panes["file"].open_paths(paths, how)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Welcome files and folders."""
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            _take_as_copy(event)
            self._drop_sign.appear(len(event.mimeData().urls()))

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        """Show the window as it was."""
        self._drop_sign.hide()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open what was dropped, after the drag is over."""
        self._drop_sign.hide()
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        _take_as_copy(event)
        QTimer.singleShot(0, self, lambda: self.open_paths(paths))

    # -- geometry -------------------------------------------------------------------------------------

    def _kept_as(self, name: str) -> str:
        """Return the key under which a layout is kept: each size of screens has its own."""
        room = self.screen().availableGeometry()
        return f"{name} {room.width()}x{room.height()}"

    def _reset_layout(self) -> None:
        self._behind_doors = None
        self.restoreState(self._at_first, _LAYOUT_VERSION)
        for name, dock in self.docks.items():
            dock.setVisible(name not in self._hidden_at_first)
        QTimer.singleShot(0, self, self._first_panes)

    def _restore_layout(self) -> None:
        kept = self.shell.settings
        geometry = kept.value(self._kept_as("geometry"))
        if isinstance(geometry, QByteArray):
            self.restoreGeometry(geometry)
        else:
            self._first_size()
        state = kept.value(self._kept_as("state"))
        if isinstance(state, QByteArray):
            self.restoreState(state, _LAYOUT_VERSION)
        else:
            QTimer.singleShot(0, self, self._first_panes)  # once the window has its size

    def _first_size(self) -> None:
        room = self.screen().availableGeometry()
        self.resize(min(1400, room.width()), min(860, room.height() - 30))  # 30: the title bar
        if room.width() < 1300 or room.height() < 760:
            self.setWindowState(Qt.WindowState.WindowMaximized)

    def _first_panes(self) -> None:
        """Share the room out: the table of gaps is what needs most of it."""
        if self.screen().availableGeometry().width() < _NARROW:
            self._share_places()
        across, down = Qt.Orientation.Horizontal, Qt.Orientation.Vertical
        docks, wide = self.docks, self.width()
        scale = letter_scale(self)
        clips, concealers, notes, gaps = (round(each * scale) for each in (310, 284, 350, 200))
        clips = max(clips, self.panes["clips"].dock.minimumSizeHint().width() + _FRAME)
        self.resizeDocks([docks["clips"], docks["concealers"]], [clips, concealers], across)
        self.resizeDocks([docks["gaps"], docks["notes"]], [wide - notes, notes], across)
        self.resizeDocks([docks["gaps"]], [gaps], down)
        if "scores" in docks:
            self.resizeDocks([docks["concealers"], docks["scores"]], [330, 210], down)

    def _share_places(self) -> None:
        """Put panes behind each other, so that the lanes keep some room."""
        for front, behind in (
            ("clips", ("concealers", "scores")),
            ("gaps", ("notes", "levels", "plugin_errors", "history")),
        ):
            for name in behind:
                if name in self.docks:
                    self.tabifyDockWidget(self.docks[front], self.docks[name])
            self.docks[front].raise_()

    def childEvent(self, event: QChildEvent) -> None:
        """Name the tabs that the window makes for panes which share a place."""
        super().childEvent(event)
        if event.type() != QEvent.Type.ChildPolished:
            return
        child = event.child()
        if isinstance(child, QTabBar):
            child.setAccessibleName(tr("Panes that share this place"))
            # Half a title tells nothing; what has no room is scrolled to.
            child.setElideMode(Qt.TextElideMode.ElideNone)
            child.setUsesScrollButtons(True)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Ask what becomes of unsaved work and of what runs, keep the geometry and let everything go."""
        if not all(self.panes[name].may_close() for name in ("file", "serving")):
            event.ignore()
            return
        kept = self.shell.settings
        self.shell.layout_kept.emit()
        kept.setValue(self._kept_as("geometry"), self.saveGeometry())
        panes = self._behind_doors or self.saveState(_LAYOUT_VERSION)
        kept.setValue(self._kept_as("state"), panes)
        self.panes["file"].forget_rescue()
        self.close_all()
        super().closeEvent(event)

    def close_all(self) -> None:
        """Let go of threads, processes and sound."""
        if self._closed:
            return
        self._closed = True
        self.lanes_view.close_data()
        self.controller.close()

    def report(self, error: GaplistenError | str) -> None:
        """Tell the user about an error, without a dialog."""
        self.messages.report(error)


def _take_as_copy(event: QDropEvent) -> None:
    # Who takes a file as "moved" tells the giver that it may go.
    if event.possibleActions() & Qt.DropAction.CopyAction:
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()
    else:
        event.acceptProposedAction()
