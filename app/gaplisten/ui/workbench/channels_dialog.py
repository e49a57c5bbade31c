"""Files of more than two channels: which of them are used is asked once, with what each holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QGridLayout, QLabel, QVBoxLayout, QWidget

from gaplisten.audio.channels import MAX_CHANNELS, Channels
from gaplisten.audio.reading import level_text
from gaplisten.clips.channel_counts import peaks_of
from gaplisten.ui.fields import ChoiceField, WholeField
from gaplisten.ui.translation import tr, tr_n
from gaplisten.ui.widgets import resize_within

_ONE, _TWO, _MEAN = "one", "two", "mean"
_MOST_TOLD = 8


class ChannelsDialog(QDialog):
    """For each number of channels that files have here, which of them are used.

    Signals
    -------
    settled
        The `Channels` that were chosen.
    """

    settled = Signal(object)

    def __init__(
        self,
        files: Mapping[int, Sequence[Path]],
        before: Channels | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Channels of Files"))
        about = QLabel(
            tr(
                "One or two channels of a file can be compared. What you choose holds for all files here "
                "that have so many."
            ),
            self,
        )
        about.setWordWrap(True)
        self.rows = [_Row(count, files[count], before, self) for count in sorted(files)]
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel, self)
        self.use = self.buttons.addButton(tr("Use"), QDialogButtonBox.ButtonRole.AcceptRole)
        self.buttons.accepted.connect(self._accept)
        self.buttons.rejected.connect(self.reject)
        grid = QGridLayout()
        grid.setColumnStretch(4, 1)
        for place, row in enumerate(self.rows):
            for at, widget in enumerate((row.name, row.what, row.first, row.second)):
                grid.addWidget(widget, 2 * place, at)
            grid.addWidget(row.levels, 2 * place + 1, 0, 1, 5)
        column = QVBoxLayout(self)
        column.addWidget(about)
        column.addLayout(grid)
        column.addStretch(1)
        column.addWidget(self.buttons)
        for row in self.rows:
            row.what.currentIndexChanged.connect(self._check)
            row.first.valueChanged.connect(self._check)
            row.second.valueChanged.connect(self._check)
        self._check()
        resize_within(self, 560, 240)

    def chosen(self) -> Channels:
        """Return what stands in the fields."""
        return Channels(tuple((row.count, row.chosen()) for row in self.rows))

    def _check(self) -> None:
        for row in self.rows:
            row.show_fields()
        self.use.setEnabled(all(len(set(row.chosen())) == len(row.chosen()) for row in self.rows))

    def _accept(self) -> None:
        self.settled.emit(self.chosen())
        self.accept()


class _Row:
    """The fields for files of one number of channels."""

    def __init__(self, count: int, files: Sequence[Path], before: Channels | None, parent: QWidget) -> None:
        self.count = count
        named = tr_n("{n} channel", "{n} channels", count)
        self.name = QLabel(named, parent)
        self.what = ChoiceField(parent)
        self.what.addItem(tr("one channel"), _ONE)
        self.what.addItem(tr("two channels"), _TWO)
        self.what.addItem(tr("mean of all"), _MEAN)
        self.what.setAccessibleName(tr("What is used of {named}", named=named))
        self.first = WholeField(parent, minimum=1, maximum=count, value=1)
        self.second = WholeField(parent, minimum=1, maximum=count, value=2)
        self.first.setAccessibleName(tr("First channel of {named}", named=named))
        self.second.setAccessibleName(tr("Second channel of {named}", named=named))
        self.name.setBuddy(self.what)
        self.levels = QLabel(_told(files), parent)
        self.levels.setWordWrap(True)
        self.levels.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        pick = None if before is None else before.of(count)
        usual = (1, 2) if count == MAX_CHANNELS else (1,)
        chosen = usual if pick is None else pick.channels
        kind = {0: _MEAN, 1: _ONE, 2: _TWO}[len(chosen)]
        self.what.setCurrentIndex(self.what.findData(kind))
        for field, channel in zip((self.first, self.second), chosen, strict=False):
            field.setValue(channel)

    def chosen(self) -> tuple[int, ...]:
        """Return the channels, counted from 1; none for the mean of all."""
        kind = self.what.currentData()
        if kind == _MEAN:
            return ()
        first = self.first.value()
        return (first,) if kind == _ONE else (first, self.second.value())

    def show_fields(self) -> None:
        """Show only the fields that count."""
        kind = self.what.currentData()
        self.first.setVisible(kind != _MEAN)
        self.second.setVisible(kind == _TWO)


def _told(files: Sequence[Path]) -> str:
    """Return which files these are, and how loud the channels of the first one are."""
    more = len(files) - 1
    name = files[0].name
    named = tr_n("{name} and {n} more", "{name} and {n} more", more, name=name) if more else name
    peaks = peaks_of(files[0])
    if not peaks:
        return named
    levels = [f"{channel}: {level_text(peak)}" for channel, peak in enumerate(peaks[:_MOST_TOLD], 1)]
    shown = ", ".join([*levels, "…"] if len(peaks) > _MOST_TOLD else levels)
    return tr("{named}; peaks in dBFS of its beginning: {shown}", named=named, shown=shown)
