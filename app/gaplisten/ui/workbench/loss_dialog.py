"""New loss for the clip that is shown: drawn by a model, or read from a trace file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QInputDialog,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from gaplisten.clips.clip import PacketLength
from gaplisten.clips.traces import OtherLength, WrittenTrace, on_clock
from gaplisten.concealers.entries import Parameter, ParameterType
from gaplisten.errors import GaplistenError
from gaplisten.loss.formats import AmbiguousTrace, TraceFile, read_trace
from gaplisten.loss.models import MODELS, LossModel, ModelParameter, make_trace
from gaplisten.loss.trace import LossTrace
from gaplisten.ui.fields import ChoiceField, NumberField, WholeField
from gaplisten.ui.translation import tr, tr_said
from gaplisten.ui.widgets import resize_within
from gaplisten.ui.workbench.parameter_form import ParameterForm

if TYPE_CHECKING:
    from gaplisten.bench.controller import Controller

_KINDS: dict[str, ParameterType] = {"number": "float", "integer": "int", "choice": "choice", "text": "str"}


class LossDialog(QDialog):
    """Model, parameters, seed and packet length, with what would come of them; all lanes follow on Apply."""

    def __init__(self, controller: Controller, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Generate Loss"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._controller = controller
        self._values: dict[str, Any] = {}
        self.model = ChoiceField(self)
        self.model.setAccessibleName(tr("Loss model"))
        for model in MODELS:
            self.model.addItem(tr_said(model.title), model)
        self.model.currentIndexChanged.connect(self._on_model)
        self.seed = WholeField(self, minimum=0, maximum=2**31 - 1, value=1)
        self.seed.setAccessibleName(tr("Seed"))
        self.seed.valueChanged.connect(self._preview)
        self.packet = NumberField(self, minimum=1.0, maximum=200.0, decimals=3, suffix=" ms")
        self.packet.setAccessibleName(tr("Packet length"))
        trace = controller.trace
        self.packet.setValue(trace.packet_ms if trace is not None and trace.grid else 20.0)
        self.packet.valueChanged.connect(self._preview)
        self.help = QLabel(self)
        self.help.setWordWrap(True)
        self.outcome = QLabel(self)
        self.outcome.setWordWrap(True)
        self._place = QVBoxLayout()
        self.form: ParameterForm | None = None
        form = QFormLayout()
        for text, field in (
            (tr("Model"), self.model),
            (tr("Seed"), self.seed),
            (tr("Packet length"), self.packet),
        ):
            form.addRow(text, field)
        file = QPushButton(tr("From a Trace File…"), self)
        file.clicked.connect(self._ask_file)
        self.buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Apply
            | QDialogButtonBox.StandardButton.Ok
            | QDialogButtonBox.StandardButton.Cancel,
            self,
        )
        self.buttons.button(QDialogButtonBox.StandardButton.Apply).clicked.connect(self.apply)
        self.buttons.accepted.connect(self._accept)
        self.buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addWidget(self.help)
        layout.addLayout(self._place)
        layout.addWidget(self.outcome)
        layout.addWidget(file, 0, Qt.AlignmentFlag.AlignLeft)
        layout.addStretch(1)
        layout.addWidget(self.buttons)
        resize_within(self, 460, 340)
        self._on_model()

    def _on_model(self) -> None:
        model: LossModel = self.model.currentData()
        self.help.setText(tr_said(model.help))
        if self.form is not None:
            self.form.deleteLater()
        self._values = {each.name: each.default for each in model.parameters}
        self.form = ParameterForm(tuple(map(_parameter, model.parameters)), self, f"loss/{model.name}")
        self.form.show_values(self._values)
        self.form.changed.connect(self._set)
        self._place.addWidget(self.form)
        self._preview()

    def _set(self, name: str, value: Any) -> None:
        self._values[name] = value
        self._preview()

    def trace(self) -> LossTrace:
        """Return the loss as the fields say.

        Raises
        ------
        GaplistenError
            If the model refuses its parameters, or the packet is no whole number of frames.
        """
        controller = self._controller
        size = self.packet.value() * controller.rate / 1000.0
        if abs(size - round(size)) > 1e-6 or round(size) < 1:
            fact = tr(
                "{value:g} ms is not a whole number of frames at {rate} Hz",
                value=self.packet.value(),
                rate=controller.rate,
            )
            raise GaplistenError(tr("packet length"), fact, tr("choose another"))
        packets = -(-controller.frames // round(size))
        model: LossModel = self.model.currentData()
        seed = self.seed.value()
        return make_trace(model.name, packets, round(size), controller.rate, seed, **self._values)

    def _preview(self) -> None:
        try:
            trace = self.trace()
        except GaplistenError as error:
            self._show_outcome(tr_said(error), False)
            return
        gaps = len(trace.gaps())
        words = tr(
            "{loss_rate:.1f} % lost in {gaps} gaps, the longest {longest_ms:.0f} ms",
            loss_rate=100 * trace.loss_rate,
            gaps=gaps,
            longest_ms=trace.longest_ms,
        )
        self._show_outcome(words, True)

    def _show_outcome(self, words: str, good: bool) -> None:
        self.outcome.setText(words)
        for button in (QDialogButtonBox.StandardButton.Apply, QDialogButtonBox.StandardButton.Ok):
            self.buttons.button(button).setEnabled(good)

    def apply(self) -> None:
        """Give the clip this loss; every lane follows, and undo takes it back."""
        values = " ".join(f"{name}={value}" for name, value in self._values.items())
        how = f"{self.model.currentData().name} {values} seed={self.seed.value()}"
        self._controller.set_loss(self.trace(), " ".join(how.split()))

    def _accept(self) -> None:
        self.apply()
        self.accept()

    def _ask_file(self) -> None:
        file, _ = QFileDialog.getOpenFileName(self, tr("Loss Trace"))
        if file:
            self.use_file(Path(file))

    def _read(self, path: Path) -> TraceFile | None:
        try:
            return read_trace(path)
        except AmbiguousTrace as error:
            chosen = _ask_meaning(self, error)
            return None if chosen is None else read_trace(path, format=chosen)

    def use_file(self, path: Path) -> None:
        """Give the clip the loss that a trace file says, on its own packets where it tells any."""
        try:
            found = self._read(path)
            if found is None:
                return
            written = self._on_clock(found)
        except GaplistenError as error:
            self._show_outcome(tr_said(error), True)
            return
        self._controller.set_loss(written.trace, f"trace file {path.name}")
        if written.notes:
            self._controller.said.emit("; ".join(map(tr_said, written.notes)))
        self.accept()

    def _on_clock(self, found: TraceFile) -> WrittenTrace:
        """Return a file's losses on the clip's clock; if need be with the one usual packet that fits."""
        controller = self._controller
        where = (controller.rate, controller.frames, controller.clip_name or tr("the clip"))
        try:
            return on_clock(found, PacketLength(self.packet.value()), *where)
        except OtherLength as other:
            if len(other.sizes) != 1:
                raise
            packet_ms = 1000.0 * other.sizes[0] / controller.rate
            written = on_clock(found, PacketLength(frames=other.sizes[0]), *where)
            note = tr(
                "{path_name}: packets of {packet_ms:.4g} ms ({sizes} frames) fit the sound",
                path_name=found.path.name,
                packet_ms=packet_ms,
                sizes=other.sizes[0],
            )
            return replace(written, notes=(*written.notes, note))


def _ask_meaning(parent: QWidget, error: AmbiguousTrace) -> str | None:
    question = tr("{path_name} {fact}.\nWhat is it?", path_name=error.path.name, fact=tr_said(error.fact))
    items = {f"{name}: {tr_said(meaning)}": name for name, meaning in error.meanings.items()}
    chosen, good = QInputDialog.getItem(parent, tr("Loss Trace"), question, list(items), 0, False)
    return items[chosen] if good else None


def _parameter(found: ModelParameter) -> Parameter:
    return Parameter(
        found.name,
        _KINDS[found.kind],
        found.default,
        found.minimum,
        found.maximum,
        unit=found.unit,
        help=found.help,
        choices=found.choices,
    )
