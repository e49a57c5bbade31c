"""Asks for a place to go to: a time, a frame, a packet or a gap."""

from __future__ import annotations

import math

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QFormLayout, QHBoxLayout, QWidget

from gaplisten.audio.ruler import RulerUnit
from gaplisten.bench.clock import Clock
from gaplisten.ui.fields import ChoiceField, NumberField
from gaplisten.ui.translation import tr
from gaplisten.ui.widgets import QuietLabel
from gaplisten.ui.workbench.selection_bar import DECIMALS

GAP = "gap"
_TITLES = {RulerUnit.SECONDS: tr("Time (s)"), RulerUnit.FRAMES: tr("Frame"), RulerUnit.PACKETS: tr("Packet")}


class GoToDialog(QDialog):
    """One number, and what it counts.

    Parameters
    ----------
    clock
        Of the clip that is shown.
    gaps
        Start and stop of its gaps, which are counted from 1.
    frame, gap
        Where one is, and the number of the gap at hand (0 for none): the number to begin with.
    kind
        What was counted last time.

    Signals
    -------
    chosen
        ``(frame, index of the gap)``; the latter -1 where no gap was asked for.
    """

    chosen = Signal(int, int)

    def __init__(
        self,
        clock: Clock,
        gaps: list[tuple[int, int]],
        frame: int,
        gap: int,
        kind: str,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Go To"))
        self._clock, self._gaps, self._gap, self._frame = clock, gaps, gap, frame
        self.kind, self.number = ChoiceField(self), NumberField(self)
        self.kind.setAccessibleName(tr("What the number counts"))
        self.number.setAccessibleName(tr("Where to go"))
        self.number.setMinimumWidth(160)
        for unit in clock.units:
            self.kind.addItem(_TITLES[unit], str(unit))
        if gaps:
            self.kind.addItem(tr("Gap"), GAP)
        self.kind.setCurrentIndex(max(self.kind.findData(kind), 0))
        self.told = QuietLabel("", self)
        self.told.setAccessibleName(tr("What is there"))
        row = QHBoxLayout()
        row.addWidget(self.kind)
        row.addWidget(self.number, 1)
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel, self
        )
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        form = QFormLayout(self)
        form.addRow(row)
        form.addRow(self.told)
        form.addRow(buttons)
        self.kind.currentIndexChanged.connect(self._count)
        self.number.valueChanged.connect(self._tell)
        self.accepted.connect(lambda: self.chosen.emit(self.frame, self.gap))
        self._count()
        self.number.setFocus()

    def _count(self) -> None:
        """Show where one is, counted in what was chosen."""
        kind = str(self.kind.currentData())
        if kind == GAP:
            self.number.setDecimals(0)
            self.number.setRange(1, len(self._gaps))
            self.number.setValue(max(self._gap, 1))
        else:
            unit = RulerUnit(kind)
            self.number.setDecimals(0 if unit is RulerUnit.PACKETS else DECIMALS[unit])
            last = self._clock.place(max(self._clock.frames - 1, 0), unit)
            here = self._clock.place(self._frame, unit)
            whole = unit is RulerUnit.PACKETS  # the packet that holds the frame
            self.number.setRange(0, math.floor(last) if whole else last)
            self.number.setValue(math.floor(here) if whole else here)
        self.number.selectAll()
        self._tell()

    @property
    def gap(self) -> int:
        """Index of the gap that is asked for; -1 for none."""
        return round(self.number.value()) - 1 if self.kind.currentData() == GAP else -1

    @property
    def frame(self) -> int:
        """The frame that is asked for."""
        if self.gap >= 0:
            return self._gaps[self.gap][0]
        return self._clock.frame(self.number.value(), RulerUnit(str(self.kind.currentData())))

    def _tell(self) -> None:
        frame, grid = self.frame, self._clock.grid
        packet = "" if grid is None else tr(" · packet {packet_of}", packet_of=grid.packet_of(frame))
        self.told.setText(
            tr(
                "{seconds:.6f} s · frame {frame}{packet}",
                seconds=frame / self._clock.rate,
                frame=frame,
                packet=packet,
            )
        )
