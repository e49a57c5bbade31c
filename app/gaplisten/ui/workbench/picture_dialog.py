"""Asks how large a picture of the lanes is, and what is in it; shows it while one chooses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication, QPixmap
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QWidget,
)

from gaplisten.report.figure import COLUMN_MM, PAGE_MM
from gaplisten.ui.fields import ChoiceField, NumberField, WholeField
from gaplisten.ui.lanes.export import Paper, Print, least_height_mm
from gaplisten.ui.lanes.scene import LaneView, Mode
from gaplisten.ui.translation import tr
from gaplisten.ui.widgets import QuietLabel, resize_within

_LOOK_MS = 80
_PREVIEW = QSize(560, 420)


@dataclass(frozen=True)
class PictureLook:
    """What is kept from one picture to the next."""

    width_mm: float = PAGE_MM
    height_mm: float = 90.0
    dpi: int = 300
    letters_pt: float = 8.0
    scores: bool = False
    marks: bool = False

    @property
    def values(self) -> dict[str, object]:
        """Its values by name."""
        return asdict(self)


class PictureDialog(QDialog):
    """The choices, and what comes of them.

    Parameters
    ----------
    lanes
        Those that are drawn now.
    ranges
        What a stretch is called, and its frames ``(start, stop)``.
    printed
        Makes the picture; what it needs may still be computed then, which `busy` tells.
    overlaid
        Whether lanes share one plot.

    Signals
    -------
    save_wanted
        The picture (`Print`) is to be written into a file.
    """

    save_wanted = Signal(object)

    def __init__(
        self,
        lanes: tuple[LaneView, ...],
        ranges: Mapping[str, tuple[int, int]],
        title: str,
        look: PictureLook,
        printed: Callable[[Paper], Print],
        busy: Callable[[], bool],
        *,
        mode: Mode = Mode.LANES,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Picture"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._ranges, self._printed, self._busy, self._mode = dict(ranges), printed, busy, mode
        self._print: Print | None = None
        self._make_fields(lanes, title, look)
        self._lay_out()
        self._timer = QTimer(self, interval=_LOOK_MS)
        self._timer.timeout.connect(self._draw)
        self._connect()
        self._changed()

    def _make_fields(self, lanes: tuple[LaneView, ...], title: str, look: PictureLook) -> None:
        self.stretch = ChoiceField(self)
        for name in self._ranges:
            self.stretch.addItem(name)
        self.title = QLineEdit(title, self)
        self.paper = ChoiceField(self)
        for name, width in (
            (tr("Page, both columns"), PAGE_MM),
            (tr("One column"), COLUMN_MM),
            (tr("Other width"), 0.0),
        ):
            self.paper.addItem(name, width)
        self.width_mm = NumberField(self, minimum=30.0, maximum=1000.0, decimals=1, suffix=" mm")
        self.width_mm.setValue(look.width_mm)
        self.height_mm = NumberField(self, minimum=15.0, maximum=1000.0, decimals=1, suffix=" mm")
        self.height_mm.setValue(look.height_mm)
        self.dpi = WholeField(self, minimum=72, maximum=1200, suffix=" dpi")
        self.dpi.setValue(look.dpi)
        self.letters = NumberField(self, minimum=5.0, maximum=14.0, decimals=1, suffix=" pt")
        self.letters.setValue(look.letters_pt)
        self.scores = QCheckBox(tr("Scores under the names"), self)
        self.scores.setChecked(look.scores)
        self.marks = QCheckBox(tr("Notes, loop, selection and gap at hand"), self)
        self.marks.setChecked(look.marks)
        self.lanes = QListWidget(self)
        self.lanes.setAccessibleName(tr("Lanes in the picture"))
        for lane in lanes:
            item = QListWidgetItem(f"{lane.key}  {lane.name}", self.lanes)
            item.setData(Qt.ItemDataRole.UserRole, lane.key)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            item.setCheckState(Qt.CheckState.Checked)
        self.preview = QLabel(self, alignment=Qt.AlignmentFlag.AlignCenter)
        self.preview.setAccessibleName(tr("Preview"))
        self.preview.setMinimumSize(320, 240)
        self.told = QuietLabel("", self, wrap=True)
        self.told.setAccessibleName(tr("Size of the picture"))

    def _lay_out(self) -> None:
        form = QFormLayout()
        for name, field in (
            (tr("Range"), self.stretch),
            (tr("Title"), self.title),
            (tr("Paper"), self.paper),
            (tr("Width"), self.width_mm),
            (tr("Height"), self.height_mm),
            (tr("Resolution"), self.dpi),
            (tr("Letters"), self.letters),
            (tr("Lanes"), self.lanes),
        ):
            form.addRow(name, field)
            field.setAccessibleName(field.accessibleName() or name)
        form.addRow(self.scores)
        form.addRow(self.marks)
        self.dpi.setToolTip(tr("Of PNG, and of spectrograms in SVG"))
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        self.copy = self.buttons.addButton(tr("Copy"), QDialogButtonBox.ButtonRole.ActionRole)
        self.save = self.buttons.addButton(tr("Save…"), QDialogButtonBox.ButtonRole.ActionRole)
        self.save.setDefault(True)
        grid = QGridLayout(self)
        left = QWidget(self)
        left.setLayout(form)
        left.setMaximumWidth(round(26 * self.fontMetrics().averageCharWidth() + 240))
        grid.addWidget(left, 0, 0)
        grid.addWidget(self.preview, 0, 1)
        grid.setColumnStretch(1, 1)
        row = QHBoxLayout()
        row.addWidget(self.told, 1)
        row.addWidget(self.buttons)
        grid.addLayout(row, 1, 0, 1, 2)
        resize_within(self, 980, 560)

    def _connect(self) -> None:
        self.buttons.rejected.connect(self.reject)
        self.copy.clicked.connect(self._copy)
        self.save.clicked.connect(lambda: self.save_wanted.emit(self._print))
        self.paper.activated.connect(self._take_width)
        self.stretch.currentIndexChanged.connect(self._changed)
        for field in (self.width_mm, self.height_mm, self.dpi, self.letters):
            field.valueChanged.connect(self._changed)
        self.title.textChanged.connect(self._changed)
        for box in (self.scores, self.marks):
            box.toggled.connect(self._changed)
        self.lanes.itemChanged.connect(self._changed)

    # -- what is chosen -------------------------------------------------------------------------------

    @property
    def keys(self) -> tuple[int, ...]:
        """Keys of the lanes that are ticked."""
        items = [self.lanes.item(row) for row in range(self.lanes.count())]
        ticked = [item for item in items if item.checkState() == Qt.CheckState.Checked]
        return tuple(int(item.data(Qt.ItemDataRole.UserRole)) for item in ticked)

    @property
    def chosen(self) -> Paper:
        """What is to be drawn."""
        start, stop = self._ranges[self.stretch.currentText()]
        look = self.look
        return Paper(
            look.width_mm,
            look.height_mm,
            start,
            stop,
            look.dpi,
            look.letters_pt,
            self.keys,
            self.title.text().strip(),
            look.scores,
            look.marks,
        )

    @property
    def look(self) -> PictureLook:
        """What the next picture begins with."""
        return PictureLook(
            self.width_mm.value(),
            self.height_mm.value(),
            self.dpi.value(),
            self.letters.value(),
            self.scores.isChecked(),
            self.marks.isChecked(),
        )

    def _take_width(self) -> None:
        if width := float(self.paper.currentData()):
            self.width_mm.setValue(width)

    def _changed(self) -> None:
        width = self.width_mm.value()
        self.paper.setCurrentIndex({PAGE_MM: 0, COLUMN_MM: 1}.get(width, 2))
        rows = 1 if self._mode is Mode.OVERLAY else len(self.keys)
        titled = bool(self.title.text().strip())
        self.height_mm.setMinimum(least_height_mm(rows, self.letters.value(), titled=titled))
        self._set_ready(False)
        self._draw()
        self._timer.start()

    # -- what comes of it -----------------------------------------------------------------------------

    def _draw(self) -> None:
        """Draw the picture, again while something of it is still computed."""
        if not self.keys:
            self._timer.stop()
            self.preview.setText(tr("Tick a lane."))
            self.told.setText("")
            return
        self._print = self._printed(self.chosen)
        image = self._print.image()
        room = self.preview.size().boundedTo(_PREVIEW).expandedTo(self.preview.minimumSize())
        ratio = self.devicePixelRatioF()
        smooth = Qt.TransformationMode.SmoothTransformation
        small = image.scaled(room * ratio, Qt.AspectRatioMode.KeepAspectRatio, smooth)
        small.setDevicePixelRatio(ratio)
        self.preview.setPixmap(QPixmap.fromImage(small))
        self.told.setText(
            tr(
                "{width:g} × {height:g} mm, as PNG {across} × {down} pixels",
                width=self.width_mm.value(),
                height=self.height_mm.value(),
                across=image.width(),
                down=image.height(),
            )
        )
        if not self._busy():
            self._timer.stop()
            self._set_ready(True)

    def _set_ready(self, ready: bool) -> None:
        self.copy.setEnabled(ready)
        self.save.setEnabled(ready)
        if not ready:
            self._print = None

    def _copy(self) -> None:
        if self._print is not None:
            QGuiApplication.clipboard().setMimeData(self._print.for_clipboard())
            self.told.setText(tr("copied"))
