"""A panel for listeners in browsers: their links, how far they are, and the server, a process of its own."""

from __future__ import annotations

import re
from pathlib import Path

from PySide6.QtCore import QProcess, Qt, QTimer, QUrl, Signal
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QMessageBox,
    QTableWidget,
    QTableWidgetItem,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from gaplisten.bench.tasks import Task, Tasks
from gaplisten.errors import GaplistenError, visible
from gaplisten.jobs import Job
from gaplisten.panel.frozen import FrozenPanel
from gaplisten.panel.watch import SessionStatus, panel_status
from gaplisten.processes import python
from gaplisten.tables import write_csv
from gaplisten.ui.fields import ChoiceField, WholeField
from gaplisten.ui.panel.serving_settings import FIELDS, ServingSettings
from gaplisten.ui.translation import tr, tr_n, tr_said
from gaplisten.ui.widgets import QuietLabel, Scrolled, in_words, plain_button, plain_table, resize_within
from gaplisten.web.forgetting import forget
from gaplisten.web.links import Link, Links, open_links, table_of

LOOK_AGAIN_MS = 5000
_END_MS = 8000  # so long a server has to close its sessions; one that is killed loses nothing either
_HEADS = (tr("Listener"), tr("Section"), tr("Trials"), tr("Last saved"), tr("Link"))
_UNKNOWN = "PORT"  # what stands in links until the server has found one that is free
_SERVES = re.compile(r"gaplisten: (http://\S+) serves;")


class ServingError(GaplistenError):
    """Settings with which a panel cannot be served."""


