"""One concealer in the list: tick box, declared delay, and the parameters of each lane it makes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from gaplisten.bench.lanes import Lane
from gaplisten.concealers.entries import BrokenEntry, Entry
from gaplisten.concealers.form import forms
from gaplisten.ui.translation import tr, tr_said
from gaplisten.ui.widgets import QuietLabel
from gaplisten.ui.workbench.parameter_form import ParameterForm

_STATE_HELP = tr(
    "Time spent in the plugin by the sound's length; share of the received samples that it changed"
)


class LaneSettings(QWidget):
    """Parameters and state of one lane made by a concealer."""

    removed = Signal()
    error_wanted = Signal()

    def __init__(self, entry: Entry, parent: QWidget, *, removable: bool) -> None:
        super().__init__(parent)
        self.index = -1
        of = entry.name if entry.origin == "bundled" else ""
        self.form = ParameterForm(entry.parameters, self, of)
        self.state = QuietLabel("", self, wrap=True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 0, 0, 4)
        layout.setSpacing(2)
        self.form.setVisible(bool(entry.parameters))
        layout.addWidget(self.form)
        layout.addWidget(self.state)
        self._error = _error_button(
            tr("What went wrong with {entry_title}", entry_title=entry.title),
            self.error_wanted,
            self,
        )
        self._error.hide()
        layout.addWidget(self._error)
        if removable:
            remove = QToolButton(self)
            remove.setText(tr("Remove this lane"))
            remove.setAccessibleName(tr("Remove this {entry_title}", entry_title=entry.title))
            remove.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            remove.clicked.connect(self.removed)
            layout.addWidget(remove)

    def show_lane(self, lane: Lane | None, made: Any) -> None:
        """Say how the rendering went."""
        text = progress_text(lane, made)
        self.state.setText(text)
        self.state.setVisible(bool(text))
        self.state.setToolTip((lane.details if lane is not None else "") or _STATE_HELP)
        failed = lane is not None and lane.failed
        self.state.set_warning(failed)
        self._error.setVisible(failed and bool(lane.details if lane is not None else ""))


class ConcealerCard(QWidget):
    """The concealer.

    It stays while the catalogue does: what is ticked must not vanish under the finger that ticks it.

    Signals
    -------
    switched
        Whether it is wanted.
    another
        One more lane of it is wanted.
    removed
        Index (among those switched on) of a lane that is not wanted any more.
    parameter_changed
        Index, name and value.
    error_wanted
        What went wrong is to be seen in full.
    """

    switched = Signal(bool)
    another = Signal()
    removed = Signal(int)
    parameter_changed = Signal(int, str, object)
    error_wanted = Signal()

    def __init__(self, entry: Entry | BrokenEntry, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.entry = entry
        self.settings: list[LaneSettings] = []
        self.box = QCheckBox(entry.title, self)
        self.box.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 1, 0, 1)
        self._layout.setSpacing(2)
        line = QHBoxLayout()
        line.setSpacing(4)
        line.addWidget(self.box, 1)
        self._layout.addLayout(line)
        self._more = self._made_more()
        self._audited: QuietLabel | None = None
        self.box.toggled.connect(self.switched)
        if isinstance(entry, BrokenEntry):
            self._show_broken(entry)
            return
        self.box.setToolTip(about(entry))
        self.box.setStatusTip(
            tr_said(entry.help) or tr("Conceal with {entry_title}", entry_title=entry.title)
        )
        line.addWidget(QuietLabel(delay_text(entry), self))
        line.addWidget(self._more)

    def _made_more(self) -> QToolButton:
        more = QToolButton(self)
        more.setText("+")
        more.setAutoRaise(True)
        more.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        more.setAccessibleName(tr("Another lane of {entry_title}", entry_title=self.entry.title))
        more.setToolTip(tr("One more lane, to compare other parameters"))
        more.clicked.connect(self.another)
        more.hide()
        return more

    def _show_broken(self, entry: BrokenEntry) -> None:
        self.box.setEnabled(False)
        label = QuietLabel(entry.message, self, wrap=True)
        label.setContentsMargins(20, 0, 0, 0)
        label.setToolTip(entry.details or entry.message)
        label.set_warning(True)
        self._layout.addWidget(label)
        line = QHBoxLayout()
        line.setContentsMargins(20, 0, 0, 0)
        line.addWidget(
            _error_button(
                tr("What went wrong with {entry_title}", entry_title=entry.title),
                self.error_wanted,
                self,
            )
        )
        line.addStretch(1)
        self._layout.addLayout(line)

    def show_indices(self, indices: Sequence[int]) -> None:
        """Have one set of parameters for each of these places among the concealers switched on."""
        if isinstance(self.entry, Entry):
            self._set_out(self.entry, indices)
        else:
            self.box.setEnabled(bool(indices))  # one that is used can be switched off, and no more
        self.box.blockSignals(True)
        self.box.setChecked(bool(indices))
        self.box.blockSignals(False)

    def _set_out(self, entry: Entry, indices: Sequence[int]) -> None:
        while len(self.settings) > len(indices):
            gone = self.settings.pop()
            gone.hide()
            gone.deleteLater()  # later: its own field may be what is telling us
        while len(self.settings) < len(indices):
            self._add(entry)
        for number, (settings, index) in enumerate(zip(self.settings, indices, strict=True), 1):
            settings.index = index
            settings.form.name_fields(entry.title if len(indices) == 1 else f"{entry.title} {number}")
        self._more.setVisible(bool(indices) and bool(entry.parameters))

    def _add(self, entry: Entry) -> None:
        settings = LaneSettings(entry, self, removable=bool(self.settings))
        settings.form.changed.connect(
            lambda name, value: self.parameter_changed.emit(settings.index, name, value)
        )
        settings.removed.connect(lambda: self.removed.emit(settings.index))
        settings.error_wanted.connect(self.error_wanted)
        self.settings.append(settings)
        self._layout.addWidget(settings)

    def show_audited(self, text: str, tip: str, warns: bool) -> None:
        """Say what an audit found; nothing for an empty text."""
        if self._audited is None and text:
            self._audited = QuietLabel("", self, wrap=True)
            self._audited.setContentsMargins(20, 0, 0, 0)
            self._layout.insertWidget(1, self._audited)
        if self._audited is not None:
            self._audited.setVisible(bool(text))
            self._audited.set_warning(warns)
            self._audited.setText(text)
            self._audited.setToolTip(tip)
            self._audited.setAccessibleDescription(tip)

    @property
    def audited(self) -> QuietLabel | None:
        """What an audit found; None where there was none."""
        return self._audited if self._audited is not None and self._audited.text() else None

    def show_changed(self, changed: bool) -> None:
        """Say whether the plugin's file is another one than the one that was read."""
        self.box.setText(
            tr("{entry_title} (changed)", entry_title=self.entry.title) if changed else self.entry.title
        )


