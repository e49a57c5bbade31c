"""The concealers by kind: a tick box for each, and under those switched on parameters and how they fare."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtWidgets import QCheckBox, QFrame, QLabel, QScrollArea, QToolButton, QVBoxLayout, QWidget

from gaplisten.bench.concealing import idents
from gaplisten.bench.lanes import Lane
from gaplisten.bench.state import Choice
from gaplisten.concealers.entries import BrokenEntry, Entry
from gaplisten.concealers.kinds import Kind, kind_of
from gaplisten.ui.fields import FilterField
from gaplisten.ui.translation import tr, tr_said
from gaplisten.ui.widgets import QuietLabel, headed
from gaplisten.ui.workbench.concealer_card import ConcealerCard, LaneSettings

MOST_WIDTH = 340


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
    error_wanted
        Name of a concealer whose error is to be seen in full.
    """

    switched = Signal(str, bool)
    another = Signal(str)
    removed = Signal(int)
    parameter_changed = Signal(int, str, object)
    reload_wanted = Signal()
    error_wanted = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.filter = FilterField(tr("Filter concealers"), self)
        self.filter.textChanged.connect(self._filter)
        self._area = QScrollArea(self)
        self._area.setWidgetResizable(True)
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        reading = QuietLabel(tr("Reading concealers…"), self)
        reading.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._area.setWidget(reading)
        self._changed = QToolButton(self)
        self._changed.setText(tr("Files have changed: reload"))
        self._changed.setAccessibleName(tr("Reload changed concealers"))
        self._changed.clicked.connect(self.reload_wanted)
        self._changed.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 4, 6, 4)
        layout.setSpacing(4)
        for widget in (self.filter, self._changed, self._area):
            layout.addWidget(widget)
        self.cards: dict[str, ConcealerCard] = {}
        self.headings: dict[Kind, QLabel] = {}
        self._entries: tuple[Entry | BrokenEntry, ...] = ()
        self._choices: tuple[Choice, ...] = ()
        self._audited: dict[str, tuple[str, str, bool]] = {}

    @property
    def boxes(self) -> dict[str, QCheckBox]:
        """The tick boxes by the concealers' names."""
        return {name: card.box for name, card in self.cards.items()}

    @property
    def settings(self) -> list[LaneSettings]:
        """Parameters and state of each concealer switched on, in the order of their lanes."""
        every = [settings for card in self.cards.values() for settings in card.settings]
        return sorted(every, key=lambda settings: settings.index)

    def show_choices(self, entries: Sequence[Entry | BrokenEntry], choices: Sequence[Choice]) -> None:
        """List the concealers, with these switched on."""
        if self._entries != tuple(entries) or not self.cards:
            self._entries = tuple(entries)
            self._build()
        self._choices = tuple(choices)
        for name, card in self.cards.items():
            card.show_indices([place for place, each in enumerate(choices) if each.concealer == name])
        for settings in self.settings:
            settings.form.show_values(choices[settings.index].values)
        self._keep_wide_enough()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow what the page needs: fields added to it count from when they are shown, which is later."""
        if event.type() == QEvent.Type.LayoutRequest and watched is self._area.widget():
            self._keep_wide_enough()
        return super().eventFilter(watched, event)

    def _keep_wide_enough(self) -> None:
        """Let nobody make the pane so narrow that fields are cut off: it does not scroll sideways."""
        page = self._area.widget()
        if page is not None:
            bar = self._area.verticalScrollBar().sizeHint().width()
            self._area.setMinimumWidth(min(page.minimumSizeHint().width() + bar + 2, MOST_WIDTH))

    def _build(self) -> None:
        scrolled = self._area.verticalScrollBar().value()
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 4, 0)
        layout.setSpacing(2)
        self.cards, self.headings = {}, {}
        for kind in Kind:
            entries = [entry for entry in self._entries if kind_of(entry) is kind]
            if entries:
                self.headings[kind] = heading = headed(tr_said(kind.value), page)
                heading.setContentsMargins(0, 6, 0, 0)
                layout.addWidget(heading)
            for entry in entries:
                self.cards[entry.name] = card = self._card(entry, page)
                layout.addWidget(card)
        layout.addStretch(1)
        old = self._area.takeWidget()
        if old is not None:
            old.deleteLater()
        self._area.setWidget(page)
        page.installEventFilter(self)
        self.show_audited(self._audited)
        self._area.verticalScrollBar().setValue(scrolled)
        self._filter(self.filter.text())

    def _card(self, entry: Entry | BrokenEntry, page: QWidget) -> ConcealerCard:
        card = ConcealerCard(entry, page)
        card.switched.connect(lambda on: self.switched.emit(entry.name, on))
        card.another.connect(lambda: self.another.emit(entry.name))
        card.removed.connect(self.removed)
        card.parameter_changed.connect(self.parameter_changed)
        card.error_wanted.connect(lambda: self.error_wanted.emit(entry.name))
        return card

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
        for name, card in self.cards.items():
            card.show_changed(name in names)

    def show_audited(self, audited: dict[str, tuple[str, str, bool]]) -> None:
        """Mark those that were audited: text, tooltip, and whether it is a warning, by name."""
        self._audited = audited
        for name, card in self.cards.items():
            card.show_audited(*audited.get(name, ("", "", False)))

    def _filter(self, words: str) -> None:
        wanted = words.casefold().split()
        for name, card in self.cards.items():
            text = f"{name} {card.entry.title}".casefold()
            card.setVisible(all(word in text for word in wanted))
        for kind, heading in self.headings.items():
            cards = (card for card in self.cards.values() if kind_of(card.entry) is kind)
            heading.setVisible(any(not card.isHidden() for card in cards))