class ServingDialog(QDialog):
    """Links on one side, the server's settings on the other; above, whether it runs.

    Parameters
    ----------
    links
        Of the panel.
    tasks
        Where files are read while the window answers.

    Signals
    -------
    said
        A sentence about the server, for the status bar.
    """

    said = Signal(str)

    def __init__(self, panel: FrozenPanel, links: Links, tasks: Tasks, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(
            tr("Listeners in Browsers: {definition_title}", definition_title=panel.definition.title)
        )
        self.panel, self.links, self._tasks = panel, links, tasks
        self.process: QProcess | None = None
        self._address = ""
        self._heard: list[str] = []
        self._looking: Task | None = None
        self._forgetting: Task | None = None
        self._statuses: dict[str, SessionStatus] = {}
        self._shown: list[Link] = []
        self._make_head()
        self._make_listeners()
        self.settings = ServingSettings()
        self.settings.moved.connect(self._show_place)
        self.settings.placed.connect(self._place_ratings)
        self._lay_out()
        self._timer = QTimer(self, interval=LOOK_AGAIN_MS)
        self._timer.timeout.connect(self.look)
        self._timer.start()
        self._show_state(tr("Not served."))
        self.show_links()
        self.look()
        resize_within(self, 900, 600)

    # --- making -------------------------------------------------------------------------------------

    def _make_head(self) -> None:
        self.state = QuietLabel("", self, wrap=True)
        self.state.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.notice = QuietLabel("", self, wrap=True)
        self.notice.set_warning(True)
        self.notice.hide()
        self.run = plain_button(tr("Start &Serving"), self._start_or_stop, self)

    def _make_listeners(self) -> None:
        self.table = QTableWidget(0, len(_HEADS), self)
        self.table.setHorizontalHeaderLabels(list(_HEADS))
        plain_table(self.table, tr("Listeners and their links"))
        self.table.setSelectionMode(QTableWidget.SelectionMode.ExtendedSelection)
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(len(_HEADS) - 1, QHeaderView.ResizeMode.Stretch)
        self.table.verticalHeader().hide()
        self.table.itemSelectionChanged.connect(self._enable)
        self.more = WholeField(self, minimum=1, maximum=100_000, value=10)
        self.more.setAccessibleName(tr("How many listeners more"))
        self.make_more = plain_button(tr("&Make Links"), self._make_numbered, self)
        self.name = QLineEdit(self, placeholderText=tr("Name of one listener"))
        self.name.setAccessibleName(tr("Name of one listener"))
        self.make_named = plain_button(tr("&Add"), self._make_one, self)
        self.name.textChanged.connect(self._enable)
        self.sections = WholeField(self, minimum=1, maximum=100, value=self.links.sections)
        self.sections.setAccessibleName(tr("Sections"))
        self.sections.setToolTip(
            tr("Cut a long panel into so many parts, a link for each; before the first link")
        )
        self.copy = plain_button(tr("&Copy Links"), self.copy_links, self)
        self.copy.setToolTip(tr("Of the listeners that are chosen; of all where none is"))
        self.save = plain_button(tr("Save CSV…"), self._ask_csv, self)
        self.forget = plain_button(tr("For&get…"), self._ask_forget, self)
        self.forget.setToolTip(tr("Erase all that the chosen listener gave, and the link"))
        self.copy_open = ChoiceField(self)
        self.copy_open.setAccessibleName(tr("Links that are nobody's own"))
        self.copy_one = plain_button(tr("Copy This"), self._copy_open_link, self)
        self.look_at = plain_button(tr("&Progress Page"), self._open_progress, self)
        self.look_at.setToolTip(tr("The supervisor's page: who is how far; no score, no condition"))

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        told = QVBoxLayout()
        told.addWidget(self.state)
        told.addWidget(self.notice)
        head.addLayout(told, 1)
        head.addWidget(self.run)
        self.tabs = QTabWidget(self)
        self.tabs.setAccessibleName(tr("Listeners and settings"))
        self.tabs.addTab(self._listeners_page(), tr("&Listeners"))
        self.tabs.addTab(Scrolled(self.settings), tr("Se&ttings"))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        buttons.rejected.connect(self.close)
        column = QVBoxLayout(self)
        column.addLayout(head)
        column.addWidget(self.tabs, 1)
        column.addWidget(buttons)
        self._show_place()

    def _listeners_page(self) -> QWidget:
        page = QWidget()
        sections = QLabel(tr("Sections"), self)
        sections.setBuddy(self.sections)
        making = (self.more, self.make_more, self.name, self.make_named, sections, self.sections)
        taking = (self.copy, self.save, self.copy_open, self.copy_one, self.look_at, self.forget)
        whole = QVBoxLayout(page)
        whole.addWidget(self.table, 1)
        for widgets in (making, taking):
            line = QHBoxLayout()
            for column, widget in enumerate(widgets):
                line.addWidget(widget, 1 if column == 2 else 0)  # the name, and the choice
            whole.addLayout(line)
        return page

    # --- links --------------------------------------------------------------------------------------

    @property
    def place(self) -> str:
        """How listeners reach the server, as it stands in links."""
        address = self.settings.address
        return address.text().strip().rstrip("/") or address.placeholderText()

    def _show_place(self) -> None:
        if self._address and not self.settings.seen_by_all:
            place = self._address
        else:
            port = self._address.rpartition(":")[2] or self.settings.port.value() or _UNKNOWN
            place = f"http://{self.settings.reached_at}:{port}"
        self.settings.address.setPlaceholderText(place)
        self.show_links()

    def _place_ratings(self) -> None:
        """Take the links, and who is how far, from the folder that the settings name."""
        typed = self.settings.ratings
        place = self.panel.ratings if typed.path is None else typed.path
        if place == self.links.folder:
            return
        try:
            if not (place.is_absolute() and place.parent.is_dir()):
                raise ServingError(
                    str(place), tr("this is no place for ratings"), tr("name a folder in one that is there")
                )
            links = Links(self.panel, place)
            links.add(self.panel.definition.listeners)
        except GaplistenError as error:
            self._show_state(tr_said(error), warns=True)
            typed.line.setText(str(self.ratings or ""))
            return
        self.links = links
        self._tasks.cancel(self._looking)
        self._looking, self._statuses = None, {}
        self.sections.setValue(links.sections)
        self._show_state(tr("Not served."))
        self.show_links()
        self.look()

    @property
    def ratings(self) -> Path | None:
        """The folder of ratings and links; None for the panel's own."""
        return None if self.links.folder == self.panel.ratings else self.links.folder

    def show_links(self) -> None:
        """Show all links, and how far their listeners are."""
        try:
            every = list(self.links.all())
        except GaplistenError as error:
            self._show_state(tr_said(error), warns=True)
            return
        self._shown = every
        self.table.setRowCount(len(every))
        for row, link in enumerate(every):
            for column, text in enumerate(self._cells(link)):
                if (item := self.table.item(row, column)) is None:
                    self.table.setItem(row, column, QTableWidgetItem(text))
                elif item.text() != text:
                    item.setText(text)
        shared = open_links(self.links, self.place)
        if list(shared) != [self.copy_open.itemData(at) for at in range(self.copy_open.count())]:
            self.copy_open.clear()
            for what in shared:
                self.copy_open.addItem(tr_said(what), what)
        self._enable()

    def _cells(self, link: Link) -> tuple[str, ...]:
        status = self._statuses.get(link.listener.casefold())
        done = "" if status is None else f"{status.done} / {status.total}" if status.total else ""
        saved = "" if status is None else status.problem or status.last_saved
        where = f"{self.place}/s/{link.token}/"
        return visible(link.listener), str(link.section), done, visible(saved), where

    def _enable(self) -> None:
        listed = bool(self.panel.definition.listeners)
        rows = self.table.rowCount()
        for widget in (self.more, self.make_more, self.name):
            widget.setEnabled(not listed)
        self.make_named.setEnabled(not listed and bool(self.name.text().strip()))
        self.sections.setEnabled(not rows)
        chosen = len(self._chosen())
        self.copy.setText(
            tr_n("&Copy {n} Link", "&Copy {n} Links", chosen) if chosen else tr("&Copy All Links")
        )
        known = not self.place.endswith(f":{_UNKNOWN}")
        for button in (self.copy, self.save):
            button.setEnabled(rows > 0 and known)
        self.copy_one.setEnabled(known)
        self.forget.setEnabled(len(self._chosen_listeners()) == 1 and self._forgetting is None)
        self.look_at.setEnabled(self._address != "")

    def _chosen(self) -> list[int]:
        return sorted({index.row() for index in self.table.selectionModel().selectedRows()})

    def _chosen_listeners(self) -> list[str]:
        return list(dict.fromkeys(self._shown[at].listener for at in self._chosen()))

    def _make(self, names: list[str] | None) -> None:
        """Make links for these listeners; for numbered ones where there are no names."""
        try:
            if not self.links.all():
                self.links.cut(self.sections.value())
            made = self.links.numbered(self.more.value()) if names is None else self.links.add(names)
        except GaplistenError as error:
            self._show_state(tr_said(error), warns=True)
            return
        self.show_links()
        self.table.scrollToBottom()
        self.said.emit(tr_n("{n} link made", "{n} links made", len(made)))

    def _make_numbered(self) -> None:
        self._make(None)

    def _make_one(self) -> None:
        self._make([self.name.text().strip()])
        self.name.clear()

    def copy_links(self) -> None:
        """Put the links of the listeners that are chosen on the clipboard, or all of them."""
        every = table_of(self.links, self.place).rows
        rows = [every[at] for at in self._chosen()] or every
        alone = len(rows) == 1
        text = str(rows[0][2]) if alone else "".join(f"{row[0]}\t{row[1]}\t{row[2]}\n" for row in rows)
        QGuiApplication.clipboard().setText(text)
        self.said.emit(
            tr_n(
                "{n} link copied: who has one is that listener",
                "{n} links copied: who has one is that listener",
                len(rows),
            )
        )

    def _copy_open_link(self) -> None:
        what = self.copy_open.currentData()
        QGuiApplication.clipboard().setText(open_links(self.links, self.place)[what])
        self.said.emit(tr("the link for {what} is copied", what=tr_said(what)))

    def _ask_csv(self) -> None:
        name, _ = QFileDialog.getSaveFileName(self, tr("Save Links"), "links.csv", tr("CSV (*.csv)"))
        if not name:
            return
        try:
            write_csv(Path(name), table_of(self.links, self.place))
        except GaplistenError as error:
            self._show_state(tr_said(error), warns=True)
        else:
            self.said.emit(tr("saved {name}", name=name))

    def _open_progress(self) -> None:
        QDesktopServices.openUrl(QUrl(open_links(self.links, self._address)["supervisor"]))

    # --- forgetting ---------------------------------------------------------------------------------

    def _ask_forget(self) -> None:
        (listener,), ratings = self._chosen_listeners(), self.ratings
        box = QMessageBox(
            QMessageBox.Icon.Warning,
            tr("Forget a Listener"),
            tr("Erase all that {listener} gave?", listener=visible(listener)),
            parent=self,
        )
        box.setInformativeText(
            tr(
                "Votes, answers and link are erased; whoever listens by it gets no further. How many votes "
                "they were is kept, without the name. This cannot be undone."
            )
        )
        erase = box.addButton(tr("Erase"), QMessageBox.ButtonRole.DestructiveRole)
        box.setDefaultButton(box.addButton(QMessageBox.StandardButton.Cancel))
        box.exec()
        if box.clickedButton() is erase:
            self._forgetting = self._tasks.run(
                tr("forgetting a listener"),
                lambda _job: forget(self.panel, listener, ratings=ratings),
                lambda _said: self._forgot(listener),
                self._not_forgot,
            )
            self._enable()

    def _forgot(self, listener: str) -> None:
        self._forgetting = None
        self.table.clearSelection()
        self.show_links()
        self.look()
        self.said.emit(tr("{listener} is forgotten: all is erased", listener=visible(listener)))

    def _not_forgot(self, error: Exception) -> None:
        self._forgetting = None
        self.show_links()
        self._show_state(tr("Not forgotten: {error}", error=error), warns=True)

    # --- progress -----------------------------------------------------------------------------------

    def look(self) -> None:
        """Read again how far everybody is."""
        if self._looking is not None or (self._statuses and not self.isVisible()):
            return

        ratings = self.ratings

        def look(_job: Job) -> list[SessionStatus]:
            return panel_status(self.panel, ratings)

        self._looking = self._tasks.run(
            tr("looking at the panel"), look, self._looked, self._not_looked, quiet=True
        )

    def _looked(self, found: list[SessionStatus]) -> None:
        self._looking = None
        self._statuses = {one.listener.casefold(): one for one in found}
        self.show_links()

    def _not_looked(self, error: Exception) -> None:
        self._looking = None
        self.said.emit(tr_said(error))

    # --- the server ---------------------------------------------------------------------------------

    def _show_state(self, text: str, warns: bool = False) -> None:
        self.state.setText(text)
        self.state.set_warning(warns)

    @property
    def serves(self) -> bool:
        """Whether the server runs, or begins to."""
        return self.process is not None

    def _start_or_stop(self) -> None:
        if self.serves:
            self.stop()
        else:
            self.start()

    def words(self) -> list[str]:
        """Return the words of the command that serves as the fields say."""
        found = ["panel", "serve", str(self.panel.folder), "--until-input-ends"]
        return found + self.settings.words(self.links.sections, self.ratings)

    def start(self) -> None:
        """Start the server."""
        process = QProcess(self)
        program, *words = python("-m", "gaplisten", *self.words())
        process.readyReadStandardError.connect(self._read)
        process.finished.connect(self._ended)
        process.errorOccurred.connect(
            lambda _error: self._ended() if process.state() == QProcess.ProcessState.NotRunning else None
        )
        process.setStandardOutputFile(QProcess.nullDevice())
        self.process, self._heard = process, []
        self.settings.setEnabled(False)
        self.run.setText(tr("Stop &Serving"))
        self._show_state(tr("Starting; sounds that were not made for browsers yet are made first…"))
        process.start(program, words)

    def stop(self) -> None:
        """End the server; who is in the middle of something goes on when it runs again."""
        if self.process is None:
            return
        self.run.setEnabled(False)
        self._show_state(tr("Stopping…"))
        self.process.closeWriteChannel()
        QTimer.singleShot(_END_MS, self.process, self.process.kill)

    def end(self) -> None:
        """End the server, and wait until it has; nothing is looked at any more."""
        self._timer.stop()
        if (process := self.process) is None:
            return
        process.closeWriteChannel()
        if not process.waitForFinished(_END_MS):
            process.kill()
            process.waitForFinished(_END_MS)

    def _read(self) -> None:
        assert self.process is not None
        text = bytes(self.process.readAllStandardError().data()).decode(errors="replace")
        self._heard += [line for line in text.splitlines() if line.strip()]
        found = next((match for line in self._heard if (match := _SERVES.match(line))), None)
        if found is not None and not self._address:
            self._address = found[1]
            self._show_place()
            self.said.emit(
                tr(
                    "{definition_title} is served at {place}",
                    definition_title=self.panel.definition.title,
                    place=self.place,
                )
            )
        if found is not None:
            after = self._heard[self._heard.index(found.string) + 1 :]
            self._show_state(
                tr("Served at {place}. Listeners begin, and go on, by their links.", place=self.place)
            )
            self.notice.setText(self._plain(after[-1]) if after else "")
            self.notice.setVisible(bool(after))

    def _ended(self) -> None:
        if self.process is None:
            return
        process, self.process = self.process, None
        failed = process.exitStatus() != QProcess.ExitStatus.NormalExit or process.exitCode() != 0
        stopped = not self.run.isEnabled()
        process.deleteLater()
        self._address = ""
        self.notice.hide()
        self.settings.setEnabled(True)
        self.run.setEnabled(True)
        self.run.setText(tr("Start &Serving"))
        self._show_place()
        if failed and not stopped:
            # What it said when it began to serve is no reason.
            told = [line for line in self._heard if not _SERVES.match(line)]
            said = self._plain(told[-1]) if told else process.errorString()
            if process.exitStatus() != QProcess.ExitStatus.NormalExit and not told:
                said = tr("the server was ended from outside. Start it again: nothing that was saved is lost")
            self._show_state(tr("Not served: {said}", said=said), warns=True)
        else:
            self._show_state(tr("Not served. Nothing is lost: the same links go on when it is served again."))
        self.said.emit(
            tr("{definition_title} is not served any more", definition_title=self.panel.definition.title)
        )

    @staticmethod
    def _plain(line: str) -> str:
        """Return what the server said, in the words of this window."""
        return visible(in_words(line.removeprefix("gaplisten: "), FIELDS))

    # --- closing ------------------------------------------------------------------------------------

    def reject(self) -> None:
        """Take Escape as closing."""
        self.close()

    def closeEvent(self, event: object) -> None:
        """Go out of sight while the server runs; else be gone."""
        if self._forgetting is not None:
            event.ignore()  # type: ignore[attr-defined]
            self.said.emit(tr("a listener is being forgotten: close this when that is done"))
            return
        if self.serves:
            event.ignore()  # type: ignore[attr-defined]
            self.hide()
            self.said.emit(tr("still served at {place}; the same menu row shows it again", place=self.place))
            return
        self._timer.stop()
        self._tasks.cancel(self._looking)
        super().closeEvent(event)  # type: ignore[arg-type]
