"""A call capture: its streams, a jitter buffer, and what is lost; to be heard, or to be lost in a clip."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSlider,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from gaplisten.bench.calls import USUAL_BUFFER_MS, Call, Heard, heard
from gaplisten.captures.overview import COLUMNS, Row
from gaplisten.captures.timeline import Timeline
from gaplisten.errors import GaplistenError
from gaplisten.loss.formats import FORMATS, write_trace
from gaplisten.ui.captures.delay_plot import DelayPlot
from gaplisten.ui.fields import ChoiceField, NumberField
from gaplisten.ui.translation import tr, tr_said
from gaplisten.ui.widgets import QuietLabel, plain_table, resize_within

if TYPE_CHECKING:
    from gaplisten.bench.controller import Controller

_LONGEST_BUFFER_MS = 1000
_CLOCKS = (8000, 16000, 32000, 48000)
_TITLES = (
    tr("Stream"),
    tr("From"),
    tr("To", context="receiver"),
    "SSRC",
    tr("Payload"),
    tr("Packets"),
    tr("Lost"),
    tr("Twice"),
    tr("Reordered"),
    tr("Silent"),
    tr("Packet (ms)"),
    tr("Length (s)"),
)
_WRITABLE = tuple(form for form in FORMATS if form.unit == "packet")


class CallDialog(QDialog):
    """Streams above, the delay of each packet and the buffer below; what is lost follows at once.

    Signals
    -------
    sound_saved
        The roles of the files that were written, to be opened as a clip, and the packet length in ms.
    """

    sound_saved = Signal(object, float)

    def __init__(self, path: Path, controller: Controller, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Call Capture: {path_name}", path_name=path.name))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._path, self._controller = path, controller
        self._call: Call | None = None
        self._timeline: Timeline | None = None
        self.heard: Heard | None = None
        self._make_table()
        self._make_fields()
        self.plot = DelayPlot(self)
        self.plot.buffer_dragged.connect(self.set_buffer)
        self.outcome = QLabel(tr("Reading the capture…"), self)
        self.notes = QuietLabel("", self, wrap=True)
        for label in (self.outcome, self.notes):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._make_buttons()
        layout = QVBoxLayout(self)
        layout.addWidget(self.table)
        layout.addLayout(self._stream_line)
        layout.addWidget(self.plot, 1)
        layout.addLayout(self._buffer_line)
        layout.addWidget(self.outcome)
        layout.addWidget(self.notes)
        layout.addWidget(self.buttons)
        resize_within(self, 980, 660)
        self._enable(False)
        self._task = controller.tasks.run(
            tr("reading {path_name}", path_name=path.name),
            lambda job: Call.of(path, job),
            self._show_call,
            self._on_failed,
        )

    def _make_table(self) -> None:
        self.table = QTableWidget(0, len(COLUMNS), self)
        self.table.setHorizontalHeaderLabels(list(_TITLES))
        plain_table(self.table, tr("Streams of the capture"))
        self.table.setMaximumHeight(150)
        self.table.itemSelectionChanged.connect(self._on_row)

    def _make_fields(self) -> None:
        self.choice = ChoiceField(self)
        self.choice.setAccessibleName(tr("Stream"))
        self.choice.setSizeAdjustPolicy(ChoiceField.SizeAdjustPolicy.AdjustToContents)
        self.choice.currentIndexChanged.connect(self._on_choice)
        self.clock = ChoiceField(self)
        self.clock.setAccessibleName(tr("Clock of the timestamps"))
        self.clock.addItem(tr("as found"), None)
        for rate in _CLOCKS:
            self.clock.addItem(f"{rate} Hz", rate)
        self.packet = NumberField(self, minimum=0.0, maximum=200.0, decimals=2, suffix=" ms")
        self.packet.setSpecialValueText(tr("as found"))
        self.packet.setAccessibleName(tr("Packet length"))
        self.packet.setKeyboardTracking(False)
        self.clock.currentIndexChanged.connect(self._on_told)
        self.packet.valueChanged.connect(self._on_told)
        self._stream_line = _line(
            (tr("&Stream"), self.choice),
            (tr("Cloc&k"), self.clock),
            (tr("Packet &length"), self.packet),
            parent=self,
        )
        self.buffered = QCheckBox(tr("Jitter &buffer"), self)
        self.buffered.setToolTip(tr("Packets that come later than the buffer allows are lost too"))
        self.buffered.setChecked(True)
        self.slider = QSlider(Qt.Orientation.Horizontal, self)
        self.slider.setRange(0, _LONGEST_BUFFER_MS)
        self.slider.setAccessibleName(tr("Jitter buffer in milliseconds"))
        self.slider.setPageStep(20)
        self.buffer = NumberField(self, minimum=0.0, maximum=10_000.0, decimals=1, suffix=" ms")
        self.buffer.setAccessibleName(tr("Jitter buffer"))
        self.slider.setValue(USUAL_BUFFER_MS)
        self.buffer.setValue(USUAL_BUFFER_MS)
        self.absolute = QCheckBox(tr("Delays as they &stand"), self)
        self.absolute.setToolTip(tr("The reading of 3GPP's plans: not over the smallest delay"))
        self.buffered.toggled.connect(self._listen)
        self.absolute.toggled.connect(self._listen)
        self.slider.valueChanged.connect(self.set_buffer)
        self.buffer.valueChanged.connect(self.set_buffer)
        self._buffer_line = QHBoxLayout()
        self._buffer_line.addWidget(self.buffered)
        self._buffer_line.addWidget(self.slider, 1)
        self._buffer_line.addWidget(self.buffer)
        self._buffer_line.addWidget(self.absolute)

    def _make_buttons(self) -> None:
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        role = QDialogButtonBox.ButtonRole.ActionRole
        self.open_button = QPushButton(tr("&Open the Sound…"), self)
        self.open_button.clicked.connect(self._ask_sound)
        self.lose_button = QPushButton(tr("Lose These in the &Clip"), self)
        self.lose_button.clicked.connect(self.lose)
        self.save_button = QPushButton(tr("Save &Trace…"), self)
        self.save_button.clicked.connect(self._ask_trace)
        for button in (self.open_button, self.lose_button, self.save_button):
            button.setAutoDefault(False)
            self.buttons.addButton(button, role)
        self.buttons.rejected.connect(self.reject)

    # -- the capture ----------------------------------------------------------------------------------

    def _show_call(self, call: Call) -> None:
        self._call = call
        planned = call.capture.delays is not None
        self.absolute.setVisible(planned)
        self.table.setVisible(not planned)
        self.clock.setEnabled(not planned)
        self._fill_table(call)
        self.choice.blockSignals(True)
        self.choice.clear()
        for name, numbers in call.choices:
            self.choice.addItem(name, numbers)
        # The stream that lost something is most likely the one that matters.
        best = max(range(len(call.rows)), key=lambda row: _worth(call.rows[row]), default=0)
        self.choice.setCurrentIndex(best)
        self.choice.blockSignals(False)
        self._enable(True)
        self._on_choice()

    def _fill_table(self, call: Call) -> None:
        self.table.blockSignals(True)
        self.table.setRowCount(len(call.rows))
        for place, row in enumerate(call.rows):
            for column, value in enumerate(row.cells):
                text = "–" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
                item = QTableWidgetItem(text)
                if isinstance(value, int | float) and column:
                    item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                self.table.setItem(place, column, item)
        self.table.resizeColumnsToContents()
        self.table.blockSignals(False)

    def _on_failed(self, error: Exception) -> None:
        self.outcome.setText(tr_said(error))

    def _enable(self, on: bool) -> None:
        for widget in (self.choice, self.clock, self.packet, self.buffered, self.slider, self.buffer):
            widget.setEnabled(on)
        for button in (self.open_button, self.lose_button, self.save_button):
            button.setEnabled(on)

    # -- choosing -------------------------------------------------------------------------------------

    def _on_row(self) -> None:
        row = self.table.currentRow()
        if row >= 0:
            self.choice.setCurrentIndex(row)

    def _on_told(self) -> None:
        if self._call is not None:
            self._call = self._call.told(self.packet.value() or None, self.clock.currentData())
            self._fill_table(self._call)
            self._on_choice()

    def _on_choice(self) -> None:
        if self._call is None or self.choice.currentIndex() < 0:
            return
        row = self.choice.currentIndex()
        self.table.blockSignals(True)
        if row < self.table.rowCount():
            self.table.selectRow(row)
        else:
            self.table.clearSelection()
        self.table.blockSignals(False)
        try:
            self._timeline = self._call.timeline(self.choice.currentData())
        except GaplistenError as error:
            self._refuse(tr_said(error))
            return
        self.buffered.setEnabled(self._timeline.has_delays)
        self._listen()

    def set_buffer(self, milliseconds: float) -> None:
        """Set the jitter buffer, wherever the user did that."""
        fields = (self.slider, self.buffer)
        for field in fields:
            field.blockSignals(True)
        self.slider.setValue(round(milliseconds))
        self.buffer.setValue(milliseconds)
        for field in fields:
            field.blockSignals(False)
        self._listen()

    def _listen(self) -> None:
        if self._call is None or self._timeline is None:
            return
        uses = self.buffered.isChecked() and self._timeline.has_delays
        for field in (self.slider, self.buffer):
            field.setEnabled(uses)
        buffer_ms = self.buffer.value() if uses else None
        try:
            self.heard = heard(
                self._call,
                self.choice.currentData(),
                self._timeline,
                buffer_ms,
                self.absolute.isVisible() and self.absolute.isChecked(),
            )
        except GaplistenError as error:
            self._refuse(tr_said(error))
            return
        self._show_heard(self.heard)

    def _refuse(self, why: str) -> None:
        self.heard = self._timeline = None
        self.outcome.setText(why)
        self.notes.setText("")
        for button in (self.open_button, self.lose_button, self.save_button):
            button.setEnabled(False)

    def _show_heard(self, call: Heard) -> None:
        self.plot.show_call(call)
        self.outcome.setText(tr_said(call.outcome))
        why = tr_said(call.why_silent)
        self.open_button.setEnabled(not why)
        self.open_button.setToolTip(why or tr("Write what was received and its trace, and open both"))
        on_clip = bool(self._controller.frames)
        self.lose_button.setEnabled(on_clip)
        name = self._controller.clip_name
        self.lose_button.setToolTip(
            tr("Give {name} these losses", name=name) if on_clip else tr("Open a clip first")
        )
        self.save_button.setEnabled(True)
        silent = (tr("Not to be heard: {why}", why=why),) if why else ()
        self.notes.setText("; ".join((*map(tr_said, call.notes), *silent)))

    # -- what becomes of it ---------------------------------------------------------------------------

    def lose(self) -> None:
        """Give the clip that is shown these losses; undo takes them back."""
        if self.heard is None:
            return
        controller = self._controller
        try:
            trace = self.heard.on_clip(controller.rate, controller.frames)
        except GaplistenError as error:
            self.outcome.setText(tr_said(error))
            return
        controller.set_loss(trace, self.heard.how)
        call, clip = self.heard.timeline.seconds, controller.frames / controller.rate
        rest = (
            tr("; of the call's {call:.1f} s those of the first {clip:.1f} s", call=call, clip=clip)
            if call > clip
            else ""
        )
        rest = rest or tr("; what follows the call's {call:.1f} s was received", call=call)
        self.outcome.setText(
            tr("{clip_name} has these losses{rest}", clip_name=controller.clip_name, rest=rest)
        )

    def _ask_sound(self) -> None:
        suggested = str(self._path.with_name(f"{self._path.name.split('.')[0]}_received.wav"))
        file, _ = QFileDialog.getSaveFileName(
            self, tr("Save What Was Received"), suggested, tr("Sound (*.wav)")
        )
        if file:
            self.save_sound(Path(file).with_suffix(".wav"))

    def save_sound(self, path: Path) -> None:
        """Write what was received and its trace, and have them opened."""
        if self.heard is None:
            return
        try:
            roles = self.heard.save(path)
        except GaplistenError as error:
            self.outcome.setText(tr_said(error))
            return
        self.sound_saved.emit(roles, self.heard.timeline.packet_ms)
        self.accept()

    def _ask_trace(self) -> None:
        kinds = ";;".join(f"{form.name}: {form.polarity} (*{form.suffixes[0]})" for form in _WRITABLE)
        suggested = str(self._path.with_name(f"{self._path.name.split('.')[0]}_is_lost.txt"))
        file, kind = QFileDialog.getSaveFileName(self, tr("Save Trace"), suggested, kinds)
        if file:
            self.save_trace(Path(file), kind.partition(":")[0] or _WRITABLE[0].name)

    def save_trace(self, path: Path, form: str) -> None:
        """Write what was lost."""
        if self.heard is None:
            return
        try:
            write_trace(path, self.heard.trace, form)
        except GaplistenError as error:
            self.outcome.setText(tr_said(error))
            return
        self.notes.setText(tr("saved {path}", path=path))

    def done(self, result: int) -> None:
        """Stop reading when the dialog goes."""
        self._controller.tasks.cancel(self._task)
        super().done(result)


def _worth(row: Row) -> tuple[int, int]:
    return (row.timeline.counts.lost if row.timeline is not None else -1, row.stream.packets)


def _line(*fields: tuple[str, QWidget], parent: QWidget) -> QHBoxLayout:
    line = QHBoxLayout()
    for text, field in fields:
        label = QLabel(text, parent)
        label.setBuddy(field)
        line.addWidget(label)
        line.addWidget(field)
    line.addStretch(1)
    return line
