"""The dialog that makes a panel: the same thing as the TOML file a person can write."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pydantic import ValidationError
from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QAbstractItemView,
    QAbstractSpinBox,
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QGroupBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPlainTextEdit,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from gaplisten.audio.channels import AS_TOLD, Reading
from gaplisten.bench.state import Choice
from gaplisten.clips.clip import ClipSet
from gaplisten.clips.transcripts import keys_of
from gaplisten.errors import GaplistenError
from gaplisten.panel.brief import brief, sized
from gaplisten.panel.definition import PanelDefinition
from gaplisten.panel.definition_errors import explained, field_name
from gaplisten.panel.methods import method
from gaplisten.panel.parts import ConditionPart, PerStratum
from gaplisten.panel.starter import definition_for, mnru_conditions, to_toml, with_more
from gaplisten.ui.fields import ChoiceField, NumberField, WholeField
from gaplisten.ui.panel.new_options import ListeningPage, MorePage, StartPage, TestPage, WordsPage, merged
from gaplisten.ui.panel.planning_page import PlanningPage
from gaplisten.ui.panel.strata_fields import StrataFields
from gaplisten.ui.theme import quiet_colour
from gaplisten.ui.translation import tr, tr_said

_REST_MS = 300  # after the last change, before it is counted anew
_STRATA = {"short": tr("≤120 ms"), "medium": tr("–320 ms"), "long": tr("–1000 ms"), "beyond": tr("longer")}


@dataclass(frozen=True)
class Offer:
    """What a panel can be made of: clips, where they lie, and the concealers that are switched on."""

    clipset: ClipSet
    folders: tuple[Path, ...]
    reference_folder: Path | None
    packet_ms: float
    choices: tuple[Choice, ...]
    chosen: tuple[str, ...] = ()
    reading: Reading = AS_TOLD


def offered_conditions(offer: Offer) -> list[ConditionPart]:
    """Return everything that can be a condition, the lossy file first, the reference last."""
    files = [ConditionPart(name=name, files=name) for name in offer.clipset.conditions]
    concealers: list[ConditionPart] = []
    for choice in offer.choices:
        taken = {part.name for part in [*files, *concealers]}
        name, number = choice.concealer, 2
        while name in taken:
            name, number = f"{choice.concealer} {number}", number + 1
        part = ConditionPart(name=name, concealer=choice.concealer, parameters=choice.values)
        concealers.append(part)
    return [
        ConditionPart(name="lossy", lossy=True),
        *files,
        *concealers,
        ConditionPart(name="reference", reference=True),
    ]


class NewPanelDialog(QDialog):
    """Asks for clips, conditions, method and rules; builds nothing itself.

    It stays open, whatever becomes of what is wanted: one can save, build, and go on editing. What the panel
    asks of a listener stands at its foot and follows every change.

    Signals
    -------
    wanted
        ``(definition, what)`` with `what` one of "take", "build", "save".
    """

    wanted = Signal(object, str)

    def __init__(self, offer: Offer, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._offer = offer
        self.setWindowTitle(tr("New Listening Panel"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._parts = offered_conditions(offer)
        columns = QHBoxLayout()
        columns.addLayout(self._what(), 5)
        columns.addWidget(self._how(), 6)
        outer = QVBoxLayout(self)
        outer.addLayout(columns, 1)
        self.brief = QLabel("")
        self.brief.setWordWrap(True)
        self.brief.setAccessibleName(tr("What it asks of a listener"))
        outer.addWidget(self.brief)
        self._message = QLabel("")
        self._message.setWordWrap(True)
        outer.addWidget(self._message)
        outer.addWidget(self._buttons())
        self.resize(900, 640)
        self._briefly = QTimer(self, singleShot=True, interval=_REST_MS)
        self._briefly.timeout.connect(self.show_brief)
        self._watch()
        self.show_brief()

    # --- what is heard -----------------------------------------------------------------------------

    def _what(self) -> QVBoxLayout:
        column = QVBoxLayout()
        column.addWidget(self._clips_box(), 3)
        column.addWidget(self._conditions_box(), 2)
        return column

    def _clips_box(self) -> QGroupBox:
        box = QGroupBox(tr("Clips"))
        column = QVBoxLayout(box)
        self.which = ChoiceField()
        self.which.addItems([tr("All clips"), tr("The clips chosen below"), tr("Some of each burst length")])
        self.which.setAccessibleName(tr("Which clips"))
        self.which.currentIndexChanged.connect(self._show_which)
        column.addWidget(self.which)
        self.clips = QListWidget()
        self.clips.setAccessibleName(tr("Clips"))
        self.clips.setUniformItemSizes(True)
        self.clips.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.clips.addItems([clip.name for clip in self._offer.clipset.clips])
        for name in self._offer.chosen:
            for item in self.clips.findItems(name, Qt.MatchFlag.MatchExactly):
                item.setSelected(True)
        column.addWidget(self.clips, 1)
        self._strata_row = QWidget()
        row = QHBoxLayout(self._strata_row)
        row.setContentsMargins(0, 0, 0, 0)
        self.per_stratum = {
            name: self._spin(row, text, 0, 1000, 0 if name == "beyond" else 2)
            for name, text in _STRATA.items()
        }
        column.addWidget(self._strata_row)
        self.strata = StrataFields([keys_of(clip) for clip in self._offer.clipset.clips])
        self.strata.said.connect(self.tell)
        column.addWidget(self.strata)
        self._show_which()
        return box

    @staticmethod
    def _spin(row: QHBoxLayout, text: str, low: int, high: int, value: int) -> WholeField:
        spin = WholeField(minimum=low, maximum=high, value=value)
        spin.setAccessibleName(text)
        row.addWidget(QLabel(text))
        row.addWidget(spin)
        return spin

    def _show_which(self) -> None:
        self.clips.setEnabled(self.which.currentIndex() == 1)
        by_bursts = self.which.currentIndex() == 2
        self._strata_row.setVisible(by_bursts)
        self.strata.setVisible(not by_bursts)

    def _conditions_box(self) -> QGroupBox:
        box = QGroupBox(tr("Conditions"))
        column = QVBoxLayout(box)
        self.conditions = QListWidget()
        self.conditions.setAccessibleName(tr("Conditions"))
        for part in self._parts:
            item = QListWidgetItem(_described(part))
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            item.setCheckState(Qt.CheckState.Unchecked if part.reference else Qt.CheckState.Checked)
            self.conditions.addItem(item)
        column.addWidget(self.conditions)
        self.mnru = QLineEdit()
        self.mnru.setAccessibleName(tr("Modulated noise (MNRU), dB"))
        self.mnru.setPlaceholderText(tr("none; or dB: 5, 15"))
        noise = QFormLayout()
        noise.addRow(tr("Modulated noise (MNRU)"), self.mnru)
        column.addLayout(noise)
        hint = QLabel(tr("Switch concealers on in the workbench to have them here, with their parameters."))
        hint.setWordWrap(True)
        palette = hint.palette()
        palette.setColor(hint.foregroundRole(), quiet_colour())
        hint.setPalette(palette)
        column.addWidget(hint)
        return box

    def _how(self) -> QTabWidget:
        self.test, self.listening, self.start = TestPage(), ListeningPage(), StartPage()
        self.words, self.more, self.planning = WordsPage(), MorePage(), PlanningPage()
        self.finished.connect(self.planning.stop)
        # What a script or a person looks for first.
        self.title, self.method, self.heard = self.test.title, self.test.method, self.listening.heard
        tabs = QTabWidget()
        tabs.setAccessibleName(tr("How it is done"))
        for page, text in (
            (self.test, tr("Test")),
            (self.listening, tr("Listening")),
            (self.start, tr("Questions and checks")),
            (self.words, tr("Words and traps")),
            (self.planning, tr("How many")),
            (self.more, tr("More")),
        ):
            tabs.addTab(page, text)
        # All tabs are seen at once, and reached from wherever the keyboard is.
        tabs.setMinimumWidth(tabs.tabBar().sizeHint().width() + 8)
        for keys, step in (("Ctrl+Tab", 1), ("Ctrl+Shift+Tab", -1)):
            move = partial(self._turn_page, tabs, step)
            QShortcut(QKeySequence(keys), self).activated.connect(move)
        return tabs

    @staticmethod
    def _turn_page(tabs: QTabWidget, step: int) -> None:
        tabs.setCurrentIndex((tabs.currentIndex() + step) % tabs.count())

    def _buttons(self) -> QDialogButtonBox:
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        roles = QDialogButtonBox.ButtonRole
        for what, text, role in (
            ("take", tr("Build and Take…"), roles.AcceptRole),
            ("build", tr("Build…"), roles.ActionRole),
            ("save", tr("Save as TOML…"), roles.ActionRole),
        ):
            button = buttons.addButton(text, role)
            button.setObjectName(what)
            button.clicked.connect(lambda _=False, what=what: self._want(what))
        return buttons

    # --- what comes of it ----------------------------------------------------------------------------

    def _watch(self) -> None:
        """Follow every field."""
        told = self._briefly.start
        for widget in self.findChildren(QWidget):
            if widget is self.more.whole:
                continue  # it follows, and is not followed
            if isinstance(widget, QLineEdit):
                widget.textChanged.connect(lambda _: told())
            elif isinstance(widget, QPlainTextEdit):
                widget.textChanged.connect(told)
            elif isinstance(widget, QAbstractSpinBox):
                widget.editingFinished.connect(told)
                if isinstance(widget, WholeField | NumberField):
                    widget.valueChanged.connect(lambda _: told())
            elif isinstance(widget, ChoiceField):
                widget.currentIndexChanged.connect(lambda _: told())
            elif isinstance(widget, QCheckBox):
                widget.toggled.connect(lambda _: told())
        self.clips.itemSelectionChanged.connect(told)
        self.conditions.itemChanged.connect(lambda _: told())

    def show_brief(self) -> None:
        """Say what the panel would ask of a listener, or why there is none yet."""
        try:
            definition = self.definition()
            size = sized(definition, self._offer.clipset.clips)
            said, notes = brief(definition, size)
            told = [tr("Note: {note}.", note=tr_said(note)) for note in notes]
            self.brief.setText(" ".join(["; ".join(map(tr_said, said)) + ".", *told]))
            self.planning.show_definition(definition, size)
            self.more.whole.setPlainText(to_toml(definition))
        except (ValueError, GaplistenError) as error:
            self.planning.show_definition(None, None)
            self.brief.setText(
                tr(
                    "Not yet: {sentences}",
                    sentences=_sentences(error) if isinstance(error, ValueError) else error,
                )
            )

    def tell(self, text: str) -> None:
        """Say what became of it."""
        self._message.setText(text)

    # --- the outcome -------------------------------------------------------------------------------

    def chosen_conditions(self) -> list[ConditionPart]:
        """Return the conditions that are ticked, and those under modulated noise.

        Raises
        ------
        ValueError
            If a ratio is no number.
        """
        ticked = [
            part
            for row, part in enumerate(self._parts)
            if self.conditions.item(row).checkState() is Qt.CheckState.Checked
        ]
        return [*ticked, *mnru_conditions(self.mnru.text())]

    def chosen_clips(self) -> list[str]:
        """Return the names of the chosen clips; empty for all."""
        if self.which.currentIndex() != 1:
            return []
        return [item.text() for item in self.clips.selectedItems()]

    def definition(self) -> PanelDefinition:
        """Return what was asked for.

        Raises
        ------
        ValueError
            If it does not fit together; the message says what is wrong.
        """
        if self.which.currentIndex() == 1 and not self.chosen_clips():
            raise ValueError("no clip is chosen")
        if not self.chosen_conditions():
            raise ValueError("no condition is ticked")
        offer = self._offer
        made = definition_for(
            offer.folders,
            self.chosen_clips(),
            self.chosen_conditions(),
            method(self.method.currentData()),
            title=self.title.text().strip(),
            reference_folder=offer.reference_folder,
            packet_ms=offer.packet_ms,
            reading=offer.reading,
            **merged(*(page.values() for page in (self.test, self.listening, self.start, self.words))),
        )
        if self.which.currentIndex() == 2:
            counts = PerStratum(**{name: spin.value() for name, spin in self.per_stratum.items()})
            told: dict[str, object] = {"per_stratum": counts}
        else:
            told = self.strata.values()
        made = made.model_copy(update={"clips": made.clips.model_copy(update=told)})
        return with_more(made, self.more.text())

    def _want(self, what: str) -> None:
        try:
            definition = self.definition()
        except ValueError as error:
            self.tell(_sentences(error))
            return
        self.tell("")
        self.wanted.emit(definition, what)


def _described(part: ConditionPart) -> str:
    if part.concealer is None:
        return part.name
    settings = ", ".join(f"{name} = {value}" for name, value in part.parameters.items())
    return f"{part.name} ({settings})" if settings else part.name


def _sentences(error: ValueError) -> str:
    if not isinstance(error, ValidationError):
        return tr_said(error)
    found = explained(error, PanelDefinition)
    return "; ".join(
        f"{field_name(place)}: {tr_said(said)}" if place else tr_said(said) for place, said in found
    )
