"""The concealers: a tick box for each plugin, and under those switched on parameters and how they fare."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from gaplisten.concealers.entries import BrokenEntry, Entry
from gaplisten.ui.quiet_label import QuietLabel
from gaplisten.ui.workbench.parameter_form import ParameterForm
from gaplisten.workbench.bench import idents
from gaplisten.workbench.lanes import Lane
from gaplisten.workbench.state import Choice

_STATE_HELP = "Time spent in the plugin by the sound's length; share of the received samples that it changed"


class _Settings(QWidget):
    """Parameters and state of one concealer that is switched on."""

    def __init__(self, entry: Entry, index: int, parent: QWidget) -> None:
        super().__init__(parent)
        self.index = index
        self.form = ParameterForm(entry.parameters, self)
        self.state = QuietLabel("", self, wrap=True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 0, 0, 4)
        layout.setSpacing(2)
        if entry.parameters:
            layout.addWidget(self.form)
        layout.addWidget(self.state)

    def show_lane(self, lane: Lane | None, made: Any) -> None:
        """Say how the rendering went."""
        text = _progress(lane, made)
        failed = lane is not None and lane.failed
        self.state.setText(text)
        self.state.setVisible(bool(text))
        self.state.setToolTip((lane.details if lane is not None else "") or _STATE_HELP)
        self.state.set_warning(failed)


class ConcealerDock(QWidget):
    """All concealers.

    Signals
    -------
    switched
        Name of a concealer, and whether it is wanted.
    another
        Name of a concealer of which one more lane is wanted.
    removed
        Index (among those switched on) of a lane that is not wanted any more.
    parameter_changed
        Index, name and value.
    reload_wanted
        Changed files should be read again.
    """

    switched = Signal(str, bool)
    another = Signal(str)
    removed = Signal(int)
    parameter_changed = Signal(int, str, object)
    reload_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.filter = QLineEdit(self, placeholderText="Filter concealers", clearButtonEnabled=True)
        self.filter.setAccessibleName("Filter concealers")
        self.filter.textChanged.connect(self._filter)
        self._area = QScrollArea(self)
        self._area.setWidgetResizable(True)
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._changed = QToolButton(self)
        self._changed.setText("Files have changed: reload")
        self._changed.setAccessibleName("Reload changed concealers")
        self._changed.clicked.connect(self.reload_wanted)
        self._changed.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 4, 6, 4)
        layout.setSpacing(4)
        for widget in (self.filter, self._changed, self._area):
            layout.addWidget(widget)
        self.boxes: dict[str, QCheckBox] = {}
        self.settings: list[_Settings] = []
        self._cards: dict[str, QWidget] = {}
        self._entries: tuple[Entry | BrokenEntry, ...] | None = None
        self._choices: tuple[Choice, ...] = ()
        self._area.setWidget(QuietLabel("Reading concealers…", self))

    def show_choices(self, entries: Sequence[Entry | BrokenEntry], choices: Sequence[Choice]) -> None:
        """List the concealers, with these switched on."""
        same = self._entries == tuple(entries)
        if not same or [c.concealer for c in choices] != [c.concealer for c in self._choices]:
            self._entries, self._choices = tuple(entries), tuple(choices)
            self._build()
        self._choices = tuple(choices)
        for settings in self.settings:
            settings.form.show_values(choices[settings.index].values)

    def _build(self) -> None:
        scrolled = self._area.verticalScrollBar().value()
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 4, 0)
        layout.setSpacing(2)
        self.boxes, self.settings, self._cards = {}, [], {}
        for entry in self._entries or ():
            card = self._card(entry, page)
            self._cards[f"{entry.name} {entry.title}".casefold()] = card
            layout.addWidget(card)
        self.settings.sort(key=lambda each: each.index)
        layout.addStretch(1)
        self._area.setWidget(page)
        self._area.verticalScrollBar().setValue(scrolled)
        self._filter(self.filter.text())

    def _card(self, entry: Entry | BrokenEntry, page: QWidget) -> QWidget:
        card = QWidget(page)
        layout = QVBoxLayout(card)
        layout.setContentsMargins(0, 1, 0, 1)
        layout.setSpacing(2)
        line = QHBoxLayout()
        line.setSpacing(4)
        box = QCheckBox(entry.title, card)
        box.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.boxes[entry.name] = box
        line.addWidget(box, 1)
        layout.addLayout(line)
        if isinstance(entry, BrokenEntry):
            self._broken(entry, box, layout, card)
            return card
        mine = [index for index, choice in enumerate(self._choices) if choice.concealer == entry.name]
        box.setToolTip(_about(entry))
        box.setStatusTip(entry.help or f"Conceal with {entry.title}")
        box.setChecked(bool(mine))
        box.toggled.connect(lambda on, name=entry.name: self.switched.emit(name, on))
        line.addWidget(QuietLabel(_delay(entry), card))
        if mine and entry.parameters:
            line.addWidget(self._more(entry, card))
        for place, index in enumerate(mine):
            layout.addWidget(self._one(entry, index, place, card))
        return card

    def _one(self, entry: Entry, index: int, place: int, card: QWidget) -> QWidget:
        settings = _Settings(entry, index, card)
        settings.form.changed.connect(lambda name, value: self.parameter_changed.emit(index, name, value))
        self.settings.append(settings)
        if place:
            remove = QToolButton(settings)
            remove.setText(f"Remove {entry.title} {place + 1}")
            remove.clicked.connect(lambda: self.removed.emit(index))
            layout = settings.layout()
            assert layout is not None
            layout.addWidget(remove)
        return settings

    def _more(self, entry: Entry, card: QWidget) -> QToolButton:
        more = QToolButton(card)
        more.setText("+")
        more.setAutoRaise(True)
        more.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        more.setAccessibleName(f"Another lane of {entry.title}")
        more.setToolTip("One more lane, to compare other parameters")
        more.clicked.connect(lambda: self.another.emit(entry.name))
        return more

    def _broken(self, entry: BrokenEntry, box: QCheckBox, layout: QVBoxLayout, card: QWidget) -> None:
        box.setEnabled(False)
        label = QuietLabel(entry.message, card, wrap=True)
        label.setContentsMargins(20, 0, 0, 0)
        label.setToolTip(entry.details or entry.message)
        label.set_warning(True)
        layout.addWidget(label)

    def show_lanes(self, lanes: Sequence[Lane], made: dict[str, Any]) -> None:
        """Say how each concealer's rendering went."""
        by_ident = {lane.ident: lane for lane in lanes}
        names = idents(self._choices)
        for settings in self.settings:
            ident = names[settings.index]
            settings.show_lane(by_ident.get(ident), made.get(ident))

    def show_changed(self, names: Sequence[str]) -> None:
        """Say which plugin files are other ones than those that were read."""
        self._changed.setVisible(bool(names))
        self._changed.setToolTip(", ".join(names))
        for name, box in self.boxes.items():
            base = box.text().removesuffix(" (changed)")
            box.setText(f"{base} (changed)" if name in names else base)

    def _filter(self, words: str) -> None:
        wanted = words.casefold().split()
        for text, card in self._cards.items():
            card.setVisible(all(word in text for word in wanted))


