"""Files without a header: what they hold is asked once, and looked at before it is believed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QVBoxLayout,
    QWidget,
)

from gaplisten.audio.headerless import (
    ENCODINGS,
    RawError,
    RawFormat,
    check_bare,
    guess_bare,
    parse_raw,
    told_by,
)
from gaplisten.ui.fields import ChoiceField
from gaplisten.ui.translation import tr, tr_said
from gaplisten.ui.widgets import resize_within

_RATES = ("8000", "16000", "24000", "32000", "44100", "48000")


class RawDialog(QDialog):
    """Rate, encoding and channels of files without a header, with what one of them would be then.

    Signals
    -------
    settled
        The `RawFormat` that was chosen.
    """

    settled = Signal(object)

    def __init__(self, example: Path, before: RawFormat | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Samples Without a Header"))
        self._example = example
        about = QLabel(
            tr(
                "Nothing in {example_name} tells what its samples are. What you say holds for all "
                "files without a header here; where a suffix tells (.16k, .s16, .f32, ...), the "
                "suffix counts.",
                example_name=example.name,
            ),
            self,
        )
        about.setWordWrap(True)
        self.rate = ChoiceField(self, editable=True)
        self.rate.addItems(_RATES)
        self.rate.setAccessibleName(tr("Rate in Hz"))
        self.encoding = ChoiceField(self)
        self.encoding.addItems(list(ENCODINGS))
        self.encoding.setAccessibleName(tr("Encoding"))
        self.channels = ChoiceField(self)
        self.channels.addItems([tr("mono"), tr("stereo")])
        self.channels.setAccessibleName(tr("Channels"))
        self.note = QLabel(self)
        self.note.setWordWrap(True)
        self.note.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.note.setMinimumHeight(3 * self.note.fontMetrics().lineSpacing())
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel, self)
        self.use = self.buttons.addButton(tr("Use"), QDialogButtonBox.ButtonRole.AcceptRole)
        self.buttons.accepted.connect(self._accept)
        self.buttons.rejected.connect(self.reject)
        form = QFormLayout()
        form.addRow(tr("Rate (Hz)"), self.rate)
        form.addRow(tr("Encoding"), self.encoding)
        form.addRow(tr("Channels"), self.channels)
        column = QVBoxLayout(self)
        column.addWidget(about)
        column.addLayout(form)
        column.addWidget(self.note, 1)
        column.addWidget(self.buttons)
        self._fill(before or self._likely())
        for box in (self.rate, self.encoding, self.channels):
            box.currentTextChanged.connect(self._check)
        self._check()
        resize_within(self, 520, 320)

    def _likely(self) -> RawFormat:
        """Return what the file's name tells, and what its bytes look like; the rate is anybody's guess."""
        rate, encoding = told_by(self._example)
        try:
            seen = guess_bare(self._example)
        except OSError:
            seen = None
        found = seen or RawFormat(16000)
        return replace(found, rate=rate or 16000, encoding=encoding or found.encoding)

    def _fill(self, raw: RawFormat) -> None:
        self.rate.setCurrentText(str(raw.rate))
        self.encoding.setCurrentText(raw.encoding)
        self.channels.setCurrentIndex(raw.channels - 1)

    def chosen(self) -> RawFormat:
        """Return what stands in the fields.

        Raises
        ------
        RawError
            If that is nothing that can be.
        """
        channels = self.channels.currentIndex() + 1
        return parse_raw(f"{self.rate.currentText()},{self.encoding.currentText()},{channels}")

    def _check(self) -> None:
        try:
            own = self.chosen().of(self._example)
            notes = check_bare(self._example, own)
            seconds = self._example.stat().st_size / own.frame / own.rate
            text = tr(
                "{example_name} is {seconds:.2f} s of sound ({words}) then.",
                example_name=self._example.name,
                seconds=seconds,
                words=tr_said(own.words),
            )
            self.note.setText("\n".join([text, *map(tr_said, notes)]))
            self.use.setEnabled(True)
        except RawError as error:
            fact, way_out = tr_said(error.fact), f"; {tr_said(error.way_out)}" if error.way_out else ""
            self.note.setText(f"{fact[:1].upper()}{fact[1:]}{way_out}.")
            self.use.setEnabled(False)
        except OSError as error:
            self.note.setText(
                tr(
                    "{example_name} cannot be read ({strerror}).",
                    example_name=self._example.name,
                    strerror=error.strerror,
                )
            )
            self.use.setEnabled(False)

    def _accept(self) -> None:
        self.settled.emit(self.chosen())
        self.accept()
