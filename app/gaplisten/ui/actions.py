"""Commands as data, and the menus and keys that are made from them.

Every command of the window is a row of data beside the code that carries it out: menus, keys, the sheet of
keys and the tests read these rows. Only commands that somebody carries out appear.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMenu, QMenuBar, QWidget

from gaplisten.ui.translation import tr_said

Handler = Callable[..., object]

# The menus in their order, and the sections of each; others come behind these.
MENUS = {
    "File": ("open", "set", "save", "picture", "sound", "tables", "settings", "quit"),
    "Edit": ("history", "select", "notes", "loss", "lanes", "find"),
    "View": ("mode", "draw", "zoom", "lanes", "follow", "panes", "ruler", "theme"),
    "Listen": ("play", "digits", "turn", "loop", "speed", "lost", "switching", "device", "levels"),
    "Gap": ("go", "see", "play", "notes", "worst", "list", "out"),
    "Conceal": ("files", "folder", "clips", "audit"),
    "Scores": ("clips", "compare", "service"),
    "Panel": ("make", "take", "results", "exchange"),
    "Help": ("read", "about"),
}


@dataclass(frozen=True, slots=True)
class Command:
    """One thing that a user can ask for.

    Parameters
    ----------
    name
        Stable identifier, ``menu.verb``.
    text
        What the menu shows; the mnemonic is left to the platform.
    keys
        Key sequences in Qt's portable text, several parted by ``"; "``; empty for none.
    help
        One sentence for the status bar and the shortcut sheet.
    menu
        Where it is found; a slash makes a submenu.
    part
        Section of the menu, as `MENUS` lists them; neighbours of different sections are parted by a line.
    checkable
        Whether it is on or off.
    group
        Of the checkable commands of one group, one is on.
    listening
        Whether its keys act only where nothing is typed or ticked (Space, arrows), not in the whole window.
    """

    name: str
    text: str
    keys: str
    help: str
    menu: str
    part: str = ""
    checkable: bool = False
    group: str = ""
    listening: bool = False


def section(
    menu: str, part: str, *, checkable: bool = False, group: str = "", listening: bool = False
) -> Callable[..., tuple[Command, ...]]:
    """Return what makes commands of one section of a menu from rows of name, text, keys and help."""

    def rows(*given: tuple[str, str, str, str]) -> tuple[Command, ...]:
        return tuple(Command(*row, menu, part, checkable, group, listening) for row in given)

    return rows


def key_texts(command: Command) -> list[str]:
    """Return the command's key sequences, each as Qt's portable text."""
    return [key for key in command.keys.split("; ") if key]


def _place(command: Command) -> tuple[int, int]:
    """Return where a command stands: its menu, and the section in it."""
    head, sections = command.menu.split("/")[0], MENUS.get(command.menu.split("/")[0], ())
    menus = list(MENUS)
    return (
        menus.index(head) if head in menus else len(menus),
        sections.index(command.part) if command.part in sections else len(sections),
    )


class Actions(QObject):
    """The actions of one window, by the name of their command.

    Parameters
    ----------
    window
        Owns the actions; its keys act in all of it.
    """

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._commands: dict[str, Command] = {}
        self._actions: dict[str, QAction] = {}
        self._groups: dict[str, QActionGroup] = {}
        self._listeners: list[QWidget] = []
        self._submenus: dict[str, QMenu] = {}

    def add(self, commands: Iterable[Command]) -> None:
        """Take up commands; they appear once they are bound."""
        for command in commands:
            if command.name in self._commands:
                raise ValueError(f"two commands are named {command.name}")
            self._commands[command.name] = command

    def bind(self, name: str, handler: Handler) -> QAction:
        """Have `handler` carry out the command; one that can be checked gets whether it is."""
        command = self._commands[name]
        action = QAction(tr_said(command.text), self)
        action.setObjectName(name)
        action.setShortcuts([QKeySequence.fromString(key) for key in key_texts(command)])
        action.setStatusTip(tr_said(command.help))
        action.setToolTip(tooltip(command))
        action.setCheckable(command.checkable)
        if command.listening:
            action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        else:
            self._window.addAction(action)
        if command.group:
            self._group(command.group).addAction(action)
        if command.checkable:
            action.triggered.connect(lambda checked: handler(checked))
        else:
            action.triggered.connect(lambda _checked=False: handler())
        self._actions[name] = action
        for widget in self._listeners:
            if command.listening:
                widget.addAction(action)
        return action

    def _group(self, name: str) -> QActionGroup:
        if name not in self._groups:
            self._groups[name] = QActionGroup(self)
        return self._groups[name]

    def listen_in(self, widget: QWidget) -> None:
        """Have the listening keys (Space, arrows, ends) act while `widget` or a child of it has the focus."""
        self._listeners.append(widget)
        for name, action in self._actions.items():
            if self._commands[name].listening:
                widget.addAction(action)

    def __getitem__(self, name: str) -> QAction:
        return self._actions[name]

    def __contains__(self, name: str) -> bool:
        return name in self._actions

    def check(self, name: str, on: bool = True) -> None:
        """Show a command as on or off, without carrying it out."""
        if name in self._actions:
            self._actions[name].setChecked(on)

    def carry_out(self, keys: QKeySequence) -> bool:
        """Carry out the command of the whole window that has these keys; return whether one has."""
        for name, action in self._actions.items():
            if keys in action.shortcuts() and action.isEnabled() and not self._commands[name].listening:
                action.trigger()
                return True
        return False

    def enable(self, names: Iterable[str], on: bool) -> None:
        """Let commands be carried out or not."""
        for name in names:
            if name in self._actions:
                self._actions[name].setEnabled(on)

    @property
    def bound(self) -> tuple[Command, ...]:
        """The commands that can be carried out, in the menus' order."""
        bound = (each for name, each in self._commands.items() if name in self._actions)
        return tuple(sorted(bound, key=_place))

    def popup(self, names: Sequence[str], parent: QWidget) -> QMenu:
        """Return a menu of those of these commands that can be carried out; an empty name makes a line."""
        menu = QMenu(parent)
        menu.setToolTipsVisible(True)
        for name in names:
            if not name:
                menu.addSeparator()
            elif name in self._actions:
                menu.addAction(self._actions[name])
        return menu

    def put_submenu(self, menu: QMenu, after: str) -> None:
        """Have a menu whose entries are no commands stand behind a command."""
        self._submenus[after] = menu

    def fill(self, bar: QMenuBar) -> dict[str, QMenu]:
        """Make the menus; return them by their path (``File``, ``File/Export``)."""
        bar.clear()
        menus: dict[str, QMenu] = {}
        parts: dict[str, str] = {}
        for command in self.bound:
            menu = self._menu(bar, menus, parts, command)
            if parts.setdefault(command.menu, command.part) != command.part:
                menu.addSeparator()
                parts[command.menu] = command.part
            menu.addAction(self._actions[command.name])
            if command.name in self._submenus:
                menu.addMenu(self._submenus[command.name])
        return menus

    def _menu(self, bar: QMenuBar, menus: dict[str, QMenu], parts: dict[str, str], command: Command) -> QMenu:
        if command.menu in menus:
            return menus[command.menu]
        head, _, tail = command.menu.partition("/")
        if head not in menus:
            menus[head] = bar.addMenu(tr_said(f"&{head}"))
            menus[head].setToolTipsVisible(True)
        if tail:
            menus[command.menu] = menus[head].addMenu(tr_said(tail))
        return menus[command.menu]


def tooltip(command: Command) -> str:
    """Return a command's help with its key."""
    keys = key_texts(command)
    shown = QKeySequence.fromString(keys[0]).toString(QKeySequence.SequenceFormat.NativeText) if keys else ""
    said = tr_said(command.help)
    return f"{said} ({shown})" if shown else said
