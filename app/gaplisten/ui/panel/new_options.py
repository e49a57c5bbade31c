"""How a new panel asks: the pages of the dialog that makes one, each of which tells its part of the file."""

from __future__ import annotations

from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import (
    QCheckBox,
    QFileDialog,
    QFormLayout,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from gaplisten import languages
from gaplisten.panel.checks import CHECKED, wanted_rule
from gaplisten.panel.methods import method, methods
from gaplisten.panel.rules import Heard
from gaplisten.panel.starter import (
    EXAMPLE_MORE,
    EXAMPLE_QUESTIONS,
    EXAMPLE_TRAPS,
    pairs,
    questions,
    trap_files,
)
from gaplisten.ui.fields import ChoiceField, NumberField, WholeField
from gaplisten.ui.panel.method_options import MethodOptions, Values, filled
from gaplisten.ui.translation import tr, tr_said

TAGS = "click, metallic, robotic, mute"  # they go into the panel's file
_OWN = {"heading": tr("Own heading"), "question": tr("Own question"), "instruction": tr("Own instruction")}
_HEARD = {
    Heard.END: tr("to the end"),
    Heard.ONCE: tr("at least in part"),
    Heard.NOTHING: tr("as the listener likes"),
}
_CHECKS = {
    "level": tr("set the volume first"),
    "sides": tr("left and right"),
    "headphones": tr("headphones"),
    "quiet_room": tr("quiet room"),
    "bandwidth": tr("bandwidth of the headphones"),
    "digits": tr("hearing (spoken digits in noise)"),
}
_KINDS = {kind.value: kind for kind in CHECKED}


def listed(text: str) -> list[str]:
    """Return the words of a field that are set apart by commas."""
    return [one.strip() for one in text.split(",") if one.strip()]


class TestPage(QWidget):
    """Method and design: what is asked, of whom, how often, in which order."""

    __test__ = False  # no test, whatever pytest thinks of the name

    def __init__(self) -> None:
        super().__init__()
        self.title = QLineEdit(tr("Listening panel"))
        self.method = ChoiceField()
        self.options = MethodOptions()
        for one in methods():
            self.method.addItem(tr_said(one.title), one.name)
        self.method.currentIndexChanged.connect(self._show_method)
        self.language = ChoiceField()
        for code in languages.codes():
            self.language.addItem(languages.name(code), code)
        self.seed = WholeField(minimum=0, maximum=2**31 - 1, value=1)
        self.repeats = WholeField(minimum=1, maximum=20, value=1)
        self.share = WholeField(minimum=0, maximum=5000, value=0)
        self.share.setSpecialValueText(tr("all"))
        self.share.setToolTip(tr("Each listener then rates only so many clips in each condition, balanced"))
        self.votes = WholeField(minimum=0, maximum=10_000, value=0)
        self.votes.setSpecialValueText(tr("no number"))
        self.votes.setToolTip(tr("As a session begins, the cells with the fewest votes are taken"))
        self.pairing = ChoiceField()
        for name, text in (
            ("same clips", tr("the same in all conditions")),
            ("different clips", tr("other ones")),
        ):
            self.pairing.addItem(text, name)
        self.training = WholeField(minimum=0, maximum=100, value=0)
        self.practice = QLineEdit()
        self.practice.setPlaceholderText(tr("the test's own; or others: 1214, 54"))
        self.pairs = QLineEdit()
        self.pairs.setPlaceholderText(tr("all of them; or: zero fill / ours, ours / theirs"))
        self.pairs.setToolTip(tr("For A/B, ABX and pair ABX: which two conditions are compared"))
        self.listeners = QLineEdit()
        self.listeners.setPlaceholderText(tr("anybody; or names: Ann, Ben"))
        form = QFormLayout(self)
        filled(form, [(tr("Title"), self.title), (tr("Method"), self.method)])
        form.addRow("", self.options)
        filled(
            form,
            [
                (tr("Language"), self.language),
                (tr("Seed of the order"), self.seed),
                (tr("Ratings of each stimulus"), self.repeats),
                (tr("Clips for each listener"), self.share),
                (tr("... and in its conditions"), self.pairing),
                (tr("Votes wanted in each cell"), self.votes),
                (tr("Practice trials"), self.training),
                (tr("Practice clips"), self.practice),
                (tr("Pairs"), self.pairs),
                (tr("Listeners"), self.listeners),
            ],
        )

        self._form = form
        self._show_method(0)

    def _show_method(self, index: int) -> None:
        self.options.setCurrentIndex(index)
        self._form.setRowVisible(self.pairs, method(self.method.currentData()).paired)

    def values(self) -> Values:
        """Return this page's part of the definition; the method and its title are told apart.

        Raises
        ------
        ValueError
            If a pair cannot be understood.
        """
        paired = method(self.method.currentData()).paired
        return {
            "pairs": pairs(self.pairs.text()) if paired else None,
            "language": self.language.currentData(),
            "seed": self.seed.value(),
            "repeats": self.repeats.value(),
            "ratings_per_condition": self.share.value() or None,
            "votes_per_clip": self.votes.value() or None,
            "pairing": self.pairing.currentData(),
            "listeners": listed(self.listeners.text()),
            "training": {"trials": self.training.value(), "clips": listed(self.practice.text())},
            **self.options.shown.values(),
        }


class ListeningPage(QWidget):
    """Rules while listening: what must be heard, how often, breaks, what may be said besides."""

    def __init__(self) -> None:
        super().__init__()
        self.heard = ChoiceField()
        for heard, text in _HEARD.items():
            self.heard.addItem(text, heard)
        self.plays = WholeField(minimum=0, maximum=1000, value=0)
        self.plays.setSpecialValueText(tr("as often as wanted"))
        self.loop = QCheckBox(tr("a part may be repeated"))
        self.loop.setChecked(True)
        self.suggest = NumberField(minimum=1, maximum=600, value=20, decimals=0, suffix=" min")
        self.insist = NumberField(minimum=1, maximum=600, value=45, decimals=0, suffix=" min")
        self.rest = NumberField(minimum=0, maximum=120, value=5, decimals=0, suffix=" min")
        self.every = WholeField(minimum=0, maximum=5000, value=0, suffix=tr(" trials"))
        self.every.setSpecialValueText(tr("never"))
        self.pause = NumberField(minimum=0, maximum=5, value=0.7, decimals=1, singleStep=0.1, suffix=" s")
        self.tags = QLineEdit(TAGS)
        self.comments = QCheckBox(tr("comments may be written"))
        self.comments.setChecked(True)
        form = QFormLayout(self)
        filled(form, [(tr("Listen"), self.heard), (tr("Plays of a recording"), self.plays)])
        form.addRow("", self.loop)
        filled(form, [(tr("Pause between two in turn"), self.pause)])
        filled(form, [(tr("Suggest a break after"), self.suggest), (tr("Insist on one after"), self.insist)])
        filled(form, [(tr("... of at least"), self.rest), (tr("A block ends every"), self.every)])
        filled(form, [(tr("Artefact tags"), self.tags)])
        form.addRow("", self.comments)

    def values(self) -> Values:
        """Return this page's part of the definition."""
        return {
            "tags": listed(self.tags.text()),
            "comments": self.comments.isChecked(),
            "rules": {
                "heard": str(self.heard.currentData()),
                "max_plays": self.plays.value() or None,
                "loop": self.loop.isChecked(),
                "pause_seconds": round(self.pause.value(), 1),
            },
            "breaks": {
                "suggest_minutes": self.suggest.value(),
                "insist_minutes": self.insist.value(),
                "rest_minutes": self.rest.value(),
                "every_trials": self.every.value() or None,
            },
        }


class StartPage(QWidget):
    """What is asked besides the trials: consent, questions, checks before the start."""

    def __init__(self) -> None:
        super().__init__()
        self.consent, self.questions = QPlainTextEdit(), QPlainTextEdit()
        for field in (self.consent, self.questions):
            field.setTabChangesFocus(True)
            field.setMinimumHeight(3 * field.fontMetrics().height())
        self.questions.setPlaceholderText(EXAMPLE_QUESTIONS)
        self.checks = {name: QCheckBox(text) for name, text in _CHECKS.items()}
        self.checks["level"].setChecked(True)
        for name, check in self.checks.items():
            if name in _KINDS:
                rule = wanted_rule(_KINDS[name], False)
                guessed = tr(
                    "{needed} of {asked}; guessing passes {guessed:.1f} %",
                    needed=rule.needed(1),
                    asked=rule.asked(1),
                    guessed=100 * rule.guessed(1),
                )
                check.setToolTip(tr("{guessed} of first attempts", guessed=guessed))
        self.attempts = WholeField(minimum=1, maximum=20, value=3)
        self.required = QCheckBox(tr("who fails one of these may not take part"))
        column = QVBoxLayout()
        for box in (*self.checks.values(), self.required):
            column.addWidget(box)
        form = QFormLayout(self)
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapAllRows)
        filled(form, [(tr("Consent text"), self.consent), (tr("Questions, one a line"), self.questions)])
        form.addRow(tr("Checks before the start"), column)
        filled(form, [(tr("Attempts at each"), self.attempts)])

    def values(self) -> Values:
        """Return this page's part of the definition.

        Raises
        ------
        ValueError
            If a question cannot be understood.
        """
        checks = {name: check.isChecked() for name, check in self.checks.items()}
        return {
            "consent": self.consent.toPlainText().strip(),
            "question": questions(self.questions.toPlainText()),
            "checks": {
                **checks,
                "required": self.required.isChecked(),
                "attempts": self.attempts.value(),
            },
        }