def _error_button(name: str, wanted: Any, parent: QWidget) -> QToolButton:
    button = QToolButton(parent)
    button.setObjectName("details")
    button.setText(tr("Details…"))
    button.setAccessibleName(name)
    button.setToolTip(tr("Show the traceback, and open the file in an editor"))
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    button.clicked.connect(wanted)
    return button


def delay_text(entry: Entry) -> str:
    """Return the declared delay in few words."""
    if entry.delay_ms:
        return tr("{delay_ms:.3g} ms delay", delay_ms=entry.delay_ms)
    return tr("non-causal") if entry.causal is False else ""


def about(entry: Entry) -> str:
    """Return what is known of a concealer, in lines."""
    rates = ", ".join(f"{rate / 1000:g} kHz" for rate in entry.rates)
    form = tr_said(forms()[entry.form].title)
    delay = (
        tr("unknown delay")
        if entry.delay_ms is None
        else tr("{delay_ms:.3g} ms delay (declared)", delay_ms=entry.delay_ms)
    )
    lines = [
        tr_said(entry.help),
        entry.source,
        entry.lacks,
        f"{form}, {delay}",
        tr("rates: {rates}", rates=rates) if rates else "",
        str(entry.path),
    ]
    return "\n".join(line for line in lines if line)


def progress_text(lane: Lane | None, made: Any) -> str:
    """Return how a rendering fares, or how it went."""
    if lane is None:
        return ""
    if lane.busy:
        return tr("rendering…")
    if lane.failed or made is None:
        return tr_said(lane.state)
    remarks = map(tr_said, made.remarks) if made.remarks else (tr("altered nothing"),)
    words = [_speed(made.realtime_factor), *remarks]
    if made.coding is not None:
        words.append(
            tr(
                "{dropped} of {payloads} payloads dropped",
                dropped=made.coding.dropped,
                payloads=made.coding.payloads,
            )
        )
    return " · ".join(words)


def _speed(factor: float) -> str:
    return tr("< 0.001 × real time") if factor < 0.001 else tr("{factor:.2g} × real time", factor=factor)
