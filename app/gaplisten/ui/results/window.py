"""Results in a window: plot, tables, who was left out and why; follows new ratings."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QMenu,
    QPlainTextEdit,
    QPushButton,
    QSplitter,
    QTableWidget,
    QTableWidgetItem,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from gaplisten.bench.tasks import Task, Tasks
from gaplisten.errors import GaplistenError
from gaplisten.languages import ENGLISH, decimal_mark
from gaplisten.panel.imported import Source, open_source
from gaplisten.panel.results.evaluation import Results, evaluate
from gaplisten.panel.results.looks import looked
from gaplisten.panel.results.report import (
    all_contrasts_table,
    by_listener_table,
    listeners_table,
    main_table,
    save_tables,
    strata_table,
    summary,
    talkers_table,
    waiting,
)
from gaplisten.panel.results.vote_table import votes_table
from gaplisten.panel.results.wording import in_words, worded
from gaplisten.panel.session_files import ratings_files
from gaplisten.report.drawing import write_figure
from gaplisten.report.panel_figure import results_figure
from gaplisten.report.panel_report import write_report
from gaplisten.tables import Table, write_csv
from gaplisten.ui.results.plot import ResultsPlot
from gaplisten.ui.translation import tr, tr_said

LOOK_AGAIN_MS = 2000
READ_AT_ONCE = 2 * 2**20  # bytes of ratings: about three thousand votes, half a second
_FIGURES = {
    "summary": tr("Means and Comparisons…"),
    "strata": tr("By Stratum…"),
    "votes": tr("How Votes Are Spread…"),
}
# Tabs of tables that only some methods and panels have.
_OWN = {
    "corrected": tr("Corrected"),
    "behaviour": tr("Behaviour"),
    "reliability": tr("Reliability"),
    "habits": tr("Habits"),
    "bradley-terry": tr("Bradley-Terry"),
    "told-apart": tr("Told Apart"),
    "medians": tr("Medians"),
    "permutation": tr("Permutation"),
    "plackett-luce": tr("Plackett-Luce"),
    "friedman": tr("Friedman"),
}


class TableView(QTableWidget):
    """A read-only table of plain values, numbers to the right."""

    def __init__(self, name: str) -> None:
        super().__init__(0, 0)
        self.setAccessibleName(name)
        self.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QTableWidget.SelectionBehavior.SelectRows)
        self.verticalHeader().hide()
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 8)

    def show_table(self, table: Table, language: str = ENGLISH) -> None:
        """Show these rows, with heads and words in a language."""
        table, mark = in_words(table, language), decimal_mark(language)
        self.setColumnCount(len(table.columns))
        self.setHorizontalHeaderLabels(list(table.columns))
        self.setRowCount(len(table.rows))
        for row, cells in enumerate(table.rows):
            for column, cell in enumerate(cells):
                number = isinstance(cell, int | float)
                text = "" if cell is None else str(cell)
                if isinstance(cell, float):
                    text = f"{cell:.3g}".replace(".", mark)
                item = QTableWidgetItem(text)
                right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
                left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
                item.setTextAlignment(right if number else left)
                self.setItem(row, column, item)


class ResultsWindow(QWidget):
    """What a panel found so far; sessions that are open stay hidden.

    Parameters
    ----------
    tasks
        Where many ratings are read while the window answers; without, and for few, they are read at once.
    """

    def __init__(self, folder: Path, ratings: Path | None = None, tasks: Tasks | None = None) -> None:
        super().__init__()
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._panel: Source = open_source(folder)
        self._ratings = ratings
        self._tasks = tasks
        self._reading: Task | None = None
        self._seen: object = None
        self.results: Results | None = None
        self._looks: list[str] = []
        self._kept: set[str] = set()
        self.setWindowTitle(
            tr("{definition_title} - Results - Gaplisten", definition_title=self._panel.definition.title)
        )
        self._build()
        room = self.screen().availableSize()  # less than this, for the window's own frame
        self.resize(min(1000, room.width() - 40), min(720, room.height() - 60))
        self._timer = QTimer(self, interval=LOOK_AGAIN_MS)
        self._timer.timeout.connect(self.refresh)
        self._timer.start()
        self.refresh()

    def _build(self) -> None:
        self.plot = ResultsPlot()
        self.comparisons = TableView(tr("Comparisons"))
        self.conditions, self.strata = TableView(tr("Conditions")), TableView(tr("Strata"))
        self.talkers = TableView(tr("Talkers"))
        self.by_listener, self.listeners = TableView(tr("Each listener")), TableView(tr("Listeners"))
        self.listeners.itemDoubleClicked.connect(lambda item: self._toggle(item.row()))
        self.said = QLabel("")
        self.said.setTextFormat(Qt.TextFormat.PlainText)
        self.said.setWordWrap(True)
        self.verdict = QPlainTextEdit()
        self.verdict.setReadOnly(True)
        self.verdict.setAccessibleName(tr("Verdict"))
        self.own: dict[str, TableView] = {}
        tabs = QTabWidget()
        for page in (
            *(self.verdict, self.comparisons, self.conditions, self.strata, self.talkers),
            *(self.by_listener, self.listeners),
        ):
            tabs.addTab(page, page.accessibleName())
        self._tabs = tabs
        self.listeners.setToolTip(
            tr("Double-click a listener who was left out to count the votes all the same")
        )
        split = QSplitter(Qt.Orientation.Vertical)
        split.addWidget(self.plot)
        split.addWidget(tabs)
        split.setSizes([420, 240])
        column = QVBoxLayout(self)
        column.addWidget(split, 1)
        column.addWidget(self.said)
        column.addLayout(self._buttons())

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        self.pseudonyms = QCheckBox(tr("Pseudonyms in what is saved"))
        self.pseudonyms.setToolTip(
            tr("Listeners become L1, L2, … in tables and reports, as in panel results --pseudonyms")
        )
        row.addWidget(self.pseudonyms)
        row.addStretch(1)
        self._savers: list[QPushButton] = []
        for text in (tr("Save Report…"), tr("Save Votes…"), tr("Save Tables…"), tr("Save Figure")):
            button = QPushButton(text)
            row.addWidget(button)
            self._savers.append(button)
        report, votes, tables, figure = self._savers
        report.clicked.connect(self._save_report)
        votes.clicked.connect(self._save_votes)
        tables.clicked.connect(self._save_tables)
        self.figures = QMenu(figure)
        for part, text in _FIGURES.items():
            self.figures.addAction(text, partial(self._save_figure, part))
        figure.setMenu(self.figures)
        close = QPushButton(tr("Close"))
        close.clicked.connect(self.close)
        row.addWidget(close)
        return row

    # --- following -----------------------------------------------------------------------------------

    def _state_of_files(self) -> object:
        folder = self._ratings or self._panel.ratings
        files = ratings_files(folder)
        locks = {path.stem: path.stat().st_mtime_ns for path in folder.glob("*.lock")} if files else {}
        # A session that is open is hidden: each of its votes would have all of the others read anew.
        read = [(path.name, path.stat().st_mtime_ns) for path in files if path.stem not in locks]
        return read, sorted(locks.items()), sorted(self._kept)

    def refresh(self) -> None:
        """Look at the ratings again, if they changed and are not being read."""
        if self._reading is not None:
            return
        try:
            state = self._state_of_files()
            if state == self._seen:
                return
            self._seen = state
            work = partial(evaluate, self._panel, self._ratings, keep=sorted(self._kept))
            if self._tasks is None or self._bytes() < READ_AT_ONCE:
                self._show(work())
                return
        except (GaplistenError, OSError) as error:
            self.said.setText(tr_said(error))
            return
        self.said.setText(tr("Reading the ratings…"))
        title = tr("reading the ratings of {definition_title}", definition_title=self._panel.definition.title)
        self._reading = self._tasks.run(title, lambda _job: work(), self._read, self._not_read)

    def _bytes(self) -> int:
        return sum(path.stat().st_size for path in ratings_files(self._ratings or self._panel.ratings))

    def _read(self, results: Results) -> None:
        self._reading = None
        self._show(results)

    def _not_read(self, error: Exception) -> None:
        self._reading = None
        self.said.setText(tr_said(error))

    def closeEvent(self, event: QCloseEvent) -> None:
        """Ask for nothing any more."""
        if self._tasks is not None:
            self._tasks.cancel(self._reading)
        super().closeEvent(event)

    def _show(self, results: Results) -> None:
        self.results = results
        language = results.language
        there = bool(results.conditions or results.pairs)
        self.plot.show_results(results)
        self.comparisons.show_table(all_contrasts_table(results), language)
        self.conditions.show_table(main_table(results), language)
        self.strata.show_table(strata_table(results), language)
        self.talkers.show_table(talkers_table(results), language)
        # Where nobody said who talks, or all clips are of one talker, there is nothing to compare.
        # Of imported votes nobody may have said how long the bursts are.
        for view in (self.talkers, self.strata):
            self._tabs.setTabVisible(self._tabs.indexOf(view), bool(view.rowCount()))
        self.by_listener.show_table(by_listener_table(results), language)
        self.listeners.show_table(listeners_table(results), language)
        self._show_own(results)
        said = summary(results) if results.listeners else waiting(results) or [tr("No ratings yet.")]
        self._looks = looked(self._panel, results, self._ratings)
        said += self._looks
        self.verdict.setPlainText("\n".join(said))
        self.said.setText("\n".join(results.problems))
        for button in self._savers:
            button.setEnabled(there)

    def _show_own(self, results: Results) -> None:
        """Show the tables of the method and the second lines, a tab each."""
        for one in results.statistics:
            if one.name not in self.own:
                view = self.own[one.name] = TableView(one.title)
                self._tabs.addTab(view, _OWN.get(one.name, one.name))
            said = (worded(text, results.language) for text in (one.title, *one.notes))
            self.own[one.name].setToolTip("\n".join(said))
            self.own[one.name].show_table(one.table, results.language)
        there = {one.name for one in results.statistics}
        for name, view in self.own.items():
            self._tabs.setTabVisible(self._tabs.indexOf(view), name in there)

    def _toggle(self, row: int) -> None:
        """Count a listener who was left out; or again leave it to the rules."""
        if self.results is None:
            return
        name = self.results.listeners[row].name
        self._kept ^= {name} if self.results.listeners[row].excluded or name in self._kept else set()
        self.refresh()

    # --- saving --------------------------------------------------------------------------------------

    def _ask(self, title: str, name: str, kinds: str) -> Path | None:
        path, _ = QFileDialog.getSaveFileName(self, title, name, kinds)
        return Path(path) if path else None

    def _named(self, results: Results) -> Results:
        """Return what is shown, under pseudonyms where that is wanted."""
        if not self.pseudonyms.isChecked():
            return results
        return evaluate(self._panel, self._ratings, keep=sorted(self._kept), anonymous=True)

    def _save_report(self) -> None:
        path = self._ask(tr("Save Report"), "results.html", tr("HTML (*.html)"))
        if path is not None:
            self._saved(
                path, lambda results: write_report(path, self._panel, self._named(results), self._looks)
            )

    def _save_votes(self) -> None:
        path = self._ask(tr("Save Every Vote With Its Condition"), "votes.csv", tr("CSV (*.csv)"))
        if path is not None:
            self._saved(path, lambda _: write_csv(path, self._votes()))

    def _votes(self) -> Table:
        anonymous = self.pseudonyms.isChecked()
        return votes_table(self._panel, self._ratings, keep=sorted(self._kept), anonymous=anonymous)[0]

    def _save_tables(self) -> None:
        path = self._ask(tr("Save Tables"), "results.csv", tr("CSV (*.csv)"))
        if path is not None:
            self._saved(path, lambda results: save_tables(self._named(results), path))

    def _save_figure(self, part: str) -> None:
        path = self._ask(tr("Save Figure"), "results.pdf", tr("Figures (*.pdf *.svg *.png)"))
        if path is not None:
            self._saved(
                path, lambda results: write_figure(path, results_figure(self._named(results), part=part))
            )

    def _saved(self, path: Path, save: Callable[[Results], object]) -> None:
        """Save by `save`, and say what became of it."""
        if self.results is None:
            return
        try:
            save(self.results)
        except (GaplistenError, OSError) as error:
            self.said.setText(tr_said(error))
            return
        self.said.setText(tr("Written: {path}", path=path))
