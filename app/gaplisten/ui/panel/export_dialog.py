"""A panel, or its votes, for another tool: webMUSHRA, pymushra, the P.808 Toolkit."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLineEdit,
    QPlainTextEdit,
    QVBoxLayout,
    QWidget,
)

from gaplisten.bench.tasks import Task, Tasks
from gaplisten.errors import visible
from gaplisten.exchange.tools import tools
from gaplisten.exchange.tools.contract import Request, Tool
from gaplisten.jobs import Job
from gaplisten.ui.fields import ChoiceField
from gaplisten.ui.panel.path_row import PathKind, PathRow
from gaplisten.ui.translation import tr, tr_said
from gaplisten.ui.widgets import QuietLabel, in_words, resize_within


class ExportDialog(QDialog):
    """Which panel, for which tool, where to; what was made is told in the dialog."""

    def __init__(self, tasks: Tasks, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(tr("Export a Panel"))
        self._tasks = tasks
        self._task: Task | None = None
        self.panel = PathRow(tr("Panel folder"), parent=self)
        self.tool = ChoiceField(self)
        self.tool.setAccessibleName(tr("For"))
        for name, tool in tools().items():
            self.tool.addItem(tr_said(tool.title), name)
        self.about = QuietLabel("", self, wrap=True)
        self.url = QLineEdit(self, placeholderText="https://clips.example.org/study1")
        self.url.setAccessibleName(tr("Address of the clips"))
        self.out = PathRow(tr("Folder to make"), kind=PathKind.NEW_FOLDER, parent=self)
        self.said = QPlainTextEdit(self, readOnly=True)
        self.said.setAccessibleName(tr("What was made"))
        self.said.setTabChangesFocus(True)
        self.form = QFormLayout()
        for name, field in (
            (tr("&Panel or votes"), self.panel), (tr("&For"), self.tool), ("", self.about),
            (tr("&Address of the clips"), self.url), (tr("&Folder to make"), self.out),
        ):  # fmt: skip
            self.form.addRow(name, field)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        self.export = buttons.addButton(tr("&Export"), QDialogButtonBox.ButtonRole.ActionRole)
        self.export.clicked.connect(self._export)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.addLayout(self.form)
        column.addWidget(self.said, 1)
        column.addWidget(buttons)
        self.tool.currentIndexChanged.connect(self._on_tool)
        for signal in (self.panel.changed, self.out.changed, self.url.textChanged):
            signal.connect(self._enable)
        self._on_tool()
        resize_within(self, 720, 420)

    @property
    def _chosen(self) -> Tool:
        return tools()[self.tool.currentData()]

    def _on_tool(self) -> None:
        self.about.setText(tr_said(self._chosen.about))
        self.form.setRowVisible(self.url, self._chosen.fetches)
        self._enable()

    def _enable(self) -> None:
        whole = self.panel.path is not None and self.out.path is not None
        addressed = not self._chosen.fetches or bool(self.url.text().strip())
        self.export.setEnabled(whole and addressed and self._task is None)

    def _export(self) -> None:
        folder, out = self.panel.path, self.out.path
        assert folder is not None
        assert out is not None
        chosen = self._chosen
        asked = Request(folder, out, self.url.text().strip() if chosen.fetches else "")

        def work(job: Job) -> list[str]:
            return list(chosen.export(asked, job))

        self.said.setPlainText(tr("Exporting…"))
        self._task = self._tasks.run(tr("exporting the panel"), work, self._done, self._failed)
        self._enable()

    def _done(self, sentences: list[str]) -> None:
        self._tell("\n\n".join(map(tr_said, sentences)))

    def _failed(self, error: Exception) -> None:
        self._tell(
            in_words(tr("Nothing was made. {error}", error=error), {"--url": tr("Address of the clips")})
        )

    def _tell(self, text: str) -> None:
        self._task = None
        self.said.setPlainText(visible(text))
        self._enable()

    def done(self, result: int) -> None:
        """Stop what is under way: its folder appears only when it is whole."""
        self._tasks.cancel(self._task)
        super().done(result)