class WordsPage(QWidget):
    """The panel's own words in the place of the standard ones, and recordings that say what to answer."""

    def __init__(self) -> None:
        super().__init__()
        self.words = {name: QPlainTextEdit() for name in ("heading", "question", "instruction")}
        self.traps = QPlainTextEdit()
        self.traps.setPlaceholderText(EXAMPLE_TRAPS)
        for field in (*self.words.values(), self.traps):
            field.setTabChangesFocus(True)
            field.setMinimumHeight(2 * field.fontMetrics().height())
        for field in self.words.values():
            field.setPlaceholderText(tr("as the standard has it"))
        form = QFormLayout(self)
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapAllRows)
        filled(form, [(_OWN[name], field) for name, field in self.words.items()])
        filled(form, [(tr("Recordings that say what to answer, one a line: file = answer"), self.traps)])
        add = QPushButton(tr("Add Recordings…"))
        add.clicked.connect(self._add)
        form.addRow(add)

    def _add(self) -> None:
        """Choose recordings; the answers are typed behind them."""
        names, _ = QFileDialog.getOpenFileNames(self, tr("Recordings"), "", tr("Sound (*.wav *.flac)"))
        for name in names:
            self.traps.appendPlainText(f"{name} = ")

    def values(self) -> Values:
        """Return this page's part of the definition.

        Raises
        ------
        ValueError
            If a line about a recording cannot be understood.
        """
        said = {name: field.toPlainText().strip() or None for name, field in self.words.items()}
        made: Values = {"wording": said} if any(said.values()) else {}
        traps = trap_files(self.traps.toPlainText())
        return {**made, "checks": {"trap": traps}} if traps else made


class MorePage(QWidget):
    """Whatever else a panel's file can say, as it says it; and all of what it will say."""

    def __init__(self) -> None:
        super().__init__()
        self.field = QPlainTextEdit()
        self.field.setTabChangesFocus(True)
        self.field.setPlaceholderText(EXAMPLE_MORE)
        form = QFormLayout(self)
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapAllRows)
        self.whole = QPlainTextEdit()
        self.whole.setReadOnly(True)
        self.whole.setTabChangesFocus(True)
        self.whole.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        filled(form, [(tr("Any other key or table of a panel's file (docs/panels.md), as TOML"), self.field)])
        filled(form, [(tr("What the file will say"), self.whole)])

    def text(self) -> str:
        """Return what is said."""
        return self.field.toPlainText()


def merged(*parts: Values) -> Values:
    """Return one definition's values of several pages; tables of the same name are put together."""
    made: Values = {}
    for part in parts:
        for name, value in part.items():
            both = isinstance(value, dict) and isinstance(made.get(name), dict)
            made[name] = {**made[name], **value} if both else value
    return made
