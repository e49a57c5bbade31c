"""Conditions side by side: spread, differences, worst clips, predicted against heard and where not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QSplitter,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from gaplisten.batch.compare import Point
from gaplisten.batch.comparison import (
    Comparison,
    Page,
    Scale,
    disagreement_page,
    distribution_page,
    heard_in,
    heard_page,
    matched_table,
    paired_page,
    worst_page,
)
from gaplisten.batch.heard import Heard, Pair
from gaplisten.batch.items import REFERENCE
from gaplisten.bench.tasks import Tasks
from gaplisten.errors import GaplistenError
from gaplisten.loss.strata import Stratum
from gaplisten.tables import write_csv
from gaplisten.ui.batch.plot import ComparisonPlot
from gaplisten.ui.batch.report_row import Known, ReportRow
from gaplisten.ui.batch.tables import PlainTable
from gaplisten.ui.fields import ChoiceField
from gaplisten.ui.plots import SIZE, save_plot
from gaplisten.ui.theme import light_palette
from gaplisten.ui.translation import tr, tr_said
from gaplisten.ui.widgets import QuietLabel, resize_within

TABS = (
    tr("Distributions"),
    tr("Differences"),
    tr("Worst clips"),
    tr("Predicted and heard"),
    tr("Disagreements"),
)
FILES = ("distributions", "differences", "worst", "heard", "disagreements")
_OPENING = (2, 4)  # tabs whose rows are clips that can be opened
_EVERY = tr("every condition")


class ComparisonWindow(QWidget):
    """One comparison; the picture above goes with the table that is in front.

    Parameters
    ----------
    tasks, known
        What a report needs: where work runs, and what was scored; None where none is offered.

    Signals
    -------
    clip_wanted
        Clip, condition and file to be shown in the workbench.
    """

    clip_wanted = Signal(str, str, str)

    def __init__(
        self,
        comparison: Comparison,
        parent: QWidget | None = None,
        *,
        tasks: Tasks | None = None,
        known: Known | None = None,
    ) -> None:
        super().__init__(parent, Qt.WindowType.Window)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(tr("{comparison_title} - Scores - Gaplisten", comparison_title=comparison.title))
        self.comparison = comparison
        self.heard: tuple[Heard, ...] = ()
        self.report: ReportRow | None = None
        if tasks is not None and known is not None:
            self.report = ReportRow(comparison, tasks, known, self)
            self.report.said.connect(self._say)
        self._pages: list[Page] = []
        self._make_choices()
        self.plot = ComparisonPlot()
        self.plot.point_clicked.connect(self._want)
        self.tables = tuple(PlainTable(name) for name in TABS)
        self.tabs = QTabWidget()
        for name, table in zip(TABS, self.tables, strict=True):
            self.tabs.addTab(table, name)
        for place in _OPENING:
            self.tables[place].row_activated.connect(self._open_row)
            self.tables[place].row_chosen.connect(self._point_out)
            self.tables[place].setToolTip(
                tr("Double-click: the clip opens at its worst gap by the measure of Gap > Worst By")
            )
        self.tabs.currentChanged.connect(self._show_page)
        self.said = QuietLabel(wrap=True)
        self._lay_out()
        resize_within(self, 1080, 700)
        self._on_metric()

    # --- making ----------------------------------------------------------------------------------

    def _make_choices(self) -> None:
        self.metrics, self.stratum = ChoiceField(), ChoiceField()
        self.baseline, self.condition, self.order = (ChoiceField() for _ in range(3))
        for scale in self.comparison.scales:
            self.metrics.addItem(tr_said(scale.title), scale)
        bursts = set(map(str, Stratum))
        self.stratum.addItem(
            tr("all bursts") if bursts.issuperset(self.comparison.strata) else tr("all clips"), None
        )
        for name in self.comparison.strata:
            self.stratum.addItem(tr("bursts {name}", name=name) if name in bursts else name, name)
        self.stratum.setVisible(self.stratum.count() > 2)
        self.order.addItem(tr("lowest first"), True)
        self.order.addItem(tr("highest first"), False)
        self.reference = QCheckBox(tr("With the reference"))
        self.reference.setToolTip(tr("Also show the scores of the undamaged speech"))
        for box, name in (
            (self.metrics, tr("Metric")),
            (self.stratum, tr("Stratum of the clips")),
            (self.baseline, tr("Compare with")),
            (self.condition, tr("Worst clips of")),
            (self.order, tr("Order of the worst clips")),
        ):
            box.setAccessibleName(name)
            box.setSizeAdjustPolicy(ChoiceField.SizeAdjustPolicy.AdjustToContents)
        self.metrics.currentIndexChanged.connect(self._on_metric)
        self.reference.toggled.connect(self._on_metric)
        self.stratum.currentIndexChanged.connect(self._on_metric)
        for box in (self.baseline, self.condition, self.order):
            box.currentIndexChanged.connect(self.refresh)

    def _lay_out(self) -> None:
        above = QHBoxLayout()
        above.addWidget(QLabel(tr("Metric")))
        above.addWidget(self.metrics)
        above.addWidget(self.stratum)
        above.addWidget(self.reference)
        above.addStretch(1)
        self._choosers = {
            1: [QLabel(tr("Compare")), self.baseline],
            2: [QLabel(tr("Clips of")), self.condition, self.order],
        }
        for widgets in self._choosers.values():
            for widget in widgets:
                above.addWidget(widget)
        split = QSplitter(Qt.Orientation.Vertical)
        split.addWidget(self.plot)
        split.addWidget(self.tabs)
        split.setSizes([380, 250])
        column = QVBoxLayout(self)
        column.addLayout(above)
        column.addWidget(split, 1)
        column.addWidget(self.said)
        column.addLayout(self._buttons())

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        ratings = QPushButton(tr("Ratings…"))
        ratings.setToolTip(tr("Compare the scores with what listeners said"))
        menu = QMenu(ratings)
        menu.addAction(tr("Of a Panel…"), self._ask_for_panel)
        menu.addAction(tr("From a CSV Table…"), self._ask_for_ratings)
        ratings.setMenu(menu)
        row.addWidget(ratings)
        if self.report is not None:
            row.addWidget(self.report)
        row.addStretch(1)
        actions: Sequence[tuple[str, Callable[[], object]]] = (
            (tr("Save Tables…"), self._ask_for_tables),
            (tr("Save Figure…"), self._ask_for_figure),
            (tr("Close"), self.close),
        )
        for text, act in actions:
            button = QPushButton(text)
            button.clicked.connect(lambda _checked=False, act=act: act())
            row.addWidget(button)
        return row

    # --- showing ---------------------------------------------------------------------------------

    @property
    def scale(self) -> Scale:
        """The metric that is shown."""
        found: Scale = self.metrics.currentData()
        return found

    @property
    def points(self) -> tuple[Point, ...]:
        """The scores that are shown."""
        return self._points(reference=self.reference.isChecked())

    def _points(self, *, reference: bool) -> tuple[Point, ...]:
        chosen = self.stratum.currentData()
        return self.comparison.of(self.scale, reference=reference, stratum=chosen)

    def _on_metric(self) -> None:
        every = self._points(reference=True)
        others = [one for one in every if one.condition != REFERENCE]
        self.reference.setVisible(bool(others) and len(others) < len(every))
        if not others:  # nothing but references was scored
            self.reference.setChecked(True)
        names = list(dict.fromkeys(point.condition for point in self.points))
        self._renew(self.baseline, tr("all pairs"), names, tr("with {name}"))
        self._renew(self.condition, _EVERY, names, "{name}")
        self.order.blockSignals(True)
        self.order.setCurrentIndex(0 if self.scale.higher_is_better else 1)
        self.order.blockSignals(False)
        self.refresh()

    @staticmethod
    def _renew(box: ChoiceField, first: str, names: Sequence[str], wording: str) -> None:
        kept = box.currentData()
        box.blockSignals(True)
        box.clear()
        box.addItem(first, None)
        for name in names:
            box.addItem(wording.format(name=name or tr("unnamed")), name)
        box.setCurrentIndex(max(box.findData(kept), 0) if kept is not None else 0)
        box.blockSignals(False)

    def refresh(self) -> None:
        """Compute and show everything again."""
        scale, points = self.scale, self.points
        self._pages = [
            distribution_page(scale, points),
            paired_page(scale, points, self.baseline.currentData()),
            worst_page(scale, points, self.condition.currentData(), self.order.currentData()),
            heard_page(scale, points, self.heard),
            disagreement_page(scale, points, self.heard),
        ]
        for table, page in zip(self.tables, self._pages, strict=True):
            table.show_table(page.table, tuple(map(tr_said, page.heads)))
        self._show_page()

    def _show_page(self) -> None:
        at = self.tabs.currentIndex()
        for place, widgets in self._choosers.items():
            for widget in widgets:
                widget.setVisible(place == at)
        page = self._pages[at]
        self.plot.show_picture(page.picture)
        if at in _OPENING and self.tables[at].currentIndex().isValid():
            self._point_out(self.tables[at].currentIndex().row())
        self._say(tr_said(page.said))

    def _say(self, text: str, warns: bool = False) -> None:
        self.said.setText(text)
        self.said.set_warning(warns)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Stop a report that is being written."""
        if self.report is not None:
            self.report.run.stop()
        super().closeEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        """Draw in the colours of another theme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and self._pages:
            self.plot.show_picture(self._pages[self.tabs.currentIndex()].picture)

    def _point_out(self, row: int) -> None:
        if self.tabs.currentIndex() in _OPENING and (target := self._target(row)) is not None:
            self.plot.point_out(target)

    # --- going to a clip -------------------------------------------------------------------------

    def _target(self, row: int) -> Point | Pair | None:
        """Return the clip of a row of the table in front."""
        targets = self._pages[self.tabs.currentIndex()].targets
        return targets[row] if row < len(targets) else None

    def _open_row(self, row: int) -> None:
        if (target := self._target(row)) is not None:
            self._want(target)

    def _want(self, target: Point | Pair) -> None:
        self.clip_wanted.emit(target.clip, target.condition, target.file)

    # --- ratings ---------------------------------------------------------------------------------

    def _ask_for_panel(self) -> None:
        name = QFileDialog.getExistingDirectory(self, tr("Panel Folder"))
        if name:
            self.use_ratings(Path(name))

    def _ask_for_ratings(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, tr("Table of Ratings"), "", tr("CSV (*.csv)"))
        if name:
            self.use_ratings(Path(name))

    def use_ratings(self, path: Path) -> None:
        """Compare the scores with the ratings of a panel's folder or of a CSV table."""
        self.tabs.setCurrentIndex(3)
        try:
            self.heard = heard_in(path)
        except (GaplistenError, OSError) as error:
            self._say(tr_said(error), warns=True)
            return
        self.refresh()

    # --- saving ----------------------------------------------------------------------------------

    def _ask_for_tables(self) -> None:
        name, _ = QFileDialog.getSaveFileName(self, tr("Save Tables"), "comparison.csv", tr("CSV (*.csv)"))
        if name:
            self.save_tables(Path(name))

    def save_tables(self, path: Path) -> None:
        """Write each page's table beside the others: ``NAME-distributions.csv`` and so on."""
        tables = {name: page.table for name, page in zip(FILES, self._pages, strict=True)}
        tables["pairs"] = matched_table(self.scale, self.points, self.heard)
        written = []
        try:
            for name, table in tables.items():
                if table.rows:
                    target = path.with_name(f"{path.stem}-{self.scale.name}-{name}.csv")
                    write_csv(target, table)
                    written.append(target.name)
        except GaplistenError as error:
            self._say(tr_said(error), warns=True)
            return
        self._say(tr("Written to {parent}: {join}", parent=path.parent, join=", ".join(written)))

    def _ask_for_figure(self) -> None:
        name, _ = QFileDialog.getSaveFileName(
            self, tr("Save Figure"), "comparison.svg", tr("Figures (*.svg *.png)")
        )
        if name:
            self.save_figure(Path(name))

    def save_figure(self, path: Path) -> None:
        """Draw the picture that is seen, dark on white, into a PNG or SVG file."""
        plot = ComparisonPlot(palette=light_palette())
        plot.resize(*SIZE)
        plot.show_picture(self._pages[self.tabs.currentIndex()].picture)
        try:
            save_plot(plot, path)
        except GaplistenError as error:
            self._say(tr_said(error), warns=True)
            return
        finally:
            plot.close()
        self._say(tr("Written: {path}", path=path))
