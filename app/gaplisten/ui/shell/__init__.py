"""What a pane of the window is, and what the window offers its panes."""

from __future__ import annotations

import importlib
import logging
import pkgutil
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtCore import QEvent, QObject, QPoint, QSettings, Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QAbstractScrollArea,
    QDockWidget,
    QFileDialog,
    QMainWindow,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from gaplisten import folders
from gaplisten.bench.at_hand import GapAtHand, Looping
from gaplisten.bench.controller import Controller
from gaplisten.bench.selection import Selection
from gaplisten.bench.settings import MOST, Settings, is_there, with_newest, write_settings
from gaplisten.bench.state import Seen
from gaplisten.durable.places import safe_name
from gaplisten.errors import GaplistenError
from gaplisten.ui import panes
from gaplisten.ui.actions import Actions, Command
from gaplisten.ui.bench_signals import BenchSignals
from gaplisten.ui.digit_row import DigitRow
from gaplisten.ui.lanes.lanes_view import LanesView
from gaplisten.ui.shell.empty import EmptyState
from gaplisten.ui.shell.lane_display import LaneDisplay
from gaplisten.ui.shell.status import Messages, Status
from gaplisten.ui.translation import tr, tr_said
from gaplisten.ui.widgets import Scrolled

log = logging.getLogger(__name__)

_CLIPS = "clips"  # what messages are about that go when clips are read anew
_NOWHERE = Qt.DockWidgetArea.NoDockWidgetArea
# In reading order; the lanes stand in the middle.
SIDES = (
    _NOWHERE,  # what floats
    Qt.DockWidgetArea.TopDockWidgetArea,
    Qt.DockWidgetArea.LeftDockWidgetArea,
    None,
    Qt.DockWidgetArea.RightDockWidgetArea,
    Qt.DockWidgetArea.BottomDockWidgetArea,
)
"""Where panes are, in reading order; None is the middle, where the lanes are."""


@dataclass(frozen=True)
class Pane:
    """Something in the window with commands of its own, and mostly a dock; one file in ``panes/`` each.

    Parameters
    ----------
    name
        Stable identifier; the dock's place is kept under it.
    make
        Makes it: binds its commands, connects to what it shows. Where there is an area, what is made is the
        dock's content, or has it as its attribute ``dock``.
    commands
        What it carries out.
    title, area
        Of its dock; with no area there is none.
    behind, below
        Name of another pane's dock that shares its place with this one, or stands above it.
    scrolls
        Whether the dock may become smaller than its content, which then scrolls.
    place
        Order of making, and so of rows within one section of a menu.
    """

    name: str
    make: Callable[[Shell], QObject]
    commands: tuple[Command, ...] = ()
    title: str = ""
    area: Qt.DockWidgetArea = _NOWHERE
    behind: str = ""
    below: str = ""
    scrolls: bool = True
    place: int = 50


