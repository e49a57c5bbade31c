"""Votes of another tool: looked at before they are taken over, and told what cannot be checked."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QPlainTextEdit,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from gaplisten.bench.tasks import Task, Tasks
from gaplisten.errors import visible
from gaplisten.exchange.imports import read_votes, told_of
from gaplisten.exchange.votes import readers
from gaplisten.exchange.votes.contract import Options
from gaplisten.exchange.votes.table import read_foreign
from gaplisten.exchange.votes.table_of_votes import WORDS
from gaplisten.jobs import Job
from gaplisten.panel import methods
from gaplisten.panel.imported import Imported, write_imported
from gaplisten.panel.parts import ResultsPart
from gaplisten.ui.fields import ChoiceField
from gaplisten.ui.panel.path_row import PathKind, PathRow
from gaplisten.ui.translation import tr, tr_said
from gaplisten.ui.widgets import QuietLabel, Scrolled, in_words, plain_button, resize_within

Read = tuple[Mapping[str, bytes], Imported]
# What errors and notes call what is set here.
_FIELDS = {
    "--leave-out-untouched": tr("the box above"),
    "--from": tr("Form"),
    "--method": tr("Method"),
    "--map": tr("on the page Columns:"),
    "--key": tr("Key table"),
}
_MEANS = {
    "listener": tr("Listener"),
    "clip": tr("Clip"),
    "condition": tr("Condition"),
    "score": tr("Score", context="noun"),
    "compared_with": tr("Compared with"),
    "scale": tr("Scale"),
    "role": tr("Role"),
    "stratum": tr("Stratum"),
    "talker": tr("Talker"),
    "sex": tr("Sex"),
    "trial": tr("Trial"),
    "seconds": tr("Seconds"),
    "kind": tr("Kind"),
    "comment": tr("Comment"),
}


class ImportDialog(QDialog):
    """Files, what they are, and what was found in them.

    Signals
    -------
    imported
        The folder in which votes now are.
    """

    imported = Signal(object)

    def __init__(self, tasks: Tasks, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(tr("Import Votes"))
        self._tasks = tasks
        self._task: Task | None = None
        self._heading: Task | None = None
        self._read: Read | None = None
        self._heads: tuple[str, ...] = ()
        self._make_files()
        self._make_fields()
        self._make_columns()
        self._lay_out()
        self._enable()
        resize_within(self, 780, 560)

    def _make_files(self) -> None:
        self.files = QListWidget(self)
        self.files.setAccessibleName(tr("Result files"))
        self.files.setMaximumHeight(90)
        self.files.setSelectionMode(QListWidget.SelectionMode.ExtendedSelection)
        self.add_files = plain_button(tr("&Files…"), self._ask_files, self)
        self.add_folder = plain_button(tr("Fol&der…"), self._ask_folder, self)
        self.remove = plain_button(tr("&Remove"), self._remove, self)

    def _make_fields(self) -> None:
        self.form = ChoiceField(self)
        self.form.addItem(tr("as the columns tell"), "")
        for one in readers():
            self.form.addItem(tr_said(one.title), one.name)
        self.method = ChoiceField(self)
        self.method.addItem(tr("as the files tell"), "")
        for name in methods.names():
            self.method.addItem(tr_said(methods.method(name).title), name)
        self.title = QLineEdit(self)
        self.key = PathRow(tr("Key table"), kind=PathKind.TABLE, parent=self)
        self.key.line.setPlaceholderText(tr("key.csv of the export, where names are opaque"))
        self.against = ChoiceField(self)
        self.against.addItem(tr("nothing"), "")
        self.scores = QLineEdit(self, placeholderText=tr("conditionA, conditionB"))
        self.scores.setToolTip(tr("Where each condition has a column of scores: their names"))
        self.untouched = QCheckBox(tr("Leave &out pages of sliders that all stand at 100"), self)
        self.out = PathRow(tr("Folder to make"), kind=PathKind.NEW_FOLDER, parent=self)
        self.found = QPlainTextEdit(self, readOnly=True)
        self.found.setAccessibleName(tr("What was found"))
        self.found.setTabChangesFocus(True)
        self.form.currentIndexChanged.connect(self.look)
        self.method.currentIndexChanged.connect(self.look)
        self.untouched.toggled.connect(self.look)
        self.key.settled.connect(self.look)
        self.scores.editingFinished.connect(self.look)
        self.out.changed.connect(self._enable)

    def _make_columns(self) -> None:
        self.columns: dict[str, ChoiceField] = {}
        for word in WORDS:
            field = ChoiceField(self)
            field.setAccessibleName(tr("Column of: {means}", means=_MEANS[word]))
            field.addItem(tr("by its usual name"), "")
            field.currentIndexChanged.connect(self.look)
            self.columns[word] = field

    def _lay_out(self) -> None:
        beside = QVBoxLayout()
        for button in (self.add_files, self.add_folder, self.remove):
            beside.addWidget(button)
        beside.addStretch(1)
        above = QHBoxLayout()
        above.addWidget(self.files, 1)
        above.addLayout(beside)
        what = QWidget()
        form = QFormLayout(what)
        form.addRow(tr("For&m"), self.form)
        form.addRow(tr("Me&thod"), self.method)
        form.addRow(tr("&Key table"), self.key)
        form.addRow(tr("T&itle"), self.title)
        form.addRow(tr("Compare &with"), self.against)
        form.addRow("", self.untouched)
        for name, field in (
            (tr("Form"), self.form), (tr("Method"), self.method), (tr("Title"), self.title),
            (tr("Compare with"), self.against), (tr("Columns of scores"), self.scores),
        ):  # fmt: skip
            field.setAccessibleName(name)
        which = QWidget()
        columns = QFormLayout(which)
        about = tr("Needed only for tables whose columns have names that nobody else has.")
        columns.addRow(QuietLabel(about, which, wrap=True))
        for word, field in self.columns.items():
            columns.addRow(_MEANS[word], field)
        columns.addRow(tr("&Scores in columns"), self.scores)
        self.tabs = QTabWidget(self)
        self.tabs.setAccessibleName(tr("What the files are"))
        self.tabs.addTab(Scrolled(what), tr("&What They Are"))
        self.tabs.addTab(Scrolled(which), tr("&Columns"))
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel, self)
        self.take = self.buttons.addButton(tr("&Import"), QDialogButtonBox.ButtonRole.AcceptRole)
        self.buttons.accepted.connect(self._import)
        self.buttons.rejected.connect(self.reject)
        where = QFormLayout()
        where.addRow(tr("Folder to ma&ke"), self.out)
        column = QVBoxLayout(self)
        column.addLayout(above)
        column.addWidget(self.tabs, 2)
        column.addWidget(self.found, 1)
        column.addLayout(where)
        column.addWidget(self.buttons)

    # --- files --------------------------------------------------------------------------------------

    def _ask_files(self) -> None:
        kinds = tr("Tables (*.csv *.json);;All files (*)")
        names, _ = QFileDialog.getOpenFileNames(self, tr("Result Files"), str(Path.home()), kinds)
        self.add([Path(name) for name in names])

    def _ask_folder(self) -> None:
        if name := QFileDialog.getExistingDirectory(self, tr("Folder of Result Files")):
            self.add([Path(name)])

    def add(self, paths: list[Path]) -> None:
        """Take up files, or folders of them."""
        there = {self.files.item(row).text() for row in range(self.files.count())}
        self.files.addItems([str(path) for path in paths if str(path) not in there])
        if paths and not self.title.text():
            self.title.setText(paths[0].stem)
        if paths and self.out.path is None:
            self.out.line.setText(str(paths[0].parent / f"{paths[0].stem}_votes"))
        self._read_heads()
        self.look()

    def _remove(self) -> None:
        for item in self.files.selectedItems():
            self.files.takeItem(self.files.row(item))
        self._read_heads()
        self.look()

    def _paths(self) -> list[Path]:
        return [Path(self.files.item(row).text()) for row in range(self.files.count())]

    # --- looking ------------------------------------------------------------------------------------

    def options(self) -> Options:
        """Return what the fields say about the files."""
        columns = {
            word: str(field.currentData()) for word, field in self.columns.items() if field.currentData()
        }
        scores = tuple(one for name in self.scores.text().split(",") if (one := name.strip()))
        form, method = str(self.form.currentData()), str(self.method.currentData())
        return Options(form, method, "", columns, scores, {}, self.untouched.isChecked())

    def look(self) -> None:
        """Read the files as the fields say, and tell what is in them."""
        self._tasks.cancel(self._task)
        self._task, self._read = None, None
        self._enable()
        paths, options = self._paths(), self.options()
        if not paths:
            self.found.setPlainText("")
            return
        key = self.key.path

        def work(_job: Job) -> Read:
            return read_votes(paths, options, key)

        self.found.setPlainText(tr("Reading…"))
        self._task = self._tasks.run(tr("reading votes"), work, self._looked, self._failed)

    def _read_heads(self) -> None:
        """Offer the columns that the first file has."""
        paths = self._paths()

        def work(_job: Job) -> tuple[str, ...]:
            from gaplisten.exchange.votes import load

            name, data = next(iter(load(paths[:1]).items()))
            return tuple(read_foreign(name, data).columns)

        self._tasks.cancel(self._heading)
        if paths:
            self._heading = self._tasks.run(
                tr("reading columns"), work, self._offer, lambda _error: self._offer(()), quiet=True
            )
        else:
            self._offer(())

    def _offer(self, heads: tuple[str, ...]) -> None:
        if heads == self._heads:
            return
        self._heads = heads
        for field in self.columns.values():
            before = field.currentData()
            field.blockSignals(True)
            while field.count() > 1:
                field.removeItem(1)
            for head in heads[:500]:
                field.addItem(visible(head), head)
            field.setCurrentIndex(max(0, field.findData(before)))
            field.blockSignals(False)

    def _looked(self, read: Read) -> None:
        self._task, self._read = None, read
        found = read[1]
        told = [
            f"{tr_said(found.tool)}: {tr_said(told_of(found))}",
            tr("Conditions: {join}", join=", ".join(found.conditions)),
        ]
        if found.unchecked:
            told.append(tr("Not checked: {unchecked}", unchecked=tr_said(found.unchecked)))
        self._tell("\n".join([*told, *map(tr_said, found.notes)]))
        before = self.against.currentData()
        while self.against.count() > 1:
            self.against.removeItem(1)
        for condition in found.conditions:
            self.against.addItem(visible(condition), condition)
        self.against.setCurrentIndex(max(0, self.against.findData(before)))
        self._enable()

    def _failed(self, error: Exception) -> None:
        self._task = None
        self._tell(tr_said(error))
        self._enable()

    def _tell(self, text: str) -> None:
        self.found.setPlainText(visible(in_words(text, _FIELDS)))

    def _enable(self) -> None:
        ready = self._read is not None and self._task is None and self.out.path is not None
        self.take.setEnabled(ready)
        self.remove.setEnabled(self.files.count() > 0)

    # --- taking over --------------------------------------------------------------------------------

    def _import(self) -> None:
        out = self.out.path
        assert self._read is not None
        assert out is not None
        loaded, found = self._read
        title = self.title.text().strip() or tr("Imported votes")
        asked = ResultsPart(against=str(self.against.currentData()) or None)

        def work(_job: Job) -> Path:
            write_imported(out, found, title, loaded, asked)
            return out

        self._task = self._tasks.run(tr("importing votes"), work, self._done, self._failed)
        self._enable()

    def _done(self, folder: Path) -> None:
        self._task = None
        self.accept()
        self.imported.emit(folder)

    def done(self, result: int) -> None:
        """Stop what is under way."""
        self._tasks.cancel(self._task)
        self._tasks.cancel(self._heading)
        super().done(result)