def _delay(entry: Entry) -> str:
    if entry.delay_ms:
        return f"{entry.delay_ms:.3g} ms delay"
    return "sees all" if entry.causal is False else ""


def _about(entry: Entry) -> str:
    rates = ", ".join(f"{rate / 1000:g} kHz" for rate in entry.rates)
    form = "packet by packet" if entry.form == "streaming" else "whole file"
    delay = "unknown delay" if entry.delay_ms is None else f"{entry.delay_ms:.3g} ms delay (declared)"
    lines = [
        entry.help,
        entry.source,
        f"{form}, {delay}",
        f"rates: {rates}" if rates else "",
        str(entry.path),
    ]
    return "\n".join(line for line in lines if line)


def _progress(lane: Lane | None, made: Any) -> str:
    if lane is None:
        return ""
    if lane.busy:
        return "rendering…"
    if lane.failed or made is None:
        return lane.state
    words = [_speed(made.realtime_factor), _altered(made.altered_received)]
    words += ["resampled"] if made.resampled else []
    return " · ".join(words)


def _speed(factor: float) -> str:
    return "< 0.001 × real time" if factor < 0.001 else f"{factor:.2g} × real time"


def _altered(share: float) -> str:
    """Say how much of what was received came out changed."""
    return f"alters {100 * share:.2g} %" if share else "alters nothing"