class Shell(QObject):
    """What the window has for all its panes; it knows none of them.

    Attributes
    ----------
    controller
        The workbench without its widgets.
    signals
        Its events, for widgets to listen to.
    actions
        All commands.
    lanes, display
        The view of the lanes, and what keeps it in step with the workbench.
    hand, looping, selection
        The gap at hand, the loop, and what is selected.
    empty
        What is seen in its place before anything is open.
    messages, status
        The strip of messages and the status bar.
    window
        Owner of dialogs.
    docks
        The panes' docks by name.
    settings
        Geometry and recent files, and what else belongs to this screen rather than to the work.

    Signals
    -------
    made_way
        The window is out of sight: a listening panel has sound and screen.
    gap_wanted
        The gap of this number is to be gone to, and seen with its context.
    place_chosen
        The user went to another place, in the lanes or in a table.
    unaligned_changed
        What to say of each lane that does not lie on the reference's clock (a tuple of texts).
    plugin_error_wanted
        What went wrong with the concealer of this name is to be seen in full.
    audited
        What audits say of concealers: texts, tooltips and whether it is a warning, by the concealer's name.
    capture_wanted, sources_wanted
        The capture of a call in this file is to be shown; these clips are to be opened as new work.
    votes_imported
        Votes of another tool are in this folder now.
    settings_changed
        The user's settings are other ones.
    palette_changed
        The window has other colours.
    layout_reset
        The panes are to stand where they stood at first.
    layout_kept
        Where the panes are is about to be kept, or to be another: what hid them for a while puts them back.
    view_wanted
        What a file that is opened says of how it was looked at (`Seen`), or None; and whether its clip is
        shown already.
    """

    made_way = Signal()
    gap_wanted = Signal(int)
    place_chosen = Signal()
    unaligned_changed = Signal(tuple)
    plugin_error_wanted = Signal(str)
    audited = Signal(object)
    capture_wanted = Signal(object)
    sources_wanted = Signal(object)
    votes_imported = Signal(object)
    settings_changed = Signal()
    palette_changed = Signal()
    layout_reset = Signal()
    layout_kept = Signal()
    view_wanted = Signal(object, bool)

    def __init__(self, window: QMainWindow, controller: Controller) -> None:
        super().__init__(window)
        self.window, self.controller = window, controller
        self.signals = BenchSignals(controller, self)
        self.actions = Actions(window)
        self._digits = DigitRow(self, self.actions.carry_out)
        self.docks: dict[str, QDockWidget] = {}
        self._stops: dict[QWidget, QWidget] = {}
        self.settings = QSettings(str(folders.user_config() / "window.ini"), QSettings.Format.IniFormat)
        self.lanes = LanesView(window)
        self.lanes.setAccessibleName(tr("Lanes"))
        self.empty = EmptyState(window)
        self.messages = Messages(window)
        self.status = Status(window)
        self.display = LaneDisplay(controller, self.signals, self.lanes, self.status)
        self.hand, self.looping = GapAtHand(controller), Looping(controller)
        self.selection = Selection(controller)
        self.lanes.seek_requested.connect(self.place_chosen)
        self.palette_changed.connect(self.display.show_lanes)
        self._connect()
        self.page = QWidget(window)
        self._strips = QVBoxLayout(self.page)
        self._fill_page()

    def _fill_page(self) -> None:
        self.stack = QStackedWidget(self.page)
        self.stack.addWidget(self.empty)
        self.stack.addWidget(self.lanes)
        self._strips.setContentsMargins(0, 0, 0, 0)
        self._strips.setSpacing(0)
        self._strips.addWidget(self.messages)
        self._strips.addWidget(self.stack, 1)

    def _connect(self) -> None:
        signals = self.signals
        signals.said.connect(lambda text: self.status.showMessage(tr_said(text), 6000))
        signals.failed.connect(self.messages.report)
        signals.clip_failed.connect(lambda error: self.messages.report(error, about=_CLIPS))
        signals.clip_asked.connect(lambda: self.messages.mend(_CLIPS))
        signals.progressed.connect(self.status.show_progress)
        self.status.cancel_wanted.connect(self.controller.tasks.cancel_shown)

    def watch_window(self) -> None:
        """Follow its colours and keys from now on; building it, each of hundreds of actions is an event."""
        self._digits.watch(self.window)
        self.window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Tell the panes of new colours."""
        if watched is self.window and event.type() == QEvent.Type.PaletteChange:
            self.palette_changed.emit()
        return super().eventFilter(watched, event)

    # -- panes ----------------------------------------------------------------------------------------

    def add(self, pane: Pane) -> QObject:
        """Make a pane; put its dock into the window, where it has one."""
        self.actions.add(pane.commands)
        if pane.area is _NOWHERE:
            return pane.make(self)
        dock = self._dock(pane)
        made = pane.make(self)
        content = made if isinstance(made, QWidget) else getattr(made, "dock", None)
        if not isinstance(content, QWidget):
            raise TypeError(f"pane {pane.name} has an area and nothing to put there")
        dock.setWidget(Scrolled(content) if pane.scrolls else content)
        return made

    def _dock(self, pane: Pane) -> QDockWidget:
        dock = QDockWidget(tr_said(pane.title), self.window)
        dock.setObjectName(f"dock.{pane.name}")
        dock.setAccessibleName(dock.windowTitle())
        self._digits.watch(dock)  # a floating one is a window of its own
        self.window.addDockWidget(pane.area, dock)
        if pane.below in self.docks:
            self.window.splitDockWidget(self.docks[pane.below], dock, Qt.Orientation.Vertical)
        if pane.behind in self.docks:
            self.window.tabifyDockWidget(self.docks[pane.behind], dock)
            self.docks[pane.behind].raise_()
        self.docks[pane.name] = dock
        return dock

    def offer_menu(self, widget: QWidget, names: Sequence[str]) -> None:
        """Show these commands on a right click, or the menu key, on a widget; an empty name makes a line."""
        place = widget.viewport() if isinstance(widget, QAbstractScrollArea) else widget
        widget.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        widget.customContextMenuRequested.connect(
            lambda at: self.show_menu(names, place.mapToGlobal(at), widget)
        )

    def show_menu(self, names: Sequence[str], at: QPoint, parent: QWidget) -> None:
        """Show a menu of these commands at a place of the screen."""
        menu = self.actions.popup(names, parent)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(at)

    def stop_at(self, content: QWidget, first: QWidget) -> None:
        """Have the keys that go to and fro between panes stop at this one, on a widget of it."""
        self._stops[content] = first

    def stops(self) -> list[QWidget]:
        """Return what they go to and fro between, in reading order: panes that are seen, and the lanes."""
        sides = {area: place for place, area in enumerate(SIDES)}
        found: list[tuple[int, QWidget]] = [(SIDES.index(None), self.lanes)]
        for dock in self.docks.values():
            inside = [content for content in self._stops if dock.isAncestorOf(content)]
            found += [(sides[self.window.dockWidgetArea(dock)], content) for content in inside]
        return [each for _, each in sorted(found, key=lambda one: one[0]) if each.isVisible()]

    def reach(self, stop: QWidget) -> None:
        """Give one of `stops` the focus."""
        self._stops.get(stop, stop).setFocus(Qt.FocusReason.TabFocusReason)

    def bring(self, name: str, widget: QWidget) -> None:
        """Show a pane, in front of those that share its place, and go to a widget of it."""
        self.docks[name].show()
        self.docks[name].raise_()
        widget.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def put_over_lanes(self, strip: QWidget) -> None:
        """Put a strip between the messages and the lanes."""
        self._strips.insertWidget(self._strips.count() - 1, strip)

    # -- telling --------------------------------------------------------------------------------------

    def report(self, error: GaplistenError | Exception | str, way_out: QAction | None = None) -> None:
        """Tell what went wrong, without a dialog; a button beside it triggers `way_out`."""
        self.messages.report(error, way_out)

    def say(self, text: str) -> None:
        """Say in passing what was done."""
        self.controller.said.emit(text)

    def use_settings(self, settings: Settings) -> None:
        """Take over the user's settings, and keep them."""
        self.controller.use_settings(settings)
        write_settings(settings)
        self.settings_changed.emit()

    # -- writing files --------------------------------------------------------------------------------

    def ask_file(self, title: str, name: str, kinds: str) -> tuple[Path, str] | None:
        """Ask where something of the clip is to be saved; return the place and the kind that was chosen."""
        if self.controller.clip_name is None:
            self.say(tr("open a clip first"))
            return None
        suggested = str(Path(self.last_folder()) / safe_name(name))
        file, chosen = QFileDialog.getSaveFileName(self.window, title, suggested, kinds)
        return (Path(file), chosen or kinds) if file else None

    def ask_path(self, title: str, name: str, kinds: str) -> Path | None:
        """Ask likewise; the path ends as its kind does."""
        found = self.ask_file(title, name, kinds)
        if found is None:
            return None
        path, suffix = found[0], re.search(r"\*(\.\w+)", found[1])
        return path if path.suffix or suffix is None else path.with_suffix(suffix.group(1))

    def write(self, path: Path, work: Callable[[], None]) -> None:
        """Have `work` write `path`; tell how that went."""
        try:
            work()
        except GaplistenError as error:
            self.report(error)
        except OSError as error:
            fact = tr("cannot be written: {strerror}", strerror=error.strerror)
            self.report(GaplistenError(str(path), fact, tr("choose another place")))
        else:
            self.say(tr("saved {path}", path=path))

    def seen(self) -> Seen:
        """Return how the clip that is shown is looked at."""
        controller, (start, stop) = self.controller, self.lanes.visible_range
        heard = controller.lane(controller.hearing.heard)
        position = controller.hearing.state.position
        version = "" if heard is None else heard.ident
        sizes = self.lanes.sizes
        return Seen(
            version,
            position,
            start,
            max(stop, start + 1),
            str(self.lanes.mode),
            self.lanes.display,
            tuple(sorted(sizes.heights.items())),
            tuple(sorted(sizes.collapsed)),
            tuple(sorted(sizes.hidden)),
        )

    # -- making way -----------------------------------------------------------------------------------

    def make_way(self) -> None:
        """Go out of sight until `come_back`."""
        self.window.hide()
        self.made_way.emit()

    def come_back(self) -> None:
        """Be seen again."""
        self.window.show()

    # -- recent places --------------------------------------------------------------------------------

    def recent(self) -> list[str]:
        """Return the recent places, newest first."""
        kept = self.settings.value("recent", [], type=list)
        return [str(each) for each in kept][:MOST] if isinstance(kept, list) else []

    def remember(self, path: Path) -> None:
        """Put a place at the head of the recent ones."""
        places = with_newest(self.recent(), path)
        self.settings.setValue("recent", places)
        self.empty.show_recent(places)

    def last_folder(self) -> str:
        """Return the folder in which dialogs start."""
        return next((str(Path(path).parent) for path in self.recent() if is_there(path)), str(Path.home()))


def all_panes() -> list[Pane]:
    """Return the ``PANE`` of each file in ``panes/``, in the order in which they are made."""
    names = [f"{panes.__name__}.{found.name}" for found in pkgutil.iter_modules(panes.__path__)]
    found: list[Pane] = [importlib.import_module(name).PANE for name in names]
    return sorted(found, key=lambda pane: (pane.place, pane.name))


def add_all(shell: Shell, wanted: Iterable[Pane]) -> dict[str, Any]:
    """Make panes; return what was made by name. A broken one must not keep the workbench shut."""
    made = {}
    for pane in wanted:
        try:
            made[pane.name] = shell.add(pane)
        except Exception:
            log.exception("the pane %s could not be made", pane.name)
    shell.watch_window()
    return made
