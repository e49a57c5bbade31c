"""The table of what the files of a folder are taken as, to be corrected for the whole set at once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from gaplisten.bench.tasks import Task, Tasks
from gaplisten.clips.arrangement import Layout, Part
from gaplisten.clips.clip import ClipSet, PacketLength
from gaplisten.clips.layout_file import read_layout, write_layout, wrong_with
from gaplisten.clips.layouts import find_clips
from gaplisten.clips.names import Role
from gaplisten.errors import GaplistenError
from gaplisten.ui.fields import ChoiceField, NumberField
from gaplisten.ui.translation import tr, tr_said
from gaplisten.ui.widgets import plain_table, resize_within

FILES, TAKEN_AS, NAME, TURNED, FOUND, BECAUSE = range(6)
_HEADS = (
    tr("Files"),
    tr("Taken as"),
    tr("Name, or whose losses"),
    tr("Turned round"),
    tr("Found"),
    tr("Because"),
)
_ROLES = (Role.REFERENCE, Role.LOSSY, Role.CONDITION, Role.TRACE, Role.UNUSED)
_DATA, _MS, _FRAMES = range(3)
_KIND = tr("Layout (*.toml)")


class LayoutDialog(QDialog):
    """One row for each kind of file: where they lie, what they are taken as, and how many were found.

    Signals
    -------
    settled
        The `Layout` as the user left it.
    """

    settled = Signal(object)

    def __init__(self, clips: ClipSet, tasks: Tasks, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        assert clips.layout is not None
        self.setWindowTitle(tr("What the Files in {clips_title} Are Taken As", clips_title=clips.title))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._root, self._tasks = clips.root, tasks
        self._layout, self._counts = clips.layout, dict(clips.counts)
        self._counting: Task | None = None
        self.table = QTableWidget(0, len(_HEADS), self)
        plain_table(self.table, tr("Files and what they are taken as"), editable=True)
        self.table.setHorizontalHeaderLabels(list(_HEADS))
        self.table.setTabKeyNavigation(False)
        self.note = QLabel(self)
        self.note.setWordWrap(True)
        self.about = QLabel(
            tr("{clip} names a clip, **/ stands for folders that belong to its name, * for anything else."),
            self,
        )
        self.about.setWordWrap(True)
        self.packet_kind = ChoiceField(self)
        self.packet_kind.addItems([tr("20 ms, or what the data say"), tr("milliseconds"), tr("frames")])
        self.packet_kind.setAccessibleName(tr("How the packet length is given"))
        self.packet = NumberField(self, minimum=0.5, maximum=100_000.0, decimals=3, value=20.0)
        self.packet.setAccessibleName(tr("Packet length"))
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel, self)
        self.use = self.buttons.addButton(tr("Use"), QDialogButtonBox.ButtonRole.AcceptRole)
        self.save = self.buttons.addButton(tr("Save…"), QDialogButtonBox.ButtonRole.ActionRole)
        self.load = self.buttons.addButton(tr("Load…"), QDialogButtonBox.ButtonRole.ActionRole)
        self._settle = QTimer(self, interval=300, singleShot=True)
        self._settle.timeout.connect(self._count)
        self._arrange()
        self._fill(clips.layout)
        self.table.itemChanged.connect(self._on_changed)
        self.packet_kind.currentIndexChanged.connect(self._on_changed)
        self.packet.valueChanged.connect(self._on_changed)
        self.buttons.accepted.connect(self._accept)
        self.buttons.rejected.connect(self.reject)
        self.save.clicked.connect(self._save)
        self.load.clicked.connect(self._load)
        resize_within(self, 980, 420)

    def _arrange(self) -> None:
        line = QHBoxLayout()
        label = QLabel(tr("Packet length"), self)
        label.setBuddy(self.packet_kind)
        for widget in (label, self.packet_kind, self.packet):
            line.addWidget(widget)
        line.addStretch(1)
        layout = QVBoxLayout(self)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.about)
        layout.addWidget(self.note)
        layout.addLayout(line)
        layout.addWidget(self.buttons)

    # -- the table ------------------------------------------------------------------------------------

    def _fill(self, layout: Layout) -> None:
        self._layout = layout
        packet = layout.packet
        kind = _DATA if packet is None else _FRAMES if packet.frames is not None else _MS
        self.packet_kind.setCurrentIndex(kind)
        if packet is not None:
            self.packet.setValue(packet.frames if packet.frames is not None else packet.ms)
        self.table.setRowCount(len(layout.parts))
        for row, part in enumerate(layout.parts):
            self._fill_row(row, part)
        header = self.table.horizontalHeader()
        for column in (FILES, TAKEN_AS, TURNED, FOUND):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
        header.setStretchLastSection(True)
        self.table.setColumnWidth(NAME, 170)
        self._show_counts()
        self._check()

    def _fill_row(self, row: int, part: Part) -> None:
        files = QTableWidgetItem(part.files)
        if self._layout.manifest:
            files.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable)
        role = ChoiceField(self.table)
        for each in _ROLES:
            role.addItem(tr_said(str(each)), each)
        role.setCurrentIndex(_ROLES.index(part.role))
        role.setAccessibleName(tr("What {files} is taken as", files=part.files))
        role.currentIndexChanged.connect(self._on_changed)
        turned = QCheckBox(self.table)
        turned.setChecked(part.trace_inverted)
        turned.setAccessibleName(tr("Whether 1 means received in {files}", files=part.files))
        turned.toggled.connect(self._on_changed)
        self.table.setItem(row, FILES, files)
        self.table.setCellWidget(row, TAKEN_AS, role)
        self.table.setItem(row, NAME, QTableWidgetItem(part.of if part.role is Role.TRACE else part.name))
        self.table.setCellWidget(row, TURNED, turned)
        for column, text in ((FOUND, ""), (BECAUSE, tr_said(part.doubt or part.why))):
            item = QTableWidgetItem(text)
            item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable)
            item.setToolTip(text)
            self.table.setItem(row, column, item)

    def role_box(self, row: int) -> Any:
        """Return the field with what a row is taken as."""
        return self.table.cellWidget(row, TAKEN_AS)

    def taken_as(self, row: int) -> Role:
        """Return what a row is taken as."""
        return Role(self.role_box(row).currentData())

    def turned_box(self, row: int) -> Any:
        """Return the field that turns a row's traces round."""
        return self.table.cellWidget(row, TURNED)

    def layout_now(self) -> Layout:
        """Return the layout as it stands."""
        parts = tuple(self._part(row, part) for row, part in enumerate(self._layout.parts))
        return replace(self._layout, parts=parts, packet=self._packet())

    def _part(self, row: int, before: Part) -> Part:
        role = self.taken_as(row)
        text = self._text(row, NAME)
        files = self._text(row, FILES)
        named = role in (Role.CONDITION, Role.UNUSED) or (role is Role.LOSSY and before.role is Role.LOSSY)
        name = (text or before.name or files) if role is Role.CONDITION else text if named else ""
        changed = replace(
            before,
            files=files,
            role=role,
            name=name,
            of=text if role is Role.TRACE else "",
            trace_inverted=role is Role.TRACE and self.turned_box(row).isChecked(),
            doubt="",
        )
        return changed if changed == replace(before, doubt="") else replace(changed, why="as chosen")

    def _text(self, row: int, column: int) -> str:
        item = self.table.item(row, column)
        return item.text().strip() if item is not None else ""

    def _packet(self) -> PacketLength | None:
        kind = self.packet_kind.currentIndex()
        if kind == _DATA:
            return None
        return (
            PacketLength(self.packet.value())
            if kind == _MS
            else PacketLength(frames=round(self.packet.value()))
        )

    # -- what it would give -----------------------------------------------------------------------------

    def _on_changed(self) -> None:
        self._check()
        self._settle.start()

    def _check(self) -> None:
        for row in range(self.table.rowCount()):
            self.turned_box(row).setEnabled(self.taken_as(row) is Role.TRACE)
        self.packet.setEnabled(self.packet_kind.currentIndex() != _DATA)
        self.packet.setDecimals(0 if self.packet_kind.currentIndex() == _FRAMES else 3)
        problem = wrong_with(self.layout_now().parts, manifest=bool(self._layout.manifest))
        self.note.setText(problem[:1].upper() + problem[1:])
        self.use.setEnabled(not problem)
        self.save.setEnabled(not problem)

    def _count(self) -> None:
        """Count anew how many files there are of each kind, in the background."""
        layout, root = self.layout_now(), self._root
        if not self.use.isEnabled():
            return
        self._tasks.cancel(self._counting)
        self._counting = self._tasks.run(
            tr("counting files"),
            lambda _job: dict(find_clips([root], layout=layout).counts),
            self._on_counted,
            self._on_not_counted,
            quiet=True,
        )

    def _on_counted(self, counts: dict[str, tuple[int, int]]) -> None:
        self._counts = counts
        self._show_counts()

    def _on_not_counted(self, error: Exception) -> None:
        self.note.setText(tr_said(error))

    def _show_counts(self) -> None:
        self.table.blockSignals(True)
        for row in range(self.table.rowCount()):
            part = Part(self._text(row, FILES), self.taken_as(row))
            found = self._counts.get(part.counted_as)
            item = self.table.item(row, FOUND)
            if item is not None:
                item.setText(tr("{} of {}").format(*found) if found else tr("none"))
        self.table.blockSignals(False)

    # -- ending -----------------------------------------------------------------------------------------

    def _accept(self) -> None:
        self.settled.emit(self.layout_now())
        self.accept()

    def _save(self) -> None:
        start = str(self._root.parent / f"{self._root.name}.layout.toml")
        file, _ = QFileDialog.getSaveFileName(self, tr("Save Layout"), start, _KIND)
        if file:
            self._tell(lambda: write_layout(Path(file), self.layout_now()))

    def _load(self) -> None:
        file, _ = QFileDialog.getOpenFileName(self, tr("Load Layout"), str(self._root.parent), _KIND)
        if file:
            self._tell(lambda: self._fill(read_layout(Path(file))))
            self._settle.start()

    def _tell(self, work: Any) -> None:
        try:
            work()
        except GaplistenError as error:
            self.note.setText(tr_said(error))

    def done(self, result: int) -> None:
        """Stop counting when the dialog goes."""
        self._settle.stop()
        self._tasks.cancel(self._counting)
        super().done(result)
