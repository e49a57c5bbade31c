"""The one time axis that lanes, overview and scroll bar share."""

from __future__ import annotations

import math

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QScrollBar

from gaplisten.audio.viewport import Viewport

MOST_NOTCHES = 4.0
_NEARLY = 1e-6  # of a frame


class TimeAxis(QObject):
    """Holds what stretch is seen, and keeps a scroll bar in step.

    Signals
    -------
    changed
        Another stretch is seen.
    """

    changed = Signal()

    def __init__(self, bar: QScrollBar, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.view = Viewport.whole(1, 1)
        self._bar = bar
        bar.valueChanged.connect(self._scrolled)

    @property
    def visible_range(self) -> tuple[int, int]:
        """First frame seen and the one after the last."""
        # What is a whole frame but for the last bits of a sum is that frame: kept and shown again, it stays.
        return int(self.view.start + _NEARLY), min(round(self.view.stop), self.view.total)

    def reset(self, total: int, width: int) -> None:
        """Show all of a clip of `total` frames."""
        self.show(Viewport.whole(total, width))

    def resize(self, width: int) -> None:
        """Take another width in device pixels."""
        self.show(self.view.resized(width))

    def show(self, view: Viewport) -> None:
        """Show another stretch."""
        if view != self.view:
            self.view = view
            self._sync_bar()
            self.changed.emit()

    def fit(self) -> None:
        """Show everything."""
        self.show(Viewport.whole(self.view.total, self.view.width))

    def zoom(self, factor: float, at: float | None = None) -> None:
        """Magnify around a frame, by default the middle."""
        middle = self.view.start + self.view.span / 2
        self.show(self.view.zoomed(factor, middle if at is None else at))

    def pan(self, pixels: float) -> None:
        """Move by device pixels."""
        self.show(self.view.panned(pixels))

    def centre_on(self, start: float, stop: float) -> None:
        """Put the middle of a stretch in the middle; zoom out if it would not fit."""
        view, middle = self.view, (start + stop) / 2
        if stop - start > view.span * 0.8:
            view = view.between(start, stop).zoomed(0.5, middle)
        self.show(view.centred(middle))

    def reveal(self, frame: float) -> None:
        """Turn the page if a frame is out of sight."""
        view = self.view
        if not view.start <= frame < view.stop:
            self.show(view.panned((frame - view.start) / view.frames_per_pixel - view.width * 0.08))

    def _sync_bar(self) -> None:
        # Scroll bars count in 31 bits; a day of sound has more frames than that, but not more pixels.
        view, unit = self.view, self._unit()
        self._bar.blockSignals(True)
        self._bar.setRange(0, round(max(view.total - view.span, 0) / unit))
        self._bar.setPageStep(max(round(view.span / unit), 1))
        self._bar.setSingleStep(max(view.width // 20, 1))
        self._bar.setValue(round(view.start / unit))
        self._bar.blockSignals(False)

    def _unit(self) -> float:
        return max(self.view.frames_per_pixel, 1.0, self.view.total / 1e9)

    def _scrolled(self, value: int) -> None:
        start = value * self._unit()
        self.show(self.view.panned((start - self.view.start) / self.view.frames_per_pixel))


def notches(delta: float) -> float:
    """Return wheel notches from eighths of a degree, with wild values clamped."""
    if not math.isfinite(delta):
        return 0.0
    return min(max(delta / 120.0, -MOST_NOTCHES), MOST_NOTCHES)
