"""Makes menus and keys from the command table; only commands that somebody carries out appear."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMenu, QMenuBar, QWidget

from gaplisten.ui.commands import MENUS, Command, key_texts

Handler = Callable[..., object]


class Actions(QObject):
    """The actions of one window, by the name of their command.

    Parameters
    ----------
    window
        Owns the actions; its keys act in all of it.
    """

    def __init__(self, window: QWidget, commands: Sequence[Command]) -> None:
        super().__init__(window)
        self._window = window
        self._commands: dict[str, Command] = {}
        self._actions: dict[str, QAction] = {}
        self._groups: dict[str, QActionGroup] = {}
        self._listeners: list[QWidget] = []
        self.add(commands)

    def add(self, commands: Iterable[Command]) -> None:
        """Take up more commands (a feature's own)."""
        for command in commands:
            if command.name in self._commands:
                raise ValueError(f"two commands are named {command.name}")
            self._commands[command.name] = command

    def bind(self, name: str, handler: Handler) -> QAction:
        """Have `handler` carry out the command; one that can be checked gets whether it is."""
        command = self._commands[name]
        action = QAction(command.text, self)
        action.setObjectName(name)
        action.setShortcuts([QKeySequence.fromString(key) for key in key_texts(command)])
        action.setStatusTip(command.help)
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

    def enable(self, names: Iterable[str], on: bool) -> None:
        """Let commands be carried out or not."""
        for name in names:
            if name in self._actions:
                self._actions[name].setEnabled(on)

    @property
    def bound(self) -> tuple[Command, ...]:
        """The commands that can be carried out, in the table's order."""
        return tuple(command for name, command in self._commands.items() if name in self._actions)

    def fill(self, bar: QMenuBar) -> dict[str, QMenu]:
        """Make the menus; return them by their path (``File``, ``File/Export``)."""
        bar.clear()
        menus: dict[str, QMenu] = {}
        parts: dict[str, str] = {}
        order = {name: place for place, name in enumerate(MENUS)}
        for command in sorted(self.bound, key=lambda each: order.get(each.menu.split("/")[0], len(order))):
            menu = self._menu(bar, menus, parts, command)
            if parts.setdefault(command.menu, command.part) != command.part:
                menu.addSeparator()
                parts[command.menu] = command.part
            menu.addAction(self._actions[command.name])
        return menus

    def _menu(self, bar: QMenuBar, menus: dict[str, QMenu], parts: dict[str, str], command: Command) -> QMenu:
        if command.menu in menus:
            return menus[command.menu]
        head, _, tail = command.menu.partition("/")
        if head not in menus:
            menus[head] = bar.addMenu(f"&{head}")
            menus[head].setToolTipsVisible(True)
        if tail:
            menus[command.menu] = menus[head].addMenu(tail)
        return menus[command.menu]


def tooltip(command: Command) -> str:
    """Return a command's help with its key."""
    keys = key_texts(command)
    shown = QKeySequence.fromString(keys[0]).toString(QKeySequence.SequenceFormat.NativeText) if keys else ""
    return f"{command.help} ({shown})" if shown else command.help
